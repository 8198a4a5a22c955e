//! Faults of the threaded engine that its reader has found: what a trace shows, where failures come, and who is told of a panic.

use coroute::{FlowError, Pipeline, Recording, Route, Running, Switch, filter, thread, try_stage, workers};

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
type Make<'a> = Box<dyn Fn() -> Plain + 'a>;
/// An output, or the cycle of a failure and what it says.
type News = Result<i64, (u64, String)>;

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

/// What comes out of a pipeline that was sent twenty items: outputs, and failures in their places; what the ledger says.
fn twenty(pipeline: Pipeline<i64, i64>, at_once: bool) -> (Vec<News>, coroute::Ledger, String) {
    let controller = pipeline.controller();
    if at_once {
        controller.pause().unwrap();
    }
    let mut running = pipeline.spawn().unwrap();
    running.send_all(0..20).unwrap();
    if at_once {
        controller.resume().unwrap();
    }
    let mut came = Vec::new();
    let failed = |failure: coroute::Failure| Err((failure.cycle(), failure.to_string()));
    loop {
        match running.recv().unwrap() {
            Ok(output) => came.push(Ok(output)),
            Err(FlowError::Failed(failure)) => came.push(failed(*failure)),
            Err(_) => break,
        }
    }
    let error = running.finish().unwrap_err();
    let panic = error.to_string();
    let finished = error.into_finished().unwrap();
    came.extend(finished.outputs.into_iter().map(Ok));
    came.extend(finished.failures.into_iter().map(failed));
    (came, finished.ledger, panic)
}

fn breaks_at(bad: i64) -> impl FnMut(i64) -> i64 + Clone + Send + 'static {
    move |x| if x == bad { std::panic::resume_unwind(Box::new("boom")) } else { x }
}

