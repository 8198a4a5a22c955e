//! A stage whose body is a coroutine: it receives, emits and sees the end, and misuse of it comes out as an error.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use coroute::{Body, BodyError, CallError, Failure, Hold, Io, Path, Pipeline, Receipt, SendError, body};
use futures::FutureExt;

fn sent(pipeline: &mut Pipeline<i64, i64>, items: impl IntoIterator<Item = i64>) -> Vec<i64> {
    let mut out = Vec::new();
    pipeline.send_all(items, |item| out.push(item)).unwrap();
    out
}

fn finished(pipeline: &mut Pipeline<i64, i64>) -> Vec<i64> {
    let mut out = Vec::new();
    pipeline.finish(|item| out.push(item)).unwrap();
    out
}

/// The one failure of the item that the stage did not take, and why.
fn refused(pipeline: &mut Pipeline<i64, i64>, item: i64) -> (i64, BodyError) {
    let Err(SendError::Failed(failures)) = pipeline.send(item, |_| ()) else { panic!("{item} does not fail") };
    let [failure] = <[Failure; 1]>::try_from(failures).unwrap();
    let why = *failure.error().downcast_ref::<BodyError>().unwrap();
    (failure.into_item::<i64>().unwrap(), why)
}

fn echo() -> Body<i64, i64> {
    body(|mut io| async move {
        while let Some(item) = io.recv().await {
            io.emit(item);
        }
    })
}

fn with(stage: Body<i64, i64>) -> Pipeline<i64, i64> {
    Pipeline::new("p").stage("body", stage)
}

#[test]
fn g2_a_body_receives_every_item_and_emits_what_it_likes() {
    let stage = body(|mut io| async move {
        while let Some(item) = io.recv().await {
            (0..item).for_each(|copy| io.emit(10 * item + copy));
        }
    });
    let mut pipeline = with(stage);
    assert_eq!(sent(&mut pipeline, [2, 0, 3]), [20, 21, 30, 31, 32]);
    let ledger = pipeline.ledger();
    assert_eq!((ledger.accepted(), ledger.split(), ledger.dropped(), ledger.delivered()), (3, 3, 1, 5));
}

#[test]
fn a_body_does_not_begin_before_the_first_item() {
    let begun = Arc::new(AtomicUsize::new(0));
    let theirs = Arc::clone(&begun);
    let stage = body(move |mut io| async move {
        theirs.fetch_add(1, Ordering::Relaxed);
        while let Some(item) = io.recv().await {
            io.emit(item);
        }
    });
    let mut pipeline = with(stage);
    pipeline.apply();
    assert_eq!(begun.load(Ordering::Relaxed), 0);
    assert_eq!(sent(&mut pipeline, [1, 2]), [1, 2]);
    assert_eq!(begun.load(Ordering::Relaxed), 1);
}

#[test]
fn g2_a_body_sees_the_end_and_emits_what_it_held() {
    let stage = body(|mut io| async move {
        let mut sum = 0;
        while let Some(item) = io.recv().await {
            sum += item;
            io.hold(1);
        }
        io.hold(0);
        io.emit(sum);
    });
    let mut pipeline = with(stage);
    assert_eq!(sent(&mut pipeline, 1..=4), []);
    assert_eq!(pipeline.ledger().in_flight(), 1);
    assert_eq!(finished(&mut pipeline), [10]);
    assert_eq!(pipeline.ledger().in_flight(), 0);
}

#[test]
fn g2_the_end_comes_to_a_body_that_had_no_item() {
    let stage = body(|mut io: Io<i64, i64>| async move {
        assert_eq!(io.recv().await, None);
        io.emit(7);
    });
    let mut pipeline = with(stage);
    assert_eq!(finished(&mut pipeline), [7]);
    assert!(pipeline.ledger().is_balanced());
}

#[test]
fn a_body_runs_on_the_thread_that_sends() {
    let mut pipeline = with(echo());
    assert_eq!(sent(&mut pipeline, [1]), [1]);
    let elsewhere = std::thread::spawn(move || (sent(&mut pipeline, [2]), pipeline));
    let (out, mut pipeline) = elsewhere.join().unwrap();
    assert_eq!(out, [2]);
    assert_eq!(sent(&mut pipeline, [3]), [3]);
}

#[test]
fn a_future_that_is_ready_may_be_awaited_in_a_body() {
    let stage = body(|mut io| async move {
        while let Some(item) = io.recv().await {
            io.emit(std::future::ready(item + 1).await);
        }
    });
    assert_eq!(sent(&mut with(stage), [1, 2]), [2, 3]);
}

#[test]
fn g2_an_item_that_comes_after_a_body_returned_is_handed_back() {
    let stage = body(|mut io| async move {
        let first = io.recv().await;
        first.into_iter().for_each(|item| io.emit(item));
    });
    let mut pipeline = with(stage);
    assert_eq!(sent(&mut pipeline, [1]), [1]);
    assert_eq!(refused(&mut pipeline, 2), (2, BodyError::Returned));
    assert_eq!(refused(&mut pipeline, 3), (3, BodyError::Returned));
    assert_eq!(pipeline.ledger().failed(), 2);
    pipeline.controller().replace("body", echo()).unwrap();
    assert_eq!(sent(&mut pipeline, [4]), [4]);
}

