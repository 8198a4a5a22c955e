//! Faults that random pipelines on threads have found; each test is the least that shows one.

#[allow(dead_code)]
#[path = "soak/room.rs"]
mod room;

use std::future::ready;
use std::time::Duration;

use coroute::{InFlight, Pipeline, thread, workers};

/// Replaces a stage again and again without waiting for what is inside, while items come. All that was accepted is in the
/// ledger once.
fn replace_often(pipeline: Pipeline<i64, i64>, stage: &str, edits: i64) {
    let (sender, mut receiver, handle) = pipeline.spawn().unwrap().split();
    let controller = handle.controller();
    std::thread::scope(|scope| {
        let taking = scope.spawn(move || receiver.iter().count());
        for round in 0..edits {
            (0..round % 4).for_each(|item| sender.send(item).unwrap());
            sender.send_all(0..round % 7).unwrap();
            let rule = InFlight::drop_after(ready(()));
            let receipt = controller.edit(|e| e.replace(stage, |x: i64| x)?.in_flight(rule)).unwrap();
            if round % 3 == 0 {
                sender.send_all(0..round % 5).unwrap();
            }
            assert!(receipt.wait_retired().is_some());
        }
        drop(sender);
        let (out, ledger) = (taking.join().unwrap() as u64, handle.join().unwrap().ledger);
        assert!(ledger.is_balanced() && ledger.in_flight() == 0, "{ledger}");
        assert_eq!(ledger.delivered(), out);
    });
}

/// A chain that is on the way to its thread is taken back with the packets behind it, of which the thread may have some.
#[test]
fn g6_what_a_thread_comes_to_behind_a_chain_that_was_taken_back_is_not_lost() {
    let stages = Pipeline::new("t").stage("neg", |x: i64| -x).stage("same", |x: i64| x);
    replace_often(Pipeline::new("p").stage("t", thread(stages)), "t/same", 5000);
}

/// What is inside of a thread that works for a stage of a thread is given up once.
#[test]
fn g2_what_is_given_up_in_a_thread_inside_a_thread_is_counted_once() {
    let inner = Pipeline::new("u").stage("same", |x: i64| x);
    let outer = Pipeline::new("t").stage("u", thread(inner)).stage("w", workers(2, || |x: i64| x));
    replace_often(Pipeline::new("p").stage("t", thread(outer)), "t/u/same", 5000);
}

/// Workers that are one too many are on their way out when their stage leaves. Nobody has to let go of anything for their
/// threads to end.
#[test]
#[cfg(target_os = "linux")]
fn g9_workers_that_are_let_go_do_so_also_where_their_stage_leaves() {
    let (sender, mut receiver, handle) = Pipeline::new("few").stage("same", |x: i64| x).spawn().unwrap().split();
    let controller = handle.controller();
    let taking = std::thread::spawn(move || receiver.iter().count());
    let mut receipts = Vec::new();
    for round in 0..200 {
        let crew = workers(3, || |x: i64| x);
        let edit = controller.edit(|e| e.insert_after("same", "few_w", crew)?.workers("few_w", 1));
        receipts.push(edit.unwrap());
        (0..round % 5).for_each(|item| sender.send(item).unwrap());
        receipts.push(controller.remove("few_w").unwrap());
        (0..round % 3).for_each(|item| sender.send(item).unwrap());
    }
    drop(sender);
    let finished = handle.join().unwrap();
    assert_eq!(taking.join().unwrap() as u64, finished.ledger.accepted());
    // They have been told to go, and do, as soon as they come to run.
    for _ in 0..1000 {
        if room::threads("few").is_empty() {
            break;
        }
        std::thread::park_timeout(Duration::from_millis(10));
    }
    assert_eq!(room::threads("few"), Vec::<String>::new());
    assert!(receipts.iter().all(|receipt| receipt.is_retired()));
    drop((finished, controller));
}
