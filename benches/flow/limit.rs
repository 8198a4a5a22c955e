//! Futures, 64 at a time, beside `StreamExt::buffered`.

use std::hint::black_box;
use std::pin::Pin;
use std::task::{Context, Poll};

use coroute::{Pipeline, ThroughExt};
use futures::stream::BoxStream;
use futures::{StreamExt, stream};

use crate::functions::add;
use crate::measure::Clock;
use crate::stages::run;
use crate::table::{Table, Target};

/// Futures at a time.
const LIMIT: usize = 64;

pub(crate) fn rows(clock: Clock, table: &mut Table) {
    let mut row = |what: &str, ours: fn(u64), peer: fn(u64), target| {
        if table.wants(what) {
            table.row(what, clock.pair(ours, peer), target);
        }
    };
    let target = Target::Times(1.3);
    row("limit: async_stage of 64, futures that are ready / buffered(64)", ready, buffered_ready, target);
    row("limit: async_stage of 64, futures that wait once / buffered(64)", once, buffered_once, target);
    row("limit: unordered, futures that wait once / buffer_unordered(64)", unordered, buffer_unordered, Target::None);
}

/// Is pending once, and wakes its task at once.
#[derive(Default)]
pub(crate) struct Yield(bool);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

async fn at_once(x: i64) -> i64 {
    add(x)
}

async fn after_a_turn(x: i64) -> i64 {
    Yield::default().await;
    add(x)
}

fn check(items: u64, sum: i64) {
    assert_eq!(sum, (1..=items.cast_signed()).fold(0, |sum, x| sum ^ x));
}

fn through(items: u64, pipeline: Pipeline<i64, i64>) {
    check(items, run(stream::iter(0..items.cast_signed()).through(pipeline).map(Result::unwrap)));
}

pub(crate) fn ready(items: u64) {
    through(items, Pipeline::new("p").async_stage("work", LIMIT, at_once));
}

pub(crate) fn once(items: u64) {
    through(items, Pipeline::new("p").async_stage("work", LIMIT, after_a_turn));
}

pub(crate) fn unordered(items: u64) {
    through(items, Pipeline::new("p").stage("work", coroute::async_stage(LIMIT, after_a_turn).unordered()));
}

/// One of two streams, so that the optimiser does not see through the box.
fn one_of(items: u64, first: BoxStream<'static, i64>, second: BoxStream<'static, i64>) {
    check(items, run(if black_box(true) { first } else { second }));
}

pub(crate) fn buffered_ready(items: u64) {
    let numbers = || stream::iter(0..items.cast_signed());
    one_of(items, numbers().map(at_once).buffered(LIMIT).boxed(), numbers().map(after_a_turn).buffered(LIMIT).boxed());
}

pub(crate) fn buffered_once(items: u64) {
    let numbers = || stream::iter(0..items.cast_signed());
    one_of(items, numbers().map(after_a_turn).buffered(LIMIT).boxed(), numbers().map(at_once).buffered(LIMIT).boxed());
}

pub(crate) fn buffer_unordered(items: u64) {
    let unordered = stream::iter(0..items.cast_signed()).map(after_a_turn).buffer_unordered(LIMIT);
    one_of(items, unordered.boxed(), stream::iter(0..0).boxed());
}
