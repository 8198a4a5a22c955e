//! The async engine: what waits, in which order it comes out, and what an edit does to it.

use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use coroute::{FlowError, InFlight, OnFailure, Pipeline, Switch, ThroughExt, async_stage, buffer, sink};
use futures::channel::{mpsc, oneshot};
use futures::executor::block_on;
use futures::{FutureExt, Sink, SinkExt, Stream, StreamExt, stream};

/// Lets the test answer each item by hand, in any order.
#[derive(Clone, Default)]
struct Desk(Arc<Mutex<Vec<Open>>>);

/// An item that waits for its answer.
type Open = (i64, oneshot::Sender<i64>);

impl Desk {
    fn stage(&self) -> impl FnMut(i64) -> std::pin::Pin<Box<dyn Future<Output = i64> + Send>> + Send + 'static {
        let desk = self.clone();
        move |item| {
            let (answer, receiver) = oneshot::channel();
            desk.0.lock().unwrap().push((item, answer));
            Box::pin(async move { receiver.await.unwrap() })
        }
    }

    fn open(&self) -> Vec<i64> {
        self.0.lock().unwrap().iter().map(|(item, _)| *item).collect()
    }

    fn answer(&self, item: i64, with: i64) {
        let mut open = self.0.lock().unwrap();
        let at = open.iter().position(|(open, _)| *open == item).expect("it is open");
        let _ = open.remove(at).1.send(with);
    }
}

fn poll<St: Stream + Unpin>(stream: &mut St) -> Poll<Option<St::Item>> {
    stream.poll_next_unpin(&mut Context::from_waker(Waker::noop()))
}

fn outputs<T>(stream: &mut (impl Stream<Item = Result<T, FlowError>> + Unpin)) -> Vec<T> {
    let mut outputs = Vec::new();
    while let Poll::Ready(Some(output)) = poll(stream) {
        outputs.push(output.unwrap());
    }
    outputs
}

#[test]
fn g2_an_async_stage_keeps_the_order_and_its_limit() {
    let desk = Desk::default();
    let pipeline = Pipeline::new("p").async_stage("ask", 2, desk.stage());
    let mut out = stream::iter([1, 2, 3]).through(pipeline);
    assert!(outputs(&mut out).is_empty());
    assert_eq!(desk.open(), [1, 2], "no more than two at a time");
    assert_eq!(out.ledger().in_flight(), 2);
    desk.answer(2, 20);
    assert!(outputs(&mut out).is_empty(), "the first is ahead of it");
    desk.answer(1, 10);
    assert_eq!(outputs(&mut out), [10, 20]);
    assert_eq!(desk.open(), [3]);
    desk.answer(3, 30);
    assert_eq!(outputs(&mut out), [30]);
    assert!(matches!(poll(&mut out), Poll::Ready(None)));
    assert_eq!((out.ledger().delivered(), out.ledger().in_flight()), (3, 0));
}

#[test]
fn unordered_outputs_come_as_they_are_ready() {
    let desk = Desk::default();
    let pipeline = Pipeline::new("p").stage("ask", async_stage(3, desk.stage()).unordered());
    let mut out = stream::iter([1, 2, 3]).through(pipeline);
    assert!(outputs(&mut out).is_empty());
    desk.answer(2, 20);
    assert_eq!(outputs(&mut out), [20]);
    desk.answer(3, 30);
    desk.answer(1, 10);
    let mut rest = outputs(&mut out);
    rest.sort_unstable();
    assert_eq!(rest, [10, 30]);
}

#[test]
fn g1_an_edit_behind_a_boundary_waits_for_the_old_items() {
    let desk = Desk::default();
    let pipeline = Pipeline::new("p").async_stage("ask", 8, desk.stage()).stage("add", |x: i64| x + 1);
    let controller = pipeline.controller();
    let (mut items, stream) = mpsc::channel(8);
    let mut out = stream.through(pipeline);
    items.try_send(1).unwrap();
    assert!(outputs(&mut out).is_empty());
    let receipt = controller.replace("add", |x: i64| x + 100).unwrap();
    items.try_send(2).unwrap();
    assert!(outputs(&mut out).is_empty());
    assert_eq!(receipt.cut().unwrap().first_new, 1);
    assert!(!receipt.is_retired());
    desk.answer(2, 2);
    assert!(outputs(&mut out).is_empty());
    desk.answer(1, 1);
    assert_eq!(outputs(&mut out), [2, 102]);
    assert!(receipt.is_retired());
}

