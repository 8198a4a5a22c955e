//! Stages that move from one pipeline to another, with what they hold, what they are called and what was counted at them.

mod engines;
#[path = "moves/threads.rs"]
mod threads;

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use coroute::{
    BoxError, Controller, Flow, FlowError, InFlight, Library, Output, Pipeline, Recording, Refusal, Route, Script,
    Stage, Switch, async_stage, buffer, sink,
};
use engines::{Run, each_engine};
use futures::channel::oneshot;
use futures::{Sink, Stream};

/// Gives its items on in pairs, as their sum, and says at its end how many it has seen.
#[derive(Default)]
struct Pairs {
    held: Option<i64>,
    ended: Arc<Mutex<u32>>,
}

impl Stage<i64> for Pairs {
    type Out = i64;

    fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
        match self.held.take() {
            Some(first) => out.emit(first + item),
            None => self.held = Some(item),
        }
    }

    fn finish(&mut self, out: &mut Output<'_, i64>) {
        *self.ended.lock().unwrap() += 1;
        self.held.take().into_iter().for_each(|item| out.emit(item));
    }

    fn held(&self) -> usize {
        usize::from(self.held.is_some())
    }
}

fn times(factor: i64) -> impl FnMut(i64) -> i64 + Send + 'static {
    move |x| x * factor
}

fn plus(much: i64) -> impl FnMut(i64) -> i64 + Send + 'static {
    move |x| x + much
}

/// What comes of the items.
fn sent(run: &mut Run<i64, i64>, items: impl IntoIterator<Item = i64>) -> Vec<i64> {
    let mut outputs = Vec::new();
    run.send_all(items, |output| outputs.push(output)).unwrap();
    assert!(run.ledger().is_balanced(), "{}", run.ledger());
    outputs
}

/// The names of what is at a path, in order.
fn names(controller: &Controller, path: &str) -> String {
    let topology = controller.topology();
    let node = if path.is_empty() { topology.root() } else { topology.get(path).unwrap() };
    node.children().iter().map(|child| child.name().as_str()).collect::<Vec<_>>().join(" ")
}

/// Two pipelines and a switch with two more, in a row.
fn nested() -> Pipeline<i64, i64> {
    let one = Pipeline::new("one").stage("a", plus(1)).stage("b", times(2));
    let deep = Pipeline::new("deep").stage("c", plus(3));
    let two = Pipeline::new("two").stage("deep", deep);
    let left = Pipeline::new("left").stage("l", plus(10));
    let right = Pipeline::new("right").stage("r", times(3));
    let model = Switch::new("model").target("left", left).target("right", right).route("left");
    Pipeline::new("p").stage("first", plus(5)).stage("one", one).stage("two", two).stage("model", model)
}

#[test]
fn a_stage_moves_to_any_other_pipeline() {
    let moves: [(&str, &str, i64); 8] = [
        ("one/a", "two/deep/c", (5 * 2 + 1) + 3 + 10),
        ("two/deep/c", "one/b", ((5 + 1) + 3) * 2 + 10),
        ("first", "one/b", ((1 + 5) * 2) + 3 + 10),
        ("first", "two/deep/c", 2 + 5 + 3 + 10),
        ("first", "model/left/l", 2 + 3 + 5 + 10),
        ("one/b", "first", (5 + 1) + 3 + 10),
        ("model/left/l", "first", (10 + 5 + 1) * 2 + 3),
        ("model/right/r", "model/left/l", ((5 + 1) * 2 + 3) * 3 + 10),
    ];
    each_engine(|engine| {
        for (stage, before, wanted) in moves {
            let mut run = engine.run(nested());
            assert_eq!(sent(&mut run, [0]), [((5 + 1) * 2) + 3 + 10]);
            let receipt = run.controller().move_before(stage, before).unwrap();
            assert_eq!(sent(&mut run, [0]), [wanted], "{stage} before {before}");
            assert_eq!(receipt.cut().unwrap().first_new, 1);
            assert!(receipt.is_retired());
        }
    });
}

