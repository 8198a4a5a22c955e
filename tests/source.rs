//! A source: a coroutine that drives a pipeline, one item a cycle, and is answered by whatever target the route names.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use coroute::{
    BodyError, Hold, NoReply, OnFailure, Path, Pipeline, Route, Source, SourceError, Step, Switch, flat_map, try_stage,
};
use futures::FutureExt;

fn fork(route: Route) -> Pipeline<i64, i64> {
    Switch::new("fork").target("add", |x: i64| x + 1).target("prod", |x: i64| x * 2).route(route).into_pipeline()
}

/// Gives as many outputs as the item says; fails below zero.
fn copies() -> Pipeline<i64, i64> {
    Pipeline::new("copies")
        .stage("positive", try_stage(|x: &i64| usize::try_from(*x)))
        .stage("copies", flat_map(|x: usize| vec![10 * i64::try_from(x).unwrap(); x]))
}

/// A source of these items that ends at the first that has no reply.
fn source(pipeline: Pipeline<i64, i64>, items: Vec<i64>) -> Source<i64, i64, Result<Vec<i64>, NoReply<i64>>> {
    Source::new(pipeline, |mut out| async move {
        let mut replies = Vec::new();
        for item in items {
            replies.push(out.send(item).await?);
        }
        Ok(replies)
    })
}

/// A source that notes every reply down and goes on.
fn noting(pipeline: Pipeline<i64, i64>, items: Vec<i64>) -> Source<i64, i64, Vec<Result<i64, NoReply<i64>>>> {
    Source::new(pipeline, |mut out| async move {
        let mut replies = Vec::new();
        for item in items {
            replies.push(out.send(item).await);
        }
        replies
    })
}

#[test]
fn a_step_is_one_cycle() {
    let mut source = source(fork(Route::to("add")), vec![4, 8]);
    assert_eq!(source.ledger().accepted(), 0, "nothing runs by itself");
    assert_eq!(source.step().unwrap(), Step::Sent);
    assert_eq!(source.ledger().accepted(), 1);
    assert_eq!(source.step().unwrap(), Step::Sent);
    assert!(!source.is_done(), "the body waits for its last reply");
    assert_eq!(source.step().unwrap(), Step::Done(Ok(vec![5, 9])));
    assert!(source.is_done());
    assert!(matches!(source.step(), Err(SourceError::Body(BodyError::Returned))));
    assert_eq!(source.ledger().accepted(), 2);
}

#[test]
fn g4_the_route_is_read_at_every_cycle_and_not_earlier() {
    let mut source = source(fork(Route::none()), vec![4, 8, 8]);
    let controller = source.controller();
    controller.route("fork", "add").unwrap();
    assert_eq!(source.step().unwrap(), Step::Sent);
    controller.route("fork", "prod").unwrap();
    assert_eq!(source.step().unwrap(), Step::Sent);
    controller.route("fork", "add").unwrap();
    assert_eq!(source.run().unwrap(), Ok(vec![5, 16, 9]));
}

#[test]
fn g4_a_body_may_change_the_route_that_its_next_item_takes() {
    let pipeline = fork(Route::to("add"));
    let controller = pipeline.controller();
    let mut source = Source::new(pipeline, |mut out| async move {
        let mut reply = 0;
        for target in ["add", "prod", "add"] {
            controller.route("fork", target).unwrap();
            reply = out.send(reply + 1).await?;
        }
        Ok::<_, NoReply<i64>>(reply)
    });
    assert_eq!(source.run().unwrap(), Ok(8));
}

#[test]
fn g5_a_held_item_is_kept_and_goes_by_the_route_of_then() {
    let begun = Rc::new(Cell::new(0));
    let theirs = Rc::clone(&begun);
    let mut source = Source::new(fork(Route::none()), |mut out| async move {
        theirs.set(theirs.get() + 1);
        out.send(4).await
    });
    for _ in 0..2 {
        let Err(SourceError::Held(Hold::NoTarget { switch })) = source.step() else { panic!("there is no target") };
        assert_eq!(switch, Path::new("fork").unwrap());
        assert_eq!((begun.get(), source.ledger().accepted()), (1, 0), "the body is not asked for another item");
    }
    source.controller().route("fork", "prod").unwrap();
    assert_eq!(source.run().unwrap(), Ok(8));
    assert_eq!(source.ledger().accepted(), 1);
}

