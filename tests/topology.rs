//! What a pipeline looks like: names, types, routes, at every revision.

use coroute::topology::NodeKind;
use coroute::{Body, Pipeline, PolicyKind, Route, Switch, Turn, body, filter, try_stage};
use insta::assert_snapshot;

/// A switch with three targets.
fn fork(route: Route) -> Pipeline<i64, i64> {
    let switch = Switch::new("fork").target("a", |x: i64| x).target("b", |x: i64| -x).target("c", |x: i64| x * x);
    switch.cloned().route(route).into_pipeline()
}

fn checkout() -> Pipeline<String, f64> {
    let v1 = Pipeline::new("v1").stage("cents", |text: String| text.len()).stage("price", |n: usize| n as f64 / 100.0);
    let tax = Switch::new("tax").target("de", |x: f64| x * 1.19).target("ch", |x: f64| x * 1.081).route("de");
    let v2 = Pipeline::new("v2").stage("price", try_stage(|text: &String| text.parse::<f64>())).stage("tax", tax);
    let checkout =
        Switch::new("checkout").target("v1", v1).target("v2", v2).route(Route::weighted([("v1", 95), ("v2", 5)]));
    Pipeline::new("shop").stage("trim", |line: String| line.trim().to_owned()).stage("checkout", checkout)
}

#[test]
fn a_pipeline_without_stages_is_one_line() {
    assert_snapshot!(Pipeline::<Vec<u8>, Vec<u8>>::new("empty").topology(), @"empty  Vec<u8> -> Vec<u8>  revision 0");
}

