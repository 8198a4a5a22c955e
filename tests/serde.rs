//! What serde writes and reads: the same in a text format and in a binary one.
#![cfg(feature = "serde")]

use std::fmt::Debug;

use coroute::{
    Change, Cut, Ledger, Name, OnFailure, Path, Pipeline, PolicyKind, Position, Recording, Route, RouteView, Script,
    Switch, Topology, filter, try_stage,
};
use insta::{assert_json_snapshot, assert_snapshot, assert_yaml_snapshot};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Writes a value and reads it back, as JSON and as postcard's bytes.
fn again<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> T {
    let text = serde_json::to_string(value).unwrap();
    let read: T = serde_json::from_str(&text).unwrap();
    assert_eq!(&read, value, "as JSON: {text}");
    let bytes = postcard::to_allocvec(value).unwrap();
    assert_eq!(&postcard::from_bytes::<T>(&bytes).unwrap(), value, "as bytes");
    read
}

fn flights() -> (Topology, Ledger) {
    let model = Switch::new("model").target("v1", |x: i64| x).target("v2", Pipeline::new("v2").stage("x", |x: i64| x));
    let mut pipeline = Pipeline::new("flights")
        .stage("parse", try_stage(|line: &String| line.parse::<i64>()))
        .stage("positive", filter(|x: &i64| *x > 0))
        .stage("model", model.route(Route::weighted([("v1", 95), ("v2", 5)])))
        .on_failure(OnFailure::skip());
    pipeline.controller().tap("parse", "watch", |_: &i64| ()).unwrap();
    for line in ["1", "x", "-1"] {
        pipeline.send(line.to_owned(), |_| ()).unwrap();
    }
    (pipeline.topology(), pipeline.ledger())
}

#[test]
fn a_topology_comes_back_and_is_drawn_the_same() {
    let (topology, ledger) = flights();
    let read = again(&topology);
    assert_eq!(read.tree().counts(&ledger).to_string(), topology.tree().counts(&ledger).to_string());
    assert_eq!(read.mermaid().to_string(), topology.mermaid().to_string());
    assert_eq!(read.dot().to_string(), topology.dot().to_string());
    assert!(topology.diff(&read).is_empty() && read.diff(&topology).is_empty());
}

#[test]
fn a_topology_that_was_read_back_is_compared_by_names() {
    let pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1).stage("neg", |x: i64| -x);
    let before = again(&pipeline.topology());
    pipeline.controller().edit(|e| e.rename("add", "plus")?.replace("neg", |x: i64| x)).unwrap();
    let changes = |diff: &[Change]| diff.iter().map(ToString::to_string).collect::<Vec<_>>();
    let after = pipeline.topology();
    assert_eq!(changes(before.diff(&after).changes()), ["remove add", "insert plus at the front"]);
}

