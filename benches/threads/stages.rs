//! How much sooner two cores are done than one: stages that compute, on threads beside the same stages in one thread.
//!
//! A machine that others work on as well does not always give two cores. So in each round two threads that have nothing to do
//! with one another are measured, too, and a speed-up is also told of the rounds in which these were about as quick as ever.
//! One thread counts as quick as in its best round.

use std::hint::black_box;
use std::thread;
use std::time::Duration;

use coroute::{Pipeline, workers};

use crate::contest::{Plan, Times, median, show, side, verdict};
use crate::work::Work;

/// Long enough for the system to give every thread a core, short enough for the machine to stay as it is for a round of each side.
const ROUND: Duration = Duration::from_millis(25);
const ROUNDS: usize = 401;

/// How many times as long as ever two threads take, at most, where the machine has given two cores.
const TWO_CORES: f64 = 1.05;

pub(crate) fn print(plan: &Plan) {
    if !plan.wants("stages") {
        return;
    }
    let (short, long) = (Work::of(100.0), Work::of(1000.0));
    println!(
        "\nStages that compute, ns per item (min / median), and how many times as fast as in one thread: in the best round / in the median of those rounds in which the machine gave two cores / in the median of all:\n"
    );
    println!("| stages | how | ns | speed-up | target | met |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let plan = &plan.longer(ROUND, ROUNDS);
    let three = vec![
        side("one thread", move |items| local(items, three(short))),
        side("the same in two, half of the items each", move |items| apart(items, move || three(short))),
        side("workers(2), each with all three", move |items| run(items, by_workers(short))),
        side("a thread each", move |items| run(items, by_threads(short))),
    ];
    rows("3 of 100 ns", &plan.contest(three), 1.6);
    let one = vec![
        side("one thread", move |items| local(items, single(long))),
        side("the same in two, half of the items each", move |items| apart(items, move || single(long))),
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

fn rows(what: &str, times: &[(&str, Times)], target: f64) {
    let [(_, one), (_, apart), ..] = times else { return };
    let two_cores: Vec<bool> = apart.rounds.iter().map(|took| *took <= apart.min * TWO_CORES).collect();
    for (name, times) in times {
        let with_two = times.rounds.iter().zip(&two_cores).filter_map(|(took, two)| two.then_some(*took)).collect();
        let (best, speed_up, all) = (one.min / times.min, one.min / median(with_two), one.min / times.median);
        let verdict = if name.contains("workers") { verdict(speed_up >= target) } else { "" };
        let shown = show(times);
        println!("| {what} | {name} | {shown} | {best:.2} / {speed_up:.2} / {all:.2} | >= {target} | {verdict} |");
    }
    let rounds = two_cores.iter().filter(|two| **two).count();
    println!("\nThe machine gave two cores in {rounds} of {} rounds.\n", two_cores.len());
}

pub(crate) fn three(work: Work) -> Pipeline<u64, u64> {
    let stage = move |x| work.on(x);
    Pipeline::new("p").stage("a", stage).stage("b", stage).stage("c", stage)
}

fn single(work: Work) -> Pipeline<u64, u64> {
    Pipeline::new("p").stage("work", move |x| work.on(x))
}

/// What the machine has to give: two pipelines in two threads that have nothing to do with one another.
fn apart(items: u64, pipeline: impl Fn() -> Pipeline<u64, u64>) {
    thread::scope(|scope| {
        for _ in 0..2 {
            let pipeline = pipeline();
            scope.spawn(move || local(items / 2, pipeline));
        }
    });
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
