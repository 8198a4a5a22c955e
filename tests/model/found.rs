//! What the random search and a reading of the source have found, each made small and given a name.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use coroute::{CallError, Failure, Hold, OnFailure, Output, Pipeline, Refusal, Route, Stage, Switch, try_stage};

/// Holds everything back until the end.
#[derive(Debug)]
struct Keep(Vec<i64>);

impl Stage<i64> for Keep {
    type Out = i64;
    fn process(&mut self, item: i64, _: &mut Output<'_, i64>) {
        self.0.push(item);
    }
    fn finish(&mut self, out: &mut Output<'_, i64>) {
        self.0.drain(..).for_each(|item| out.emit(item));
    }
    fn held(&self) -> usize {
        self.0.len()
    }
}

fn bang<T>() -> T {
    resume_unwind(Box::new("bang"))
}

fn not_one(item: &i64) -> Result<i64, &'static str> {
    if *item == 1 { Err("one") } else { Ok(*item) }
}

fn boom_at(spot: i64) -> impl FnMut(i64) -> i64 + Send + 'static {
    move |item| if item == spot { bang() } else { item }
}

/// Runs it to its panic.
fn panics(run: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
}

fn bad_sink() -> OnFailure {
    OnFailure::dead_letter(|_: Failure| bang())
}

fn two_ways() -> Switch<i64, i64> {
    Switch::new("s").target("a", |x: i64| x).target("b", |x: i64| -x)
}

#[test]
fn g0_a_target_refused_for_its_depth_does_not_count_afterwards() {
    let deep = (0..512).fold(Pipeline::new("deep"), |deep, at| deep.stage(format!("s{at}"), |x: i64| x));
    let pipeline = two_ways().route("a").into_pipeline();
    let controller = pipeline.controller();
    let refused = controller.attach("s", "deep", deep).unwrap_err();
    assert!(matches!(refused.refusal(), Refusal::TooDeep { .. }));
    assert!(controller.push_back("add", |x: i64| x + 1).is_ok());
}

#[test]
fn g2_outputs_that_wait_after_the_end_can_be_had() {
    let mut pipeline = Pipeline::new("p").stage("keep", Keep(Vec::new()));
    pipeline.send_all(0..3, |_| ()).unwrap();
    panics(|| drop(pipeline.finish(|_| bang())));
    let mut rest = Vec::new();
    pipeline.finish(|item| rest.push(item)).unwrap();
    assert_eq!(rest, [1, 2]);
}

#[test]
fn g2_a_call_that_panics_keeps_the_outputs_set_free_before() {
    let mut pipeline = Pipeline::new("p").stage("keep", Keep(Vec::new())).stage("boom", boom_at(3));
    pipeline.send(1, |_| ()).unwrap();
    drop(pipeline.controller().remove("keep").unwrap());
    panics(|| drop(pipeline.call(3)));
    drop(pipeline.controller().remove("boom").unwrap());
    let mut out = Vec::new();
    pipeline.send(4, |item| out.push(item)).unwrap();
    assert_eq!(out, [1, 4]);
}

#[test]
fn g2_what_a_stage_brings_along_is_in_the_ledger() {
    let mut pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1);
    drop(pipeline.controller().push_back("keep", Keep(vec![1, 2])).unwrap());
    pipeline.send(5, |_| ()).unwrap();
    assert_eq!(pipeline.ledger().in_flight(), 3);
    pipeline.finish(|_| ()).unwrap();
    assert!(pipeline.ledger().is_balanced(), "{}", pipeline.ledger());
}

#[test]
fn g2_what_a_used_pipeline_holds_is_in_the_outer_ones_ledger() {
    let mut inner = Pipeline::new("inner").stage("keep", Keep(Vec::new()));
    inner.send(5, |_| ()).unwrap();
    let mut outer = Pipeline::new("outer").stage("inner", inner);
    let mut out = Vec::new();
    outer.finish(|item| out.push(item)).unwrap();
    assert_eq!(out, [5]);
    assert!(outer.ledger().is_balanced(), "{}", outer.ledger());
}

#[test]
fn g2_what_an_edit_has_set_free_in_a_used_pipeline_is_not_lost_by_nesting_it() {
    let mut inner = Pipeline::new("inner").stage("keep", Keep(Vec::new()));
    inner.send(5, |_| ()).unwrap();
    drop(inner.controller().remove("keep").unwrap());
    let mut outer = Pipeline::new("outer").stage("inner", inner);
    let mut out = Vec::new();
    outer.finish(|item| out.push(item)).unwrap();
    assert_eq!(out, [5]);
}