#[test]
fn a_switch_and_a_pipeline_move_with_all_inside() {
    each_engine(|engine| {
        let mut run = engine.run(nested());
        let controller = run.controller();
        controller.move_before("model", "one/b").unwrap();
        assert_eq!(sent(&mut run, [0]), [(5 + 1 + 10) * 2 + 3]);
        controller.route("one/model", "right").unwrap();
        controller.move_after("one", "two/deep/c").unwrap();
        assert_eq!(names(&controller, "two/deep/one"), "a model b");
        assert_eq!(sent(&mut run, [0]), [(5 + 3 + 1) * 3 * 2]);
        controller.rename("two/deep/one/model/right/r", "renamed").unwrap();
        assert_eq!(sent(&mut run, [0]), [(5 + 3 + 1) * 3 * 2]);
    });
}

#[test]
fn moves_that_move_the_places_of_others_too_are_one_edit() {
    each_engine(|engine| {
        let mut run = engine.run(nested());
        let controller = run.controller();
        // What is moved first stands in front of the pipeline that it moves to, and later behind the one that it is in.
        controller
            .edit(|e| {
                e.move_after("first", "two/deep/c")?;
                e.move_before("two/deep/first", "one")?;
                e.move_before("model/left/l", "one/a")?;
                e.move_after("one/l", "model/right/r")
            })
            .unwrap();
        assert_eq!(names(&controller, ""), "first one two model");
        assert_eq!(names(&controller, "model/right"), "r l");
        assert_eq!(sent(&mut run, [0]), [(5 + 1) * 2 + 3]);
        controller.route("model", "right").unwrap();
        assert_eq!(sent(&mut run, [0]), [((5 + 1) * 2 + 3) * 3 + 10]);
    });
}

#[test]
fn g8_what_a_moved_stage_holds_and_what_was_counted_there_goes_along() {
    each_engine(|engine| {
        let pairs = Pairs::default();
        let ended = Arc::clone(&pairs.ended);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let inner = Pipeline::new("inner").stage("neg", |x: i64| -x);
        let odd = coroute::filter(|x: &i64| x % 2 == 1);
        let pipeline = Pipeline::new("p").stage("odd", odd).stage("pairs", pairs).stage("inner", inner);
        let mut run = engine.run(pipeline);
        let controller = run.controller();
        let tapped = Arc::clone(&seen);
        controller.tap("pairs", "seen", move |x: &i64| tapped.lock().unwrap().push(*x)).unwrap();
        assert_eq!(sent(&mut run, [1, 2]), []);
        assert_eq!(controller.ledger().in_flight(), 1);

        let receipt = controller.edit(|e| e.move_after("pairs", "inner/neg")?.move_before("odd", "inner/neg")).unwrap();
        assert_eq!(sent(&mut run, [3, 4]), [-1 - 3 + 2]);
        assert_eq!(*ended.lock().unwrap(), 0, "nothing has ended there");
        assert!(receipt.is_retired());
        assert!(receipt.take_pipeline::<i64, i64>("pairs").is_err(), "it has not left");
        assert_eq!(names(&controller, "inner"), "odd neg pairs seen", "the tap goes along");
        assert_eq!(*seen.lock().unwrap(), [-2]);

        let ledger = controller.ledger();
        let row = |path: &str| ledger.rows().iter().find(|row| row.stage.to_string() == path);
        assert_eq!(row("inner/odd").map(|row| (row.dropped, row.gone)), Some((2, false)), "{ledger}");
        assert!(row("odd").is_none() && row("pairs").is_none(), "{ledger}");
    });
}

#[test]
fn g2_a_stage_that_is_moved_and_leaves_gives_what_it_holds_at_its_old_place() {
    each_engine(|engine| {
        let inner = Pipeline::new("inner").stage("neg", |x: i64| -x);
        let mut run = engine.run(Pipeline::new("p").stage("pairs", Pairs::default()).stage("inner", inner));
        let controller = run.controller();
        assert_eq!(sent(&mut run, [1]), []);
        let receipt = controller.edit(|e| e.move_after("pairs", "inner/neg")?.remove("inner/pairs")).unwrap();
        assert_eq!(sent(&mut run, [2]), [-1, -2]);
        assert!(receipt.take::<Pairs>("inner/pairs").is_ok());
    });
}

