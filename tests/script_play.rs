//! Scripts at play: the same as by hand, cycle for cycle.

#[path = "script/compare.rs"]
mod compare;
#[path = "script/hand.rs"]
mod hand;
#[path = "script/stock.rs"]
mod stock;
#[path = "script/words.rs"]
mod words;

use std::sync::atomic::Ordering;

use coroute::script::RunFault;
use coroute::{
    Ends, FlushError, Hold, Library, OnFailure, Pipeline, PlayError, RunError, SendError, Switch, try_stage,
};
use insta::assert_snapshot;

use compare::{ITEMS, edited_by_hand, played};
use stock::{library, pipeline};
use words::script;

#[test]
fn g7_every_operation_by_script_is_as_by_hand() {
    for edit in [
        "route model -> v2",
        "route model -> all v1 v2",
        "route model -> next v2 v1",
        "route model -> v1:3 v2:1",
        "route model -> key v1 v2 by digit",
        "route model -> when v1 v2 by small",
        "route model -> when v2 v1 by third",
        "route model -> failover v1 v2",
        "route model -> failover v1 v2 retry 3",
        "route model -> generator v1 v2 by alternate",
        "{ route model -> none; route model -> once v1; route model -> v2 }",
        "insert half before total",
        "insert half after total",
        "insert odd at the front",
        "insert pair at the back of inner",
        "insert fork at the front of inner",
        "remove total",
        "remove inner/neg",
        "replace inner/neg",
        "replace show",
        "replace total keeping its state",
        "rename model to m",
        "rename model/v1 to old",
        "move total before add",
        "move total after inner",
        "{ attach half to model; route model -> half }",
        "{ route model -> v2; detach v1 from model }",
        "tap add with counter",
        "{ tap add with counter; move add after total; remove counter }",
        "{ pause; resume }",
        "{ remove total; insert half after add; rename half to total; move inner before model }",
    ] {
        let script = script(&format!("at 7 {edit}"));
        let (by_hand, refused) = edited_by_hand(&script, &ITEMS);
        assert_eq!(refused, 0, "{edit}");
        assert_eq!(played(&script, &ITEMS), by_hand, "{edit}");
        assert_ne!(by_hand.topology, self::pipeline().topology().to_string(), "{edit}");
    }
}

#[test]
fn a_pause_holds_the_item_and_those_behind_it() {
    let mut pipeline = pipeline();
    let mut player = script("at 2 pause").bind(&library().0, &pipeline.controller()).unwrap();
    let RunError { error, rest } = player.run(&mut pipeline, 5..10, |_| ()).unwrap_err();
    let RunFault::Send(SendError::Held(held)) = error else { panic!("{error}") };
    assert_eq!((held.item, rest.collect::<Vec<_>>()), (7, vec![8, 9]));
    pipeline.controller().resume().unwrap();
    player.run(&mut pipeline, [7, 8, 9], |_| ()).unwrap();
    assert_eq!(pipeline.ledger().accepted(), 5);
}

#[test]
fn a_pause_hands_back_what_was_not_sent_to_a_thread() {
    let pipeline = pipeline();
    let controller = pipeline.controller();
    let mut player = script("at 2 pause").bind(&library().0, &controller).unwrap();
    let mut running = pipeline.spawn().unwrap();
    let mut out = Vec::new();
    let RunError { error, rest } = player.run_spawned(&mut running, 5..10, |x| out.push(x.unwrap())).unwrap_err();
    assert!(matches!(error, RunFault::Waits(FlushError::Held(Hold::Paused))), "{error}");
    controller.resume().unwrap();
    player.run_spawned(&mut running, rest, |x| out.push(x.unwrap())).unwrap();
    assert_eq!((out.len(), running.accepted()), (5, 5));
}

#[test]
fn a_route_that_is_used_up_between_two_edits_stops_the_run() {
    for door in [1, 100] {
        let route = |to: &str| format!("at 0 route s -> once {to}\nat 500 route s -> a");
        let pipeline = Switch::new("s").target("a", |x: i64| x).target("b", |x: i64| -x).into_pipeline();
        let controller = pipeline.controller();
        let mut player = script(&route("b")).bind(&Library::new(), &controller).unwrap();
        let mut running = pipeline.spawn_with(Ends { door, exit: 1 }).unwrap();
        let mut out = Vec::new();
        let RunError { error, rest } = player.run_spawned(&mut running, 1..=600, |x| out.push(x.unwrap())).unwrap_err();
        assert!(matches!(error, RunFault::Waits(FlushError::Held(Hold::NoTarget { .. }))), "{error}");
        assert_eq!((running.accepted(), out.as_slice()), (1, [-1].as_slice()));
        // What waits in the door goes first when somebody has named a target.
        controller.route("s", "b").unwrap();
        player.run_spawned(&mut running, rest, |x| out.push(x.unwrap())).unwrap();
        let expected: Vec<i64> = (1..=600).map(|x| if x <= 500 { -x } else { x }).collect();
        assert_eq!(out, expected);
    }
}

