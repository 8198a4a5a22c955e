//! What a refused edit says: *what was asked, why not, what would work*. Each refusal is that of a real edit, and leaves
//! the pipeline as it was.

use coroute::{
    Controller, Edit, EditError, Output, Pipeline, Receipt, Refusal, Route, Stage, Switch, Topology, inspect,
};
use insta::assert_snapshot;

/// A stage whose type has a name.
struct Total(i64);

impl Stage<i64> for Total {
    type Out = i64;

    fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
        self.0 += item;
        out.emit(self.0);
    }
}

fn shop() -> Pipeline<String, i64> {
    let v2 = Pipeline::new("v2").stage("neg", |x: i64| -x).stage("abs", i64::abs);
    let model = Switch::new("model").target("v1", |x: i64| x).target("v2", v2).route("v1");
    Pipeline::new("shop")
        .stage("parse", |line: String| i64::try_from(line.len()).unwrap_or(i64::MAX))
        .stage("total", Total(0))
        .stage("model", model)
}

/// What the refusal says.
fn refused(edit: impl FnOnce(&Controller) -> Result<Receipt, EditError>) -> String {
    let mut pipeline = shop();
    let controller = pipeline.controller();
    let before: Topology = controller.topology();
    let error = edit(&controller).unwrap_err();
    assert_eq!(controller.topology(), before, "a refused edit changes nothing");
    assert_eq!(pipeline.call("four".into()).unwrap(), 4);
    error.to_string()
}

