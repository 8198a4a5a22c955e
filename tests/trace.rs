//! Which way each item went, under which revision, and where each edit took effect.

mod engines;

use std::panic::{AssertUnwindSafe, catch_unwind};

use coroute::trace::{Hop, TraceRow};
use coroute::{Controller, OnFailure, Pipeline, Recording, Route, Switch, Trace, filter, flat_map, try_stage};
use insta::assert_snapshot;

use engines::{Run, each_engine};

/// The controller, with a trace of so many rows.
fn traced(controller: &Controller, rows: usize) -> Controller {
    controller.record(Recording::items().last(rows)).unwrap();
    controller.clone()
}

fn send<Out: Send + 'static>(pipeline: &mut Run<i64, Out>, items: impl IntoIterator<Item = i64>) {
    pipeline.send_all(items, |_| ()).unwrap();
}

fn fork() -> Switch<i64, i64> {
    Switch::new("fork").target("a", |x: i64| x).target("b", |x: i64| -x).target("c", |x: i64| x * x).cloned()
}

#[test]
fn a_trace_is_off_until_it_is_asked_for() {
    each_engine(|engine| {
        let mut pipeline = engine.run(fork().route("a").into_pipeline());
        send(&mut pipeline, 0..3);
        assert_eq!(pipeline.controller().trace(), Trace::default());
        let controller = traced(&pipeline.controller(), 10);
        send(&mut pipeline, 3..5);
        assert_snapshot!(controller.trace(), @"
        cycle 3  r0  fork[a]  -> 1
        cycle 4  r0  fork[a]  -> 1
        ");
        drop(controller.stop_recording());
        send(&mut pipeline, 5..7);
        assert_eq!(controller.trace(), Trace::default());
    });
}

#[test]
fn what_is_dropped_ends_its_way_at_the_stage_that_dropped_it() {
    each_engine(|engine| {
        let mut pipeline = engine.run(
            Pipeline::new("odd")
                .stage("odd", filter(|x: &i64| x % 2 == 1))
                .stage("twice", flat_map(|x: i64| [x, x]))
                .stage("small", filter(|x: &i64| *x < 3)),
        );
        let controller = traced(&pipeline.controller(), 10);
        send(&mut pipeline, 0..4);
        assert_snapshot!(controller.trace(), @"
        cycle 0  r0  odd                  -> 0  dropped at odd
        cycle 1  r0  odd > twice > small  -> 2
        cycle 2  r0  odd                  -> 0  dropped at odd
        cycle 3  r0  odd > twice > small  -> 0  2 dropped at small
        ");
    });
}

#[test]
fn what_fails_is_named_with_its_stage() {
    each_engine(|engine| {
        let inner = Pipeline::new("inner").stage("int", try_stage(|text: &&str| text.parse::<i64>()));
        let mut pipeline = engine
            .run(Pipeline::new("p").stage("inner", inner).stage("neg", |x: i64| -x).on_failure(OnFailure::skip()));
        let controller = traced(&pipeline.controller(), 10);
        pipeline.send_all(["1", "x", "3"], |_| ()).unwrap();
        assert_snapshot!(controller.trace(), @"
        cycle 0  r0  inner/int > neg  -> 1
        cycle 1  r0  inner/int        -> 0  failed at inner/int
        cycle 2  r0  inner/int > neg  -> 1
        ");
    });
}

#[test]
fn a_fan_out_shows_every_target() {
    each_engine(|engine| {
        let mut pipeline = engine
            .run(Pipeline::new("p").stage("fork", fork().route(Route::all(["a", "c"]))).stage("neg", |x: i64| -x));
        let controller = traced(&pipeline.controller(), 10);
        send(&mut pipeline, 0..2);
        assert_snapshot!(controller.trace(), @"
        cycle 0  r0  fork[a c] > neg  -> 2
        cycle 1  r0  fork[a c] > neg  -> 2
        ");
    });
}

#[test]
fn a_nested_pipeline_is_shown_by_paths() {
    each_engine(|engine| {
        let v2 =
            Pipeline::new("v2").stage("neg", |x: i64| -x).stage("fork", fork().route(Route::round_robin(["a", "b"])));
        let outer = Switch::new("outer").target("v1", |x: i64| x).target("v2", v2).route("v2");
        let mut pipeline = engine.run(Pipeline::new("p").stage("add", |x: i64| x + 1).stage("outer", outer));
        let controller = traced(&pipeline.controller(), 10);
        send(&mut pipeline, 0..3);
        controller.route("outer", "v1").unwrap();
        send(&mut pipeline, 3..5);
        assert_snapshot!(controller.trace(), @"
        cycle 0  r0  add > outer[v2] > outer/v2/neg > outer/v2/fork[a]  -> 1
        cycle 1  r0  add > outer[v2] > outer/v2/neg > outer/v2/fork[b]  -> 1
        cycle 2  r0  add > outer[v2] > outer/v2/neg > outer/v2/fork[a]  -> 1
        cycle 3  r1  = route outer -> v1
        cycle 3  r1  add > outer[v1]                                    -> 1
        cycle 4  r1  add > outer[v1]                                    -> 1
        ");
    });
}

#[test]
fn g1_an_edit_stands_in_front_of_the_first_item_that_it_governs() {
    each_engine(|engine| {
        let mut pipeline = engine.run(Pipeline::new("p").stage("add", |x: i64| x + 1).stage("fork", fork().route("a")));
        let controller = traced(&pipeline.controller(), 20);
        send(&mut pipeline, 0..2);
        controller.route("fork", Route::weighted([("a", 2), ("b", 1)])).unwrap();
        controller.insert_before("fork", "neg", |x: i64| -x).unwrap();
        send(&mut pipeline, 2..5);
        let several = controller.edit(|e| {
            e.remove("neg")?.replace("add", |x: i64| x + 10)?.tap("add", "see", |_: &i64| ())?;
            e.rename("fork/c", "d")?.attach("fork", "e", |x: i64| x)?.detach("fork", "d")?;
            e.move_after("add", "fork")?.pause()?.resume()
        });
        several.unwrap();
        send(&mut pipeline, 5..6);
        assert_snapshot!(controller.trace(), @"
        cycle 0  r0  add > fork[a]        -> 1
        cycle 1  r0  add > fork[a]        -> 1
        cycle 2  r1  = route fork -> a:2 b:1
        cycle 2  r2  = insert neg before fork
        cycle 2  r2  add > neg > fork[a]  -> 1
        cycle 3  r2  add > neg > fork[b]  -> 1
        cycle 4  r2  add > neg > fork[a]  -> 1
        cycle 5  r3  = remove neg; replace add; tap add with see; rename fork/c to d; attach e to fork; detach d from fork; move add after fork; pause; resume
        cycle 5  r3  fork[a] > add > see  -> 1
        ");
    });
}

#[test]
fn only_the_last_rows_are_kept() {
    each_engine(|engine| {
        let mut pipeline = engine.run(fork().route("a").into_pipeline());
        let controller = traced(&pipeline.controller(), 3);
        send(&mut pipeline, 0..9);
        controller.route("fork", "b").unwrap();
        send(&mut pipeline, 9..11);
        let trace = controller.trace();
        assert_eq!((trace.rows().len(), trace.left_out()), (3, 9));
        assert_snapshot!(trace, @"
        (9 earlier items and edits left out)
        cycle  9  r1  = route fork -> b
        cycle  9  r1  fork[b]  -> 1
        cycle 10  r1  fork[b]  -> 1
        ");
    });
}

#[test]
fn a_trace_that_is_asked_for_again_begins_anew() {
    each_engine(|engine| {
        let mut pipeline = engine.run(fork().route("a").into_pipeline());
        let controller = traced(&pipeline.controller(), 10);
        send(&mut pipeline, 0..2);
        controller.record(Recording::items().last(10)).unwrap();
        send(&mut pipeline, 2..3);
        assert_snapshot!(controller.trace(), @"cycle 2  r0  fork[a]  -> 1");
    });
}

#[test]
fn an_edit_without_an_item_has_a_row() {
    each_engine(|engine| {
        let mut pipeline = engine.run(fork().route("a").into_pipeline());
        let controller = traced(&pipeline.controller(), 10);
        controller.route("fork", "b").unwrap();
        assert_eq!(controller.trace().rows(), [], "not applied yet");
        pipeline.apply();
        assert_snapshot!(controller.trace(), @"cycle 0  r1  = route fork -> b");
    });
}

#[test]
fn an_item_that_is_held_back_leaves_no_row() {
    each_engine(|engine| {
        let mut pipeline = engine.run(fork().into_pipeline());
        let controller = traced(&pipeline.controller(), 10);
        pipeline.call(1).unwrap_err();
        assert_eq!(controller.trace().rows(), []);
    });
}

#[test]
fn g6_an_item_that_a_panic_took_has_a_row() {
    each_engine(|engine| {
        let mut pipeline = engine.run(Pipeline::new("p").stage("div", |x: i64| 12 / x).stage("neg", |x: i64| -x));
        let controller = traced(&pipeline.controller(), 10);
        assert!(catch_unwind(AssertUnwindSafe(|| pipeline.call(0))).is_err());
        controller.replace("div", |x: i64| 12 / x.max(1)).unwrap();
        assert_eq!(pipeline.call(0).unwrap(), -12);
        assert_snapshot!(controller.trace(), @"
        cycle 0  r0  div        -> 0  failed at div
        cycle 1  r1  = replace div
        cycle 1  r1  div > neg  -> 1
        ");
    });
}

#[test]
fn failover_shows_each_target_that_was_tried() {
    each_engine(|engine| {
        let fails = try_stage(|_: &i64| Err::<i64, _>("disk full"));
        let switch = Switch::new("sink").target("disk", fails).target("tape", |x: i64| x);
        let mut pipeline = engine.run(switch.route(Route::failover(["disk", "tape"])).into_pipeline());
        let controller = traced(&pipeline.controller(), 10);
        send(&mut pipeline, 0..2);
        assert_snapshot!(controller.trace(), @"
        cycle 0  r0  sink[disk tape]  -> 1
        cycle 1  r0  sink[tape]       -> 1
        ");
    });
}

#[test]
fn a_stage_with_the_name_of_a_target_is_shown() {
    each_engine(|engine| {
        let same = Pipeline::new("v1").stage("v1", |x: i64| x + 1);
        let fork = Switch::new("fork").target("v1", same).target("v2", |x: i64| x).route("v1");
        let inner = Pipeline::new("inner").stage("fork", fork).stage("v2", |x: i64| -x);
        let mut pipeline = engine.run(Pipeline::new("p").stage("inner", inner));
        let controller = traced(&pipeline.controller(), 10);
        send(&mut pipeline, 0..1);
        controller.route("inner/fork", "v2").unwrap();
        send(&mut pipeline, 1..2);
        assert_snapshot!(controller.trace(), @"
        cycle 0  r0  inner/fork[v1] > inner/fork/v1/v1 > inner/v2  -> 1
        cycle 1  r1  = route inner/fork -> v2
        cycle 1  r1  inner/fork[v2] > inner/v2                     -> 1
        ");
    });
}

#[test]
fn g7_the_same_script_gives_the_same_trace() {
    each_engine(|engine| {
        let run = || {
            let mut pipeline =
                engine.run(fork().route(Route::by_key(["a", "b", "c"], |x: &i64| x % 7)).into_pipeline());
            let controller = traced(&pipeline.controller(), 100);
            send(&mut pipeline, 0..20);
            controller.route("fork", Route::weighted([("a", 3), ("c", 2)])).unwrap();
            send(&mut pipeline, 20..40);
            controller.trace().to_string()
        };
        assert_eq!(run(), run());
    });
}

#[test]
fn rows_can_be_walked() {
    each_engine(|engine| {
        let mut pipeline = engine.run(fork().route("a").into_pipeline());
        let controller = traced(&pipeline.controller(), 10);
        send(&mut pipeline, 0..1);
        let trace = controller.trace();
        let [TraceRow::Item { cycle: 0, revision: 0, way, outputs: 1, .. }] = trace.rows() else { panic!() };
        let [Hop::Target { switch, target }] = way.hops() else { panic!() };
        assert_eq!((switch.to_string(), target.as_str()), ("fork".into(), "a"));
    });
}