#[test]
fn a_run_on_a_thread_that_has_ended_hands_back_all() {
    let mut player = script("at 1 remove total").bind(&library().0, &pipeline().controller()).unwrap();
    let mut running = pipeline().spawn().unwrap();
    let RunError { error, rest } = player.run_spawned(&mut running, 0..3, drop).unwrap_err();
    assert!(matches!(error, RunFault::Other), "{error}");
    let mut player = script("at 1 remove total").bind(&library().0, &running.controller()).unwrap();
    player.run_spawned(&mut running, rest, drop).unwrap();
    let (sender, receiver, handle) = running.split();
    drop((sender, receiver));
    assert_eq!(handle.join().unwrap().ledger.accepted(), 3);
}

#[test]
fn g6_a_failed_item_does_not_stop_a_run_on_a_thread() {
    let pipeline = Pipeline::new("p")
        .stage("even", try_stage(|x: &i64| if x % 2 == 0 { Ok(*x) } else { Err("odd") }))
        .on_failure(OnFailure::stop());
    let mut player = script("at 3 pause").bind(&Library::new(), &pipeline.controller()).unwrap();
    let mut running = pipeline.spawn().unwrap();
    let mut out = Vec::new();
    let RunError { rest, .. } =
        player.run_spawned(&mut running, [2, 4, 5, 6, 8], |x| out.push(x.map_err(|_| "odd"))).unwrap_err();
    running.flush().unwrap();
    assert_eq!((out, rest.collect::<Vec<_>>()), (vec![Ok(2), Ok(4), Err("odd")], vec![6, 8]));
}

#[test]
fn g6_a_stage_that_panics_stops_a_run_on_a_thread() {
    let boom = |x: i64| if x == 4 { std::panic::resume_unwind(Box::new("boom")) } else { x };
    let pipeline = Pipeline::new("p").stage("boom", boom);
    let controller = pipeline.controller();
    let mut player = script("at 4 insert neg after boom").bind(&library().0, &controller).unwrap();
    let mut running = pipeline.spawn().unwrap();
    let mut out = Vec::new();
    let RunError { error, rest } = player.run_spawned(&mut running, 1..=6, |x| out.extend(x)).unwrap_err();
    assert!(matches!(error, RunFault::Waits(FlushError::Held(Hold::Poisoned { .. }))), "{error}");
    controller.replace("boom", |x: i64| x * 10).unwrap();
    player.run_spawned(&mut running, rest, |x| out.extend(x)).unwrap();
    assert_eq!(out, [1, 2, 3, -50, -60]);
}

