//! What can be seen of threads: what each does, how full queues are, who waits for whom, and who has not come home.

use std::cell::Cell;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::yield_now;

use coroute::threads::{Doing, Party};
use coroute::{
    CallError, Ends, Hold, InFlight, Path, Pipeline, Route, Running, Stage, Switch, Threads, thread, workers,
};
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
    for _ in 0..1_000_000 {
        if is(&threads) {
            break;
        }
        yield_now();
        threads = running.threads();
    }
    threads
}

/// Sends items one by one, each as a packet of its own.
fn each<Out: Send + 'static>(running: &Running<i64, Out>, items: impl IntoIterator<Item = i64>) {
    for item in items {
        running.send(item).unwrap();
        running.settle().unwrap();
    }
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
    each(&running, 1..4);
    running.send_all(4..6).unwrap();
    (running, gate)
}

/// All but the one at the gate.
fn all_wait(threads: &Threads) -> bool {
    let waits = |at: usize| matches!(threads.rows()[at].does, Doing::Waiting { .. });
    threads.blocked().len() == 3 && threads.stages()[0].done == 2 && waits(0) && waits(1)
}

#[test]
fn a_stage_that_blocks_is_seen_and_who_waits_for_it() {
    let (running, gate) = filled();
    let threads = once(&running, all_wait);
    assert_snapshot!(threads, @"
    thread  stage  queue  does
    p       p      2/2    waits for a
    a       a      2/2    waits for b
    b       b      2/2    working on cycle 0
            exit   0/2
    ");
    assert_snapshot!(blocked(&threads), @"
    the senders wait for p
    p waits for a
    a waits for b, which works on cycle 0
    ");
    drop(gate);
    assert_eq!(running.finish().unwrap().outputs, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn whoever_receives_nothing_is_the_one_that_blocks() {
    let pipeline = Pipeline::new("p").stage("a", on_a_thread("a", 1, |x: i64| x)).workers("w", 2, || |x: i64| x);
    let pipeline = pipeline.stage("b", on_a_thread("b", 1, |x: i64| x));
    let mut running = pipeline.spawn_with(Ends { door: 1, exit: 1 }).unwrap();
    let sent = Cell::new(0);
    let threads = once(&running, |threads| {
        sent.set(sent.get() + i64::from(running.try_send(sent.get()).is_ok()));
        let (first, last) = (threads.blocked().first(), threads.blocked().last());
        let ends = (first.map(|first| &first.who), last.map(|last| &last.by));
        ends == (Some(&Party::Senders), Some(&Party::Receiver)) && threads.exit().unwrap().is_full()
    });
    assert_eq!(
        threads.blocked().last().map(|last| (&last.by, last.cycle)),
        Some((&Party::Receiver, None)),
        "{threads}"
    );
    for item in 0..sent.get() {
        assert_eq!(running.recv().unwrap().unwrap(), item);
    }
    running.flush().unwrap();
    assert_eq!(running.threads().blocked(), []);
    assert!(running.threads().rows().iter().all(|row| row.does == Doing::Idle && row.queue.items == 0));
}

#[test]
fn a_stage_without_a_thread_blocks_the_whole_pipeline() {
    let (gate, stage) = gate();
    let pipeline = Pipeline::new("p").stage("a", on_a_thread("a", 4, |x: i64| x)).stage("stuck", stage());
    let running = pipeline.spawn_with(Ends { door: 1, exit: 1 }).unwrap();
    running.send(7).unwrap();
    assert_eq!(gate.came.recv(), Ok(7));
    running.send(8).unwrap();
    assert_snapshot!(running.threads(), @"
    thread  stage  queue  does
    p       p      1/1    working on cycle 0
    a       a      0/4    idle
            exit   0/1
    ");
    assert_snapshot!(blocked(&running.threads()), @"the senders wait for p, which works on cycle 0");
    drop(gate);
    assert_eq!(running.finish().unwrap().outputs, [7, 8]);
}

#[test]
fn workers_have_a_row_each_and_their_number_can_change() {
    let (gate, stage) = gate();
    let pipeline = Pipeline::new("p").stage("w", workers(2, stage).queue(4));
    let running = pipeline.spawn().unwrap();
    each(&running, 0..3);
    let mut came = [gate.came.recv().unwrap(), gate.came.recv().unwrap()];
    came.sort_unstable();
    assert_eq!(came, [0, 1]);
    assert_snapshot!(running.threads(), @"
    thread  stage  queue   does
    p       p      0/1024  idle
    w-0     w      2/4     working on cycle 0
    w-1     w      1/4     working on cycle 1
            exit   0/1024
    ");
    running.controller().workers("w", 3).unwrap();
    each(&running, 3..4);
    assert_eq!(gate.came.recv(), Ok(3));
    assert_snapshot!(running.threads(), @"
    thread  stage  queue   does
    p       p      0/1024  idle
    w-0     w      2/4     working on cycle 0
    w-1     w      1/4     working on cycle 1
    w-2     w      1/4     working on cycle 3
            exit   0/1024
    ");
    assert_eq!(blocked(&running.threads()), "", "who works is not blocked, and nobody is by it");
    drop(gate);
    assert_eq!(running.finish().unwrap().outputs, [0, 1, 2, 3]);
}

#[test]
fn of_many_items_that_come_at_once_the_one_in_hand_is_seen() {
    let (gate, stage) = gate();
    let pipeline = Pipeline::new("p").stage("t", on_a_thread("t", 64, stage()));
    let running = at_once(pipeline, 10);
    for item in 0..10 {
        assert_eq!(gate.came.recv(), Ok(item));
        running.settle().unwrap();
        assert_eq!(running.threads().rows()[1].does, Doing::Working { first: item as u64, last: item as u64 });
        gate.open.send(()).unwrap();
    }
    assert_eq!(running.finish().unwrap().outputs, (0..10).collect::<Vec<_>>());
}

#[test]
fn items_that_a_pipeline_takes_at_once_are_a_range_of_cycles() {
    let (gate, stage) = gate();
    let running = at_once(Pipeline::new("p").stage("stuck", stage()), 10);
    assert_eq!(gate.came.recv(), Ok(0));
    assert_eq!(running.threads().rows()[0].does.to_string(), "working on cycles 0 to 9");
    drop(gate);
    assert_eq!(running.finish().unwrap().outputs, (0..10).collect::<Vec<_>>());
}

/// Has so many items wait in front of the pipeline, and come in at once.
fn at_once(pipeline: Pipeline<i64, i64>, items: i64) -> Running<i64, i64> {
    let controller = pipeline.controller();
    controller.pause().unwrap();
    let running = pipeline.spawn().unwrap();
    running.send_all(0..items).unwrap();
    controller.resume().unwrap();
    running
}

#[test]
fn a_switch_is_as_full_as_a_target_of_its_route() {
    let (gate, stage) = gate();
    let switch = Switch::new("s")
        .target("x", on_a_thread("x", 1, |x: i64| x))
        .target("y", on_a_thread("y", 1, stage()))
        .route(Route::round_robin(["x", "y"]));
    let running = Pipeline::new("p").switch(switch).spawn_with(Ends { door: 1, exit: 8 }).unwrap();
    each(&running, 0..2);
    assert_eq!(gate.came.recv(), Ok(1));
    running.send(2).unwrap();
    let threads = once(&running, |threads| threads.exit().is_some_and(|exit| exit.items == 1));
    assert_snapshot!(threads, @"
    thread  stage  queue  does
    p       p      1/1    waits for s/y
    x       s/x    0/1    idle
    y       s/y    1/1    working on cycle 1
            exit   1/8
    ");
    assert_snapshot!(blocked(&threads), @"
    the senders wait for p
    p waits for s/y, which works on cycle 1
    ");
    drop(gate);
    assert_eq!(running.finish().unwrap().outputs, [0, 1, 2]);
}

#[test]
fn a_thread_inside_a_thread_is_seen_too() {
    let (gate, stage) = gate();
    let inner = Pipeline::new("t").stage("inner", on_a_thread("inner", 1, stage())).stage("behind", |x: i64| x);
    let running = Pipeline::new("p").stage("t", thread(inner).queue(2)).spawn_with(Ends { door: 1, exit: 1 }).unwrap();
    running.send(0).unwrap();
    assert_eq!(gate.came.recv(), Ok(0));
    each(&running, 1..2);
    running.send(2).unwrap();
    let threads = once(&running, |threads| threads.blocked().len() == 3);
    assert_snapshot!(threads, @"
    thread  stage    queue  does
    p       p        1/1    waits for t
    t       t        2/2    waits for t/inner
    inner   t/inner  1/1    working on cycle 0
            exit     0/1
    ");
    assert_snapshot!(blocked(&threads), @"
    the senders wait for p
    p waits for t
    t waits for t/inner, which works on cycle 0
    ");
    drop(gate);
    assert_eq!(running.finish().unwrap().outputs, [0, 1, 2]);
}

#[test]
fn a_paused_pipeline_waits_for_an_edit() {
    let pipeline = Pipeline::new("p").switch(Switch::new("s").target("a", |x: i64| x)).stage("z", |x: i64| x);
    let running = pipeline.spawn_with(Ends { door: 1, exit: 1 }).unwrap();
    running.send(1).unwrap();
    assert_eq!(blocked(&running.threads()), "the senders wait for p\np waits for an edit\n", "no target");
    let controller = running.controller();
    controller.edit(|e| e.route("s", "a")?.pause()).unwrap();
    assert_eq!(blocked(&running.threads()), "the senders wait for p\np waits for an edit\n", "paused");
    controller.resume().unwrap();
    running.settle().unwrap();
    assert_eq!(blocked(&running.threads()), "");
    assert_eq!(running.finish().unwrap().outputs, [1]);
}

#[test]
fn a_topology_shows_the_threads_if_asked() {
    let (running, gate) = filled();
    let threads = once(&running, all_wait);
    let topology = running.topology();
    assert_snapshot!(topology.tree().threads(&threads), @r#"
    p             i64 -> i64  revision 0       thread "p", door 2/2, exit 0/2, waits for a
    ├─ a          i64 -> i64  thread, queue 2  thread "a", queue 2/2, waits for b
    │  └─ inside  i64 -> i64
    ├─ plain      i64 -> i64
    └─ b          i64 -> i64  thread, queue 2  thread "b", queue 2/2, working on cycle 0
       └─ inside  i64 -> i64
    "#);
    assert_snapshot!(topology.tree(), @"
    p             i64 -> i64  revision 0
    ├─ a          i64 -> i64  thread, queue 2
    │  └─ inside  i64 -> i64
    ├─ plain      i64 -> i64
    └─ b          i64 -> i64  thread, queue 2
       └─ inside  i64 -> i64
    ");
    assert_snapshot!(topology.mermaid().threads(&threads), @r#"
    ---
    title: "p, revision 0, thread \"p\", door 2/2, exit 0/2, waits for a"
    ---
    flowchart LR
        __in(["i64"])
        subgraph a ["a, i64 -> i64, thread, queue 2, thread #quot;a#quot;, queue 2/2, waits for b"]
            a__inside["inside<br>i64 -> i64"]
        end
        plain["plain<br>i64 -> i64"]
        subgraph b ["b, i64 -> i64, thread, queue 2, thread #quot;b#quot;, queue 2/2, working on cycle 0"]
            b__inside["inside<br>i64 -> i64"]
        end
        __out(["i64"])
        __in --> a__inside
        a__inside --> plain
        plain --> b__inside
        b__inside --> __out
    "#);
    drop(gate);
    assert_eq!(running.finish().unwrap().ledger.delivered(), 6);
}

#[test]
fn there_are_threads_only_while_the_pipeline_is_spawned() {
    let mut pipeline = Pipeline::new("p").thread("t", |t| t.stage("s", |x: i64| x));
    let controller = pipeline.controller();
    assert_eq!(controller.threads().to_string(), "no threads\n");
    assert_eq!(pipeline.topology().tree().threads(&controller.threads()).to_string(), pipeline.topology().to_string());
    let items = (0..2).inspect(|_| assert_eq!(controller.threads().rows().len(), 2));
    let ledger = pipeline.run(items, |_| ()).unwrap();
    assert_eq!(ledger.delivered(), 2);
    assert!(controller.threads().is_empty());
    let running = pipeline.spawn().unwrap();
    assert_eq!(running.threads().rows()[1].thread, "t");
    let finished = running.finish().unwrap();
    assert!(controller.threads().is_empty() && finished.blocked.is_empty());
}

#[test]
fn g6_an_abort_says_which_thread_is_blocked() {
    let (gate, stage) = gate();
    let pipeline = Pipeline::new("p")
        .stage("a", on_a_thread("a", 4, |x: i64| x))
        .stage("stuck", on_a_thread("stuck", 4, stage()))
        .stage("w", workers(2, || |x: i64| -x));
    let running = pipeline.spawn().unwrap();
    let controller = running.controller();
    running.send_all(0..3).unwrap();
    assert_eq!(gate.came.recv(), Ok(0));
    let finished = running.abort().unwrap();
    assert_eq!(finished.blocked, ["stuck"]);
    assert_eq!(finished.failures.len() + finished.items.len(), 3);
    assert!(finished.ledger.is_balanced());
    // It works on, though nobody waits for it.
    assert!(matches!(controller.threads().rows(), [row] if row.thread == "stuck" && row.does != Doing::Idle));
    let mut pipeline = finished.pipeline;
    let Err(CallError::Held(held)) = pipeline.call(1) else { panic!("it has lost a stage") };
    assert_eq!((held.item, held.why), (1, Hold::Away { stage: Path::new("stuck").unwrap() }));
    controller.replace("stuck", |x: i64| x * 10).unwrap();
    assert_eq!(pipeline.call(1).unwrap(), -10);
    let running = pipeline.spawn().unwrap();
    running.send(2).unwrap();
    assert_eq!(running.finish().unwrap().outputs, [-20]);
    drop(gate);
}

#[test]
fn g6_a_worker_that_is_blocked_leaves_the_others() {
    let (gate, stage) = gate();
    let made = Mutex::new(0);
    let maker = move || -> Box<dyn FnMut(i64) -> i64 + Send> {
        *made.lock().unwrap() += 1;
        if *made.lock().unwrap() == 1 { stage() } else { Box::new(|x| x) }
    };
    let running = Pipeline::new("p").workers("w", 2, maker).spawn().unwrap();
    running.send(0).unwrap();
    assert_eq!(gate.came.recv(), Ok(0));
    let finished = running.abort().unwrap();
    assert_eq!(finished.blocked, ["w-0"]);
    let running = finished.pipeline.spawn().unwrap();
    running.send_all(1..4).unwrap();
    assert_eq!(running.finish().unwrap().outputs, [1, 2, 3]);
    drop(gate);
}

#[test]
fn g4_a_stage_that_blocks_is_routed_around_and_its_thread_is_named() {
    let (gate, stage) = gate();
    let switch = Switch::new("s").target("a", on_a_thread("a", 8, stage())).target("b", |x: i64| -x).route("a");
    let mut running = Pipeline::new("p").switch(switch).spawn().unwrap();
    running.send_all(0..3).unwrap();
    assert_eq!(gate.came.recv(), Ok(0));
    running.settle().unwrap();
    let controller = running.controller();
    let rule = InFlight::fail_after(std::future::ready(()));
    controller.edit(|e| e.route("s", "b")?.detach("s", "a")?.in_flight(rule)).unwrap();
    running.send(5).unwrap();
    let news: Vec<String> =
        (0..4).map(|_| running.recv().unwrap().map_or_else(|f| f.to_string(), |x| x.to_string())).collect();
    assert_snapshot!(news.join("\n"), @r#"
    stage "s/a" failed on cycle 0, revision 0: the edit left the item behind: it was still in work at the deadline
    stage "s/a" failed on cycle 1, revision 0: the edit left the item behind: it was still waiting at the deadline
    stage "s/a" failed on cycle 2, revision 0: the edit left the item behind: it was still waiting at the deadline
    -5
    "#);
    assert_snapshot!(once(&running, |threads| threads.rows().len() == 2), @"
    thread  stage     queue   does
    p       p         0/1024  idle
    a       a (gone)  0/8     working on cycle 0
            exit      0/1024
    ");
    let finished = running.finish().unwrap();
    assert_eq!(finished.blocked, ["a"]);
    drop(gate);
}

#[cfg(feature = "serde")]
#[test]
fn threads_as_json() {
    let (running, gate) = filled();
    insta::assert_json_snapshot!(once(&running, all_wait), @r#"
    {
      "rows": [
        {
          "thread": "p",
          "stage": "p",
          "worker": null,
          "queue": {
            "items": 2,
            "capacity": 2
          },
          "does": {
            "waiting": {
              "on": {
                "stage": "a"
              }
            }
          },
          "gone": false
        },
        {
          "thread": "a",
          "stage": "a",
          "worker": null,
          "queue": {
            "items": 2,
            "capacity": 2
          },
          "does": {
            "waiting": {
              "on": {
                "stage": "b"
              }
            }
          },
          "gone": false
        },
        {
          "thread": "b",
          "stage": "b",
          "worker": null,
          "queue": {
            "items": 2,
            "capacity": 2
          },
          "does": {
            "working": {
              "first": 0,
              "last": 0
            }
          },
          "gone": false
        }
      ],
      "stages": [
        {
          "stage": "a",
          "inside": {
            "items": 2,
            "capacity": 2
          },
          "done": 2
        },
        {
          "stage": "b",
          "inside": {
            "items": 2,
            "capacity": 2
          },
          "done": 0
        }
      ],
      "exit": {
        "items": 0,
        "capacity": 2
      },
      "blocked": [
        {
          "who": "senders",
          "by": {
            "pipeline": "p"
          },
          "cycle": null
        },
        {
          "who": {
            "pipeline": "p"
          },
          "by": {
            "stage": "a"
          },
          "cycle": null
        },
        {
          "who": {
            "stage": "a"
          },
          "by": {
            "stage": "b"
          },
          "cycle": 0
        }
      ]
    }
    "#);
    drop(gate);
    assert_eq!(running.finish().unwrap().ledger.delivered(), 6);
}
