//! Waiting for no longer than one wants to, and what is there when that is over.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use coroute::{CallError, Ends, Hold, Path, Pipeline, Switch, TryRecvError, TrySendError, sink, thread, workers};

/// Long enough for everything that is to happen.
const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(5);

/// A stage that says when an item comes, and keeps it until the gate is opened.
fn gated(pipeline: &str) -> (Pipeline<i64, i64>, mpsc::Receiver<i64>, mpsc::Sender<()>) {
    let ((enters, entered), (open, gate)) = (mpsc::channel(), mpsc::channel::<()>());
    let stage = move |x: i64| {
        enters.send(x).unwrap();
        let _ = gate.recv();
        x
    };
    (Pipeline::new(pipeline).stage("gate", stage), entered, open)
}

#[test]
fn g2_an_item_that_found_no_room_in_time_comes_back() {
    let (inner, entered, open) = gated("t");
    let pipeline = Pipeline::new("p").stage("t", thread(inner).queue(1));
    let mut running = pipeline.spawn_with(Ends { door: 1, exit: 1 }).unwrap();
    running.send_timeout(0, LONG).unwrap();
    assert_eq!(entered.recv(), Ok(0));
    running.send_timeout(1, LONG).unwrap();
    let refused = running.send_timeout(2, SHORT);
    assert_eq!(refused, Err(TrySendError::Full(2)));
    assert_eq!(running.recv_timeout(SHORT).unwrap_err(), TryRecvError::Empty);
    drop(open);
    running.send_timeout(3, Duration::MAX).unwrap();
    let outputs: Vec<i64> = running.iter().take(3).map(Result::unwrap).collect();
    assert_eq!(outputs, [0, 1, 3]);
    assert_eq!(running.closed(), None);
    let ledger = running.finish().unwrap().ledger;
    assert_eq!((ledger.accepted(), ledger.delivered()), (3, 3));
}

#[test]
fn g2_a_sender_that_is_refused_in_the_meantime_has_its_item_back() {
    let pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1);
    pipeline.controller().pause().unwrap();
    let (sender, receiver, handle) = pipeline.spawn_with(Ends { door: 1, exit: 1 }).unwrap().split();
    sender.send(0).unwrap();
    let waiting = std::thread::spawn(move || sender.send_timeout(1, LONG));
    handle.abort();
    let aborted = handle.join().unwrap();
    let Err(TrySendError::Closed(unsent)) = waiting.join().unwrap() else { panic!("it was aborted") };
    assert_eq!((unsent.item, aborted.items), (1, vec![0]));
    drop(receiver);
}

#[test]
fn g9_an_end_that_does_not_come_can_be_waited_for_again() {
    let (inner, entered, open) = gated("t");
    let pipeline = Pipeline::new("p").stage("t", thread(inner)).stage("add", |x: i64| x + 1);
    let running = pipeline.spawn().unwrap();
    running.send_all([1, 2, 3]).unwrap();
    assert_eq!(entered.recv(), Ok(1));
    open.send(()).unwrap();
    assert_eq!(entered.recv(), Ok(2));
    let before = running.threads();
    let Err(mut running) = running.finish_timeout(SHORT) else { panic!("a stage is in its way") };
    let now = running.threads();
    let names: Vec<&str> = now.busy_since(&before).map(|row| row.thread.as_str()).collect();
    assert_eq!(names, ["t"]);
    assert_eq!(running.send(4).unwrap_err().item, 4);
    assert!(running.closed().is_some());
    drop(open);
    // What came out first waits, if it has come; and nothing of it is lost.
    let first = running.recv_timeout(LONG).unwrap().unwrap();
    let finished = running.finish_timeout(LONG).unwrap_or_else(|_| panic!("nothing is in its way")).unwrap();
    assert_eq!((first, finished.outputs), (2, vec![3, 4]));
    assert_eq!((finished.ledger.accepted(), finished.ledger.delivered()), (3, 3));
}

#[test]
fn g9_outputs_that_came_while_one_waited_for_the_end_are_there() {
    let ((enters, entered), (open, gate)) = (mpsc::channel(), mpsc::channel::<()>());
    let pipeline = Pipeline::new("p").thread("t", move |t| {
        t.stage("gate", move |x: i64| {
            if x == 3 {
                enters.send(()).unwrap();
                let _ = gate.recv();
            }
            x
        })
    });
    let running = pipeline.spawn().unwrap();
    for item in 1..=3 {
        running.send(item).unwrap();
        running.settle().unwrap();
    }
    entered.recv().unwrap();
    let Err(mut running) = running.finish_timeout(SHORT) else { panic!("a stage is in its way") };
    assert_eq!(running.recv_timeout(LONG).unwrap().unwrap(), 1);
    assert_eq!(running.recv_timeout(LONG).unwrap().unwrap(), 2);
    assert_eq!(running.recv_timeout(SHORT).unwrap_err(), TryRecvError::Empty);
    drop(open);
    assert_eq!(running.finish().unwrap().outputs, [3]);
}

