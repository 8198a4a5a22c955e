//! A stage that stands still is routed around, by every rule for what is in flight, and with its thread.

use std::future::ready;
use std::sync::mpsc;

use coroute::{FlowError, InFlight, Pipeline, Running, Switch, thread, workers};

use super::kit::{Fate, Fates, Gate, Item, blocks, items, step, watch};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Fail,
    Resend,
    Drop,
}

const RULES: [Rule; 3] = [Rule::Fail, Rule::Resend, Rule::Drop];

impl Rule {
    fn in_flight(self) -> InFlight {
        match self {
            Self::Fail => InFlight::fail_after(ready(())),
            Self::Resend => InFlight::resend_after(ready(())),
            Self::Drop => InFlight::drop_after(ready(())),
        }
    }
}

/// What stands still at an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Thread,
    /// A thread inside of a thread.
    Nested,
    Workers(usize),
}

const KINDS: [Kind; 4] = [Kind::Thread, Kind::Nested, Kind::Workers(1), Kind::Workers(2)];

fn pipeline(kind: Kind, at: u64, gate: &Gate, queue: usize) -> Pipeline<Item, Item> {
    let stage = || blocks("x", at, gate.clone());
    let target = Pipeline::new("x");
    let target = match kind {
        Kind::Thread => target.stage("t", thread(Pipeline::new("t").stage("blocks", stage())).queue(queue)),
        Kind::Nested => {
            let inner = Pipeline::new("inner").stage("blocks", stage());
            target.stage("t", thread(Pipeline::new("t").stage("inner", thread(inner).queue(queue))).queue(queue))
        }
        Kind::Workers(count) => {
            let gate = gate.clone();
            target.stage("w", workers(count, move || blocks("x", at, gate.clone())).queue(queue))
        }
    };
    let switch = Switch::new("s").target("x", target).target("y", step("y")).route("x").cloned();
    Pipeline::new("p").stage("a", step("a")).switch(switch).stage("z", step("z"))
}

/// Takes all that comes out, up to the output of item `last`.
fn take_to(last: u64, running: &mut Running<Item, Item>, fates: &mut Fates) {
    loop {
        match running.recv().unwrap() {
            Ok(item) => {
                let over = item.number == last;
                fates.out(item);
                if over {
                    return;
                }
            }
            Err(FlowError::Failed(failure)) => fates.failed(*failure),
            Err(other) => panic!("{}: {other}", fates.case),
        }
    }
}

/// Sends 8 items, of which one is stuck, routes around that, and sends 4 more.
fn route_around(kind: Kind, rule: Rule, at: u64, queue: usize, early: bool, chunks: bool) {
    let case =
        format!("{kind:?} {rule:?} at {at}, queue {queue}, chunks {chunks}, the gate opens after the end: {early}");
    let _watch = watch(case.clone());
    let gate = Gate::default();
    let mut running = pipeline(kind, at, &gate, queue).spawn().unwrap();
    let controller = running.controller();
    for item in items(0..8) {
        running.send(item).unwrap();
        // As far as there is room.
        if !chunks && queue > 8 {
            running.settle().unwrap();
        }
    }
    gate.wait_for_one();
    let edit = controller.edit(|e| e.route("s", "y")?.in_flight(rule.in_flight()));
    let receipt = edit.unwrap();
    running.send_all(items(8..12)).unwrap();
    let mut fates = Fates { case: case.clone(), ..Fates::default() };
    // Nobody opens the gate meanwhile.
    take_to(11, &mut running, &mut fates);
    let cut = receipt.wait().unwrap().first_new;
    assert!(receipt.wait_retired().is_some(), "{case}");
    if !early {
        gate.open();
    }
    let finished = running.finish().unwrap_or_else(|error| panic!("{case}: {error}"));
    gate.open();
    finished.outputs.into_iter().for_each(|item| fates.out(item));
    finished.failures.into_iter().for_each(|failure| fates.failed(failure));
    fates.back(finished.items);
    // What was let go of without a word is in the ledger alone.
    let (told, dropped) = (fates.known.len() as u64, finished.ledger.dropped());
    assert_eq!(told + dropped, 12, "{case}: {fates:#?}\n{}", finished.ledger);
    assert!(rule == Rule::Drop || dropped == 0, "{case}: {}", finished.ledger);
    for number in 0..12 {
        let tags = if number < cut { ["a", "x", "z"] } else { ["a", "y", "z"] };
        let good = match fates.known.get(&number) {
            Some(Fate::Out(way)) if number >= cut => *way == tags,
            Some(Fate::Out(way)) if *way == tags => number != at,
            Some(Fate::Out(way)) => rule == Rule::Resend && *way == ["a", "y", "z"],
            // It was in the thread's hands, or done, and stuck behind what was in these.
            Some(Fate::Lost(stage)) => rule != Rule::Drop && number < cut && stage.starts_with("s/x"),
            Some(Fate::Failed(stage, way)) => {
                let done = *way == ["a", "x"] && stage.starts_with("s");
                // What comes in chunks does not go again.
                let waiting = *way == ["a"] && (rule == Rule::Fail || chunks || queue < 8);
                number < cut && rule != Rule::Drop && (done || waiting)
            }
            Some(Fate::Back) => false,
            None => rule == Rule::Drop && number < cut,
        };
        assert!(good, "{case}, cut at {cut}: item {number} is {:?}\n{fates:#?}", fates.known.get(&number));
    }
    let lost = fates.count(|fate| matches!(fate, Fate::Lost(_)));
    // What is inside of a thread that does not come home cannot be had.
    assert!(lost <= if kind == Kind::Nested || kind == Kind::Workers(2) { 8 } else { 1 }, "{case}: {fates:#?}");
    let ordered = fates.out.windows(2).all(|pair| pair[0] < pair[1]);
    assert!(ordered, "{case}: {:?}", fates.out);
    let ledger = finished.ledger;
    let counted = (ledger.accepted(), ledger.delivered(), ledger.in_flight());
    assert_eq!(counted, (12, fates.out.len() as u64, 0), "{case}: {ledger}");
    assert!(ledger.is_balanced(), "{case}: {ledger}");
}

