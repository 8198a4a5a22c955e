//! Parts of the async engine one by one: shared sinks, services, the gate's deadline, sources, ends.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use coroute::{
    FlowError, Hold, NoReply, Pipeline, Remains, Route, Source, Switch, ThroughExt, async_stage, flat_map, shared, sink,
};
use futures::channel::{mpsc, oneshot};
use futures::executor::block_on;
use futures::{FutureExt, Sink, SinkExt, Stream, StreamExt, stream};

fn poll<St: Stream + Unpin>(stream: &mut St) -> Poll<Option<St::Item>> {
    stream.poll_next_unpin(&mut Context::from_waker(Waker::noop()))
}

/// What was done to a sink.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Sink<i64> for Log {
    type Error = std::io::Error;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, item: i64) -> std::io::Result<()> {
        self.0.lock().unwrap().push(item.to_string());
        if item < 0 { Err(std::io::Error::other("negative")) } else { Ok(()) }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.0.lock().unwrap().push("flush".to_owned());
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.0.lock().unwrap().push("close".to_owned());
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_sink_is_flushed_when_a_route_leaves_it_and_closed_at_the_end() {
    let (a, b) = (Log::default(), Log::default());
    let out = Switch::new("out").target("a", sink(a.clone())).target("b", sink(b.clone())).route("a");
    let mut pipeline = Pipeline::new("p").switch(out);
    let controller = pipeline.controller();
    block_on(async {
        pipeline.feed(1).await.unwrap();
        assert_eq!(a.take(), ["1"]);
        let receipt = controller.route("out", "b").unwrap();
        pipeline.feed(2).await.unwrap();
        futures::future::poll_fn(|task| Pin::new(&mut pipeline).poll_ready(task)).await.unwrap();
        assert!(receipt.is_retired());
        assert_eq!((a.take(), b.take()), (vec!["flush".to_owned()], vec!["2".to_owned()]));
        pipeline.close().await.unwrap();
        assert_eq!(a.take(), ["close"]);
        assert!(b.take().contains(&"close".to_owned()));
    });
}

#[test]
fn an_error_of_a_sink_is_the_items_failure() {
    let log = Log::default();
    let mut pipeline = Pipeline::new("p").sink("out", log.clone());
    let error = block_on(pipeline.drive(stream::iter([1, -2, 3]))).unwrap_err();
    assert_eq!(error.to_string(), "stage \"out\" failed on cycle 1, revision 0: negative");
    let ledger = block_on(pipeline.drive(stream::iter([4]))).unwrap();
    assert_eq!((ledger.delivered(), ledger.failed(), ledger.in_flight()), (2, 1, 0));
    assert_eq!(log.take(), ["1", "-2", "4", "flush"], "the stream that was not lent went with its third item");
}

#[test]
fn a_closed_channel_hands_the_item_back() {
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    let mut pipeline = Pipeline::new("p").sink("out", sender);
    let Err(FlowError::Failed(failure)) = block_on(pipeline.drive(stream::iter([7_i64]))) else { panic!() };
    assert_eq!(failure.into_item::<i64>().unwrap(), 7);
}

#[test]
fn g5_a_shared_sink_holds_every_sender_back_and_is_fair() {
    let (lines, mut received) = mpsc::channel(0);
    let (out, feed) = shared(lines, 1);
    let mut feed = Box::pin(feed);
    let mut senders: Vec<_> = (0..3).map(|_| Pipeline::new("p").stage("out", out.clone())).collect();
    drop(out);
    let mut task = Context::from_waker(Waker::noop());
    // Every pipeline sends as long as it can.
    let mut sent = [0_i64; 3];
    let mut send_all = |senders: &mut Vec<Pipeline<i64, ()>>| {
        for (at, pipeline) in senders.iter_mut().enumerate() {
            while Pin::new(&mut *pipeline).poll_ready(&mut task).is_ready() {
                Pin::new(&mut *pipeline).start_send(at as i64 * 1000 + sent[at]).unwrap();
                sent[at] += 1;
            }
        }
        sent
    };
    let first = send_all(&mut senders);
    assert!(
        first.iter().all(|sent| *sent <= 3) && first.iter().sum::<i64>() <= 1 + 3,
        "{first:?}: one each, and the queue"
    );
    let mut got = Vec::new();
    while got.len() < 300 {
        assert!(feed.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        while let Ok(item) = received.try_recv() {
            got.push(item);
        }
        send_all(&mut senders);
    }
    for sender in 0..3 {
        let own: Vec<i64> = got.iter().copied().filter(|item| item / 1000 == sender).collect();
        assert!(own.is_sorted(), "in order");
        assert!((95..=105).contains(&own.len()), "{} of 300 are of one of three", own.len());
    }
    drop(received);
    assert!(feed.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    drop(feed);
    let Err(FlowError::Failed(failure)) = block_on(senders[0].drive(stream::iter([5]))) else { panic!() };
    assert_eq!(failure.into_item::<i64>().unwrap(), 5, "handed back");
}

#[cfg(feature = "tower")]
#[test]
fn a_services_back_pressure_is_that_of_the_stage() {
    use std::sync::atomic::{AtomicUsize, Ordering};
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, highest) = (Arc::clone(&now), Arc::clone(&most));
    let service = tower::service_fn(move |x: i64| {
        let now = Arc::clone(&counted);
        highest.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        async move {
            let mut once = false;
            futures::future::poll_fn(|task| {
                task.waker().wake_by_ref();
                if std::mem::replace(&mut once, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            now.fetch_sub(1, Ordering::SeqCst);
            if x % 10 == 3 { Err("three") } else { Ok(x * 2) }
        }
    });
    let service = tower::limit::ConcurrencyLimit::new(service, 2);
    let pipeline = Pipeline::new("p").stage("ask", coroute::tower_stage(8, service).cloned());
    let mut outputs = stream::iter(0..20).through(pipeline);
    let (mut made, mut failed) = (Vec::new(), Vec::new());
    for _ in 0..10_000 {
        match poll(&mut outputs) {
            Poll::Ready(Some(Ok(out))) => made.push(out),
            Poll::Ready(Some(Err(FlowError::Failed(failure)))) => failed.push(failure.into_item::<i64>().unwrap()),
            Poll::Ready(None) => break,
            _ => {}
        }
    }
    assert_eq!(failed, [3, 13]);
    assert_eq!(made, (0..20).filter(|x| x % 10 != 3).map(|x| x * 2).collect::<Vec<i64>>());
    assert!(most.load(Ordering::SeqCst) <= 2);
}

#[test]
fn the_gate_gives_up_what_holds_it_up_for_too_long() {
    let (answer, wait) = oneshot::channel::<i64>();
    let (alarm, rings) = oneshot::channel::<()>();
    let (mut wait, rings) = (Some(wait), Mutex::new(Some(rings)));
    let slow = async_stage(4, move |_: i64| {
        let wait = wait.take().expect("one item comes");
        async move { wait.await.unwrap() }
    });
    let switch = Switch::new("s")
        .target("slow", slow)
        .target("quick", |x: i64| x)
        .route(Route::choose(["slow", "quick"], |x: &i64| usize::from(*x > 0)))
        .gate_within(std::time::Duration::from_secs(1), move |_| {
            let rings = rings.lock().unwrap().take();
            async move {
                match rings {
                    Some(rings) => rings.await.unwrap(),
                    None => std::future::pending().await,
                }
            }
        });
    let (mut items, stream) = mpsc::channel(8);
    let mut outputs = stream.through(Pipeline::new("p").switch(switch).stage("neg", |x: i64| -x));
    items.try_send(0).unwrap();
    items.try_send(1).unwrap();
    assert!(poll(&mut outputs).is_pending(), "the first holds the second up");
    alarm.send(()).unwrap();
    assert!(matches!(poll(&mut outputs), Poll::Ready(Some(Ok(-1)))));
    assert_eq!(outputs.ledger().in_flight(), 1);
    answer.send(5).unwrap();
    assert!(poll(&mut outputs).is_pending(), "it comes too late");
    let ledger = outputs.ledger();
    assert_eq!((ledger.delivered(), ledger.dropped(), ledger.in_flight()), (1, 1, 0), "and is counted");
}

#[test]
fn a_source_as_a_stream_is_answered_like_any_other() {
    let pipeline = Pipeline::new("p")
        .async_stage("double", 4, |x: i64| async move { x * 2 })
        .stage("copies", flat_map(|x: i64| vec![x; usize::try_from(x / 2 % 3).unwrap()]));
    let replies = Arc::new(Mutex::new(Vec::new()));
    let said = Arc::clone(&replies);
    let source = Source::new(pipeline, |mut out| async move {
        for item in [1, 2, 3] {
            let reply = out.send(item).await;
            said.lock().unwrap().push(reply);
        }
    });
    let outputs: Vec<i64> = block_on(source.into_stream().map(Result::unwrap).collect());
    assert_eq!(outputs, [2, 4, 4]);
    let replies = replies.lock().unwrap();
    assert!(
        matches!(&replies[..], [Ok(2), Err(NoReply::Many(two)), Err(NoReply::Dropped)] if *two == [4, 4]),
        "{replies:?}"
    );
}

#[test]
fn a_source_as_a_stream_waits_where_the_pipeline_takes_nothing() {
    let switch = Switch::new("s").target("neg", async_stage(1, |x: i64| async move { -x }));
    let source = Source::new(switch.into_pipeline(), |mut out| async move { out.send(3).await });
    let controller = source.controller();
    let mut replies = source.into_stream();
    assert!(poll(&mut replies).is_pending());
    controller.route("s", "neg").unwrap();
    assert!(matches!(poll(&mut replies), Poll::Ready(Some(Ok(-3)))));
    assert!(matches!(poll(&mut replies), Poll::Ready(None)));
}

#[test]
fn a_paused_pipeline_lets_out_what_is_inside() {
    let pipeline = Pipeline::new("p").buffer("queue", 4).stage("neg", |x: i64| -x);
    let controller = pipeline.controller();
    let mut flow = pipeline.flow();
    flow.feed(1).now_or_never().unwrap().unwrap();
    controller.pause().unwrap();
    assert!(flow.feed(2).now_or_never().is_none(), "nothing goes in");
    assert!(matches!(poll(&mut flow), Poll::Ready(Some(Ok(-1)))));
    assert!(poll(&mut flow).is_pending());
    controller.resume().unwrap();
    flow.feed(3).now_or_never().unwrap().unwrap();
    assert!(matches!(poll(&mut flow), Poll::Ready(Some(Ok(-3)))));
}

#[test]
fn g6_what_is_dropped_with_the_pipeline_is_counted_and_what_is_aborted_comes_back() {
    let make = || Pipeline::new("p").buffer("queue", 8).async_stage("never", 2, |_: i64| std::future::pending::<i64>());
    let fill = |pipeline: Pipeline<i64, i64>| {
        let mut flow = pipeline.flow();
        (0..5).for_each(|item| flow.feed(item).now_or_never().unwrap().unwrap());
        assert!(poll(&mut flow).is_pending());
        flow
    };
    let flow = fill(make());
    let controller = flow.controller();
    let receipt = controller.remove("never").unwrap();
    drop(flow);
    let ledger = controller.ledger();
    assert_eq!((ledger.accepted(), ledger.dropped(), ledger.in_flight()), (5, 5, 0));
    assert!(ledger.is_balanced());
    assert_eq!(block_on(receipt.retired()), None);

    let flow = fill(make());
    let controller = flow.controller();
    let Remains { outputs, failures, .. } = flow.into_pipeline().abort();
    assert!(outputs.is_empty());
    let items: Vec<Option<i64>> = failures.into_iter().map(|failure| failure.into_item::<i64>().ok()).collect();
    assert_eq!(items, [None, None, Some(2), Some(3), Some(4)], "two are in futures that keep no clones");
    assert_eq!((controller.ledger().failed(), controller.ledger().in_flight()), (5, 0));
}

#[test]
fn g6_a_panic_in_a_future_poisons_until_the_stage_is_replaced() {
    let pipeline = Pipeline::new("p").stage(
        "ask",
        async_stage(2, |x: i64| async move {
            assert_ne!(x, 2, "two");
            x
        })
        .cloned(),
    );
    let controller = pipeline.controller();
    let mut outputs = stream::iter(1..=4).through(pipeline);
    let mut seen = Vec::new();
    for _ in 0..2 {
        match std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(&mut outputs))) {
            Ok(Poll::Ready(Some(Ok(out)))) => seen.push(out),
            Ok(other) => panic!("{other:?}"),
            Err(panic) => {
                assert!(panic.downcast::<String>().unwrap().contains("two"));
                break;
            }
        }
    }
    let mut failures = Vec::new();
    loop {
        match poll(&mut outputs) {
            Poll::Ready(Some(Ok(out))) => seen.push(out),
            Poll::Ready(Some(Err(FlowError::Failed(failure)))) => failures.push(failure.into_item::<i64>().unwrap()),
            Poll::Ready(Some(Err(FlowError::Held(hold)))) => assert!(matches!(*hold, Hold::Poisoned { .. })),
            Poll::Ready(Some(Err(other))) => panic!("{other}"),
            Poll::Ready(None) => panic!("it does not end"),
            Poll::Pending => break,
        }
    }
    assert_eq!(failures[0], 2);
    controller.replace("ask", async_stage(2, |x: i64| async move { x * 10 })).unwrap();
    while let Poll::Ready(Some(out)) = poll(&mut outputs) {
        seen.push(out.unwrap());
    }
    assert_eq!(seen.len() + failures.len(), 4, "nothing lost: {seen:?} {failures:?}");
    assert_eq!(*seen.last().unwrap(), 40);
}
