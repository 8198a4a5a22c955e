//! The same pipeline, rerouted from another task, on every executor.

#![cfg(not(loom))]

use std::time::Duration;

use coroute::{Controller, FlowError, InFlight, Pipeline, Switch, ThroughExt, async_stage, sink};
use futures::channel::mpsc;
use futures::{SinkExt, StreamExt, stream};

const ITEMS: i64 = 2000;

fn pipeline() -> (Pipeline<i64, i64>, Controller) {
    let switch = Switch::new("s")
        .target("up", async_stage(8, |x: i64| async move { x + 1 }))
        .target("down", async_stage(2, |x: i64| async move { x - 1 }))
        .route("up");
    let pipeline =
        Pipeline::new("p").buffer("queue", 4).switch(switch).async_stage("last", 4, |x| async move { x * 2 });
    let controller = pipeline.controller();
    (pipeline, controller)
}

/// Takes the outputs, and reroutes in the middle.
async fn reroute() {
    let (pipeline, controller) = pipeline();
    let (mut items, stream) = mpsc::channel(4);
    let send = async move {
        for item in 0..ITEMS {
            items.send(item).await.unwrap();
        }
    };
    let receive = async move {
        let mut outputs = stream.through(pipeline);
        let mut received = Vec::new();
        let mut receipt = None;
        while let Some(output) = outputs.next().await {
            received.push(output.unwrap());
            if received.len() == 500 {
                receipt = Some(controller.route("s", "down").unwrap());
            }
        }
        (received, receipt.unwrap())
    };
    let ((), (received, receipt)) = futures::future::join(send, receive).await;
    let cut = receipt.retired().await.unwrap().first_new as i64;
    let wanted: Vec<i64> = (0..ITEMS).map(|x| if x < cut { (x + 1) * 2 } else { (x - 1) * 2 }).collect();
    assert_eq!(received, wanted);
    assert!(cut >= 500);
}

/// Two sinks read by other tasks; the route goes from one to the other and back.
async fn ship(spawn: impl Fn(std::pin::Pin<Box<dyn Future<Output = ()> + Send>>)) {
    let ((a, a_out), (b, b_out)) = (mpsc::channel(2), mpsc::channel(2));
    let out = Switch::new("out").target("a", sink(a)).target("b", sink(b)).route("a");
    let mut pipeline = Pipeline::new("p").async_stage("sign", 4, |x: i64| async move { -x }).switch(out);
    let controller = pipeline.controller();
    let (done, mut lists) = mpsc::unbounded();
    for (name, out) in [("a", a_out), ("b", b_out)] {
        let done = done.clone();
        spawn(Box::pin(async move { done.unbounded_send((name, out.collect::<Vec<i64>>().await)).unwrap() }));
    }
    let rerouting = controller.clone();
    spawn(Box::pin(async move {
        for _ in 0..20 {
            rerouting.route("out", "b").unwrap().retired().await;
            rerouting.route("out", "a").unwrap().retired().await;
        }
    }));
    let ledger = pipeline.drive(stream::iter(0..ITEMS)).await.unwrap();
    assert_eq!((ledger.delivered(), ledger.in_flight()), (ITEMS as u64, 0));
    pipeline.close().await.unwrap();
    drop(pipeline);
    let mut all = Vec::new();
    for _ in 0..2 {
        let (name, list) = lists.next().await.unwrap();
        assert!(list.is_sorted_by(|left, right| left > right), "{name} gets its items in order, once");
        all.extend(list);
    }
    all.sort_unstable();
    assert_eq!(all, (-(ITEMS - 1)..=0).collect::<Vec<_>>());
}

#[test]
fn g2_on_futures() {
    futures::executor::block_on(reroute());
    let pool = std::sync::Arc::new(futures::executor::ThreadPool::new().unwrap());
    futures::executor::block_on(ship(move |task| pool.spawn_ok(task)));
}

#[test]
fn g2_on_tokio_with_one_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        reroute().await;
        ship(|task| drop(tokio::spawn(task))).await;
    });
}

#[test]
fn g2_on_tokio_with_threads() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::spawn(reroute()).await.unwrap();
        tokio::spawn(ship(|task| drop(tokio::spawn(task)))).await.unwrap();
    });
}

#[test]
fn g2_on_smol() {
    smol::block_on(async {
        reroute().await;
        ship(|task| smol::spawn(task).detach()).await;
    });
}

#[test]
fn timers_are_the_executors_own() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let never = |_: i64| std::future::pending::<i64>();
        let limited = async_stage(1, never).within(Duration::from_secs(5), tokio::time::sleep).cloned();
        let switch = Switch::new("s").target("limited", limited).target("works", |x: i64| x).route("limited");
        let pipeline = Pipeline::new("p").switch(switch);
        let controller = pipeline.controller();
        let mut outputs = stream::iter([1, 2]).through(pipeline);
        let Err(FlowError::Failed(failure)) = outputs.next().await.unwrap() else { panic!() };
        assert_eq!(failure.error().to_string(), "not done within 5s");
        assert_eq!(failure.into_item::<i64>().unwrap(), 1);
        assert!(futures::poll!(outputs.next()).is_pending());
        let deadline = tokio::time::sleep(Duration::from_secs(1));
        let left = |e: &mut coroute::Edit| {
            e.route("s", "works")?;
            e.in_flight(InFlight::resend_after(deadline)).map(|_| ())
        };
        controller
            .edit(|e| {
                left(e)?;
                Ok(e)
            })
            .unwrap();
        assert_eq!(outputs.next().await.unwrap().unwrap(), 2);
        assert!(outputs.next().await.is_none());
    });
}
