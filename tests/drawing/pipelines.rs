//! Pipelines to be drawn.

use proptest::collection::vec;
use proptest::prelude::*;

use coroute::{Ledger, OnFailure, Pipeline, Route, Switch, Topology, filter, filter_map, flat_map, try_stage};

/// A pipeline with something of everything, after some items.
pub(crate) fn flights() -> (Topology, Ledger) {
    let clean = Pipeline::new("clean")
        .stage("cancelled", filter(|row: &Vec<Option<String>>| row[0].is_some()))
        .stage("diverted", filter_map(|row: Vec<Option<String>>| row[0].clone()));
    let v3 = Pipeline::new("v3").stage("scale", |x: i64| x as f64).stage("round", f64::round);
    let model =
        Switch::new("model").target("v1", |x: i64| x as f64).target("v2", |x: i64| x as f64 * 1.5).target("v3", v3);
    let sink = Switch::new("sink").target("store", |_: f64| ()).target("spool", |_: f64| ());
    let mut pipeline = Pipeline::new("flights")
        .stage("parse", |line: &'static str| vec![Some(line.to_owned()).filter(|line| !line.is_empty())])
        .stage("clean", clean)
        .stage("legs", flat_map(|line: String| line.split('/').map(str::to_owned).collect::<Vec<_>>()))
        .stage("delay", try_stage(|leg: &String| leg.parse::<i64>()))
        .stage("model", model.route(Route::weighted([("v1", 95), ("v2", 5)])))
        .stage("sink", sink.route(Route::failover(["store", "spool"])))
        .on_failure(OnFailure::skip());
    pipeline.controller().tap("clean", "watch", |_: &String| ()).unwrap();
    for line in ["1", "", "2/3", "x", ""] {
        pipeline.send(line, |()| ()).unwrap();
    }
    (pipeline.topology(), pipeline.ledger())
}

/// Two switches, one behind the other.
pub(crate) fn stepwise(first: Switch<i64, i64>, second: Switch<i64, i64>) -> Topology {
    Pipeline::new("p").stage("s", first).stage("t", second).topology()
}

/// Names that are words of Mermaid or DOT, that look like ids made of others, or that no ASCII letter is in.
pub(crate) fn nasty() -> Pipeline<i64, i64> {
    let words = [
        "end",
        "End",
        "graph",
        "subgraph",
        "style",
        "click",
        "default",
        "node",
        "edge",
        "digraph",
        "strict",
        "constructor",
    ];
    let pairs =
        ["a_b", "a__b", "a-b", "a.b", "ax2dxb", "_a", "a_", "__in", "in", "_", "x", "1", "1.", "2-", "__proto__"];
    let others = ["größe", "大きさ", "ж", "o", "b"];
    let names = words.iter().chain(&pairs).chain(&others);
    let pipeline = names.fold(Pipeline::new("graph"), |pipeline, name| pipeline.stage(*name, |x: i64| x));
    let empty = Pipeline::<i64, i64>::new("end");
    let inner = Switch::new("end").target("end", empty).target("in", |x: i64| x).route("in");
    pipeline.stage("a", Pipeline::new("a").stage("b", |x: i64| x).stage("_b", |x: i64| x).stage("end_", inner))
}

/// What a random pipeline is made of.
#[derive(Debug, Clone)]
pub(crate) enum Shape {
    Stage,
    Tapped,
    Row(Vec<Shape>),
    /// Targets, and whether the route leads to each.
    Fork(Vec<(Shape, bool)>),
}

pub(crate) fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    let shape = prop_oneof![Just(Shape::Stage), Just(Shape::Tapped)].prop_recursive(4, 40, 5, |inner| {
        let row = vec(inner.clone(), 0..4).prop_map(Shape::Row);
        prop_oneof![row, vec((inner, any::<bool>()), 0..4).prop_map(Shape::Fork)]
    });
    vec(shape, 0..6)
}

/// A pipeline of that shape; the names are such as make trouble.
pub(crate) fn pipeline(name: &str, shapes: &[Shape]) -> Pipeline<i64, i64> {
    const NAMES: [&str; 8] = ["end", "a_b", "a__b", "_", "ж", "v-1.", "style", "x"];
    let names = (0..).map(|at: usize| format!("{}{}", NAMES[at % NAMES.len()], "_".repeat(at / NAMES.len())));
    let (mut pipeline, mut taps) = (Pipeline::new(name), Vec::new());
    for (shape, name) in shapes.iter().zip(names.clone()) {
        pipeline = match shape {
            Shape::Stage | Shape::Tapped => pipeline.stage(&name, |x: i64| x),
            Shape::Row(inner) => pipeline.stage(&name, self::pipeline(&name, inner)),
            Shape::Fork(targets) => {
                let mut switch = Switch::new(&name).cloned();
                for ((target, _), name) in targets.iter().zip(names.clone()) {
                    switch = match target {
                        Shape::Row(inner) => switch.target(&name, self::pipeline(&name, inner)),
                        other => switch.target(&name, self::pipeline(&name, std::slice::from_ref(other))),
                    };
                }
                let live: Vec<(String, u32)> = targets
                    .iter()
                    .zip(names.clone())
                    .filter(|((_, live), _)| *live)
                    .map(|(_, name)| (name, 7))
                    .collect();
                pipeline.stage(&name, if live.is_empty() { switch } else { switch.route(Route::weighted(live)) })
            }
        };
        if matches!(shape, Shape::Tapped) {
            taps.push(name);
        }
    }
    taps.iter().for_each(|name| drop(pipeline.controller().tap(name, format!("t{name}"), |_: &i64| ()).unwrap()));
    pipeline
}