#[test]
fn a_boundary_is_replaced_while_items_are_in_it() {
    let (old, new) = (Desk::default(), Desk::default());
    let pipeline = Pipeline::new("p").async_stage("ask", 8, old.stage());
    let controller = pipeline.controller();
    let (mut items, stream) = mpsc::channel(8);
    let mut out = stream.through(pipeline);
    items.try_send(1).unwrap();
    assert!(outputs(&mut out).is_empty());
    let receipt = controller.replace("ask", async_stage(8, new.stage())).unwrap();
    items.try_send(2).unwrap();
    assert!(outputs(&mut out).is_empty());
    assert_eq!((old.open(), new.open()), (vec![1], vec![2]), "both run at once");
    new.answer(2, 20);
    assert!(outputs(&mut out).is_empty(), "the order gate waits for the old one");
    old.answer(1, 10);
    assert_eq!(outputs(&mut out), [10, 20]);
    assert!(receipt.is_retired());
    items.try_send(3).unwrap();
    assert!(outputs(&mut out).is_empty());
    new.answer(3, 30);
    assert_eq!(outputs(&mut out), [30]);
}

#[test]
fn a_boundary_is_removed_while_items_are_in_it() {
    let desk = Desk::default();
    let pipeline = Pipeline::new("p").async_stage("ask", 8, desk.stage()).stage("neg", |x: i64| -x);
    let controller = pipeline.controller();
    let (mut items, stream) = mpsc::channel(8);
    let mut out = stream.through(pipeline);
    items.try_send(1).unwrap();
    assert!(outputs(&mut out).is_empty());
    controller.remove("ask").unwrap();
    items.try_send(2).unwrap();
    assert!(outputs(&mut out).is_empty());
    assert_eq!(desk.open(), [1]);
    desk.answer(1, 10);
    assert_eq!(outputs(&mut out), [-10, -2]);
}

#[test]
fn g2_branches_meet_in_the_order_of_the_items() {
    let (left, right) = (Desk::default(), Desk::default());
    let switch = Switch::new("s")
        .target("left", async_stage(4, left.stage()))
        .target("right", async_stage(4, right.stage()))
        .route(coroute::Route::round_robin(["left", "right"]));
    let mut out = stream::iter([1, 2, 3, 4]).through(Pipeline::new("p").switch(switch).stage("neg", |x: i64| -x));
    assert!(outputs(&mut out).is_empty());
    assert_eq!((left.open(), right.open()), (vec![1, 3], vec![2, 4]));
    right.answer(2, 2);
    right.answer(4, 4);
    left.answer(3, 3);
    assert!(outputs(&mut out).is_empty());
    left.answer(1, 1);
    assert_eq!(outputs(&mut out), [-1, -2, -3, -4]);
}

#[test]
fn g4_a_commit_leaves_a_stalled_sink_and_takes_the_item_along() {
    let ((a, mut a_out), (b, mut b_out)) = (mpsc::channel(0), mpsc::channel(0));
    let switch = Switch::new("out").target("a", sink(a)).target("b", sink(b)).route("a");
    let mut pipeline = Pipeline::new("p").switch(switch);
    let controller = pipeline.controller();
    let mut cx = Context::from_waker(Waker::noop());
    let mut drive = pipeline.drive(stream::iter([1, 2, 3]));
    assert!(std::pin::Pin::new(&mut drive).poll(&mut cx).is_pending());
    assert_eq!(controller.ledger().accepted(), 1, "the channel takes one, and the second waits in the source");
    let receipt = controller.route("out", "b").unwrap();
    assert!(std::pin::Pin::new(&mut drive).poll(&mut cx).is_pending());
    assert_eq!(controller.ledger().accepted(), 2);
    assert_eq!(b_out.try_recv().unwrap(), 2);
    assert!(!receipt.is_retired(), "a has not been flushed");
    assert_eq!(a_out.try_recv().unwrap(), 1);
    assert!(std::pin::Pin::new(&mut drive).poll(&mut cx).is_pending());
    assert!(receipt.is_retired());
    assert_eq!(b_out.try_recv().unwrap(), 3);
}