#[test]
fn g2_the_rows_of_what_was_inside_a_removed_pipeline_stay() {
    let inner = Pipeline::new("inner").filter("none", |_: &i64| false);
    let mut pipeline = Pipeline::new("p").stage("inner", inner);
    pipeline.send(1, |_| ()).unwrap();
    drop(pipeline.controller().remove("inner").unwrap());
    pipeline.apply();
    let ledger = pipeline.ledger();
    assert_eq!(ledger.rows().iter().map(|row| row.dropped).sum::<u64>(), ledger.dropped());
}

#[test]
fn g2_what_a_removed_pipeline_still_holds_is_no_more_in_flight() {
    struct Stuck(usize);
    impl Stage<i64> for Stuck {
        type Out = i64;
        fn process(&mut self, _: i64, _: &mut Output<'_, i64>) {
            self.0 += 1;
        }
        fn finish(&mut self, _: &mut Output<'_, i64>) {
            bang()
        }
        fn held(&self) -> usize {
            self.0
        }
    }
    let mut pipeline = Pipeline::new("p").stage("inner", Pipeline::new("inner").stage("stuck", Stuck(0)));
    pipeline.send(1, |_| ()).unwrap();
    drop(pipeline.controller().remove("inner").unwrap());
    pipeline.apply();
    assert_eq!(pipeline.ledger().in_flight(), 0);
    assert!(pipeline.ledger().is_balanced(), "{}", pipeline.ledger());
}

#[test]
fn g2_a_batch_stops_at_the_first_failure_also_where_a_target_takes_nothing() {
    let shut = Switch::<i64, i64>::new("shut");
    let route = Route::round_robin(["a", "shut"]);
    let mut pipeline = Switch::new("s").target("a", |x: i64| x).target("shut", shut).route(route).into_pipeline();
    let mut out = Vec::new();
    let stopped = pipeline.send_all(0..6, |item| out.push(item)).unwrap_err();
    assert_eq!((out, stopped.rest.collect::<Vec<_>>()), (vec![0], vec![2, 3, 4, 5]));
}

#[test]
fn g2_the_end_of_the_stream_comes_to_the_targets_in_the_order_of_attachment() {
    let switch = Switch::new("s").target("a", Keep(Vec::new())).target("b", Keep(Vec::new())).route("b");
    let mut pipeline = switch.into_pipeline();
    let controller = pipeline.controller();
    pipeline.send(1, |_| ()).unwrap();
    drop(controller.detach("s", "a").unwrap());
    drop(controller.attach("s", "c", Keep(Vec::new())).unwrap());
    drop(controller.route("s", "c").unwrap());
    pipeline.send(2, |_| ()).unwrap();
    let mut out = Vec::new();
    pipeline.finish(|item| out.push(item)).unwrap();
    assert_eq!(out, [1, 2]);
}

#[test]
fn g6_what_is_ahead_of_a_panic_passes_a_switch() {
    for route in [Route::round_robin(["a", "b"]), Route::all(["a", "b"])] {
        let is_all = route.to_string().starts_with("all");
        let switch = two_ways().cloned().route(route);
        let mut pipeline = Pipeline::new("p").stage("boom", boom_at(3)).stage("s", switch);
        let mut out = Vec::new();
        panics(|| drop(pipeline.send_all(1..6, |item| out.push(item))));
        assert_eq!(out, if is_all { vec![1, -1, 2, -2] } else { vec![1, -2] });
    }
}

#[test]
fn g6_what_is_ahead_of_a_panicking_choice_comes_out() {
    let test = |item: &i64| if *item == 3 { bang() } else { *item < 2 };
    let mut pipeline = two_ways().route(Route::when(test, "a", "b")).into_pipeline();
    let mut out = Vec::new();
    panics(|| drop(pipeline.send_all(0..6, |item| out.push(item))));
    assert_eq!(out, [0, 1, -2]);
}

#[test]
fn g6_an_item_behind_a_panic_fails_with_it_and_not_for_want_of_a_target() {
    let (letters, dead) = std::sync::mpsc::channel();
    let route = Route::generator(["a"], |mut turn| async move { turn.to("a").await });
    let switch = Switch::new("s").target("a", boom_at(3)).route(route);
    let mut pipeline = Pipeline::new("p").flat_map("two", |x: i64| [x, x]).stage("s", switch);
    pipeline = pipeline.on_failure(OnFailure::dead_letter(move |failure| letters.send(failure.to_string()).unwrap()));
    panics(|| drop(pipeline.send(3, |_| ())));
    assert_eq!((dead.try_iter().count(), pipeline.ledger().failed()), (0, 2));
}

