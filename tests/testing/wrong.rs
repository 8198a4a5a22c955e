//! Traces, ledgers and references that are wrong: every check finds it.

use std::sync::atomic::{AtomicUsize, Ordering};

use coroute::testing::{Committed, Reference, altered, check, check_g1, check_g2, check_g3};
use coroute::{Ledger, Library, Pipeline, Recording, Route, Script, Switch, Trace, TraceRow, filter, try_stage};

use crate::pipelines::{canary, library, nested};

/// What a run of the canary has left behind; an edit in front of item 4, two in front of item 8.
struct Ran {
    trace: Trace,
    start: Reference,
    committed: Vec<Committed>,
    ledgers: (Ledger, Ledger),
}

fn ran() -> Ran {
    let mut pipeline = canary();
    let script: Script = "
        at 4 { insert neg after add; route model -> v3 }
        at 8 insert odd after neg
        at 8 route model -> next v1 v2
    "
    .parse()
    .unwrap();
    let start = Reference::new(&pipeline.topology(), &library());
    let before = pipeline.ledger();
    let report = check(&mut pipeline, &library(), &script, 0..16).unwrap();
    Ran { trace: report.trace, start, committed: report.committed, ledgers: (before, pipeline.ledger()) }
}

/// The place of the row of an item.
fn item(rows: &[TraceRow], cycle: u64) -> usize {
    rows.iter().position(|row| row.way().is_some() && row.cycle() == cycle).unwrap()
}

/// Gives the item of `to` the way of another.
fn reroute(rows: &mut [TraceRow], to: u64, from: u64) {
    let (to, from) = (item(rows, to), item(rows, from));
    let other = rows[from].way().unwrap().clone();
    let TraceRow::Item { way, .. } = &mut rows[to] else { panic!("an item") };
    *way = other;
}

fn edit(rows: &[TraceRow], number: usize) -> usize {
    (0..rows.len()).filter(|at| rows[*at].way().is_none()).nth(number).unwrap()
}

/// What `check_g1` says of the trace after it was altered.
fn g1(alter: impl FnOnce(&mut Vec<TraceRow>)) -> String {
    let Ran { trace, start, .. } = ran();
    check_g1(&altered(&trace, alter), &start).unwrap_err().to_string()
}

fn g2(alter: impl FnOnce(&mut Vec<TraceRow>)) -> String {
    let Ran { trace, ledgers: (before, after), .. } = ran();
    check_g2(&altered(&trace, alter), &before, &after).unwrap_err().to_string()
}

fn g3(alter: impl FnOnce(&mut Vec<TraceRow>)) -> String {
    let Ran { trace, committed, .. } = ran();
    check_g3(&altered(&trace, alter), &committed).unwrap_err().to_string()
}

#[test]
fn the_trace_itself_is_right() {
    let Ran { trace, start, committed, ledgers: (before, after) } = ran();
    assert_eq!(check_g1(&trace, &start), Ok(()));
    assert_eq!(check_g2(&trace, &before, &after), Ok(()));
    assert_eq!(check_g3(&trace, &committed), Ok(()));
}

#[test]
fn g1_another_target_is_found() {
    insta::assert_snapshot!(g1(|rows| reroute(rows, 0, 2)), @"G1 is broken at cycle 0: expected model to choose v1, found v2");
    insta::assert_snapshot!(g1(|rows| reroute(rows, 3, 5)), @"G1 is broken at cycle 3: expected model to choose by v1:3 v2:1, found neg");
}

#[test]
fn g1_ways_of_two_items_that_changed_places_are_found() {
    let swapped = g1(|rows| {
        let way = rows[item(rows, 1)].way().unwrap().clone();
        reroute(rows, 1, 2);
        let at = item(rows, 2);
        let TraceRow::Item { way: other, .. } = &mut rows[at] else { panic!("an item") };
        *other = way;
    });
    insta::assert_snapshot!(swapped, @"G1 is broken at cycle 1: expected model to choose v1, found v2");
}