#[test]
fn g4_an_item_in_hand_that_is_sent_after_a_commit_is_not_slept_on() {
    let [(a, _), (b, in_b)] = [1, 2].map(|_| mpsc::channel::<i64>(8));
    let mut pipeline = Switch::new("out").target("a", sink(a)).target("b", sink(b)).route("a").into_pipeline();
    let controller = pipeline.controller();
    let items = stream::iter(1..5).inspect(|item| {
        if *item == 1 {
            controller.route("out", "b").unwrap();
        }
    });
    let ledger = pipeline.drive(items).now_or_never().expect("nothing has to be waited for").unwrap();
    assert_eq!(ledger.delivered(), 4);
    drop(pipeline);
    assert_eq!(block_on(in_b.collect::<Vec<_>>()), [1, 2, 3, 4]);
}

#[test]
fn a_failed_item_comes_back_in_its_place() {
    let pipeline = Pipeline::new("p")
        .buffer("queue", 2)
        .try_async_stage("half", 2, |x: i64| async move { if x % 2 == 0 { Ok(x / 2) } else { Err((x, "odd")) } });
    let out: Vec<_> = block_on(stream::iter([2, 3, 4]).through(pipeline).collect());
    assert_eq!(*out[0].as_ref().unwrap(), 1);
    let Err(FlowError::Failed(failure)) = &out[1] else { panic!() };
    assert_eq!(failure.to_string(), "stage \"half\" failed on cycle 1, revision 0: odd");
    assert_eq!(*out[2].as_ref().unwrap(), 2);
}

#[test]
fn nested_failures_have_their_whole_path() {
    let inner = Pipeline::new("i")
        .buffer("queue", 2)
        .try_async_stage("half", 2, |x: i64| async move { if x % 2 == 0 { Ok(x / 2) } else { Err((x, "odd")) } });
    let switch = Switch::new("s").target("t", inner).route("t");
    let pipeline = Pipeline::new("p").switch(switch).stage("neg", |x: i64| -x);
    let mut out = stream::iter([2, 3, 4]).through(pipeline);
    block_on(async {
        assert_eq!(out.next().await.unwrap().unwrap(), -1);
        let Err(FlowError::Failed(failure)) = out.next().await.unwrap() else { panic!() };
        assert_eq!(failure.stage().to_string(), "s/t/half");
        assert_eq!(out.next().await.unwrap().unwrap(), -2);
        assert!(out.next().await.is_none());
    });
    assert_eq!(
        out.ledger().to_string(),
        "accepted    3\ndelivered   2\ndropped     0\nfailed      1\n  s/t/half  1\nin flight   0\n"
    );
}

#[test]
fn a_deadline_gives_up_what_a_route_has_left() {
    let desk = Desk::default();
    let (deadline, come) = oneshot::channel::<()>();
    let (letters, dead) = std::sync::mpsc::channel();
    let switch =
        Switch::new("s").target("slow", async_stage(2, desk.stage()).cloned()).target("fast", |x: i64| x).route("slow");
    let pipeline = Pipeline::new("p")
        .switch(switch)
        .on_failure(OnFailure::dead_letter(move |failure| letters.send(failure.into_item::<i64>().unwrap()).unwrap()));
    let controller = pipeline.controller();
    let (mut items, stream) = mpsc::channel(8);
    let mut out = stream.through(pipeline);
    items.try_send(1).unwrap();
    assert!(outputs(&mut out).is_empty());
    let receipt = controller
        .edit(|e| {
            e.route("s", "fast")?;
            e.in_flight(InFlight::fail_after(async move { come.await.unwrap() }))
        })
        .unwrap();
    items.try_send(2).unwrap();
    assert!(outputs(&mut out).is_empty());
    deadline.send(()).unwrap();
    assert_eq!(outputs(&mut out), [2]);
    assert_eq!(dead.try_recv().unwrap(), 1);
    assert!(receipt.is_retired());
    assert_eq!(out.ledger().failed(), 1);
}

