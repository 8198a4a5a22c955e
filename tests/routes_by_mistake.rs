//! The guide's page on testing routes, as a test: its snapshots hold, and a reroute by mistake breaks them.

use coroute::{Controller, EditError, Pipeline, Recording, Route, Switch};
use insta::assert_snapshot;

fn shop(weights: [u32; 2]) -> Pipeline<u64, u64> {
    let model = Switch::new("model")
        .target("v1", |cents: u64| cents + 100)
        .target("v2", |cents: u64| cents + 80)
        .route(Route::weighted(["v1", "v2"].into_iter().zip(weights)));
    Pipeline::new("shop")
        .stage("tax", |cents: u64| cents * 119 / 100)
        .switch(model)
        .stage("round", |cents: u64| cents / 10 * 10)
}

fn promote(shop: &Controller) -> Result<(), EditError> {
    shop.route("model", "v2").map(drop)
}

fn is_built_as_agreed(shop: &Pipeline<u64, u64>) {
    assert_snapshot!(shop.topology(), @"
    shop      u64 -> u64  revision 0
    ├─ tax    u64 -> u64
    ├─ model  u64 -> u64  route v1:95 v2:5
    │  ├─ v1  u64 -> u64  live
    │  └─ v2  u64 -> u64  live
    └─ round  u64 -> u64
    ");
}

fn is_promoted_as_agreed(mut shop: Pipeline<u64, u64>) {
    let controller = shop.controller();
    controller.record(Recording::items()).unwrap();
    shop.send_all(0..60, drop).unwrap();
    promote(&controller).unwrap();
    shop.send_all(60..80, drop).unwrap();
    let trace = controller.trace();
    assert_snapshot!(trace.runs(), @"
    cycles  0..=59  r0  tax > model[v1] > round  57 items
    cycles 10..=50  r0  tax > model[v2] > round   3 items
    cycle  60       r1  = route model -> v2
    cycles 60..=79  r1  tax > model[v2] > round  20 items
    ");
    assert_snapshot!(trace.marbles(), @"
    cycle  0         10        20        30        40        50        60        70
    edit   ............................................................1...................
    v1     aaaaaaaaaa.aaaaaaaaaaaaaaaaaaa.aaaaaaaaaaaaaaaaaaa.aaaaaaaaa....................
    v2     ..........b...................b...................b.........bbbbbbbbbbbbbbbbbbbb

    a   tax > model[v1] > round
    b   tax > model[v2] > round
    r1  cycle 60: route model -> v2
    ");
    assert_snapshot!(trace.explain(10).unwrap(), @"
    cycle 10, revision 0: tax > model[v2] > round -> 1
    revision 0: as built
    model[v2]: by weight, slot 11 of 100
    ");
}

#[test]
fn the_shop_is_built_and_promoted_as_agreed() {
    is_built_as_agreed(&shop([95, 5]));
    is_promoted_as_agreed(shop([95, 5]));
}

/// The lines of `after` that are not in `before`.
fn new_lines(before: &str, after: &str) -> Vec<String> {
    after.lines().filter(|line| !before.lines().any(|known| known == *line)).map(str::to_owned).collect()
}

#[test]
fn a_reroute_by_mistake_changes_the_lines_that_the_guide_shows() {
    let guide = include_str!("../src/guide/testing.md");
    let run = |weights| {
        let mut shop = shop(weights);
        let controller = shop.controller();
        controller.record(Recording::items()).unwrap();
        let built = shop.topology().to_string();
        shop.send_all(0..60, drop).unwrap();
        promote(&controller).unwrap();
        shop.send_all(60..80, drop).unwrap();
        (built, controller.trace().runs().to_string())
    };
    let (agreed, mistaken) = (run([95, 5]), run([5, 95]));
    let built = new_lines(&agreed.0, &mistaken.0);
    let went = new_lines(&agreed.1, &mistaken.1);
    assert_eq!((built.len(), went.len()), (1, 2));
    for line in built.iter().chain(&went) {
        assert!(guide.contains(&format!("│+{line}")), "the guide does not show the line {line}");
    }
}