#[test]
fn g4_a_stage_that_stands_still_is_routed_around_by_every_rule() {
    for kind in KINDS {
        for rule in RULES {
            for (at, queue) in [(0, 64), (2, 64), (7, 64), (0, 2), (1, 1)] {
                for early in [false, true] {
                    if early && kind == Kind::Nested {
                        // See `a_thread_inside_a_thread_that_stands_still_can_be_left` in `threads_found2.rs`.
                        continue;
                    }
                    for chunks in [false, true] {
                        route_around(kind, rule, at, queue, early, chunks);
                    }
                }
            }
        }
    }
}

/// A switch whose targets are ends: what goes to one does not wait for what is in another.
#[test]
fn g4_a_stage_that_stands_still_is_drained_while_items_go_another_way() {
    for kind in KINDS {
        let case = format!("{kind:?}");
        let _watch = watch(case.clone());
        let gate = Gate::default();
        let (sender, taken) = mpsc::channel();
        let end = |sender: &mpsc::Sender<Item>| {
            let sender = sender.clone();
            move |item: Item| sender.send(item).unwrap()
        };
        let stage = || blocks("x", 1, gate.clone());
        let x = Pipeline::new("x");
        let x = match kind {
            Kind::Thread => x.thread("t", |t| t.stage("blocks", stage())),
            Kind::Nested => x.thread("t", |t| t.thread("inner", |t| t.stage("blocks", stage()))),
            Kind::Workers(count) => {
                let gate = gate.clone();
                x.workers("w", count, move || blocks("x", 1, gate.clone()))
            }
        };
        let y = Pipeline::new("y").stage("y", step("y")).stage("end", end(&sender));
        let switch = Switch::new("s").target("x", x.stage("end", end(&sender))).target("y", y).route("x");
        let running = Pipeline::new("p").switch(switch).spawn().unwrap();
        running.send_all(items(0..4)).unwrap();
        gate.wait_for_one();
        running.settle().unwrap();
        let receipt = running.controller().route("s", "y").unwrap();
        running.send_all(items(4..8)).unwrap();
        let mut meanwhile = Vec::new();
        while !meanwhile.contains(&7) {
            meanwhile.push(taken.recv().unwrap().number);
        }
        assert!(!receipt.is_retired(), "{case}");
        gate.open();
        receipt.wait_retired().unwrap();
        let finished = running.finish().unwrap();
        let mut all = meanwhile;
        all.extend(taken.try_iter().map(|item| item.number));
        for way in [0..4, 4..8] {
            let of: Vec<u64> = all.iter().copied().filter(|number| way.contains(number)).collect();
            assert_eq!(of, way.collect::<Vec<_>>(), "{case}");
        }
        assert_eq!((finished.ledger.delivered(), finished.ledger.in_flight()), (8, 0), "{case}");
    }
}

/// With nobody to open the gate: the pipeline comes back without the thread.
#[test]
fn g6_a_pipeline_with_a_stage_that_stands_still_can_be_aborted() {
    for kind in KINDS {
        for at in [0, 3] {
            let case = format!("{kind:?} at {at}");
            let _watch = watch(case.clone());
            let gate = Gate::default();
            let running = pipeline(kind, at, &gate, 64).spawn().unwrap();
            running.send_all(items(0..6)).unwrap();
            gate.wait_for_one();
            let aborted = running.abort().unwrap();
            gate.open();
            let mut fates = Fates { case: case.clone(), ..Fates::default() };
            aborted.outputs.into_iter().for_each(|item| fates.out(item));
            aborted.failures.into_iter().for_each(|failure| fates.failed(failure));
            fates.back(aborted.items);
            fates.check(6, None, &aborted.ledger).unwrap_or_else(|why| panic!("{case}: {why}\n{fates:#?}"));
            assert!(matches!(fates.known[&at], Fate::Lost(_)), "{case}: {fates:#?}");
            // What is inside of a thread that does not come home cannot be had, nor what another worker has in hand.
            let lost = fates.count(|fate| matches!(fate, Fate::Lost(_)));
            assert!(lost == 1 || kind == Kind::Nested || kind == Kind::Workers(2), "{case}: {fates:#?}");
        }
    }
}
