//! The counts, as text: one line for each stage where items did not simply pass.

mod engines;

use std::panic::{AssertUnwindSafe, catch_unwind};

use coroute::{OnFailure, Pipeline, Route, Switch, body, filter, flat_map, try_stage};
use insta::assert_snapshot;

use engines::each_engine;

fn numbers() -> Pipeline<&'static str, i64> {
    Pipeline::new("numbers")
        .stage("split", flat_map(str::split_whitespace))
        .stage("int", try_stage(|text: &&str| text.parse::<i64>()))
        .stage("odd", filter(|x: &i64| x % 2 == 1))
        .on_failure(OnFailure::skip())
}

/// Sums of every three numbers.
fn triples() -> coroute::Body<i64, i64> {
    body(|mut io| async move {
        let (mut sum, mut held) = (0, 0);
        while let Some(item) = io.recv().await {
            (sum, held) = (sum + item, held + 1);
            if held == 3 {
                io.emit(std::mem::take(&mut sum));
                held = 0;
            }
            io.hold(held);
        }
        if held > 0 {
            io.emit(sum);
            io.hold(0);
        }
    })
}

#[test]
fn g2_a_new_pipeline_has_counted_nothing() {
    assert_snapshot!(numbers().ledger(), @"
    accepted   0
    delivered  0
    dropped    0
    failed     0
    in flight  0
    ");
}

#[test]
fn g2_split_dropped_and_failed_add_up() {
    each_engine(|engine| {
        let mut pipeline = engine.run(numbers());
        pipeline.send_all(["1 2 3", "", "4 x 5 6", "y"], |_| ()).unwrap();
        assert!(pipeline.ledger().is_balanced());
        assert_snapshot!(pipeline.ledger(), @"
        accepted   4
        split      5
          split    5
        delivered  3
        dropped    4
          split    1
          odd      3
        failed     2
          int      2
        in flight  0
        ");
    });
}

#[test]
fn g2_held_and_merged_add_up() {
    each_engine(|engine| {
        let mut pipeline = engine.run(Pipeline::new("sums").stage("triples", triples()));
        pipeline.send_all(1..=8, |_| ()).unwrap();
        assert!(pipeline.ledger().is_balanced());
        assert_snapshot!(pipeline.ledger(), @"
        accepted            8
        delivered           2
        dropped             4
          triples (merged)  4
        failed              0
        in flight           2
          triples           2
        ");
        pipeline.finish(|_| ()).unwrap();
        assert!(pipeline.ledger().is_balanced());
        assert_snapshot!(pipeline.ledger(), @"
        accepted            8
        delivered           3
        dropped             5
          triples (merged)  5
        failed              0
        in flight           0
        ");
    });
}

#[test]
fn g2_nested_stages_are_counted_by_their_paths() {
    each_engine(|engine| {
        let words = Switch::new("words").target("numbers", numbers()).target("none", filter_none()).cloned();
        let mut pipeline = engine.run(Pipeline::new("p").stage("words", words.route(Route::all(["numbers", "none"]))));
        pipeline.send_all(["1 2 3", "x", "5"], |_| ()).unwrap();
        assert!(pipeline.ledger().is_balanced());
        assert_snapshot!(pipeline.ledger(), @"
        accepted               3
        split                  5
          words                3
          words/numbers/split  2
        delivered              3
        dropped                4
          words/numbers/odd    1
          words/none/nothing   3
        failed                 1
          words/numbers/int    1
        in flight              0
        ");
    });
}

fn filter_none() -> Pipeline<&'static str, i64> {
    Pipeline::new("none").filter_map("nothing", |_: &str| None)
}

#[test]
fn g2_a_stage_that_has_left_keeps_its_row() {
    each_engine(|engine| {
        let mut pipeline = engine.run(numbers());
        let controller = pipeline.controller();
        pipeline.send("1 2 4", |_| ()).unwrap();
        controller.remove("odd").unwrap();
        controller.insert_after("int", "even", filter(|x: &i64| x % 2 == 0)).unwrap();
        pipeline.send("1 2 4", |_| ()).unwrap();
        assert!(controller.ledger().is_balanced());
        assert_snapshot!(controller.ledger(), @"
        accepted      2
        split         4
          split       4
        delivered     3
        dropped       3
          even        1
          odd (gone)  2
        failed        0
        in flight     0
        ");
        controller.rename("even", "odd").unwrap();
        pipeline.send("3", |_| ()).unwrap();
        assert_snapshot!(controller.ledger(), @"
        accepted      3
        split         4
          split       4
        delivered     3
        dropped       4
          odd         2
          odd (gone)  2
        failed        0
        in flight     0
        ");
    });
}

#[test]
fn g2_what_a_removed_stage_held_comes_out() {
    each_engine(|engine| {
        let mut pipeline = engine.run(Pipeline::new("sums").stage("triples", triples()));
        pipeline.send_all(1..=2, |_| ()).unwrap();
        let controller = pipeline.controller();
        controller.remove("triples").unwrap();
        let mut out = Vec::new();
        pipeline.send(10, |sum| out.push(sum)).unwrap();
        assert_eq!(out, [3, 10]);
        assert!(controller.ledger().is_balanced());
        assert_snapshot!(controller.ledger(), @"
        accepted                   3
        delivered                  2
        dropped                    1
          triples (merged) (gone)  1
        failed                     0
        in flight                  0
        ");
    });
}

#[test]
fn g2_an_item_that_is_held_back_is_in_no_count() {
    each_engine(|engine| {
        let mut pipeline = engine.run(numbers());
        pipeline.controller().pause().unwrap();
        pipeline.send("1", |_| ()).unwrap_err();
        assert_eq!(pipeline.ledger().accepted(), 0);
    });
}

#[test]
fn g2_outputs_that_nobody_took_are_in_flight() {
    let mut pipeline = numbers();
    let taken = catch_unwind(AssertUnwindSafe(|| pipeline.send("1 3 5", |x| assert_ne!(x, 3))));
    assert!(taken.is_err());
    assert!(pipeline.ledger().is_balanced());
    assert_snapshot!(pipeline.ledger(), @"
    accepted   1
    split      2
      split    2
    delivered  2
    dropped    0
    failed     0
    in flight  1
    ");
    let mut out = Vec::new();
    pipeline.send("7", |x| out.push(x)).unwrap();
    assert_eq!(out, [5, 7]);
    assert!(pipeline.ledger().is_balanced());
    assert_snapshot!(pipeline.ledger(), @"
    accepted   2
    split      2
      split    2
    delivered  4
    dropped    0
    failed     0
    in flight  0
    ");
}

#[test]
fn g6_an_item_that_a_panic_took_is_counted_as_failed() {
    let mut pipeline = Pipeline::new("p").stage("div", |x: i64| 12 / x);
    assert!(catch_unwind(AssertUnwindSafe(|| drop(pipeline.send_all([3, 0, 4], |_| ())))).is_err());
    assert!(pipeline.ledger().is_balanced());
    assert_snapshot!(pipeline.ledger(), @"
    accepted   3
    delivered  1
    dropped    0
    failed     2
      div      2
    in flight  0
    ");
}

#[test]
fn g2_rows_can_be_read() {
    each_engine(|engine| {
        let mut pipeline = engine.run(numbers());
        pipeline.send("1 2 x", |_| ()).unwrap();
        let ledger = pipeline.ledger();
        let counts = (ledger.accepted(), ledger.split(), ledger.delivered(), ledger.dropped(), ledger.failed());
        assert_eq!(counts, (1, 2, 1, 1, 1));
        let rows: Vec<_> =
            ledger.rows().iter().map(|row| (row.stage.to_string(), row.split, row.dropped, row.failed)).collect();
        assert_eq!(rows, [("split".into(), 2, 0, 0), ("int".into(), 0, 0, 1), ("odd".into(), 0, 1, 0)]);
    });
}