#[test]
fn what_a_route_has_left_is_sent_again_by_the_new_one() {
    let desk = Desk::default();
    let switch = Switch::new("s")
        .target("slow", async_stage(2, desk.stage()).cloned())
        .target("fast", |x: i64| -x)
        .route("slow");
    let pipeline = Pipeline::new("p").switch(switch);
    let controller = pipeline.controller();
    let (mut items, stream) = mpsc::channel(8);
    let mut out = stream.through(pipeline);
    items.try_send(1).unwrap();
    assert!(outputs(&mut out).is_empty());
    let receipt = controller
        .edit(|e| {
            e.route("s", "fast")?;
            e.in_flight(InFlight::resend_after(async {}))
        })
        .unwrap();
    items.try_send(2).unwrap();
    assert_eq!(outputs(&mut out), [-1, -2]);
    assert!(receipt.is_retired());
    assert_eq!((out.ledger().failed(), out.ledger().delivered(), out.ledger().in_flight()), (0, 2, 0));
}

#[test]
fn a_pipeline_that_ends_in_sinks_is_one() {
    let (a, a_out) = mpsc::channel(8);
    let pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1).buffer("queue", 2).sink("out", a);
    let controller = pipeline.controller();
    block_on(stream::iter([1, 2, 3]).map(Ok).forward(pipeline)).unwrap();
    assert_eq!(block_on(a_out.collect::<Vec<_>>()), [2, 3, 4]);
    assert_eq!(controller.ledger().delivered(), 3);
    assert_eq!(controller.ledger().in_flight(), 0);
}

#[test]
fn g5_a_buffer_in_a_target_fills_in_front_of_a_sink_that_is_full() {
    let (out, _full) = mpsc::channel(0);
    let queue = Pipeline::new("queue").buffer("wait", 2).sink("out", out);
    let mut pipeline = Switch::new("to").target("queue", queue).route("queue").into_pipeline();
    let controller = pipeline.controller();
    let mut drive = pipeline.drive(stream::iter(0..9));
    assert!(drive.poll_unpin(&mut Context::from_waker(Waker::noop())).is_pending());
    let ledger = controller.ledger();
    assert_eq!((ledger.accepted(), ledger.delivered(), ledger.in_flight()), (3, 1, 2));
}

#[test]
fn both_ends_of_a_flow_can_be_in_different_hands() {
    let pipeline = Pipeline::new("p").stage("queue", buffer::<i64>(1)).async_stage("ask", 1, |x| async move { x });
    let (mut sink, stream) = pipeline.flow().split();
    let received = block_on(async {
        let send = async {
            for item in 0..100 {
                sink.send(item).await.unwrap();
            }
            sink.close().await.unwrap();
        };
        futures::future::join(stream.map(Result::unwrap).collect::<Vec<_>>(), send).await.0
    });
    assert_eq!(received, (0..100).collect::<Vec<_>>());
}

#[test]
fn in_this_thread_alone_an_async_stage_says_what_would_work() {
    let mut pipeline = Pipeline::new("p").async_stage("ask", 1, |x: i64| async move { x });
    let error = pipeline.call(1).unwrap_err();
    assert_eq!(
        error.to_string(),
        "item held back: stage \"ask\" only works in a task; run the pipeline by `through`, `drive` or as a sink"
    );
    let error = Pipeline::new("p").async_stage("ask", 0, |x: i64| async move { x }).check().unwrap_err();
    assert!(
        error.to_string().ends_with("the limit of an async stage is 0, and nothing would ever pass; make it 1 or more")
    );
}

