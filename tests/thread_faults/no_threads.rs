//! A system that has no thread left: an error where one was asked for, and nothing has changed.

use std::process::Command;

use coroute::{NotSpawned, Pipeline, Refusal, thread, workers};

use super::kit::{Item, items, step, watch};

fn pipeline() -> Pipeline<Item, Item> {
    Pipeline::new("p").thread("t", |t| t.stage("b", step("b"))).workers("w", 2, || step("w"))
}

/// How much room the stack of a thread takes in the child: so much that there is none for it and enough for all else.
const STACK: usize = 1 << 28;

/// Takes what room there is for a stack, until it is dropped; between a quarter of one and three quarters are left.
fn crowd() -> Vec<Vec<u8>> {
    let slack = Vec::<u8>::with_capacity(STACK / 4);
    let mut crowd = Vec::new();
    for size in [STACK * 4, STACK / 2] {
        loop {
            let mut room = Vec::new();
            if room.try_reserve_exact(size).is_err() {
                break;
            }
            crowd.push(room);
        }
    }
    drop(slack);
    crowd
}

/// The child of the test below, in a process with little room.
#[test]
#[ignore = "run by another test"]
fn in_little_room() {
    let _watch = watch("in little room".to_owned());
    let text = |refusal: &Refusal| {
        assert!(matches!(refusal, Refusal::NoThread { .. }), "{refusal:?}");
        refusal.to_string()
    };
    // At the start.
    let full = crowd();
    let error = pipeline().spawn().unwrap_err();
    assert!(matches!(error.why, NotSpawned::NoThread { .. }), "{error}");
    drop(full);
    let mut running = error.pipeline.spawn().unwrap();
    let controller = running.controller();
    running.send_all(items(0..10)).unwrap();
    // While it runs: all threads have begun, which takes room, too.
    running.flush().unwrap();
    let before = controller.topology();
    let full = crowd();
    let new = Pipeline::new("new").stage("b", step("new"));
    let inserted = controller.push_back("new", thread(new)).unwrap_err();
    assert!(text(inserted.refusal()).contains("the system gives no thread"), "{inserted}");
    let replaced = controller.replace("t/b", workers(2, || step("B"))).unwrap_err();
    assert!(text(replaced.refusal()).contains("the system gives no thread"), "{replaced}");
    let more = controller.workers("w", 4).unwrap_err();
    assert!(text(more.refusal()).contains("the system gives no thread"), "{more}");
    // All or nothing.
    let both = controller.edit(|e| e.insert_before("w", "c", step("c"))?.workers("w", 5)).unwrap_err();
    assert_eq!(both.change(), 1);
    assert_eq!(controller.topology(), before);
    running.send_all(items(10..20)).unwrap();
    drop(full);
    // What was refused is handed back, and can be committed now.
    running.settle().unwrap();
    let mut receipts = Vec::new();
    for refused in [inserted, replaced, more, both] {
        receipts.push(controller.commit(refused.into_edit()).unwrap());
    }
    running.send_all(items(20..30)).unwrap();
    for number in 0..30 {
        let item = running.recv().unwrap().unwrap();
        assert_eq!(item.number, number);
        let way = if number < 20 { vec!["b", "w"] } else { vec!["B", "c", "w", "new"] };
        assert_eq!(item.way, way, "item {number}");
    }
    assert!(receipts.into_iter().all(|receipt| receipt.wait_retired().is_some()));
    let ledger = running.finish().unwrap().ledger;
    assert_eq!((ledger.delivered(), ledger.in_flight()), (30, 0));
}

#[test]
#[cfg(target_os = "linux")]
fn g0_where_the_system_has_no_thread_an_edit_is_refused_and_handed_back() {
    let _watch = watch("out of threads".to_owned());
    let mut shell = Command::new("sh");
    let program = std::env::current_exe().unwrap();
    // A thread takes room for its stack in the memory that there may be, though it uses little of it.
    shell.args(["-c", "ulimit -v 8000000 && exec \"$@\"", "sh"]).arg(program);
    shell.env("RUST_MIN_STACK", STACK.to_string());
    shell.args(["--exact", "no_threads::in_little_room", "--ignored", "--test-threads=1"]);
    let output = shell.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}
