//! How long a change of the route takes, with a source at 90 % of the sink's pace, and with one that always has an item.
//!
//! Items come at random and the sinks take random times (both exponential, the same numbers for every manner), so that there
//! is a queue in front of the sink: ten items on average at 90 %, if the channel holds them; with a source that always has
//! an item the channel is full. Three moments are told apart, each from the beginning of
//! the call: *commit*, when the call returns; *effect*, when the new sink has the first item in hand; *done*, when the old
//! sink has done with its last. The unit is the mean time that a sink takes for an item.

use std::time::Instant;

use futures::StreamExt;
use futures::executor::LocalSpawner;
use futures::future::join;
use futures::task::LocalSpawnExt;

use crate::desk::line;
use crate::manner::{Manner, Router};
use crate::time::{MICRO, Random, Time, run};

/// What a sink takes for an item, on average.
const PACE: u64 = 100 * MICRO;

/// One reroute's three moments, in units of [`PACE`], and what the call took in real nanoseconds.
struct Sample {
    commit: f64,
    effect: f64,
    done: f64,
    real: f64,
}

/// How fast the source is.
#[derive(Clone, Copy)]
enum Load {
    Ninety,
    Full,
}

pub(crate) fn print(reroutes: usize) {
    let mut real = Vec::new();
    for (load, words) in [(Load::Ninety, "at 90 % of the sink's pace"), (Load::Full, "that always has an item")] {
        println!("\nA reroute, with a source {words}, in mean times of the sink for an item, virtual time");
        println!("(p50 / p99 of {reroutes}):\n");
        println!("| channel | manner | commit | effect | done |");
        println!("| --- | --- | --- | --- | --- |");
        for room in [1, 16, 128, 1024] {
            for manner in Manner::ALL {
                let samples = measure(manner, load, room, reroutes);
                let both = |of: fn(&Sample) -> f64| {
                    let values: Vec<_> = samples.iter().map(of).collect();
                    format!("{:.2} / {:.2}", percentile(&values, 50), percentile(&values, 99))
                };
                let [commit, effect, done] = [both(|s| s.commit), both(|s| s.effect), both(|s| s.done)];
                println!("| {room} | {} | {commit} | {effect} | {done} |", manner.words());
                if manner == Manner::Ours {
                    real.extend(samples.iter().map(|sample| sample.real));
                }
            }
        }
    }
    let (half, most) = (percentile(&real, 50), percentile(&real, 99));
    println!("\nOur commit in real time, p50 / p99 of {}: {half:.0} / {most:.0} ns", real.len());
}

fn percentile(values: &[f64], part: usize) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[(values.len() * part / 100).min(values.len() - 1)]
}

fn measure(manner: Manner, load: Load, room: usize, reroutes: usize) -> Vec<Sample> {
    let time = Time::default();
    run(&time.clone(), |spawner| async move { reroute(manner, load, room, reroutes, &time, &spawner).await })
        .expect("both sinks work")
}

async fn reroute(
    manner: Manner,
    load: Load,
    room: usize,
    reroutes: usize,
    time: &Time,
    spawner: &LocalSpawner,
) -> Vec<Sample> {
    let lines = [1, 2].map(|seed| {
        let (line, received) = line(room);
        let (desk, time, mut random) = (line.desk.clone(), time.clone(), Random(seed));
        let work = desk.take(received).for_each(move |_| {
            let (desk, time, done) = (desk.clone(), time.clone(), time.sleep(random.exponential(PACE)));
            async move {
                done.await;
                desk.finish(time.now());
            }
        });
        spawner.spawn_local(work).unwrap();
        line
    });
    let desks = [lines[0].desk.clone(), lines[1].desk.clone()];
    let (mut gaps, mut pauses) = (Random(3), Random(4));
    let source = time.arrivals(move || match load {
        Load::Ninety => gaps.exponential(PACE * 10 / 9),
        Load::Full => 0,
    });
    let mut router = Router::start(manner, spawner, source, lines);
    let mut samples = Vec::new();
    for old in [0, 1].into_iter().cycle().take(reroutes) {
        time.sleep(500 * PACE + pauses.exponential(500 * PACE)).await;
        let (begin, taken) = (time.now(), desks[1 - old].taken());
        let since = |now: u64| now.saturating_sub(begin) as f64 / PACE as f64;
        let commit = async {
            let real = Instant::now();
            router.reroute().await;
            (since(time.now()), real.elapsed().as_nanos() as f64)
        };
        let effect = async {
            desks[1 - old].takes_after(taken).await;
            since(time.now())
        };
        let ((commit, real), effect) = join(commit, effect).await;
        desks[old].drained().await;
        samples.push(Sample { commit, effect, done: since(desks[old].last()), real });
    }
    samples
}
