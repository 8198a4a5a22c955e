//! Topologies as tree, Mermaid and DOT; whether `dot` takes them is in `graphviz.rs`.

#[path = "drawing/graphviz.rs"]
mod graphviz;
#[path = "drawing/pipelines.rs"]
mod pipelines;

use coroute::topology::Drawing;
use coroute::{Pipeline, Route, Switch};
use insta::assert_snapshot;

use pipelines::{flights, nasty, stepwise};

/// The lines of the one that the other does not have.
fn only(one: Drawing<'_>, other: Drawing<'_>) -> String {
    let other = other.to_string();
    one.to_string()
        .lines()
        .filter(|line| !other.lines().any(|known| known == *line))
        .map(|line| format!("{line}\n"))
        .collect()
}

#[test]
fn a_rich_pipeline_as_a_tree_with_counts() {
    let (topology, ledger) = flights();
    assert_snapshot!(topology.tree().counts(&ledger), @"
    flights          &str -> ()                                  revision 1                  accepted 5, delivered 3, split 1, dropped 2, failed 1
    ├─ parse         &str -> Vec<Option<String>>
    ├─ clean         Vec<Option<String>> -> String               pipeline
    │  ├─ cancelled  Vec<Option<String>> -> Vec<Option<String>>                              dropped 2
    │  └─ diverted   Vec<Option<String>> -> String
    ├─ watch         String -> String                            tap
    ├─ legs          String -> String                                                        split 1
    ├─ delay         String -> i64                                                           failed 1
    ├─ model         i64 -> f64                                  route v1:95 v2:5
    │  ├─ v1         i64 -> f64                                  live
    │  ├─ v2         i64 -> f64                                  live
    │  └─ v3         i64 -> f64                                  pipeline
    │     ├─ scale   i64 -> f64
    │     └─ round   f64 -> f64
    └─ sink          f64 -> ()                                   route failover store spool
       ├─ store      f64 -> ()                                   live
       └─ spool      f64 -> ()                                   live
    ");
    assert_eq!(topology.tree().to_string(), topology.to_string());
}

#[test]
fn a_rich_pipeline_as_mermaid() {
    let (topology, ledger) = flights();
    assert_snapshot!(topology.mermaid(), @r##"
    ---
    title: "flights, revision 1"
    ---
    flowchart LR
        __in(["#amp;str"])
        parse["parse<br>#amp;str -> Vec#lt;Option#lt;String>>"]
        subgraph clean ["clean, Vec#lt;Option#lt;String>> -> String"]
            clean__cancelled["cancelled<br>Vec#lt;Option#lt;String>> -> Vec#lt;Option#lt;String>>"]
            clean__diverted["diverted<br>Vec#lt;Option#lt;String>> -> String"]
        end
        watch>"watch<br>String -> String<br>tap"]
        legs["legs<br>String -> String"]
        delay["delay<br>String -> i64"]
        model{{"model<br>i64 -> f64<br>route v1:95 v2:5"}}
        model__v1["v1<br>i64 -> f64"]
        model__v2["v2<br>i64 -> f64"]
        subgraph model__v3 ["v3, i64 -> f64"]
            model__v3__scale["scale<br>i64 -> f64"]:::idle
            model__v3__round["round<br>f64 -> f64"]:::idle
        end
        class model__v3 idle
        sink{{"sink<br>f64 -> ()<br>route failover store spool"}}
        sink__store["store<br>f64 -> ()"]
        sink__spool["spool<br>f64 -> ()"]
        __out(["()"])
        __in --> parse
        parse --> clean__cancelled
        clean__cancelled --> clean__diverted
        clean__diverted --> watch
        watch --> legs
        legs --> delay
        delay --> model
        model ==>|95| model__v1
        model ==>|5| model__v2
        model -.-> model__v3__scale
        model__v3__scale --> model__v3__round
        model__v1 ==> sink
        model__v2 ==> sink
        model__v3__round -.-> sink
        sink ==> sink__store
        sink ==> sink__spool
        sink__store ==> __out
        sink__spool ==> __out
        classDef idle stroke-dasharray:5 4
    "##);
    assert_snapshot!(only(topology.mermaid().counts(&ledger), topology.mermaid()), @r#"
    title: "flights, revision 1, accepted 5, delivered 3, split 1, dropped 2, failed 1"
            clean__cancelled["cancelled<br>Vec#lt;Option#lt;String>> -> Vec#lt;Option#lt;String>><br>dropped 2"]
        legs["legs<br>String -> String<br>split 1"]
        delay["delay<br>String -> i64<br>failed 1"]
    "#);
}

#[test]
fn a_rich_pipeline_as_dot() {
    let (topology, ledger) = flights();
    assert_snapshot!(topology.dot(), @r#"
    digraph "flights" {
      rankdir=LR labelloc=t label="flights, revision 1"
      fontname="sans-serif" node [shape=box fontname="sans-serif"] edge [fontname="sans-serif"]
      "/in" [label="&amp;str" shape=oval]
      "parse" [label="parse\n&amp;str -> Vec<Option<String>>"]
      subgraph "cluster_clean" {
        label="clean\nVec<Option<String>> -> String" style=rounded
        "clean/cancelled" [label="cancelled\nVec<Option<String>> -> Vec<Option<String>>"]
        "clean/diverted" [label="diverted\nVec<Option<String>> -> String"]
      }
      "watch" [label="watch\nString -> String\ntap" shape=note]
      "legs" [label="legs\nString -> String"]
      "delay" [label="delay\nString -> i64"]
      "model" [label="model\ni64 -> f64\nroute v1:95 v2:5" shape=hexagon]
      "model/v1" [label="v1\ni64 -> f64"]
      "model/v2" [label="v2\ni64 -> f64"]
      subgraph "cluster_model/v3" {
        label="v3\ni64 -> f64" style=dashed
        "model/v3/scale" [label="scale\ni64 -> f64" style=dashed]
        "model/v3/round" [label="round\nf64 -> f64" style=dashed]
      }
      "sink" [label="sink\nf64 -> ()\nroute failover store spool" shape=hexagon]
      "sink/store" [label="store\nf64 -> ()"]
      "sink/spool" [label="spool\nf64 -> ()"]
      "/out" [label="()" shape=oval]
      "/in" -> "parse"
      "parse" -> "clean/cancelled"
      "clean/cancelled" -> "clean/diverted"
      "clean/diverted" -> "watch"
      "watch" -> "legs"
      "legs" -> "delay"
      "delay" -> "model"
      "model" -> "model/v1" [label=95 penwidth=3]
      "model" -> "model/v2" [label=5 penwidth=3]
      "model" -> "model/v3/scale" [style=dashed]
      "model/v3/scale" -> "model/v3/round"
      "model/v1" -> "sink" [penwidth=3]
      "model/v2" -> "sink" [penwidth=3]
      "model/v3/round" -> "sink" [style=dashed]
      "sink" -> "sink/store" [penwidth=3]
      "sink" -> "sink/spool" [penwidth=3]
      "sink/store" -> "/out" [penwidth=3]
      "sink/spool" -> "/out" [penwidth=3]
    }
    "#);
    assert_snapshot!(only(topology.dot().counts(&ledger), topology.dot()), @r#"
    rankdir=LR labelloc=t label="flights, revision 1\naccepted 5, delivered 3, split 1, dropped 2, failed 1"
      "clean/cancelled" [label="cancelled\nVec<Option<String>> -> Vec<Option<String>>\ndropped 2"]
    "legs" [label="legs\nString -> String\nsplit 1"]
    "delay" [label="delay\nString -> i64\nfailed 1"]
    "#);
}

#[test]
fn a_paused_pipeline_without_stages_leads_from_its_start_to_its_end() {
    let pipeline = Pipeline::<&'static str, &'static str>::new("empty");
    pipeline.controller().pause().unwrap();
    let topology = pipeline.topology();
    assert_snapshot!(topology.mermaid(), @r##"
    ---
    title: "empty, revision 1, paused"
    ---
    flowchart LR
        __in(["#amp;str"])
        __out(["#amp;str"])
        __in --> __out
    "##);
    assert_snapshot!(topology.dot(), @r#"
    digraph "empty" {
      rankdir=LR labelloc=t label="empty, revision 1, paused"
      fontname="sans-serif" node [shape=box fontname="sans-serif"] edge [fontname="sans-serif"]
      "/in" [label="&amp;str" shape=oval]
      "/out" [label="&amp;str" shape=oval]
      "/in" -> "/out"
    }
    "#);
}

#[test]
fn an_empty_pipeline_inside_has_a_place_for_what_passes() {
    let pipeline = Pipeline::new("p").stage("none", Pipeline::<i64, i64>::new("none"));
    assert_snapshot!(pipeline.topology().mermaid(), @r#"
    ---
    title: "p, revision 0"
    ---
    flowchart LR
        __in(["i64"])
        subgraph none ["none, i64 -> i64"]
            none_["no stages"]
        end
        __out(["i64"])
        __in --> none_
        none_ --> __out
    "#);
    assert_snapshot!(pipeline.topology().dot(), @r#"
    digraph "p" {
      rankdir=LR labelloc=t label="p, revision 0"
      fontname="sans-serif" node [shape=box fontname="sans-serif"] edge [fontname="sans-serif"]
      "/in" [label="i64" shape=oval]
      subgraph "cluster_none" {
        label="none\ni64 -> i64" style=rounded
        "none/" [label="no stages" shape=plaintext]
      }
      "/out" [label="i64" shape=oval]
      "/in" -> "none/"
      "none/" -> "/out"
    }
    "#);
}

#[test]
fn a_switch_without_targets_leads_nowhere_yet() {
    let topology = stepwise(Switch::<i64, i64>::new("s"), Switch::new("t").target("a", |x: i64| x));
    assert_snapshot!(topology.mermaid(), @r#"
    ---
    title: "p, revision 0"
    ---
    flowchart LR
        __in(["i64"])
        s{{"s<br>i64 -> i64<br>route none"}}
        t{{"t<br>i64 -> i64<br>route none"}}
        t__a["a<br>i64 -> i64"]:::idle
        __out(["i64"])
        __in --> s
        s -.-> t
        t -.-> t__a
        t__a -.-> __out
        classDef idle stroke-dasharray:5 4
    "#);
    assert_snapshot!(topology.dot(), @r#"
    digraph "p" {
      rankdir=LR labelloc=t label="p, revision 0"
      fontname="sans-serif" node [shape=box fontname="sans-serif"] edge [fontname="sans-serif"]
      "/in" [label="i64" shape=oval]
      "s" [label="s\ni64 -> i64\nroute none" shape=hexagon]
      "t" [label="t\ni64 -> i64\nroute none" shape=hexagon]
      "t/a" [label="a\ni64 -> i64" style=dashed]
      "/out" [label="i64" shape=oval]
      "/in" -> "s"
      "s" -> "t" [style=dashed]
      "t" -> "t/a" [style=dashed]
      "t/a" -> "/out" [style=dashed]
    }
    "#);
}

#[test]
fn where_two_switches_follow_each_other_all_targets_of_one_lead_to_the_other() {
    let first = Switch::new("s").target("a", |x: i64| x).target("b", |x: i64| x).cloned().route(Route::all(["a", "b"]));
    let second = Switch::new("t").target("a", |x: i64| x).target("b", |x: i64| x).route(Route::none());
    assert_snapshot!(stepwise(first, second).mermaid(), @r#"
    ---
    title: "p, revision 0"
    ---
    flowchart LR
        __in(["i64"])
        s{{"s<br>i64 -> i64<br>route all a b"}}
        s__a["a<br>i64 -> i64"]
        s__b["b<br>i64 -> i64"]
        t{{"t<br>i64 -> i64<br>route none"}}
        t__a["a<br>i64 -> i64"]:::idle
        t__b["b<br>i64 -> i64"]:::idle
        __out(["i64"])
        __in --> s
        s ==> s__a
        s ==> s__b
        s__a ==> t
        s__b ==> t
        t -.-> t__a
        t -.-> t__b
        t__a -.-> __out
        t__b -.-> __out
        classDef idle stroke-dasharray:5 4
    "#);
}

#[test]
fn what_is_inside_an_idle_target_is_idle() {
    let inner = Switch::new("inner").target("x", |x: i64| x).target("y", |x: i64| x).route("x");
    let idle = Pipeline::new("idle").stage("add", |x: i64| x + 1).stage("inner", inner);
    let outer = Switch::new("outer").target("idle", idle).target("live", |x: i64| x).route("live");
    let topology = outer.into_pipeline().topology();
    assert_snapshot!(topology.mermaid(), @r#"
    ---
    title: "outer, revision 0"
    ---
    flowchart LR
        __in(["i64"])
        outer{{"outer<br>i64 -> i64<br>route live"}}
        subgraph outer__idle ["idle, i64 -> i64"]
            outer__idle__add["add<br>i64 -> i64"]:::idle
            outer__idle__inner{{"inner<br>i64 -> i64<br>route x"}}:::idle
            outer__idle__inner__x["x<br>i64 -> i64"]:::idle
            outer__idle__inner__y["y<br>i64 -> i64"]:::idle
        end
        class outer__idle idle
        outer__live["live<br>i64 -> i64"]
        __out(["i64"])
        __in --> outer
        outer -.-> outer__idle__add
        outer__idle__add --> outer__idle__inner
        outer__idle__inner --> outer__idle__inner__x
        outer__idle__inner -.-> outer__idle__inner__y
        outer ==> outer__live
        outer__idle__inner__x -.-> __out
        outer__idle__inner__y -.-> __out
        outer__live ==> __out
        classDef idle stroke-dasharray:5 4
    "#);
    assert_snapshot!(topology.dot(), @r#"
    digraph "outer" {
      rankdir=LR labelloc=t label="outer, revision 0"
      fontname="sans-serif" node [shape=box fontname="sans-serif"] edge [fontname="sans-serif"]
      "/in" [label="i64" shape=oval]
      "outer" [label="outer\ni64 -> i64\nroute live" shape=hexagon]
      subgraph "cluster_outer/idle" {
        label="idle\ni64 -> i64" style=dashed
        "outer/idle/add" [label="add\ni64 -> i64" style=dashed]
        "outer/idle/inner" [label="inner\ni64 -> i64\nroute x" shape=hexagon style=dashed]
        "outer/idle/inner/x" [label="x\ni64 -> i64" style=dashed]
        "outer/idle/inner/y" [label="y\ni64 -> i64" style=dashed]
      }
      "outer/live" [label="live\ni64 -> i64"]
      "/out" [label="i64" shape=oval]
      "/in" -> "outer"
      "outer" -> "outer/idle/add" [style=dashed]
      "outer/idle/add" -> "outer/idle/inner"
      "outer/idle/inner" -> "outer/idle/inner/x"
      "outer/idle/inner" -> "outer/idle/inner/y" [style=dashed]
      "outer" -> "outer/live" [penwidth=3]
      "outer/idle/inner/x" -> "/out" [style=dashed]
      "outer/idle/inner/y" -> "/out" [style=dashed]
      "outer/live" -> "/out" [penwidth=3]
    }
    "#);
}

#[test]
fn ids_differ_where_paths_differ_and_are_no_words_of_mermaid() {
    let pipeline = nasty();
    assert_snapshot!(pipeline.topology().mermaid(), @r#"
    ---
    title: "graph, revision 0"
    ---
    flowchart LR
        __in(["i64"])
        _end["end<br>i64 -> i64"]
        _End["End<br>i64 -> i64"]
        _graph["graph<br>i64 -> i64"]
        _subgraph["subgraph<br>i64 -> i64"]
        _style["style<br>i64 -> i64"]
        _click["click<br>i64 -> i64"]
        _default["default<br>i64 -> i64"]
        node["node<br>i64 -> i64"]
        edge["edge<br>i64 -> i64"]
        digraph["digraph<br>i64 -> i64"]
        strict["strict<br>i64 -> i64"]
        _constructor["constructor<br>i64 -> i64"]
        a_b["a_b<br>i64 -> i64"]
        _ax5fxx5fxb["a__b<br>i64 -> i64"]
        _ax2dxb["a-b<br>i64 -> i64"]
        _ax2exb["a.b<br>i64 -> i64"]
        ax2dxb["ax2dxb<br>i64 -> i64"]
        _x5fxa["_a<br>i64 -> i64"]
        _ax5fx["a_<br>i64 -> i64"]
        _x5fxx5fxin["__in<br>i64 -> i64"]
        in["in<br>i64 -> i64"]
        _x5fx["_<br>i64 -> i64"]
        x["x<br>i64 -> i64"]
        1["1<br>i64 -> i64"]
        _1x2ex["1.<br>i64 -> i64"]
        _2x2dx["2-<br>i64 -> i64"]
        _x5fxx5fxprotox5fxx5fx["__proto__<br>i64 -> i64"]
        _grxf6xxdfxe["größe<br>i64 -> i64"]
        _x5927xx304dxx3055x["大きさ<br>i64 -> i64"]
        _x436x["ж<br>i64 -> i64"]
        o["o<br>i64 -> i64"]
        b["b<br>i64 -> i64"]
        subgraph a ["a, i64 -> i64"]
            a__b["b<br>i64 -> i64"]
            a___x5fxb["_b<br>i64 -> i64"]
            a___endx5fx{{"end_<br>i64 -> i64<br>route in"}}
            subgraph a___endx5fx___end ["end, i64 -> i64"]
                a___endx5fx___end_["no stages"]:::idle
            end
            class a___endx5fx___end idle
            a___endx5fx__in["in<br>i64 -> i64"]
        end
        __out(["i64"])
        __in --> _end
        _end --> _End
        _End --> _graph
        _graph --> _subgraph
        _subgraph --> _style
        _style --> _click
        _click --> _default
        _default --> node
        node --> edge
        edge --> digraph
        digraph --> strict
        strict --> _constructor
        _constructor --> a_b
        a_b --> _ax5fxx5fxb
        _ax5fxx5fxb --> _ax2dxb
        _ax2dxb --> _ax2exb
        _ax2exb --> ax2dxb
        ax2dxb --> _x5fxa
        _x5fxa --> _ax5fx
        _ax5fx --> _x5fxx5fxin
        _x5fxx5fxin --> in
        in --> _x5fx
        _x5fx --> x
        x --> 1
        1 --> _1x2ex
        _1x2ex --> _2x2dx
        _2x2dx --> _x5fxx5fxprotox5fxx5fx
        _x5fxx5fxprotox5fxx5fx --> _grxf6xxdfxe
        _grxf6xxdfxe --> _x5927xx304dxx3055x
        _x5927xx304dxx3055x --> _x436x
        _x436x --> o
        o --> b
        b --> a__b
        a__b --> a___x5fxb
        a___x5fxb --> a___endx5fx
        a___endx5fx -.-> a___endx5fx___end_
        a___endx5fx ==> a___endx5fx__in
        a___endx5fx___end_ -.-> __out
        a___endx5fx__in ==> __out
        classDef idle stroke-dasharray:5 4
    "#);
}

#[test]
fn the_readme_shows_what_is_drawn() {
    struct Line;
    struct Row;
    struct Flight;
    struct Delay;
    struct Forecast;
    let pipeline = Pipeline::new("flights")
        .workers("parse", 2, || |_: Line| Row)
        .thread("clean", |t| t.stage("cancelled", |row: Row| row).stage("diverted", |_: Row| Flight))
        .stage("classify", |_: Flight| Delay)
        .stage("model", Switch::new("model").target("v1", |_: Delay| Forecast).route("v1"))
        .stage("sink", Switch::new("sink").target("store", |_: Forecast| ()).route("store"));
    let controller = pipeline.controller();
    controller.tap("clean", "watch", |_: &Flight| ()).unwrap();
    let canary = Route::weighted([("v1", 95), ("v2", 5)]);
    controller.edit(|e| e.attach("model", "v2", |_: Delay| Forecast)?.route("model", canary)).unwrap();
    let drawn = format!("```mermaid\n{}```\n", pipeline.topology().mermaid());
    let readme = include_str!("../README.md");
    assert!(readme.contains(&drawn), "the README does not show\n{drawn}");
}

#[test]
fn g5_a_hundred_thousand_targets_are_drawn_in_good_time() {
    let names: Vec<String> = (0..100_000).map(|target| format!("t{target}")).collect();
    let switch = names.iter().fold(Switch::new("s"), |switch, name| switch.target(name, |x: i64| x));
    let live = Route::round_robin(&names[..1000]);
    let topology = Pipeline::new("p").stage("s", switch.route(live)).stage("add", |x: i64| x).topology();
    let count = |text: String, what: &str| text.matches(what).count();
    assert_eq!(count(topology.to_string(), "live"), 1000);
    assert_eq!(count(topology.mermaid().to_string(), "==>"), 2000);
    assert_eq!(count(topology.mermaid().to_string(), "-.->"), 2 * 99_000);
    assert_eq!(count(topology.dot().to_string(), "penwidth"), 2000);
}
