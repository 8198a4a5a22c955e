//! Stages that threads work for, in a spawned pipeline: order, edits, what is lost and what is not.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};

use coroute::{InFlight, Output, Pipeline, Stage, Switch, ThroughExt, async_stage, flat_map, thread, workers};
use futures::executor::block_on;
use futures::{StreamExt, stream};

/// Spawns the pipeline, sends `items` from another thread, calling `each` before every one, and gives what comes out.
fn run<Out: Send + 'static>(
    pipeline: Pipeline<i64, Out>,
    items: i64,
    each: impl Fn(i64, &coroute::Controller) + Send + 'static,
) -> Vec<Out> {
    let running = pipeline.spawn().unwrap();
    let controller = running.controller();
    let (sender, receiver, handle) = running.split();
    let sends = std::thread::spawn(move || {
        for item in 0..items {
            each(item, &controller);
            sender.send(item).unwrap();
        }
    });
    let outputs = receiver.into_iter().map(Result::unwrap).collect();
    sends.join().unwrap();
    let finished = handle.join().unwrap();
    let ledger = finished.ledger;
    let sum = ledger.delivered() + ledger.dropped() + ledger.failed();
    assert_eq!((ledger.in_flight(), ledger.accepted() + ledger.split()), (0, sum));
    outputs
}

/// Gives the sum of every three items.
#[derive(Default)]
struct Threes(Vec<i64>);

impl Stage<i64> for Threes {
    type Out = i64;

    fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
        self.0.push(item);
        if self.0.len() == 3 {
            out.emit(self.0.drain(..).sum());
        }
    }

    fn finish(&mut self, out: &mut Output<'_, i64>) {
        if !self.0.is_empty() {
            out.emit(self.0.drain(..).sum());
        }
    }

    fn held(&self) -> usize {
        self.0.len()
    }
}

#[test]
fn g2_order_is_kept_through_threads_and_workers_while_both_are_edited() {
    let pipeline = Pipeline::new("p")
        .stage("add", |x: i64| x + 1)
        .thread("t", |t| t.stage("double", |x: i64| x * 2).filter("thirds", |x| x % 3 != 0))
        .workers("w", 3, || |x: i64| x + 10);
    let outputs = run(pipeline, 20_000, |item, controller| {
        if item % 500 == 0 {
            controller.replace("t/double", |x: i64| x * 2).unwrap();
        }
        if item % 700 == 0 {
            controller.workers("w", 1 + (item as usize / 700) % 4).unwrap();
        }
        if item % 900 == 0 {
            controller.replace("w", workers(2, || |x: i64| x + 10)).unwrap();
        }
    });
    let doubled = (0..20_000).map(|x| (x + 1) * 2).filter(|x| x % 3 != 0);
    assert!(outputs.into_iter().eq(doubled.map(|x| x + 10)));
}

#[test]
fn g1_a_switch_whose_targets_live_on_different_threads_is_rerouted_without_a_mixed_item() {
    let target = |name: &'static str| move |(x, way): (i64, String)| (x, way + name);
    let second = Switch::new("second")
        .target("a", Pipeline::new("a").thread("t", |t| t.stage("tell", target("a"))))
        .target("b", workers(2, move || target("b")))
        .route("a");
    let first = Switch::new("first")
        .target("a", target("a"))
        .target("b", Pipeline::new("b").thread("t", |t| t.stage("tell", target("b"))))
        .route("a");
    let pipeline = Pipeline::new("p").stage("begin", |x: i64| (x, String::new())).switch(first).switch(second);
    let outputs = run(pipeline, 20_000, |item, controller| {
        if item % 97 == 0 {
            let to = if item % 2 == 0 { "a" } else { "b" };
            controller.edit(|e| e.route("first", to)?.route("second", to)).unwrap();
        }
    });
    assert!(outputs.iter().map(|(x, _)| *x).eq(0..20_000));
    let mixed = outputs.iter().find(|(_, way)| way != "aa" && way != "bb");
    assert_eq!(mixed, None);
    // The negative control: two edits in the place of one give items that went half by each.
    assert!(outputs.iter().any(|(_, way)| way == "aa") && outputs.iter().any(|(_, way)| way == "bb"));
}