#[test]
fn g6_a_thread_that_is_away_is_not_called_a_panicked_one() {
    let (inner, entered, open) = gated("t");
    let running = Pipeline::new("p").stage("t", thread(inner)).spawn().unwrap();
    running.send(1).unwrap();
    assert_eq!(entered.recv(), Ok(1));
    let aborted = running.abort().unwrap();
    assert_eq!(aborted.blocked, ["t"]);
    let mut pipeline = aborted.pipeline;
    let Err(CallError::Held(held)) = pipeline.call(2) else { panic!("what it runs is away") };
    assert_eq!(held.why, Hold::Away { stage: Path::new("t").unwrap() });
    assert_eq!(
        held.to_string(),
        "item held back: stage \"t\" is on a thread that has not come home; replace it, or take it out"
    );
    pipeline.controller().replace("t", |x: i64| -x).unwrap();
    assert_eq!(pipeline.call(2).unwrap(), -2);
    drop(open);
}

/// Begins in a thread when its first stage is called, and ends with the thread.
struct Guard;

static BEGUN: AtomicUsize = AtomicUsize::new(0);
static ENDED: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static GUARD: Cell<Option<Guard>> = const { Cell::new(None) };
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Whoever does not wait for the thread is ahead of it.
        std::thread::sleep(Duration::from_millis(2));
        ENDED.fetch_add(1, Ordering::Relaxed);
    }
}

fn guarded(x: i64) -> i64 {
    let guard = GUARD.take().unwrap_or_else(|| {
        BEGUN.fetch_add(1, Ordering::Relaxed);
        Guard
    });
    GUARD.set(Some(guard));
    x
}

#[test]
fn g9_all_threads_have_ended_when_the_end_is_known() {
    let pipeline = || {
        Pipeline::new("p")
            .thread("t", |t| t.thread("u", |u| u.stage("inner", guarded)).stage("outer", guarded))
            .stage("w", workers(3, || guarded))
    };
    let threads = || (BEGUN.load(Ordering::Relaxed), ENDED.load(Ordering::Relaxed));
    for _ in 0..10 {
        let mut running = pipeline().spawn().unwrap();
        running.send_all(0..20).unwrap();
        running.controller().workers("w", 1).unwrap();
        running.send_all(0..20).unwrap();
        running.flush().unwrap();
        let before = threads();
        assert!(before.0 >= before.1 + 3, "{before:?}");
        let finished = running.finish().unwrap();
        let after = threads();
        assert_eq!((finished.outputs.len(), after.0 - after.1), (40, 0), "{after:?}");
        let mut again = pipeline();
        again.run(0..20, |_| ()).unwrap();
        let after = threads();
        assert!(after.0 > before.0 && after.0 == after.1, "{after:?}");
    }
}

#[test]
fn what_unordered_workers_have_done_does_not_wait_for_one_that_is_stuck() {
    let ((enters, entered), (open, gate)) = (mpsc::channel(), mpsc::channel::<()>());
    let gate = std::sync::Arc::new(std::sync::Mutex::new(gate));
    let maker = move || {
        let (enters, gate) = (enters.clone(), std::sync::Arc::clone(&gate));
        move |x: i64| {
            if x == 0 {
                enters.send(()).unwrap();
                let _ = gate.lock().unwrap().recv();
            }
            x
        }
    };
    let mut running = Pipeline::new("p").stage("w", workers(2, maker).queue(64).unordered()).spawn().unwrap();
    running.send_all(0..8).unwrap();
    entered.recv().unwrap();
    let mut some: Vec<i64> = (0..4).map(|_| running.recv_timeout(LONG).unwrap().unwrap()).collect();
    some.sort_unstable();
    assert_eq!(some, [4, 5, 6, 7], "half of the packet that the other worker had");
    drop(open);
    let begun = Instant::now();
    let mut rest = running.finish().unwrap().outputs;
    rest.sort_unstable();
    assert_eq!(rest, [0, 1, 2, 3], "after {:?}", begun.elapsed());
}

