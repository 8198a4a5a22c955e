//! What the random search has found in flows, each made small and given a name.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::{Context, Poll, Waker};

use coroute::{Flow, FlowError, Hold, Output, Pipeline, Route, Stage, Switch, ThroughExt, async_stage};
use futures::{SinkExt, StreamExt, stream};

/// What comes out of it now.
pub(crate) fn next(flow: &mut Flow<i64, i64>) -> Poll<Option<Result<i64, FlowError>>> {
    flow.poll_next_unpin(&mut Context::from_waker(Waker::noop()))
}

/// Sends an item for which there is room.
pub(crate) fn send(flow: &mut Flow<i64, i64>, item: i64) {
    let mut ready = || flow.poll_ready_unpin(&mut Context::from_waker(Waker::noop()));
    assert!((0..10).any(|_| matches!(ready(), Poll::Ready(Ok(())))), "there is no room");
    flow.start_send_unpin(item).unwrap();
}

pub(crate) fn is(item: i64, next: Poll<Option<Result<i64, FlowError>>>) {
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
    assert!(matches!(close(), Poll::Ready(Err(FlowError::Held(_)))), "a sink says so every time");
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

/// Lets it go on until `count` outputs are there.
pub(crate) fn all(flow: &mut Flow<i64, i64>, count: usize) -> Vec<i64> {
    let mut out = Vec::new();
    for _ in 0..100 {
        match next(flow) {
            Poll::Ready(Some(Ok(item))) => out.push(item),
            Poll::Pending if out.len() == count => break,
            Poll::Pending => {}
            other => panic!("{other:?}"),
        }
    }
    out
}

fn slow() -> impl Stage<i64, Out = i64> {
    async_stage(4, |x: i64| async move { x })
}

#[test]
fn g4_an_edit_behind_an_item_inside_of_a_target_lets_what_follows_through() {
    let inner = Pipeline::new("inner").stage("slow", slow());
    let mut flow = Switch::new("s").target("a", inner).route("a").into_pipeline().flow();
    send(&mut flow, 1);
    let receipt = flow.controller().push_back("s/a/add", |x: i64| x + 10).unwrap();
    send(&mut flow, 2);
    assert_eq!(all(&mut flow, 2), [1, 12]);
    assert!(receipt.is_retired());
}

#[test]
fn g9_what_an_edit_changes_inside_of_what_it_takes_out_is_in_the_receipt() {
    let inner = Pipeline::new("inner").stage("slow", slow()).stage("neg", (|x| -x) as fn(i64) -> i64);
    let mut flow = Pipeline::new("p").stage("inner", inner).flow();
    send(&mut flow, 1);
    let receipt = flow.controller().edit(|e| e.remove("inner/neg")?.remove("inner")).unwrap();
    assert_eq!(all(&mut flow, 1), [-1]);
    assert!(receipt.is_retired());
    assert_eq!(receipt.take::<fn(i64) -> i64>("inner/neg").unwrap()(4), -4);
    assert!(receipt.take_pipeline::<i64, i64>("inner").is_ok());

    let target = Pipeline::new("inner").stage("slow", slow()).stage("neg", (|x| -x) as fn(i64) -> i64);
    let mut flow = Switch::new("s").target("a", target).route("a").into_pipeline().flow();
    send(&mut flow, 1);
    let receipt = flow.controller().edit(|e| e.remove("s/a/neg")?.replace("s/a", |x: i64| x)).unwrap();
    assert_eq!(all(&mut flow, 1), [-1]);
    assert!(receipt.is_retired());
    assert_eq!(receipt.take::<fn(i64) -> i64>("s/a/neg").unwrap()(4), -4);
}

#[test]
fn g2_a_stage_whose_items_wait_can_come_deep_into_one_that_had_none() {
    let deep = || Switch::new("s").target("a", Pipeline::new("inner").stage("add", |x: i64| x + 1)).route("a");
    let mut flow = Pipeline::new("p").stage("nest", Pipeline::new("nest").stage("s", deep())).flow();
    drop(flow.controller().push_back("nest/s/a/slow", slow()).unwrap());
    send(&mut flow, 1);
    assert_eq!(all(&mut flow, 1), [2]);
}

#[test]
fn g2_what_came_out_of_a_pipeline_as_its_last_boundary_was_removed_is_not_left_there() {
    let inner = Pipeline::new("inner").stage("slow", slow());
    let mut flow = Pipeline::new("p").stage("inner", inner).flow();
    send(&mut flow, 1);
    let receipt = flow.controller().remove("inner/slow").unwrap();
    send(&mut flow, 2);
    assert_eq!(all(&mut flow, 2), [1, 2]);
    assert!(receipt.is_retired());
}

#[test]
fn g9_an_edit_that_waits_in_a_stage_comes_to_what_is_behind_also_when_that_stage_is_removed() {
    let mut flow = Pipeline::new("p").stage("slow", slow()).stage("neg", |x: i64| -x).flow();
    send(&mut flow, 1);
    let first = flow.controller().replace("neg", |x: i64| x * 10).unwrap();
    let second = flow.controller().remove("slow").unwrap();
    assert_eq!(all(&mut flow, 1), [-1]);
    send(&mut flow, 2);
    assert_eq!(all(&mut flow, 1), [20]);
    assert!(first.is_retired() && second.is_retired());
}

#[test]
fn g9_an_edit_comes_to_what_is_inside_of_a_stage_that_still_waits_for_the_one_before() {
    let two = || Switch::new("s").target("a", |x: i64| x + 1).route("a");
    let mut flow = Pipeline::new("p").stage("slow", slow()).flow();
    send(&mut flow, 1);
    let first = flow.controller().replace("slow", two()).unwrap();
    let second = flow.controller().replace("slow/a", |x: i64| x * 10).unwrap();
    assert_eq!(all(&mut flow, 1), [1]);
    assert!(first.is_retired() && second.is_retired());
    send(&mut flow, 2);
    assert_eq!(all(&mut flow, 1), [20]);

    let mut flow = Pipeline::new("p").stage("inner", Pipeline::new("inner").stage("slow", slow())).flow();
    send(&mut flow, 1);
    let first = flow.controller().replace("inner/slow", two()).unwrap();
    let second = flow.controller().replace("inner/slow/a", |x: i64| x * 10).unwrap();
    assert_eq!(all(&mut flow, 1), [1]);
    assert!(first.is_retired() && second.is_retired());
}

/// Holds its items back.
pub(crate) struct Bunch(pub(crate) Vec<i64>);

impl Stage<i64> for Bunch {
    type Out = i64;
    fn process(&mut self, item: i64, _: &mut Output<'_, i64>) {
        self.0.push(item);
    }
    fn finish(&mut self, out: &mut Output<'_, i64>) {
        self.0.drain(..).for_each(|item| out.emit(item));
    }
    fn held(&self) -> usize {
        self.0.len()
    }
}

pub(crate) fn bunch() -> Bunch {
    Bunch(Vec::new())
}

#[test]
fn g9_an_edit_that_moves_stages_waits_also_for_what_it_sets_free_itself() {
    let mut flow = Pipeline::new("p").stage("bunch", bunch()).stage("slow", slow()).flow();
    send(&mut flow, 1);
    let receipt = flow.controller().edit(|e| e.move_after("bunch", "slow")?.remove("bunch")).unwrap();
    send(&mut flow, 2);
    assert_eq!(all(&mut flow, 2), [1, 2]);
    assert!(receipt.is_retired());
}

#[test]
fn g1_what_a_target_gives_as_it_leaves_goes_on_by_the_old_structure() {
    let inner = Pipeline::new("inner").stage("slow", slow()).stage("bunch", bunch());
    let mut flow = Switch::new("s").target("a", inner).route("a").into_pipeline().flow();
    send(&mut flow, 1);
    drop(flow.controller().edit(|e| e.push_back("add", |x: i64| x + 10)?.replace("s/a", |x: i64| x)).unwrap());
    send(&mut flow, 2);
    assert_eq!(all(&mut flow, 2), [1, 12]);
}

#[test]
fn g2_a_pipeline_that_leaves_gives_what_it_holds_through_its_own_boundaries() {
    struct Sum(i64);
    impl Stage<i64> for Sum {
        type Out = i64;
        fn process(&mut self, item: i64, _: &mut Output<'_, i64>) {
            self.0 += item;
        }
        fn finish(&mut self, out: &mut Output<'_, i64>) {
            out.emit(self.0);
        }
        fn held(&self) -> usize {
            usize::from(self.0 > 0)
        }
    }
    let inner = || Pipeline::new("inner").stage("bunch", bunch()).stage("slow", slow()).stage("sum", Sum(0));
    let mut in_pipeline = Pipeline::new("p").stage("nest", Pipeline::new("nest").stage("inner", inner())).flow();
    let mut in_switch = Switch::new("nest").target("inner", inner()).route("inner").into_pipeline().flow();
    let mut in_this = Pipeline::new("p").stage("inner", inner()).flow();
    for (flow, path) in [(&mut in_pipeline, "nest/inner"), (&mut in_switch, "nest/inner"), (&mut in_this, "inner")] {
        send(flow, 1);
        send(flow, 2);
        assert_eq!(all(flow, 0), []);
        let receipt = flow.controller().replace(path, |x: i64| x).unwrap();
        assert_eq!(all(flow, 1), [3]);
        assert!(receipt.is_retired());
    }
}

#[test]
fn g6_what_the_item_before_has_broken_or_used_up_takes_no_other() {
    let bang = |_: i64| -> i64 { resume_unwind(Box::new("bang")) };
    let broken = Pipeline::new("p").flat_map("one", |x: i64| [x]).stage("bang", bang);
    let once = Switch::new("s").target("a", |x: i64| x).route(Route::once("a")).into_pipeline();
    for (pipeline, accepted) in [(broken, 1), (once, 1)] {
        let mut outputs = stream::iter(0..3).through(pipeline);
        for _ in 0..3 {
            let mut task = Context::from_waker(Waker::noop());
            let _ = catch_unwind(AssertUnwindSafe(|| outputs.poll_next_unpin(&mut task).is_ready()));
        }
        assert_eq!(outputs.ledger().accepted(), accepted);
    }
}

#[test]
fn g7_targets_give_what_they_hold_in_their_order_whichever_waits() {
    let inner = || Pipeline::new("inner").stage("bunch", bunch()).stage("slow", slow());
    let two = || Switch::new("s").target("a", inner()).target("b", bunch()).route(Route::round_robin(["b", "a"]));
    let ends: [fn(&mut Flow<i64, i64>); 2] = [
        |flow| assert!(matches!(flow.poll_close_unpin(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(())))),
        |flow| drop(flow.controller().remove("s").unwrap()),
    ];
    for end in ends {
        let mut flow = Pipeline::new("p").stage("s", two()).flow();
        send(&mut flow, 1);
        send(&mut flow, 2);
        end(&mut flow);
        let mut out = Vec::new();
        while let (true, Poll::Ready(Some(Ok(item)))) = (out.len() < 2, next(&mut flow)) {
            out.push(item);
        }
        assert_eq!(out, [2, 1]);
    }
}

#[test]
fn g9_a_pipeline_that_was_taken_out_can_be_edited_as_it_flows_alone() {
    let inner = Pipeline::new("inner").stage("add", |x: i64| x + 1).stage("neg", |x: i64| -x);
    let mut flow = Pipeline::new("p").stage("inner", inner).flow();
    let receipt = flow.controller().remove("inner").unwrap();
    assert!(next(&mut flow).is_pending());
    let mut alone = receipt.take_pipeline::<i64, i64>("inner").unwrap().flow();
    drop(alone.controller().remove("neg").unwrap());
    send(&mut alone, 3);
    is(4, next(&mut alone));
}
