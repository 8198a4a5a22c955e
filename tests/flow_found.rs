//! What the random search over pipelines with items inside has found (`flow_random.rs`), each made small and given a name.

#[allow(dead_code)]
mod sim;

use std::future::{pending, poll_fn, ready};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use coroute::{AsyncStage, Flow, FlowError, InFlight, OnFailure, Pipeline, Route, Stage, Switch};
use coroute::{async_stage, sink, try_async_stage};
use futures::channel::oneshot;
use futures::future::{BoxFuture, FutureExt};
use futures::sink::drain;
use futures::{SinkExt, StreamExt, stream};

use sim::cancel::Cancel;
use sim::executor::Sim;
use sim::tide::{Ebb, Tide, Turn};
use sim::wait::{Wait, Yield};

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

/// What came out, the failures as their text.
fn told(outputs: Vec<Result<i64, FlowError>>) -> Vec<Result<i64, String>> {
    outputs.into_iter().map(|output| output.map_err(|error| error.to_string())).collect()
}

/// Fails the items that are let go.
fn failing(gates: &Gates) -> impl Stage<i64, Out = i64> + use<> {
    let gates = Arc::clone(&gates.0);
    try_async_stage(4, move |x: i64| {
        let (sender, gate) = oneshot::channel();
        gates.lock().unwrap().push((x, sender));
        async move {
            let _ = gate.await;
            Err::<i64, _>((x, "no"))
        }
    })
}

#[test]
fn g1_an_item_that_fails_does_not_come_under_a_failover_route_after_its_own() {
    let gates = Gates::default();
    let ways = Switch::new("s").target("a", failing(&gates)).target("b", |x: i64| -x).route("a");
    let mut flow = ways.into_pipeline().flow();
    send(&mut flow, 1);
    flow.controller().route("s", Route::failover(["a", "b"])).unwrap();
    assert!(poll(&mut flow).is_empty());
    gates.let_go(1);
    assert_eq!(told(poll(&mut flow)), [Err("stage \"s/a\" failed on cycle 0, revision 0: no".to_owned())]);
}

#[test]
fn g1_an_item_that_fails_does_not_go_on_in_a_target_that_was_changed_after_it_came() {
    let gates = Gates::default();
    let b = Pipeline::new("b").stage("neg", |x: i64| -x);
    let ways = Switch::new("s").target("a", failing(&gates)).target("b", b).route(Route::failover(["a", "b"]));
    let mut flow = ways.into_pipeline().flow();
    send(&mut flow, 1);
    flow.controller().push_back("s/b/add", |x: i64| x + 100).unwrap();
    assert!(poll(&mut flow).is_empty());
    gates.let_go(1);
    let why = "stage \"s\" failed on cycle 0, revision 0: no target takes the item; route the switch elsewhere";
    assert_eq!(told(poll(&mut flow)), [Err(why.to_owned())]);
    send(&mut flow, 2);
    assert_eq!(told(poll(&mut flow)), [Ok(98)], "it finds the target as it is");
}

#[test]
fn g2_of_the_items_of_a_packet_those_that_fail_go_another_way_and_the_others_stay() {
    let odd = try_async_stage(4, |x: i64| async move { if x % 2 == 0 { Ok(x) } else { Err((x, "odd")) } });
    let ways = Switch::new("s").target("a", odd).target("b", |x: i64| -x);
    let ways = ways.route(Route::failover_retry(["a", "b"], 1));
    let mut flow = Pipeline::new("p").flat_map("twice", |x: i64| [x, x + 1, x + 2]).switch(ways).flow();
    send(&mut flow, 2);
    assert_eq!(told(poll(&mut flow)), [Ok(2), Ok(-3), Ok(4)]);
    assert_eq!(flow.ledger().in_flight(), 0);
}