#[test]
fn g6_the_item_that_a_stage_of_the_pipelines_own_thread_panics_on_is_a_failure() {
    let within = || Pipeline::new("in").stage("breaks", breaks_at(5));
    let by_key =
        || Switch::new("s").target("in", within()).target("b", add()).route(Route::by_key(["in"], |x: &i64| *x as u64));
    let chosen = || {
        let mut choose = breaks_at(5);
        let choose = move |x: &i64| choose(*x) < 100;
        Switch::new("s")
            .target("in", thread(Plain::new("in").stage("i", |x| x)))
            .target("b", add())
            .route(Route::when(choose, "in", "b"))
    };
    let makes: [(&str, Make<'_>); 6] = [
        ("breaks", Box::new(|| Pipeline::new("p").stage("breaks", breaks_at(5)))),
        ("in/breaks", Box::new(move || Pipeline::new("p").stage("in", within()))),
        ("s/in/breaks", Box::new(move || Pipeline::new("p").switch(by_key()))),
        (
            "breaks",
            Box::new(|| {
                Pipeline::new("p").stage("t", thread(Plain::new("t").stage("i", |x| x))).stage("breaks", breaks_at(5))
            }),
        ),
        (
            "breaks",
            Box::new(|| {
                Pipeline::new("p")
                    .stage("picky", try_stage(|x: &i64| Ok::<_, String>(*x)))
                    .stage("breaks", breaks_at(5))
            }),
        ),
        ("s", Box::new(move || Pipeline::new("p").switch(chosen()))),
    ];
    for (at, (stage, make)) in makes.iter().enumerate() {
        for at_once in [true, false] {
            let (came, ledger, panic) = twenty(make(), at_once);
            let outputs: Vec<i64> =
                came.iter().take_while(|came| came.is_ok()).filter_map(|came| came.clone().ok()).collect();
            assert_eq!(outputs, [0, 1, 2, 3, 4], "number {at}, at once: {at_once}");
            let text = |revision| {
                format!("stage {stage:?} failed on cycle 5, revision {revision}: the stage panicked on it: boom")
            };
            assert_eq!(came[5], Err((5, text(if at_once { 2 } else { 0 }))), "number {at}, at once: {at_once}");
            let failed = came.iter().filter(|came| came.is_err()).count();
            assert_eq!((ledger.failed() as usize, came.len()), (failed, 5 + failed), "number {at}, at once: {at_once}");
            assert_eq!(panic, format!("stage {stage:?} panicked: boom"));
        }
    }
}

#[test]
fn g6_a_handler_of_failures_gets_the_item_that_a_stage_panicked_on() {
    for quick in [true, false] {
        let (tell, told) = std::sync::mpsc::channel();
        let letters =
            coroute::OnFailure::dead_letter(move |failure: coroute::Failure| tell.send(failure.to_string()).unwrap());
        let pipeline = Pipeline::new("p").stage("breaks", breaks_at(0)).on_failure(letters);
        let pipeline = if quick { pipeline } else { pipeline.stage("twice", coroute::flat_map(|x: i64| [x, x])) };
        let running = pipeline.spawn().unwrap();
        running.send(0).unwrap();
        let finished = running.finish().unwrap_err().into_finished().unwrap();
        assert_eq!(finished.failures.len(), 0);
        let letters: Vec<String> = told.try_iter().collect();
        assert_eq!(letters, ["stage \"breaks\" failed on cycle 0, revision 0: the stage panicked on it: boom"]);
    }
}

/// A stage that panics at its end.
struct Breaks;

impl coroute::Stage<i64> for Breaks {
    type Out = i64;
    fn process(&mut self, item: i64, out: &mut coroute::Output<'_, i64>) {
        out.emit(item);
    }
    fn finish(&mut self, _: &mut coroute::Output<'_, i64>) {
        std::panic::resume_unwind(Box::new("at its end"));
    }
}

type Leaves = (&'static str, fn(&coroute::Controller) -> Result<coroute::Receipt, coroute::EditError>, fn() -> Plain);

#[test]
fn g6_a_stage_that_panics_as_it_leaves_is_told_at_the_end() {
    let cases: [Leaves; 7] = [
        ("breaks", |c| c.remove("breaks"), || Pipeline::new("p").stage("breaks", Breaks)),
        ("breaks", |c| c.replace("breaks", |x: i64| x), || Pipeline::new("p").stage("breaks", Breaks)),
        (
            "in/breaks",
            |c| c.remove("in"),
            || Pipeline::new("p").stage("in", Pipeline::new("in").stage("breaks", Breaks)),
        ),
        ("t/breaks", |c| c.remove("t/breaks"), || Pipeline::new("p").thread("t", |t| t.stage("breaks", Breaks))),
        ("t/breaks", |c| c.remove("t"), || Pipeline::new("p").thread("t", |t| t.stage("breaks", Breaks))),
        (
            "s/breaks",
            |c| c.detach("s", "breaks"),
            || Pipeline::new("p").switch(Switch::new("s").target("breaks", Breaks).target("b", |x: i64| x).route("b")),
        ),
        ("w", |c| c.workers("w", 1), || Pipeline::new("p").workers("w", 2, || Breaks)),
    ];
    for (at, (stage, edit, make)) in cases.into_iter().enumerate() {
        for after in [true, false] {
            let mut running = make().spawn().unwrap();
            running.send_all(0..3).unwrap();
            running.flush().unwrap();
            let receipt = edit(&running.controller()).unwrap();
            running.settle().unwrap();
            receipt.wait_retired().unwrap();
            if after {
                running.send_all(3..6).unwrap();
                running.flush().unwrap();
            }
            let error = running.finish().unwrap_err();
            assert_eq!(error.to_string(), format!("stage {stage:?} panicked: at its end"), "number {at}");
            let finished = error.into_finished().unwrap();
            let outputs: Vec<i64> = (0..if after { 6 } else { 3 }).collect();
            assert_eq!(
                (finished.outputs, finished.failures.len()),
                (outputs, 0),
                "number {at}: it takes items as before"
            );
        }
    }
}

/// What comes of items that are accepted at once: outputs, and the cycles of failures, as they come.
fn at_once(pipeline: Plain, items: i64) -> Vec<Result<i64, u64>> {
    let controller = pipeline.controller();
    controller.pause().unwrap();
    let mut running = pipeline.spawn().unwrap();
    running.send_all(0..items).unwrap();
    controller.resume().unwrap();
    running.flush().unwrap();
    let news = std::iter::from_fn(|| running.try_recv().ok());
    let came = news.filter_map(|news| match news {
        Ok(output) => Some(Ok(output)),
        Err(FlowError::Failed(failure)) => Some(Err(failure.cycle())),
        Err(_) => None,
    });
    came.collect()
}

#[test]
fn g6_what_a_panic_costs_comes_in_its_place_in_a_batch() {
    let all_but = |failed: &[u64]| -> Vec<Result<i64, u64>> {
        (0..16).map(|x| if failed.contains(&x) { Err(x) } else { Ok(x as i64) }).collect()
    };
    let crew = |bad| workers(2, move || breaks_at(bad));
    assert_eq!(at_once(Pipeline::new("p").stage("w", crew(3)), 16), all_but(&[3]));
    assert_eq!(at_once(Pipeline::new("p").stage("w", crew(12)).stage("same", |x| x), 16), all_but(&[12]));
    let two = Pipeline::new("p").stage("v", crew(3)).stage("w", crew(9));
    let came = at_once(two, 16);
    assert_eq!(
        came.iter().flatten().copied().collect::<Vec<i64>>(),
        (0..16).filter(|x| ![3, 9].contains(x)).collect::<Vec<_>>()
    );
    let odd = |x: &i64| *x % 2 == 1;
    let switch =
        || Switch::new("s").target("a", breaks_at(5)).target("b", |x: i64| x).route(Route::when(odd, "a", "b"));
    assert_eq!(at_once(switch().into_pipeline(), 16), all_but(&[5, 7, 9, 11, 13, 15]));
    let inside = || Pipeline::new("p").thread("t", move |t| t.switch(switch()));
    assert_eq!(at_once(inside(), 16), all_but(&[5, 7, 9, 11, 13, 15]));
    let behind = Pipeline::new("p").stage("first", |x| x).switch(switch()).stage("breaks", breaks_at(8));
    assert_eq!(at_once(behind, 16), all_but(&[5, 7, 8, 9, 10, 11, 12, 13, 14, 15]));
    let threads = Switch::new("s")
        .target("a", thread(Plain::new("a").stage("i", breaks_at(5))))
        .target("b", thread(Plain::new("b").stage("i", |x| x)))
        .route(Route::when(odd, "a", "b"));
    assert_eq!(at_once(threads.into_pipeline(), 16), all_but(&[5, 7, 9, 11, 13, 15]));
}
