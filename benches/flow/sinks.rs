//! An item's way to one of two sinks, beside a sink in a box.
//!
//! Both are driven by `StreamExt::forward`, ours by `Pipeline::drive` too. The sinks are one that adds up, and a channel of
//! `futures` whose receiver is drained in between.

use std::convert::Infallible;
use std::hint::black_box;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll};

use coroute::{Pipeline, Switch, sink};
use futures::channel::mpsc;
use futures::executor::block_on;
use futures::future::join;
use futures::{Sink, SinkExt, StreamExt, stream};

use crate::measure::Clock;
use crate::table::{Table, Target};

/// Items that a channel holds.
pub(crate) const ROOM: usize = 128;

/// Adds up what it gets. It tells the sum when it is flushed, so that an item costs no atomic operation.
#[derive(Clone, Default)]
pub(crate) struct Adder {
    sum: i64,
    told: Arc<AtomicI64>,
}

impl Adder {
    fn told(&self) -> i64 {
        self.told.load(Ordering::Relaxed)
    }
}

impl Sink<i64> for Adder {
    type Error = Infallible;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, item: i64) -> Result<(), Infallible> {
        self.sum = self.sum.wrapping_add(item);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.told.store(self.sum, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.poll_flush(cx)
    }
}

/// Another type of sink, so that a box may hold either.
struct Taker(Adder);

impl Sink<i64> for Taker {
    type Error = Infallible;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Pin::new(&mut self.0).poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, item: i64) -> Result<(), Infallible> {
        Pin::new(&mut self.0).start_send(item.wrapping_neg())
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Pin::new(&mut self.0).poll_close(cx)
    }
}

type Boxed<E> = Pin<Box<dyn Sink<i64, Error = E> + Send>>;

pub(crate) fn rows(clock: Clock, table: &mut Table) {
    let mut row = |what: &str, ours: fn(u64), peer: fn(u64)| {
        if table.wants(what) {
            table.row(what, clock.pair(ours, peer), Target::Times(1.3));
        }
    };
    row("sink: forward to one of two that add up / to a boxed one", forwarded, boxed);
    row("sink: drive to one of two that add up / forward to a boxed one", driven, boxed);
    row("sink: forward to one of two channels / to a boxed channel", forwarded_to_channel, boxed_channel);
    row("sink: drive to one of two channels / forward to a boxed channel", driven_to_channel, boxed_channel);
}

fn adders() -> (Adder, Pipeline<i64, ()>) {
    let adder = Adder::default();
    let switch = Switch::new("out").target("a", sink(adder.clone())).target("b", sink(Taker(Adder::default())));
    (adder, switch.route("a").into_pipeline())
}

fn check(items: u64, sum: i64) {
    let items = items.cast_signed();
    assert_eq!(sum, items * (items - 1) / 2, "every item has come, once");
}

fn numbers(items: u64) -> impl futures::Stream<Item = i64> + Unpin {
    stream::iter(0..items.cast_signed())
}

pub(crate) fn forwarded(items: u64) {
    let (adder, pipeline) = adders();
    block_on(numbers(items).map(Ok).forward(pipeline)).unwrap();
    check(items, adder.told());
}

pub(crate) fn driven(items: u64) {
    let (adder, mut pipeline) = adders();
    block_on(pipeline.drive(&mut numbers(items))).unwrap();
    check(items, adder.told());
}

pub(crate) fn boxed(items: u64) {
    let adder = Adder::default();
    let sink: Boxed<Infallible> =
        if black_box(true) { Box::pin(adder.clone()) } else { Box::pin(Taker(Adder::default())) };
    block_on(numbers(items).map(Ok).forward(sink)).unwrap();
    check(items, adder.told());
}

fn channels() -> (mpsc::Receiver<i64>, Pipeline<i64, ()>) {
    let (a, received) = mpsc::channel(ROOM);
    let switch = Switch::new("out").target("a", sink(a)).target("b", sink(Taker(Adder::default())));
    (received, switch.route("a").into_pipeline())
}

/// Adds up what comes out of a channel.
pub(crate) async fn total(received: mpsc::Receiver<i64>) -> i64 {
    received.fold(0, async |sum: i64, x| sum.wrapping_add(x)).await
}

pub(crate) fn forwarded_to_channel(items: u64) {
    let (received, pipeline) = channels();
    let (sent, sum) = block_on(join(numbers(items).map(Ok).forward(pipeline), total(received)));
    sent.unwrap();
    check(items, sum);
}

pub(crate) fn driven_to_channel(items: u64) {
    let (received, mut pipeline) = channels();
    let driven = async move { pipeline.drive(&mut numbers(items)).await.map(drop) };
    let (sent, sum) = block_on(join(driven, total(received)));
    sent.unwrap();
    check(items, sum);
}

pub(crate) fn boxed_channel(items: u64) {
    let (a, received) = mpsc::channel(ROOM);
    let sink: Boxed<mpsc::SendError> = if black_box(true) {
        Box::pin(a)
    } else {
        Box::pin(futures::sink::drain().sink_map_err(|never| match never {}))
    };
    let (sent, sum) = block_on(join(numbers(items).map(Ok).forward(sink), total(received)));
    sent.unwrap();
    check(items, sum);
}
