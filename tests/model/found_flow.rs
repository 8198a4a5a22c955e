//! What the random search has found in flows, each made small and given a name.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::{Context, Poll, Waker};

use coroute::{Flow, FlowError, Hold, Pipeline};
use futures::{SinkExt, StreamExt};

/// What comes out of it now.
fn next(flow: &mut Flow<i64, i64>) -> Poll<Option<Result<i64, FlowError>>> {
    flow.poll_next_unpin(&mut Context::from_waker(Waker::noop()))
}

/// Sends an item for which there is room.
fn send(flow: &mut Flow<i64, i64>, item: i64) {
    let ready = flow.poll_ready_unpin(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(ready, Poll::Ready(Ok(()))), "{ready:?}");
    flow.start_send_unpin(item).unwrap();
}

fn is(item: i64, next: Poll<Option<Result<i64, FlowError>>>) {
    assert!(matches!(next, Poll::Ready(Some(Ok(got))) if got == item), "{next:?} is not {item}");
}

#[test]
fn g2_what_was_sent_the_quick_way_comes_out_also_where_the_stream_had_been_asked_before() {
    let mut flow = Pipeline::new("p").stage("add", |x: i64| x + 1).flow();
    for item in 0..3 {
        assert!(next(&mut flow).is_pending());
        send(&mut flow, item);
        is(item + 1, next(&mut flow));
    }
}

#[test]
fn g6_a_poisoned_flow_is_not_closed_before_it_is_mended() {
    let bang = |item: i64| if item == 1 { resume_unwind(Box::new("bang")) } else { item };
    let mut flow = Pipeline::new("p").stage("bang", bang).flow();
    assert!(catch_unwind(AssertUnwindSafe(|| send(&mut flow, 1))).is_err());
    let mut close = || flow.poll_close_unpin(&mut Context::from_waker(Waker::noop()));
    let Poll::Ready(Err(FlowError::Held(hold))) = close() else { panic!("it is poisoned") };
    assert!(matches!(*hold, Hold::Poisoned { .. }));
    assert!(close().is_pending());
    drop(flow.controller().remove("bang").unwrap());
    assert!(matches!(flow.poll_close_unpin(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(()))));
}

#[test]
fn g6_a_flow_that_was_mended_and_poisoned_again_says_so_again() {
    let bang = |_: i64| -> i64 { resume_unwind(Box::new("bang")) };
    let mut flow = Pipeline::new("p").stage("bang", bang).flow();
    for _ in 0..2 {
        assert!(catch_unwind(AssertUnwindSafe(|| send(&mut flow, 1))).is_err());
        assert!(matches!(next(&mut flow), Poll::Ready(Some(Err(FlowError::Held(_))))));
        assert!(next(&mut flow).is_pending());
        drop(flow.controller().replace("bang", bang).unwrap());
    }
}
