//! Two stages by everything that one would use, with work that is worth a thread and with none.
//!
//! Adding and doubling are no work at all: what is left is what it costs to get an item to two threads and back. Ours and
//! the chain of channels have a thread for each stage; `rayon` and `pariter` do both stages of an item in one of two threads,
//! as our workers do. `par_bridge` gives outputs in no order, all others keep it.

use std::hint::black_box;
use std::process::Command;
use std::thread;

use coroute::{Pipeline, workers};
use pariter::IteratorExt;
use rayon::iter::{ParallelBridge, ParallelIterator};

use crate::contest::{Plan, Side, Times, show, side};
use crate::stages::run as ours;
use crate::work::Work;

/// Items for the original, which takes its time.
const ORIGINAL: u64 = 20_000;

pub(crate) fn print(plan: &Plan) {
    if !plan.wants("peers") {
        return;
    }
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    // One for all rounds, and for the whole run.
    let pool: &'static rayon::ThreadPool = Box::leak(Box::new(pool));
    println!("\nTwo stages, ns per item (min / median), and how many times ours (a thread each) that is:\n");
    println!("| work | how | order | ns | ours |");
    println!("| --- | --- | --- | --- | --- |");
    let (add, double) = (|x: u64| x.wrapping_add(1), |x: u64| x.wrapping_mul(2));
    rows("none", &plan.contest(sides(pool, add, double)));
    original(plan);
    let work = Work::of(1000.0);
    let stage = move |x| work.on(x);
    rows("1 µs each", &plan.contest(sides(pool, stage, stage)));
}

fn rows(work: &str, times: &[(&str, Times)]) {
    let ours = times[0].1.median;
    for (name, times) in times {
        let order = if name.contains("unordered") || name.contains("par_bridge") { "no" } else { "kept" };
        println!("| {work} | {name} | {order} | {} | {:.2} |", show(times), times.median / ours);
    }
}

fn sides(
    pool: &'static rayon::ThreadPool,
    first: impl Fn(u64) -> u64 + Copy + Send + Sync + 'static,
    second: impl Fn(u64) -> u64 + Copy + Send + Sync + 'static,
) -> Vec<Side> {
    let both = move |x| second(first(x));
    let stages = move || Pipeline::new("both").stage("first", first).stage("second", second);
    vec![
        side("ours, a thread each", move |items| {
            let pipeline = Pipeline::new("p").thread("a", |t| t.stage("first", first));
            ours(items, pipeline.thread("b", |t| t.stage("second", second)));
        }),
        side("ours, workers(2)", move |items| ours(items, Pipeline::new("p").workers("both", 2, stages))),
        side("ours, workers(2), unordered", move |items| {
            ours(items, Pipeline::new("p").stage("both", workers(2, stages).unordered()));
        }),
        side("ours, one thread", move |items| crate::stages::local(items, stages())),
        side("crossbeam-channel, a thread each", move |items| chain(items, first, second)),
        side("crossbeam-channel, a thread each, batches of 256", move |items| batches(items, first, second)),
        side("pariter, 2 threads", move |items| {
            let outputs = (0..items).parallel_map_custom(|map| map.threads(2).buffer_size(1024), both);
            black_box(outputs.fold(0, |sum, x| sum ^ x));
        }),
        side("rayon par_bridge, 2 threads", move |items| {
            black_box(pool.install(|| (0..items).par_bridge().map(both).reduce(|| 0, |sum, x| sum ^ x)));
        }),
    ]
}

/// By hand: two threads, and a channel in front of, between and behind them.
fn chain(items: u64, first: impl Fn(u64) -> u64 + Send, second: impl Fn(u64) -> u64 + Send) {
    let [(to_first, at_first), (to_second, at_second), (to_last, at_last)] =
        std::array::from_fn(|_| crossbeam_channel::bounded(1024));
    thread::scope(|scope| {
        scope.spawn(move || (0..items).for_each(|x| to_first.send(x).unwrap()));
        scope.spawn(move || at_first.iter().for_each(|x| to_second.send(first(x)).unwrap()));
        scope.spawn(move || at_second.iter().for_each(|x| to_last.send(second(x)).unwrap()));
        black_box(at_last.iter().fold(0, |sum, x| sum ^ x));
    });
}

/// The same with batches.
fn batches(items: u64, first: impl Fn(u64) -> u64 + Send, second: impl Fn(u64) -> u64 + Send) {
    let [(to_first, at_first), (to_second, at_second), (to_last, at_last)] =
        std::array::from_fn(|_| crossbeam_channel::bounded::<Vec<u64>>(4));
    thread::scope(|scope| {
        scope.spawn(move || {
            for from in (0..items).step_by(256) {
                to_first.send((from..items.min(from + 256)).collect()).unwrap();
            }
        });
        scope.spawn(move || {
            for mut batch in at_first {
                batch.iter_mut().for_each(|x| *x = first(*x));
                to_second.send(batch).unwrap();
            }
        });
        scope.spawn(move || {
            for mut batch in at_second {
                batch.iter_mut().for_each(|x| *x = second(*x));
                to_last.send(batch).unwrap();
            }
        });
        black_box(at_last.into_iter().flatten().fold(0, |sum, x| sum ^ x));
    });
}

/// The Python original, which says itself how long it took.
fn original(plan: &Plan) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/threads/original.py");
    let items = if plan.test { 100 } else { ORIGINAL };
    match Command::new("python3").arg(script).arg(items.to_string()).output() {
        Ok(output) if output.status.success() => {
            let said = String::from_utf8_lossy(&output.stdout);
            let nanos: f64 = said.trim().parse().expect("nanoseconds per item");
            println!("| none | Python multiprocessing, a process each | kept | {nanos:.0} | |");
        }
        Ok(output) => println!("(the Python original failed: {})", String::from_utf8_lossy(&output.stderr).trim()),
        Err(error) => println!("(the Python original was left out: python3 does not start: {error})"),
    }
}
