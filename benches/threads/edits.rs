//! What edits cost the throughput: the same work with nobody who edits, with 100 edits a second, and with ten times as many,
//! where it shows.
//!
//! A switch in front sends items to one of two targets, a thread behind it does the work. *Route*: the switch is sent to its
//! other target. *Replace*: the stage on the thread is replaced by an equal one, for which the thread gives its stages back.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use coroute::{Controller, Pipeline, Switch};

use crate::contest::{Plan, median, show, side, verdict};
use crate::work::Work;

/// A round has to see many edits.
const ROUND: Duration = Duration::from_millis(300);
const ROUNDS: usize = 41;

/// How much of the throughput 100 edits a second may cost.
const TARGET: f64 = 2.0;

#[derive(Clone, Copy)]
enum What {
    Route,
    Replace,
}

pub(crate) fn print(plan: &Plan) {
    if !plan.wants("edits") {
        return;
    }
    let work = Work::of(100.0);
    println!(
        "\nEdits while work of 100 ns an item flows, ns per item (min / median), and what they cost of the throughput:\n"
    );
    println!(
        "| edits a second | what | ns | cost (best rounds / median of rounds) | so 100 a second cost | target | met |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let case = |name, edits| side(name, move |items| run(items, work, edits));
    let sides = vec![
        case("none", None),
        case("route", Some((What::Route, 100))),
        case("replace", Some((What::Replace, 100))),
        case("route", Some((What::Route, 1000))),
        case("replace", Some((What::Replace, 1000))),
    ];
    let times = plan.longer(ROUND, ROUNDS).contest(sides);
    let none = &times[0].1;
    println!("| 0 | none | {} | | | | |", show(none));
    for ((name, times), rate) in times.iter().zip([0, 100, 100, 1000, 1000]).skip(1) {
        let cost = |times: f64| (times - 1.0) * 100.0;
        let (best, middle) = (cost(times.min / none.min), cost(median(times.over(none).collect())));
        // What ten times as many cost is ten times as far from the noise.
        let (few, met) = match rate {
            1000 => (format!("{:.1} % / {:.1} %", best / 10.0, middle / 10.0), verdict(middle / 10.0 < TARGET)),
            _ => (String::new(), ""),
        };
        println!(
            "| {rate} | {name} | {} | {best:.1} % / {middle:.1} % | {few} | < {TARGET:.0} % | {met} |",
            show(times)
        );
    }
}

fn run(items: u64, work: Work, edits: Option<(What, u32)>) {
    let stage = move |x| work.on(x);
    let front = Switch::new("out").target("a", |x: u64| x).target("b", |x: u64| x).route("a");
    let pipeline = Pipeline::new("p").switch(front).thread("other", |t| t.stage("work", stage));
    let running = pipeline.spawn().unwrap();
    let controller = running.controller();
    let (sender, mut receiver, handle) = running.split();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| edits.map(|(what, rate)| edit(&controller, work, what, rate, &over)));
        let sending = scope.spawn(move || sender.send_all(0..items).unwrap());
        black_box(receiver.iter().fold(0, |sum, x| sum ^ x.unwrap()));
        over.store(true, Ordering::Relaxed);
        sending.join().unwrap();
    });
    assert_eq!(handle.join().unwrap().ledger.delivered(), items);
}

/// Edits until it is over.
fn edit(controller: &Controller, work: Work, what: What, rate: u32, over: &AtomicBool) {
    let begin = Instant::now();
    let mut edits = 0;
    loop {
        let next = begin + Duration::from_secs(1) / rate * (edits + 1);
        thread::sleep(next.saturating_duration_since(Instant::now()));
        if over.load(Ordering::Relaxed) {
            return;
        }
        match what {
            What::Route => controller.route("out", if edits % 2 == 0 { "b" } else { "a" }),
            What::Replace => controller.replace("other/work", move |x| work.on(x)),
        }
        .unwrap();
        edits += 1;
    }
}