#[test]
fn g3_two_edits_instead_of_one_are_caught_as_mixed_items() {
    let target = |name: &'static str| move |way: String| way + name;
    let switch =
        |name: &str| Switch::new(name).target("a", target("a")).target("b", target("b")).route("a").into_pipeline();
    let pipeline = Pipeline::new("p")
        .stage("begin", |_: i64| String::new())
        .stage("first", switch("first"))
        .stage("between", thread(Pipeline::new("between")))
        .stage("second", switch("second"));
    let running = pipeline.spawn().unwrap();
    let controller = running.controller();
    running.send(0).unwrap();
    running.settle().unwrap();
    controller.route("first/first", "b").unwrap();
    running.send(1).unwrap();
    running.settle().unwrap();
    controller.route("second/second", "b").unwrap();
    running.send(2).unwrap();
    assert_eq!(running.finish().unwrap().outputs, ["aa", "ba", "bb"]);
}

#[test]
fn g2_each_key_has_one_worker_and_order_is_kept() {
    let seen: Arc<Mutex<HashMap<i64, usize>>> = Arc::default();
    let made = Arc::new(AtomicUsize::new(0));
    let (known, maker) = (Arc::clone(&seen), move || {
        let number = made.fetch_add(1, Ordering::Relaxed);
        let known = Arc::clone(&seen);
        move |x: i64| {
            assert_eq!(*known.lock().unwrap().entry(x % 17).or_insert(number), number, "a key has moved");
            x
        }
    });
    let pipeline = Pipeline::new("p").stage("count", workers(3, maker).by_key(|x| x % 17));
    assert!(run(pipeline, 5_000, |_, _| ()).into_iter().eq(0..5_000));
    let workers: std::collections::HashSet<usize> = known.lock().unwrap().values().copied().collect();
    assert_eq!(workers.len(), 3);
}

#[test]
fn g2_unordered_workers_lose_nothing_and_do_not_pass_an_edit() {
    let switch = Switch::new("mark").target("old", |x: i64| x).target("new", |x: i64| -x).route("old");
    let pipeline = Pipeline::new("p").switch(switch).stage("w", workers(3, || |x: i64| x).unordered());
    let outputs = run(pipeline.stage("last", |x: i64| x), 5_000, |item, controller| {
        if item == 2_500 {
            // Something behind the workers has to tell the items of before from those of after.
            controller.edit(|e| e.route("mark", "new")?.replace("last", |x: i64| x)).unwrap();
        }
    });
    let cut = outputs.iter().position(|x| *x < 0).unwrap();
    assert!(outputs[cut..].iter().all(|x| *x < 0), "an item of after the edit was ahead of one of before");
    let mut all: Vec<i64> = outputs.into_iter().map(i64::abs).collect();
    all.sort_unstable();
    assert!(all.into_iter().eq(0..5_000));
}

#[test]
fn g2_what_stages_hold_back_comes_at_the_end_and_when_they_leave() {
    let pipeline = Pipeline::new("p").thread("t", |t| t.stage("threes", Threes::default()));
    assert_eq!(run(pipeline, 7, |_, _| ()), [3, 12, 6]);

    let pipeline = Pipeline::new("p").thread("t", |t| t.stage("threes", Threes::default()));
    let running = pipeline.spawn().unwrap();
    running.send_all([1, 2]).unwrap();
    running.settle().unwrap();
    let receipt = running.controller().remove("t/threes").unwrap();
    running.send(10).unwrap();
    assert!(receipt.wait_retired().is_some());
    assert_eq!(running.finish().unwrap().outputs, [3, 10]);

    // Of two workers each holds something; the one that goes gives it, and so does the other at the end.
    let pipeline = Pipeline::new("p").stage("threes", workers(2, Threes::default));
    let mut running = pipeline.spawn().unwrap();
    running.send_all([1, 2]).unwrap();
    running.flush().unwrap();
    running.controller().workers("threes", 1).unwrap();
    running.send(10).unwrap();
    let finished = running.finish().unwrap();
    assert_eq!(finished.outputs.iter().sum::<i64>(), 13);
    assert_eq!(finished.ledger.in_flight(), 0);
}

