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

const CONDITIONS: [&str; 6] =
    ["failed > 0", "failed of add > 2", "delivered >= 9", "revision > 2", "accepted > 12", "dropped > 1"];

fn position() -> impl Strategy<Value = String> {
    prop_oneof![
        select(&PATHS).prop_map(|path| format!("before {path}")),
        select(&PATHS).prop_map(|path| format!("after {path}")),
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
        3 => select(&PATHS).prop_map(|path| format!("remove {path}")),
        2 => select(&PATHS).prop_map(|path| format!("replace {path}")),
        1 => Just("replace total keeping its state".to_owned()),
        1 => (select(&PATHS), select(&STAGES)).prop_map(|(path, stage)| format!("replace {path} with {stage}")),
        1 => (select(&STAGES), select(&NAMES), position())
            .prop_map(|(stage, name, at)| format!("insert {stage} as {name} {at}")),
        2 => (select(&PATHS), select(&NAMES)).prop_map(|(path, name)| format!("rename {path} to {name}")),
        3 => (select(&PATHS), position()).prop_map(|(path, at)| format!("move {path} {at}")),
        2 => (select(&STAGES), select(vec!["model", "fork", "add"]))
            .prop_map(|(stage, switch)| format!("attach {stage} to {switch}")),
        2 => (select(&NAMES), select(vec!["model", "model", "fork"]))
            .prop_map(|(name, switch)| format!("detach {name} from {switch}")),
        2 => select(&PATHS).prop_map(|path| format!("tap {path} with counter")),
        4 => select(&ROUTES).prop_map(|route| format!("route model -> {route}")),
    ]
}

fn edit() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => change(),
        1 => prop::collection::vec(change(), 2..4).prop_map(|changes| format!("{{ {} }}", changes.join("; "))),
    ]
}

fn statement(whens: bool) -> impl Strategy<Value = String> {
    let when = (select(&CONDITIONS), edit()).prop_map(|(condition, edit)| format!("when {condition} {edit}"));
    let every = (1u64..9, 0u64..12, 0u64..12, edit())
        .prop_map(|(period, from, more, edit)| format!("every {period} from {from} to {} {edit}", from + more));
    let at = (0u64..=24, edit()).prop_map(|(cycle, edit)| format!("at {cycle} {edit}"));
    prop_oneof![6 => at, 2 => every, if whens { 4 } else { 0 } => when]
}

/// Up to five statements, with or without some that wait for a count.
pub(crate) fn script(whens: bool) -> impl Strategy<Value = String> {
    prop::collection::vec(statement(whens), 0..6).prop_map(|statements| statements.join("\n"))
}
