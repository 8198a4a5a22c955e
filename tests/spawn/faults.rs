//! Panics, aborts, and a system without threads.

use std::process::Command;
use std::sync::{Arc, mpsc};
use std::task::{Context, Wake};

use coroute::{Closed, Finished, FlowError, FlushError, Hold, JoinError, NotSpawned, OnFailure, Pipeline, Unsent};

use super::plain;

fn breaks_at(item: i64) -> impl FnMut(i64) -> i64 + Send {
    move |x| if x == item { panic!("it is {x}") } else { x }
}

fn panicked<In: std::fmt::Debug, Out: std::fmt::Debug>(
    joined: Result<Finished<In, Out>, JoinError<In, Out>>,
) -> (String, String, Finished<In, Out>) {
    match joined {
        Err(JoinError::Panicked { stage, message, payload, finished }) => {
            assert!(payload.is::<String>() || payload.is::<&str>());
            (stage.to_string(), message, *finished)
        }
        other => panic!("{other:?}"),
    }
}

/// Those that are left; the one that a stage panicked on is not, and only its failure comes.
fn items(finished: Finished<i64, i64>) -> Vec<i64> {
    let mut failed = finished.failures.into_iter();
    let of_the_panic = failed.next().unwrap().to_string();
    assert!(of_the_panic.contains("the stage panicked on it: it is "), "{of_the_panic}");
    let failed = failed.map(|failure| failure.into_item().unwrap());
    failed.chain(finished.items).collect()
}

#[test]
fn g6_a_panic_names_its_stage_and_loses_one_item() {
    for at in 0..10 {
        for pipeline in [
            plain().stage("break", breaks_at(at + 1)),
            plain().buffer("queue", 4).stage("break", breaks_at(at + 1)),
            plain().try_stage("try", |x| Ok::<i64, String>(*x)).stage("break", breaks_at(at + 1)),
            plain().stage("inner", Pipeline::new("inner").stage("break", breaks_at(at + 1))),
        ] {
            let controller = pipeline.controller();
            controller.pause().unwrap();
            let running = pipeline.stage("after", |x| x).spawn().unwrap();
            running.send_all(0..10).unwrap();
            controller.resume().unwrap();
            let (stage, message, finished) = panicked(running.finish());
            assert!(stage == "break" || stage == "inner/break", "{stage}");
            assert_eq!(message, format!("it is {}", at + 1));
            assert_eq!(finished.outputs, (1..=at).collect::<Vec<_>>(), "those ahead of {at} came out");
            assert!(finished.ledger.is_balanced(), "{}", finished.ledger);
            // Those that were inside failed at the stage, as it had got them; the others were not accepted.
            let accepted = finished.ledger.accepted() as i64;
            let expected: Vec<i64> = (at + 2..=accepted).chain(accepted..10).collect();
            assert_eq!(items(finished), expected, "those behind {at}");
        }
    }
}

#[test]
fn g6_an_edit_mends_a_poisoned_pipeline_while_items_wait() {
    let mut running = plain().stage("break", breaks_at(3)).spawn().unwrap();
    let controller = running.controller();
    for item in 0..2 {
        running.send(item).unwrap();
        assert_eq!(running.recv().unwrap().unwrap(), item + 1);
    }
    running.send(2).unwrap();
    let Some(Err(FlowError::Failed(_))) = running.recv() else { panic!() };
    let Some(Err(FlowError::Held(held))) = running.recv() else { panic!() };
    assert_eq!(*held, Hold::Poisoned { stage: coroute::Path::new("break").unwrap() });
    running.send_all(3..6).unwrap();
    assert!(running.flush().unwrap_err().to_string().contains("poisoned"));
    controller.replace("break", |x: i64| x * 10).unwrap();
    running.flush().unwrap();
    let finished = running.finish().unwrap();
    assert_eq!(finished.outputs, [40, 50, 60]);
    assert_eq!((finished.ledger.accepted(), finished.ledger.failed()), (6, 1));
}

#[test]
fn g6_a_panic_at_the_end_is_told() {
    struct Breaks;
    impl coroute::Stage<i64> for Breaks {
        type Out = i64;
        fn process(&mut self, item: i64, out: &mut coroute::Output<'_, i64>) {
            out.emit(item);
        }
        fn finish(&mut self, _: &mut coroute::Output<'_, i64>) {
            panic!("at the {}", "end");
        }
    }
    let running = Pipeline::new("p").stage("breaks", Breaks).spawn().unwrap();
    running.send(1).unwrap();
    let (stage, message, finished) = panicked(running.finish());
    assert_eq!((&*stage, &*message, finished.outputs), ("breaks", "at the end", vec![1]));
}

