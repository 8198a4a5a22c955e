//! Sending and receiving: room, waiting, and what comes of an end that is dropped.

use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;

use coroute::{Closed, Ends, FlushError, Pipeline, Route, Switch, TryRecvError, TrySendError, Unsent, sink, workers};
use futures::executor::block_on;
use futures::{FutureExt, SinkExt, StreamExt, stream};

use super::plain;

#[test]
fn g5_what_waits_is_bounded_by_the_ends() {
    for (door, exit) in [(1, 1), (4, 2), (3, 9)] {
        let running = plain().spawn_with(Ends { door, exit }).unwrap();
        let mut sent = (door + exit) as i64;
        running.send_all(0..sent).unwrap();
        // Nobody receives: whatever the threads do meanwhile, no more go in than those that have come out and wait for room.
        for _ in 0..5000 {
            match running.try_send(sent) {
                Ok(()) => sent += 1,
                Err(full) => {
                    assert_eq!(full.into_item(), sent);
                    thread::yield_now();
                }
            }
        }
        assert!(sent as usize <= door + exit + door, "{sent} of {door} and {exit}");
        assert_eq!(running.finish().unwrap().outputs, (1..=sent).collect::<Vec<_>>());
    }
}

/// How many of a thousand items go in when nobody receives.
fn taken(pipeline: Pipeline<i64, i64>, ends: Ends) -> usize {
    let running = pipeline.spawn_with(ends).unwrap();
    let mut sent = 0;
    for _ in 0..5000 {
        match running.try_send(sent) {
            Ok(()) => sent += 1,
            Err(_) => thread::yield_now(),
        }
    }
    assert_eq!(running.finish().unwrap().outputs, (1..=sent).collect::<Vec<_>>());
    sent as usize
}

#[test]
fn g5_what_is_inside_is_bounded_by_the_boundaries() {
    let ends = Ends { door: 64, exit: 2 };
    // Twice what a buffer has room for, and those that are ready.
    let queue = taken(plain().buffer("queue", 4), ends);
    assert!(queue <= 64 + 2 + 8 + 20, "{queue}");
    let queue = || Pipeline::new("t").buffer("queue", 4);
    let switch = Switch::new("s").target("a", queue()).target("b", queue()).route(Route::round_robin(["a", "b"]));
    let switch = taken(plain().switch(switch), ends);
    assert!(switch <= 64 + 2 + 16 + 12 + 20, "{switch}");
    // One item becomes many, and is accepted alone.
    let each = Pipeline::new("p").flat_map("many", |x: i64| (0..100).map(move |_| x)).filter("first", {
        let mut last = None;
        move |x| last.replace(*x) != Some(*x)
    });
    let each = taken(each.stage("add", |x| x + 1), ends);
    assert!(each <= 64 + 2 + 32, "{each}");
}

#[test]
fn g5_what_waits_for_a_slower_branch_is_bounded() {
    let (open, gate) = mpsc::channel::<()>();
    let gate = Arc::new(Mutex::new(gate));
    let slow = move || {
        let gate = Arc::clone(&gate);
        move |x: i64| {
            let _ = gate.lock().unwrap().recv();
            x
        }
    };
    let switch = Switch::new("s")
        .target("slow", workers(1, slow).queue(8))
        .target("quick", workers(1, || |x: i64| x).queue(8))
        .route("slow");
    let running = Pipeline::new("p").switch(switch).spawn_with(Ends { door: 64, exit: 2 }).unwrap();
    running.send(0).unwrap();
    running.settle().unwrap();
    running.controller().route("s", "quick").unwrap();
    let mut sent = 1;
    for _ in 0..5000 {
        match running.try_send(sent) {
            Ok(()) => sent += 1,
            Err(_) => thread::yield_now(),
        }
    }
    // What the branches hold, and one packet more; nothing comes out.
    assert!(sent <= 64 + 16 + 8, "{sent}");
    drop(open);
    assert_eq!(running.finish().unwrap().outputs, (0..sent).collect::<Vec<_>>());
}

#[test]
fn g5_a_paused_pipeline_takes_as_many_as_the_door_holds() {
    let pipeline = plain();
    let controller = pipeline.controller();
    controller.pause().unwrap();
    let running = pipeline.spawn_with(Ends { door: 3, exit: 1 }).unwrap();
    running.send_all(0..3).unwrap();
    assert_eq!(running.try_send(3), Err(TrySendError::Full(3)));
    assert_eq!((running.accepted(), running.ledger().in_flight()), (0, 0), "none is accepted");
    controller.resume().unwrap();
    running.send(3).unwrap();
    assert_eq!(running.finish().unwrap().outputs, [1, 2, 3, 4]);
}