fn is_sink<T>(_: &impl Sink<T>) {}

#[test]
fn a_pipeline_of_units_is_a_sink() {
    is_sink::<i64>(&Pipeline::new("p").stage("out", |_: i64| ()));
}

/// Takes nothing, ever.
struct Stalled;

impl Sink<i64> for Stalled {
    type Error = std::io::Error;

    fn poll_ready(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Pending
    }

    fn start_send(self: std::pin::Pin<&mut Self>, _: i64) -> std::io::Result<()> {
        unreachable!()
    }

    fn poll_flush(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Pending
    }

    fn poll_close(self: std::pin::Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Pending
    }
}

#[test]
fn what_is_done_in_front_of_a_stalled_sink_is_given_up_too() {
    type Rule = fn(std::future::Ready<()>) -> InFlight;
    let rules: [(Rule, [u64; 3]); 3] =
        [(InFlight::fail_after, [1, 0, 3]), (InFlight::resend_after, [1, 0, 3]), (InFlight::drop_after, [1, 3, 0])];
    for (rule, [delivered, dropped, failed]) in rules {
        let inner = Pipeline::new("inner").async_stage("work", 2, |x: i64| async move { x });
        let bad = Pipeline::new("bad").stage("inner", inner).sink("out", Stalled);
        let (good, _kept) = mpsc::channel(8);
        let switch = Switch::new("s").target("bad", bad).target("good", sink(good)).route("bad");
        let mut pipeline = Pipeline::new("p").switch(switch).on_failure(OnFailure::skip());
        let controller = pipeline.controller();
        let mut cx = Context::from_waker(Waker::noop());
        let mut drive = pipeline.drive(stream::iter([1, 2, 3, 4]));
        assert!(std::pin::Pin::new(&mut drive).poll(&mut cx).is_pending());
        assert_eq!(controller.ledger().in_flight(), 3, "two in the stage, one on its way to the sink");
        let receipt = controller
            .edit(|e| {
                e.route("s", "good")?;
                e.in_flight(rule(std::future::ready(())))
            })
            .unwrap();
        let Poll::Ready(Ok(ledger)) = std::pin::Pin::new(&mut drive).poll(&mut cx) else { panic!("it goes on") };
        assert_eq!([ledger.delivered(), ledger.dropped(), ledger.failed()], [delivered, dropped, failed]);
        assert!(receipt.is_retired());
    }
}

#[test]
fn g1_items_that_hold_an_edit_up_are_given_up_and_not_sent_by_a_way_that_they_did_not_begin() {
    for (stage, inside) in [(0, 2), (1, 2)] {
        let (good, mut out) = mpsc::channel(8);
        let pipeline = Pipeline::new("p");
        let pipeline = match stage {
            0 => pipeline.stage("wait", buffer::<i64>(2)),
            _ => pipeline.stage("wait", async_stage(2, |x: i64| async move { x })),
        };
        let mut pipeline = pipeline.sink("out", Stalled).on_failure(OnFailure::skip());
        let controller = pipeline.controller();
        let mut cx = Context::from_waker(Waker::noop());
        let mut drive = pipeline.drive(stream::iter([1, 2, 3, 4]));
        assert!(std::pin::Pin::new(&mut drive).poll(&mut cx).is_pending());
        let receipt = controller
            .edit(|e| {
                e.replace("out", sink(good))?;
                e.in_flight(InFlight::resend_after(std::future::ready(())))
            })
            .unwrap();
        let Poll::Ready(Ok(ledger)) = std::pin::Pin::new(&mut drive).poll(&mut cx) else { panic!("it goes on") };
        assert_eq!((ledger.delivered(), ledger.failed()), (4 - inside, inside));
        let rows: u64 = ledger.rows().iter().map(|row| row.failed).sum();
        assert_eq!(rows, inside, "each at the stage where it was");
        assert!(receipt.is_retired());
        let sent: Vec<i64> = std::iter::from_fn(|| out.try_recv().ok()).collect();
        assert_eq!(sent, [3, 4]);
    }
}
