//! Faults of the threaded engine that its reader has found: what a trace shows, where failures come, and who is told of a panic.

use coroute::{Pipeline, Recording, Route, Running, Switch, filter, thread, try_stage, workers};

/// The trace of twelve items, sent to a pipeline as it is called and as it is spawned.
///
/// Each is through before the next is sent where what comes next depends on that.
fn traces(make: &dyn Fn() -> Pipeline<i64, i64>, recording: fn() -> Recording, each: bool) -> [String; 2] {
    let mut called = make();
    let controller = called.controller();
    controller.record(recording()).unwrap();
    for x in 0..12 {
        drop(called.send(x, drop));
    }
    let local = controller.trace().to_string();
    let mut running: Running<i64, i64> = make().spawn().unwrap();
    let controller = running.controller();
    controller.record(recording()).unwrap();
    for x in 0..12 {
        running.send(x).unwrap();
        if each {
            running.flush().unwrap();
        }
    }
    drop(running.finish().unwrap());
    [local, controller.trace().to_string()]
}

type Plain = Pipeline<i64, i64>;

fn add() -> impl FnMut(i64) -> i64 + Clone + Send + 'static {
    |x| x + 1
}

fn picky() -> coroute::TryStage<impl FnMut(&i64) -> Result<i64, &'static str>> {
    try_stage(|x: &i64| if x % 7 == 3 { Err("a three") } else { Ok(*x) })
}

/// A switch whose targets are such stages themselves, or have them inside.
fn targets() -> Switch<i64, i64> {
    let two = Pipeline::new("two").stage("i", add()).stage("j", filter(|x: &i64| x % 3 != 0));
    let inner = Switch::new("fork").target("x", thread(Plain::new("x").stage("k", add()))).target("y", add());
    let inner = inner.route(Route::round_robin(["x", "y"]));
    Switch::new("s")
        .target("one", thread(Plain::new("one").stage("i", add())))
        .target("two", thread(two))
        .target("deep", Pipeline::new("deep").thread("t", |t| t.thread("u", |u| u.stage("v", picky()))))
        .target("none", thread(Plain::new("none")))
        .target("crew", workers(2, add))
        .target("crews", Pipeline::new("crews").workers("w", 2, || filter(|x: &i64| x % 2 == 0)))
        .target("fork", thread(Pipeline::new("fork").switch(inner)))
        .target("inner", Switch::new("inner").target("t", thread(Plain::new("t").stage("i", add()))).route("t"))
}

const TARGETS: [&str; 8] = ["one", "two", "deep", "none", "crew", "crews", "fork", "inner"];

#[test]
fn g7_a_thread_that_is_a_target_shows_what_is_inside() {
    let make = || {
        let thread = thread(Plain::new("a").stage("i", add()));
        Pipeline::new("p").switch(Switch::new("s").target("a", thread).route("a")).stage("last", add())
    };
    let [local, spawned] = traces(&make, Recording::runs, false);
    assert_eq!(local, "cycles 0..=11  r0  s[a] > s/a/i > last  12 items\n");
    assert_eq!(spawned, local);
}

#[test]
fn g7_the_trace_is_the_same_text_whatever_runs_the_targets() {
    let every_third = || Recording::items().every(3);
    for recording in [Recording::items as fn() -> _, Recording::runs, every_third, || Recording::items().debug::<i64>()]
    {
        for target in TARGETS {
            let make = || {
                let skip = coroute::OnFailure::skip();
                Pipeline::new("p")
                    .stage("first", add())
                    .switch(targets().route(target))
                    .stage("last", add())
                    .on_failure(skip)
            };
            let [local, spawned] = traces(&make, recording, false);
            assert_eq!(spawned, local, "to {target}");
        }
        let routes: [fn() -> Route; 3] =
            [|| Route::round_robin(TARGETS), || Route::all(TARGETS), || Route::failover(["deep", "crews", "two"])];
        for (at, route) in routes.iter().enumerate() {
            let make = || {
                let switch = targets().cloned().route(route());
                let inner = Pipeline::new("inner").switch(switch).stage("behind", add());
                Pipeline::new("p")
                    .stage("inner", thread(inner))
                    .stage("last", add())
                    .on_failure(coroute::OnFailure::skip())
            };
            let [local, spawned] = traces(&make, recording, at == 2);
            assert_eq!(spawned, local, "by route {at}");
            let make =
                || Pipeline::new("p").switch(targets().cloned().route(route())).on_failure(coroute::OnFailure::skip());
            let [local, spawned] = traces(&make, recording, at == 2);
            assert_eq!(spawned, local, "by route {at}, at the top");
        }
    }
}
