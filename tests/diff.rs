//! What differs between two topologies: the changes that lead from one to the other, and the tree with marks.

#[path = "diff/random.rs"]
mod random;

use coroute::{Controller, Pipeline, Refusal, Route, Switch, Topology};
use insta::assert_snapshot;

fn pipeline() -> Pipeline<i64, i64> {
    let model =
        Switch::new("model").target("v1", |x: i64| x).target("v2", |x: i64| x).target("v3", |x: i64| x).cloned();
    let inner = Pipeline::new("inner").stage("x", |x: i64| x).stage("y", |x: i64| x);
    let pipeline = Pipeline::new("p")
        .stage("add", |x: i64| x + 1)
        .stage("prod", |x: i64| x * 2)
        .stage("inner", inner)
        .stage("model", model.route("v1"))
        .stage("last", |x: i64| x);
    pipeline.controller().tap("prod", "seen", |_: &i64| ()).unwrap();
    pipeline
}

/// What the changes of `edit` look like, and the tree.
fn diff<T>(edit: impl FnOnce(&Controller) -> Result<T, coroute::EditError>) -> (Vec<String>, String) {
    let pipeline = pipeline();
    let before = pipeline.topology();
    edit(&pipeline.controller()).unwrap();
    let after = pipeline.topology();
    let diff = before.diff(&after);
    (diff.changes().iter().map(ToString::to_string).collect(), diff.to_string())
}

fn changes<T>(edit: impl FnOnce(&Controller) -> Result<T, coroute::EditError>) -> Vec<String> {
    diff(edit).0
}

