//! Faults that random edits and panics under load have found in threads; each test is the least that shows one.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, mpsc};

use coroute::{FlowError, InFlight, Pipeline, Switch, workers};

/// A stage that panics at item 1, and would not say so a second time.
fn breaks() -> impl FnMut(i64) -> i64 + Clone + Send + 'static {
    |x| if x == 1 { resume_unwind(Box::new("one")) } else { x }
}

fn failures<In, Out>(finished: &mut coroute::Finished<In, Out>) -> Vec<String> {
    finished.failures.drain(..).map(|failure| failure.to_string()).collect()
}

#[test]
fn g6_a_stage_on_a_thread_that_has_panicked_is_not_called_again() {
    let pipeline = Pipeline::new("p").thread("t", |t| t.stage("breaks", breaks()));
    let controller = pipeline.controller();
    controller.pause().unwrap();
    let running = pipeline.spawn().unwrap();
    running.send_all(0..4).unwrap();
    controller.resume().unwrap();
    let mut finished = running.finish().unwrap_err().into_finished().unwrap();
    assert_eq!(finished.outputs, [0], "of a batch, those behind the one that it broke on go the slow way");
    assert_eq!(
        failures(&mut finished),
        [
            "stage \"t/breaks\" failed on cycle 1, revision 2: the stage panicked on it: one",
            "stage \"t/breaks\" failed on cycle 2, revision 2: the stage has panicked; replace it, or take it out",
            "stage \"t/breaks\" failed on cycle 3, revision 2: the stage has panicked; replace it, or take it out",
        ]
    );
}

#[test]
fn g6_items_ahead_of_the_edit_that_takes_a_broken_stage_out_do_not_come_to_it() {
    let (open, gate) = mpsc::channel::<()>();
    let waits = move |x: i64| {
        if x == 1 || x == 2 {
            gate.recv().unwrap();
        }
        x
    };
    let pipeline = Pipeline::new("p").thread("t", |t| t.stage("waits", waits)).stage("breaks", breaks());
    let mut running = pipeline.spawn().unwrap();
    let controller = running.controller();
    running.send(0).unwrap();
    assert_eq!(running.recv().unwrap().unwrap(), 0);
    for item in [1, 2] {
        running.send(item).unwrap();
        running.settle().unwrap();
    }
    open.send(()).unwrap();
    let Some(Err(FlowError::Failed(_))) = running.recv() else {
        panic!("the item that the stage panicked on has failed")
    };
    let Some(Err(FlowError::Held(_))) = running.recv() else { panic!("the stage has panicked") };
    controller.replace("breaks", |x: i64| x * 10).unwrap();
    // It is under the old revision, and comes to the place of the stage when the new one is committed.
    open.send(()).unwrap();
    running.send(3).unwrap();
    let mut finished = running.finish().unwrap();
    assert_eq!(finished.outputs, [30]);
    assert_eq!(
        failures(&mut finished),
        ["stage \"breaks\" failed on cycle 2, revision 0: the stage has panicked; replace it, or take it out"]
    );
}

#[test]
fn g6_what_is_past_a_stage_that_has_panicked_comes_out_at_the_end() {
    let (open, gate) = mpsc::channel::<()>();
    let (broke, broken) = mpsc::channel();
    let breaks = move |x: i64| {
        if x == 1 {
            broke.send(()).unwrap();
            resume_unwind(Box::new("one"));
        }
        x
    };
    let waits = move |x: i64| (gate.recv().unwrap(), x).1;
    let pipeline = Pipeline::new("p").stage("breaks", breaks).thread("t", |t| t.stage("waits", waits));
    let running = pipeline.spawn().unwrap();
    let controller = running.controller();
    running.send(0).unwrap();
    running.settle().unwrap();
    running.send(1).unwrap();
    broken.recv().unwrap();
    let receipt = controller.push_back("neg", |x: i64| -x).unwrap();
    let finishing = std::thread::spawn(move || running.finish().unwrap_err());
    open.send(()).unwrap();
    let error = finishing.join().unwrap();
    assert_eq!(error.to_string(), "stage \"breaks\" panicked: one");
    let finished = error.into_finished().unwrap();
    assert_eq!((finished.outputs, finished.failures.len()), (vec![0], 1));
    assert!(receipt.is_retired(), "the edit has gone through, behind it");
}