#[test]
fn g0_an_unknown_place_is_answered_with_those_there_are() {
    assert_snapshot!(refused(|c| c.remove("pars")), @r#"cannot remove "pars": nothing is called "pars"; there is "parse", "total" and "model""#);
    assert_snapshot!(refused(|c| c.insert_after("model/v3/neg", "half", |x: i64| x / 2)), @r#"cannot insert "half" after "model/v3/neg": nothing is called "model/v3"; there is "v1" and "v2""#);
    assert_snapshot!(refused(|c| c.rename("model/v2/ned", "neg2")), @r#"cannot rename "model/v2/ned" to "neg2": nothing is called "model/v2/ned"; there is "neg" and "abs""#);
    assert_snapshot!(refused(|c| c.route("model", "v3")), @r#"cannot route "model" -> v3: nothing is called "model/v3"; there is "v1" and "v2""#);
    assert_snapshot!(refused(|c| c.route("model", Route::all(["v1", "v3"]))), @r#"cannot route "model" -> all v1 v3: nothing is called "model/v3"; there is "v1" and "v2""#);
    assert_snapshot!(refused(|c| c.detach("model", "v3")), @r#"cannot detach "v3" from "model": nothing is called "model/v3"; there is "v1" and "v2""#);
    assert_snapshot!(refused(|c| c.tap("nowhere", "see", |_: &i64| ())), @r#"cannot tap "nowhere" with "see": nothing is called "nowhere"; there is "parse", "total" and "model""#);
}

#[test]
fn g0_a_stage_has_nothing_inside_it() {
    assert_snapshot!(refused(|c| c.remove("total/neg")), @r#"cannot remove "total/neg": nothing is called "total/neg"; "total" has nothing inside"#);
}

#[test]
fn g0_of_many_known_names_eight_are_listed() {
    let wide = (0..20).fold(Switch::new("wide"), |wide, at| wide.target(format!("t{at}"), |x: i64| x));
    let error = wide.into_pipeline().controller().route("wide", "t20").unwrap_err();
    assert_snapshot!(error, @r#"cannot route "wide" -> t20: nothing is called "wide/t20"; there is "t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7" and 12 more"#);
}

#[test]
fn g0_a_name_is_used_once_in_a_pipeline() {
    assert_snapshot!(refused(|c| c.insert_after("total", "model", |x: i64| x)), @r#"cannot insert "model" after "total": the name "model" is taken; use another"#);
    assert_snapshot!(refused(|c| c.insert_after("model/v2/neg", "abs", |x: i64| x)), @r#"cannot insert "abs" after "model/v2/neg": the name "abs" is taken; use another"#);
    assert_snapshot!(refused(|c| c.rename("total", "model")), @r#"cannot rename "total" to "model": the name "model" is taken; use another"#);
    assert_snapshot!(refused(|c| c.attach("model", "v1", |x: i64| x)), @r#"cannot attach "v1" to "model": the name "v1" is taken; use another"#);
    assert_snapshot!(refused(|c| c.tap("total", "parse", |_: &i64| ())), @r#"cannot tap "total" with "parse": the name "parse" is taken; use another"#);
    assert_snapshot!(refused(|c| c.route("model", Route::round_robin(["v1", "v1"]))), @r#"cannot route "model" -> next v1 v1: it names "v1" twice"#);
}

#[test]
fn g0_a_name_is_one_word() {
    assert_snapshot!(refused(|c| c.push_back("a b", |x: i64| x)), @r#"cannot insert "a b" at the back: cannot use "a b" as a name: ' ' is not a letter, a digit, `_`, `-` or `.`"#);
    assert_snapshot!(refused(|c| c.push_back("", |x: i64| x)), @r#"cannot insert "" at the back: cannot use "" as a name: it is empty"#);
    assert_snapshot!(refused(|c| c.push_back("v2/half", |x: i64| x)), @r#"cannot insert "half" at the back of "v2": nothing is called "v2"; there is "parse", "total" and "model""#);
    assert_snapshot!(refused(|c| c.rename("total", "-total")), @r#"cannot rename "total" to "-total": cannot use "-total" as a name: it begins with '-'; begin with a letter, a digit or `_`"#);
    assert_snapshot!(refused(|c| c.remove("model//neg")), @r#"cannot remove "model//neg": cannot use "model//neg" as a path: a name in it is empty"#);
    assert_snapshot!(refused(|c| c.route("model", ".v1")), @r#"cannot route "model" -> .v1: cannot use ".v1" as a name: it begins with '.'; begin with a letter, a digit or `_`"#);
    assert_snapshot!(refused(|c| c.detach("model", "v 1")), @r#"cannot detach "v 1" from "model": cannot use "v 1" as a name: ' ' is not a letter, a digit, `_`, `-` or `.`"#);
}

#[test]
fn g0_a_stage_takes_and_gives_what_its_place_needs() {
    assert_snapshot!(refused(|c| c.insert_before("parse", "half", |x: i64| x / 2)), @r#"cannot insert "half" before "parse": it takes i64, and String comes along there"#);
    assert_snapshot!(refused(|c| c.push_front("half", |x: i64| x / 2)), @r#"cannot insert "half" at the front: it takes i64, and String comes along there"#);
    assert_snapshot!(refused(|c| c.push_back("shout", |s: String| s + "!")), @r#"cannot insert "shout" at the back: it takes String, and i64 comes along there"#);
    assert_snapshot!(refused(|c| c.replace("total", |x: i64| x.to_string())), @r#"cannot replace "total": it turns i64 into String, and that place needs i64 to i64"#);
    assert_snapshot!(refused(|c| c.replace("parse", |s: Vec<Option<String>>| s.len())), @r#"cannot replace "parse": it turns Vec<Option<String>> into usize, and that place needs String to i64"#);
    assert_snapshot!(refused(|c| c.attach("model", "v3", |x: u8| x)), @r#"cannot attach "v3" to "model": it takes u8, and i64 comes along there"#);
    assert_snapshot!(refused(|c| c.tap("parse", "see", |_: &String| ())), @r#"cannot tap "parse" with "see": it takes String, and i64 comes along there"#);
    assert_snapshot!(refused(|c| c.move_before("total", "parse")), @r#"cannot move "total" before "parse": it takes i64, and String comes along there"#);
}

#[test]
fn g0_a_stage_that_turns_types_stays_where_it_is() {
    assert_snapshot!(refused(|c| c.remove("parse")), @r#"cannot remove "parse": it turns String into i64; replace it instead"#);
    assert_snapshot!(refused(|c| c.move_after("parse", "total")), @r#"cannot move "parse" after "total": it turns String into i64, so it fits in its own place only"#);
}

#[test]
fn g0_only_a_switch_has_targets() {
    assert_snapshot!(refused(|c| c.route("total", "v1")), @r#"cannot route "total" -> v1: "total" is a stage; only a switch has routes and targets"#);
    assert_snapshot!(refused(|c| c.attach("model/v2", "abs", |x: i64| x)), @r#"cannot attach "abs" to "model/v2": "model/v2" is a pipeline; only a switch has routes and targets"#);
    assert_snapshot!(refused(|c| c.detach("model/v2/neg", "v1")), @r#"cannot detach "v1" from "model/v2/neg": "model/v2/neg" is a stage; only a switch has routes and targets"#);
}

#[test]
fn g0_a_target_is_attached_and_detached() {
    assert_snapshot!(refused(|c| c.remove("model/v1")), @r#"cannot remove "model/v1": it is a target of a switch, not a stage of a pipeline; attach, detach or replace it, or make it a pipeline"#);
    assert_snapshot!(refused(|c| c.insert_before("model/v1", "half", |x: i64| x / 2)), @r#"cannot insert "half" before "model/v1": it is a target of a switch, not a stage of a pipeline; attach, detach or replace it, or make it a pipeline"#);
    assert_snapshot!(refused(|c| c.tap("model/v1", "see", |_: &i64| ())), @r#"cannot tap "model/v1" with "see": it is a target of a switch, not a stage of a pipeline; attach, detach or replace it, or make it a pipeline"#);
    assert_snapshot!(refused(|c| c.move_before("model/v1", "total")), @r#"cannot move "model/v1" before "total": it is a target of a switch, not a stage of a pipeline; attach, detach or replace it, or make it a pipeline"#);
    assert_snapshot!(refused(|c| c.detach("model", "v1")), @r#"cannot detach "v1" from "model": the route names it; route elsewhere first, or in the same edit"#);
}

#[test]
fn g0_a_route_fits_its_switch() {
    assert_snapshot!(refused(|c| c.route("model", Route::round_robin::<&str>([]))), @r#"cannot route "model" -> next: it names no target; use `Route::none()` to hold items back"#);
    assert_snapshot!(refused(|c| c.route("model", Route::weighted([("v1", 0), ("v2", 0)]))), @r#"cannot route "model" -> v1:0 v2:0: the weights must add up to a number from 1 to 4294967295"#);
    assert_snapshot!(refused(|c| c.route("model", Route::weighted([("v1", u32::MAX), ("v2", 1)]))), @r#"cannot route "model" -> v1:4294967295 v2:1: the weights must add up to a number from 1 to 4294967295"#);
    assert_snapshot!(refused(|c| c.route("model", Route::all(["v1", "v2"]))), @r#"cannot route "model" -> all v1 v2: several targets need a clone of each i64; build the switch with `.cloned()`"#);
    assert_snapshot!(refused(|c| c.route("model", Route::by_key(["v1", "v2"], |s: &String| s.len()))), @r#"cannot route "model" -> key v1 v2: the route looks at String, and the switch gets i64; let its closure take `&i64`"#);
    assert_snapshot!(refused(|c| c.route("model", Route::when(|s: &String| s.is_empty(), "v1", "v2"))), @r#"cannot route "model" -> when v1 v2: the route looks at String, and the switch gets i64; let its closure take `&i64`"#);
}

#[test]
fn g0_a_hand_over_takes_the_stage_that_is_there() {
    assert_snapshot!(refused(|c| c.replace_with("parse", |old: fn(String) -> i64| old)), @r#"cannot replace "parse" keeping its state: the hand-over takes a fn(String) -> i64, and the old stage is a closure; let its closure take that"#);
    assert_snapshot!(refused(|c| c.replace_with("model/v2", |old: Total| old)), @r#"cannot replace "model/v2" keeping its state: the hand-over takes a Total, and the old stage is a Pipeline<i64, i64>; let its closure take that"#);
    assert_snapshot!(refused(|c| c.replace_with("total", |old: fn(i64) -> i64| old)), @r#"cannot replace "total" keeping its state: the hand-over takes a fn(i64) -> i64, and the old stage is a Total; let its closure take that"#);
    assert_snapshot!(refused(|c| c.replace_with("total", |old: Total| move |x: i64| (x + old.0).to_string())), @r#"cannot replace "total" keeping its state: it turns i64 into String, and that place needs i64 to i64"#);
}

#[test]
fn g0_a_stage_moves_where_it_fits() {
    assert_snapshot!(refused(|c| c.move_before("parse", "model/v2/neg")), @r#"cannot move "parse" before "model/v2/neg": it turns String into i64, so it fits in its own place only"#);
    assert_snapshot!(refused(|c| c.move_before("total", "parse")), @r#"cannot move "total" before "parse": it takes i64, and String comes along there"#);
    assert_snapshot!(refused(|c| c.move_before("model/v2/neg", "parse")), @r#"cannot move "model/v2/neg" before "parse": it takes i64, and String comes along there"#);
    assert_snapshot!(refused(|c| c.move_after("total", "model/v1")), @r#"cannot move "total" after "model/v1": it is a target of a switch, not a stage of a pipeline; attach, detach or replace it, or make it a pipeline"#);
    assert_snapshot!(refused(|c| c.move_after("model/v1", "total")), @r#"cannot move "model/v1" after "total": it is a target of a switch, not a stage of a pipeline; attach, detach or replace it, or make it a pipeline"#);
    assert_snapshot!(refused(|c| c.move_after("model", "model/v2/neg")), @r#"cannot move "model" after "model/v2/neg": that is inside of the stage itself; move it to a place outside"#);
    assert_snapshot!(refused(|c| c.move_after("total", "total/neg")), @r#"cannot move "total" after "total/neg": nothing is called "total/neg"; "total" has nothing inside"#);
    let named = |c: &Controller| c.edit(|e| e.rename("total", "neg")?.move_after("neg", "model/v2/abs"));
    assert_snapshot!(refused(named), @r#"cannot move "neg" after "model/v2/abs": the name "neg" is taken; use another"#);
    let tapped = |c: &Controller| c.edit(|e| e.tap("total", "abs", |_: &i64| ())?.move_before("total", "model/v2/neg"));
    assert_snapshot!(refused(tapped), @r#"cannot move "total" before "model/v2/neg": the name "abs" is taken; use another"#);
}

#[test]
fn g0_what_was_put_together_wrongly_is_not_put_in() {
    let twice = || Switch::new("m").target("a", |x: i64| x).target("a", |x: i64| x);
    assert_snapshot!(refused(|c| c.push_back("m", twice())), @r#"cannot insert "m" at the back: cannot build target "a" of switch "m": the name "a" is taken; use another"#);
    let lost = || Switch::new("m").target("a", |x: i64| x).route("b");
    assert_snapshot!(refused(|c| c.attach("model", "m", lost())), @r#"cannot attach "m" to "model": cannot build the route of switch "m": nothing is called "m/b"; there is "a""#);
    let nested = || Pipeline::new("p").stage("m", twice());
    assert_snapshot!(refused(|c| c.replace("total", nested())), @r#"cannot replace "total": cannot build target "a" of switch "m": the name "a" is taken; use another"#);
    let unnamed = || Pipeline::new("").stage("a", |x: i64| x);
    assert_snapshot!(refused(|c| c.push_back("p", unnamed())), @r#"cannot insert "p" at the back: cannot build a pipeline: cannot use "" as a name: it is empty"#);
}

#[test]
fn g0_of_several_changes_the_refused_one_is_named() {
    let several = |c: &Controller| {
        c.edit(|e| {
            e.remove("total")?.rename("model", "fork")?;
            e.route("model", "v2")
        })
    };
    assert_snapshot!(refused(several), @r#"cannot route "model" -> v2: nothing is called "model"; there is "parse" and "fork""#);
    let error = several(&shop().controller()).unwrap_err();
    assert_eq!(error.change(), 2);
    assert_snapshot!(error.into_edit(), @"remove total; rename model to fork; route model -> v2");
}

#[test]
fn g0_an_item_passes_so_many_stages_and_no_more() {
    let deep = (0..512).fold(Pipeline::new("deep"), |deep, at| deep.stage(format!("s{at}"), |x: i64| x));
    let deep = deep.check().unwrap();
    let error = deep.controller().push_back("last", inspect(|_: &i64| ())).unwrap_err();
    assert!(matches!(error.refusal(), Refusal::TooDeep { limit: 512 }));
    assert_snapshot!(error, @r#"cannot insert "last" at the back: an item would pass more than 512 stages; split the pipeline in two"#);
    assert_snapshot!(deep.stage("last", |x: i64| x).check().unwrap_err(), @r#"cannot build stage "last" of pipeline "deep": an item would pass more than 512 stages; split the pipeline in two"#);
}

#[test]
fn g5_a_flood_of_edits_is_bounded() {
    let mut pipeline = shop();
    let controller = pipeline.controller();
    for at in 0..1024 {
        controller
            .rename(if at % 2 == 0 { "total" } else { "sum" }, if at % 2 == 0 { "sum" } else { "total" })
            .unwrap();
    }
    let error = controller.rename("total", "sum").unwrap_err();
    assert_snapshot!(error, @r#"cannot rename "total" to "sum": 1024 edits wait for the pipeline's next cycle; send an item, or call `apply` (where it is spawned, see what blocks it), and try again"#);
    pipeline.apply();
    controller.rename("total", "sum").unwrap();
}

#[test]
fn g0_a_pipeline_inside_another_is_changed_through_that_one() {
    let inner = Pipeline::new("inner").stage("neg", |x: i64| -x);
    let old = inner.controller();
    let outer = Pipeline::new("outer").stage("inner", inner);
    assert_snapshot!(old.remove("neg").unwrap_err(), @r#"cannot remove "neg": the pipeline has become a part of another; use that one's controller, with a path"#);
    outer.controller().remove("inner/neg").unwrap();
}

#[test]
fn g0_a_pipeline_that_is_gone_takes_no_edit() {
    let controller = shop().controller();
    assert_snapshot!(controller.remove("total").unwrap_err(), @r#"cannot remove "total": the pipeline was dropped; its topology, ledger and trace can still be read"#);
    assert_snapshot!(controller.edit(|e| e.pause()?.resume()).unwrap_err(), @"cannot commit 2 changes: the pipeline was dropped; its topology, ledger and trace can still be read");
}

#[test]
fn g0_a_pipeline_that_was_put_together_wrongly_takes_no_edit() {
    let twice = Pipeline::new("p").stage("a", |x: i64| x).stage("a", |x: i64| x);
    assert_snapshot!(twice.controller().remove("a").unwrap_err(), @r#"cannot remove "a": cannot build stage "a" of pipeline "p": the name "a" is taken; use another"#);
}

#[test]
fn g0_a_malformed_edit_says_so_before_it_is_committed() {
    let mut edit = Edit::new();
    assert_snapshot!(edit.push_back("a b", |x: i64| x).unwrap_err(), @r#"cannot use "a b" as a name: ' ' is not a letter, a digit, `_`, `-` or `.`"#);
    assert_snapshot!(edit, @"insert a b at the back");
    assert_snapshot!(shop().controller().commit(edit).unwrap_err(), @r#"cannot insert "a b" at the back: cannot use "a b" as a name: ' ' is not a letter, a digit, `_`, `-` or `.`"#);
}
