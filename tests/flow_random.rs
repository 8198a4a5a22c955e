//! Random pipelines between streams and sinks: stages that wait, edits at random moments, sinks that stall, failures,
//! cancellations; everything follows from a seed.
//!
//! Items write down their own way, receipts say where each edit cut the stream, and so a run is checked in linear time,
//! without a second engine: the way of an item must be one of the pipeline as it was under the item's revision.

#[path = "flow_random/build.rs"]
mod build;
#[path = "flow_random/check.rs"]
mod check;
#[path = "flow_random/controls.rs"]
mod controls;
#[path = "flow_random/draw.rs"]
mod draw;
#[path = "flow_random/edits.rs"]
mod edits;
#[path = "sim/hop.rs"]
mod hop;
#[path = "flow_random/item.rs"]
mod item;
#[path = "flow_random/model.rs"]
mod model;
#[path = "flow_random/places.rs"]
mod places;
#[path = "flow_random/run.rs"]
mod run;
#[allow(dead_code)]
mod sim;
#[path = "flow_random/tell.rs"]
mod tell;
#[path = "flow_random/walk.rs"]
mod walk;
#[path = "flow_random/worlds.rs"]
mod worlds;

use check::History;
use draw::{Draw, Menu};
use model::Node;
use run::{Driver, Plan};
use sim::seed::seeds;

/// Stages one behind the other, nothing fails.
const PLAIN: Menu = Menu {
    ends: false,
    faults: false,
    stalls: false,
    unordered: false,
    hurry: false,
    failover: false,
    rules: false,
    resend: false,
    switches: false,
    inside: false,
    lie: false,
    items: 20,
    edits: 6,
};

fn check(seed: u64, plan: Plan) {
    let history = run::run(seed, plan);
    if let Err(why) = history.check() {
        panic!("{why}\n{}", history.told);
    }
}

/// A plan of that menu, with the drivers in turn.
fn plan(seed: u64, menu: Menu) -> Plan {
    let drivers = [Driver::Through, Driver::Flow, Driver::Drive, Driver::Forward];
    let driver = drivers[seed as usize % if menu.ends { 4 } else { 2 }];
    let stop = menu.faults && seed.is_multiple_of(5) && matches!(driver, Driver::Through | Driver::Drive);
    Plan { menu, driver, stop, shape: None, end: None }
}

fn all(count: u64, menu: Menu) {
    seeds(count, |seed| check(seed, plan(seed, menu)));
}

#[test]
fn chains_with_edits() {
    all(600, PLAIN);
}

#[test]
fn chains_with_faults_and_rules() {
    all(600, Menu { faults: true, rules: true, inside: true, ..PLAIN });
}

#[test]
fn switches_with_edits() {
    all(600, Menu { switches: true, ..PLAIN });
}

#[test]
fn switches_with_faults_and_rules() {
    all(600, Menu { switches: true, faults: true, rules: true, inside: true, ..PLAIN });
}

#[test]
fn switches_in_a_hurry_and_out_of_order() {
    all(600, Menu { switches: true, faults: true, rules: true, hurry: true, unordered: true, failover: true, ..PLAIN });
}

#[test]
fn sinks_with_edits() {
    all(600, Menu { switches: true, ends: true, ..PLAIN });
}

#[test]
fn sinks_that_fail_and_stand_still() {
    all(600, Menu { switches: true, ends: true, faults: true, stalls: true, rules: true, inside: true, ..PLAIN });
}

#[test]
fn failover_and_items_sent_again() {
    all(600, Menu { switches: true, faults: true, failover: true, rules: true, resend: true, ..PLAIN });
}

#[test]
fn pipelines_dropped_with_items_inside() {
    seeds(600, |seed| {
        let ends = seed.is_multiple_of(2);
        let menu = Menu { ends, switches: true, faults: true, stalls: true, rules: true, hurry: true, ..PLAIN };
        let end = Some(std::time::Duration::from_millis(seed * 7 % 50));
        check(seed, Plan { end, ..plan(seed / 2, menu) });
    });
}

#[test]
fn g4_a_source_that_waits_at_a_stalled_sink_leaves_with_the_commit() {
    seeds(200, |seed| {
        let (committed, taken) = worlds::leaves_a_stalled_sink(seed);
        assert_eq!(taken, Some(committed), "no time passes");
    });
}

#[test]
fn g8_a_branch_does_not_notice_what_is_edited_in_another() {
    seeds(200, |seed| assert_eq!(worlds::undisturbed(seed, true), worlds::undisturbed(seed, false)));
}

#[test]
fn g5_what_is_inside_is_bounded_by_the_capacities() {
    let menu = Menu { switches: true, unordered: true, ..PLAIN };
    let mut full = 0;
    for seed in 0..1500 {
        let (inside, bound) = worlds::filled(seed, menu);
        assert!(inside <= bound, "seed {seed}: {inside} are inside, and no more than {bound} may be");
        full += u64::from(inside + 2 >= bound);
    }
    assert!(full > 100, "the bound is reached in {full}");
}

#[test]
fn g5_no_more_is_pulled_than_there_is_room_for() {
    seeds(200, |seed| {
        let (taken, wanted) = worlds::asked_for(seed);
        assert!(taken <= wanted + 5, "{taken} for {wanted}");
    });
}

/// The histories of some seeds that the checks refuse, as they say why; of how many.
fn refused(count: u64, history: impl Fn(u64) -> Option<History>) -> (Vec<String>, usize) {
    let histories: Vec<History> = (0..count).filter_map(history).collect();
    let whys = histories.iter().filter_map(|history| history.check().err()).collect();
    (whys, histories.len())
}

fn out_of_order(whys: &[String]) -> usize {
    whys.iter().filter(|why| why.contains("out of order")).count()
}

#[test]
fn control_without_gates_order_is_lost() {
    let menu = Menu { switches: true, lie: true, ..PLAIN };
    let (whys, _) = refused(400, |seed| Some(run::run(seed, plan(seed, menu))));
    assert!(out_of_order(&whys) > 10 && out_of_order(&whys) == whys.len(), "{whys:#?}");
}

#[test]
fn control_with_gates_at_the_last_meeting_points_alone_order_is_lost_inside() {
    let menu = Menu { edits: 0, items: 30, ..PLAIN };
    let shape: Option<fn(&mut Draw) -> Vec<Node>> = Some(controls::open_inside);
    let (whys, _) = refused(200, |seed| Some(run::run(seed, Plan { shape, ..plan(seed, menu) })));
    assert!(whys.len() > 10 && whys.iter().all(|why| why.starts_with("G2: the items of stage")), "{whys:#?}");
}

#[test]
fn control_with_channels_alone_order_is_lost() {
    let (whys, all) = refused(200, |seed| Some(controls::detach_and_replace(seed)));
    assert!(out_of_order(&whys) > 10 && out_of_order(&whys) == whys.len(), "{} of {all}: {whys:#?}", whys.len());
}

#[test]
fn control_a_way_under_two_revisions_is_refused() {
    let menu = Menu { switches: true, ..PLAIN };
    let (whys, all) = refused(200, |seed| controls::spliced(&run::run(seed, plan(seed, menu))));
    assert!(all > 50 && whys.len() == all, "{} of {all}", whys.len());
    assert!(whys.iter().all(|why| why.contains("G1") || why.contains("G2")), "{whys:#?}");
}
