//! Random pipelines with stages on real threads: random edits from another thread, stages that fail and panic, rules for what
//! is in flight. What is done follows from a seed; when, from the system.
//!
//! Items write down their own way, receipts say where each edit cut the stream, and so a run is checked in linear time,
//! without a second engine. `THREAD_CASES` says how many runs there are, `SIM_SEED` runs one alone.

#[path = "thread_random/build.rs"]
mod build;
#[path = "thread_random/check.rs"]
mod check;
#[path = "thread_random/draw.rs"]
mod draw;
#[path = "thread_random/edits.rs"]
mod edits;
#[path = "sim/hop.rs"]
mod hop;
#[path = "thread_random/item.rs"]
mod item;
#[path = "thread_random/model.rs"]
mod model;
#[allow(dead_code)]
#[path = "soak/room.rs"]
mod room;
#[path = "thread_random/run.rs"]
mod run;
#[allow(dead_code)]
#[path = "sim/seed.rs"]
mod seed;

use check::History;
use draw::Menu;
use item::End;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

fn menu(seed: u64) -> Menu {
    let at = |every: u64| seed.is_multiple_of(every);
    Menu { faults: at(2), panics: at(3), unordered: at(5), rules: at(4) }
}

#[test]
fn g2_random_pipelines_on_threads_keep_what_is_promised() {
    seed::each(seed::range(200, number("THREAD_CASES"), number("SIM_SEED")), |seed| {
        if let Err(why) = run::run(seed, menu(seed)).check() {
            panic!("{why}");
        }
    });
}

/// A worker inside a thread panics, and is replaced while edits wait there. The process ends when it hangs.
#[test]
fn g6_a_worker_inside_a_thread_that_has_panicked_is_replaced_while_edits_wait() {
    for _ in 0..20 {
        run::run(2277, menu(2277)).check().unwrap_or_else(|why| panic!("{why}"));
    }
}

/// Why histories are refused once `wrong` has changed them, of those that it can change.
fn refused(wrong: impl Fn(&mut History) -> Option<()>) -> Vec<String> {
    let menu = Menu { faults: true, panics: false, unordered: false, rules: false };
    let runs = (0..40).map(|seed| run::run(1_000_000 + seed, menu));
    let changed: Vec<History> = runs.filter_map(|mut history| wrong(&mut history).map(|()| history)).collect();
    assert!(changed.len() > 10, "{} can be changed", changed.len());
    changed.into_iter().map(|history| history.check().expect_err("it is wrong")).collect()
}

fn outs(history: &History) -> Vec<usize> {
    (0..history.leaves.len()).filter(|at| history.leaves[*at].end == End::Out).collect()
}

#[test]
fn control_an_item_that_is_lost_is_seen() {
    let whys = refused(|history| {
        let at = *outs(history).get(3)?;
        history.leaves.remove(at);
        Some(())
    });
    assert!(whys.iter().all(|why| why.starts_with("G2: of item")), "{whys:#?}");
}

#[test]
fn control_an_item_that_comes_twice_is_seen() {
    let whys = refused(|history| {
        let at = *outs(history).get(3)?;
        history.leaves.insert(at, history.leaves[at].clone());
        Some(())
    });
    assert!(whys.iter().all(|why| why.starts_with("G2: of item")), "{whys:#?}");
}

#[test]
fn control_two_items_that_change_places_are_seen() {
    let whys = refused(|history| {
        let outs = outs(history);
        let (one, other) = (*outs.get(3)?, *outs.get(4)?);
        history.leaves.swap(one, other);
        Some(())
    });
    assert!(whys.iter().all(|why| why.starts_with("G2: item")), "{whys:#?}");
}

/// The first item that comes out under a revision with another way than the one before: it goes that one.
#[test]
fn control_an_item_that_went_by_the_stages_of_another_revision_is_seen() {
    let whys = refused(|history| {
        let outs = outs(history);
        let revision = |at: usize| history.revision(history.leaves[at].cycle.expect("it came out"));
        let alien = |revision: usize, hop: &hop::Hop| model::find(&history.models[revision], hop.uid).is_none();
        let mixed = outs.windows(2).find_map(|pair| {
            let [old, new] = [pair[0], pair[1]].map(|at| &history.leaves[at].hops);
            let at = old.iter().position(|hop| alien(revision(pair[1]), hop))?;
            Some((pair[1], new.iter().take(at).chain(&old[at..]).copied().collect()))
        });
        let (at, hops) = mixed?;
        history.leaves[at].hops = hops;
        Some(())
    });
    assert!(whys.iter().all(|why| why.starts_with("G1: under revision")), "{whys:#?}");
}

#[test]
fn control_an_edit_that_comes_an_item_late_is_seen() {
    let whys = refused(|history| {
        let cuts: Vec<u64> = history.edits.iter().filter_map(|edit| edit.cut).collect();
        // An item that came out under a revision in which something that it met is new.
        let at = (0..history.edits.len()).find(|at| {
            let (cut, old) = (cuts[*at], &history.models[*at]);
            let own = |leaf: &&item::Leaf| leaf.cycle == Some(cut) && history.revision(cut) == at + 1;
            let new = |leaf: &item::Leaf| leaf.hops.iter().any(|hop| model::find(old, hop.uid).is_none());
            history.leaves.iter().filter(own).any(new)
        })?;
        history.edits[at].cut = Some(cuts[at] + 1);
        Some(())
    });
    assert!(whys.iter().all(|why| why.starts_with("G1: under revision")), "{whys:#?}");
}

#[test]
fn control_a_ledger_that_is_not_exact_is_seen() {
    let whys = refused(|history| {
        history.counted.dropped += 1;
        history.counted.failed = history.counted.failed.checked_sub(1)?;
        Some(())
    });
    assert!(whys.iter().all(|why| why.contains("the ledger has")), "{whys:#?}");
}
