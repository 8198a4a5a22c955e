//! The test kit, used as users do, and seen to fail where it has to.

mod pipelines;
mod wrong;

use std::collections::BTreeMap;

use coroute::testing::{Options, Reference, changes, check, check_g1, check_g2, check_g3, in_order, scripts};
use coroute::{Change, Library, Pipeline, PolicyKind, Recording, Script, Statement};
use pipelines::{canary, library, nested, several};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

fn options() -> Options {
    Options::new().cycles(30).edits(10).cloned("model").unwrap()
}

/// Scripts as the strategy gives them, the same in every run.
fn some_scripts(topology: &coroute::Topology, library: &Library, options: Options, count: usize) -> Vec<Script> {
    let strategy = scripts(topology, library, options);
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn g0_to_g3_hold_for_a_canary(script in scripts(&canary().topology(), &library(), options())) {
        let report = check(&mut canary(), &library(), &script, 0..40)?;
        prop_assert_eq!((report.refused.len(), report.unsent), (0, 0));
    }

    #[test]
    fn g0_to_g3_hold_for_nested_pipelines(script in scripts(&nested().topology(), &library(), options())) {
        let report = check(&mut nested(), &library(), &script, 0..40)?;
        prop_assert_eq!((report.refused.len(), report.unsent), (0, 0));
    }

    #[test]
    fn g0_to_g3_hold_where_items_multiply(script in scripts(&several().topology(), &library(), options())) {
        let report = check(&mut several(), &library(), &script, 0..40)?;
        prop_assert_eq!((report.refused.len(), report.unsent), (0, 0));
    }

    #[test]
    fn g0_illegal_edits_are_refused_and_change_nothing(
        (plain, inner, many) in (
            scripts(&canary().topology(), &library(), options().illegal(40)),
            scripts(&nested().topology(), &library(), options().illegal(40)),
            scripts(&several().topology(), &library(), options().illegal(40)),
        ),
    ) {
        check(&mut canary(), &library(), &plain, 0..40)?;
        check(&mut nested(), &library(), &inner, 0..40)?;
        check(&mut several(), &library(), &many, 0..40)?;
    }

    /// Also where items go in batches, and only runs are recorded.
    #[test]
    fn g0_to_g3_hold_for_a_script_that_is_played(script in scripts(&nested().topology(), &library(), options())) {
        let report = check(&mut nested(), &library(), &script, 0..40)?;
        let mut pipeline = nested();
        let (start, before) = (Reference::new(&pipeline.topology(), &library()), pipeline.ledger());
        pipeline.controller().record(Recording::runs())?;
        let mut player = script.bind(&library(), &pipeline.controller())?;
        let mut outputs = Vec::new();
        prop_assert!(player.run(&mut pipeline, 0..40, |output| outputs.push(output)).is_ok());
        pipeline.apply();
        let trace = pipeline.controller().trace();
        check_g1(&trace, &start)?;
        check_g2(&trace, &before, &pipeline.ledger())?;
        check_g3(&trace, &report.committed)?;
        prop_assert_eq!(outputs, report.outputs);
    }

    #[test]
    fn g2_edits_reorder_nothing(script in scripts(&numbered().topology(), &numbers(), options())) {
        let report = check(&mut numbered(), &numbers(), &script, 0..40)?;
        in_order(report.outputs)?;
    }

    #[test]
    fn an_edit_is_legal_for_the_pipeline_it_was_made_for(edit in changes(&nested().topology(), &library(), options())) {
        prop_assert_eq!(Reference::new(&nested().topology(), &library()).commit(&edit)?, 1);
        prop_assert!(!edit.is_empty());
    }
}

/// A pipeline that hands on the numbers of its items.
fn numbered() -> Pipeline<u64, u64> {
    let lane = coroute::Switch::new("lane").target("a", |x: u64| x).target("b", |x: u64| x).route("a");
    Pipeline::new("numbered").stage("first", |x: u64| x).switch(lane)
}

fn numbers() -> Library {
    Library::new()
        .stage("same", || |x: u64| x)
        .stage("odd", || coroute::filter(|x: &u64| x % 2 == 1))
        .stage("pair", || Pipeline::new("pair").stage("one", |x: u64| x).stage("two", |x: u64| x))
        .tap("look", || |_: &u64| ())
}

fn statement_changes(statement: &Statement) -> usize {
    if let Statement::At { changes, .. } = statement { changes.len() } else { 0 }
}

fn kind(change: &Change) -> String {
    match change {
        Change::Route { route, .. } => format!("route {:?}", route.policy()),
        Change::Replace { with, keeping, .. } => {
            let what = if *keeping { "keeping" } else { "anew" };
            format!("replace {what}, {}", if with.is_some() { "with" } else { "by its name" })
        }
        change => change.to_string().split(' ').next().unwrap().to_owned(),
    }
}

#[test]
fn all_kinds_of_changes_come_up() {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for topology in [canary().topology(), nested().topology()] {
        for script in some_scripts(&topology, &library(), options(), 200) {
            for statement in script.statements() {
                let Statement::At { changes, .. } = statement else { panic!("all edits are at a cycle") };
                changes.iter().for_each(|change| *kinds.entry(kind(change)).or_default() += 1);
            }
        }
    }
    let names: Vec<&str> = kinds.keys().map(String::as_str).collect();
    insta::assert_snapshot!(names.join("\n"), @r"
    attach
    detach
    insert
    move
    pause
    remove
    rename
    replace anew, by its name
    replace anew, with
    replace keeping, with
    resume
    route All
    route ByKey
    route Failover
    route Generator
    route None
    route Once
    route One
    route RoundRobin
    route Weighted
    route When
    tap
    ");
    assert!(kinds.values().all(|count| *count >= 10), "{kinds:?}");
}

#[test]
fn about_as_many_changes_are_illegal_as_were_asked_for() {
    let refused = |percent: u32| -> usize {
        let scripts = some_scripts(&canary().topology(), &library(), options().illegal(percent), 100);
        scripts.iter().map(|script| check(&mut canary(), &library(), script, 0..40).unwrap().refused.len()).sum()
    };
    let (few, many) = (refused(10), refused(60));
    assert_eq!(refused(0), 0);
    assert!(few > 20 && many > 2 * few, "{few} {many}");
}

#[test]
fn a_script_that_fails_shrinks_to_the_edit_that_does() {
    let strategy = scripts(&canary().topology(), &library(), options());
    let config = ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let splits = |script: &Script| {
        let by_weight =
            |change: &Change| matches!(change, Change::Route { route, .. } if route.policy() == PolicyKind::Weighted);
        script.statements().iter().any(|statement| match statement {
            Statement::At { changes, .. } => changes.iter().any(by_weight),
            _ => false,
        })
    };
    let result =
        runner.run(&strategy, |script| if splits(&script) { Err(TestCaseError::fail("split")) } else { Ok(()) });
    let Err(proptest::test_runner::TestError::Fail(_, script)) = result else { panic!("one splits") };
    let changes: usize = script.statements().iter().map(statement_changes).sum();
    assert!(changes <= 2, "{script}");
}
