//! Random scripts, legal and illegal, for the pipeline of the tests.

use proptest::prelude::*;
use proptest::sample::select;

const STAGES: [&str; 5] = ["half", "neg", "odd", "pair", "fork"];
const PATHS: [&str; 15] = [
    "add",
    "total",
    "model",
    "inner",
    "show",
    "inner/neg",
    "inner/sub",
    "model/v1",
    "model/v2",
    "half",
    "neg",
    "odd",
    "pair/one",
    "fork/b",
    "model/half",
];
const NAMES: [&str; 6] = ["v1", "v2", "half", "total", "neg", "other"];

const ROUTES: [&str; 11] = [
    "v1",
    "v2",
    "half",
    "next v1 v2",
    "v1:2 v2:1",
    "all v1 v2",
    "key v1 v2 by digit",
    "when v2 v1 by small",
    "failover v2 v1",
    "generator v1 v2 by alternate",
    "when v1 v2 half by third",
];

const CONDITIONS: [&str; 12] = [
    "failed > 0",
    "failed >= 2",
    "failed of add > 0",
    "failed of add > 2",
    "failed of half > 0",
    "delivered >= 4",
    "delivered >= 9",
    "revision > 1",
    "revision > 2",
    "accepted > 12",
    "dropped > 1",
    "dropped = 4",
];

/// As a rule one of `likely`.
fn path(likely: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop_oneof![7 => select(likely), 1 => select(&PATHS)]
}

const SAME: [&str; 6] = ["add", "total", "model", "inner", "inner/neg", "inner/sub"];
const FREE: [&str; 3] = ["total", "inner/neg", "inner/sub"];
const ROW: [&str; 4] = ["add", "total", "model", "inner"];

fn position() -> impl Strategy<Value = String> {
    prop_oneof![
        path(&SAME).prop_map(|path| format!("before {path}")),
        path(&SAME).prop_map(|path| format!("after {path}")),
    ]
}

fn end() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("at the front".to_owned()),
        Just("at the front of inner".to_owned()),
        select(&PATHS).prop_map(|path| format!("at the back of {path}")),
    ]
}

fn change() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (select(&STAGES), prop_oneof![2 => position(), 1 => end()])
            .prop_map(|(stage, at)| format!("insert {stage} {at}")),
        2 => path(&FREE).prop_map(|path| format!("remove {path}")),
        2 => path(&["inner/neg", "show"]).prop_map(|path| format!("replace {path}")),
        1 => Just("replace total keeping its state".to_owned()),
        1 => (path(&SAME), select(&STAGES)).prop_map(|(path, stage)| format!("replace {path} with {stage}")),
        1 => (select(&STAGES), select(&NAMES), position())
            .prop_map(|(stage, name, at)| format!("insert {stage} as {name} {at}")),
        2 => (path(&SAME), select(&NAMES)).prop_map(|(path, name)| format!("rename {path} to {name}")),
        3 => (path(&ROW), path(&ROW)).prop_map(|(path, other)| format!("move {path} before {other}")),
        1 => (path(&FREE), position()).prop_map(|(path, at)| format!("move {path} {at}")),
        2 => (select(&STAGES), path(&["model"]))
            .prop_map(|(stage, switch)| format!("attach {stage} to {switch}")),
        2 => (select(&NAMES), path(&["model"]))
            .prop_map(|(name, switch)| format!("detach {name} from {switch}")),
        2 => path(&SAME).prop_map(|path| format!("tap {path} with counter")),
        4 => select(&ROUTES).prop_map(|route| format!("route model -> {route}")),
    ]
}

fn edit() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => change(),
        1 => prop::collection::vec(change(), 2..4).prop_map(|changes| format!("{{ {} }}", changes.join("; "))),
    ]
}

fn statement(whens: bool, last: u64) -> impl Strategy<Value = String> {
    let when = (select(&CONDITIONS), edit()).prop_map(|(condition, edit)| format!("when {condition} {edit}"));
    let every = (1u64..9, 0..=last / 2, 0..=last / 2, edit())
        .prop_map(|(period, from, more, edit)| format!("every {period} from {from} to {} {edit}", from + more));
    let at = (0..=last, edit()).prop_map(|(cycle, edit)| format!("at {cycle} {edit}"));
    prop_oneof![6 => at, 2 => every, if whens { 4 } else { 0 } => when]
}

/// Up to four statements for cycles up to `last`, with or without some that wait for a count.
pub(crate) fn script(whens: bool, last: u64) -> impl Strategy<Value = String> {
    prop::collection::vec(statement(whens, last), 0..5).prop_map(|statements| statements.join("\n"))
}
