//! What a recording keeps, and the forms that a trace is shown in.

use std::panic::{AssertUnwindSafe, catch_unwind};

use coroute::trace::TraceRow;
use coroute::{
    Controller, OnFailure, Pipeline, Recording, Refusal, Route, Running, Switch, ThroughExt, Trace, body, filter,
    flat_map, try_stage,
};
use futures::executor::block_on;
use futures::{StreamExt, stream};
use insta::assert_snapshot;

mod engines;

use engines::each_engine;

fn fork() -> Switch<i64, i64> {
    Switch::new("fork").target("a", |x: i64| x).target("b", |x: i64| -x).target("c", |x: i64| x * x).cloned()
}

fn picky() -> coroute::TryStage<impl FnMut(&i64) -> Result<i64, &'static str>> {
    try_stage(|x: &i64| if x % 7 == 3 { Err("a three") } else { Ok(*x) })
}

/// Pipelines of every kind that the engine has a way of its own for.
fn kinds() -> Vec<(&'static str, Pipeline<i64, i64>)> {
    let one = |name, route: Route| (name, fork().route(route).into_pipeline());
    let nested = Pipeline::new("inner")
        .stage("odd", filter(|x: &i64| x % 2 == 1))
        .stage("fork", fork().route(Route::round_robin(["a", "b"])))
        .stage("picky", picky())
        .on_failure(OnFailure::skip());
    let fails = try_stage(|x: &i64| if x % 3 == 0 { Err("disk full") } else { Ok(*x) });
    let disks = Switch::new("sink").target("disk", fails).target("tape", |x: i64| x);
    vec![
        ("empty", Pipeline::new("empty")),
        ("plain", Pipeline::new("plain").stage("add", |x: i64| x + 1).stage("neg", |x: i64| -x)),
        ("filter", Pipeline::new("filter").stage("odd", filter(|x: &i64| x % 2 == 1)).stage("neg", |x: i64| -x)),
        ("try", Pipeline::new("try").stage("picky", picky()).stage("neg", |x: i64| -x).on_failure(OnFailure::skip())),
        (
            "many",
            Pipeline::new("many")
                .stage("twice", flat_map(|x: i64| if x % 2 == 0 { vec![x, x + 1] } else { vec![] }))
                .stage("fork", fork().route(Route::round_robin(["a", "b", "c"])))
                .stage("small", filter(|x: &i64| *x < 20)),
        ),
        (
            "held",
            Pipeline::new("held").stage(
                "pairs",
                body(|mut io| async move {
                    while let (Some(first), Some(second)) = (io.recv().await, io.recv().await) {
                        let sum: i64 = first + second;
                        io.emit(sum);
                    }
                }),
            ),
        ),
        one("to", Route::to("b")),
        one("all", Route::all(["a", "c"])),
        one("turn", Route::round_robin(["a", "b", "c"])),
        one("weighted", Route::weighted([("a", 5), ("b", 2)])),
        one("key", Route::by_key(["a", "b", "c"], |x: &i64| x % 5)),
        one("when", Route::when(|x: &i64| x % 4 == 0, "a", "b")),
        (
            "failover",
            disks.route(Route::failover_retry(["disk", "tape"], 2)).into_pipeline().on_failure(OnFailure::skip()),
        ),
        ("nested", Pipeline::new("nested").stage("add", |x: i64| x + 1).stage("inner", nested)),
    ]
}

/// How items are sent.
const WAYS: [&str; 5] = ["call", "send", "send_all", "send_batch", "spawned"];

fn feed(pipeline: &mut Pipeline<i64, i64>, way: &str, items: std::ops::Range<i64>) {
    match way {
        "call" => items.for_each(|x| drop(pipeline.call(x))),
        "send" => items.for_each(|x| drop(pipeline.send(x, drop))),
        "send_all" => pipeline.send_all(items, drop).unwrap(),
        _ => pipeline.send_batch(&mut items.collect(), &mut Vec::new()).unwrap(),
    }
}

/// Items, an edit, items, two edits, items; recorded.
fn run(mut pipeline: Pipeline<i64, i64>, way: &str, recording: Recording) -> Trace {
    let controller = pipeline.controller();
    if way == "spawned" {
        return run_spawned(pipeline.spawn().unwrap(), recording);
    }
    feed(&mut pipeline, "call", 0..3);
    controller.record(recording).unwrap();
    feed(&mut pipeline, way, 3..30);
    controller.push_front("first", |x: i64| x + 2).unwrap();
    feed(&mut pipeline, way, 30..60);
    controller.remove("first").unwrap();
    // Only where there is a switch of that name.
    let _ = controller.route("fork", "c");
    feed(&mut pipeline, way, 60..90);
    controller.trace()
}

