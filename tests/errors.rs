//! What each error says, other than that of a refused edit: *what was asked, why not, what would work*.

use std::panic::{AssertUnwindSafe, catch_unwind};

use coroute::{
    CallError, Hold, Name, NoReply, OnFailure, Output, Path, Pipeline, Source, SourceError, Stage, Step, Switch,
    flat_map, try_stage,
};
use insta::assert_snapshot;

fn parse() -> Pipeline<&'static str, i64> {
    Pipeline::new("parse").stage("int", try_stage(|text: &&str| text.parse::<i64>()))
}

/// Each word of a line, as a number.
fn words() -> Pipeline<&'static str, i64> {
    Pipeline::new("words")
        .stage("split", flat_map(str::split_whitespace))
        .stage("int", try_stage(|text: &&str| text.parse::<i64>()))
}

fn unrouted() -> Pipeline<i64, i64> {
    Switch::new("model").target("v1", |x: i64| x).into_pipeline()
}

fn panics() -> Pipeline<i64, i64> {
    let v1 = Pipeline::new("v1").stage("div", |x: i64| 12 / x);
    Pipeline::new("p").stage("model", Switch::new("model").target("v1", v1).route("v1"))
}

fn panicking(run: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(run)).is_err(), "the panic reaches the caller");
}