#[test]
fn g6_an_item_that_a_stage_panicked_on_has_failed_whatever_was_emitted_of_it() {
    struct Fuse;
    impl Stage<i64> for Fuse {
        type Out = i64;
        fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
            out.emit(item);
            bang()
        }
    }
    let mut pipeline = Pipeline::new("p").stage("fuse", Fuse);
    let mut out = Vec::new();
    panics(|| drop(pipeline.send(1, |item| out.push(item))));
    assert_eq!((out, pipeline.ledger().failed()), (vec![], 1));
}

#[test]
fn g6_a_dead_letter_sink_that_panics_leaves_a_ledger_that_adds_up() {
    let mut pipeline = Pipeline::new("p").flat_map("two", |x: i64| [x, x + 1]).stage("not_one", try_stage(not_one));
    pipeline = pipeline.on_failure(bad_sink());
    let mut out = Vec::new();
    panics(|| drop(pipeline.send(0, |item| out.push(item))));
    pipeline.send(5, |item| out.push(item)).unwrap();
    assert_eq!(out, [0, 5, 6]);
    assert!(pipeline.ledger().is_balanced(), "{}", pipeline.ledger());
}

#[test]
fn g6_a_nested_dead_letter_sink_that_panics_leaves_a_ledger_that_adds_up() {
    let inner = Pipeline::new("inner").stage("not_one", try_stage(not_one)).on_failure(bad_sink());
    let mut pipeline = Pipeline::new("p").stage("inner", inner);
    panics(|| drop(pipeline.send(1, |_| ())));
    assert!(pipeline.ledger().is_balanced(), "{}", pipeline.ledger());

    let inner = Pipeline::new("inner").stage("keep", Keep(Vec::new())).stage("not_one", try_stage(not_one));
    let mut pipeline = Pipeline::new("p").stage("inner", inner.on_failure(bad_sink()));
    pipeline.send_all(0..3, |_| ()).unwrap();
    panics(|| drop(pipeline.finish(|_| ())));
    assert!(pipeline.ledger().is_balanced(), "{}", pipeline.ledger());
}

#[test]
fn g6_the_path_of_a_poisoned_stage_is_the_one_it_has_now() {
    let mut pipeline = Pipeline::new("p").stage("inner", Pipeline::new("inner").stage("boom", boom_at(1)));
    panics(|| drop(pipeline.call(1)));
    drop(pipeline.controller().edit(|e| e.rename("inner/boom", "b")?.rename("inner", "i")).unwrap());
    let Err(CallError::Held(held)) = pipeline.call(1) else { panic!("a poisoned pipeline takes no item") };
    assert_eq!(held.why, Hold::Poisoned { stage: coroute::Path::new("i/b").unwrap() });
}

#[test]
fn g6_a_hand_over_that_panics_names_its_stage_by_the_whole_path() {
    let mut pipeline = Pipeline::new("p").stage("inner", Pipeline::new("inner").stage("keep", Keep(Vec::new())));
    drop(pipeline.controller().replace_with("inner/keep", |_: Keep| -> Keep { bang() }).unwrap());
    // Whether the panic reaches the caller or not, this is the state afterwards.
    let _ = catch_unwind(AssertUnwindSafe(|| pipeline.apply()));
    let poisoned = Hold::Poisoned { stage: coroute::Path::new("inner/keep").unwrap() };
    for _ in 0..2 {
        let Err(CallError::Held(held)) = pipeline.call(1) else { panic!("a poisoned pipeline takes no item") };
        assert_eq!(held.why, poisoned);
        // There is no stage any more that another hand-over could take.
        drop(pipeline.controller().replace_with("inner/keep", |old: Keep| old).unwrap());
        let _ = catch_unwind(AssertUnwindSafe(|| pipeline.apply()));
    }
}

#[test]
fn g5_a_failed_target_that_is_tried_again_at_once_does_not_hold_up_the_cycle() {
    // In a thread of its own: where this fails it never comes back.
    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let route = Route::failover_retry(["a"], 0);
        let mut pipeline = Switch::new("s").target("a", try_stage(not_one)).route(route).into_pipeline();
        done.send(pipeline.call(1).is_err())
    });
    let patience = std::time::Duration::from_secs(10);
    assert_eq!(is_done.recv_timeout(patience), Ok(true));
}
