//! Random pipelines between streams and sinks: stages that wait, edits at random moments, sinks that stall, failures,
//! cancellations; everything follows from a seed.
//!
//! Items write down their own way, receipts say where each edit cut the stream, and so a run is checked in linear time,
//! without a second engine: the way of an item must be one of the pipeline as it was under the item's revision.

#[path = "flow_random/build.rs"]
mod build;
#[path = "flow_random/check.rs"]
mod check;
#[path = "flow_random/draw.rs"]
mod draw;
#[path = "flow_random/edits.rs"]
mod edits;
#[path = "flow_random/item.rs"]
mod item;
#[path = "flow_random/model.rs"]
mod model;
#[path = "flow_random/run.rs"]
mod run;
#[allow(dead_code)]
mod sim;
#[path = "flow_random/walk.rs"]
mod walk;

use draw::Menu;
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
    Plan { menu, driver, stop, end: None }
}

fn all(count: u64, menu: Menu) {
    seeds(count, |seed| check(seed, plan(seed, menu)));
}

#[test]
fn chains_with_edits() {
    all(400, PLAIN);
}

#[test]
fn chains_with_faults_and_rules() {
    all(400, Menu { faults: true, rules: true, inside: true, ..PLAIN });
}

#[test]
fn switches_with_edits() {
    all(400, Menu { switches: true, ..PLAIN });
}

#[test]
fn switches_with_faults_and_rules() {
    all(400, Menu { switches: true, faults: true, rules: true, inside: true, ..PLAIN });
}

#[test]
fn switches_in_a_hurry_and_out_of_order() {
    all(400, Menu { switches: true, faults: true, rules: true, hurry: true, unordered: true, failover: true, ..PLAIN });
}

#[test]
fn sinks_with_edits() {
    all(400, Menu { switches: true, ends: true, ..PLAIN });
}

#[test]
fn sinks_that_fail_and_stand_still() {
    all(400, Menu { switches: true, ends: true, faults: true, stalls: true, rules: true, inside: true, ..PLAIN });
}

#[test]
fn failover_and_items_sent_again() {
    all(400, Menu { switches: true, faults: true, failover: true, rules: true, resend: true, ..PLAIN });
}

#[test]
fn pipelines_dropped_with_items_inside() {
    seeds(400, |seed| {
        let ends = seed.is_multiple_of(2);
        let menu = Menu { ends, switches: true, faults: true, stalls: true, rules: true, hurry: true, ..PLAIN };
        let end = Some(std::time::Duration::from_millis(seed * 7 % 50));
        check(seed, Plan { end, ..plan(seed / 2, menu) });
    });
}
