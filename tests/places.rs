//! The place of a failure or a panic is named in full, by every way through the pipeline.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;

use coroute::{CallError, OnFailure, Pipeline, Route, SendError, Switch, try_stage};

fn picky(bad: i64) -> Pipeline<i64, i64> {
    let check = move |x: &i64| if *x == bad { Err(format!("{x} is bad")) } else { Ok(*x) };
    let boom = move |x: i64| if x == bad + 10 { panic!("boom") } else { x };
    Pipeline::new("inner").stage("id", |x: i64| x).stage("check", try_stage(check)).stage("boom", boom)
}

/// Failures at 1 and 2 are in `v1` and `v2`, panics at 11 and 12.
fn whole(route: Route) -> Pipeline<i64, i64> {
    let switch = Switch::new("model").target("v1", picky(1)).target("v2", picky(2)).route(route);
    Pipeline::new("p").stage("outer", Pipeline::new("o").stage("first", |x: i64| x).stage("model", switch))
}

fn called(pipeline: &mut Pipeline<i64, i64>, item: i64) -> String {
    match catch_unwind(AssertUnwindSafe(|| pipeline.call(item))) {
        Err(_) => pipeline.call(0).unwrap_err().to_string(),
        Ok(Err(CallError::Failed(failures))) => failures[0].to_string(),
        Ok(other) => other.unwrap().to_string(),
    }
}

fn batched(pipeline: &mut Pipeline<i64, i64>, item: i64) -> String {
    let mut out = Vec::new();
    match catch_unwind(AssertUnwindSafe(|| pipeline.send_all([item], |x| out.push(x)))) {
        Err(_) => pipeline.call(0).unwrap_err().to_string(),
        Ok(Err(error)) => match error.error {
            SendError::Failed(failures) => failures[0].to_string(),
            other => other.to_string(),
        },
        Ok(Ok(())) => out[0].to_string(),
    }
}

#[test]
fn g2_a_failure_names_its_place_in_full_by_every_way() {
    for item in [0, 1, 2, 3, 11, 12] {
        for route in [|| Route::to("v1"), || Route::to("v2"), || Route::when(|x: &i64| x % 10 == 1, "v1", "v2")] {
            let (mut one, mut many) = (whole(route()), whole(route()));
            one.call(0).unwrap();
            many.call(0).unwrap();
            many.controller().record(coroute::Recording::items().last(1)).unwrap();
            let said = called(&mut one, item);
            assert_eq!(said, batched(&mut many, item));
            assert_eq!(one.ledger().to_string(), many.ledger().to_string());
            assert!(one.ledger().is_balanced());
            let named = ["outer/model/v1/check", "outer/model/v2/check", "outer/model/v1/boom", "outer/model/v2/boom"];
            assert!(said.len() < 3 || named.iter().any(|place| said.contains(place)), "{said}");
        }
    }
}

#[test]
fn g2_a_nested_handler_gets_places_from_its_own_pipeline_on() {
    let (letters, dead) = mpsc::channel();
    let inner = picky(1).on_failure(OnFailure::dead_letter(move |failure| letters.send(failure.to_string()).unwrap()));
    let mut pipeline = Pipeline::new("p").stage("inner", inner).stage("last", |x: i64| x);
    pipeline.call(0).unwrap();
    assert!(matches!(pipeline.call(1), Err(CallError::NotOne(_))));
    pipeline.controller().record(coroute::Recording::items().last(1)).unwrap();
    pipeline.send_all([1], |_| ()).unwrap();
    let first = dead.recv().unwrap();
    assert_eq!(first.replace("cycle 1", "cycle 2"), dead.recv().unwrap());
    assert!(first.contains("\"inner/check\""), "{first}");
}