#[test]
fn a_topology_as_yaml() {
    assert_yaml_snapshot!(flights().0, @"
    revision: 1
    paused: false
    root:
      name: flights
      input: String
      output: i64
      kind:
        pipeline:
          - name: parse
            input: String
            output: i64
            kind: stage
          - name: watch
            input: i64
            output: i64
            kind: tap
          - name: positive
            input: i64
            output: i64
            kind: stage
          - name: model
            input: i64
            output: i64
            kind:
              switch:
                route:
                  policy: weighted
                  targets:
                    - v1
                    - v2
                  weights:
                    - 95
                    - 5
                  retry: ~
                  by: ~
                targets:
                  - name: v1
                    input: i64
                    output: i64
                    kind: stage
                  - name: v2
                    input: i64
                    output: i64
                    kind:
                      pipeline:
                        - name: x
                          input: i64
                          output: i64
                          kind: stage
    ");
}

#[test]
fn a_ledger_comes_back() {
    let (_, ledger) = flights();
    assert_eq!(again(&ledger).to_string(), ledger.to_string());
    assert_json_snapshot!(ledger, @r#"
    {
      "accepted": 3,
      "split": 0,
      "delivered": 1,
      "dropped": 1,
      "failed": 1,
      "in_flight": 0,
      "rows": [
        {
          "stage": "parse",
          "dropped": 0,
          "merged": 0,
          "failed": 1,
          "split": 0,
          "held": 0,
          "gone": false
        },
        {
          "stage": "positive",
          "dropped": 1,
          "merged": 0,
          "failed": 0,
          "split": 0,
          "held": 0,
          "gone": false
        }
      ]
    }
    "#);
}

#[test]
fn every_route_comes_back() {
    let routes = [
        Route::none(),
        Route::to("a"),
        Route::once("a"),
        Route::all(["a", "b"]),
        Route::round_robin(["a", "b"]),
        Route::weighted([("a", 95), ("b", 5)]),
        Route::by_key(["a", "b"], |x: &i64| *x),
        Route::when(|x: &i64| *x > 0, "a", "b"),
        Route::failover_retry(["a", "b"], 10),
    ];
    routes.iter().for_each(|route| drop(again(&RouteView::from(route))));
    again(&RouteView::new(PolicyKind::ByKey, ["a", "b"]).unwrap().named("user").unwrap());
    again(&PolicyKind::RoundRobin);
    again(&Cut { last_old: None, first_new: 0 });
    again(&Cut { last_old: Some(6), first_new: 7 });
    again(&Path::default());
    again(&Path::new("model/v1").unwrap());
    assert_eq!(
        serde_json::from_str::<RouteView>(r#"{"policy": "one", "targets": ["a"]}"#).unwrap(),
        RouteView::from(&Route::to("a"))
    );
}

#[test]
fn g0_what_no_name_or_route_can_be_is_not_read() {
    let name = |text| serde_json::from_str::<Name>(text).unwrap_err().to_string();
    let path = |text| serde_json::from_str::<Path>(text).unwrap_err().to_string();
    let route = |text| serde_json::from_str::<RouteView>(text).unwrap_err().to_string();
    let errors = [
        name(r#""a b""#),
        name(r#""""#),
        path(r#""a//b""#),
        route(r#"{"policy": "weighted", "targets": ["a", "b"], "weights": [1]}"#),
        route(r#"{"policy": "one", "targets": ["a"], "weights": [1]}"#),
        route(r#"{"policy": "best", "targets": ["a"]}"#),
        route(r#"{"policy": "one", "targets": ["-a"]}"#),
    ];
    assert_snapshot!(errors.join("\n"), @r#"
    cannot use "a b" as a name: ' ' is not a letter, a digit, `_`, `-` or `.`
    cannot use "" as a name: it is empty
    cannot use "a//b" as a path: a name in it is empty
    cannot read a weighted route: 1 weights for 2 targets; give each its weight
    cannot read a route: 1 weights; only a weighted one has weights
    unknown variant `best`, expected one of `none`, `one`, `once`, `all`, `round_robin`, `weighted`, `by_key`, `when`, `failover`, `generator` at line 1 column 17
    cannot use "-a" as a name: it begins with '-'; begin with a letter, a digit or `_` at line 1 column 35
    "#);
}

#[test]
fn a_change_is_written_as_its_text() {
    let change = Change::insert("neg", Position::after("add").unwrap()).unwrap();
    assert_eq!(serde_json::to_string(&[change, Change::Pause]).unwrap(), r#"["insert neg after add","pause"]"#);
}

#[test]
fn a_trace_comes_back_with_its_edits_ways_and_reasons() {
    let sink =
        Switch::new("sink").target("disk", try_stage(|_: &i64| Err::<i64, _>("full"))).target("tape", |x: i64| x);
    let mut pipeline = Pipeline::new("p")
        .stage("odd", filter(|x: &i64| x % 2 != 0))
        .stage("sink", sink.route(Route::failover(["disk", "tape"])));
    let controller = pipeline.controller();
    for recording in [Recording::items().debug::<i64>(), Recording::runs()] {
        controller.record(recording).unwrap();
        pipeline.send_all(0..2, drop).unwrap();
        controller.edit(|e| e.route("sink", Route::weighted([("disk", 1), ("tape", 9)]))?.pause()?.resume()).unwrap();
        controller.route("sink", "tape").unwrap();
        pipeline.send_all(2..4, drop).unwrap();
        let trace = controller.trace();
        let read = again(&trace);
        assert_eq!(read.to_string(), trace.to_string());
        assert_eq!(read.marbles().to_string(), trace.marbles().to_string());
        assert_eq!(read.explain(1), trace.explain(1));
        assert_eq!(Script::try_from(&read).unwrap(), again(&Script::try_from(&trace).unwrap()));
    }
}

#[test]
fn a_script_and_a_change_are_written_as_text_and_checked_on_the_way_in() {
    let script: Script = "at 3 { pause; resume }\nexpect at 5 running".parse().unwrap();
    assert_eq!(serde_json::to_string(&script).unwrap(), r#""at 3 { pause; resume }\nexpect at 5 running\n""#);
    assert_eq!(again(&script), script);
    let error = serde_json::from_str::<Script>(r#""at 3 paus""#).unwrap_err().to_string();
    assert!(error.contains("did you mean \"pause\"?"), "{error}");
    assert!(serde_json::from_str::<Change>(r#""remove add; pause""#).is_err());
}

#[test]
fn a_topology_that_makes_no_sense_is_not_read() {
    let text = serde_json::to_string(&flights().0).unwrap();
    let refused = |from: &str, to: &str| {
        assert!(text.contains(from), "{text}");
        serde_json::from_str::<Topology>(&text.replacen(from, to, 1)).unwrap_err().to_string()
    };
    let twice = refused(r#""name":"watch""#, r#""name":"parse""#);
    assert!(twice.starts_with(r#""flights" has two nodes called "parse" inside"#), "{twice}");
    let line = refused(r#""input":"String""#, r#""input":"Str\ning""#);
    assert!(line.starts_with(r#"a type of "flights" has a control character"#), "{line}");
    let target = refused(r#""name":"v1""#, r#""name":"v9""#);
    assert!(target.starts_with(r#"the route of "model" names "v1", and there is no such target"#), "{target}");
}
