//! Routed items, the route changed every ten thousand items, by what one would route with instead.
//!
//! Each way sends the same numbers to the same two receivers, over channels that hold as many items; the route is changed
//! from within the source, so that it is known which receiver has to get which number. `futures` channels are sinks and take
//! `&mut self`, those of tokio do not: the peers use whichever suits them better.

use std::cell::Cell;
use std::future::{Ready, ready};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use coroute::{Pipeline, Switch, sink};
use futures::channel::mpsc as futures_mpsc;
use futures::executor::block_on;
use futures::future::{Either, join, select};
use futures::{SinkExt, Stream, StreamExt, stream};
use tokio::sync::{RwLock, mpsc, watch};
use tokio_stream::StreamMap;
use tokio_util::sync::PollSender;
use tower::steer::Steer;
use tower::{Service, ServiceExt};

use crate::measure::Clock;
use crate::sinks::{ROOM, total};
use crate::table::{Table, Target};

/// Items between two changes of the route.
const EVERY: i64 = 10_000;

const NAMES: [&str; 2] = ["a", "b"];

/// What it is, and how it sends so many items.
type Peer = (&'static str, fn(u64));

pub(crate) fn rows(clock: Clock, table: &mut Table) {
    let mut row = |what: &str, ours: fn(u64), peer: fn(u64), target| {
        if table.wants(what) {
            table.row(what, clock.pair(ours, peer), target);
        }
    };
    let peers: [Peer; 6] = [
        ("tokio watch, a tokio channel per target", watched),
        ("tokio watch, looked at while it waits for room too", watched_while_waiting),
        ("tokio watch, a futures channel per target", watched_futures),
        ("tokio RwLock<Sender>, read-locked per item", locked),
        ("tower Steer, futures channels", steered),
        ("tokio-stream StreamMap, futures channels", mapped),
    ];
    for (words, peer) in peers {
        row(&format!("peers: switch, futures channels / {words}"), switched, peer, Target::Times(1.0));
    }
    let what = "peers: switch, tokio channels by PollSender / tokio watch, tokio channels";
    row(what, switched_tokio, watched, Target::None);
}

/// The numbers; tells where those from here on have to go, in time for them.
fn numbers(items: u64, mut reroute: impl FnMut(usize)) -> impl Stream<Item = i64> + Unpin {
    stream::iter(0..items.cast_signed()).inspect(move |&x| {
        if x % EVERY == 0 {
            reroute(target(x));
        }
    })
}

fn target(x: i64) -> usize {
    usize::from(x / EVERY % 2 == 1)
}

fn run(items: u64, send: impl Future<Output = ()>, a: impl Future<Output = i64>, b: impl Future<Output = i64>) {
    let ((), (a, b)) = block_on(join(send, join(a, b)));
    let mut expected = [0, 0];
    (0..items.cast_signed()).step_by(EVERY as usize).for_each(|from| {
        let end = (from + EVERY).min(items.cast_signed());
        expected[target(from)] += (from + end - 1) * (end - from) / 2;
    });
    assert_eq!([a, b], expected, "every item has come where it belongs");
}

fn futures_channels() -> ([futures_mpsc::Sender<i64>; 2], [impl Future<Output = i64>; 2]) {
    let (a, to_a) = futures_mpsc::channel(ROOM);
    let (b, to_b) = futures_mpsc::channel(ROOM);
    ([a, b], [total(to_a), total(to_b)])
}

async fn tokio_total(mut received: mpsc::Receiver<i64>) -> i64 {
    let mut sum = 0_i64;
    while let Some(x) = received.recv().await {
        sum = sum.wrapping_add(x);
    }
    sum
}

fn tokio_channels() -> ([mpsc::Sender<i64>; 2], [impl Future<Output = i64>; 2]) {
    let (a, to_a) = mpsc::channel(ROOM);
    let (b, to_b) = mpsc::channel(ROOM);
    ([a, b], [tokio_total(to_a), tokio_total(to_b)])
}

async fn drive(items: u64, mut pipeline: Pipeline<i64, ()>) {
    let controller = pipeline.controller();
    let numbers = numbers(items, move |to| drop(controller.route("out", NAMES[to]).unwrap()));
    let ledger = pipeline.drive(numbers).await.unwrap();
    assert_eq!(ledger.delivered(), items);
}

pub(crate) fn switched(items: u64) {
    let ([a, b], [to_a, to_b]) = futures_channels();
    let switch = Switch::new("out").target("a", sink(a)).target("b", sink(b));
    run(items, drive(items, switch.route("a").into_pipeline()), to_a, to_b);
}

pub(crate) fn switched_tokio(items: u64) {
    let ([a, b], [to_a, to_b]) = tokio_channels();
    let switch = Switch::new("out").target("a", sink(PollSender::new(a))).target("b", sink(PollSender::new(b)));
    run(items, drive(items, switch.route("a").into_pipeline()), to_a, to_b);
}

pub(crate) fn watched(items: u64) {
    let (senders, [to_a, to_b]) = tokio_channels();
    let send = async move {
        let (route, routed) = watch::channel(0);
        let mut numbers = numbers(items, |to| route.send(to).unwrap());
        while let Some(x) = numbers.next().await {
            let to: usize = *routed.borrow();
            senders[to].send(x).await.unwrap();
        }
    };
    run(items, send, to_a, to_b);
}

/// As [`watched`], but a change of the route also ends the wait for room, so that a channel that is not emptied traps nothing.
pub(crate) fn watched_while_waiting(items: u64) {
    let (senders, [to_a, to_b]) = tokio_channels();
    let send = async move {
        let (route, mut routed) = watch::channel(0);
        let mut numbers = numbers(items, |to| route.send(to).unwrap());
        while let Some(x) = numbers.next().await {
            loop {
                let to: usize = *routed.borrow_and_update();
                match select(pin!(senders[to].reserve()), pin!(routed.changed())).await {
                    Either::Left((room, _)) => break room.unwrap().send(x),
                    Either::Right((changed, _)) => changed.unwrap(),
                }
            }
        }
    };
    run(items, send, to_a, to_b);
}

pub(crate) fn watched_futures(items: u64) {
    let (mut senders, [to_a, to_b]) = futures_channels();
    let send = async move {
        let (route, routed) = watch::channel(0);
        let mut numbers = numbers(items, |to| route.send(to).unwrap());
        while let Some(x) = numbers.next().await {
            let to: usize = *routed.borrow();
            senders[to].feed(x).await.unwrap();
        }
    };
    run(items, send, to_a, to_b);
}

pub(crate) fn locked(items: u64) {
    let (senders, [to_a, to_b]) = tokio_channels();
    let send = async move {
        let route = RwLock::new(senders[0].clone());
        let mut numbers = numbers(items, |to| *route.try_write().unwrap() = senders[to].clone());
        while let Some(x) = numbers.next().await {
            route.read().await.send(x).await.unwrap();
        }
    };
    run(items, send, to_a, to_b);
}

/// A channel as a service.
struct Channel(futures_mpsc::Sender<i64>);

impl Service<i64> for Channel {
    type Response = ();
    type Error = futures_mpsc::SendError;
    type Future = Ready<Result<(), Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, item: i64) -> Self::Future {
        ready(self.0.start_send(item))
    }
}

