//! Three small stages: one item at a time, and in batches.

use std::hint::black_box;
use std::sync::{Arc, RwLock};

use coroute::Pipeline;

use crate::functions::{Function, add, calls, cube, double, each, edited, functions, pipeline};
use crate::measure::Clock;
use crate::table::{Table, Target};

/// The items of a batch.
pub(crate) const BATCH: usize = 256;

pub(crate) fn rows(clock: Clock, table: &mut Table) {
    for (how, made) in [("3 stages", pipeline as fn() -> _), ("3 stages put in at run time", edited)] {
        let what = format!("call: {how} / loop over a Vec of boxed closures");
        if table.wants(&what) {
            let (mut ours, mut peer) = (made(), functions());
            let times = clock.pair(|items| calls(items, &mut ours), |items| loops(items, &mut peer));
            table.row(&what, times, Target::Times(1.0));
        }
        let what = format!("call: {how} / the same Vec behind an RwLock, write-locked per item");
        if table.wants(&what) {
            let (mut ours, peer) = (made(), Arc::new(RwLock::new(functions())));
            let times = clock.pair(|items| calls(items, &mut ours), |items| locked_loops(items, &peer));
            table.row(&what, times, Target::Times(0.4));
        }
    }
    let what = "send: 3 stages / loop over a Vec of boxed closures";
    if table.wants(what) {
        let (mut ours, mut peer) = (pipeline(), functions());
        let times = clock.pair(|items| sends(items, &mut ours), |items| loops(items, &mut peer));
        table.row(what, times, Target::Times(1.0));
    }
    let what = "other: write-lock and unlock an RwLock / loop over a Vec of boxed closures";
    if table.wants(what) {
        let (lock, mut peer) = (Arc::new(RwLock::new(0)), functions());
        let times = clock.pair(
            |items| (0..items).for_each(|_| *black_box(&lock).write().unwrap() += 1),
            |items| loops(items, &mut peer),
        );
        table.row(what, times, Target::None);
    }
    batches(clock, table);
}

fn batches(clock: Clock, table: &mut Table) {
    let input: Vec<i64> = (0..BATCH as i64).collect();
    let what = "send_batch: 3 stages, a Vec of 256 into a Vec / inlined by hand, the same Vec into a Vec";
    if table.wants(what) {
        let (mut ours, mut our_batch, mut peer_batch) = (pipeline(), Batch::default(), Batch::default());
        let times = clock.pair(
            |items| our_batch.run(items, &input, |items, out| ours.send_batch(items, out).unwrap()),
            |items| peer_batch.run(items, &input, by_hand),
        );
        table.row(what, times, Target::Times(1.5));
    }
    let what = "send_all: 3 stages, 256 out of a Vec into a Vec / inlined by hand, the same";
    if table.wants(what) {
        let (mut ours, mut our_batch, mut peer_batch) = (pipeline(), Batch::default(), Batch::default());
        let times = clock.pair(
            |items| {
                our_batch.run(items, &input, |items, out| ours.send_all(items.drain(..), |x| out.push(x)).unwrap());
            },
            |items| peer_batch.run(items, &input, by_hand),
        );
        table.row(what, times, Target::Times(1.5));
    }
    let what = "send_all: 3 stages, 256 out of a Vec, added up / inlined by hand, the same";
    if table.wants(what) {
        let mut ours = pipeline();
        let times = clock.pair(
            |items| {
                for _ in 0..items / BATCH as u64 {
                    let mut sum = 0i64;
                    ours.send_all(black_box(&input).iter().copied(), |x| sum = sum.wrapping_add(x)).unwrap();
                    black_box(sum);
                }
            },
            |items| {
                for _ in 0..items / BATCH as u64 {
                    let made = black_box(&input).iter().map(|x| cube(double(add(*x))));
                    black_box(made.fold(0, i64::wrapping_add));
                }
            },
        );
        table.row(what, times, Target::Times(1.5));
    }
}

/// The two `Vec`s of a batch, filled and emptied again and again.
#[derive(Default)]
pub(crate) struct Batch {
    items: Vec<i64>,
    out: Vec<i64>,
}

impl Batch {
    /// Runs `items` items, those of `input` at a time.
    #[inline(always)]
    pub(crate) fn run(&mut self, items: u64, input: &[i64], mut run: impl FnMut(&mut Vec<i64>, &mut Vec<i64>)) {
        for _ in 0..items / BATCH as u64 {
            self.items.extend_from_slice(black_box(input));
            self.out.clear();
            run(&mut self.items, &mut self.out);
            black_box(&mut self.out);
        }
    }
}

/// `items` items through `functions`, one at a time.
pub(crate) fn loops(items: u64, functions: &mut [Function]) {
    each(items, |x| functions.iter_mut().fold(x, |x, function| function(x)));
}

/// The same, as somebody must write it who wants to change the functions from another thread.
pub(crate) fn locked_loops(items: u64, functions: &RwLock<Vec<Function>>) {
    each(items, |x| functions.write().unwrap().iter_mut().fold(x, |x, function| function(x)));
}

pub(crate) fn sends(items: u64, pipeline: &mut Pipeline<i64, i64>) {
    let mut sum = 0;
    for x in 0..items.cast_signed() {
        pipeline.send(x, |made| sum ^= made).unwrap();
    }
    black_box(sum);
}

/// What one would write for a batch without the crate, and could not change while it runs.
#[inline(always)]
pub(crate) fn by_hand(items: &mut Vec<i64>, out: &mut Vec<i64>) {
    out.extend(items.drain(..).map(|x| cube(double(add(x)))));
}