#[test]
fn g4_an_item_that_is_sent_another_way_is_begun_with_in_the_same_poll() {
    let [a, b] = [Gates::default(), Gates::default()];
    let mut first = true;
    let begun = Arc::clone(&a.0);
    // It fails the first item once, at once.
    let once = try_async_stage(4, move |x: i64| {
        let fails = std::mem::take(&mut first);
        let (sender, gate) = oneshot::channel();
        begun.lock().unwrap().push((x, sender));
        async move {
            if fails {
                return Err((x, "no"));
            }
            let _ = gate.await;
            Ok(x)
        }
    });
    let ways = Switch::new("s").target("a", once).target("b", failing(&b));
    let mut flow = ways.route(Route::failover_retry(["a", "b"], 1)).into_pipeline().flow();
    send(&mut flow, 1);
    assert!(poll(&mut flow).is_empty());
    a.let_go(1);
    // Another item finds that "a" works again.
    send(&mut flow, 2);
    assert!(poll(&mut flow).is_empty());
    a.let_go(2);
    assert!(poll(&mut flow).is_empty());
    b.let_go(1);
    assert!(flow.poll_next_unpin(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(a.0.lock().unwrap().len(), 1, "item 1 is in work in \"a\" once more");
}

#[test]
fn g2_a_failure_that_comes_too_late_for_the_meeting_point_is_told() {
    let gates = Gates::default();
    let ways = Switch::new("s").target("a", failing(&gates)).target("b", |x: i64| x);
    let ways = ways.route(Route::round_robin(["a", "b"])).gate_within(Duration::ZERO, |_| ready(()));
    let mut flow = ways.into_pipeline().flow();
    send(&mut flow, 1);
    send(&mut flow, 2);
    assert_eq!(told(poll(&mut flow)), [Ok(2)], "item 1 is not waited for");
    gates.let_go(1);
    assert_eq!(told(poll(&mut flow)), [Err("stage \"s/a\" failed on cycle 0, revision 0: no".to_owned())]);
    assert_eq!(flow.ledger().failed(), 1);
}

#[test]
fn g1_an_item_that_a_stage_of_the_left_branch_has_begun_is_not_sent_again() {
    let gates = Gates::default();
    let a = Pipeline::new("a").stage("add", |x: i64| x + 100).buffer("queue", 4).stage("slow", gates.stage());
    let mut flow = Switch::new("s").target("a", a).target("b", |x: i64| -x).route("a").into_pipeline().flow();
    for item in 0..6 {
        send(&mut flow, item);
    }
    let controller = flow.controller();
    controller.edit(|e| e.route("s", "b")?.in_flight(InFlight::resend_after(ready(())))).unwrap();
    let outputs = poll(&mut flow);
    assert!(outputs.len() == 6 && outputs.iter().all(Result::is_err), "{outputs:?}");
}

/// Sends an item to a pipeline that ends in sinks.
fn give(pipeline: &mut Pipeline<i64, ()>, item: i64) {
    let mut task = Context::from_waker(Waker::noop());
    assert!(matches!(pipeline.poll_ready_unpin(&mut task), Poll::Ready(Ok(()))), "there is room for {item}");
    pipeline.start_send_unpin(item).unwrap();
}

fn flush(pipeline: &mut Pipeline<i64, ()>) -> bool {
    matches!(pipeline.poll_flush_unpin(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(())))
}

#[test]
fn g2_a_switch_of_sinks_that_leaves_gives_all_that_is_in_front_of_its_end() {
    let gates = Gates::default();
    let a = Pipeline::new("a").stage("slow", gates.stage()).stage("out", sink(drain()));
    let s = Switch::new("s").target("a", a).target("b", sink(drain())).route("a");
    let mut pipeline = Pipeline::new("p").switch(s);
    give(&mut pipeline, 1);
    let receipt = pipeline.controller().replace::<i64, _>("s", sink(drain::<i64>())).unwrap();
    assert!(!flush(&mut pipeline));
    gates.let_go(1);
    assert!(flush(&mut pipeline) && receipt.is_retired());
    assert_eq!((pipeline.ledger().delivered(), pipeline.ledger().in_flight()), (1, 0));
}

#[test]
fn g9_a_switch_that_leaves_waits_for_what_leaves_it() {
    let mut sim = Sim::new(0);
    let slow = Tide::new(&sim.clock(), []).flushes([Ebb::After(Wait::For(Duration::from_millis(5)))]);
    let gauge = slow.gauge();
    let mut pipeline = Pipeline::new("p").switch(Switch::new("s").target("a", sink(slow)).route("a"));
    sim.spawn("driver", async move {
        pipeline.feed(1_i64).await.unwrap();
        let controller = pipeline.controller();
        let first = controller.replace::<i64, _>("s/a", sink(drain::<i64>())).unwrap();
        pipeline.feed(2).await.unwrap();
        let second = controller.replace::<i64, _>("s", sink(drain::<i64>())).unwrap();
        pipeline.flush().await.unwrap();
        assert!(first.is_retired() && second.is_retired(), "{first:?} {second:?}");
    });
    sim.finish();
    assert_eq!((gauge.items(), gauge.settled()), (vec![1_i64], 1));
}

#[test]
fn g9_a_move_waits_for_what_was_waited_for_too_long() {
    let gates = Gates::default();
    let ways = Switch::new("s").target("a", gates.stage()).target("b", |x: i64| x);
    let ways = ways.route(Route::round_robin(["a", "b"])).gate_within(Duration::ZERO, |_| ready(()));
    let mut flow = Pipeline::new("p").switch(ways).stage("neg", |x: i64| -x).flow();
    send(&mut flow, 1);
    send(&mut flow, 2);
    assert_eq!(told(poll(&mut flow)), [Ok(-2)], "item 1 is not waited for");
    let receipt = flow.controller().move_after("s", "neg").unwrap();
    poll(&mut flow);
    assert!(!receipt.is_retired(), "item 1 is still inside");
    gates.let_go(1);
    poll(&mut flow);
    assert!(receipt.is_retired());
    assert_eq!((flow.ledger().dropped(), flow.ledger().in_flight()), (1, 0));
}

#[test]
fn g9_a_flush_that_ends_with_that_of_the_leaving_comes_out_before_it() {
    for polls in 1..10 {
        let mut sim = Sim::new(0);
        let slow = Tide::new(&sim.clock(), []).flushes([Ebb::After(Wait::Polls(polls))]);
        let a = Pipeline::new("a").stage("out", sink(slow));
        let s = Switch::new("s").target("a", a).target("b", sink(drain())).route("a");
        let mut pipeline = Pipeline::new("p").switch(s);
        sim.spawn("driver", async move {
            pipeline.feed(1_i64).await.unwrap();
            let controller = pipeline.controller();
            let left = controller.route("s", "b").unwrap();
            let replaced = controller.replace::<i64, _>("s/a/out", sink(drain::<i64>())).unwrap();
            while !replaced.is_retired() {
                Yield(1).await;
                pipeline.flush().await.unwrap();
            }
            assert!(left.is_retired(), "the flush of what was left goes ahead of the end, with {polls}");
        });
        sim.finish();
    }
}

#[test]
fn g4_flushes_that_end_together_come_out_in_order() {
    let mut sim = Sim::new(0);
    let slow = Tide::new(&sim.clock(), []).flushes([Ebb::After(Wait::Polls(9))]);
    let gauge = slow.gauge();
    let mut pipeline = Pipeline::new("p").sink("out", slow);
    sim.spawn("driver", async move {
        for item in 1_i64..=3 {
            pipeline.feed(item).await.unwrap();
            assert!(Cancel::after(1, pipeline.flush()).await.is_none());
        }
        pipeline.flush().await.unwrap();
    });
    sim.finish();
    assert_eq!((gauge.items().len(), gauge.settled()), (3, 3));
}

#[test]
fn g4_an_item_that_passes_what_has_room_waits_in_hand_for_the_sink_behind() {
    let mut sim = Sim::new(0);
    let slow = Tide::new(&sim.clock(), [Turn::Take(Wait::For(Duration::from_millis(5)))]);
    let gauge = slow.gauge();
    let ways = Switch::new("s").target("a", |x: i64| x).target("b", async_stage(1, |x: i64| async move { x }));
    let mut pipeline = Pipeline::new("p").switch(ways.route("a")).sink("out", drain());
    sim.spawn("driver", async move {
        poll_fn(|task| pipeline.poll_ready_unpin(task)).await.unwrap();
        pipeline.controller().replace::<i64, _>("out", sink(slow)).unwrap();
        // A `Tide` that is sent an item without being asked for room panics.
        pipeline.start_send_unpin(1).unwrap();
        assert_eq!(pipeline.ledger().accepted(), 0, "it is in hand");
        pipeline.flush().await.unwrap();
    });
    sim.finish();
    assert_eq!(gauge.items(), [1]);
}

#[test]
fn g5_a_pipeline_that_items_pass_at_once_has_room_only_if_there_is_some_behind_it() {
    let gates = Gates::default();
    let ways = Switch::new("s").target("a", |x: i64| x).target("b", async_stage(1, |x: i64| async move { x }));
    let inner = Pipeline::new("inner").switch(ways.route("a"));
    let mut flow = Pipeline::new("p").stage("inner", inner).stage("slow", gates.stage()).flow();
    assert_eq!(fill(&mut flow), 4);
}

/// Sends items as long as there is room; how many.
fn fill<Out: Send + 'static>(flow: &mut Flow<i64, Out>) -> i64 {
    let mut task = Context::from_waker(Waker::noop());
    let mut sent = 0;
    while sent < 100 && flow.poll_ready_unpin(&mut task).is_ready() {
        flow.start_send_unpin(sent).unwrap();
        sent += 1;
    }
    sent
}

#[test]
fn g5_a_switch_whose_outputs_go_on_as_they_come_is_full_when_they_cannot() {
    let gates = Gates::default();
    let quick = || async_stage(2, |x: i64| async move { x });
    let ways = Switch::new("s").target("a", quick()).target("b", quick()).route(Route::round_robin(["a", "b"]));
    let mut flow = Pipeline::new("p").switch(ways.unordered()).stage("slow", gates.stage()).flow();
    let sent = fill(&mut flow);
    // Those that the stage behind takes, those that the targets take, and as many that wait behind them.
    assert!(sent <= 4 + 4 + 4, "{sent}");
    assert!(poll(&mut flow).is_empty());
}