#[test]
fn g2_a_body_that_never_receives_hands_every_item_back() {
    let mut pipeline = with(body(|_| async {}));
    assert_eq!(refused(&mut pipeline, 1), (1, BodyError::Returned));
    assert!(pipeline.ledger().is_balanced());
}

#[test]
fn g2_an_item_that_a_body_has_no_time_for_is_handed_back() {
    let mut pipeline = with(body(|_| std::future::pending()));
    assert_eq!(refused(&mut pipeline, 1), (1, BodyError::Foreign));
    assert_eq!(refused(&mut pipeline, 2), (2, BodyError::Foreign));
    assert_eq!(pipeline.ledger().failed(), 2);
}

/// The item is inside the body, so it cannot be handed back; that it is stuck has to be said all the same.
#[test]
fn g2_a_body_that_waits_with_an_item_in_hand_is_an_error() {
    let stage = body(|mut io| async move {
        while let Some(item) = io.recv().await {
            std::future::pending::<()>().await;
            io.emit(item);
        }
    });
    let mut pipeline = with(stage);
    let Err(SendError::Failed(failures)) = pipeline.send(1, |_| ()) else { panic!("the body is stuck") };
    assert_eq!(failures[0].error().downcast_ref(), Some(&BodyError::Foreign));
    assert_eq!((pipeline.ledger().failed(), pipeline.ledger().dropped()), (1, 0));
}

#[test]
fn g2_a_receive_that_is_given_up_loses_nothing() {
    let stage = body(|mut io: Io<i64, i64>| async move {
        loop {
            if let Some(Some(early)) = io.recv().now_or_never() {
                io.emit(-early);
            }
            let Some(item) = io.recv().await else { return };
            io.emit(item);
        }
    });
    let mut pipeline = with(stage);
    let mut out = sent(&mut pipeline, 1..=5);
    out.extend(finished(&mut pipeline));
    assert_eq!(out.iter().map(|item| item.abs()).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
}

#[test]
fn g6_a_body_that_panicked_says_so_when_it_is_used_again() {
    let stage: Body<i64, i64> = body(|mut io| async move { panic!("{:?}", io.recv().await) });
    let mut pipeline = with(stage);
    let controller = pipeline.controller();
    let unwound = catch_unwind(AssertUnwindSafe(|| pipeline.call(1)));
    assert!(unwound.is_err());
    let Err(CallError::Held(held)) = pipeline.call(2) else { panic!("it is poisoned") };
    assert_eq!((held.item, held.why), (2, Hold::Poisoned { stage: Path::new("body").unwrap() }));

    let receipt = controller.remove("body").unwrap();
    assert_eq!(pipeline.call(3).unwrap(), 3);
    controller.push_back("body", taken(&receipt)).unwrap();
    assert_eq!(refused(&mut pipeline, 4), (4, BodyError::Panicked));
}

fn taken(receipt: &Receipt) -> Body<i64, i64> {
    receipt.take("body").unwrap()
}

#[test]
fn a_body_that_was_taken_out_has_seen_the_end() {
    let mut pipeline = with(echo());
    let controller = pipeline.controller();
    assert_eq!(pipeline.call(1).unwrap(), 1);
    let receipt = controller.remove("body").unwrap();
    pipeline.apply();
    controller.push_back("body", taken(&receipt)).unwrap();
    assert_eq!(refused(&mut pipeline, 2), (2, BodyError::Returned));
}

#[test]
fn a_body_that_asks_after_the_end_says_so() {
    let stage = body(|mut io| async move {
        loop {
            let item = io.recv().await.unwrap_or(-1);
            io.emit(item);
        }
    });
    let mut pipeline = with(stage);
    let controller = pipeline.controller();
    assert_eq!(pipeline.call(1).unwrap(), 1);
    let receipt = controller.remove("body").unwrap();
    pipeline.apply();
    controller.push_back("body", taken(&receipt)).unwrap();
    assert_eq!(refused(&mut pipeline, 2), (2, BodyError::AfterEnd));
}

#[test]
fn a_handle_that_left_its_body_receives_nothing() {
    let kept = Arc::new(Mutex::new(None));
    let theirs = Arc::clone(&kept);
    let stage: Body<i64, i64> = body(move |io| async move { *theirs.lock().unwrap() = Some(io) });
    let mut pipeline = with(stage);
    assert_eq!(refused(&mut pipeline, 1), (1, BodyError::Returned));
    let mut io = kept.lock().unwrap().take().unwrap();
    assert_eq!(io.recv().now_or_never(), Some(None), "the stream of a body that has returned is at its end");
}