#[test]
fn a_flat_pipeline_is_a_list_with_its_types() {
    let pipeline = Pipeline::new("lengths")
        .stage("split", filter(|line: &String| !line.is_empty()))
        .stage("length", |line: String| line.len())
        .stage("pair", |n: usize| (n, Some(n)));
    assert_snapshot!(pipeline.topology(), @"
    lengths    String -> (usize, Option<usize>)  revision 0
    ├─ split   String -> String
    ├─ length  String -> usize
    └─ pair    usize -> (usize, Option<usize>)
    ");
}

#[test]
fn a_nested_pipeline_is_a_tree() {
    assert_snapshot!(checkout().topology(), @"
    shop            String -> f64     revision 0
    ├─ trim         String -> String
    └─ checkout     String -> f64     route v1:95 v2:5
       ├─ v1        String -> f64     live, pipeline
       │  ├─ cents  String -> usize
       │  └─ price  usize -> f64
       └─ v2        String -> f64     live, pipeline
          ├─ price  String -> f64
          └─ tax    f64 -> f64        route de
             ├─ de  f64 -> f64        live
             └─ ch  f64 -> f64
    ");
}

#[test]
fn a_coroutine_is_a_stage_like_any_other() {
    let echo: Body<i64, i64> = body(|mut io| async move {
        while let Some(item) = io.recv().await {
            io.emit(item);
        }
    });
    assert_snapshot!(Pipeline::new("p").stage("echo", echo).topology(), @"
    p        i64 -> i64  revision 0
    └─ echo  i64 -> i64
    ");
}

#[test]
fn each_policy_has_its_words() {
    let routes: [(PolicyKind, Route); 12] = [
        (PolicyKind::None, Route::none()),
        (PolicyKind::One, Route::to("a")),
        (PolicyKind::Once, Route::once("a")),
        (PolicyKind::All, Route::all(["a", "b"])),
        (PolicyKind::RoundRobin, Route::round_robin(["c", "a"])),
        (PolicyKind::Weighted, Route::weighted([("a", 95), ("b", 5)])),
        (PolicyKind::ByKey, Route::by_key(["a", "b", "c"], |x: &i64| x % 10)),
        (PolicyKind::When, Route::when(|x: &i64| *x > 0, "a", "b")),
        (PolicyKind::When, Route::choose(["a", "b", "c"], |x: &i64| usize::from(*x == 0))),
        (PolicyKind::Failover, Route::failover(["a", "b"])),
        (PolicyKind::Failover, Route::failover_retry(["a", "b"], 10)),
        (PolicyKind::Generator, Route::generator(["a", "b"], |mut turn: Turn| async move { turn.to("a").await })),
    ];
    let mut shown = String::new();
    for (kind, route) in routes {
        let topology = fork(route).topology();
        let Some(NodeKind::Switch { route, .. }) = topology.get("fork").map(|node| node.kind()) else { panic!() };
        assert_eq!(route.policy(), kind);
        shown += &topology.to_string();
    }
    assert_snapshot!(shown, @"
    fork     i64 -> i64  revision 0
    └─ fork  i64 -> i64  route none
       ├─ a  i64 -> i64
       ├─ b  i64 -> i64
       └─ c  i64 -> i64
    fork     i64 -> i64  revision 0
    └─ fork  i64 -> i64  route a
       ├─ a  i64 -> i64  live
       ├─ b  i64 -> i64
       └─ c  i64 -> i64
    fork     i64 -> i64  revision 0
    └─ fork  i64 -> i64  route once a
       ├─ a  i64 -> i64  live
       ├─ b  i64 -> i64
       └─ c  i64 -> i64
    fork     i64 -> i64  revision 0
    └─ fork  i64 -> i64  route all a b
       ├─ a  i64 -> i64  live
       ├─ b  i64 -> i64  live
       └─ c  i64 -> i64
    fork     i64 -> i64  revision 0
    └─ fork  i64 -> i64  route next c a
       ├─ a  i64 -> i64  live
       ├─ b  i64 -> i64
       └─ c  i64 -> i64  live
    fork     i64 -> i64  revision 0
    └─ fork  i64 -> i64  route a:95 b:5
       ├─ a  i64 -> i64  live
       ├─ b  i64 -> i64  live
       └─ c  i64 -> i64
    fork     i64 -> i64  revision 0
    └─ fork  i64 -> i64  route key a b c
       ├─ a  i64 -> i64  live
       ├─ b  i64 -> i64  live
       └─ c  i64 -> i64  live
    fork     i64 -> i64  revision 0
    └─ fork  i64 -> i64  route when a b
       ├─ a  i64 -> i64  live
       ├─ b  i64 -> i64  live
       └─ c  i64 -> i64
    fork     i64 -> i64  revision 0
    └─ fork  i64 -> i64  route when a b c
       ├─ a  i64 -> i64  live
       ├─ b  i64 -> i64  live
       └─ c  i64 -> i64  live
    fork     i64 -> i64  revision 0
    └─ fork  i64 -> i64  route failover a b
       ├─ a  i64 -> i64  live
       ├─ b  i64 -> i64  live
       └─ c  i64 -> i64
    fork     i64 -> i64  revision 0
    └─ fork  i64 -> i64  route failover a b retry 10
       ├─ a  i64 -> i64  live
       ├─ b  i64 -> i64  live
       └─ c  i64 -> i64
    fork     i64 -> i64  revision 0
    └─ fork  i64 -> i64  route generator a b
       ├─ a  i64 -> i64  live
       ├─ b  i64 -> i64  live
       └─ c  i64 -> i64
    ");
}

#[test]
fn a_switch_that_is_a_target_is_live_and_has_a_route() {
    let inner = Switch::new("inner").target("x", |x: i64| x).target("y", |x: i64| x).route("y");
    let outer = Switch::new("outer").target("inner", inner).target("z", |x: i64| x).route("inner");
    assert_snapshot!(outer.into_pipeline().topology(), @"
    outer        i64 -> i64  revision 0
    └─ outer     i64 -> i64  route inner
       ├─ inner  i64 -> i64  live, route y
       │  ├─ x   i64 -> i64
       │  └─ y   i64 -> i64  live
       └─ z      i64 -> i64
    ");
}

#[test]
fn taps_stand_behind_their_stage() {
    let pipeline = checkout();
    let controller = pipeline.controller();
    controller.tap("trim", "count", |_: &String| ()).unwrap();
    controller.tap("checkout/v2/price", "sum", |_: &f64| ()).unwrap();
    controller.insert_after("trim", "lower", |line: String| line.to_lowercase()).unwrap();
    assert_snapshot!(pipeline.topology(), @"
    shop            String -> f64     revision 3
    ├─ trim         String -> String
    ├─ count        String -> String  tap
    ├─ lower        String -> String
    └─ checkout     String -> f64     route v1:95 v2:5
       ├─ v1        String -> f64     live, pipeline
       │  ├─ cents  String -> usize
       │  └─ price  usize -> f64
       └─ v2        String -> f64     live, pipeline
          ├─ price  String -> f64
          ├─ sum    f64 -> f64        tap
          └─ tax    f64 -> f64        route de
             ├─ de  f64 -> f64        live
             └─ ch  f64 -> f64
    ");
}

#[test]
fn a_paused_pipeline_says_so() {
    let pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1);
    let controller = pipeline.controller();
    controller.pause().unwrap();
    assert!(pipeline.topology().is_paused());
    assert_snapshot!(pipeline.topology(), @"
    p       i64 -> i64  revision 1, paused
    └─ add  i64 -> i64
    ");
    controller.resume().unwrap();
    assert_snapshot!(pipeline.topology(), @"
    p       i64 -> i64  revision 2
    └─ add  i64 -> i64
    ");
}

#[test]
fn g0_every_kind_of_edit_shows_and_a_refused_one_does_not() {
    let pipeline = checkout();
    let controller = pipeline.controller();
    controller.route("checkout/v2/tax", Route::round_robin(["de", "ch"])).unwrap();
    controller.attach("checkout", "v3", |text: String| text.len() as f64).unwrap();
    controller.route("checkout", "v3").unwrap();
    controller.detach("checkout", "v1").unwrap();
    controller.rename("checkout/v2", "v0").unwrap();
    controller.rename("checkout/v3", "flat").unwrap();
    controller.push_front("lower", |line: String| line.to_lowercase()).unwrap();
    controller.move_after("lower", "trim").unwrap();
    controller.push_back("round", f64::round).unwrap();
    controller.replace("checkout/v0/price", |text: String| text.len() as f64).unwrap();
    controller.detach("checkout", "flat").unwrap_err();
    assert_snapshot!(pipeline.topology(), @"
    shop            String -> f64     revision 10
    ├─ trim         String -> String
    ├─ lower        String -> String
    ├─ checkout     String -> f64     route flat
    │  ├─ v0        String -> f64     pipeline
    │  │  ├─ price  String -> f64
    │  │  └─ tax    f64 -> f64        route next de ch
    │  │     ├─ de  f64 -> f64        live
    │  │     └─ ch  f64 -> f64        live
    │  └─ flat      String -> f64     live
    └─ round        f64 -> f64
    ");
}

#[test]
fn g3_an_edit_of_several_changes_is_one_revision() {
    let pipeline = fork(Route::to("a"));
    let before = pipeline.topology();
    let receipt = pipeline.controller().edit(|e| {
        e.route("fork", "b")?.rename("fork/b", "d")?.detach("fork", "a")?;
        e.attach("fork", "a", |x: i64| x + 1)
    });
    assert_eq!(receipt.unwrap().revision(), 1);
    assert_snapshot!(before, @"
    fork     i64 -> i64  revision 0
    └─ fork  i64 -> i64  route a
       ├─ a  i64 -> i64  live
       ├─ b  i64 -> i64
       └─ c  i64 -> i64
    ");
    assert_snapshot!(pipeline.topology(), @"
    fork     i64 -> i64  revision 1
    └─ fork  i64 -> i64  route d
       ├─ d  i64 -> i64  live
       ├─ c  i64 -> i64
       └─ a  i64 -> i64
    ");
}

#[test]
fn a_pipeline_that_was_taken_out_begins_anew() {
    let mut pipeline = checkout();
    let controller = pipeline.controller();
    controller.route("checkout", "v1").unwrap();
    controller.rename("checkout/v2", "old").unwrap();
    let receipt = controller.detach("checkout", "old").unwrap();
    pipeline.apply();
    let old = receipt.take_pipeline::<String, f64>("checkout/old").unwrap();
    assert_snapshot!(old.topology(), @"
    old       String -> f64  revision 0
    ├─ price  String -> f64
    └─ tax    f64 -> f64     route de
       ├─ de  f64 -> f64     live
       └─ ch  f64 -> f64
    ");
    assert_snapshot!(pipeline.topology(), @"
    shop            String -> f64     revision 3
    ├─ trim         String -> String
    └─ checkout     String -> f64     route v1
       └─ v1        String -> f64     live, pipeline
          ├─ cents  String -> usize
          └─ price  usize -> f64
    ");
}

#[test]
fn a_copy_can_be_walked_and_does_not_change() {
    let pipeline = checkout();
    let topology = pipeline.topology();
    pipeline.controller().remove("trim").unwrap();
    assert_eq!((topology.revision(), pipeline.topology().revision()), (0, 1));
    let names =
        |path| topology.get(path).map(|node| node.children().iter().map(|child| child.name().as_str()).collect());
    assert_eq!(names("checkout"), Some(vec!["v1", "v2"]));
    assert_eq!(names("checkout/v2/tax/de"), Some(vec![]));
    assert_eq!(names("checkout/v3"), None);
    let price = topology.get("checkout/v1/price").unwrap();
    assert_eq!((price.input().to_string(), price.output().to_string()), ("usize".into(), "f64".into()));
    assert_eq!(topology.root().name().as_str(), "shop");
    assert!(matches!(topology.get("trim").unwrap().kind(), NodeKind::Stage));
}
