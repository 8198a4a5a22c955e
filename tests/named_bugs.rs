//! Bugs that other systems have had, by the names under which they are known there.
//!
//! Each is a check that any fan-out can be put to, run with many seeds. The pipeline passes; the fan-out that one builds
//! first (`named_bugs/naive.rs`) does not, which shows that the check would find the bug.

#[path = "named_bugs/checks.rs"]
mod checks;
#[path = "named_bugs/naive.rs"]
mod naive;
#[path = "named_bugs/ours.rs"]
mod ours;
#[allow(dead_code)] // parts of it are for other tests
mod sim;

use std::panic::{self, AssertUnwindSafe};

use futures::future::LocalBoxFuture;
use futures::stream::Fuse;

use naive::Naive;
use ours::Ours;
use sim::executor::Sim;
use sim::seed::seeds;
use sim::spring::Spring;
use sim::tide::Tide;

/// Sends each item of a stream to several sinks, which come and go.
trait FanOut {
    fn start(sim: &mut Sim, items: Spring<u32>, sinks: Vec<(&'static str, Tide<u32>)>) -> Self;

    /// From the next item on, another sink gets the items as well. What there is to say against it.
    fn add(&self, name: &'static str, sink: Tide<u32>) -> Result<(), String>;

    /// From the next item on, another sink gets the items in the place of one.
    fn replace(&self, name: &'static str, by: Tide<u32>) -> Result<(), String>;

    /// Sends the items of any stream on to one sink.
    type Carrier: 'static;

    fn carrier(sink: Tide<u32>) -> Self::Carrier;

    /// Sends all items. May be dropped half-way; the next call sends the rest.
    fn carry<'a>(carrier: &'a mut Self::Carrier, items: &'a mut Fuse<Spring<u32>>) -> LocalBoxFuture<'a, ()>;
}

const SEEDS: u64 = 200;

/// The pipeline passes with every seed, the naive fan-out fails with one of them at least, and says what is wanted.
#[track_caller]
fn finds(bug: &str, ours: impl Fn(u64) -> Result<(), String>, naive: impl Fn(u64) -> Result<(), String>) {
    seeds(SEEDS, |seed| ours(seed).unwrap());
    let caught = (0..SEEDS).find_map(|seed| {
        // What the naive build panics with is what it does wrong.
        let run = panic::catch_unwind(AssertUnwindSafe(|| naive(seed)));
        run.unwrap_or_else(|panic| Err(panic.downcast_ref::<String>().cloned().unwrap_or_default())).err()
    });
    let caught = caught.expect("the check finds nothing wrong with a build that has the bug");
    assert!(caught.contains(bug), "{caught}");
}

// https://github.com/vectordotdev/vector/pull/25330: a changed sink is paused, the reload waits until it has drained.
#[test]
fn vector_25330_a_reload_that_meets_a_stalled_sink_stalls_every_source() {
    finds("of 20 items came to the sink that works", checks::reload::<Ours>, checks::reload::<Naive>);
}

// `Fanout::send` in Vector's lib/vector-core/src/fanout.rs: "No senders present", and the events are gone.
#[test]
fn vector_fan_out_without_a_target_drops_what_comes() {
    finds("before there was a sink", checks::no_target::<Ours>, checks::no_target::<Naive>);
}

// https://github.com/vectordotdev/vector/issues/13228: "Adding duplicate output id to fanout" ends the process.
#[test]
fn vector_13228_a_sink_that_is_added_twice_is_a_panic() {
    finds("adding \"sink\" twice", checks::add_after_add::<Ours>, checks::add_after_add::<Naive>);
}

// https://github.com/vectordotdev/vector/issues/15602: "Pausing non-existent sink is not valid" ends the process.
#[test]
fn vector_15602_a_sink_that_is_exchanged_and_not_there_is_a_panic() {
    finds("pausing \"skin\", which is not there", checks::replace_none::<Ours>, checks::replace_none::<Naive>);
}

// https://github.com/zeromq/libzmq/issues/2267, the "slow joiner" of its guide: who subscribes misses what comes next.
#[test]
fn libzmq_2267_the_first_items_after_a_subscribe_are_swallowed() {
    finds("after it was added", checks::slow_joiner::<Ours>, checks::slow_joiner::<Naive>);
}

// https://github.com/smol-rs/async-channel/issues/87: `select!` drops a `send` half-way, and the item with it.
#[test]
fn async_channel_87_an_item_is_lost_with_the_future_that_sends_it() {
    finds("are lost", checks::cancel::<Ours>, checks::cancel::<Naive>);
}

// https://github.com/rust-lang/futures-rs/pull/1877: what a sink keeps until it is flushed stays there, as long as none comes.
#[test]
fn futures_1877_items_are_not_flushed_while_the_stream_has_none() {
    finds("are not flushed", checks::idle::<Ours>, checks::idle::<Naive>);
}