#[test]
fn nothing_to_receive_is_told_from_the_end() {
    let (sender, mut receiver, handle) = plain().spawn().unwrap().split();
    assert_eq!(receiver.try_recv().unwrap_err(), TryRecvError::Empty);
    sender.send(1).unwrap();
    sender.flush().unwrap();
    assert_eq!(receiver.try_recv().unwrap().unwrap(), 2);
    assert_eq!(receiver.try_recv().unwrap_err(), TryRecvError::Empty);
    drop(sender);
    assert!(receiver.recv().is_none());
    assert_eq!(receiver.try_recv().unwrap_err(), TryRecvError::Ended);
    assert_eq!(handle.join().unwrap().ledger.delivered(), 1);
}

#[test]
fn g2_many_senders_lose_nothing_and_keep_their_order() {
    const SENDERS: i64 = 4;
    const EACH: i64 = 3000;
    let pipeline = Pipeline::new("p").stage("same", |item: (i64, i64)| item);
    let (sender, mut receiver, handle) = pipeline.spawn_with(Ends { door: 16, exit: 16 }).unwrap().split();
    let feeding: Vec<_> = (0..SENDERS)
        .map(|own| {
            let sender = sender.clone();
            thread::spawn(move || match own % 2 {
                0 => (0..EACH).for_each(|item| sender.send((own, item)).unwrap()),
                _ => sender.send_all((0..EACH).map(|item| (own, item))).unwrap(),
            })
        })
        .collect();
    drop(sender);
    let mut next = [0; SENDERS as usize];
    for news in receiver.iter() {
        let (own, item) = news.unwrap();
        assert_eq!(item, next[own as usize], "sender {own}");
        next[own as usize] += 1;
    }
    assert_eq!(next, [EACH; SENDERS as usize]);
    feeding.into_iter().for_each(|thread| thread.join().unwrap());
    assert_eq!(handle.join().unwrap().ledger.delivered(), (SENDERS * EACH) as u64);
}

#[test]
fn g6_a_dropped_receiver_hands_items_back() {
    let pipeline = plain();
    let controller = pipeline.controller();
    controller.pause().unwrap();
    let (sender, receiver, handle) = pipeline.spawn_with(Ends { door: 3, exit: 1 }).unwrap().split();
    sender.send_all(0..3).unwrap();
    let other = sender.clone();
    let (begun, told) = mpsc::channel();
    // It has no room, and never will.
    let blocked = thread::spawn(move || {
        begun.send(()).unwrap();
        other.send_all(3..6).unwrap_err()
    });
    told.recv().unwrap();
    drop(receiver);
    let unsent = blocked.join().unwrap();
    assert_eq!((unsent.why, unsent.rest.collect::<Vec<_>>()), (Closed::NoReceiver, vec![3, 4, 5]));
    assert_eq!(sender.send(6), Err(Unsent { item: 6, why: Closed::NoReceiver }));
    assert_eq!(sender.flush(), Err(FlushError::Closed(Closed::NoReceiver)));
    let finished = handle.join().unwrap();
    assert_eq!(finished.items, [0, 1, 2]);
    assert_eq!(finished.ledger.accepted(), 0);
    // The pipeline is as it was.
    controller.resume().unwrap();
    let again = finished.pipeline.spawn().unwrap();
    again.send_all(finished.items).unwrap();
    assert_eq!(again.finish().unwrap().outputs, [1, 2, 3]);
}

#[test]
fn g6_outputs_that_a_dropped_receiver_has_not_given_come_from_join() {
    let (sender, mut receiver, handle) = plain().spawn().unwrap().split();
    sender.send_all(0..5).unwrap();
    sender.flush().unwrap();
    assert_eq!(receiver.recv().unwrap().unwrap(), 1);
    drop(receiver);
    let finished = handle.join().unwrap();
    assert_eq!(finished.outputs, [2, 3, 4, 5]);
    assert_eq!((finished.ledger.delivered(), finished.ledger.in_flight()), (5, 0));
}

