//! Panics and half-way ends: G2 still holds, and the next call says what state the pipeline is in.

mod engines;

use std::panic::{AssertUnwindSafe, catch_unwind};

use coroute::{CallError, Failure, Hold, OnFailure, Pipeline, SendError, Switch, try_stage};

use engines::{Engine, Run, Stop, each_engine};

/// Calls `run` and gives the message of its panic.
fn panic_of<R>(run: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(_) => panic!("no panic"),
        Err(payload) => payload.downcast_ref::<&str>().map(ToString::to_string).unwrap(),
    }
}

fn breaks_on(bad: i64) -> impl FnMut(i64) -> i64 + Send {
    move |x| {
        assert!(x != bad, "boom");
        x
    }
}

fn hold(pipeline: &mut Run<i64, i64>) -> String {
    match pipeline.call(77) {
        Err(Stop::Held(item, Some(why))) => {
            assert_eq!(item, 77);
            why.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn g6_a_panic_reaches_the_caller_and_the_stage_can_be_replaced() {
    each_engine(|engine| {
        let mut pipeline =
            engine.run(Pipeline::new("p").stage("a", |x: i64| x + 1).stage("b", breaks_on(3)).stage("c", |x: i64| x));
        assert_eq!(pipeline.call(1).unwrap(), 2);
        assert_eq!(panic_of(|| pipeline.call(2)), "boom");
        assert_eq!(hold(&mut pipeline), "pipeline poisoned: stage \"b\" panicked; replace it, or take it out");
        let ledger = pipeline.ledger();
        assert_eq!((ledger.accepted(), ledger.delivered(), ledger.failed()), (2, 1, 1));
        assert!(ledger.is_balanced());
        pipeline.controller().insert_after("a", "neg", |x: i64| -x).unwrap();
        assert!(hold(&mut pipeline).contains("\"b\""), "another edit does not mend it");
        pipeline.controller().replace("b", |x: i64| x * 10).unwrap();
        assert_eq!(pipeline.call(2).unwrap(), -30);
    });
}

#[test]
fn g6_a_panic_in_a_nested_target_is_named_by_its_path() {
    each_engine(|engine| {
        let inner = Pipeline::new("v2").stage("ok", |x: i64| x).stage("bad", breaks_on(1));
        let switch = Switch::new("s").target("v1", |x: i64| x).target("v2", inner).route("v2");
        let mut pipeline = engine.run(Pipeline::new("p").stage("s", switch));
        assert_eq!(panic_of(|| pipeline.call(1)), "boom");
        assert!(hold(&mut pipeline).contains("\"s/v2/bad\""));
        pipeline
            .controller()
            .edit(|e| {
                e.route("s", "v1")?;
                e.detach("s", "v2")
            })
            .unwrap();
        assert_eq!(pipeline.call(1).unwrap(), 1, "what broke is gone with its target");
        assert_eq!(pipeline.ledger().failed(), 1);
    });
}

#[test]
fn g6_in_a_batch_what_is_ahead_of_the_panic_comes_out() {
    for bad in 0..5 {
        let mut pipeline =
            Pipeline::new("p").stage("a", |x: i64| x).stage("b", breaks_on(bad)).stage("c", |x: i64| x + 100);
        let mut out = Vec::new();
        assert_eq!(panic_of(|| pipeline.send_all(0..5, |x| out.push(x))), "boom");
        assert_eq!(out, (100..100 + bad).collect::<Vec<_>>());
        let ledger = pipeline.ledger();
        assert_eq!((ledger.accepted(), ledger.delivered()), (5, bad as u64));
        assert!(ledger.is_balanced(), "{ledger}");
        pipeline.controller().remove("b").unwrap();
        assert_eq!(pipeline.call(1).unwrap(), 101);
    }
}

#[test]
fn g6_a_panic_below_a_stage_that_gives_many_is_accounted_for() {
    each_engine(|engine| {
        for bad in 0..3 {
            let mut pipeline =
                engine.run(Pipeline::new("p").flat_map("many", |x: i64| 0..x).stage("b", breaks_on(bad)));
            let mut out = Vec::new();
            assert_eq!(panic_of(|| pipeline.send(3, |x| out.push(x))), "boom");
            assert_eq!(out, (0..bad).collect::<Vec<_>>());
            let ledger = pipeline.ledger();
            assert_eq!((ledger.accepted(), ledger.split(), ledger.failed()), (1, 2, 3 - bad as u64));
            assert!(ledger.is_balanced(), "{ledger}");
        }
    });
}

#[test]
fn g6_what_came_out_ahead_of_a_panic_waits_for_a_call_that_returns() {
    let mut pipeline = Pipeline::new("p").flat_map("many", |x: i64| 0..x).stage("b", breaks_on(2));
    assert_eq!(panic_of(|| pipeline.call(3)), "boom");
    let ledger = pipeline.ledger();
    assert_eq!((ledger.delivered(), ledger.failed(), ledger.in_flight()), (0, 1, 2));
    assert!(ledger.is_balanced(), "{ledger}");
    pipeline.controller().remove("b").unwrap();
    let Err(CallError::NotOne(outputs)) = pipeline.call(1) else { panic!() };
    assert_eq!(outputs, [0, 1, 0]);
    assert!(pipeline.ledger().is_balanced());
}

#[test]
fn g6_a_panic_in_the_receiving_closure_loses_no_output() {
    let mut pipeline = Pipeline::new("p").flat_map("many", |x: i64| 0..x);
    let mut out = Vec::new();
    let message = panic_of(|| {
        pipeline.send(4, |x| {
            assert!(x != 2, "full");
            out.push(x);
        })
    });
    assert_eq!(message, "full");
    assert_eq!((pipeline.ledger().delivered(), pipeline.ledger().in_flight()), (3, 1), "{}", pipeline.ledger());
    pipeline.send(1, |x| out.push(x)).unwrap();
    assert_eq!(out, [0, 1, 3, 0], "the output in hand went with the panic, as an item given away does");
    assert!(pipeline.ledger().is_balanced());
}

#[test]
fn g6_a_panic_of_a_stage_that_leaves_reaches_the_caller() {
    struct Stuck(usize);
    impl coroute::Stage<i64> for Stuck {
        type Out = i64;
        fn process(&mut self, _: i64, _: &mut coroute::Output<'_, i64>) {
            self.0 += 1;
        }
        fn finish(&mut self, _: &mut coroute::Output<'_, i64>) {
            panic!("boom")
        }
        fn held(&self) -> usize {
            self.0
        }
    }
    for nested in [false, true] {
        let inner = Pipeline::new("inner").stage("stuck", Stuck(0));
        let mut pipeline = Pipeline::new("p").stage("in", |x: i64| x);
        pipeline = if nested { pipeline.stage("a", inner) } else { pipeline.stage("a", Stuck(0)) };
        pipeline.send(1, |_| ()).unwrap();
        pipeline.controller().remove("a").unwrap();
        let mut out = Vec::new();
        assert_eq!(panic_of(|| pipeline.send(2, |x| out.push(x))), "boom");
        assert_eq!(pipeline.call(3).unwrap(), 3, "it has left, and the rest works");
        let ledger = pipeline.ledger();
        assert_eq!((out, ledger.dropped(), ledger.in_flight()), (vec![2], 1, 0), "{ledger}");
        assert!(ledger.is_balanced() && ledger.rows().iter().all(|row| row.held == 0), "{ledger}");
    }
}

#[test]
fn a_hand_over_is_between_stages() {
    let pipeline = Pipeline::new("p").stage("a", Counter(0)).stage("n", Pipeline::new("n").stage("x", |x: i64| x));
    let controller = pipeline.controller();
    let into =
        controller.replace_with::<i64, Counter, Pipeline<i64, i64>>("a", |old| Pipeline::new("a").stage("c", old));
    let from = controller.replace_with::<i64, Pipeline<i64, i64>, Pipeline<i64, i64>>("n", |old| old);
    for refused in [into, from] {
        assert!(matches!(refused.unwrap_err().refusal(), coroute::Refusal::NotPlain));
    }
}

#[test]
fn a_pipeline_that_cannot_run_is_not_nested() {
    let inner = Pipeline::new("inner").stage("x", |x: i64| x);
    inner.controller().pause().unwrap();
    let error = Pipeline::new("p").stage("inner", inner).check().unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot build stage \"inner\" of pipeline \"p\": the pipeline to put in takes no item: the pipeline is paused; resume it"
    );
}

#[test]
fn g6_a_panic_while_edits_are_applied_hands_the_item_back() {
    let pipeline = Pipeline::new("p").stage("a", |x: i64| x);
    pipeline
        .controller()
        .replace_with("a", |old: Counter| -> Counter {
            let _ = old;
            panic!("boom")
        })
        .unwrap_err();
    let mut pipeline = Engine::Local.run(Pipeline::new("p").stage("a", Counter(0)));
    pipeline
        .controller()
        .replace_with("a", |old: Counter| -> Counter {
            let _ = old;
            panic!("boom")
        })
        .unwrap();
    assert_eq!(hold(&mut pipeline), "pipeline poisoned: stage \"a\" panicked; replace it, or take it out");
    pipeline.controller().replace("a", |x: i64| x).unwrap();
    assert_eq!(pipeline.call(1).unwrap(), 1);
}

struct Counter(u64);

impl coroute::Stage<i64> for Counter {
    type Out = i64;
    fn process(&mut self, item: i64, out: &mut coroute::Output<'_, i64>) {
        self.0 += 1;
        out.emit(item);
    }
}

#[test]
fn g2_stop_hands_back_the_item_and_all_behind_it() {
    let mut pipeline =
        Pipeline::new("p").stage("even", try_stage(|x: &i64| if x % 2 == 0 { Ok(*x) } else { Err("odd") }));
    let mut out = Vec::new();
    let error = pipeline.send_all([2, 4, 5, 6, 7], |x| out.push(x)).unwrap_err();
    let SendError::Failed(mut failures) = error.error else { panic!() };
    let failure: Failure = failures.remove(0);
    assert_eq!((failure.cycle(), failure.into_item::<i64>().unwrap()), (2, 5));
    assert_eq!((out, error.rest.collect::<Vec<_>>()), (vec![2, 4], vec![6, 7]));
}

#[test]
fn g2_a_pause_in_the_middle_of_a_batch_hands_back_what_was_not_sent() {
    let mut pipeline = Pipeline::new("p").stage("a", |x: i64| x);
    let controller = pipeline.controller();
    let items = (0..1000).inspect(|x| {
        if *x == 300 {
            controller.pause().unwrap();
        }
    });
    let mut out = Vec::new();
    let error = pipeline.send_all(items, |x| out.push(x)).unwrap_err();
    let SendError::Held(held) = error.error else { panic!() };
    assert_eq!((out.len(), held.item, held.why), (256, 256, Hold::Paused), "the batch being filled was not accepted");
    controller.resume().unwrap();
    pipeline.send_all(std::iter::once(held.item).chain(error.rest), |x| out.push(x)).unwrap();
    assert_eq!(out, (0..1000).collect::<Vec<_>>());
}

#[test]
fn g2_send_batch_keeps_what_it_did_not_send() {
    let mut pipeline = Pipeline::new("p").try_stage("odd", |x: &i64| if x % 2 == 1 { Ok(*x) } else { Err("even") });
    let (mut items, mut out) = (vec![1, 3, 4, 5], Vec::new());
    assert!(matches!(pipeline.send_batch(&mut items, &mut out), Err(SendError::Failed(_))));
    assert_eq!((items, out), (vec![5], vec![1, 3]));
}

#[test]
fn a_nested_handler_deals_with_its_own_failures() {
    each_engine(|engine| {
        let inner = Pipeline::new("inner").try_stage("odd", |x: &i64| if x % 2 == 1 { Ok(*x) } else { Err("even") });
        let inner = inner.on_failure(OnFailure::skip());
        let mut pipeline = engine.run(
            Pipeline::new("p")
                .stage("inner", inner)
                .try_stage("small", |x: &i64| if *x < 5 { Ok(*x) } else { Err("large") }),
        );
        let mut out = Vec::new();
        let error = pipeline.send_all(0..9, |x| out.push(x)).unwrap_err();
        assert_eq!(error.to_string(), "stage \"small\" failed on cycle 5, revision 0: large");
        assert_eq!((out, pipeline.ledger().failed()), (vec![1, 3], 4));
    });
}
