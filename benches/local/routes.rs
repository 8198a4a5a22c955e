//! Changing the route: what a commit costs, and what it costs the items.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use coroute::Pipeline;

use crate::functions::calls;
use crate::measure::{Clock, Times};
use crate::switches::{MANY, name, switch};
use crate::table::{Table, Target};

/// 100,000 times a second.
const PACE: Duration = Duration::from_micros(10);

pub(crate) fn rows(clock: Clock, table: &mut Table) {
    let what = "route: commit, and a call that applies it, among 4 targets in turn";
    if table.wants(what) {
        table.lone(what, commits(clock, 4, 4), Target::Below(1000.0));
    }
    let many = if clock.test { 1000 } else { MANY };
    let what = "route: commit, and a call that applies it, among 1,000,000 targets, the same 4 in turn";
    if table.wants(what) {
        table.lone(what, commits(clock, many, 4), Target::Below(1000.0));
    }
    let what = "route: commit, and a call that applies it, among 1,000,000 targets, a cold one each time";
    if table.wants(what) {
        table.lone(what, commits(clock, many, many), Target::Below(1000.0));
    }
    let what = "route: calls while another thread reroutes 100,000 times a second / undisturbed";
    if table.wants(what) {
        let (times, rate) = disturbed(clock);
        // Where the other thread did not get its share of the machine, nothing was shown.
        let target = if rate < LEAST { Target::None } else { Target::Keeps(0.9) };
        let note = if rate < LEAST { "; too few to judge, run it on a machine with two idle cores" } else { "" };
        table.row(&format!("{what} (rerouted {rate:.0} times a second{note})"), times, target);
    }
}

/// How often a second the route must have been changed for the row to count.
const LEAST: f64 = 95_000.0;

/// The names of `count` targets out of `targets`, spread out so that no two neighbours are near each other.
pub(crate) fn in_turn(targets: usize, count: usize) -> Vec<String> {
    (0..count).map(|turn| name(turn * 7_919 % targets)).collect()
}

/// A switch of so many targets, rerouted to so many of them in turn.
fn commits(clock: Clock, targets: usize, among: usize) -> Times {
    let (mut pipeline, names) = (switch(targets), in_turn(targets, among));
    let mut turn = names.iter().cycle();
    clock.single(|times| reroute(times, &mut pipeline, &mut turn))
}

/// Commits a route to the next in turn and calls, so many times.
pub(crate) fn reroute<'a>(times: u64, pipeline: &mut Pipeline<i64, i64>, turn: &mut impl Iterator<Item = &'a String>) {
    let controller = pipeline.controller();
    for (x, target) in (0..times.cast_signed()).zip(turn) {
        controller.route("switch", target).unwrap();
        pipeline.call(x).unwrap();
    }
}

/// Calls with and without somebody who changes the route, and how often he did.
///
/// The other thread runs in both cases and looks at the clock all the time, so that only the routing differs.
fn disturbed(clock: Clock) -> ((Times, Times), f64) {
    let mut pipeline = switch(4);
    let mut undisturbed = switch(4);
    let controller = pipeline.controller();
    let (on, end, done) = (AtomicBool::new(false), AtomicBool::new(false), AtomicU64::new(0));
    let mut spent = Duration::ZERO;
    let times = std::thread::scope(|scope| {
        scope.spawn(|| {
            let names = in_turn(4, 4);
            let mut turn = names.iter().cycle();
            let mut next = Instant::now();
            while !end.load(Ordering::Relaxed) {
                let now = Instant::now();
                if now < next {
                    std::hint::spin_loop();
                    continue;
                }
                next = (next + PACE).max(now);
                if on.load(Ordering::Relaxed)
                    && let Some(target) = turn.next()
                {
                    controller.route("switch", target).unwrap();
                    done.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        let times = clock.pair(
            |items| {
                on.store(true, Ordering::Relaxed);
                let begin = Instant::now();
                calls(items, &mut pipeline);
                spent += begin.elapsed();
                on.store(false, Ordering::Relaxed);
            },
            |items| calls(items, &mut undisturbed),
        );
        end.store(true, Ordering::Relaxed);
        times
    });
    (times, done.load(Ordering::Relaxed) as f64 / spent.as_secs_f64())
}