#[test]
fn g5_an_item_that_is_held_back_says_what_to_do() {
    let mut pipeline = unrouted();
    assert_snapshot!(pipeline.call(1).unwrap_err(), @r#"item held back: switch "model" has no target; route it somewhere"#);
    assert_snapshot!(pipeline.send(1, |_| ()).unwrap_err(), @r#"item held back: switch "model" has no target; route it somewhere"#);
    assert_snapshot!(pipeline.send_all([1], |_| ()).unwrap_err(), @r#"item held back: switch "model" has no target; route it somewhere"#);

    let mut pipeline = parse();
    pipeline.controller().pause().unwrap();
    assert_snapshot!(pipeline.call("1").unwrap_err(), @"item held back: the pipeline is paused; resume it");

    let mut pipeline = parse();
    pipeline.finish(|_| ()).unwrap();
    assert_snapshot!(pipeline.call("1").unwrap_err(), @"item held back: the pipeline is finished; build another");

    let mut twice = Pipeline::new("p").stage("a", |x: i64| x).stage("a", |x: i64| x);
    assert_snapshot!(twice.call(1).unwrap_err(), @r#"item held back: cannot build stage "a" of pipeline "p": the name "a" is taken; use another"#);
    assert_snapshot!(twice.finish(|_| ()).unwrap_err(), @r#"cannot finish: cannot build stage "a" of pipeline "p": the name "a" is taken; use another"#);
}

#[test]
fn g5_a_nested_switch_is_named_by_its_path() {
    let nested = Switch::new("outer").target("inner", unrouted()).route("inner").into_pipeline();
    let mut pipeline = nested;
    assert_snapshot!(pipeline.call(1).unwrap_err(), @r#"item held back: switch "outer/inner/model" has no target; route it somewhere"#);
}

#[test]
fn g5_a_route_that_is_used_up_says_so() {
    let mut pipeline = unrouted();
    pipeline.controller().route("model", coroute::Route::once("v1")).unwrap();
    assert_eq!(pipeline.call(1).unwrap(), 1);
    assert_snapshot!(pipeline.call(2).unwrap_err(), @r#"item held back: switch "model" has no target; route it somewhere"#);
}

#[test]
fn g6_a_poisoned_pipeline_names_the_stage_and_the_way_out() {
    let mut pipeline = panics();
    panicking(|| drop(pipeline.call(0)));
    let error = pipeline.call(1).unwrap_err();
    assert_snapshot!(error, @r#"item held back: pipeline poisoned: stage "model/v1/div" panicked; replace it, or take it out"#);
    let CallError::Held(held) = error else { panic!("the item is handed back") };
    assert_eq!(held.item, 1);
    assert_eq!(held.why, Hold::Poisoned { stage: Path::new("model/v1/div").unwrap() });
    assert_snapshot!(pipeline.finish(|_| ()).unwrap_err(), @r#"cannot finish: pipeline poisoned: stage "model/v1/div" panicked; replace it, or take it out"#);
}

#[test]
fn g6_a_hand_over_that_panicked_says_so() {
    let mut pipeline = Pipeline::new("p").stage("add", (|x| x + 1) as fn(i64) -> i64);
    let never = |old: fn(i64) -> i64| if true { panic!("no state") } else { old };
    pipeline.controller().replace_with("add", never).unwrap();
    assert_snapshot!(pipeline.call(1).unwrap_err(), @r#"item held back: pipeline poisoned: stage "add" panicked; replace it, or take it out"#);
}

#[test]
fn a_failure_names_stage_cycle_revision_and_cause() {
    let mut pipeline = parse();
    assert_snapshot!(pipeline.call("x").unwrap_err(), @r#"stage "int" failed on cycle 0, revision 0: invalid digit found in string"#);
    pipeline.controller().rename("int", "number").unwrap();
    assert_snapshot!(pipeline.send("", |_| ()).unwrap_err(), @r#"stage "number" failed on cycle 1, revision 1: cannot parse integer from empty string"#);
    assert_snapshot!(pipeline.send_all(["1", "y", "2"], |_| ()).unwrap_err(), @r#"stage "number" failed on cycle 3, revision 1: invalid digit found in string"#);
    let nested = Switch::new("v").target("v1", parse()).route("v1").into_pipeline();
    assert_snapshot!(Pipeline::new("outer").stage("v", nested).call("x").unwrap_err(), @r#"stage "v/v/v1/int" failed on cycle 0, revision 0: invalid digit found in string"#);
}

#[test]
fn several_failures_of_a_cycle_are_counted() {
    let mut pipeline = words();
    assert_snapshot!(pipeline.call("x y z").unwrap_err(), @r#"stage "int" failed on cycle 0, revision 0: invalid digit found in string (and 2 more)"#);
    assert_snapshot!(pipeline.call("1 y z").unwrap_err(), @r#"stage "int" failed on cycle 1, revision 0: invalid digit found in string (and 1 more)"#);
}

#[test]
fn call_returns_one_output() {
    let mut pipeline = words();
    assert_snapshot!(pipeline.call("").unwrap_err(), @"cannot return one output: the cycle gave 0; use `send`");
    assert_snapshot!(pipeline.call("1 2").unwrap_err(), @"cannot return one output: the cycle gave 2; use `send`");
    let mut skips = parse().on_failure(OnFailure::skip());
    assert_snapshot!(skips.call("x").unwrap_err(), @"cannot return one output: the cycle gave 0; use `send`");
}

#[test]
fn a_stage_may_fail_with_any_error() {
    struct Odd;
    impl Stage<i64> for Odd {
        type Out = i64;
        fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
            if item % 2 == 1 {
                out.emit(item);
            } else {
                out.fail(item, format!("{item} is even"));
            }
        }
    }
    assert_snapshot!(Pipeline::new("p").stage("odd", Odd).call(4).unwrap_err(), @r#"stage "odd" failed on cycle 0, revision 0: 4 is even"#);
}

#[test]
fn a_receipt_that_cannot_hand_over_says_why() {
    let mut pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1).stage("neg", (|x| -x) as fn(i64) -> i64);
    let receipt = pipeline.controller().remove("neg").unwrap();
    assert_snapshot!(receipt.take::<fn(i64) -> i64>("neg").unwrap_err(), @r#"cannot take "neg": the edit is applied at the next cycle; send an item, call `apply`, or await `applied`"#);
    pipeline.apply();
    assert_snapshot!(receipt.take::<fn(i64) -> i64>("add").unwrap_err(), @r#"cannot take "add": this edit did not take it out, it was taken already, or it is on a thread that has not come home"#);
    assert_snapshot!(receipt.take::<Vec<String>>("neg").unwrap_err(), @r#"cannot take "neg" as a Vec<String>: it is a fn(i64) -> i64"#);
    assert_snapshot!(receipt.take_pipeline::<String, i64>("neg").unwrap_err(), @r#"cannot take "neg" as a Pipeline<String, i64>: it is a fn(i64) -> i64"#);
    assert_snapshot!(receipt.take::<fn(i64) -> i64>("a b").unwrap_err(), @r#"cannot take "a b": this edit did not take it out, it was taken already, or it is on a thread that has not come home"#);
    let neg = receipt.take::<fn(i64) -> i64>("neg").unwrap();
    assert_eq!(neg(4), -4);
    assert_snapshot!(receipt.take::<fn(i64) -> i64>("neg").unwrap_err(), @r#"cannot take "neg": this edit did not take it out, it was taken already, or it is on a thread that has not come home"#);
}

#[test]
fn a_malformed_name_is_refused_with_what_is_wrong_with_it() {
    assert_snapshot!(Name::new("").unwrap_err(), @r#"cannot use "" as a name: it is empty"#);
    assert_snapshot!(Name::new("a b").unwrap_err(), @r#"cannot use "a b" as a name: ' ' is not a letter, a digit, `_`, `-` or `.`"#);
    assert_snapshot!(Name::new("-a").unwrap_err(), @r#"cannot use "-a" as a name: it begins with '-'; begin with a letter, a digit or `_`"#);
    assert_snapshot!(Name::new("a/b").unwrap_err(), @r#"cannot use "a/b" as a name: '/' is for paths; a name is one word"#);
    assert_snapshot!(Path::new("a//b").unwrap_err(), @r#"cannot use "a//b" as a path: a name in it is empty"#);
    assert_snapshot!(Path::new("a/b c").unwrap_err(), @r#"cannot use "a/b c" as a path: ' ' is not a letter, a digit, `_`, `-` or `.`"#);
}

#[test]
fn a_builder_remembers_the_first_mistake() {
    assert_snapshot!(Pipeline::<i64, i64>::new("").check().unwrap_err(), @r#"cannot build a pipeline: cannot use "" as a name: it is empty"#);
    let bad = Pipeline::new("p").stage("a b", |x: i64| x).stage("a", |x: i64| x).stage("a", |x: i64| x);
    assert_snapshot!(bad.check().unwrap_err(), @r#"cannot build stage "a b" of pipeline "p": cannot use "a b" as a name: ' ' is not a letter, a digit, `_`, `-` or `.`"#);
    let bad = Switch::new("s").target("a b", |x: i64| x).into_pipeline();
    assert_snapshot!(bad.check().unwrap_err(), @r#"cannot build target "a b" of switch "s": cannot use "a b" as a name: ' ' is not a letter, a digit, `_`, `-` or `.`"#);
    let bad = Switch::new("s").target("a", |x: i64| x).route("b").into_pipeline();
    assert_snapshot!(bad.check().unwrap_err(), @r#"cannot build the route of switch "s": nothing is called "s/b"; there is "a""#);
    let bad = Switch::new("s s").target("a", |x: i64| x).into_pipeline();
    assert_snapshot!(bad.check().unwrap_err(), @r#"cannot build a pipeline: cannot use "s s" as a name: ' ' is not a letter, a digit, `_`, `-` or `.`"#);
    let inner = Pipeline::new("inner").stage("a", |x: i64| x).stage("a", |x: i64| x);
    assert_snapshot!(Pipeline::new("outer").stage("p", inner).check().unwrap_err(), @r#"cannot build stage "a" of pipeline "inner": the name "a" is taken; use another"#);
}

#[test]
fn a_source_says_why_it_made_no_cycle() {
    let mut source = Source::new(unrouted(), |mut out| async move { out.send(1).await });
    assert_snapshot!(source.step().unwrap_err(), @r#"the source keeps its item: switch "model" has no target; route it somewhere"#);

    let mut source = Source::new(parse(), |mut out| async move { out.send("x").await });
    assert_snapshot!(source.step().unwrap_err(), @r#"stage "int" failed on cycle 0, revision 0: invalid digit found in string"#);
    assert_snapshot!(source.run().unwrap().unwrap_err(), @"no reply: the item failed");
    assert_snapshot!(source.step().unwrap_err(), @"cannot resume the coroutine: its body has returned; replace it, or let the body loop");

    let mut source = Source::new(parse(), |_| std::future::pending::<()>());
    assert_snapshot!(source.step().unwrap_err(), @"cannot resume the coroutine: it awaits something that is not ready; await its handle's own methods only");

    let mut source = Source::new(parse(), |_| async { panic!("no body") });
    panicking(|| assert!(matches!(source.step(), Ok(Step::Done(())))));
    assert_snapshot!(source.step().unwrap_err(), @"cannot resume the coroutine: its body panicked; build another");
}

#[test]
fn a_source_body_hears_why_there_is_no_reply() {
    let mut source = Source::new(words(), |mut out| async move { [out.send("").await, out.send("1 2").await] });
    let [none, many] = source.run().unwrap();
    assert_snapshot!(none.unwrap_err(), @"no reply: a stage dropped the item or holds it back");
    let many = many.unwrap_err();
    assert_snapshot!(many, @"no single reply: the cycle gave 2 outputs");
    assert_eq!(many, NoReply::Many(vec![1, 2]));

    let mut source = Source::new(parse(), |out| async move { out });
    let mut escaped = source.run().unwrap();
    let reply = futures::executor::block_on(escaped.send("1"));
    assert_snapshot!(reply.unwrap_err(), @"cannot answer: the handle has left its coroutine; keep it inside the body and await it there");
}

#[test]
fn every_error_is_an_error_with_its_cause() {
    fn is_error(error: impl std::error::Error + Send + Sync + 'static) -> Option<String> {
        error.source().map(ToString::to_string)
    }
    let edit = unrouted().controller().route("model", "v2").unwrap_err();
    assert_snapshot!(is_error(edit).unwrap(), @r#"nothing is called "model/v2"; there is "v1""#);
    let Err(CallError::Failed(failures)) = parse().call("x") else { panic!("it fails") };
    assert_snapshot!(is_error(failures.into_iter().next().unwrap()).unwrap(), @"invalid digit found in string");
    assert_eq!(is_error(Name::new("").unwrap_err()), None);
    assert_eq!(is_error(unrouted().call(1).unwrap_err()), None);
    assert_eq!(is_error(SourceError::Held(Hold::Paused)), None);
}