#[test]
fn g8_a_stage_that_is_moved_out_of_what_leaves_does_not_end() {
    each_engine(|engine| {
        let (pairs, last) = (Pairs::default(), Pairs::default());
        let ended = [Arc::clone(&pairs.ended), Arc::clone(&last.ended)];
        let inner = Pipeline::new("inner").stage("pairs", pairs).stage("last", last);
        let mut run = engine.run(Pipeline::new("p").stage("inner", inner).stage("neg", |x: i64| -x));
        let controller = run.controller();
        assert_eq!(sent(&mut run, [1, 2, 3]), []);
        assert_eq!(controller.ledger().in_flight(), 2);
        let receipt = controller.edit(|e| e.move_after("inner/pairs", "neg")?.remove("inner")).unwrap();
        assert_eq!(sent(&mut run, [10]), [-3, 3 - 10], "what `last` held goes by the old way");
        assert_eq!(ended.map(|ended| *ended.lock().unwrap()), [0, 1]);
        let inner = receipt.take_pipeline::<i64, i64>("inner").unwrap();
        assert_eq!(names(&inner.controller(), ""), "last");
        assert_eq!(controller.ledger().in_flight(), 0);
    });
}

#[test]
fn a_stage_moves_into_and_out_of_what_the_same_edit_puts_in() {
    each_engine(|engine| {
        let mut run = engine.run(nested());
        let controller = run.controller();
        let new = || Pipeline::new("new").stage("n", times(7));
        controller
            .edit(|e| {
                e.insert_after("first", "new", new())?;
                e.move_before("one/a", "new/n")?;
                e.move_after("new/n", "two/deep/c")?;
                e.replace("one", Pipeline::new("other").stage("x", plus(0)))?;
                e.move_after("two/deep/c", "one/x")
            })
            .unwrap();
        assert_eq!(names(&controller, "new") + "; " + &names(&controller, "one"), "a; x c");
        assert_eq!(sent(&mut run, [0]), [(5 + 1 + 3) * 7 + 10]);
    });
}

