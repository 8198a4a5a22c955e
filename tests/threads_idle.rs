//! A spawned pipeline that has nothing to do uses no CPU, whatever it has threads for. The system is asked how long its threads
//! have run, in ticks of a hundredth of a second; the test sleeps meanwhile, for that is what it is about.
#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use coroute::{Pipeline, Switch, buffer, thread as on_thread, workers};

/// The ticks that each thread has run whose name begins so, by its number.
fn ticks(begin: &str) -> BTreeMap<String, (String, u64)> {
    let tasks = fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap());
    let known = tasks.filter_map(|task| {
        let stat = fs::read_to_string(task.path().join("stat")).ok()?;
        // The name is in parentheses, and may have any character in it.
        let (front, fields) = stat.rsplit_once(')')?;
        let (_, name) = front.split_once('(')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        // `utime` and `stime`.
        let ran = fields[11].parse::<u64>().ok()? + fields[12].parse::<u64>().ok()?;
        let own = name.starts_with(begin);
        own.then(|| (task.file_name().to_string_lossy().into_owned(), (name.to_owned(), ran)))
    });
    known.collect()
}

/// What each of these threads has run in a second, in ticks.
fn ran_in_a_second(begin: &str) -> Vec<(String, u64)> {
    let before = ticks(begin);
    thread::sleep(Duration::from_secs(1));
    let after = ticks(begin);
    after.into_iter().map(|(id, (name, ran))| (name, ran - before.get(&id).map_or(0, |(_, ran)| *ran))).collect()
}

fn busy(ran: &[(String, u64)]) -> Vec<&(String, u64)> {
    ran.iter().filter(|(_, ticks)| *ticks > 1).collect()
}

#[test]
fn g5_a_pipeline_that_has_nothing_to_do_uses_no_cpu() {
    let inner = Pipeline::new("idle_in").stage("neg", |x: i64| -x);
    let outer = Pipeline::new("idle_t").stage("idle_in", on_thread(inner)).stage("queue", buffer(4));
    let switch = Switch::new("s").target("idle_x", on_thread(Pipeline::new("idle_x").stage("same", |x: i64| x)));
    let switch = switch.target("y", |x: i64| x).route("idle_x");
    let pipeline = Pipeline::new("idle")
        .stage("idle_t", on_thread(outer))
        .stage("idle_w", workers(3, || |x: i64| x))
        .switch(switch)
        .async_stage("later", 4, |x: i64| async move { x });
    let mut running = pipeline.spawn().unwrap();
    // Before the first item, behind some, behind an edit, and where an item waits for ever.
    let mut all = vec![ran_in_a_second("idle")];
    running.send_all(0..1000).unwrap();
    running.flush().unwrap();
    (0..1000).for_each(|_| assert!(running.recv().unwrap().is_ok()));
    all.push(ran_in_a_second("idle"));
    let controller = running.controller();
    controller.workers("idle_w", 2).unwrap();
    running.send(1).unwrap();
    running.flush().unwrap();
    controller.push_back("never", coroute::async_stage(1, |_: i64| pending::<i64>())).unwrap();
    running.send_all(0..3).unwrap();
    running.settle().unwrap();
    all.push(ran_in_a_second("idle"));
    for (at, ran) in all.iter().enumerate() {
        // The pipeline's own, two and those inside, and the workers.
        assert!(ran.len() >= 6, "{at}: {ran:?}");
        assert!(busy(ran).is_empty(), "{at}: {ran:?}");
    }
    running.abort().unwrap();
}

#[test]
fn control_a_thread_that_spins_is_seen() {
    let over = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&over);
    let spins = move || {
        while !seen.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
    };
    let spinning = thread::Builder::new().name("spins".to_owned()).spawn(spins).unwrap();
    let ran = ran_in_a_second("spins");
    over.store(true, Ordering::Relaxed);
    spinning.join().unwrap();
    assert_eq!(busy(&ran).len(), 1, "{ran:?}");
}