#[test]
fn what_is_put_in_shows_what_made_it() {
    let seen = played(
        &script(
            "at 1 insert half as h after add
             at 2 replace h with odd
             at 3 tap add with counter as look
             at 4 attach neg as v3 to model
             at 5 replace total with double keeping its state
             at 5 route model -> key v1 v3 by digit",
        ),
        &ITEMS[..6],
    );
    assert_snapshot!(seen.trace, @"
    cycle 0  r0  add > total > model[v1] > inner/neg > inner/sub > show      -> 1
    cycle 1  r1  = insert half as h after add
    cycle 1  r1  add > h > total > model[v1] > inner/neg > inner/sub > show  -> 1
    cycle 2  r2  = replace h with odd
    cycle 2  r2  add > h > total > model[v1] > inner/neg > inner/sub > show  -> 1
    cycle 3  r3  = tap add with counter as look
    cycle 3  r3  add > look > h                                              -> 0  dropped at h
    cycle 4  r4  = attach neg as v3 to model
    cycle 4  r4  add > look > h                                              -> 0  dropped at h
    cycle 5  r5  = replace total with double keeping its state
    cycle 5  r6  = route model -> key v1 v3 by digit
    cycle 5  r6  add > look > h                                              -> 0  dropped at h
    ");
}

#[test]
fn the_librarys_tap_is_the_one_that_looks() {
    let (library, counted) = library();
    let mut pipeline = pipeline();
    let mut player = script("at 2 tap add with counter").bind(&library, &pipeline.controller()).unwrap();
    player.run(&mut pipeline, [10, 20, 30, 40], |_| ()).unwrap();
    assert_eq!(counted.load(Ordering::Relaxed), 31 + 41);
}

#[test]
fn statements_of_a_cycle_come_in_the_order_of_the_script() {
    let script = script(
        "expect at 5 model -> v1
         every 5 route model -> v2
         expect at 5 model -> v2
         at 5 route model -> v1
         when accepted >= 5 insert half after add
         expect at 5 stages add > half > total > model > inner > show
         expect at 5 model -> v1
         expect at 10 model -> v2",
    );
    played(&script, &ITEMS);
}

#[test]
fn what_is_not_as_expected_is_told_at_the_end() {
    let mut pipeline = pipeline();
    let text = "expect at 0 model -> v2
         expect at 3 failed of add = 1
         expect at 3 accepted = 3
         at 4 { insert half after add; pause; resume; route model -> v1:95 v2:5 }
         expect at 4 no half
         expect at 4 has total
         expect at 5 stages add > total > model > inner > show
         expect at 5 stages of inner none
         expect at 5 model -> key v1 v2
         expect at 6 paused
         expect at 9 running
         at 9 remove half
         every 5 from 10 resume
         expect revision < 1
         expect has inner/none
         expect model -> v1:95 v2:5";
    let mut player = script(text).bind(&library().0, &pipeline.controller()).unwrap();
    let error = player.run(&mut pipeline, 1..=7, |_| ()).unwrap_err();
    assert_snapshot!(error, @"
    line 1, cycle 0: expected model -> v2, found model -> v1
    line 2, cycle 3: expected failed of add = 1, found failed of add = 0
    line 5, cycle 4: expected no half, found has half
    line 7, cycle 5: expected stages add > total > model > inner > show, found stages add > half > total > model > inner > show
    line 8, cycle 5: expected stages of inner none, found stages of inner neg > sub
    line 9, cycle 5: expected model -> key v1 v2, found model -> v1:95 v2:5
    line 10, cycle 6: expected paused, found running
    line 11, cycle 9: expected running, and the run ended before
    line 14, at the end: expected revision < 1, found revision = 1
    line 15, at the end: expected has inner/none, found no inner/none
    ");
    let missed: Vec<String> = player.missed().iter().map(ToString::to_string).collect();
    assert_snapshot!(missed.join("\n"), @"
    line 12, cycle 9: remove half, and the run ended before
    line 13, cycle 10: resume, and the run ended before
    ");
    assert!(player.next_due().is_none());
    player.end().unwrap();
}

#[test]
fn what_is_due_behind_the_last_item_comes_at_the_end() {
    let mut pipeline = pipeline();
    let text = "at 3 remove total\nexpect at 3 no total\nexpect at 4 no add";
    let mut player = script(text).bind(&library().0, &pipeline.controller()).unwrap();
    let error = player.run(&mut pipeline, 1..=3, |_| ()).unwrap_err();
    assert_eq!(error.to_string(), "line 3, cycle 4: expected no add, and the run ended before");
}

#[test]
fn a_when_comes_once_in_front_of_the_first_item_for_which_it_holds() {
    let seen = played(
        &script(
            "when failed > 1 route model -> v2
             when dropped of odd >= 3 remove odd
             at 2 insert odd after add
             when failed of add = 3 insert half after add",
        ),
        &ITEMS,
    );
    assert_snapshot!(seen.trace.lines().filter(|line| line.contains('=')).collect::<Vec<_>>().join("\n"), @"
    cycle  2  r1  = insert odd after add
    cycle  6  r2  = remove odd
    cycle 15  r3  = route model -> v2
    cycle 21  r4  = insert half after add
    ");
}

#[test]
fn counts_are_those_of_the_ledger() {
    let held = "at 3 { insert fails after add; insert pair after total }
         expect at 20 accepted = 20
         expect at 20 delivered = 12
         expect at 20 failed = 8
         expect at 20 failed of add = 2
         expect at 20 failed of fails = 6
         expect at 20 split = 0
         expect at 20 held = 0
         expect at 20 revision = 1
         expect at 20 dropped != 1
         at 20 remove fails
         expect failed of fails = 6";
    played(&script(held), &ITEMS);
}

#[test]
fn when_nothing_waits_items_go_in_batches() {
    let batches = |text: &str| {
        let mut pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1);
        let mut player = script(text).bind(&Library::new(), &pipeline.controller()).unwrap();
        let mut dues = vec![player.next_due()];
        let pulled = std::cell::Cell::new(0);
        let mut longest = 0;
        let items = (0..1000).inspect(|_| pulled.set(pulled.get() + 1));
        player
            .run(&mut pipeline, items, |_| {
                longest = longest.max(pulled.get());
                pulled.set(0);
            })
            .unwrap();
        dues.push(player.next_due());
        (longest, dues)
    };
    assert_eq!(batches("at 100 { pause; resume }"), (256, vec![Some(100), None]));
    assert_eq!(batches("every 50 { pause; resume }").0, 50);
    assert_eq!(batches("when failed > 0 pause"), (1, vec![Some(0), None]));
}

#[test]
fn g6_somebody_elses_edit_makes_one_of_the_script_fail_and_no_item_is_lost() {
    let mut pipeline = pipeline();
    let text = "at 2 remove total\nat 2 route model -> v2\nat 3 route model -> v1";
    let mut player = script(text).bind(&library().0, &pipeline.controller()).unwrap();
    pipeline.controller().remove("total").unwrap();
    let mut out = Vec::new();
    let RunError { error, rest } = player.run(&mut pipeline, 1..=4, |x| out.push(x)).unwrap_err();
    assert_snapshot!(error, @r#"line 1, cycle 2: cannot remove "total": nothing is called "total"; there is "add", "model", "inner" and "show""#);
    assert!(std::error::Error::source(&error).is_some());
    let RunFault::Play(PlayError::Refused { line: 1, cycle: 2, .. }) = error else { panic!("{error}") };
    player.run(&mut pipeline, rest, |x| out.push(x)).unwrap();
    assert_eq!(out, ["-13", "-14", "-25", "-16"]);
}

#[test]
fn g6_a_failed_item_stops_the_run_and_the_rest_comes_back() {
    let mut pipeline = Pipeline::new("p")
        .stage("even", try_stage(|x: &i64| if x % 2 == 0 { Ok(*x) } else { Err("odd") }))
        .on_failure(OnFailure::stop());
    let mut player = script("at 5 { pause; resume }").bind(&Library::new(), &pipeline.controller()).unwrap();
    let RunError { error, rest } = player.run(&mut pipeline, [2, 4, 5, 6, 8], |_| ()).unwrap_err();
    assert!(matches!(error, RunFault::Send(SendError::Failed(_))));
    assert_eq!(rest.collect::<Vec<_>>(), [6, 8]);
    assert_eq!(pipeline.ledger().accepted(), 3);
}

#[test]
fn a_script_runs_on_the_pipeline_it_was_bound_to() {
    let (mut bound, mut other) = (pipeline(), pipeline());
    let mut player = script("at 0 remove total").bind(&library().0, &bound.controller()).unwrap();
    let RunError { error, rest } = player.run(&mut other, 1..3, |_| ()).unwrap_err();
    assert_eq!(error.to_string(), "cannot run: the script was bound to another pipeline; bind it to this one");
    player.run(&mut bound, rest, |_| ()).unwrap();
    assert_eq!((bound.ledger().accepted(), other.ledger().accepted()), (2, 0));
}

#[test]
fn players_and_libraries_can_be_sent_to_another_thread() {
    fn is_send<T: Send>(_: &T) {}
    fn is_sync<T: Sync>(_: &T) {}
    let library = library().0;
    is_sync(&library);
    is_send(&script("at 1 pause").bind(&library, &pipeline().controller()).unwrap());
}

#[test]
fn g5_as_many_edits_as_can_wait_for_an_item_are_played() {
    let edits = "at 2 rename add to add2\nat 2 rename add2 to add\n".repeat(512);
    assert!(played(&script(&edits), &ITEMS[..4]).topology.contains("revision 1024"));
}

#[test]
fn a_driver_that_comes_late_makes_up_for_it_in_order() {
    let pipeline = pipeline();
    let text = "at 5 rename b to c\nat 3 rename total to a\nat 4 rename a to b";
    let mut player = script(text).bind(&library().0, &pipeline.controller()).unwrap();
    player.advance(2).unwrap();
    assert_eq!((player.next_due(), pipeline.topology().revision()), (Some(3), 0));
    player.advance(9).unwrap();
    assert!(pipeline.topology().get("c").is_some());
    assert_eq!(player.next_due(), None);
}

#[test]
fn an_unwrapped_error_of_a_run_reads_as_a_printed_one() {
    let mut pipeline = pipeline();
    let mut player = script("expect at 0 model -> v2").bind(&library().0, &pipeline.controller()).unwrap();
    let RunFault::Play(error) = player.run(&mut pipeline, 1..=2, |_| ()).unwrap_err().error else { panic!("unmet") };
    assert_snapshot!(format!("{error:?}"), @"PlayError(line 1, cycle 0: expected model -> v2, found model -> v1)");
}