#[test]
fn g1_a_way_of_another_revision_is_found() {
    insta::assert_snapshot!(g1(|rows| reroute(rows, 4, 3)), @"G1 is broken at cycle 4: expected neg, found model[v1]");
    insta::assert_snapshot!(g1(|rows| reroute(rows, 3, 4)), @"G1 is broken at cycle 3: expected model to choose by v1:3 v2:1, found neg");
    let mixed = g1(|rows| {
        let at = item(rows, 5);
        let TraceRow::Item { revision, .. } = &mut rows[at] else { panic!("an item") };
        *revision = 0;
    });
    insta::assert_snapshot!(mixed, @"G1 is broken at cycle 5: expected an item of revision 1, found revision 0");
}

#[test]
fn g1_a_way_that_ends_without_a_loss_is_found() {
    let lost = |rows: &mut Vec<TraceRow>| {
        let dropped = |row: &&mut TraceRow| matches!(row, TraceRow::Item { losses, .. } if !losses.is_empty());
        let Some(TraceRow::Item { losses, .. }) = rows.iter_mut().find(dropped) else { panic!("one is dropped") };
        losses.clear();
    };
    insta::assert_snapshot!(g1(lost), @"G1 is broken at cycle 9: expected model to choose by next v1 v2, found the end of the way");
    insta::assert_snapshot!(g2(lost), @"G2 is broken: expected in the trace 4 dropped, found 3");
}

#[test]
fn g1_a_way_that_goes_on_after_a_loss_is_found() {
    let alive = |rows: &mut Vec<TraceRow>| {
        let dropped = rows.iter().position(|row| matches!(row, TraceRow::Item { losses, .. } if !losses.is_empty()));
        let whole = rows.iter().rposition(|row| matches!(row, TraceRow::Item { losses, .. } if losses.is_empty()));
        let (dropped, whole) = (rows[dropped.unwrap()].cycle(), rows[whole.unwrap()].cycle());
        reroute(rows, dropped, whole);
    };
    insta::assert_snapshot!(g1(alive), @"G1 is broken at cycle 9: expected the end of the way, found model[v2]");
}

#[test]
fn g1_a_reference_with_other_weights_is_found() {
    let Ran { trace, .. } = ran();
    let model = Switch::new("model").target("v1", |x: i64| x).target("v2", |x: i64| -x).target("v3", |x: i64| x * 2);
    let other = Pipeline::new("canary")
        .stage("add", |x: i64| x + 1)
        .switch(model.route(Route::weighted([("v1", 1), ("v2", 1)])))
        .stage("show", |x: i64| x.to_string());
    let violation = check_g1(&trace, &Reference::new(&other.topology(), &library())).unwrap_err();
    insta::assert_snapshot!(violation.to_string(), @"G1 is broken at cycle 1: expected model to choose v2, found v1");
}

/// Under each policy whose turns are known, items whose ways changed places are found.
#[test]
fn g1_turns_are_followed_for_every_policy_that_has_some() {
    let routes: [fn() -> Route; 4] = [
        || Route::round_robin(["a", "b", "c"]),
        || Route::weighted([("a", 2), ("b", 1), ("c", 1)]),
        || Route::failover(["odd", "a"]),
        || Route::failover_retry(["odd", "a"], 2),
    ];
    for route in routes {
        let odd = try_stage(|x: &i64| if x % 2 == 0 { Err("even") } else { Ok(*x) });
        let switch = Switch::new("switch").target("a", |x: i64| x).target("b", |x: i64| x).target("c", |x: i64| x);
        let mut pipeline = switch.target("odd", odd).route(route()).into_pipeline();
        let start = Reference::new(&pipeline.topology(), &Library::new());
        pipeline.controller().record(Recording::items()).unwrap();
        pipeline.send_all([1, 2, 3, 4, 5, 6, 7, 8], |_| ()).unwrap();
        let trace = pipeline.controller().trace();
        assert_eq!(check_g1(&trace, &start), Ok(()), "{}", route());
        for (one, other) in [(0, 1), (1, 2)] {
            if trace.rows()[one].way() != trace.rows()[other].way() {
                let wrong = altered(&trace, |rows| reroute(rows, one as u64, other as u64));
                assert!(check_g1(&wrong, &start).is_err(), "{}\n{wrong}", route());
            }
        }
    }
}