/// The same on a thread; items are inside, as far as they can be, when an edit comes.
fn run_spawned(mut running: Running<i64, i64>, recording: Recording) -> Trace {
    let controller = running.controller();
    running.send_all(0..3).unwrap();
    running.settle().unwrap();
    controller.record(recording).unwrap();
    running.send_all(3..30).unwrap();
    running.settle().unwrap();
    controller.push_front("first", |x: i64| x + 2).unwrap();
    running.send_all(30..60).unwrap();
    running.settle().unwrap();
    controller.remove("first").unwrap();
    let _ = controller.route("fork", "c");
    running.send_all(60..90).unwrap();
    running.flush().unwrap();
    controller.trace()
}

#[test]
fn g7_runs_that_were_recorded_are_items_folded() {
    for way in WAYS {
        for ((name, plain), (_, twin)) in kinds().into_iter().zip(kinds()) {
            let items = run(plain, way, Recording::items());
            let runs = run(twin, way, Recording::runs());
            assert_eq!(items.rows().iter().filter(|row| matches!(row, TraceRow::Item { .. })).count(), 87, "{name}");
            assert_eq!(runs.to_string(), items.runs().to_string(), "{name} by {way}");
            assert_eq!(runs.runs().to_string(), runs.to_string(), "{name}: what is folded stays as it is");
        }
    }
}

#[test]
fn g7_how_items_are_sent_leaves_no_trace() {
    let every_third = || Recording::items().every(3);
    for recording in [Recording::items, Recording::runs, Recording::edits, every_third] {
        for (at, (name, called)) in kinds().into_iter().enumerate() {
            let called = run(called, "call", recording());
            for way in &WAYS[1..] {
                let other = run(kinds().swap_remove(at).1, way, recording());
                assert_eq!(other.to_string(), called.to_string(), "{name} by {way}");
            }
        }
    }
}

#[test]
fn a_target_without_stages_hides_no_stage_behind_it() {
    each_engine(|engine| {
        for recording in [Recording::items, Recording::runs] {
            let fork = Switch::new("fork").target("none", Pipeline::<i64, i64>::new("none")).route("none");
            let pair = Pipeline::new("pair").stage("one", |x: i64| x).stage("two", |x: i64| x);
            let mut pipeline = engine.run(Pipeline::new("p").switch(fork).stage("pair", pair));
            pipeline.controller().record(recording()).unwrap();
            pipeline.send_all(0..1, |_| ()).unwrap();
            let trace = pipeline.controller().trace();
            assert_eq!(trace.rows()[0].way().unwrap().to_string(), "fork[none] > pair/one > pair/two");
        }
    });
}

#[test]
fn g2_a_recording_changes_nothing_but_the_record() {
    for (at, (name, _)) in kinds().into_iter().enumerate() {
        let outcome = |recording: Option<Recording>, way: &str| {
            let mut pipeline = kinds().swap_remove(at).1;
            let controller = pipeline.controller();
            recording.into_iter().for_each(|recording| controller.record(recording).unwrap());
            let mut out = Vec::new();
            for x in 0..50 {
                match way {
                    "call" => out.extend(pipeline.call(x)),
                    _ => drop(pipeline.send(x, |y| out.push(y))),
                }
            }
            (out, pipeline.ledger())
        };
        for way in ["call", "send"] {
            let bare = outcome(None, way);
            for recording in [Recording::items(), Recording::runs(), Recording::edits(), Recording::items().every(3)] {
                assert_eq!(outcome(Some(recording), way), bare, "{name} by {way}");
            }
        }
    }
}