#[test]
fn g9_after_finish_timeout_nothing_is_taken_in_also_where_the_pipelines_own_thread_is_busy() {
    let ((enters, entered), (open, gate)) = (mpsc::channel(), mpsc::channel::<()>());
    let stage = move |x: i64| {
        enters.send(()).unwrap();
        let _ = gate.recv();
        x
    };
    let running = Pipeline::new("p").stage("gate", stage).spawn().unwrap();
    running.send(1).unwrap();
    entered.recv().unwrap();
    let Err(running) = running.finish_timeout(SHORT) else { panic!("a stage is in its way") };
    assert!(running.closed().is_some());
    assert_eq!(running.send(2).unwrap_err().item, 2);
    drop(open);
    assert_eq!(running.finish().unwrap().outputs, [1]);
}

#[test]
fn a_thread_of_the_same_name_is_not_taken_for_one_that_is_stuck() {
    let ((enters, entered), (open, gate)) = (mpsc::channel(), mpsc::channel::<()>());
    let gate = std::sync::Arc::new(std::sync::Mutex::new(gate));
    let inner = || {
        let (enters, gate) = (enters.clone(), std::sync::Arc::clone(&gate));
        let stage = move |x: i64| {
            enters.send(()).unwrap();
            let _ = gate.lock().unwrap().recv();
            x
        };
        Pipeline::new("x").thread("t", |t| t.stage("gate", stage))
    };
    let running = Pipeline::new("p").stage("a", inner()).stage("b", inner()).spawn().unwrap();
    running.send(1).unwrap();
    entered.recv().unwrap();
    let before = running.threads();
    assert_eq!(running.threads().busy_since(&before).count(), 1);
    open.send(()).unwrap();
    entered.recv().unwrap();
    let now = running.threads();
    assert_eq!(now.busy_since(&before).count(), 0, "{before}{now}");
    open.send(()).unwrap();
    assert_eq!(running.finish().unwrap().outputs, [1]);
}

#[test]
fn g9_what_an_edit_takes_out_has_gone_when_run_or_abort_returns() {
    let kinds = || -> [Pipeline<i64, i64>; 4] {
        let add = |x: i64| x + 1;
        [
            Pipeline::new("p").workers("t", 2, move || add),
            Pipeline::new("p").thread("t", move |t| t.stage("add", add)),
            Pipeline::new("p").stage("t", workers(2, move || add).unordered()),
            Pipeline::new("p").thread("t", move |t| t.thread("u", move |u| u.stage("add", add))),
        ]
    };
    for _ in 0..10 {
        for mut pipeline in kinds() {
            let (controller, mut came, mut receipt) = (pipeline.controller(), 0, None);
            let ran = pipeline.run(0..2000, |_| {
                came += 1;
                if came == 700 {
                    receipt = Some(controller.remove("t").unwrap());
                }
            });
            assert_eq!((ran.unwrap().delivered(), pipeline.call(5).unwrap()), (2000, 5));
            assert!(receipt.unwrap().is_retired());
        }
        for pipeline in kinds() {
            let running = pipeline.spawn().unwrap();
            running.send_all(0..900).unwrap();
            running.settle().unwrap();
            let receipt = running.controller().replace("t", |x: i64| -x).unwrap();
            let mut aborted = running.abort().unwrap();
            assert_eq!(aborted.pipeline.call(5).unwrap(), -5, "away: {:?}", aborted.blocked);
            assert!(receipt.is_retired(), "away: {:?}", aborted.blocked);
        }
    }
}

#[test]
fn g9_an_abort_does_not_wait_for_a_sink_that_takes_nothing_and_was_left() {
    let (stalled, _kept) = futures::channel::mpsc::channel::<i64>(0);
    let (open, mut taken) = futures::channel::mpsc::channel::<i64>(8);
    let switch = Switch::new("out").target("a", sink(stalled)).target("b", sink(open)).route("a");
    let running = Pipeline::new("p").thread("t", |t| t.stage("add", |x: i64| x + 1)).switch(switch).spawn().unwrap();
    let controller = running.controller();
    running.send_all([1, 2, 3]).unwrap();
    running.settle().unwrap();
    controller.edit(|e| e.route("out", "b")?.insert_after("t/add", "neg", |x: i64| -x)).unwrap();
    running.send(4).unwrap();
    running.settle().unwrap();
    let aborted = running.abort().unwrap();
    assert!(aborted.ledger.is_balanced() && aborted.blocked.is_empty(), "{}", aborted.ledger);
    let mut delivered = 0;
    while let Ok(item) = taken.try_recv() {
        assert_eq!(item, -5);
        delivered += 1;
    }
    assert!(delivered <= 1);
}
