//! A pipeline on a thread of its own, and its two ends.

#[path = "spawn/ends.rs"]
mod ends;
#[path = "spawn/faults.rs"]
mod faults;
#[path = "spawn/patience.rs"]
mod patience;
#[path = "spawn/scoped.rs"]
mod scoped;

use std::sync::mpsc;
use std::thread;

use coroute::{Ends, FlowError, OnFailure, Output, Pipeline, Stage, Switch, async_stage, sink};
use futures::StreamExt;
use futures::channel::mpsc as queues;
use futures::executor::block_on;

fn plain() -> Pipeline<i64, i64> {
    Pipeline::new("p").stage("add", |x: i64| x + 1)
}

/// Gives the sum of every two items.
#[derive(Default)]
struct Pairs(Option<i64>);

impl Stage<i64> for Pairs {
    type Out = i64;

    fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
        match self.0.take() {
            None => self.0 = Some(item),
            Some(first) => out.emit(first + item),
        }
    }

    fn finish(&mut self, out: &mut Output<'_, i64>) {
        if let Some(last) = self.0.take() {
            out.emit(last);
        }
    }

    fn held(&self) -> usize {
        self.0.is_some().into()
    }
}

#[test]
fn g2_outputs_come_in_order_however_items_are_sent() {
    let pipelines = [
        plain(),
        plain().filter("even", |x| x % 2 == 0),
        plain().flat_map("twice", |x| [x, x]),
        plain().try_stage("try", |x| if x % 3 == 0 { Err("three") } else { Ok(*x) }).on_failure(OnFailure::skip()),
        plain().buffer("queue", 7).stage("again", |x| x),
        plain().async_stage("later", 5, |x| async move { x }),
        Pipeline::new("p").switch(Switch::new("s").target("a", |x: i64| x + 1).target("b", |x: i64| x + 1).route("a")),
    ];
    for (number, pipeline) in pipelines.into_iter().enumerate() {
        let (sender, mut receiver, handle) = pipeline.spawn_with(Ends { door: 50, exit: 20 }).unwrap().split();
        let feeding = thread::spawn(move || {
            for item in 0..1000 {
                sender.send(item).unwrap();
            }
            sender.send_all(1000..4000).unwrap();
            for item in (4000..).take(1000) {
                block_on(sender.send_async(item)).unwrap();
            }
        });
        let got: Vec<i64> = receiver.iter().map(Result::unwrap).collect();
        feeding.join().unwrap();
        let all = 1..=5000;
        let expected: Vec<i64> = match number {
            1 => all.filter(|x| x % 2 == 0).collect(),
            2 => all.flat_map(|x| [x, x]).collect(),
            3 => all.filter(|x| x % 3 != 0).collect(),
            _ => all.collect(),
        };
        assert_eq!(got, expected, "pipeline {number}");
        let ledger = handle.join().unwrap().ledger;
        assert_eq!((ledger.accepted(), ledger.in_flight()), (5000, 0), "pipeline {number}");
        assert_eq!(ledger.delivered(), expected.len() as u64, "pipeline {number}");
        assert!(ledger.is_balanced(), "{ledger}");
    }
}

#[test]
fn the_thread_has_the_pipelines_name() {
    let name = |_: ()| thread::current().name().map(str::to_owned);
    let running = Pipeline::new("conductor-7").stage("name", name).spawn().unwrap();
    running.send(()).unwrap();
    assert_eq!(running.finish().unwrap().outputs, [Some("conductor-7".to_owned())]);
}

#[test]
fn g4_an_edit_governs_what_was_not_accepted_before_it() {
    let mut running = plain().spawn().unwrap();
    let controller = running.controller();
    running.send_all(0..300).unwrap();
    running.settle().unwrap();
    assert_eq!(running.accepted(), 300);
    let receipt = controller.insert_after("add", "neg", |x: i64| -x).unwrap();
    running.send_all(300..600).unwrap();
    let cut = receipt.wait().unwrap();
    assert_eq!((cut.last_old, cut.first_new), (Some(299), 300));
    running.flush().unwrap();
    let got: Vec<i64> = (0..600).map(|_| running.try_recv().unwrap().unwrap()).collect();
    assert_eq!(got, (1..=300).chain((301..=600).map(|x| -x)).collect::<Vec<_>>());
}

#[test]
fn g9_an_idle_pipeline_applies_edits_and_hands_stages_over() {
    let mut count = 0;
    let counter = move |x: i64| {
        count += 1;
        x + count
    };
    let running = Pipeline::new("p").stage("count", counter).spawn().unwrap();
    let controller = running.controller();
    let inserted = controller.push_back("neg", |x: i64| -x).unwrap();
    assert_eq!(inserted.wait().unwrap().first_new, 0);
    running.send(10).unwrap();
    running.settle().unwrap();
    let removed = controller.remove("count").unwrap();
    removed.wait_retired().unwrap();
    let mut count = removed.take_pipeline::<i64, i64>("count").unwrap();
    assert_eq!(count.call(10).unwrap(), 12, "it is the stage that has counted one");
    assert_eq!(running.finish().unwrap().outputs, [-11]);
}