#[test]
fn g6_the_panic_of_one_worker_of_two_poisons_nothing() {
    let mut running = Pipeline::new("p").workers("w", 2, breaks).spawn().unwrap();
    running.send(1).unwrap();
    let failure = running.recv().unwrap().unwrap_err().to_string();
    assert_eq!(failure, "stage \"w\" failed on cycle 0, revision 0: the stage panicked on it: one");
    for item in 2..5 {
        running.send(item).unwrap();
        assert_eq!(running.recv().unwrap().unwrap(), item);
    }
    assert_eq!(running.finish().unwrap_err().to_string(), "stage \"w\" panicked: one");
}

#[test]
fn g6_a_worker_that_has_panicked_is_of_no_matter_when_there_are_others() {
    for replace in [true, false] {
        let mut running = Pipeline::new("p").workers("w", 2, breaks).spawn().unwrap();
        running.send(1).unwrap();
        assert!(running.recv().unwrap().is_err());
        let controller = running.controller();
        let edited = if replace { controller.replace("w", |x: i64| x) } else { controller.workers("w", 3) };
        edited.unwrap();
        running.send(2).unwrap();
        assert_eq!(running.finish().unwrap().outputs, [2]);
    }
}

#[test]
fn g6_items_of_a_batch_fail_on_their_own_cycles() {
    let target = Pipeline::new("x").thread("t", |t| t.stage("breaks", breaks()));
    let switched = Pipeline::new("p").switch(Switch::new("s").target("x", target).route("x"));
    let plain = Pipeline::new("p").stage("breaks", breaks());
    let behind = Pipeline::new("p").stage("w", workers(1, || |x: i64| x)).stage("breaks", breaks());
    for pipeline in [switched, plain, behind] {
        let controller = pipeline.controller();
        controller.pause().unwrap();
        let running = pipeline.spawn().unwrap();
        running.send_all(0..4).unwrap();
        controller.resume().unwrap();
        let finished = running.finish().unwrap_err().into_finished().unwrap();
        let cycles: Vec<u64> = finished.failures.iter().map(|failure| failure.cycle()).collect();
        assert_eq!((cycles, finished.outputs), (vec![1, 2, 3], vec![0]));
    }
}

/// A stage that says that an item has come, and panics when it is told to.
fn breaks_when_told() -> (mpsc::Sender<()>, mpsc::Receiver<()>, impl FnMut(i64) -> i64 + Send + 'static) {
    let (enters, entered) = mpsc::channel();
    let (open, gate) = mpsc::channel::<()>();
    let breaks = move |_: i64| -> i64 {
        enters.send(()).unwrap();
        gate.recv().unwrap();
        resume_unwind(Box::new("one"))
    };
    (open, entered, breaks)
}

#[test]
fn g6_a_panic_that_an_edit_has_mended_before_anybody_saw_it_is_not_told() {
    let (open, entered, breaks) = breaks_when_told();
    let running = Pipeline::new("p").stage("breaks", breaks).spawn().unwrap();
    running.send(1).unwrap();
    entered.recv().unwrap();
    running.controller().replace("breaks", |x: i64| -x).unwrap();
    open.send(()).unwrap();
    running.send(2).unwrap();
    assert_eq!(running.finish().unwrap().outputs, [-2]);
}

#[test]
fn g6_a_panic_is_told_whole_though_an_edit_of_something_else_has_come_first() {
    let (open, entered, breaks) = breaks_when_told();
    let running = Pipeline::new("p").stage("breaks", breaks).spawn().unwrap();
    running.send(1).unwrap();
    entered.recv().unwrap();
    running.controller().push_back("neg", |x: i64| -x).unwrap();
    open.send(()).unwrap();
    assert_eq!(running.finish().unwrap_err().to_string(), "stage \"breaks\" panicked: one");
}

/// Sends items one by one into a switch whose target stands still at the first, and leaves that behind.
fn leave(
    target: impl FnOnce(mpsc::Receiver<()>, mpsc::Sender<()>) -> Pipeline<i64, i64>,
    rule: InFlight,
    chunk: bool,
) -> (coroute::Finished<i64, i64>, Vec<i64>, mpsc::Sender<()>) {
    let ((open, gate), (enters, entered)) = (mpsc::channel::<()>(), mpsc::channel());
    let switch = Switch::new("s").target("x", target(gate, enters)).target("y", |x: i64| -x).route("x").cloned();
    let pipeline = Pipeline::new("p").switch(switch);
    let controller = pipeline.controller();
    controller.pause().unwrap();
    let running = pipeline.spawn().unwrap();
    if !chunk {
        controller.resume().unwrap();
    }
    for item in 1..5 {
        running.send(item).unwrap();
        if !chunk {
            running.settle().unwrap();
        }
    }
    if chunk {
        controller.resume().unwrap();
    }
    entered.recv().unwrap();
    running.settle().unwrap();
    let receipt = controller.edit(|e| e.route("s", "y")?.in_flight(rule)).unwrap();
    running.send(5).unwrap();
    receipt.wait_retired().unwrap();
    let mut finished = running.finish().unwrap();
    let outputs = std::mem::take(&mut finished.outputs);
    (finished, outputs, open)
}

