//! The soak: random edits 100 times a second under full load, on all sorts of threads.
//!
//! `SOAK_SECONDS` says for how long: 2 where nothing is said. `SIM_SEED` chooses other edits. What was done is printed with
//! `--nocapture`.
//!
//! The items are numbers, so that order and loss are seen at once; two stages far apart are always replaced by one edit, and
//! an item that meets an old one and a new one is seen, too. Memory is sampled, and threads are counted, where there is a
//! `/proc`.

#[path = "soak/check.rs"]
mod check;
#[path = "soak/edits.rs"]
mod edits;
#[path = "soak/load.rs"]
mod load;
#[path = "soak/room.rs"]
mod room;
#[allow(dead_code)]
#[path = "sim/seed.rs"]
mod seed;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use check::{Plan, soak};
use load::Fault;

/// One after the other: they count threads, and memory.
static ALONE: Mutex<()> = Mutex::new(());

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn g2_nothing_is_lost_or_out_of_order_under_random_edits() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let seconds = number("SOAK_SECONDS").unwrap_or(2);
    let seed = number("SIM_SEED").unwrap_or(seconds);
    let plan = Plan { name: "soak", fault: Fault::None, time: Duration::from_secs(seconds), seed };
    match soak(plan) {
        Ok(report) => println!("{report}"),
        Err(why) => panic!("with seed {seed}: {why}"),
    }
}

/// What the checks say of a pipeline with a fault.
fn refused(name: &'static str, fault: Fault) -> String {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    match soak(Plan {
        name,
        fault,
        time: if fault == Fault::Stays { Duration::from_millis(300) } else { Duration::from_secs(60) },
        seed: 1,
    }) {
        Ok(report) => panic!("{fault:?} is not seen:\n{report}"),
        Err(why) => why,
    }
}

#[test]
fn control_two_items_that_change_places_are_seen() {
    assert_eq!(refused("swap", Fault::Swap), "G2: item 5001 came where 5000 belongs");
}

#[test]
fn control_an_item_that_comes_twice_is_seen() {
    assert_eq!(refused("twice", Fault::Twice), "G2: item 5000 came where 5001 belongs");
}

#[test]
fn control_an_item_that_is_lost_is_seen() {
    assert_eq!(refused("lost", Fault::Lost), "G2: item 5001 came where 5000 belongs");
}

#[test]
fn control_workers_without_order_are_seen() {
    let why = refused("loose", Fault::Unordered);
    assert!(why.starts_with("G2: item ") && why.contains(" came where "), "{why}");
}

#[test]
fn control_two_edits_in_the_place_of_one_are_seen() {
    let why = refused("half", Fault::Halves);
    assert!(why.starts_with("G1: item "), "{why}");
}

#[test]
fn control_threads_that_stay_are_seen() {
    let why = refused("stays", Fault::Stays);
    assert!(why.starts_with("threads that have not gone: "), "{why}");
}

#[test]
fn control_memory_that_grows_is_seen() {
    let flat = |samples: &[u64]| room::flat(&samples.iter().map(|sample| sample << 20).collect::<Vec<_>>());
    assert_eq!(flat(&[10, 50, 60, 61, 60, 62, 58, 61]), Ok(()));
    assert!(flat(&[10, 50, 60, 70, 80, 90, 100, 110]).unwrap_err().starts_with("G5: "));
}
