//! What the random search over pipelines with items inside has found (`flow_random.rs`), each made small and given a name.

#[allow(dead_code)]
mod sim;

use std::future::{pending, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use coroute::{AsyncStage, Flow, FlowError, InFlight, OnFailure, Pipeline, Switch, async_stage, sink};
use futures::channel::oneshot;
use futures::future::{BoxFuture, FutureExt};
use futures::{SinkExt, StreamExt, stream};

use sim::executor::Sim;
use sim::tide::{Ebb, Tide};
use sim::wait::Wait;

/// Sends an item, for which there has to be room.
fn send<Out: Send + 'static>(flow: &mut Flow<i64, Out>, item: i64) {
    let mut task = Context::from_waker(Waker::noop());
    assert!(matches!(flow.poll_ready_unpin(&mut task), Poll::Ready(Ok(()))), "there is room for {item}");
    flow.start_send_unpin(item).unwrap();
}

/// Lets all go on, and gives what comes out.
fn poll<Out: Send + 'static>(flow: &mut Flow<i64, Out>) -> Vec<Result<Out, FlowError>> {
    let mut task = Context::from_waker(Waker::noop());
    let mut outputs = Vec::new();
    while let Poll::Ready(Some(output)) = flow.poll_next_unpin(&mut task) {
        outputs.push(output);
    }
    outputs
}

#[test]
fn g2_a_closed_sink_is_asked_for_nothing_while_another_closes() {
    let mut sim = Sim::new(0);
    let quick = Tide::new(&sim.clock(), []);
    let slow = Tide::new(&sim.clock(), []).closes(Ebb::After(Wait::Polls(2)));
    let gauges = [quick.gauge(), slow.gauge()];
    let out = Switch::new("out").target("quick", sink(quick)).target("slow", sink(slow)).route("quick");
    let mut pipeline = out.into_pipeline();
    sim.spawn("driver", async move {
        pipeline.drive(stream::iter([1])).await.unwrap();
        pipeline.close().await.unwrap();
    });
    // A `Tide` that is asked for room after it was closed panics.
    sim.finish();
    assert!(gauges.iter().all(|gauge| gauge.is_closed()));
}

#[test]
fn g9_an_item_that_is_given_up_is_not_worked_on_any_more_whichever_marks_stand_behind_it() {
    let work = Arc::new(());
    let token = Arc::clone(&work);
    let for_ever = async_stage(2, move |x: i64| {
        let token = Arc::clone(&token);
        async move {
            pending::<()>().await;
            drop(token);
            x
        }
    });
    let pipeline = Pipeline::new("p").stage("for_ever", for_ever).stage("neg", |x: i64| -x);
    let controller = pipeline.controller();
    let mut flow = pipeline.on_failure(OnFailure::skip()).flow();
    let before = Arc::strong_count(&work);
    send(&mut flow, 1);
    poll(&mut flow);
    assert_eq!(Arc::strong_count(&work), before + 1, "it is in work");
    controller.replace("neg", |x: i64| x).unwrap();
    poll(&mut flow);
    let receipt = controller
        .edit(|e| {
            e.remove("for_ever")?;
            e.in_flight(InFlight::fail_after(ready(())))
        })
        .unwrap();
    poll(&mut flow);
    assert!(receipt.is_retired());
    assert_eq!((flow.ledger().failed(), flow.ledger().in_flight()), (1, 0));
    assert_eq!(Arc::strong_count(&work), before, "its future was dropped");
}

/// Lets the items of a stage go, each when its number is called.
#[derive(Clone, Default)]
struct Gates(Arc<Mutex<Vec<Gate>>>);

/// An item, and who waits for it.
type Gate = (i64, oneshot::Sender<()>);

impl Gates {
    /// A stage from which an item comes when it is let go.
    fn stage(&self) -> AsyncStage<i64, impl FnMut(i64) -> BoxFuture<'static, i64> + use<>> {
        let gates = Arc::clone(&self.0);
        async_stage(4, move |x: i64| {
            let (sender, gate) = oneshot::channel();
            gates.lock().unwrap().push((x, sender));
            async move {
                let _ = gate.await;
                x
            }
            .boxed()
        })
    }

    fn let_go(&self, item: i64) {
        self.0.lock().unwrap().retain(|(of, _)| *of != item);
    }
}

#[test]
fn g9_a_flush_that_was_asked_for_is_not_taken_for_one_of_what_a_route_left() {
    let gates = Gates::default();
    let ways = Switch::new("s").target("a", gates.stage()).target("b", |x: i64| x).route("a");
    let mut flow = ways.into_pipeline().flow();
    let controller = flow.controller();
    send(&mut flow, 1);
    // The first flush, and the first edit.
    assert!(flow.poll_flush_unpin(&mut Context::from_waker(Waker::noop())).is_pending());
    send(&mut flow, 2);
    let receipt = controller.route("s", "b").unwrap();
    assert!(poll(&mut flow).is_empty());
    gates.let_go(1);
    assert_eq!(poll(&mut flow).len(), 1);
    assert!(receipt.cut().is_some() && !receipt.is_retired(), "item 2 is still in the target that was left");
    gates.let_go(2);
    assert_eq!(poll(&mut flow).len(), 1);
    assert!(receipt.is_retired());
}

#[test]
fn g9_a_target_that_is_left_and_then_detached_retires_both_edits_when_it_is_empty() {
    let gates = Gates::default();
    let ways = Switch::new("s").target("a", gates.stage()).target("b", |x: i64| x).route("a");
    let mut flow = ways.into_pipeline().flow();
    let controller = flow.controller();
    send(&mut flow, 1);
    let left = controller.route("s", "b").unwrap();
    poll(&mut flow);
    let detached = controller.detach("s", "a").unwrap();
    poll(&mut flow);
    assert!(!left.is_retired() && !detached.is_retired(), "item 1 is still inside");
    gates.let_go(1);
    assert_eq!(poll(&mut flow).len(), 1);
    assert!(left.is_retired() && detached.is_retired());
}

#[test]
fn g9_what_comes_in_the_place_of_a_target_does_not_end_it() {
    let gates = Gates::default();
    let ways = Switch::new("s").target("a", gates.stage()).route("a");
    let mut flow = Pipeline::new("p").stage("s", ways).flow();
    send(&mut flow, 1);
    // The switch leaves, and ends what stands in the slot now; the old target ends by the same edit.
    let receipt =
        flow.controller().edit(|e| e.replace::<i64, _>("s/a", Gates::default().stage())?.remove("s")).unwrap();
    assert!(poll(&mut flow).is_empty());
    assert!(!receipt.is_retired(), "item 1 is still inside");
    gates.let_go(1);
    assert_eq!(poll(&mut flow).len(), 1);
    assert!(receipt.is_retired());
}

#[test]
fn g9_an_edit_that_leaves_a_target_and_changes_it_inside_is_retired_when_that_is_empty() {
    let gates = Gates::default();
    let a = Pipeline::new("a").stage("slow", gates.stage());
    let mut flow = Switch::new("s").target("a", a).target("b", |x: i64| x).route("a").into_pipeline().flow();
    send(&mut flow, 1);
    let receipt = flow.controller().edit(|e| e.route("s", "b")?.insert_before("s/a/slow", "neg", |x: i64| -x)).unwrap();
    assert!(poll(&mut flow).is_empty());
    assert!(receipt.cut().is_some() && !receipt.is_retired(), "item 1 is still in the target that was left");
    gates.let_go(1);
    assert_eq!(poll(&mut flow).len(), 1);
    assert!(receipt.is_retired());
}