#[test]
fn g6_a_panic_of_the_failure_handler_is_the_pipelines() {
    let handler = OnFailure::dead_letter(|failure| panic!("{failure}"));
    let running = Pipeline::new("letters")
        .try_stage("try", |x: &i64| if *x == 1 { Err("one") } else { Ok(*x) })
        .on_failure(handler)
        .spawn()
        .unwrap();
    running.send_all(0..3).unwrap();
    let (stage, message, finished) = panicked(running.finish());
    assert_eq!((&*stage, finished.outputs), ("letters", vec![0, 2]));
    assert_eq!(message, "stage \"try\" failed on cycle 1, revision 0: one");
}

#[test]
fn g6_a_pipeline_that_is_dropped_ends_on_its_thread() {
    struct Tells(mpsc::Sender<()>);
    impl Drop for Tells {
        fn drop(&mut self) {
            self.0.send(()).unwrap();
        }
    }
    let (tell, told) = mpsc::channel();
    let tells = Tells(tell);
    let never = std::future::pending::<i64>;
    let pipeline = plain().stage("tells", move |x| (&tells, x).1).async_stage("never", 1, move |_| never());
    let running = pipeline.spawn().unwrap();
    running.send_all(0..3).unwrap();
    drop(running);
    told.recv().unwrap();
}

#[test]
fn g6_who_waits_for_the_end_of_a_poisoned_pipeline_does_not_wait_for_ever() {
    let pipeline = plain().stage("break", breaks_at(2));
    let (sender, mut receiver, handle) = pipeline.spawn().unwrap().split();
    sender.send_all(0..2).unwrap();
    assert_eq!(receiver.recv().unwrap().unwrap(), 1);
    assert!(matches!(receiver.recv(), Some(Err(FlowError::Failed(_)))));
    assert!(matches!(receiver.recv(), Some(Err(FlowError::Held(_)))));
    sender.send_all(5..8).unwrap();
    // Both ends are still there.
    let (stage, _, finished) = panicked(handle.join());
    assert_eq!((&*stage, finished.items), ("break", vec![5, 6, 7]));
    let closed = Closed::Panicked { stage: coroute::Path::new("break").unwrap() };
    assert_eq!(sender.send(8), Err(Unsent { item: 8, why: closed }));
    assert!(receiver.recv().is_none());
}

#[test]
fn g6_a_thread_that_is_lost_leaves_nobody_waiting() {
    struct Breaks;
    impl Wake for Breaks {
        fn wake(self: Arc<Self>) {
            panic!("not to be woken");
        }
    }
    let (sender, mut receiver, handle) = plain().spawn().unwrap().split();
    let waker = Arc::new(Breaks).into();
    let mut receiving = Box::pin(receiver.recv_async());
    assert!(receiving.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    drop(receiving);
    sender.send(1).unwrap();
    assert_eq!(sender.flush(), Err(FlushError::Closed(Closed::Lost)));
    assert!(receiver.recv().is_some_and(|output| output.is_ok()));
    assert!(receiver.recv().is_none());
    assert_eq!(sender.send(2), Err(Unsent { item: 2, why: Closed::Lost }));
    let Err(JoinError::Lost { message, ledger, .. }) = handle.join() else { panic!() };
    assert_eq!((&*message, ledger.accepted()), ("not to be woken", 1));
}

#[test]
fn a_pipeline_that_cannot_run_comes_back() {
    let twice = plain().stage("add", |x: i64| x);
    let error = twice.spawn().unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot run: cannot build stage \"add\" of pipeline \"p\": the name \"add\" is taken; use another"
    );
    assert!(error.pipeline.check().is_err());
}

/// The child of the test below, in a process where no thread can begin.
#[test]
#[ignore = "run by another test"]
fn without_threads() {
    let mut error = plain().spawn().unwrap_err();
    assert!(matches!(error.why, NotSpawned::NoThread { .. }));
    let text = error.to_string();
    assert!(text.starts_with("cannot run pipeline \"p\": the system gives no thread for it ("), "{text}");
    assert_eq!(error.pipeline.call(1).unwrap(), 2, "it is as it was");
    let mut asked = 0;
    let run = error.pipeline.run((0..3).inspect(|_| asked += 1), |_| ());
    assert!(run.unwrap_err().to_string().contains("no thread"));
    assert_eq!(asked, 0);
}

#[test]
fn g0_a_system_without_threads_gives_an_error() {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "faults::without_threads", "--ignored", "--test-threads=1"]);
    // No thread has room for such a stack.
    let output = child.env("RUST_MIN_STACK", (1_u64 << 60).to_string()).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}