#[test]
fn g5_a_route_for_one_item_lets_one_item_through() {
    let mut source = source(fork(Route::once("add")), vec![4, 8]);
    let controller = source.controller();
    assert_eq!(source.step().unwrap(), Step::Sent);
    assert!(matches!(source.step(), Err(SourceError::Held(Hold::NoTarget { .. }))));
    controller.route("fork", Route::once("prod")).unwrap();
    assert_eq!(source.step().unwrap(), Step::Sent);
    assert_eq!(source.run().unwrap(), Ok(vec![5, 16]));
}

#[test]
fn g5_a_paused_pipeline_stops_its_source() {
    let mut source = source(fork(Route::to("add")), vec![4]);
    let controller = source.controller();
    controller.pause().unwrap();
    assert!(matches!(source.run(), Err(SourceError::Held(Hold::Paused))));
    controller.resume().unwrap();
    assert_eq!(source.run().unwrap(), Ok(vec![5]));
}

#[test]
fn g2_the_pipeline_comes_back_with_the_item_it_had_not_taken() {
    let mut source = source(fork(Route::none()), vec![4]);
    assert!(source.step().is_err());
    let (mut pipeline, item) = source.into_parts();
    pipeline.controller().route("fork", "add").unwrap();
    assert_eq!(pipeline.call(item.unwrap()).unwrap(), 5);
}

#[test]
fn a_body_is_answered_with_one_output_several_or_none() {
    let mut source = noting(copies(), vec![1, 0, 3]);
    let replies = source.run().unwrap();
    assert_eq!(replies, [Ok(10), Err(NoReply::Dropped), Err(NoReply::Many(vec![30, 30, 30]))]);
}

#[test]
fn g2_a_failure_goes_to_the_caller_with_the_item_and_the_body_goes_on() {
    let mut source = noting(copies(), vec![1, -7, 1]);
    let Err(SourceError::Failed(mut failures)) = source.run() else { panic!("-7 fails") };
    assert_eq!(failures.remove(0).into_item::<i64>().unwrap(), -7);
    assert_eq!(source.run().unwrap(), [Ok(10), Err(NoReply::Failed), Ok(10)]);
    assert_eq!(source.ledger().failed(), 1);
}

#[test]
fn a_failure_that_was_dealt_with_is_no_reply_and_no_error() {
    let mut source = noting(copies().on_failure(OnFailure::skip()), vec![-7]);
    let replies = source.run().unwrap();
    assert_eq!(replies, [Err(NoReply::Dropped)]);
}

/// What the ledger counts as delivered has to be somewhere.
#[test]
fn g2_what_came_out_beside_a_failure_is_not_lost() {
    let each = Pipeline::new("each")
        .stage("upto", flat_map(|x: i64| 0..x))
        .stage("even", try_stage(|x: &i64| if x % 2 == 0 { Ok(*x) } else { Err("odd") }));
    let mut source = noting(each, vec![3]);
    let mut outputs: Vec<i64> = Vec::new();
    let mut failed = 0;
    for result in source.by_ref().take(4) {
        match result {
            Ok(output) => outputs.push(output),
            Err(SourceError::Failed(failures)) => failed += failures.len(),
            Err(other) => panic!("{other}"),
        }
    }
    assert_eq!((failed, source.ledger().delivered()), (1, 2));
    assert_eq!(outputs, [0, 2]);
}

#[test]
fn an_iterator_gives_the_outputs_in_order_and_ends_with_the_body() {
    let outputs: Result<Vec<i64>, SourceError> = noting(copies(), vec![1, 0, 3, 2]).collect();
    assert_eq!(outputs.unwrap(), [10, 30, 30, 30, 20, 20]);
}

#[test]
fn an_iterator_gives_errors_in_their_place_and_goes_on() {
    let mut source = noting(copies(), vec![1, -1, 2]);
    assert_eq!(source.next().unwrap().unwrap(), 10);
    assert!(matches!(source.next(), Some(Err(SourceError::Failed(_)))));
    assert_eq!(source.next().unwrap().unwrap(), 20);
    assert_eq!(source.next().unwrap().unwrap(), 20);
    assert!(source.next().is_none());
    assert!(source.next().is_none());
}

#[test]
fn g5_an_iterator_waits_for_a_route_without_losing_the_item() {
    let mut source = source(fork(Route::none()), vec![4]);
    assert!(matches!(source.next(), Some(Err(SourceError::Held(_)))));
    source.controller().route("fork", "add").unwrap();
    assert_eq!(source.next().unwrap().unwrap(), 5);
    assert!(source.next().is_none());
}

