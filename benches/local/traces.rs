//! What a recording costs, beside the same pipeline without one.

use coroute::{Pipeline, Recording, Route, flat_map};

use crate::functions::{add, calls, pipeline};
use crate::items::BATCH;
use crate::measure::Clock;
use crate::others::split;
use crate::table::{Table, Target};

type Made = fn() -> Pipeline<i64, i64>;
type Sent = fn(u64, &mut Pipeline<i64, i64>);

fn call(items: u64, pipeline: &mut Pipeline<i64, i64>) {
    calls(items, pipeline);
}

fn send(items: u64, pipeline: &mut Pipeline<i64, i64>) {
    (0..items.cast_signed()).for_each(|x| pipeline.send(x, drop).unwrap());
}

fn send_all(items: u64, pipeline: &mut Pipeline<i64, i64>) {
    for _ in 0..items / BATCH as u64 {
        pipeline.send_all(0..BATCH as i64, drop).unwrap();
    }
}

fn canary() -> Pipeline<i64, i64> {
    split(Route::weighted([("a", 95), ("b", 5)]))
}

fn in_turn() -> Pipeline<i64, i64> {
    split(Route::round_robin(["a", "b", "c"]))
}

fn ten() -> Pipeline<i64, i64> {
    (0..10).fold(Pipeline::new("ten"), |p, at| p.stage(format!("s{at}"), add))
}

fn twins() -> Pipeline<i64, i64> {
    pipeline().stage("twins", flat_map(|x: i64| [x, x]))
}

/// As it is after a recording was ended.
fn ended(pipeline: &Pipeline<i64, i64>) {
    pipeline.controller().record(Recording::runs()).unwrap();
    pipeline.controller().stop_recording();
}

pub(crate) fn rows(clock: Clock, table: &mut Table) {
    let mut row = |what: &str, made: Made, sent: Sent, on: &dyn Fn(&Pipeline<i64, i64>), target| {
        if table.wants(what) {
            let (mut ours, mut peer) = (made(), made());
            on(&ours);
            let times = clock.pair(&mut |items| sent(items, &mut ours), &mut |items| sent(items, &mut peer));
            table.row(what, times, target);
        }
    };
    let runs = |p: &Pipeline<i64, i64>| p.controller().record(Recording::runs()).unwrap();
    let edits = |p: &Pipeline<i64, i64>| p.controller().record(Recording::edits()).unwrap();
    let items = |p: &Pipeline<i64, i64>| p.controller().record(Recording::items().last(100)).unwrap();
    row("trace: ended, call", pipeline, call, &ended, Target::Times(1.02));
    row("trace: ended, switch 95:5", canary, call, &ended, Target::Times(1.02));
    row("trace: edits only, call", pipeline, call, &edits, Target::None);
    row("trace: edits only, send_all", pipeline, send_all, &edits, Target::None);
    row("trace: runs, call", pipeline, call, &runs, Target::More(30.0));
    row("trace: runs, send", pipeline, send, &runs, Target::More(30.0));
    row("trace: runs, send_all", pipeline, send_all, &runs, Target::More(30.0));
    row("trace: runs, switch 95:5", canary, call, &runs, Target::More(30.0));
    row("trace: runs, switch in turn", in_turn, call, &runs, Target::More(30.0));
    row("trace: runs, 10 stages", ten, call, &runs, Target::More(30.0));
    row("trace: runs, flat_map to 2", twins, send, &runs, Target::More(30.0));
    let sample = |p: &Pipeline<i64, i64>| p.controller().record(Recording::items().every(1000).last(100)).unwrap();
    row("trace: every 1000th item, call", pipeline, call, &sample, Target::None);
    row("trace: the last 100 items, call", pipeline, call, &items, Target::None);
    row("trace: the last 100 items, switch 95:5", canary, call, &items, Target::None);
}
