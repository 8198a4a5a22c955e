//! What it costs an item to get from one thread to another, beside channels used plainly.
//!
//! *One hop*: the queue alone that is between the pipeline's own thread and a stage's. *Two*: ours from the sender through the
//! pipeline's own thread to the receiver, beside a thread that takes from one channel and gives to another. *Four*: with a
//! thread inside the pipeline, beside three such threads. A batch is what is sent at once; in channels it is a `Vec`. Whatever
//! the batch, 1024 items may wait between two threads. Every relay does the same to every item.

use std::hint::black_box;
use std::thread;

use coroute::{Ends, Pipeline};

use crate::contest::{Plan, Side, Times, show, side, verdict};
use crate::lanes;

/// Items that may wait between two threads.
pub(crate) const ROOM: usize = 1024;

/// What relays do to items.
pub(crate) fn add(x: u64) -> u64 {
    x.wrapping_add(1)
}

pub(crate) fn print(plan: &Plan) {
    if !plan.wants("hop") {
        return;
    }
    println!("\nHops between threads, ns per item (min / median):\n");
    println!("| hops | batch | ours | crossbeam-channel | kanal | crossfire | ours / the best | target | met |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    for batch in [1, 64, 256] {
        row(1, batch, &plan.contest(lanes::sides(batch)));
    }
    for (hops, relays) in [(2, 1), (4, 3)] {
        for batch in [1, 64, 256] {
            row(hops, batch, &plan.contest(sides(batch, relays)));
        }
    }
}

fn row(hops: usize, batch: usize, times: &[(&str, Times)]) {
    let [ours, peers @ ..] = times else { return };
    let best = peers.iter().map(|(_, times)| times.median).fold(f64::INFINITY, f64::min);
    let ratio = ours.1.median / best;
    let shown: Vec<_> = times.iter().map(|(_, times)| show(times)).collect();
    println!("| {hops} | {batch} | {} | {ratio:.2} | <= 1.3 | {} |", shown.join(" | "), verdict(ratio <= 1.3));
}

fn sides(batch: usize, relays: usize) -> Vec<Side> {
    let ours = move |items| ours(items, batch, pipeline(relays));
    if batch == 1 {
        return vec![
            side("ours", ours),
            side("crossbeam", move |items| singly(items, relays, || crossbeam_channel::bounded(ROOM))),
            side("kanal", move |items| singly(items, relays, || kanal::bounded(ROOM))),
            side("crossfire", move |items| singly(items, relays, || crossfire::spsc::bounded_blocking(ROOM))),
        ];
    }
    let room = ROOM / batch;
    vec![
        side("ours", ours),
        side("crossbeam", move |items| batched(items, batch, relays, || crossbeam_channel::bounded(room))),
        side("kanal", move |items| batched(items, batch, relays, || kanal::bounded(room))),
        side("crossfire", move |items| batched(items, batch, relays, || crossfire::spsc::bounded_blocking(room))),
    ]
}

/// One whose own thread is a relay, and with three relays two that it is between.
fn pipeline(relays: usize) -> Pipeline<u64, u64> {
    match relays {
        1 => Pipeline::new("p").stage("add", add),
        _ => Pipeline::new("p").stage("first", add).thread("inside", |t| t.stage("add", add)).stage("third", add),
    }
}

/// Sends in another thread, receives in this one.
pub(crate) fn ours(items: u64, batch: usize, pipeline: Pipeline<u64, u64>) {
    let running = pipeline.spawn_with(Ends { door: ROOM, exit: ROOM }).unwrap();
    let (sender, mut receiver, handle) = running.split();
    let feeding = thread::Builder::new()
        .name("sender".to_owned())
        .spawn(move || {
            if batch == 1 {
                (0..items).for_each(|x| sender.send(x).unwrap());
                return;
            }
            let mut x = 0;
            while x < items {
                let next = (x + batch as u64).min(items);
                sender.send_all(x..next).unwrap();
                x = next;
            }
        })
        .unwrap();
    let sum = receiver.iter().fold(0, |sum, x| sum ^ x.unwrap());
    feeding.join().unwrap();
    assert_eq!(handle.join().unwrap().ledger.delivered(), items);
    black_box(sum);
}

/// A channel, used plainly.
pub(crate) trait Sends<T>: Send + 'static {
    fn give(&self, value: T);
}

pub(crate) trait Receives<T>: Send + 'static {
    fn take(&self) -> Option<T>;
}

impl<T: Send + 'static> Sends<T> for crossbeam_channel::Sender<T> {
    fn give(&self, value: T) {
        assert!(self.send(value).is_ok());
    }
}

impl<T: Send + 'static> Receives<T> for crossbeam_channel::Receiver<T> {
    fn take(&self) -> Option<T> {
        self.recv().ok()
    }
}

impl<T: Send + 'static> Sends<T> for kanal::Sender<T> {
    fn give(&self, value: T) {
        assert!(self.send(value).is_ok());
    }
}

impl<T: Send + 'static> Receives<T> for kanal::Receiver<T> {
    fn take(&self) -> Option<T> {
        self.recv().ok()
    }
}

impl<T: Send + 'static> Sends<T> for crossfire::Tx<crossfire::spsc::Array<T>> {
    fn give(&self, value: T) {
        assert!(self.send(value).is_ok());
    }
}

impl<T: Send + 'static> Receives<T> for crossfire::Rx<crossfire::spsc::Array<T>> {
    fn take(&self) -> Option<T> {
        self.recv().ok()
    }
}

/// A chain of channels with a relay between any two, single items.
fn singly<S: Sends<u64>, R: Receives<u64>>(items: u64, relays: usize, channel: impl Fn() -> (S, R)) {
    let (first, mut last) = channel();
    let mut threads = vec![thread::spawn(move || (0..items).for_each(|x| first.give(x)))];
    for _ in 0..relays {
        let (sender, receiver) = channel();
        let before = std::mem::replace(&mut last, receiver);
        threads.push(thread::spawn(move || {
            while let Some(x) = before.take() {
                sender.give(add(x));
            }
        }));
    }
    let (mut sum, mut count) = (0, 0);
    while let Some(x) = last.take() {
        sum ^= x;
        count += 1;
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(count, items);
    black_box(sum);
}

/// The same with batches.
fn batched<S, R>(items: u64, batch: usize, relays: usize, channel: impl Fn() -> (S, R))
where
    S: Sends<Vec<u64>>,
    R: Receives<Vec<u64>>,
{
    let (first, mut last) = channel();
    let mut threads = vec![thread::spawn(move || {
        let mut x = 0;
        while x < items {
            let next = (x + batch as u64).min(items);
            first.give((x..next).collect());
            x = next;
        }
    })];
    for _ in 0..relays {
        let (sender, receiver) = channel();
        let before = std::mem::replace(&mut last, receiver);
        threads.push(thread::spawn(move || {
            while let Some(mut batch) = before.take() {
                batch.iter_mut().for_each(|x| *x = add(*x));
                sender.give(batch);
            }
        }));
    }
    let (mut sum, mut count) = (0, 0);
    while let Some(batch) = last.take() {
        count += batch.len() as u64;
        sum = batch.into_iter().fold(sum, |sum, x| sum ^ x);
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(count, items);
    black_box(sum);
}
