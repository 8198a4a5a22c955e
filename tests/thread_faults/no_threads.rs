//! A system that has no thread left: an error where one was asked for, and nothing has changed.

use std::process::Command;
use std::sync::mpsc;
use std::thread as threads;

use coroute::{NotSpawned, Pipeline, Refusal, thread, workers};

use super::kit::{Item, items, step, watch};

fn pipeline() -> Pipeline<Item, Item> {
    Pipeline::new("p").thread("t", |t| t.stage("b", step("b"))).workers("w", 2, || step("w"))
}

/// Takes what room there is for threads, until it is dropped.
struct Crowd(Vec<(mpsc::Sender<()>, threads::JoinHandle<()>)>);

impl Crowd {
    /// Great ones first, so that they are few.
    fn new() -> Self {
        let mut crowd = Vec::new();
        for stack in [1 << 30, 1 << 27, 1 << 24, 1 << 21, 1 << 20] {
            loop {
                let (leave, stays) = mpsc::channel::<()>();
                let stands = move || {
                    let _ = stays.recv();
                };
                match threads::Builder::new().stack_size(stack).spawn(stands) {
                    Ok(thread) => crowd.push((leave, thread)),
                    Err(_) => break,
                }
            }
        }
        Self(crowd)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for (leave, thread) in self.0.drain(..) {
            drop(leave);
            thread.join().unwrap();
        }
    }
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
    let crowd = Crowd::new();
    let error = pipeline().spawn().unwrap_err();
    assert!(matches!(error.why, NotSpawned::NoThread { .. }), "{error}");
    drop(crowd);
    let mut running = error.pipeline.spawn().unwrap();
    let controller = running.controller();
    running.send_all(items(0..10)).unwrap();
    // While it runs.
    let before = controller.topology();
    let crowd = Crowd::new();
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
    drop(crowd);
    // What was refused is handed back, and can be committed now.
    let mut receipts = Vec::new();
    for refused in [inserted, replaced, more, both] {
        receipts.push(controller.commit(refused.into_edit()).unwrap());
    }
    running.settle().unwrap();
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
    // A thread takes room for its stack in the memory that there may be.
    shell.args(["-c", "ulimit -v 4000000 && exec \"$@\"", "sh"]).arg(program);
    shell.args(["--exact", "no_threads::in_little_room", "--ignored", "--test-threads=1"]);
    let output = shell.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}{}", String::from_utf8_lossy(&output.stderr));
}