fn stands(gate: mpsc::Receiver<()>, enters: mpsc::Sender<()>) -> impl FnMut(i64) -> i64 + Send {
    move |x| {
        if x == 1 {
            enters.send(()).unwrap();
            let _ = gate.recv();
        }
        x
    }
}

#[test]
fn g4_items_of_a_batch_that_no_stage_has_begun_go_again_by_the_new_route() {
    for chunk in [false, true] {
        let target = |gate, enters| {
            Pipeline::new("x").thread("t", |t: Pipeline<i64, i64>| t.stage("stands", stands(gate, enters)))
        };
        let (finished, outputs, _open) = leave(target, InFlight::resend_after(std::future::ready(())), chunk);
        assert_eq!((outputs, finished.failures.len()), (vec![-2, -3, -4, -5], 1), "in a chunk: {chunk}");
    }
}

#[test]
fn a_thread_inside_a_thread_that_stands_still_can_be_left() {
    let target = |gate, enters| {
        Pipeline::new("x")
            .thread("t", |t: Pipeline<i64, i64>| t.thread("inner", |t| t.stage("stands", stands(gate, enters))))
    };
    let (finished, outputs, _open) = leave(target, InFlight::fail_after(std::future::ready(())), false);
    assert_eq!(outputs, [-5]);
    let items: Vec<Option<i64>> =
        finished.failures.into_iter().map(|failure| failure.into_item::<i64>().ok()).collect();
    assert_eq!(items, [None, Some(2), Some(3), Some(4)], "the outer thread waits for nothing, and can be called home");
}

#[test]
fn g6_what_waits_inside_a_thread_is_given_up_once() {
    let never = |_: i64| std::future::pending::<i64>();
    let target = Pipeline::new("x").thread("t", |t| t.async_stage("never", 2, never));
    let switch = Switch::new("s").target("x", target).target("y", |x: i64| -x).route("x");
    let running = Pipeline::new("p").switch(switch).spawn().unwrap();
    let controller = running.controller();
    for item in 1..5 {
        running.send(item).unwrap();
        running.settle().unwrap();
    }
    let rule = InFlight::fail_after(std::future::ready(()));
    let receipt = controller.edit(|e| e.route("s", "y")?.in_flight(rule)).unwrap();
    receipt.wait_retired().unwrap();
    running.send(5).unwrap();
    let finished = running.finish().unwrap();
    let ledger = &finished.ledger;
    assert_eq!((ledger.accepted(), ledger.delivered(), ledger.failed(), ledger.in_flight()), (5, 1, 4, 0), "{ledger}");
    assert_eq!(finished.failures.len(), 4);
}

#[test]
fn g6_what_waits_for_a_worker_that_has_panicked_goes_to_the_others() {
    let ((open, gate), (other, closed)) = (mpsc::channel::<()>(), mpsc::channel::<()>());
    let (enters, entered) = mpsc::channel();
    let gates = Arc::new([Mutex::new(gate), Mutex::new(closed)]);
    let maker = move || {
        let (enters, gates, mut broken) = (enters.clone(), Arc::clone(&gates), false);
        move |x: i64| {
            if x < 2 {
                enters.send(()).unwrap();
                let _ = gates[x as usize].lock().unwrap().recv();
            }
            if x == 0 {
                broken = true;
                resume_unwind(Box::new("nought"));
            }
            if broken { -x } else { x }
        }
    };
    let pipeline = Pipeline::new("p").stage("w", workers(2, maker).queue(2000));
    let (sender, mut receiver, handle) = pipeline.spawn().unwrap().split();
    // More packets than may be on the way to a thread, of one item each; both stand still.
    for item in 0..1000 {
        sender.send(item).unwrap();
        sender.settle().unwrap();
        if item < 2 {
            entered.recv().unwrap();
        }
    }
    drop((open, other));
    let patience = std::time::Duration::from_secs(40);
    let mut next = || receiver.recv_timeout(patience).expect("nothing is lost with the worker");
    assert!(next().is_err());
    (1..1000).for_each(|item| assert_eq!(next().unwrap(), item));
    drop(sender);
    assert!(handle.join().is_err(), "the panic is told");
}
