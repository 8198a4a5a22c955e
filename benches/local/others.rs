//! What else costs how much; for information, beside three plain stages called one item at a time.

use coroute::{Pipeline, Route, Switch, body, filter, flat_map, try_stage};

use crate::functions::{add, calls, cube, double, pipeline};
use crate::items::BATCH;
use crate::measure::Clock;
use crate::switches::name;
use crate::table::{Table, Target};

pub(crate) fn rows(clock: Clock, table: &mut Table) {
    let mut beside = |what: &str, ours: &mut dyn FnMut(u64)| {
        if table.wants(what) {
            let mut peer = pipeline();
            table.row(what, clock.pair(ours, |items| calls(items, &mut peer)), Target::None);
        }
    };
    let called = |mut pipeline: Pipeline<i64, i64>| move |items: u64| calls(items, &mut pipeline);
    let sent = |mut pipeline: Pipeline<i64, i64>| {
        move |items: u64| (0..items.cast_signed()).for_each(|x| pipeline.send(x, drop).unwrap())
    };
    let batched = |mut pipeline: Pipeline<i64, i64>| {
        move |items: u64| {
            for _ in 0..items / BATCH as u64 {
                pipeline.send_all(0..BATCH as i64, drop).unwrap();
            }
        }
    };
    let bare = || Pipeline::new("p");
    let echo = || {
        body(|mut io| async move {
            while let Some(x) = io.recv().await {
                io.emit(add(x));
            }
        })
    };

    beside("other: no stage, call", &mut called(bare()));
    beside("other: 1 stage, call", &mut called(bare().stage("add", add)));
    beside("other: 1 stage, send_all", &mut batched(bare().stage("add", add)));
    beside("other: 10 stages, call", &mut called((0..10).fold(bare(), |p, at| p.stage(name(at), add))));
    beside("other: filter that keeps all, call", &mut called(bare().stage("filter", filter(|x: &i64| *x >= 0))));
    beside("other: filter that drops half, send", &mut sent(bare().stage("filter", filter(|x: &i64| x % 2 == 0))));
    beside("other: filter that drops half, send_all", &mut batched(bare().stage("f", filter(|x: &i64| x % 2 == 0))));
    let tries = || bare().stage("try", try_stage(|x: &i64| x.checked_add(1).ok_or("too big")));
    beside("other: try_stage, call", &mut called(tries()));
    let twins = || bare().stage("twins", flat_map(|x: i64| [x, x]));
    beside("other: flat_map to 2, send", &mut sent(twins()));
    beside("other: flat_map to 2, send_all", &mut batched(twins()));
    beside("other: body coroutine as a stage, call", &mut called(bare().stage("echo", echo())));
    beside("other: body coroutine as a stage, send_all", &mut batched(bare().stage("echo", echo())));
    let nested = bare().stage("inner", pipeline());
    beside("other: 3 stages in a nested pipeline, call", &mut called(nested));

    let all = ["a", "b", "c"];
    beside("other: switch round robin of 3, call", &mut called(split(Route::round_robin(all))));
    beside("other: switch round robin of 3, send_all", &mut batched(split(Route::round_robin(all))));
    let canary = || Route::weighted([("a", 95), ("b", 5)]);
    beside("other: switch weighted 95:5, call", &mut called(split(canary())));
    beside("other: switch weighted 95:5, send_all", &mut batched(split(canary())));
    beside("other: switch by key of 3, call", &mut called(split(Route::by_key(all, |x: &i64| *x))));
    beside("other: switch failover of 3, call", &mut called(split(Route::failover(all))));

    let mut text = Pipeline::new("text").stage("length", |s: &'static str| s.len()).stage("i64", |n: usize| n as i64);
    beside("other: &str -> usize -> i64, call", &mut |items| {
        for _ in 0..items {
            text.call("route").unwrap();
        }
    });
    let mut text = Pipeline::new("text").stage("length", |s: String| s.len()).stage("i64", |n: usize| n as i64);
    beside("other: String -> usize -> i64, the String made and dropped, call", &mut |items| {
        for _ in 0..items {
            text.call(String::from("route")).unwrap();
        }
    });

    let mut edited = pipeline();
    let controller = edited.controller();
    beside("other: a stage put in and taken out, and a call that applies both", &mut |items| {
        for x in 0..items.cast_signed() {
            controller.insert_after("add", "new", double).unwrap();
            controller.remove("new").unwrap();
            edited.call(x).unwrap();
        }
    });
}

/// A switch of three targets.
pub(crate) fn split(route: Route) -> Pipeline<i64, i64> {
    let switch = Switch::new("switch").target("a", add).target("b", double).target("c", cube);
    switch.route(route).into_pipeline()
}