#[test]
fn g1_a_target_that_was_left_out_of_all_is_found() {
    let switch = Switch::new("switch").target("a", |x: i64| x).target("b", |x: i64| x).cloned();
    let mut pipeline = switch.route(Route::all(["a", "b"])).into_pipeline();
    let start = Reference::new(&pipeline.topology(), &Library::new());
    pipeline.controller().record(Recording::items()).unwrap();
    pipeline.send_all(0..1, |_| ()).unwrap();
    let all = pipeline.controller().trace();
    pipeline.controller().route("switch", "a").unwrap();
    pipeline.send_all(0..1, |_| ()).unwrap();
    let one = pipeline.controller().trace().rows()[2].way().unwrap().clone();
    assert_eq!(check_g1(&all, &start), Ok(()));
    let wrong = altered(&all, |rows| {
        if let TraceRow::Item { way, .. } = &mut rows[0] {
            *way = one;
        }
    });
    insta::assert_snapshot!(check_g1(&wrong, &start).unwrap_err().to_string(), @"G1 is broken at cycle 0: expected switch to choose by all a b, found a");
}

#[test]
fn g1_runs_are_followed_as_well() {
    let mut pipeline = nested();
    let start = Reference::new(&pipeline.topology(), &library());
    pipeline.controller().record(Recording::runs()).unwrap();
    let before = pipeline.ledger();
    pipeline.send_all(0..20, |_| ()).unwrap();
    let trace = pipeline.controller().trace();
    assert_eq!(check_g1(&trace, &start), Ok(()));
    assert_eq!(check_g2(&trace, &before, &pipeline.ledger()), Ok(()));
    assert_eq!(check_g3(&trace, &[]), Ok(()));
    let other = Reference::new(&canary().topology(), &library());
    assert!(check_g1(&trace, &other).is_err());
    let wrong = altered(&trace, |rows| {
        if let Some(TraceRow::Run(run)) = rows.last_mut() {
            run.outputs += 1;
        }
    });
    assert!(check_g2(&wrong, &before, &pipeline.ledger()).is_err());
}

#[test]
fn g2_an_item_that_is_missing_or_there_twice_is_found() {
    insta::assert_snapshot!(g2(|rows| drop(rows.remove(0))), @"G2 is broken: expected in the trace 16 accepted, found 15");
    insta::assert_snapshot!(g2(|rows| rows.push(rows[0].clone())), @"G2 is broken: expected in the trace 16 accepted, found 17");
    let more = g2(|rows| {
        if let TraceRow::Item { outputs, .. } = &mut rows[0] {
            *outputs += 1;
        }
    });
    insta::assert_snapshot!(more, @"G2 is broken: expected in the trace 12 delivered, found 13");
}

#[test]
fn g2_a_failure_that_nobody_counted_is_found() {
    let mut pipeline = Pipeline::new("p")
        .stage("keep", filter(|x: &i64| *x > 0))
        .try_stage("try", |x: &i64| if *x == 1 { Err("one") } else { Ok(*x) });
    pipeline.controller().record(Recording::items()).unwrap();
    let before = pipeline.ledger();
    for item in 0..4 {
        let _ = pipeline.send(item, |_| ());
    }
    let trace = pipeline.controller().trace();
    assert_eq!(check_g2(&trace, &before, &pipeline.ledger()), Ok(()));
    let wrong = altered(&trace, |rows| {
        if let TraceRow::Item { losses, .. } = &mut rows[1] {
            losses.clear();
        }
    });
    let violation = check_g2(&wrong, &before, &pipeline.ledger()).unwrap_err();
    insta::assert_snapshot!(violation.to_string(), @"G2 is broken: expected in the trace 1 failed, found 0");
}

