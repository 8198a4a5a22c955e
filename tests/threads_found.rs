//! Faults of the threaded engine that were found by its tests, each as small as it can be.

use std::panic::resume_unwind;

use coroute::{FlowError, Pipeline, Route, Running, Switch, async_stage, thread};

fn boom_at(bad: i64) -> impl FnMut(i64) -> i64 + Send + 'static {
    move |x| if x == bad { resume_unwind(Box::new("boom")) } else { x }
}

/// What comes of six items that are accepted at once: outputs, and items that come back with failures, both in order. The item
/// that a stage panicked on does not come back with its failure.
fn six_at_once(pipeline: Pipeline<i64, i64>) -> (Vec<i64>, Vec<Option<i64>>) {
    let controller = pipeline.controller();
    controller.pause().unwrap();
    let mut running: Running<i64, i64> = pipeline.spawn().unwrap();
    running.send_all(1..=6).unwrap();
    controller.resume().unwrap();
    running.flush().unwrap();
    let (mut outputs, mut back) = (Vec::new(), Vec::new());
    while let Ok(news) = running.try_recv() {
        match news {
            Ok(output) => outputs.push(output),
            Err(FlowError::Failed(failure)) => back.push(failure.into_item::<i64>().ok()),
            Err(_) => {}
        }
    }
    let ledger = running.ledger();
    assert_eq!((ledger.delivered(), ledger.failed()), (outputs.len() as u64, back.len() as u64), "{ledger}");
    assert!(ledger.is_balanced(), "{ledger}");
    (outputs, back)
}

#[test]
fn g6_a_panic_in_one_target_costs_the_others_nothing() {
    let switch = || Switch::new("s").target("a", boom_at(3)).target("b", |x: i64| -x).cloned();
    let by_turns = switch().route(Route::round_robin(["a", "b"])).into_pipeline();
    assert_eq!(six_at_once(by_turns), (vec![1, -2, -4, -6], vec![None, Some(5)]));
    let to_all = switch().route(Route::all(["a", "b"])).into_pipeline();
    assert_eq!(six_at_once(to_all), (vec![1, -1, 2, -2, -3, -4, -5, -6], vec![None, Some(4), Some(5), Some(6)]));
}

#[test]
fn g6_a_route_that_panics_costs_one_item() {
    let odd = |x: &i64| if *x == 3 { resume_unwind(Box::new("boom")) } else { x % 2 == 1 };
    let switch = Switch::new("s").target("a", |x: i64| x).target("b", |x: i64| -x);
    assert_eq!(
        six_at_once(switch.route(Route::when(odd, "a", "b")).into_pipeline()),
        (vec![1, -2], vec![None, Some(4), Some(5), Some(6)])
    );
}

#[test]
fn g1_a_thread_with_an_async_stage_inside_is_moved_within_its_pipeline() {
    let inner = Pipeline::new("a").stage("inc", async_stage(1, |x: i64| async move { x + 1 }));
    let pipeline = Pipeline::new("p").stage("a", thread(inner)).stage("b", |x: i64| x * 10);
    let controller = pipeline.controller();
    let mut running = pipeline.spawn().unwrap();
    running.send(1).unwrap();
    running.flush().unwrap();
    let receipt = controller.move_after("a", "b").unwrap();
    running.send(2).unwrap();
    running.flush().unwrap();
    assert_eq!([running.recv().unwrap().unwrap(), running.recv().unwrap().unwrap()], [20, 21]);
    assert_eq!(receipt.wait_retired().map(|cut| cut.first_new), Some(1));
}