#[test]
fn one_edit_is_found_in_its_own_words() {
    let same = |x: i64| x;
    let found = [
        changes(|c| c.route("model", Route::weighted([("v1", 95), ("v2", 5)]))),
        changes(|c| c.route("model", Route::none())),
        changes(|c| c.insert_after("add", "neg", same)),
        changes(|c| c.insert_after("prod", "neg", same)),
        changes(|c| c.insert_before("seen", "neg", same)),
        changes(|c| c.push_front("neg", same)),
        changes(|c| c.push_front("inner/neg", same)),
        changes(|c| c.insert_after("inner/y", "neg", same)),
        changes(|c| c.remove("add")),
        changes(|c| c.remove("inner/x")),
        changes(|c| c.remove("seen")),
        changes(|c| c.replace("add", same)),
        changes(|c| c.replace("model/v2", same)),
        changes(|c| c.replace("inner", same)),
        changes(|c| c.rename("add", "plus")),
        changes(|c| c.rename("model/v1", "old")),
        changes(|c| c.rename("inner/x", "z")),
        changes(|c| c.move_after("add", "last")),
        changes(|c| c.move_after("prod", "model")),
        changes(|c| c.move_after("inner/x", "inner/y")),
        changes(|c| c.attach("model", "v4", same)),
        changes(|c| c.detach("model", "v2")),
        changes(|c| c.tap("inner/x", "look", |_: &i64| ())),
        changes(|c| c.tap("prod", "look", |_: &i64| ())),
        changes(|c| c.pause()),
    ];
    assert_snapshot!(found.iter().map(|words| words.join("; ") + "\n").collect::<String>(), @"
    route model -> v1:95 v2:5
    route model -> none
    insert neg after add
    insert neg after prod
    insert neg before seen
    insert neg at the front
    insert neg at the front of inner
    insert neg after inner/y
    remove add
    remove inner/x
    remove seen
    replace add
    replace model/v2
    replace inner
    rename add to plus
    rename model/v1 to old
    rename inner/x to z
    move add after last
    move prod after model
    move inner/x after inner/y
    attach v4 to model
    detach v2 from model
    tap inner/x with look
    tap prod with look
    pause
    ");
    let pipeline = pipeline();
    pipeline.controller().pause().unwrap();
    let paused = pipeline.topology();
    pipeline.controller().resume().unwrap();
    assert_eq!(paused.diff(&pipeline.topology()).changes(), [coroute::Change::Resume]);
}

#[test]
fn several_changes_are_in_an_order_in_which_they_can_be_made() {
    let same = |x: i64| x;
    let found = [
        changes(|c| {
            c.edit(|e| e.route("model", "v2")?.detach("model", "v1")?.attach("model", "v1", same)?.route("model", "v1"))
        }),
        changes(|c| c.edit(|e| e.rename("add", "tmp")?.rename("prod", "add")?.rename("tmp", "prod"))),
        changes(|c| {
            c.edit(|e| {
                e.route("model", "v2")?.detach("model", "v1")?.rename("model/v2", "v1")?.attach("model", "v2", same)
            })
        }),
        changes(|c| c.edit(|e| e.remove("add")?.push_back("add", same)?.rename("inner", "outer")?.remove("outer/x"))),
        changes(|c| c.edit(|e| e.tap("add", "look", |_: &i64| ())?.remove("add"))),
        changes(|c| c.edit(|e| e.rename("seen", "x")?.tap("add", "seen", |_: &i64| ())?.move_after("x", "last"))),
    ];
    assert_snapshot!(found.iter().map(|words| words.join("; ") + "\n").collect::<String>(), @"
    attach v1 as v1_1 to model; route model -> v1_1; detach v1 from model; rename model/v1_1 to v1
    rename add to prod_1; rename prod to add; rename prod_1 to prod
    rename model/v2 to v1_1; attach v2 to model; route model -> v1_1; detach v1 from model; rename model/v1_1 to v1
    rename inner to outer; replace add; move add after last; remove outer/x
    remove add; tap prod with look; move look before prod
    rename seen to x; move x after last; tap add with seen
    ");
}

#[test]
fn a_tap_that_is_all_that_is_left_was_put_on_what_is_gone() {
    let pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1);
    let before = pipeline.topology();
    pipeline.controller().edit(|e| e.tap("add", "tap", |_: &i64| ())?.remove("add")?.rename("tap", "add")).unwrap();
    let after = pipeline.topology();
    let changes: Vec<String> = before.diff(&after).changes().iter().map(ToString::to_string).collect();
    assert_eq!(changes, ["tap add with add as add_1", "remove add", "rename add_1 to add"]);
}

#[test]
fn a_canary_as_a_tree() {
    let (_, tree) = diff(|c| {
        c.edit(|e| {
            e.attach("model", "v4", |x: i64| x)?.route("model", Route::weighted([("v1", 95), ("v4", 5)]))?;
            e.detach("model", "v2")
        })
    });
    assert_snapshot!(tree, @"
    ~ p         i64 -> i64  revision 2        (was 1)
      ├─ add    i64 -> i64
      ├─ prod   i64 -> i64
      ├─ seen   i64 -> i64  tap
      ├─ inner  i64 -> i64  pipeline
      │  ├─ x   i64 -> i64
      │  └─ y   i64 -> i64
    ~ ├─ model  i64 -> i64  route v1:95 v4:5  (was v1)
      │  ├─ v1  i64 -> i64  live
    - │  ├─ v2  i64 -> i64
      │  ├─ v3  i64 -> i64
    + │  └─ v4  i64 -> i64  live
      └─ last   i64 -> i64
    ");
}

#[test]
fn every_sort_of_change_has_its_mark() {
    let (_, tree) = diff(|c| {
        c.edit(|e| {
            e.rename("model", "choice")?.route("choice", "v2")?.rename("choice/v1", "old")?.remove("add")?;
            e.replace("inner", Pipeline::new("inner").stage("z", |x: i64| x))?.move_before("last", "prod")?;
            e.insert_after("prod", "neg", |x: i64| -x)?.pause()
        })
    });
    assert_snapshot!(tree, @"
    ~ p          i64 -> i64  revision 2, paused  (was 1)
    - ├─ add     i64 -> i64
    ~ ├─ last    i64 -> i64                      moved
      ├─ prod    i64 -> i64
      ├─ seen    i64 -> i64  tap
    + ├─ neg     i64 -> i64
    ~ ├─ inner   i64 -> i64  pipeline            replaced
    - │  ├─ x    i64 -> i64
    - │  └─ y    i64 -> i64
    + │  └─ z    i64 -> i64
    ~ └─ choice  i64 -> i64  route v2            (was model, route v1)
    ~    ├─ old  i64 -> i64                      (was v1, live)
    ~    ├─ v2   i64 -> i64  live                (was idle)
         └─ v3   i64 -> i64
    ");
}

#[test]
fn what_is_the_same_is_not_marked() {
    let pipeline = pipeline();
    let (before, after) = (pipeline.topology(), pipeline.topology());
    assert!(before.diff(&after).is_empty());
    assert_eq!(before.diff(&after).changes(), []);
    let tree: String = before.to_string().lines().map(|line| format!("  {line}\n")).collect();
    assert_eq!(before.diff(&after).to_string(), tree);
    pipeline.controller().replace("add", |x: i64| x).unwrap();
    assert!(!before.diff(&pipeline.topology()).is_empty());
}

#[test]
fn two_pipelines_that_are_not_related_are_told_apart_by_their_names() {
    let other = Pipeline::new("q")
        .stage("prod", |x: i64| x as f64)
        .stage("model", Switch::new("model").target("v1", |x: f64| x).route("v1"))
        .topology();
    let before = pipeline().topology();
    assert!(!before.diff(&other).is_empty());
    assert_snapshot!(before.diff(&other), @"
    ~ q         i64 -> f64  revision 0  (was p, i64 -> i64, 1)
    - ├─ add    i64 -> i64
    - ├─ prod   i64 -> i64
    - ├─ seen   i64 -> i64  tap
    - ├─ inner  i64 -> i64  pipeline
    - │  ├─ x   i64 -> i64
    - │  └─ y   i64 -> i64
    - ├─ model  i64 -> i64  route v1
    - │  ├─ v1  i64 -> i64  live
    - │  ├─ v2  i64 -> i64
    - │  └─ v3  i64 -> i64
    - ├─ last   i64 -> i64
    + ├─ prod   i64 -> f64
    + └─ model  f64 -> f64  route v1
    +    └─ v1  f64 -> f64  live
    ");
}

#[test]
fn a_hundred_thousand_targets_are_compared_in_good_time() {
    let switch = (0..100_000).fold(Switch::new("s"), |switch, target| switch.target(format!("t{target}"), |x: i64| x));
    let pipeline = Pipeline::new("p").stage("s", switch.route("t0"));
    let before = pipeline.topology();
    let mut edit = coroute::Edit::new();
    let renamed: Result<(), Refusal> =
        (1..1000).try_for_each(|target| edit.rename(format!("s/t{target}"), format!("u{target}")).map(drop));
    renamed.unwrap();
    pipeline.controller().commit(edit).unwrap();
    let after: Topology = pipeline.topology();
    assert_eq!(before.diff(&after).changes().len(), 999);
    assert_eq!(before.diff(&after).to_string().matches("~ ").count(), 1000);
}

#[test]
fn a_stage_in_another_pipeline_has_been_moved() {
    let (changes, tree) = diff(|c| {
        c.edit(|e| {
            e.move_after("inner/x", "model")?;
            e.move_before("prod", "inner/y")?;
            e.rename("x", "last2")?;
            e.move_after("model", "inner/y")
        })
    });
    assert_snapshot!(changes.join("; "), @"move prod before inner/x; move model after inner/y; move inner/x before last; rename x to last2");
    assert_snapshot!(tree, @"
        ~ p            i64 -> i64  revision 2  (was 1)
          ├─ add       i64 -> i64
        - ├─ prod      i64 -> i64              moved
        - ├─ seen      i64 -> i64  tap         moved
          ├─ inner     i64 -> i64  pipeline
        - │  ├─ x      i64 -> i64              moved
        + │  ├─ prod   i64 -> i64              moved
        + │  ├─ seen   i64 -> i64  tap         moved
          │  ├─ y      i64 -> i64
        + │  └─ model  i64 -> i64  route v1    moved
        + │     ├─ v1  i64 -> i64  live
        + │     ├─ v2  i64 -> i64
        + │     └─ v3  i64 -> i64
        - ├─ model     i64 -> i64  route v1    moved
        - │  ├─ v1     i64 -> i64  live
        - │  ├─ v2     i64 -> i64
        - │  └─ v3     i64 -> i64
        + ├─ last2     i64 -> i64              moved
          └─ last      i64 -> i64
        ");
    let out_and_into = changes_of(|c| c.edit(|e| e.move_before("inner/y", "inner")?.move_after("inner", "y")));
    assert_snapshot!(out_and_into, @"move inner/y before inner");
}

#[test]
fn what_moves_where_its_name_is_taken_has_another_on_the_way() {
    let inner = Pipeline::new("inner").stage("n", |x: i64| x).stage("m", |x: i64| x);
    let pipeline = Pipeline::new("p").stage("n", |x: i64| x).stage("inner", inner);
    let before = pipeline.topology();
    pipeline.controller().edit(|e| e.rename("inner/n", "k")?.move_before("n", "inner/m")).unwrap();
    let after = pipeline.topology();
    let changes: Vec<String> = before.diff(&after).changes().iter().map(ToString::to_string).collect();
    assert_snapshot!(changes.join("; "), @"rename n to n_1; move n_1 before inner/m; rename inner/n to k; rename inner/n_1 to n");
}

fn changes_of<T>(edit: impl FnOnce(&Controller) -> Result<T, coroute::EditError>) -> String {
    changes(edit).join("; ")
}
