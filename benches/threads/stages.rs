//! How much sooner two cores are done than one: stages that compute, on threads beside the same stages in one thread.

use std::hint::black_box;

use coroute::{Pipeline, workers};

use crate::contest::{Plan, show, side, verdict};
use crate::work::Work;

pub(crate) fn print(plan: &Plan) {
    if !plan.wants("stages") {
        return;
    }
    let (short, long) = (Work::of(100.0), Work::of(1000.0));
    println!("\nStages that compute, ns per item (min / median), and how many times as fast as in one thread:\n");
    println!("| stages | how | ns | speed-up | target | met |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let three = vec![
        side("one thread", move |items| local(items, three(short))),
        side("workers(2), each with all three", move |items| run(items, by_workers(short))),
        side("a thread each", move |items| run(items, by_threads(short))),
    ];
    rows("3 of 100 ns", &plan.contest(three), 1.6);
    let one = vec![
        side("one thread", move |items| local(items, Pipeline::new("p").stage("work", move |x| long.on(x)))),
        side("workers(2)", move |items| {
            run(items, Pipeline::new("p").workers("work", 2, move || move |x| long.on(x)));
        }),
        side("workers(2), unordered", move |items| {
            let unordered = workers(2, move || move |x| long.on(x)).unordered();
            run(items, Pipeline::new("p").stage("work", unordered));
        }),
    ];
    rows("1 of 1 µs", &plan.contest(one), 1.8);
}

fn rows(what: &str, times: &[(&str, crate::contest::Times)], target: f64) {
    let one = times[0].1;
    for (name, times) in times {
        let speed_up = one.median / times.median;
        let verdict = if *name == "one thread" { "" } else { verdict(speed_up >= target) };
        println!("| {what} | {name} | {} | {speed_up:.2} | >= {target} | {verdict} |", show(*times));
    }
}

pub(crate) fn three(work: Work) -> Pipeline<u64, u64> {
    let stage = move |x| work.on(x);
    Pipeline::new("p").stage("a", stage).stage("b", stage).stage("c", stage)
}

pub(crate) fn by_workers(work: Work) -> Pipeline<u64, u64> {
    Pipeline::new("p").workers("all", 2, move || three(work))
}

pub(crate) fn by_threads(work: Work) -> Pipeline<u64, u64> {
    let stage = move |x| work.on(x);
    Pipeline::new("p")
        .thread("first", |t| t.stage("a", stage))
        .thread("second", |t| t.stage("b", stage))
        .thread("third", |t| t.stage("c", stage))
}

/// In this thread.
pub(crate) fn local(items: u64, mut pipeline: Pipeline<u64, u64>) {
    let mut sum = 0;
    pipeline.send_all(0..items, |x| sum ^= x).unwrap();
    black_box(sum);
}

/// On threads, fed and emptied by this one.
pub(crate) fn run(items: u64, mut pipeline: Pipeline<u64, u64>) {
    let mut sum = 0;
    pipeline.run(0..items, |x| sum ^= x.unwrap()).unwrap();
    black_box(sum);
}