#[test]
fn a_stage_moves_from_thread_to_thread() {
    let names: Arc<Mutex<Vec<String>>> = Arc::default();
    let told = Arc::clone(&names);
    let tell = move |x: i64| {
        told.lock().unwrap().push(std::thread::current().name().unwrap_or("?").to_owned());
        x
    };
    let pipeline = Pipeline::new("p")
        .thread("one", |t| t.stage("tell", tell).stage("a", |x: i64| x))
        .thread("two", |t| t.stage("b", |x: i64| x));
    let running = pipeline.spawn().unwrap();
    let controller = running.controller();
    for after in ["two/b", "one/a"] {
        running.send(1).unwrap();
        running.settle().unwrap();
        let tell = if after == "two/b" { "one/tell" } else { "two/tell" };
        controller.move_after(tell, after).unwrap();
    }
    running.send(3).unwrap();
    assert_eq!(running.finish().unwrap().outputs, [1, 1, 3]);
    assert_eq!(*names.lock().unwrap(), ["one", "two", "one"]);
}

#[test]
fn g6_a_panicking_worker_loses_one_item_and_the_others_go_on() {
    let fail = |x: i64| {
        assert!(x != 50, "fifty");
        x
    };
    let one = Pipeline::new("p").workers("w", 2, move || fail);
    let running = one.spawn().unwrap();
    running.send_all(0..100).unwrap();
    let error = running.finish().unwrap_err();
    assert_eq!(error.to_string(), "stage \"w\" panicked: fifty");
    let finished = error.into_finished().unwrap();
    let others: Vec<i64> = (0..100).filter(|x| *x != 50).collect();
    assert_eq!(finished.outputs, others);
    let failures: Vec<String> = finished.failures.iter().map(ToString::to_string).collect();
    assert_eq!(failures, ["stage \"w\" failed on cycle 50, revision 0: the stage panicked on it: fifty"]);
    assert_eq!((finished.ledger.delivered(), finished.ledger.failed()), (99, 1));
}

#[test]
fn g6_as_many_workers_as_there_were_are_asked_for_again_when_some_have_panicked() {
    for dead in [1, 2] {
        let fail = move |x: i64| {
            assert!(x >= dead, "it is one of the first");
            x
        };
        let mut running = Pipeline::new("p").workers("w", 2, move || fail).spawn().unwrap();
        for item in 0..dead {
            running.send(item).unwrap();
            assert!(running.recv().unwrap().is_err());
        }
        assert!(running.controller().workers("w", 2).unwrap().wait().is_some());
        running.send(7).unwrap();
        let output = std::iter::from_fn(|| running.recv()).find_map(Result::ok);
        assert_eq!((output, running.controller().threads().stages().len()), (Some(7), 1));
        let workers = running.controller().threads().to_string();
        assert_eq!(workers.matches("w-").count(), 2, "{workers}");
        running.flush().unwrap();
    }
}

#[test]
fn g6_a_thread_whose_stage_panicked_is_mended_by_an_edit() {
    let fail = |x: i64| {
        assert!(x != 1, "one");
        x
    };
    let mut running = Pipeline::new("p").thread("t", |t| t.stage("f", fail)).spawn().unwrap();
    running.send_all([0, 1]).unwrap();
    assert_eq!(running.recv().unwrap().unwrap(), 0);
    let failure = running.recv().unwrap().unwrap_err().to_string();
    assert!(failure.contains("stage \"t/f\" failed on cycle 1"), "{failure}");
    running.controller().replace("t/f", |x: i64| x * 10).unwrap();
    running.send(7).unwrap();
    let all: Vec<_> = std::iter::from_fn(|| running.recv()).find_map(Result::ok).into_iter().collect();
    assert_eq!(all, [70]);
    assert!(running.finish().is_ok(), "what an edit has mended is of no matter any more");
}

/// A stage that says what has come to it and then blocks, until the first of the three is dropped; and who hears it say so.
fn stuck() -> (mpsc::Sender<()>, mpsc::Receiver<i64>, impl FnMut(i64) -> i64 + Send + 'static) {
    let (open, gate) = mpsc::channel::<()>();
    let (entered, enters) = mpsc::channel::<i64>();
    let stuck = move |x: i64| {
        entered.send(x).unwrap();
        let _ = gate.recv();
        x
    };
    (open, enters, stuck)
}

