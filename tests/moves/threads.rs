//! Stages that move to other threads while these run.

use std::sync::Arc;

use coroute::{Pipeline, Receipt, sink, workers};
use futures::StreamExt;
use futures::channel::mpsc;
use futures::executor::block_on;

use super::{names, plus, times};

/// Which way an item went follows from the cuts.
#[test]
fn g1_a_stage_goes_from_thread_to_thread_while_items_flow() {
    const ITEMS: i64 = 20_000;
    let pipeline = Pipeline::new("p")
        .thread("one", |t| t.stage("double", times(2)))
        .workers("crew", 2, || |x: i64| x)
        .thread("two", |t| t.stage("triple", times(3)))
        .stage("add", plus(1));
    let running = pipeline.spawn().unwrap();
    let (sender, receiver, handle) = running.split();
    let controller = handle.controller();
    let sends = std::thread::spawn(move || {
        let mut receipts: Vec<Arc<Receipt>> = Vec::new();
        for item in 0..ITEMS {
            if item % 400 == 399 {
                let receipt = match receipts.len() % 3 {
                    0 => controller.move_before("add", "one/double"),
                    1 => controller.move_after("one/add", "two/triple"),
                    _ => controller.move_before("two/add", "two"),
                };
                receipts.push(Arc::new(receipt.unwrap()));
            }
            sender.send(item).unwrap();
        }
        receipts
    });
    let outputs: Vec<i64> = receiver.into_iter().map(Result::unwrap).collect();
    let receipts = sends.join().unwrap();
    let finished = handle.join().unwrap();
    assert!(finished.ledger.is_balanced() && finished.ledger.in_flight() == 0);
    assert!(receipts.iter().all(|receipt| receipt.is_retired()));
    let firsts: Vec<u64> = receipts.iter().map(|receipt| receipt.cut().unwrap().first_new).collect();
    let wanted = (0..ITEMS).map(|item| {
        let made = firsts.iter().filter(|first| **first <= item.unsigned_abs()).count();
        match made {
            0 => item * 6 + 1,
            made if made % 3 == 1 => (item + 1) * 6,
            made if made % 3 == 2 => item * 6 + 1,
            _ => (item * 2 + 1) * 3,
        }
    });
    assert_eq!(outputs, wanted.collect::<Vec<_>>());
}

#[test]
fn a_thread_and_a_stage_with_workers_move_with_their_threads() {
    let pipeline = Pipeline::new("p")
        .thread("one", |t| t.thread("deep", |t| t.stage("add", plus(1))).stage("double", times(2)))
        .thread("two", |t| t.stage("triple", times(3)).stage("crew", workers(2, || |x: i64| -x)));
    let mut running = pipeline.spawn().unwrap();
    let controller = running.controller();
    let mut pass = |item| {
        running.send(item).unwrap();
        running.recv().unwrap().unwrap()
    };
    assert_eq!(pass(1), -12);
    controller.move_after("one/deep", "two/triple").unwrap();
    assert_eq!(pass(1), -7);
    controller.move_before("two/crew", "one").unwrap();
    assert_eq!(pass(1), -5);
    controller.workers("crew", 3).unwrap();
    controller.move_before("two", "one/double").unwrap();
    assert_eq!((names(&controller, "one"), pass(1)), ("two double".to_owned(), -4));
    running.finish().unwrap();
}

#[test]
fn g2_sinks_on_a_thread_are_flushed_before_one_of_them_leaves_by_an_edit_that_moves() {
    let (first, mut got) = mpsc::unbounded::<i64>();
    let (second, mut later) = mpsc::unbounded::<i64>();
    let pipeline = Pipeline::new("p").thread("t", |t| t.stage("add", plus(1)).sink("out", first));
    let running = pipeline.spawn().unwrap();
    let controller = running.controller();
    running.send(1).unwrap();
    assert_eq!(block_on(got.next()), Some(2));
    let receipt = controller.edit(|e| e.replace::<i64, _>("t/out", sink(second))?.move_before("t/add", "t")).unwrap();
    running.send(2).unwrap();
    assert_eq!(block_on(later.next()), Some(3));
    receipt.wait_retired().expect("the pipeline is there still");
    running.finish().unwrap();
}