#[test]
fn g6_a_panic_in_a_batch_tells_those_it_took_from_those_that_came_out() {
    let by = |batch: bool| {
        let mut pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1).stage("div", |x: i64| 12 / x);
        let controller = pipeline.controller();
        controller.record(Recording::runs()).unwrap();
        let sent = catch_unwind(AssertUnwindSafe(|| match batch {
            true => pipeline.send_all(-3..3, |_| ()).unwrap(),
            false => (-3..3).for_each(|x| _ = pipeline.call(x).unwrap()),
        }));
        assert!(sent.is_err());
        controller.trace()
    };
    assert_snapshot!(by(true), @"
    cycles 0..=1  r0  add > div  2 items
    cycles 2..=5  r0  add > div  4 items  failed at div
    ");
    assert_snapshot!(by(false), @"
    cycles 0..=1  r0  add > div  2 items
    cycle  2      r0  add > div  1 item  failed at div
    ");
}

#[test]
fn values_are_shown_as_the_user_wants() {
    each_engine(|engine| {
        let mut pipeline = engine.run(Pipeline::new("p").stage("twice", flat_map(|x: i64| vec![x as f64; x as usize])));
        let controller = pipeline.controller();
        controller.record(Recording::items().values(|x: &f64| format!("{x:.2}"))).unwrap();
        pipeline.send_all([0, 1, 2], |_| ()).unwrap();
        assert_snapshot!(controller.trace(), @"
        cycle 0  r0  twice  -> 0               dropped at twice
        cycle 1  r0  twice  -> 1 [1.00]
        cycle 2  r0  twice  -> 2 [2.00, 2.00]
        ");
        controller.record(Recording::items().debug::<f64>()).unwrap();
        pipeline.send_all([1], |_| ()).unwrap();
        assert_snapshot!(controller.trace(), @"cycle 3  r0  twice  -> 1 [1.0]");
    });
}

#[test]
fn g0_values_of_another_type_are_refused_with_the_recording() {
    let pipeline = Pipeline::new("p").stage("len", |s: String| s.len());
    let error = pipeline.controller().record(Recording::items().last(3).debug::<String>()).unwrap_err();
    assert_snapshot!(error, @"cannot record values: they are shown as String, and the pipeline gives usize; show `&usize`");
    let recording = error.into_recording();
    let other = Pipeline::new("q").stage("text", |x: i64| x.to_string());
    other.controller().record(recording).unwrap();
}

#[test]
fn g6_a_formatter_that_panics_costs_its_text_only() {
    each_engine(|engine| {
        let mut pipeline = engine.run(Pipeline::new("p").stage("add", |x: i64| x + 1));
        let controller = pipeline.controller();
        controller.record(Recording::items().values(|x: &i64| (12 / x).to_string())).unwrap();
        assert_eq!([pipeline.call(-1).unwrap(), pipeline.call(2).unwrap()], [0, 3]);
        assert_snapshot!(controller.trace(), @"
        cycle 0  r0  add  -> 1 [(panicked)]
        cycle 1  r0  add  -> 1 [4]
        ");
    });
}

#[test]
fn every_nth_item_is_recorded_by_its_cycle() {
    each_engine(|engine| {
        for recording in [Recording::items(), Recording::runs()] {
            let mut pipeline = engine.run(fork().route(Route::round_robin(["a", "b"])).into_pipeline());
            let controller = pipeline.controller();
            pipeline.call(0).unwrap();
            controller.record(recording.every(5)).unwrap();
            pipeline.send_all(1..20, |_| ()).unwrap();
            controller.route("fork", "c").unwrap();
            pipeline.send_all(20..33, |_| ()).unwrap();
            assert_eq!(controller.trace().every(), 5);
            insta::allow_duplicates! { assert_snapshot!(controller.trace().runs(), @"
            (every 5th item)
            cycles  5..=15  r0  fork[b]  2 items
            cycle  10       r0  fork[a]  1 item
            cycle  20       r1  = route fork -> c
            cycles 20..=30  r1  fork[c]  3 items
            ") }
        }
    });
}

#[test]
fn g5_a_budget_ends_the_recording_and_counts_what_is_left_out() {
    let mut pipeline = fork().route("a").into_pipeline();
    let controller = pipeline.controller();
    controller.record(Recording::items().budget(10_000)).unwrap();
    pipeline.send_all(0..1000, |_| ()).unwrap();
    let trace = controller.trace();
    assert_eq!(trace.rows().len() as u64 + trace.left_out_later(), 1000);
    assert!((10..200).contains(&trace.rows().len()), "{} rows", trace.rows().len());
    let last = trace.to_string().lines().last().unwrap().to_owned();
    assert!(last.ends_with(" later items and edits left out: the budget is used up)"), "{last}");
}

#[test]
fn g5_the_last_rows_keep_to_the_budget_as_well() {
    let mut pipeline = fork().route(Route::round_robin(["a", "b", "c"])).into_pipeline();
    let controller = pipeline.controller();
    controller.record(Recording::items().last(500).budget(10_000)).unwrap();
    pipeline.send_all(0..1000, |_| ()).unwrap();
    let trace = controller.trace();
    assert_eq!(trace.rows().last().map(TraceRow::cycle), Some(999));
    assert_eq!(trace.rows().len() as u64 + trace.left_out(), 1000);
    assert!((10..200).contains(&trace.rows().len()), "{} rows", trace.rows().len());
}

#[test]
fn g5_ways_without_number_keep_to_the_budget() {
    let wide = (0..5000).fold(Switch::new("wide"), |wide, at| wide.target(format!("t{at}"), |x: i64| x));
    let names: Vec<String> = (0..5000).map(|at| format!("t{at}")).collect();
    let mut pipeline = wide.route(Route::round_robin(names)).into_pipeline();
    let controller = pipeline.controller();
    controller.record(Recording::runs().budget(100_000)).unwrap();
    pipeline.send_all(0..20_000, |_| ()).unwrap();
    let trace = controller.trace();
    let items: u64 = trace.rows().iter().map(|row| if let TraceRow::Run(run) = row { run.items } else { 0 }).sum();
    assert_eq!(items + trace.left_out_later(), 20_000);
    assert!(trace.rows().len() < 1000, "{} rows", trace.rows().len());
}

#[test]
fn the_last_runs_are_kept() {
    each_engine(|engine| {
        let mut pipeline = engine.run(fork().route("a").into_pipeline());
        let controller = pipeline.controller();
        controller.record(Recording::runs().last(2)).unwrap();
        for route in ["b", "c", "a", "b"] {
            pipeline.send_all(0..10, |_| ()).unwrap();
            controller.route("fork", route).unwrap();
        }
        pipeline.send_all(0..10, |_| ()).unwrap();
        assert_snapshot!(controller.trace(), @"
        (43 earlier items and edits left out)
        cycle  40       r4  = route fork -> b
        cycles 40..=49  r4  fork[b]  10 items
        ");
    });
}

#[test]
fn a_target_that_no_item_came_to_is_not_on_the_way() {
    each_engine(|engine| {
        // From one type to another and on to a third, so that two runs of stages are joined.
        let model = Switch::new("model").target("v1", |x: String| x.len()).route("v1");
        let odd = |x: i64| (x % 2 == 1).then(|| x.to_string());
        let mut pipeline = engine.run(Pipeline::new("p").filter_map("odd", odd).stage("model", model));
        let controller = pipeline.controller();
        controller.record(Recording::items()).unwrap();
        pipeline.send_all(0..2, |_| ()).unwrap();
        assert_snapshot!(controller.trace(), @"
        cycle 0  r0  odd              -> 0  dropped at odd
        cycle 1  r0  odd > model[v1]  -> 1
        ");
    });
}

#[test]
fn a_recording_of_edits_has_no_items() {
    each_engine(|engine| {
        let mut pipeline = engine.run(fork().route("a").into_pipeline());
        let controller = pipeline.controller();
        controller.record(Recording::edits()).unwrap();
        pipeline.send_all(0..10, |_| ()).unwrap();
        controller.route("fork", Route::by_key(["a", "b"], |x: &i64| *x).named("whole")).unwrap();
        controller.attach("fork", "d", |x: i64| x).unwrap();
        pipeline.send_all(0..10, |_| ()).unwrap();
        assert_snapshot!(controller.trace(), @"
        cycle 10  r1  = route fork -> key a b by whole
        cycle 10  r2  = attach d to fork
        ");
    });
}

fn story() -> (Pipeline<i64, i64>, Controller) {
    let sink = Switch::new("sink").target("disk", picky()).target("tape", |x: i64| x);
    let pipeline = Pipeline::new("story")
        .stage("even", filter(|x: &i64| x % 2 == 0))
        .stage("fork", fork().route("a"))
        .stage("sink", sink.route(Route::failover_retry(["disk", "tape"], 4)))
        .on_failure(OnFailure::skip());
    let controller = pipeline.controller();
    (pipeline, controller)
}

#[test]
fn marbles_have_a_row_for_each_target_and_one_for_the_edits() {
    each_engine(|engine| {
        let (pipeline, controller) = story();
        let mut pipeline = engine.run(pipeline);
        controller.record(Recording::items()).unwrap();
        pipeline.send_all(0..8, |_| ()).unwrap();
        controller.route("fork", Route::weighted([("a", 2), ("b", 1)])).unwrap();
        controller.remove("even").unwrap();
        pipeline.send_all(8..20, |_| ()).unwrap();
        controller.route("sink", "disk").unwrap();
        pipeline.send_all(20..26, |_| ()).unwrap();
        let trace = controller.trace();
        assert_snapshot!(trace.marbles(), @"
        cycle    0         10        20
        edit     ........+...........3.....
        a        a.a.a.a.b.de.eb.bd.eb.bb.b
        b        .........c..f..c..f..c..c.
        disk     a.a.a.a.bcd...bcbd..bcbbcb
        tape     ..........defe...dfe......
        dropped  .x.x.x.x..................

        a   even > fork[a] > sink[disk]
        b   fork[a] > sink[disk]
        c   fork[b] > sink[disk]
        d   fork[a] > sink[disk tape]
        e   fork[a] > sink[tape]
        f   fork[b] > sink[tape]
        x   dropped at even
        r1  cycle 8: route fork -> a:2 b:1
        r2  cycle 8: remove even
        r3  cycle 20: route sink -> disk
        ");
        assert_snapshot!(trace.marbles().width(10), @"
        cycle    0
        edit     ........+.
        a        a.a.a.a.b.
        b        .........c
        disk     a.a.a.a.bc
        tape     ..........
        dropped  .x.x.x.x..

        cycle    10
        edit     ..........
        a        de.eb.bd.e
        b        ..f..c..f.
        disk     d...bcbd..
        tape     defe...dfe
        dropped  ..........

        cycle    20
        edit     3.....
        a        b.bb.b
        b        .c..c.
        disk     bcbbcb
        tape     ......
        dropped  ......

        a   even > fork[a] > sink[disk]
        b   fork[a] > sink[disk]
        c   fork[b] > sink[disk]
        d   fork[a] > sink[disk tape]
        e   fork[a] > sink[tape]
        f   fork[b] > sink[tape]
        x   dropped at even
        r1  cycle 8: route fork -> a:2 b:1
        r2  cycle 8: remove even
        r3  cycle 20: route sink -> disk
        ");
        assert_snapshot!(trace.marbles().per(4), @"
        (4 cycles a column)
        cycle    0
        edit     ..+..3.
        a        aa***bb
        b        ..c*fcc
        disk     aa*****
        tape     ..***..
        dropped  xx.....

        a   even > fork[a] > sink[disk]
        b   fork[a] > sink[disk]
        c   fork[b] > sink[disk]
        d   fork[a] > sink[disk tape]
        e   fork[a] > sink[tape]
        f   fork[b] > sink[tape]
        x   dropped at even
        r1  cycle 8: route fork -> a:2 b:1
        r2  cycle 8: remove even
        r3  cycle 20: route sink -> disk
        ");
    });
}

#[test]
fn marbles_name_targets_of_one_name_by_their_paths() {
    each_engine(|engine| {
        let v2 =
            Pipeline::new("v2").stage("neg", |x: i64| -x).stage("fork", fork().route(Route::round_robin(["a", "b"])));
        let outer = Switch::new("outer").target("a", |x: i64| x).target("v2", v2);
        let mut pipeline = engine.run(outer.route(Route::round_robin(["v2", "a"])).into_pipeline());
        let controller = pipeline.controller();
        controller.record(Recording::items().every(2)).unwrap();
        pipeline.send_all(0..12, |_| ()).unwrap();
        assert_snapshot!(controller.trace().marbles(), @"
        (every 2nd item)
        (2 cycles a column)
        cycle  0
        edit   ......
        v2     ababab
        a      a.a.a.
        b      .b.b.b

        a  outer[v2] > outer/v2/neg > outer/v2/fork[a]
        b  outer[v2] > outer/v2/neg > outer/v2/fork[b]
        ");
        controller.record(Recording::items()).unwrap();
        pipeline.send_all(12..20, |_| ()).unwrap();
        controller.rename("outer/v2", "v3").unwrap();
        pipeline.send_all(20..24, |_| ()).unwrap();
        assert_snapshot!(controller.trace().marbles(), @"
        cycle            12        22
        edit             ........1...
        outer/a          .b.b.b.b.b.b
        v3               ........d.e.
        outer/v3/fork/a  ........d...
        outer/v3/fork/b  ..........e.
        v2               a.c.a.c.....
        outer/v2/fork/a  a...a.......
        outer/v2/fork/b  ..c...c.....

        a   outer[v2] > outer/v2/neg > outer/v2/fork[a]
        b   outer[a]
        c   outer[v2] > outer/v2/neg > outer/v2/fork[b]
        d   outer[v3] > outer/v3/neg > outer/v3/fork[a]
        e   outer[v3] > outer/v3/neg > outer/v3/fork[b]
        r1  cycle 20: rename outer/v2 to v3
        ");
    });
}

#[test]
fn marbles_of_nothing_are_a_ruler() {
    each_engine(|engine| {
        let (pipeline, controller) = story();
        let mut pipeline = engine.run(pipeline);
        controller.record(Recording::items()).unwrap();
        assert_snapshot!(controller.trace().marbles(), @"(no rows of single items, and no edits; record with `Recording::items()`)");
        controller.pause().unwrap();
        controller.resume().unwrap();
        pipeline.apply();
        assert_snapshot!(controller.trace().marbles(), @"
        cycle  0
        edit   +

        r1  cycle 0: pause
        r2  cycle 0: resume
        ");
    });
}

#[test]
fn an_item_is_explained_by_its_revision_and_by_each_choice() {
    each_engine(|engine| {
        let (pipeline, controller) = story();
        let mut pipeline = engine.run(pipeline);
        controller.record(Recording::items()).unwrap();
        pipeline.send_all(0..8, |_| ()).unwrap();
        controller.route("fork", Route::weighted([("a", 2), ("b", 1)])).unwrap();
        pipeline.send_all(8..20, |_| ()).unwrap();
        controller.rename("even", "pair").unwrap();
        pipeline.send_all(20..26, |_| ()).unwrap();
        let trace = controller.trace();
        assert_snapshot!(trace.explain(0).unwrap(), @"
        cycle 0, revision 0: even > fork[a] > sink[disk] -> 1
        revision 0: as built
        fork[a]: the route names no other
        sink[disk]: the first that works
        ");
        assert_snapshot!(trace.explain(1).unwrap(), @"
        cycle 1, revision 0: even -> 0
        revision 0: as built
        dropped at even
        ");
        assert_snapshot!(trace.explain(10).unwrap(), @"
        cycle 10, revision 1: even > fork[b] > sink[disk] -> 1
        revision 1 since cycle 8: route fork -> a:2 b:1
        fork[b]: by weight, slot 2 of 3; routed by revision 1: a:2 b:1
        sink[disk]: the first that works
        ");
        assert_snapshot!(trace.explain(24).unwrap(), @"
        cycle 24, revision 2: pair > fork[a] > sink[disk tape] -> 1
        revision 2 since cycle 20: rename even to pair
        fork[a]: by weight, slot 3 of 3; routed by revision 1: a:2 b:1
        sink[disk]: the first that works
        sink[tape]: the first that works; disk is out since cycle 24: a three
        ");
        assert_eq!(trace.explain(26), None);
    });
}

#[test]
fn every_policy_has_its_reason() {
    each_engine(|engine| {
        let mut pipeline = engine.run(fork().route("a").into_pipeline());
        let controller = pipeline.controller();
        controller.record(Recording::items()).unwrap();
        let routes = [
            Route::to("b"),
            Route::once("c"),
            Route::all(["a", "b"]),
            Route::round_robin(["a", "b", "c"]),
            Route::weighted([("a", 95), ("b", 5)]),
            Route::by_key(["a", "b"], |x: &i64| x % 10).named("digit"),
            Route::when(|x: &i64| *x > 2, "a", "b").named("large"),
            Route::choose(["a", "b", "c"], |x: &i64| *x as usize),
            Route::failover(["a", "b"]),
            Route::generator(["a", "b"], |mut turn| async move { turn.to("b").await }).named("script"),
        ];
        let mut reasons = String::new();
        for (cycle, route) in routes.into_iter().enumerate() {
            controller.route("fork", route).unwrap();
            pipeline.send(cycle as i64, drop).unwrap();
            let explained = controller.trace().explain(cycle as u64).unwrap().to_string();
            reasons.extend(explained.lines().skip(2).map(|line| format!("{line}\n")));
        }
        assert_snapshot!(reasons, @"
        fork[b]: the route names no other; routed by revision 1: b
        fork[c]: the route was for this item only; routed by revision 2: once c
        fork[a]: every target of the route gets the item; routed by revision 3: all a b
        fork[b]: every target of the route gets the item; routed by revision 3: all a b
        fork[a]: its turn, 1 of 3; routed by revision 4: next a b c
        fork[a]: by weight, slot 1 of 100; routed by revision 5: a:95 b:5
        fork[b]: by key digit, hash 0de21504f16dc720; routed by revision 6: key a b by digit
        fork[a]: chosen by large, number 0 of the route; routed by revision 7: when a b by large
        fork[c]: chosen, number 2 of the route; routed by revision 8: when a b c
        fork[a]: the first that works; routed by revision 9: failover a b
        fork[b]: named by the generator script; routed by revision 10: generator a b by script
        ");
    });
}

#[test]
fn an_error_of_a_target_that_is_out_is_told() {
    each_engine(|engine| {
        let (pipeline, controller) = story();
        let mut pipeline = engine.run(pipeline);
        controller.record(Recording::items()).unwrap();
        pipeline.send_all(0..13, |_| ()).unwrap();
        assert_snapshot!(controller.trace().explain(10).unwrap(), @"
        cycle 10, revision 0: even > fork[a] > sink[disk tape] -> 1
        revision 0: as built
        fork[a]: the route names no other
        sink[disk]: the first that works
        sink[tape]: the first that works; disk is out since cycle 10: a three
        ");
        assert_snapshot!(controller.trace().explain(12).unwrap(), @"
        cycle 12, revision 0: even > fork[a] > sink[tape] -> 1
        revision 0: as built
        fork[a]: the route names no other
        sink[tape]: the first that works; disk is out since cycle 10: a three
        ");
    });
}

#[test]
fn recording_goes_on_when_the_pipeline_is_gone() {
    let (mut pipeline, controller) = story();
    controller.record(Recording::runs()).unwrap();
    pipeline.send_all(0..3, |_| ()).unwrap();
    drop(pipeline);
    assert_snapshot!(controller.trace(), @"
    cycles 0..=2  r0  even > fork[a] > sink[disk]  2 items
    cycle  1      r0  even                         1 item  dropped at even
    ");
    assert!(matches!(controller.pause().unwrap_err().refusal(), Refusal::Gone));
    assert_eq!(controller.stop_recording().rows().len(), 2);
    assert_eq!(controller.trace(), Trace::default());
}

#[test]
fn each_of_several_items_in_a_cycle_has_its_own_reason() {
    each_engine(|engine| {
        let fork = fork().route(Route::weighted([("a", 1), ("b", 1), ("c", 1)]));
        let mut pipeline =
            engine.run(Pipeline::new("p").stage("thrice", flat_map(|x: i64| [x, x, x])).stage("fork", fork));
        let controller = pipeline.controller();
        controller.record(Recording::items()).unwrap();
        pipeline.send_all(0..2, drop).unwrap();
        assert_snapshot!(controller.trace().explain(1).unwrap(), @"
        cycle 1, revision 0: thrice > fork[a b c] -> 3
        revision 0: as built
        fork[a]: by weight, slot 1 of 3
        fork[b]: by weight, slot 2 of 3
        fork[c]: by weight, slot 3 of 3
        ");
    });
}

#[test]
fn who_routed_a_switch_is_followed_through_its_names() {
    each_engine(|engine| {
        let two = |name: &str| Switch::new(name).target("v1", |x: i64| x).target("v2", |x: i64| -x).route("v1");
        let mut pipeline = engine.run(Pipeline::new("p").switch(two("a")).switch(two("b")));
        let controller = pipeline.controller();
        controller.record(Recording::items()).unwrap();
        controller.route("a", "v2").unwrap();
        controller.edit(|e| e.rename("a", "x")?.rename("b", "a")).unwrap();
        pipeline.call(1).unwrap();
        assert_snapshot!(controller.trace().explain(0).unwrap(), @"
        cycle 0, revision 2: x[v2] > a[v1] -> 1
        revision 2 since cycle 0: rename a to x; rename b to a
        x[v2]: the route names no other; routed by revision 1: v2
        a[v1]: the route names no other
        ");
        controller.replace("x", two("any").into_pipeline()).unwrap();
        controller.rename("x/any", "b").unwrap();
        pipeline.call(1).unwrap();
        assert_snapshot!(controller.trace().explain(1).unwrap(), @"
        cycle 1, revision 4: x/b[v1] > a[v1] -> 1
        revision 4 since cycle 1: rename x/any to b
        x/b[v1]: the route names no other
        a[v1]: the route names no other
        ");
    });
}

#[test]
fn marbles_leave_out_what_is_far_from_any_row() {
    let (mut pipeline, controller) = story();
    controller.record(Recording::items().every(1000)).unwrap();
    pipeline.send_all(0..3500, |_| ()).unwrap();
    assert_snapshot!(controller.trace().marbles().per(1).width(20), @"
    (every 1000th item)
    cycle  0         10
    edit   .
    a      a
    disk   a
    tape   .

    (980 cycles without a row)

    cycle  1000      1010
    edit   .
    a      a
    disk   a
    tape   .

    (980 cycles without a row)

    cycle  2000      2010
    edit   .
    a      b
    disk   .
    tape   b

    (980 cycles without a row)

    cycle  3000
    edit   .
    a      a
    disk   a
    tape   .

    a  even > fork[a] > sink[disk]
    b  even > fork[a] > sink[tape]
    ");
}

#[test]
fn an_item_that_its_target_failed_is_not_in_the_targets_row() {
    each_engine(|engine| {
        let sink = Switch::new("sink").target("disk", picky()).target("tape", |x: i64| x).route("disk");
        let mut pipeline = engine.run(sink.into_pipeline().on_failure(OnFailure::skip()));
        let controller = pipeline.controller();
        controller.record(Recording::items()).unwrap();
        pipeline.send_all(0..8, |_| ()).unwrap();
        assert_snapshot!(controller.trace().marbles(), @"
        cycle   0
        edit    ........
        disk    aaa.aaaa
        failed  ...!....

        a  sink[disk]
        !  failed at sink/disk
        ");
    });
}

#[test]
fn a_row_is_a_line_whatever_the_values_and_errors_say() {
    each_engine(|engine| {
        let fails = try_stage(|x: &i64| if *x > 1 { Err("two\nlines") } else { Ok(*x) });
        let mut pipeline = engine.run(Pipeline::new("p").stage("fails", fails).on_failure(OnFailure::skip()));
        let controller = pipeline.controller();
        controller.record(Recording::items().values(|x: &i64| format!("<\t{x}\n>"))).unwrap();
        pipeline.send_all(0..3, |_| ()).unwrap();
        let trace = controller.trace();
        assert_snapshot!(trace, @r"
        cycle 0  r0  fails  -> 1 [<\t0\n>]
        cycle 1  r0  fails  -> 1 [<\t1\n>]
        cycle 2  r0  fails  -> 0            failed at fails
        ");
        assert_snapshot!(trace.explain(2).unwrap(), @r"
        cycle 2, revision 0: fails -> 0
        revision 0: as built
        failed at fails: two\nlines
        ");
    });
}

#[test]
fn g7_an_item_that_waits_at_a_boundary_and_goes_on_is_not_recorded_as_held() {
    let pipeline = Pipeline::new("p")
        .async_stage("fetch", 4, |x: i64| async move { x })
        .buffer("queue", 4)
        .stage("odd", filter(|x: &i64| x % 2 == 1));
    let controller = pipeline.controller();
    controller.record(Recording::runs()).unwrap();
    let outputs: Vec<i64> = block_on(stream::iter(0..5).through(pipeline).map(Result::unwrap).collect());
    assert_eq!(outputs, [1, 3]);
    assert_snapshot!(controller.trace(), @"
    cycles 0..=4  r0  fetch > queue > odd  3 items  dropped at odd
    cycles 1..=3  r0  fetch > queue > odd  2 items
    ");
}

#[test]
fn g7_workers_and_threads_are_recorded_as_where_they_run_in_place() {
    each_engine(|engine| {
        let pipeline = Pipeline::new("p")
            .workers("w", 3, picky)
            .thread("t", |t| t.stage("odd", filter(|x: &i64| x % 2 == 1)).stage("fork", fork().route("b")));
        let mut pipeline = engine.run(pipeline.on_failure(OnFailure::skip()));
        let controller = pipeline.controller();
        controller.record(Recording::items()).unwrap();
        pipeline.send_all(0..6, |_| ()).unwrap();
        assert_snapshot!(controller.trace(), @"
        cycle 0  r0  w > t/odd              -> 0  dropped at t/odd
        cycle 1  r0  w > t/odd > t/fork[b]  -> 1
        cycle 2  r0  w > t/odd              -> 0  dropped at t/odd
        cycle 3  r0  w                      -> 0  failed at w
        cycle 4  r0  w > t/odd              -> 0  dropped at t/odd
        cycle 5  r0  w > t/odd > t/fork[b]  -> 1
        ");
        assert_snapshot!(controller.trace().runs(), @"
        cycles 0..=4  r0  w > t/odd              3 items  dropped at t/odd
        cycles 1..=5  r0  w > t/odd > t/fork[b]  2 items
        cycle  3      r0  w                      1 item  failed at w
        ");
    });
}