#[test]
fn a_body_is_answered_also_when_the_outputs_are_iterated_over() {
    let heard = Rc::new(RefCell::new(Vec::new()));
    let theirs = Rc::clone(&heard);
    let source = Source::new(copies(), |mut out| async move {
        for item in [1, 2] {
            let reply = out.send(item).await;
            theirs.borrow_mut().push(reply);
        }
    });
    assert_eq!(source.count(), 3);
    assert_eq!(*heard.borrow(), [Ok(10), Err(NoReply::Many(vec![20, 20]))]);
}

#[test]
fn a_body_that_waits_for_something_else_is_an_error() {
    let ready = Rc::new(Cell::new(false));
    let theirs = Rc::clone(&ready);
    let mut source = Source::new(fork(Route::to("add")), |mut out| async move {
        let reply = out.send(4).await;
        std::future::poll_fn(|_| if theirs.get() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending })
            .await;
        reply
    });
    assert_eq!(source.step().unwrap(), Step::Sent);
    assert!(matches!(source.step(), Err(SourceError::Body(BodyError::Foreign))));
    assert!(matches!(source.step(), Err(SourceError::Body(BodyError::Foreign))));
    ready.set(true);
    assert_eq!(source.step().unwrap(), Step::Done(Ok(5)), "the reply was not lost");
}

#[test]
fn g6_a_body_that_panicked_is_not_resumed() {
    let mut source: Source<i64, i64> = Source::new(fork(Route::to("add")), |_| async { panic!("no items") });
    assert!(catch_unwind(AssertUnwindSafe(|| source.step())).is_err());
    assert!(matches!(source.step(), Err(SourceError::Body(BodyError::Panicked))));
    assert!(matches!(source.run(), Err(SourceError::Body(BodyError::Panicked))));
}

#[test]
fn g6_an_iterator_ends_after_the_body_has_panicked() {
    let mut source: Source<i64, i64> = Source::new(fork(Route::to("add")), |_| async { panic!("no items") });
    assert!(catch_unwind(AssertUnwindSafe(|| source.next())).is_err());
    assert!(source.by_ref().take(10).count() < 10, "a loop over it would never end");
}

#[test]
fn g6_a_stage_that_panicked_leaves_the_source_usable() {
    let pipeline = Pipeline::new("p").stage("div", |x: i64| 12 / x);
    let mut source = noting(pipeline, vec![0, 4]);
    assert!(catch_unwind(AssertUnwindSafe(|| source.step())).is_err());
    assert!(matches!(source.step(), Err(SourceError::Held(Hold::Poisoned { .. }))));
    source.controller().replace("div", |x: i64| 12 / x.max(1)).unwrap();
    let replies = source.run().unwrap();
    assert_eq!(replies, [Err(NoReply::Failed), Ok(3)]);
    assert!(source.ledger().is_balanced());
}

#[test]
fn a_handle_that_left_its_body_is_answered_with_an_error() {
    let mut source = Source::new(fork(Route::to("add")), |out| async move { out });
    let mut outlet = source.run().unwrap();
    assert_eq!(outlet.send(4).now_or_never(), Some(Err(NoReply::Body(BodyError::Escaped))));
    assert_eq!(source.ledger().accepted(), 0);
}

#[test]
fn a_handle_in_the_body_of_another_source_is_answered_with_an_error() {
    let mut first = Source::new(fork(Route::to("add")), |out| async move { out });
    let mut stray = first.run().unwrap();
    let mut second =
        Source::new(fork(Route::to("prod")), |mut out| async move { (stray.send(4).await, out.send(4).await) });
    assert_eq!(second.run().unwrap(), (Err(NoReply::Body(BodyError::Escaped)), Ok(8)));
}

#[test]
fn a_send_that_is_not_awaited_sends_nothing() {
    let mut source = Source::new(fork(Route::to("add")), |mut out| async move {
        drop(out.send(1));
        out.send(4).await
    });
    assert_eq!(source.run().unwrap(), Ok(5));
    assert_eq!(source.ledger().accepted(), 1);
}

#[test]
fn a_send_that_is_given_up_sends_nothing() {
    let mut source = Source::new(fork(Route::to("add")), |mut out| async move {
        let given_up = out.send(1).now_or_never();
        (given_up, out.send(4).await)
    });
    assert_eq!(source.run().unwrap(), (None, Ok(5)));
    assert_eq!(source.ledger().accepted(), 1);
}