pub(crate) fn steered(items: u64) {
    let (senders, [to_a, to_b]) = futures_channels();
    let send = async move {
        let route = Arc::new(AtomicUsize::new(0));
        let read = Arc::clone(&route);
        let pick = move |_: &i64, _: &[Channel]| read.load(Ordering::Acquire);
        let mut steer = Steer::new(senders.map(Channel), pick);
        let mut numbers = numbers(items, |to| route.store(to, Ordering::Release));
        while let Some(x) = numbers.next().await {
            steer.ready().await.unwrap().call(x).await.unwrap();
        }
    };
    run(items, send, to_a, to_b);
}

/// The key of the stream is where its items go: a change of the route takes the stream out and puts it in again.
pub(crate) fn mapped(items: u64) {
    let (mut senders, [to_a, to_b]) = futures_channels();
    let send = async move {
        let route = Cell::new(None);
        let mut map = StreamMap::new();
        let numbers = stream::iter(0..items.cast_signed()).inspect(|&x| {
            if (x + 1) % EVERY == 0 {
                route.set(Some(target(x + 1)));
            }
        });
        map.insert(0, numbers);
        while let Some((to, x)) = map.next().await {
            senders[to].feed(x).await.unwrap();
            if let Some(next) = route.take() {
                let numbers = map.remove(&to).unwrap();
                map.insert(next, numbers);
            }
        }
    };
    run(items, send, to_a, to_b);
}