#[test]
fn g3_an_edit_that_is_missing_is_found() {
    insta::assert_snapshot!(g3(|rows| drop(rows.remove(edit(rows, 0)))), @"G3 is broken at cycle 4: expected an item under revision 0, found revision 1");
    insta::assert_snapshot!(g1(|rows| drop(rows.remove(edit(rows, 0)))), @"G1 is broken at cycle 4: expected an item of revision 0, found revision 1");
    let last = g3(|rows| rows.truncate(edit(rows, 1)));
    insta::assert_snapshot!(last, @"G3 is broken at cycle 8: expected revision 2: insert odd after neg, found no such edit");
}

#[test]
fn g3_an_edit_at_another_cycle_is_found() {
    for by in [-1i64, 1] {
        let moved = |rows: &mut Vec<TraceRow>| {
            let at = edit(rows, 0);
            if let TraceRow::Edit { cycle, .. } = &mut rows[at] {
                *cycle = cycle.saturating_add_signed(by);
            }
        };
        assert!(g3(moved).starts_with("G3 is broken at cycle"));
        // Also where nobody knows what was committed.
        let Ran { trace, mut committed, .. } = ran();
        committed[0].cycle = committed[0].cycle.saturating_add_signed(by);
        assert!(check_g3(&altered(&trace, moved), &committed).is_err());
    }
    let behind = |rows: &mut Vec<TraceRow>| {
        let at = edit(rows, 0);
        rows.swap(at, at + 1);
    };
    insta::assert_snapshot!(g3(behind), @"G3 is broken at cycle 4: expected an item under revision 0, found revision 1");
    insta::assert_snapshot!(g1(behind), @"G1 is broken at cycle 4: expected an item of revision 0, found revision 1");
}

#[test]
fn g3_half_an_edit_is_found() {
    let half = |rows: &mut Vec<TraceRow>| {
        let at = edit(rows, 0);
        if let TraceRow::Edit { changes, .. } = &mut rows[at] {
            changes.pop();
        }
    };
    insta::assert_snapshot!(g3(half), @"G3 is broken at cycle 4: expected revision 1 in front of item 4: insert neg after add; route model -> v3, found revision 1 in front of item 4: insert neg after add");
    insta::assert_snapshot!(g1(half), @"G1 is broken at cycle 4: expected model to choose v1 or v2, found model[v3]");
}

#[test]
fn g3_edits_out_of_order_are_found() {
    let swapped = |rows: &mut Vec<TraceRow>| {
        let at = edit(rows, 1);
        rows.swap(at, at + 1);
    };
    insta::assert_snapshot!(g3(swapped), @"G3 is broken at cycle 8: expected revision 2 in front of item 8: insert odd after neg, found revision 3 in front of item 8: route model -> next v1 v2");
    insta::assert_snapshot!(g1(swapped), @"G3 is broken at cycle 8: expected revision 2, found revision 3");
}

#[test]
fn g3_items_out_of_order_are_found() {
    insta::assert_snapshot!(g3(|rows| rows.swap(1, 2)), @"G3 is broken at cycle 2: expected the item behind 0, found 2");
}

#[test]
fn g0_a_pipeline_that_is_not_as_the_reference_says_is_found() {
    // A maker that makes something else every time.
    let made = AtomicUsize::new(0);
    let library = Library::new().stage("pair", move || {
        let number = made.fetch_add(1, Ordering::Relaxed);
        Pipeline::new("pair").stage(format!("stage_{number}"), |x: i64| x)
    });
    let script: Script = "at 1 insert pair at the front".parse().unwrap();
    let violation = check(&mut canary(), &library, &script, 0..3).unwrap_err();
    assert_eq!((violation.guarantee(), violation.cycle()), ("G0", Some(1)));
}
