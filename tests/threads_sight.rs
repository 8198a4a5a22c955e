//! What can be seen of threads: what each does, how full queues are, who waits for whom, and who has not come home.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::yield_now;

use coroute::threads::{Doing, Party};
use coroute::{Ends, Hold, InFlight, Pipeline, Route, Running, Stage, Switch, Threads, thread, workers};
use insta::assert_snapshot;

/// A gate that items stop at: stages say what has come to it, and the test opens it for one item at a time, or for all.
struct Gate {
    came: Receiver<i64>,
    open: Sender<()>,
}

/// A gate, and stages that items stop in.
fn gate() -> (Gate, impl Fn() -> Box<dyn FnMut(i64) -> i64 + Send>) {
    let ((come, came), (open, opened)) = (channel(), channel());
    let opened = Arc::new(Mutex::new(opened));
    let stage = move || -> Box<dyn FnMut(i64) -> i64 + Send> {
        let (come, opened) = (come.clone(), Arc::clone(&opened));
        Box::new(move |x| {
            let _ = come.send(x);
            let _ = opened.lock().unwrap().recv();
            x
        })
    };
    (Gate { came, open }, stage)
}

fn on_a_thread<S: Stage<i64, Out = i64>>(name: &str, queue: usize, stage: S) -> coroute::ThreadStage<i64, i64> {
    thread(Pipeline::new(name).stage("inside", stage)).queue(queue)
}

/// The threads, as soon as they are as they should be: threads that are not at a gate take their time.
fn once<In, Out>(running: &Running<In, Out>, is: impl Fn(&Threads) -> bool) -> Threads
where
    In: Send + 'static,
    Out: Send + 'static,
{
    let mut threads = running.threads();
    for _ in 0..20_000_000 {
        if is(&threads) {
            break;
        }
        yield_now();
        threads = running.threads();
    }
    threads
}

fn blocked(threads: &Threads) -> String {
    threads.blocked().iter().map(|blocked| format!("{blocked}\n")).collect()
}

/// Fills a pipeline whose stage on a thread `b` is at a gate, behind `a`, up to its senders.
fn filled() -> (Running<i64, i64>, Gate) {
    let (gate, stage) = gate();
    let pipeline = Pipeline::new("p")
        .stage("a", on_a_thread("a", 2, |x: i64| x + 1))
        .stage("plain", |x: i64| x)
        .stage("b", on_a_thread("b", 2, stage()));
    let running = pipeline.spawn_with(Ends { door: 2, exit: 2 }).unwrap();
    running.send(0).unwrap();
    assert_eq!(gate.came.recv(), Ok(1));
    running.send_all(1..6).unwrap();
    (running, gate)
}

#[test]
fn a_stage_that_blocks_is_seen_and_who_waits_for_it() {
    let (running, gate) = filled();
    let threads = once(&running, |threads| threads.blocked().len() == 3);
    assert_snapshot!(threads, @"");
    assert_snapshot!(blocked(&threads), @"");
    drop(gate);
    assert_eq!(running.finish().unwrap().outputs, [1, 2, 3, 4, 5, 6]);
}
