//! What a pipeline costs, and how large it may be.

use coroute::{CallError, Hold, Pipeline, Refusal, Route, Stage, Switch};

fn allocations(run: impl FnOnce()) -> u64 {
    allocation_counter::measure(run).count_total
}

#[test]
fn no_allocation_per_item_in_the_steady_state() {
    let mut pipeline = Pipeline::new("sum")
        .stage("add", |x: i64| x + 1)
        .filter("even", |x| x % 2 == 0)
        .flat_map("twice", |x| [x, x])
        .stage("model", Switch::new("model").target("v1", |x: i64| x).target("v2", |x: i64| -x).route("v1"));
    let controller = pipeline.controller();
    let run = |pipeline: &mut Pipeline<i64, i64>| {
        let mut sum = 0;
        for item in 0..1000 {
            pipeline.send(item, |out| sum += out).unwrap();
        }
        pipeline.send_all(0..1000, |out| sum += out).unwrap();
        sum
    };
    run(&mut pipeline);
    assert_eq!(allocations(|| assert_ne!(run(&mut pipeline), 0)), 0);
    controller.insert_after("even", "more", |x: i64| x + 1).unwrap();
    run(&mut pipeline);
    assert_eq!(allocations(|| assert_ne!(run(&mut pipeline), 0)), 0, "nor for a stage that was put in while it ran");
    assert!(allocations(|| drop(vec![run(&mut pipeline)])) > 0, "the counter counts");
}

#[test]
fn no_allocation_in_the_quick_way_of_call() {
    let mut pipeline = Pipeline::new("sum").stage("add", |x: i64| x + 1).stage("prod", |x: i64| x * 2);
    pipeline.call(0).unwrap();
    assert_eq!(allocations(|| (0..1000).for_each(|item| assert_eq!(pipeline.call(item).unwrap(), (item + 1) * 2))), 0);
}

#[test]
fn no_allocation_on_the_data_path_when_the_route_changes() {
    let mut pipeline = Switch::new("s").target("a", |x: i64| x).target("b", |x: i64| -x).route("a").into_pipeline();
    let controller = pipeline.controller();
    let routes =
        [Route::to("b"), Route::round_robin(["a", "b"]), Route::weighted([("a", 3), ("b", 1)]), Route::to("a")];
    for _ in 0..3 {
        controller.route("s", "b").unwrap();
        pipeline.call(1).unwrap();
    }
    for route in routes {
        let receipt = controller.route("s", route).unwrap();
        let mut out = 0;
        assert_eq!(allocations(|| out = pipeline.call(1).unwrap()), 0);
        assert_eq!(out.abs(), 1);
        drop(receipt);
    }
}

#[test]
fn an_idle_pipeline_of_three_stages_takes_less_than_2_kib() {
    let mut kept = None;
    let memory = allocation_counter::measure(|| {
        let pipeline = Pipeline::new("sum")
            .stage("add", |x: i64| x + 1)
            .stage("prod", |x: i64| x * 2)
            .stage("power", |x: i64| x.pow(3));
        let controller = pipeline.controller();
        kept = Some((pipeline, controller));
    });
    let (mut pipeline, _controller) = kept.unwrap();
    let mut running = allocation_counter::measure(|| assert_eq!(pipeline.call(1).unwrap(), 64));
    running.bytes_current += memory.bytes_current;
    let whole = running.bytes_current + size_of_val(&pipeline) as i64 + size_of::<coroute::Controller>() as i64;
    assert!(whole < 2048, "{whole} bytes");
}

#[test]
fn g0_ten_thousand_stages_are_refused_without_a_stack_overflow() {
    let mut pipeline = Pipeline::new("long");
    for stage in 0..10_000 {
        pipeline = pipeline.stage(format!("s{stage}"), |x: i64| x + 1);
    }
    let Err(CallError::Held(held)) = pipeline.call(0) else { panic!("it was accepted") };
    assert_eq!(held.item, 0);
    assert_eq!(
        held.why.to_string(),
        "cannot build stage \"s512\" of pipeline \"long\": an item would pass more than 512 stages; split the pipeline in two"
    );
    assert!(matches!(held.why, Hold::Build(_)));
}

#[test]
fn g0_a_thousand_nested_switches_are_refused_without_a_stack_overflow() {
    let mut switch = Switch::new("s").target("t", |x: i64| x + 1).route("t");
    for _ in 0..1000 {
        switch = Switch::new("s").target("t", switch).route("t");
    }
    let error = switch.into_pipeline().check().unwrap_err();
    assert!(matches!(error.refusal(), Refusal::TooDeep { .. } | Refusal::Build(_)), "{error}");
}

#[test]
fn the_longest_pipeline_runs_and_is_dropped_on_a_small_stack() {
    let run = || {
        let mut pipeline = Pipeline::new("long");
        for stage in 0..511 {
            pipeline = pipeline.stage(format!("s{stage}"), |x: i64| x + 1);
        }
        assert_eq!(pipeline.call(0).unwrap(), 511);
        pipeline.controller().push_back("last", |x: i64| x + 1).unwrap();
        assert_eq!(pipeline.call(0).unwrap(), 512);
        let error = pipeline.controller().push_back("more", |x: i64| x + 1).unwrap_err();
        assert!(matches!(error.refusal(), Refusal::TooDeep { limit: 512 }));
        let mut sum = 0;
        pipeline.send_all(0..1000, |out| sum += out).unwrap();
        assert_eq!(sum, (512..1512).sum());
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
}

fn nested<S: Stage<i64, Out = i64>>(depth: usize, inner: S) -> Switch<i64, i64> {
    let mut switch = Switch::new("s").target("t", inner).route("t");
    for _ in 1..depth {
        switch = Switch::new("s").target("t", switch).route("t");
    }
    switch
}

#[test]
fn deep_nesting_runs_and_is_dropped_on_a_small_stack() {
    let run = || {
        let mut pipeline = nested(500, |x: i64| x + 1).into_pipeline().check().unwrap();
        assert_eq!(pipeline.call(1).unwrap(), 2);
        let path = format!("s{}", "/t".repeat(499));
        pipeline.controller().attach(&path, "other", |x: i64| -x).unwrap();
        pipeline.controller().route(&path, "other").unwrap();
        assert_eq!(pipeline.call(1).unwrap(), -1);
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
}