#[test]
fn g4_a_blocked_thread_is_left_and_what_it_has_not_begun_comes_back() {
    let (open, enters, stuck) = stuck();
    let blocked = Pipeline::new("a").thread("t", |t| t.stage("stuck", stuck));
    let switch = Switch::new("s").target("a", blocked).target("b", |x: i64| -x).route("a");
    let mut running = Pipeline::new("p").switch(switch).spawn().unwrap();
    running.send_all(0..10).unwrap();
    running.settle().unwrap();
    assert_eq!(enters.recv().unwrap(), 0);
    let receipt = running.controller().edit(|e| {
        e.route("s", "b")?;
        e.in_flight(InFlight::fail_after(std::future::ready(())))
    });
    running.send_all(10..12).unwrap();
    let mut back = Vec::new();
    for _ in 0..10 {
        let Err(coroute::FlowError::Failed(failure)) = running.recv().unwrap() else { panic!("it was given up") };
        back.push((failure.cycle(), failure.into_item::<i64>().ok()));
    }
    // The one that the thread has in hand cannot be had.
    assert_eq!(back[0].1, None);
    assert!(back[1..].iter().map(|(_, item)| item.unwrap()).eq(1..10));
    assert_eq!([running.recv().unwrap().unwrap(), running.recv().unwrap().unwrap()], [-10, -11]);
    assert!(receipt.unwrap().wait_retired().is_some());
    drop(open);
    let ledger = running.finish().unwrap().ledger;
    assert_eq!((ledger.delivered(), ledger.failed(), ledger.in_flight()), (2, 10, 0));
}

#[test]
fn g7_threads_run_in_place_where_no_thread_is_wanted() {
    let build = || {
        Pipeline::new("p")
            .thread("t", |t| t.stage("double", |x: i64| x * 2).stage("twice", flat_map(|x| [x, x + 1])))
            .stage("w", workers(3, || |x: i64| x + 100).by_key(|x| x % 5))
    };
    let mut called = Vec::new();
    build().send_all(0..50, |out| called.push(out)).unwrap();
    let polled: Vec<i64> = block_on(stream::iter(0..50).through(build()).map(Result::unwrap).collect());
    assert_eq!(called, polled);
    assert_eq!(called, run(build(), 50, |_, _| ()));
}

#[test]
fn threads_nest_and_poll_what_waits_inside_them() {
    let pipeline = Pipeline::new("p").thread("outer", |t| {
        t.async_stage("ask", 4, |x: i64| async move { x + 1 }).thread("inner", |t| t.stage("double", |x: i64| x * 2))
    });
    let outputs = run(pipeline, 3_000, |item, controller| {
        if item % 250 == 0 {
            controller.replace("outer/inner/double", |x: i64| x * 2).unwrap();
            controller.replace("outer/ask", async_stage(4, |x: i64| async move { x + 1 })).unwrap();
        }
    });
    assert!(outputs.into_iter().eq((0..3_000).map(|x| (x + 1) * 2)));
}

#[test]
fn g0_workers_that_cannot_be_are_refused() {
    let none = Pipeline::new("p").workers("w", 0, || |x: i64| x).check().unwrap_err();
    assert!(none.to_string().contains("the number of workers is 0"), "{none}");
    let waits = Pipeline::new("p").workers("w", 2, || async_stage(1, |x: i64| async move { x })).check().unwrap_err();
    assert!(waits.to_string().contains("workers do not wait"), "{waits}");
    let full = Pipeline::new("p").stage("w", workers(2, || |x: i64| x).queue(0)).check().unwrap_err();
    assert!(full.to_string().contains("is 0"), "{full}");
}

#[test]
fn g4_a_blocked_thread_leaves_also_with_an_edit_inside_that_waits_for_it() {
    let (open, enters, stuck) = stuck();
    let mut running = Pipeline::new("p").thread("t", |t| t.stage("stuck", stuck)).spawn().unwrap();
    let controller = running.controller();
    running.send(0).unwrap();
    assert_eq!(enters.recv().unwrap(), 0);
    let now = || InFlight::fail_after(std::future::ready(()));
    let inside = controller.edit(|e| e.replace("t/stuck", |x: i64| -x)?.in_flight(now())).unwrap();
    running.send(1).unwrap();
    running.settle().unwrap();
    let whole = controller.edit(|e| e.remove("t")?.in_flight(now())).unwrap();
    running.send(2).unwrap();
    assert!(inside.wait_retired().is_some() && whole.wait_retired().is_some());
    running.flush().unwrap();
    let ledger = running.ledger();
    assert_eq!((ledger.in_flight(), ledger.failed(), ledger.delivered()), (0, 2, 1), "{ledger}");
    drop(open);
    assert_eq!(running.finish().unwrap().ledger.in_flight(), 0);
}