#[test]
fn g3_an_edit_is_seen_whole_while_items_flow() {
    const EDITS: i64 = 200;
    let tag = |revision: i64| move |(item, passed): (i64, Vec<i64>)| (item, [passed, vec![revision]].concat());
    let pipeline = Pipeline::new("p").stage("first", tag(0)).buffer("queue", 8).stage("second", tag(0));
    let controller = pipeline.controller();
    let (sender, mut receiver, handle) = pipeline.spawn_with(Ends { door: 64, exit: 64 }).unwrap().split();
    let feeding = thread::spawn(move || {
        let mut sent = 0;
        for edit in 1..=EDITS {
            sender.send_all((sent..sent + 50).map(|item| (item, Vec::new()))).unwrap();
            sent += 50;
            let commit = controller.edit(|e| {
                e.replace("first", tag(edit))?;
                e.replace("second", tag(edit))
            });
            commit.unwrap();
        }
        sender.send((sent, Vec::new())).unwrap();
        sent
    });
    let mut last = 0;
    for (number, news) in receiver.iter().enumerate() {
        let (item, passed) = news.unwrap();
        assert_eq!(item, number as i64, "G2");
        assert_eq!(passed[0], passed[1], "G1, G3: item {item}");
        assert!(passed[0] >= last, "G3: item {item} is of revision {} after {last}", passed[0]);
        last = passed[0];
    }
    assert_eq!(last, EDITS, "G4: the last item came after the last edit");
    assert_eq!(handle.join().unwrap().ledger.delivered(), feeding.join().unwrap() as u64 + 1);
}

#[test]
fn g4_a_stalled_sink_that_a_route_leaves_traps_nothing() {
    let ((a, mut a_out), (b, b_out)) = (queues::channel(0), queues::channel(64));
    let out = Switch::new("out").target("a", sink(a)).target("b", sink(b)).route("a");
    let pipeline = Pipeline::new("p").switch(out);
    let controller = pipeline.controller();
    let running = pipeline.spawn().unwrap();
    running.send(0).unwrap();
    running.settle().unwrap();
    // The sink has one, and takes no more.
    running.send_all(1..10).unwrap();
    controller.route("out", "b").unwrap();
    running.settle().unwrap();
    assert_eq!(a_out.try_recv(), Ok(0));
    let finished = running.finish().unwrap();
    assert_eq!((finished.ledger.delivered(), finished.items.len()), (10, 0));
    drop(finished);
    assert_eq!(block_on(b_out.collect::<Vec<i64>>()), (1..10).collect::<Vec<_>>());
}

#[test]
fn g2_finish_has_stages_give_what_they_hold() {
    let running = Pipeline::new("p").stage("pairs", Pairs::default()).stage("neg", |x: i64| -x).spawn().unwrap();
    running.send_all([1, 2, 3]).unwrap();
    running.settle().unwrap();
    assert_eq!(running.ledger().in_flight() + running.ledger().delivered(), 2, "{}", running.ledger());
    let finished = running.finish().unwrap();
    assert_eq!(finished.outputs, [-3, -3]);
    assert_eq!((finished.ledger.accepted(), finished.ledger.in_flight()), (3, 0));
}

#[test]
fn g2_failures_come_out_in_their_place() {
    let pipeline = Pipeline::new("p").try_stage("odd", |x: &i64| if x % 2 == 1 { Ok(*x) } else { Err("even") });
    let mut running = pipeline.spawn().unwrap();
    running.send_all(1..=4).unwrap();
    let mut got = Vec::new();
    for _ in 0..4 {
        match running.recv().unwrap() {
            Ok(output) => got.push(output),
            Err(FlowError::Failed(failure)) => got.push(-failure.into_item::<i64>().unwrap()),
            Err(held) => panic!("{held}"),
        }
    }
    assert_eq!(got, [1, -2, 3, -4]);
    running.send(6).unwrap();
    let finished = running.finish().unwrap();
    assert_eq!(finished.failures.len(), 1);
    assert_eq!(finished.ledger.failed(), 3);
}

#[test]
fn g4_a_paused_pipeline_goes_on_when_it_is_resumed() {
    let pipeline = plain();
    let controller = pipeline.controller();
    controller.pause().unwrap();
    let (sender, mut receiver, handle) = pipeline.spawn_with(Ends { door: 2, exit: 2 }).unwrap().split();
    let (begun, told) = mpsc::channel();
    let feeding = thread::spawn(move || {
        sender.send_all(0..2).unwrap();
        begun.send(()).unwrap();
        // This blocks, or comes after the pipeline was resumed.
        sender.send_all(2..100).unwrap();
    });
    told.recv().unwrap();
    assert_eq!(handle.ledger().accepted(), 0);
    controller.resume().unwrap();
    assert_eq!(receiver.iter().map(Result::unwrap).collect::<Vec<_>>(), (1..=100).collect::<Vec<_>>());
    feeding.join().unwrap();
}

#[test]
fn g2_a_flush_has_sinks_flushed() {
    let (sender, mut out) = queues::channel(1);
    let mut running = Pipeline::new("p").sink("out", futures::SinkExt::buffer(sender, 8)).spawn().unwrap();
    running.send(1).unwrap();
    let taking = thread::spawn(move || block_on(out.next()));
    running.flush().unwrap();
    assert_eq!(taking.join().unwrap(), Some(1));
    assert_eq!(running.ledger().delivered(), 1);
}

#[test]
fn g6_an_abort_gives_everything_back() {
    let never = async_stage(2, |_: i64| std::future::pending::<i64>()).cloned();
    let running = Pipeline::new("p").stage("never", never).spawn().unwrap();
    running.send_all(0..2).unwrap();
    running.settle().unwrap();
    running.send_all(2..5).unwrap();
    let aborted = running.abort().unwrap();
    let failed: Vec<i64> = aborted.failures.into_iter().map(|failure| failure.into_item().unwrap()).collect();
    assert_eq!((failed, aborted.items), (vec![0, 1], vec![2, 3, 4]));
    assert!(aborted.ledger.is_balanced());
}