#[test]
fn a_recording_knows_a_moved_stage_by_its_new_path() {
    each_engine(|engine| {
        let inner = Pipeline::new("inner").stage("neg", |x: i64| -x);
        let model = Switch::new("model").target("v1", times(1)).target("v2", times(2)).route("v1");
        let mut run = engine.run(Pipeline::new("p").stage("model", model).stage("inner", inner));
        let controller = run.controller();
        controller.record(Recording::items()).unwrap();
        controller.route("model", Route::round_robin(["v1", "v2"])).unwrap();
        sent(&mut run, [1]);
        controller.move_after("model", "inner/neg").unwrap();
        sent(&mut run, [1]);
        let trace = controller.trace();
        insta::assert_snapshot!(trace, @"
        cycle 0  r1  = route model -> next v1 v2
        cycle 0  r1  model[v1] > inner/neg        -> 1
        cycle 1  r2  = move model after inner/neg
        cycle 1  r2  inner/neg > inner/model[v2]  -> 1
        ");
        insta::assert_snapshot!(trace.explain(1).unwrap(), @"
        cycle 1, revision 2: inner/neg > inner/model[v2] -> 1
        revision 2 since cycle 1: move model after inner/neg
        inner/model[v2]: its turn, 2 of 2; routed by revision 1: next v1 v2
        ");
        let journal = Script::try_from(&trace).unwrap();
        insta::assert_snapshot!(journal, @"
        at 0 route model -> next v1 v2
        at 1 move model after inner/neg
        ");
    });
}

#[test]
fn a_script_moves_stages_between_pipelines() {
    let script: Script = "
        at 1 { move first at the back of two/deep; move one/a at the front of model/left }
        at 2 move two/deep/first at the front
        expect at 1 stages of two/deep c > first
        expect stages first > one > two > model
    "
    .parse()
    .unwrap();
    let mut pipeline = nested();
    let mut player = script.bind(&Library::new(), &pipeline.controller()).unwrap();
    let mut outputs = Vec::new();
    player.run(&mut pipeline, [0, 0, 0], |output| outputs.push(output)).unwrap();
    assert_eq!(outputs, [25, 3 + 5 + 1 + 10, 5 * 2 + 3 + 1 + 10]);

    let wrong: Script = "
        at 1 move one at the back of one
        at 2 move two/deep before two/deep/c
        at 3 move first before model/left
        at 4 { rename one/a to c; move one/c before two/deep/c }
        at 5 remove two/deep/c
    "
    .parse()
    .unwrap();
    insta::assert_snapshot!(wrong.bind(&Library::new(), &nested().controller()).unwrap_err(), @r#"
        line 2, column 38: cannot move "one" at the back of "one": that is inside of the stage itself; move it to a place outside
          2 |         at 1 move one at the back of one
            |                                      ^^^
        line 3, column 44: cannot move "two/deep" before "two/deep/c": that is inside of the stage itself; move it to a place outside
          3 |         at 2 move two/deep before two/deep/c
            |                                            ^
        line 4, column 19: cannot move "first" before "model/left": it is a target of a switch, not a stage of a pipeline; attach, detach or replace it, or make it a pipeline
          4 |         at 3 move first before model/left
            |                   ^^^^^
        line 5, column 44: cannot move "one/c" before "two/deep/c": the name "c" is taken; use another
          5 |         at 4 { rename one/a to c; move one/c before two/deep/c }
            |                                            ^
        "#);
}

fn poll<R>(poll: impl FnOnce(&mut Context<'_>) -> R) -> R {
    poll(&mut Context::from_waker(Waker::noop()))
}

/// Sends one, if it is taken.
fn offer<Out: Send + 'static>(flow: &mut Flow<i64, Out>, item: i64) -> bool {
    let ready = poll(|task| Pin::new(&mut *flow).poll_ready(task)).is_ready();
    if ready {
        Pin::new(flow).start_send(item).unwrap();
    }
    ready
}

/// What has come out by now.
fn out<Out: Send + 'static>(flow: &mut Flow<i64, Out>) -> Vec<Result<Out, FlowError>> {
    let next = || match poll(|task| Pin::new(&mut *flow).poll_next(task)) {
        Poll::Ready(next) => next,
        Poll::Pending => None,
    };
    std::iter::from_fn(next).collect()
}

fn whole<Out: Send + 'static>(flow: &mut Flow<i64, Out>) -> Vec<Out> {
    out(flow).into_iter().map(Result::unwrap).collect()
}

type Doors = Arc<Mutex<Vec<oneshot::Sender<()>>>>;

/// Keeps each item until its door is opened.
fn doors() -> (impl Stage<i64, Out = i64>, Doors) {
    let doors = Doors::default();
    let mine = Arc::clone(&doors);
    let stage = async_stage(4, move |x: i64| {
        let (open, opened) = oneshot::channel();
        mine.lock().unwrap().push(open);
        async move {
            opened.await.unwrap();
            x
        }
    });
    (stage, doors)
}

#[test]
fn g1_a_stage_moves_when_what_is_inside_is_out_and_items_behind_the_edit_wait() {
    let (wait, doors) = doors();
    let one = Pipeline::new("one").stage("add", plus(1)).stage("wait", wait);
    let two = Pipeline::new("two").stage("queue", buffer(2)).stage("neg", |x: i64| -x);
    let mut flow = Pipeline::new("p").stage("one", one).stage("two", two).flow();
    let controller = flow.controller();
    assert!(offer(&mut flow, 1) && offer(&mut flow, 2));
    let receipt = controller.move_after("one/add", "two/neg").unwrap();
    assert_eq!(whole(&mut flow), []);
    assert!(!offer(&mut flow, 3), "it could not be under the edit yet");
    assert!(!receipt.is_retired());
    doors.lock().unwrap().drain(..).for_each(|door| door.send(()).unwrap());
    assert_eq!(whole(&mut flow), [-2, -3]);
    assert!(receipt.is_retired());
    assert!(offer(&mut flow, 3));
    assert_eq!(whole(&mut flow), []);
    doors.lock().unwrap().drain(..).for_each(|door| door.send(()).unwrap());
    assert_eq!(whole(&mut flow), [-3 + 1]);
    assert!(flow.ledger().is_balanced());
}

#[test]
fn g4_only_the_innermost_pipeline_with_both_places_has_to_be_empty() {
    let (wait, doors) = doors();
    let inner = Pipeline::new("inner").stage("a", plus(1)).stage("queue", buffer(1));
    let around = Pipeline::new("around").stage("inner", inner).stage("b", times(2));
    let mut flow = Pipeline::new("p").stage("around", around).stage("wait", wait).flow();
    assert!(offer(&mut flow, 1));
    assert_eq!(whole(&mut flow), []);
    flow.controller().move_after("around/inner/a", "around/b").unwrap();
    assert!(offer(&mut flow, 1), "what waits behind does not stand against it");
    assert_eq!(whole(&mut flow), []);
    doors.lock().unwrap().drain(..).for_each(|door| door.send(()).unwrap());
    assert_eq!(whole(&mut flow), [4, 3]);
}

#[test]
fn a_boundary_moves_and_the_pipelines_around_it_know() {
    let (wait, doors) = doors();
    let left = Pipeline::new("left").stage("wait", wait).stage("l", plus(1));
    let right = Pipeline::new("right").stage("r", plus(2));
    let model = Switch::new("model").target("left", left).target("right", right).route("left");
    let mut flow = Pipeline::new("p").stage("model", model).stage("last", |x: i64| x).flow();
    let controller = flow.controller();
    let pass = |flow: &mut Flow<i64, i64>, waits: bool| {
        assert!(offer(flow, 0));
        let early = whole(flow);
        assert_eq!(early.is_empty(), waits);
        doors.lock().unwrap().drain(..).for_each(|door| door.send(()).unwrap());
        if waits { whole(flow) } else { early }
    };
    assert_eq!(pass(&mut flow, true), [1]);
    controller.move_before("model/left/wait", "model/right/r").unwrap();
    assert_eq!(pass(&mut flow, false), [1], "there is none any more on the way");
    controller.route("model", "right").unwrap();
    assert_eq!(pass(&mut flow, true), [2]);
    controller.move_after("model/right/wait", "last").unwrap();
    assert_eq!(pass(&mut flow, true), [2]);
    controller.move_before("wait", "model/left/l").unwrap();
    assert_eq!(pass(&mut flow, false), [2]);
    assert!(flow.ledger().is_balanced());
}

#[test]
fn a_deadline_gives_up_what_stands_against_a_move() {
    let (wait, doors) = doors();
    let one = Pipeline::new("one").stage("add", plus(1)).stage("wait", wait);
    let mut flow = Pipeline::new("p").stage("one", one).stage("neg", |x: i64| -x).flow();
    assert!(offer(&mut flow, 1));
    let (overdue, deadline) = oneshot::channel::<()>();
    let receipt = flow
        .controller()
        .edit(|e| {
            e.move_before("one/add", "neg")?;
            e.in_flight(InFlight::fail_after(async move { deadline.await.unwrap() }))
        })
        .unwrap();
    assert!(out(&mut flow).is_empty() && !receipt.is_retired());
    overdue.send(()).unwrap();
    let [Err(FlowError::Failed(failure))] = &out(&mut flow)[..] else { panic!("it was not given up") };
    assert_eq!(failure.stage().to_string(), "one/wait");
    assert!(receipt.is_retired());
    doors.lock().unwrap().clear();
    assert!(offer(&mut flow, 5));
    assert_eq!(whole(&mut flow), []);
    doors.lock().unwrap().drain(..).for_each(|door| door.send(()).unwrap());
    assert_eq!(whole(&mut flow), [-6]);
}

/// A sink that keeps what it gets from sight until it is flushed, which has to be let.
#[derive(Clone, Default)]
struct Slow(Arc<Mutex<Kept>>);

#[derive(Default)]
struct Kept {
    taken: Vec<i64>,
    flushed: Vec<i64>,
    open: bool,
}

impl Sink<i64> for Slow {
    type Error = BoxError;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, item: i64) -> Result<(), BoxError> {
        self.0.lock().unwrap().taken.push(item);
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        let mut kept = self.0.lock().unwrap();
        if !kept.open {
            return Poll::Pending;
        }
        let taken = std::mem::take(&mut kept.taken);
        kept.flushed.extend(taken);
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.poll_flush(task)
    }
}

fn spools() -> (Pipeline<i64, ()>, [Slow; 2]) {
    let slow = [Slow::default(), Slow::default()];
    let target = |name: &str, slow: &Slow, much: i64| {
        Pipeline::new(name).stage("add", plus(much)).stage("out", sink(slow.clone()))
    };
    let left = target("left", &slow[0], 1);
    let right = Pipeline::new("right").stage("times", times(2)).stage("out", sink(slow[1].clone()));
    let model = Switch::new("model").target("left", left).target("right", right).route("left");
    (Pipeline::new("p").stage("model", model), slow)
}

#[test]
fn a_move_does_not_wait_for_sinks_to_be_flushed() {
    let (pipeline, [left, _]) = spools();
    let mut flow = pipeline.flow();
    assert!(offer(&mut flow, 1));
    out(&mut flow);
    let receipt = flow.controller().move_before("model/left/add", "model/right/times").unwrap();
    assert!(offer(&mut flow, 5));
    out(&mut flow);
    assert!(receipt.is_retired());
    assert_eq!(left.0.lock().unwrap().taken, [2, 5]);
    assert!(left.0.lock().unwrap().flushed.is_empty(), "nobody has asked for that");

    // What is moved then is what the same edit has put in.
    let controller = flow.controller();
    controller
        .edit(|e| {
            e.insert_before("model/left/out", "new", plus(100))?;
            e.move_before("model/right/add", "model/left/new")?;
            e.move_after("model/left/new", "model/right/times")
        })
        .unwrap();
    assert_eq!(names(&controller, "model/left") + "; " + &names(&controller, "model/right"), "add out; times new out");
    assert!(offer(&mut flow, 5));
    out(&mut flow);
    assert_eq!(left.0.lock().unwrap().taken, [2, 5, 6]);
    assert!(flow.ledger().is_balanced());
}

#[test]
fn g2_where_something_leaves_by_the_same_edit_sinks_are_flushed_before() {
    let (pipeline, [left, right]) = spools();
    let mut flow = pipeline.flow();
    let controller = flow.controller();
    assert!(offer(&mut flow, 1));
    out(&mut flow);
    let other = Slow::default();
    let receipt = controller
        .edit(|e| {
            e.replace::<i64, _>("model/left/out", sink(other.clone()))?;
            e.move_before("model/left/add", "model/right/times")?;
            e.route("model", "right")
        })
        .unwrap();
    assert!(!offer(&mut flow, 5), "what would be left is not flushed");
    left.0.lock().unwrap().open = true;
    assert!(offer(&mut flow, 5));
    out(&mut flow);
    assert_eq!(left.0.lock().unwrap().flushed, [2]);
    assert_eq!(right.0.lock().unwrap().taken, [(5 + 1) * 2]);
    assert!(receipt.is_retired());
    assert!(other.0.lock().unwrap().taken.is_empty());
    assert!(flow.ledger().is_balanced());
}

#[test]
fn g0_a_refused_move_leaves_all_in_place() {
    each_engine(|engine| {
        let mut run = engine.run(nested());
        let controller = run.controller();
        let before = controller.topology();
        let error = controller
            .edit(|e| {
                e.move_after("first", "two/deep/c")?;
                e.move_before("two", "one/a")?;
                e.move_before("one/two/deep/first", "model/right/r")?;
                e.move_before("model", "model/left/l")
            })
            .unwrap_err();
        assert_eq!((error.change(), error.refusal()), (3, &Refusal::IntoItself));
        assert_eq!(controller.topology(), before);
        assert_eq!(sent(&mut run, [0]), [25]);
    });
}

#[test]
fn g9_what_leaves_with_items_inside_is_changed_when_they_are_out() {
    for target in [false, true] {
        let (wait, doors) = doors();
        let deep = Pipeline::new("deep").stage("neg", |x: i64| -x);
        let one = Pipeline::new("one").stage("wait", wait).stage("add", plus(1)).stage("deep", deep);
        let pipeline = Pipeline::new("p");
        let (pipeline, path) = match target {
            true => (pipeline.switch(Switch::new("s").target("one", one).route("one")), "s/one"),
            false => (pipeline.stage("one", one), "one"),
        };
        let mut flow = pipeline.flow();
        assert!(offer(&mut flow, 1));
        assert_eq!(whole(&mut flow), []);
        let receipt = flow
            .controller()
            .edit(|e| e.move_after(format!("{path}/add"), format!("{path}/deep/neg"))?.replace(path, plus(100)))
            .unwrap();
        assert_eq!(whole(&mut flow), []);
        assert!(!receipt.is_retired());
        doors.lock().unwrap().drain(..).for_each(|door| door.send(()).unwrap());
        assert_eq!(whole(&mut flow), [-(1 + 1)]);
        assert!(receipt.is_retired());
        let old = receipt.take_pipeline::<i64, i64>(path).unwrap();
        assert_eq!(names(&old.controller(), "deep"), "neg add");
        assert!(offer(&mut flow, 2));
        assert_eq!(whole(&mut flow), [102]);
    }
}
