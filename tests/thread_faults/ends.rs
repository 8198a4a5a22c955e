//! Ends and handles that are dropped while stages run on threads.

use std::sync::mpsc;
use std::thread as threads;

use coroute::{Closed, Ends, Pipeline, Sender, Switch, UnsentAll, thread, workers};
use futures::executor::block_on;

use super::kit::{Fates, Gate, Item, blocks, items, step, watch};

/// Threads, workers and a switch, with little room.
fn pipeline(gate: &Gate) -> Pipeline<Item, Item> {
    let target = Pipeline::new("x").stage("xt", thread(Pipeline::new("xt").stage("d", step("d"))).queue(1));
    let switch = Switch::new("s").target("x", target).target("y", step("y")).route("x");
    // Who sends that is left to chance.
    let mut blocks = blocks("b", u64::MAX, gate.clone());
    let mut count = 0;
    let second = move |item: Item| {
        count += 1;
        let number = if count == 2 { u64::MAX } else { item.number };
        Item { number: item.number, ..blocks(Item { number, ..item }) }
    };
    Pipeline::new("p")
        .stage("t", thread(Pipeline::new("t").stage("b", second)).queue(3))
        .stage("w", workers(2, || step("w")).queue(2))
        .switch(switch)
}

/// Sends `numbers` until it is refused; gives back what was.
fn send(sender: &Sender<Item>, numbers: std::ops::Range<u64>, way: u64) -> (Vec<Item>, Closed) {
    match way % 3 {
        0 => {
            let mut unsent = items(numbers);
            loop {
                let item = unsent.remove(0);
                if let Err(refused) = sender.send(item) {
                    unsent.insert(0, refused.item);
                    return (unsent, refused.why);
                }
            }
        }
        1 => {
            let UnsentAll { why, rest, .. } = sender.send_all(items(numbers)).unwrap_err();
            (rest.collect(), why)
        }
        _ => block_on(async {
            let mut unsent = items(numbers);
            loop {
                let item = unsent.remove(0);
                if let Err(refused) = sender.send_async(item).await {
                    unsent.insert(0, refused.item);
                    return (unsent, refused.why);
                }
            }
        }),
    }
}

#[test]
fn g6_a_dropped_receiver_gives_all_blocked_senders_their_items_back() {
    for blocked in [false, true] {
        for round in 0..20 {
            let case = format!("a thread stands still: {blocked}, round {round}");
            let _watch = watch(case.clone());
            let gate = if blocked { Gate::default() } else { Gate::opened() };
            let ends = Ends { door: 3, exit: 2 };
            let (sender, receiver, handle) = pipeline(&gate).spawn_with(ends).unwrap().split();
            let sending: Vec<_> = (0..3)
                .map(|own| {
                    let sender = sender.clone();
                    threads::spawn(move || send(&sender, own * 100..own * 100 + 100, own))
                })
                .collect();
            if blocked {
                gate.wait_for_one();
            } else {
                while sender.waiting() < 3 {
                    threads::yield_now();
                }
            }
            drop(receiver);
            let mut fates = Fates { case: case.clone(), ..Fates::default() };
            for sent in sending {
                let (unsent, why) = sent.join().unwrap();
                assert_eq!(why, Closed::NoReceiver, "{case}");
                assert!(!unsent.is_empty(), "{case}");
                fates.back(unsent);
            }
            let finished = handle.join().unwrap();
            gate.open();
            let mut out = 0;
            for item in finished.outputs {
                out += 1;
                fates.out(item);
            }
            // Cycles are not items' numbers here: three threads have sent.
            let (mut failed, mut lost) = (0, 0);
            for failure in finished.failures {
                match failure.into_item::<Item>() {
                    Ok(item) => {
                        failed += 1;
                        fates.back(vec![Item { way: Vec::new(), ..item }]);
                    }
                    Err(_) => lost += 1,
                }
            }
            fates.back(finished.items);
            let ledger = finished.ledger;
            // Threads may have as many in hand as there is room for.
            assert!(lost <= 3 + 2 + 1, "{case}: {lost} are lost\n{ledger}");
            assert_eq!(fates.known.len() as u64 + lost, 300, "{case}: {fates:#?}\n{ledger}");
            assert_eq!((ledger.delivered(), ledger.failed()), (out, failed + lost), "{case}: {ledger}");
            assert!(ledger.is_balanced() && ledger.in_flight() == 0, "{case}: {ledger}");
        }
    }
}

#[test]
fn g6_dropped_senders_and_controllers_end_the_pipeline_in_peace() {
    for round in 0..20 {
        let case = format!("round {round}");
        let _watch = watch(case.clone());
        let (sender, mut receiver, handle) =
            pipeline(&Gate::opened()).spawn_with(Ends { door: 3, exit: 2 }).unwrap().split();
        let controller = handle.controller();
        let other = sender.clone();
        let receipt = controller.route("s", "y").unwrap();
        drop(controller);
        let sending = threads::spawn(move || {
            sender.send_all(items(0..50)).unwrap();
            drop(sender);
            other.send_all(items(50..100)).unwrap();
        });
        let out: Vec<u64> = receiver.iter().map(|news| news.unwrap().number).collect();
        assert_eq!(out, (0..100).collect::<Vec<_>>(), "{case}");
        sending.join().unwrap();
        assert!(receipt.wait_retired().is_some(), "{case}");
        let ledger = handle.join().unwrap().ledger;
        assert_eq!((ledger.accepted(), ledger.delivered(), ledger.in_flight()), (100, 100, 0), "{case}");
    }
}

#[test]
fn g6_threads_go_when_everything_is_dropped() {
    /// Tells when it is dropped.
    #[derive(Clone)]
    struct Tells(#[expect(dead_code, reason = "it tells by being dropped")] mpsc::Sender<()>);
    for when in 0..4 {
        let _watch = watch(format!("dropped at {when}"));
        let (tell, told) = mpsc::channel();
        let tells = Tells(tell);
        let (one, two) = (tells.clone(), tells.clone());
        drop(tells);
        let tagged = |tells: Tells| {
            move |item: Item| {
                let _ = &tells;
                item
            }
        };
        let pipeline = Pipeline::new("p")
            .thread("t", |t| t.stage("tells", tagged(one)))
            .workers("w", 2, move || tagged(two.clone()));
        let (sender, receiver, handle) = pipeline.spawn_with(Ends { door: 4, exit: 4 }).unwrap().split();
        sender.send_all(items(0..4)).unwrap();
        match when {
            0 => drop((sender, receiver, handle)),
            1 => drop((handle, receiver, sender)),
            2 => {
                drop(handle);
                drop(sender);
                assert_eq!(receiver.into_iter().count(), 4);
            }
            _ => {
                drop(receiver);
                drop(handle.join());
                drop(sender);
            }
        }
        // That is over when all threads have let go of their stages.
        while told.recv().is_ok() {}
    }
}