#[test]
fn the_last_sender_ends_the_pipeline() {
    let (sender, mut receiver, handle) = plain().spawn().unwrap().split();
    let other = sender.clone();
    drop(sender);
    other.send(1).unwrap();
    assert_eq!(receiver.recv().unwrap().unwrap(), 2);
    drop(other);
    assert!(receiver.recv().is_none());
    let finished = handle.join().unwrap();
    assert!(finished.pipeline.spawn().unwrap_err().to_string().contains("finished"));
}

#[test]
fn after_finish_other_senders_are_refused() {
    let running = plain().spawn().unwrap();
    let (sender, receiver, handle) = running.split();
    let other = sender.clone();
    drop((sender, receiver));
    handle.join().unwrap();
    assert_eq!(other.try_send(1), Err(TrySendError::Closed(Unsent { item: 1, why: Closed::NoReceiver })));
    assert_eq!(other.closed(), Some(Closed::NoReceiver));
}

#[test]
fn ends_work_as_futures() {
    let (mut sender, mut receiver, handle) = plain().spawn_with(Ends { door: 2, exit: 2 }).unwrap().split();
    block_on(async {
        let sending = async {
            for item in 0..100 {
                sender.send_async(item).await.unwrap();
            }
            SinkExt::send_all(&mut sender, &mut stream::iter((100..200).map(Ok))).await.unwrap();
            sender.flush_async().await.unwrap();
            drop(sender);
        };
        let receiving = async {
            let first: Vec<i64> = receiver.by_ref().take(150).map(Result::unwrap).collect().await;
            let mut rest = Vec::new();
            while let Some(news) = receiver.recv_async().await {
                rest.push(news.unwrap());
            }
            [first, rest].concat()
        };
        let ((), got) = futures::join!(sending, receiving);
        assert_eq!(got, (1..=200).collect::<Vec<_>>());
    });
    handle.join().unwrap();
}

#[test]
fn ends_work_in_tokio() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let (sender, mut receiver, handle) = plain().spawn_with(Ends { door: 8, exit: 8 }).unwrap().split();
    runtime.block_on(async move {
        for own in 0..4 {
            let sender = sender.clone();
            tokio::spawn(async move {
                for item in 0..500 {
                    sender.send_async(own * 500 + item).await.unwrap();
                }
            });
        }
        drop(sender);
        let mut got = Vec::new();
        while let Some(news) = receiver.next().await {
            got.push(news.unwrap());
        }
        got.sort_unstable();
        assert_eq!(got, (1..=2000).collect::<Vec<_>>());
    });
    assert_eq!(handle.join().unwrap().ledger.delivered(), 2000);
}

#[test]
fn a_sender_is_a_sink_of_another_pipeline() {
    let (sender, mut receiver, last) = plain().spawn_with(Ends { door: 2, exit: 2 }).unwrap().split();
    let into = sink(sender).handing_back(|unsent| (unsent.why.into(), unsent.item));
    let first = Pipeline::new("first").stage("neg", |x: i64| -x).stage("on", into).spawn().unwrap();
    let feeding = thread::spawn(move || {
        first.send_all(0..500).unwrap();
        first.finish().unwrap()
    });
    assert_eq!(
        receiver.iter().take(500).map(Result::unwrap).collect::<Vec<_>>(),
        (0..500).map(|x| 1 - x).collect::<Vec<_>>()
    );
    let first = feeding.join().unwrap();
    drop(first);
    assert!(receiver.recv().is_none());
    assert_eq!(last.join().unwrap().ledger.delivered(), 500);
}

#[test]
fn g6_who_gives_up_waiting_lets_the_next_go_on() {
    let pipeline = plain();
    let controller = pipeline.controller();
    controller.pause().unwrap();
    let (sender, mut receiver, handle) = pipeline.spawn_with(Ends { door: 1, exit: 8 }).unwrap().split();
    sender.send(0).unwrap();
    let mut first = Box::pin(sender.send_async(1));
    assert!(first.as_mut().now_or_never().is_none());
    let other = sender.clone();
    let (begun, told) = mpsc::channel();
    let next = thread::spawn(move || {
        let mut sending = Box::pin(other.send_async(2));
        assert_eq!(sending.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending);
        begun.send(()).unwrap();
        block_on(sending).unwrap();
    });
    told.recv().unwrap();
    // It is woken first, and does not go on.
    controller.resume().unwrap();
    assert_eq!(receiver.recv().unwrap().unwrap(), 1);
    drop(first);
    next.join().unwrap();
    drop(sender);
    assert_eq!(receiver.recv().unwrap().unwrap(), 3);
    assert!(receiver.recv().is_none());
    handle.join().unwrap();
}
