//! Mistakes of a script that are found before an item flows.

#[path = "script/stock.rs"]
mod stock;
#[path = "script/words.rs"]
mod words;

use coroute::{Library, Pipeline, Player, ScriptError, Switch};
use insta::assert_snapshot;

use stock::{library, pipeline};
use words::script;

fn bind(text: &str) -> Result<Player, ScriptError> {
    script(text).bind(&library().0, &pipeline().controller())
}

fn mistakes(text: &str) -> String {
    bind(text).expect_err("a mistake").to_string()
}

#[test]
fn a_script_is_bound_to_the_pipeline_as_it_will_be() {
    let player = bind(
        "at 5 insert half as h after add
         at 7 rename h to halve
         at 7 { move halve at the front; tap halve with counter }
         at 8 replace model/v1 with pair
         at 9 insert neg before model/v1/two
         at 10 { attach fork to model; route model -> fork; detach v1 from model }
         at 11 route model/fork -> b
         expect at 12 model/fork -> b
         expect stages halve > counter > add > total > model > inner > show",
    );
    assert_eq!(player.unwrap().next_due(), Some(5));
}

#[test]
fn all_mistakes_come_at_once() {
    assert_snapshot!(mistakes(
        "at 1 insert nge after add
         at 2 remove pars
         at 3 route model -> v3
         at 4 { pause; remove show; resume }
         expect at 5 modle -> v2
         at 6 insert half as add after total"
    ), @r#"
    line 1, column 13: nothing in the library is called "nge"; did you mean "neg"?
      1 | at 1 insert nge after add
        |             ^^^
    line 2, column 22: cannot remove "pars": nothing is called "pars"; there is "add", "total", "model", "inner" and "show"
      2 |          at 2 remove pars
        |                      ^^^^
    line 3, column 30: cannot route "model" -> v3: nothing is called "model/v3"; there is "v1" and "v2"; did you mean "v1"?
      3 |          at 3 route model -> v3
        |                              ^^
    line 4, column 31: cannot remove "show": it turns i64 into String; replace it instead
      4 |          at 4 { pause; remove show; resume }
        |                               ^^^^
    line 5, column 22: nothing is called "modle"; there is "add", "total", "model", "inner" and "show"; did you mean "model"?
      5 |          expect at 5 modle -> v2
        |                      ^^^^^
    line 6, column 30: cannot insert "half" as "add" after "total": the name "add" is taken; use another
      6 |          at 6 insert half as add after total
        |                              ^^^
    "#);
}

#[test]
fn what_the_library_lacks_is_said_with_the_nearest_name_that_would_fit() {
    assert_snapshot!(mistakes(
        "at 1 insert counter after add
         at 1 tap add with half
         at 1 tap add with countr
         at 1 replace total with half keeping its state
         at 1 replace total with dubble keeping its state
         at 1 replace add
         at 1 route model -> key v1 v2
         at 1 route model -> key v1 v2 by small
         at 1 route model -> when v1 v2 by digit
         at 1 route model -> when v1 v2 v3 by small
         at 1 route model -> generator v1 v2 by alternat
         at 1 attach digit to model"
    ), @r#"
    line 1, column 13: "counter" is a tap in the library; `insert` takes a stage
       1 | at 1 insert counter after add
         |             ^^^^^^^
    line 2, column 28: "half" is a stage in the library; `tap` takes a tap
       2 |          at 1 tap add with half
         |                            ^^^^
    line 3, column 28: nothing in the library is called "countr"; did you mean "counter"?
       3 |          at 1 tap add with countr
         |                            ^^^^^^
    line 4, column 34: "half" is a stage in the library; `replace ... keeping its state` takes a hand-over
       4 |          at 1 replace total with half keeping its state
         |                                  ^^^^
    line 5, column 34: nothing in the library is called "dubble"; did you mean "double"?
       5 |          at 1 replace total with dubble keeping its state
         |                                  ^^^^^^
    line 6, column 23: nothing in the library is called "add"; did you mean "odd"?
       6 |          at 1 replace add
         |                       ^^^
    line 7, column 10: a route with `key` says by what: put `by` and a name behind the targets
       7 |          at 1 route model -> key v1 v2
         |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    line 8, column 43: "small" is a predicate in the library; `key` takes a key
       8 |          at 1 route model -> key v1 v2 by small
         |                                           ^^^^^
    line 9, column 44: "digit" is a key in the library; `when` takes a predicate or a choice
       9 |          at 1 route model -> when v1 v2 by digit
         |                                            ^^^^^
    line 10, column 47: "small" is a predicate and chooses between 2 targets, not 3
      10 |          at 1 route model -> when v1 v2 v3 by small
         |                                               ^^^^^
    line 11, column 49: nothing in the library is called "alternat"; did you mean "alternate"?
      11 |          at 1 route model -> generator v1 v2 by alternat
         |                                                 ^^^^^^^^
    line 12, column 22: "digit" is a key in the library; `attach` takes a stage
      12 |          at 1 attach digit to model
         |                      ^^^^^
    "#);
}

#[test]
fn types_have_to_fit() {
    assert_snapshot!(mistakes(
        "at 1 insert show as s after add
         at 1 insert half after show
         at 1 route model -> key v1 v2 by letter
         at 1 replace inner with show
         at 1 replace add with double keeping its state
         at 1 replace inner with double keeping its state
         at 1 remove show
         at 1 tap show with counter"
    ), @r#"
    line 1, column 13: cannot insert "show" as "s" after "add": it turns i64 into String, and that place needs i64 to i64
      1 | at 1 insert show as s after add
        |             ^^^^
    line 2, column 22: cannot insert "half" after "show": it takes i64, and String comes along there
      2 |          at 1 insert half after show
        |                      ^^^^
    line 3, column 43: cannot route "model" -> key v1 v2 by letter: the route looks at String, and the switch gets i64; let its closure take `&i64`
      3 |          at 1 route model -> key v1 v2 by letter
        |                                           ^^^^^^
    line 4, column 34: cannot replace "inner" with "show": it turns i64 into String, and that place needs i64 to i64
      4 |          at 1 replace inner with show
        |                                  ^^^^
    line 5, column 32: cannot replace "add" with "double" keeping its state: the hand-over takes a Total, and the old stage is a TryStage<closure>; let its closure take that
      5 |          at 1 replace add with double keeping its state
        |                                ^^^^^^
    line 6, column 34: cannot replace "inner" with "double" keeping its state: the hand-over takes a Total, and the old stage is a Pipeline<i64, i64>; let its closure take that
      6 |          at 1 replace inner with double keeping its state
        |                                  ^^^^^^
    line 7, column 22: cannot remove "show": it turns i64 into String; replace it instead
      7 |          at 1 remove show
        |                      ^^^^
    line 8, column 29: cannot tap "show" with "counter": it takes i64, and String comes along there
      8 |          at 1 tap show with counter
        |                             ^^^^^^^
    "#);
}

#[test]
fn switches_and_pipelines_are_known_apart() {
    assert_snapshot!(mistakes(
        "at 1 route add -> v1
         at 1 insert half at the front of model
         at 1 attach half to inner
         at 1 detach v9 from model
         at 1 detach v1 from model
         at 1 remove model/v1
         at 1 insert half after model/v2
         expect inner -> v1
         expect stages of add none
         expect model -> v1:95 v9:5"
    ), @r#"
    line 1, column 12: cannot route "add" -> v1: "add" is a stage; only a switch has routes and targets
       1 | at 1 route add -> v1
         |            ^^^
    line 2, column 43: cannot insert "half" at the front of "model": "model" is a switch; only a pipeline has stages
       2 |          at 1 insert half at the front of model
         |                                           ^^^^^
    line 3, column 30: cannot attach "half" to "inner": "inner" is a pipeline; only a switch has routes and targets
       3 |          at 1 attach half to inner
         |                              ^^^^^
    line 4, column 22: cannot detach "v9" from "model": nothing is called "model/v9"; there is "v1" and "v2"; did you mean "v1"?
       4 |          at 1 detach v9 from model
         |                      ^^
    line 5, column 22: cannot detach "v1" from "model": the route names it; route elsewhere first, or in the same edit
       5 |          at 1 detach v1 from model
         |                      ^^
    line 6, column 28: cannot remove "model/v1": it is a target of a switch, not a stage of a pipeline; attach, detach or replace it, or make it a pipeline
       6 |          at 1 remove model/v1
         |                            ^^
    line 7, column 39: cannot insert "half" after "model/v2": it is a target of a switch, not a stage of a pipeline; attach, detach or replace it, or make it a pipeline
       7 |          at 1 insert half after model/v2
         |                                       ^^
    line 8, column 17: "inner" is a pipeline; only a switch has routes and targets
       8 |          expect inner -> v1
         |                 ^^^^^
    line 9, column 27: "add" is a stage; only a pipeline has stages
       9 |          expect stages of add none
         |                           ^^^
    line 10, column 32: nothing is called "model/v9"; there is "v1" and "v2"; did you mean "v1"?
      10 |          expect model -> v1:95 v9:5
         |                                ^^
    "#);
}

#[test]
fn an_edit_is_too_early_or_too_late() {
    assert_snapshot!(mistakes(
        "at 10 remove half
         at 5 insert half after add
         at 10 remove half
         at 20 insert half as add after total"
    ), @r#"
    line 3, column 23: cannot remove "half": nothing is called "half"; there is "add", "total", "model", "inner" and "show"
      3 |          at 10 remove half
        |                       ^^^^
    line 4, column 31: cannot insert "half" as "add" after "total": the name "add" is taken; use another
      4 |          at 20 insert half as add after total
        |                               ^^^
    "#);
}

#[test]
fn what_follows_from_a_mistake_is_not_told() {
    assert_snapshot!(mistakes(
        "at 1 insert hlaf as h after add
         at 2 rename h to g
         at 3 move g at the front
         expect at 4 has g/inside
         at 5 remove g
         at 6 { remove neg; remove inner }
         at 7 insert half as inner after model"
    ), @r#"
    line 1, column 13: nothing in the library is called "hlaf"; did you mean "half"?
      1 | at 1 insert hlaf as h after add
        |             ^^^^
    line 6, column 24: cannot remove "neg": nothing is called "neg"; there is "add", "total", "model", "inner" and "show"
      6 |          at 6 { remove neg; remove inner }
        |                        ^^^
    "#);
}

#[test]
fn what_comes_again_has_to_be_legal_each_time() {
    assert_snapshot!(mistakes("every 10 insert half after add"), @r#"
    line 1, column 17: cannot insert "half" after "add" (at cycle 20): the name "half" is taken; use another
      1 | every 10 insert half after add
        |                 ^^^^
    "#);
    assert_snapshot!(mistakes("every 10 to 20 insert half after add"), @r#"
    line 1, column 23: cannot insert "half" after "add" (at cycle 20): the name "half" is taken; use another
      1 | every 10 to 20 insert half after add
        |                       ^^^^
    "#);
    assert!(bind("every 10 to 19 insert half after add").is_ok());
    assert!(bind("every 10 { insert half after add; remove half }").is_ok());
    assert_snapshot!(mistakes(
        "every 10 from 5 route model -> v2
         at 1000000 detach v1 from model
         every 7 from 1000000 to 2000000 route model -> v1"
    ), @r#"
    line 3, column 57: cannot route "model" -> v1: nothing is called "model/v1"; there is "v2"; did you mean "v2"?
      3 |          every 7 from 1000000 to 2000000 route model -> v1
        |                                                         ^^
    "#);
}

#[test]
fn repetitions_that_bring_nothing_new_are_left_out() {
    for text in [
        "every 1 to 1000000 route model -> v2",
        "every 1 route model -> v1\nevery 2 route model -> v2",
        "every 7 route model -> v2\nevery 1000003 route model -> v2",
        "every 2 from 0 route model -> v1\nevery 2 from 1 route model -> v2\nat 99999999 detach v1 from model",
        "every 1 move add at the front\nevery 1 move total at the front",
        "every 3 { insert half after add }\nevery 3 { remove half }",
        "every 18446744073709551615 route model -> v2\nevery 1 from 18446744073709551615 resume",
    ] {
        let bound = bind(text);
        assert_eq!(bound.is_ok(), !text.contains("detach"), "{text}");
    }
    // Alternating, the route is at v2 in front of every even cycle.
    assert!(
        bind("every 2 from 0 route model -> v1\nevery 2 from 1 route model -> v2\nat 99999998 detach v1 from model")
            .is_err()
    );
}

#[test]
fn a_when_has_to_be_legal_wherever_it_may_come() {
    assert_snapshot!(mistakes(
        "at 10 insert half after add
         when failed > 3 remove half"
    ), @r#"
    line 2, column 33: cannot remove "half" (if it comes before all other edits): nothing is called "half"; there is "add", "total", "model", "inner" and "show"
      2 |          when failed > 3 remove half
        |                                 ^^^^
    "#);
    assert_snapshot!(mistakes(
        "when failed > 3 remove inner/neg
         at 10 move inner/neg after inner/sub"
    ), @r#"
    line 2, column 27: cannot move "inner/neg" after "inner/sub" (if it comes after line 1): nothing is called "inner/neg"; there is "sub"
      2 |          at 10 move inner/neg after inner/sub
        |                           ^^^
    "#);
    assert_snapshot!(mistakes(
        "when failed > 3 { route model -> v2; detach v1 from model }
         when dropped > 3 route model -> v1"
    ), @r#"
    line 2, column 42: cannot route "model" -> v1 (if it comes after line 1): nothing is called "model/v1"; there is "v2"; did you mean "v2"?
      2 |          when dropped > 3 route model -> v1
        |                                          ^^
    "#);
    assert!(bind("when failed > 3 insert half after add\nwhen failed > 5 insert half as other after add").is_ok());
    assert_snapshot!(mistakes("when failed > 3 remove none_such"), @r#"
    line 1, column 24: cannot remove "none_such": nothing is called "none_such"; there is "add", "total", "model", "inner" and "show"
      1 | when failed > 3 remove none_such
        |                        ^^^^^^^^^
    "#);
}

#[test]
fn a_when_on_a_count_cannot_come_before_there_is_something_to_count() {
    assert!(bind("at 10 insert odd after add\nwhen dropped of odd > 3 remove odd").is_ok());
    assert!(bind("at 10 insert odd after add\nwhen dropped of odd < 3 remove odd").is_err(), "it is 0 before");
    assert!(bind("at 10 insert odd after add\nat 20 remove odd\nwhen dropped of odd > 3 remove odd").is_err());
}

#[test]
fn of_two_whens_on_one_count_the_weaker_one_in_front_comes_first() {
    assert!(bind("when failed > 1 attach half to model\nwhen failed > 3 detach half from model").is_ok());
    assert!(bind("when failed > 1 attach half to model\nwhen failed >= 2 detach half from model").is_ok());
    assert!(bind("when failed != 0 attach half to model\nwhen failed = 3 detach half from model").is_ok());
    assert!(bind("when failed of add > 1 attach half to model\nwhen failed of add > 3 detach half from model").is_ok());
    let steps: String = (1..8).map(|at| format!("when failed > {at} insert half as h{at} at the front\n")).collect();
    assert!(bind(&(steps + "when failed > 8 remove h7")).is_ok());
    let apart = "when failed > 1 attach half to model\nwhen dropped > 0 pause\nwhen failed > 3 detach half from model";
    assert!(bind(apart).is_ok());
}

#[test]
fn whens_whose_counts_say_nothing_of_each_other_come_in_any_order() {
    for (first, then) in [
        ("failed >= 2", "failed > 0"),
        ("failed > 1", "dropped > 3"),
        ("failed > 1", "failed of add > 3"),
        ("failed > 1", "failed < 3"),
        ("held > 1", "held > 3"),
        ("revision > 1", "revision > 3"),
    ] {
        let text = format!("when {first} attach half to model\nwhen {then} detach half from model");
        assert!(bind(&text).is_err(), "{text}");
    }
    assert_snapshot!(mistakes("when failed > 3 detach half from model\nwhen failed > 1 attach half to model"), @r#"
    line 1, column 24: cannot detach "half" from "model" (if it comes before all other edits): nothing is called "model/half"; there is "v1" and "v2"
      1 | when failed > 3 detach half from model
        |                        ^^^^
    "#);
    // At the cycle of the second `at` there may be a count at the path that was not there in front of it.
    let text = "when failed of half > 1 attach neg to model\nat 9 rename add to half\nwhen failed of half > 3 detach neg from model";
    assert!(bind(text).is_err());
}

#[test]
fn within_a_cycle_a_when_comes_where_it_stands() {
    // Between the two others there is no cycle, so nothing can come between them.
    assert!(
        bind("when failed > 0 move total before add\nat 5 { remove total }\nat 5 insert half as total after add")
            .is_ok()
    );
    let between = "at 5 { remove total }\nwhen failed > 0 move total before add\nat 5 insert half as total after add";
    assert_snapshot!(mistakes(between), @r#"
    line 2, column 22: cannot move "total" before "add" (if it comes after line 1): nothing is called "total"; there is "add", "model", "inner" and "show"
      2 | when failed > 0 move total before add
        |                      ^^^^^
    "#);
    assert!(
        bind("at 0 remove total\nat 0 insert half as total after add\nwhen failed > 0 move total before add").is_ok()
    );
}

#[test]
fn a_when_on_accepted_items_is_known_to_the_cycle() {
    assert!(bind("at 10 insert half after add\nwhen accepted > 9 remove half").is_ok());
    assert_snapshot!(mistakes("at 10 insert half after add\nwhen accepted >= 9 remove half"), @r#"
    line 2, column 27: cannot remove "half": nothing is called "half"; there is "add", "total", "model", "inner" and "show"
      2 | when accepted >= 9 remove half
        |                           ^^^^
    "#);
}

#[test]
fn a_cycle_that_never_comes_is_a_mistake() {
    assert_snapshot!(mistakes("at 3 pause\nat 5 resume\nat 7 remove total"), @"
    line 2, column 4: cycle 5 never comes: the pipeline is paused from cycle 3 on; resume it there
      2 | at 5 resume
        |    ^
    ");
    assert_snapshot!(mistakes("at 3 { route model -> v2; route model -> none }\nexpect at 9 running"), @r#"
    line 2, column 11: cycle 9 never comes: switch "model" has no target from cycle 3 on; route it there
      2 | expect at 9 running
        |           ^
    "#);
    assert_snapshot!(mistakes("every 4 pause"), @"
    line 1, column 1: cycle 8 never comes: the pipeline is paused from cycle 4 on; resume it there
      1 | every 4 pause
        | ^^^^^^^^^^^^^
    ");
    assert_snapshot!(mistakes("at 3 { insert fork after inner/neg; route inner/fork -> none }\nevery 500 from 1000 resume"), @r#"
    line 2, column 16: cycle 1000 never comes: switch "inner/fork" has no target from cycle 3 on; route it there
      2 | every 500 from 1000 resume
        |                ^^^^
    "#);
    assert!(bind("at 3 pause\nat 3 resume\nat 5 remove total").is_ok(), "it goes on at the same cycle");
    assert!(bind("at 3 pause\nexpect at 3 paused\nexpect paused").is_ok(), "nothing is to come");
    assert!(
        bind("at 3 { attach fork to model; route model/fork -> none }\nat 5 remove total").is_ok(),
        "items go another way"
    );
    assert!(bind("when failed > 3 pause\nat 5 remove total").is_ok(), "it may not come");
    assert_snapshot!(mistakes("at 3 pause\nat 5 remove none_such"), @r#"
    line 2, column 4: cycle 5 never comes: the pipeline is paused from cycle 3 on; resume it there
      2 | at 5 remove none_such
        |    ^
    line 2, column 13: cannot remove "none_such": nothing is called "none_such"; there is "add", "total", "model", "inner" and "show"
      2 | at 5 remove none_such
        |             ^^^^^^^^^
    "#);
}

#[test]
fn a_pipeline_that_takes_no_item_when_it_is_bound_has_to_be_made_to() {
    let mut pipeline = pipeline();
    pipeline.send_all(1..=4, |_| ()).unwrap();
    pipeline.controller().pause().unwrap();
    let bind = |text| script(text).bind(&library().0, &pipeline.controller());
    assert_snapshot!(bind("at 5 resume").unwrap_err(), @"
    line 1, column 4: cycle 5 never comes: the pipeline is paused from cycle 4 on; resume it there
      1 | at 5 resume
        |    ^
    ");
    assert!(bind("at 4 resume\nat 5 remove total").is_ok());
    pipeline.controller().edit(|e| e.resume()?.route("model", coroute::Route::none())).unwrap();
    assert_snapshot!(bind("at 4 remove total\nwhen accepted > 4 resume").unwrap_err(), @r#"
    line 2, column 1: cycle 5 never comes: switch "model" has no target from cycle 4 on; route it there
      2 | when accepted > 4 resume
        | ^^^^^^^^^^^^^^^^^^^^^^^^
    "#);
    assert!(bind("at 4 route model -> v2\nat 5 remove total").is_ok());
}

#[test]
fn too_many_ways_are_a_mistake() {
    let at_one_place = |count: u32| -> String {
        (0..count).map(|at| format!("when held > {at} insert half as h{at} at the front\n")).collect()
    };
    assert!(bind(&at_one_place(6)).is_ok());
    assert!(bind(&at_one_place(7)).is_err());
    let in_any_order = |count: u32| -> String {
        let each = |at| format!("at 0 insert half as h{at} at the front\nwhen held > {at} remove h{at}\n");
        (0..count).map(each).collect()
    };
    assert!(bind(&in_any_order(12)).is_ok());
    assert!(bind(&in_any_order(14)).is_err());
    // Each stands behind a stronger one, which may come at the same cycle or a later one.
    let many: String =
        (0..16).map(|at| format!("when failed > {} insert half as h{at} at the front\n", 16 - at)).collect();
    assert_snapshot!(mistakes(&many), @"
    line 1, column 1: the script cannot be checked: its edits can come in too many ways (more than 10000 states, or 200000 edits); use fewer `when` and `every`
      1 | when failed > 16 insert half as h0 at the front
        | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    ");
}

#[test]
fn g5_more_edits_than_can_wait_for_an_item_are_a_mistake() {
    let edits = |count: usize| {
        "at 5 route model -> v2\n".repeat(count / 2)
            + &"at 5 rename add to add2\nat 5 rename add2 to add\n".repeat(count / 4)
    };
    assert!(bind(&edits(1024)).is_ok());
    assert_snapshot!(mistakes(&edits(1028)), @"
    line 1025, column 1: more than 1024 edits at cycle 5; put several changes into one edit
      1025 | at 5 rename add to add2
           | ^^^^^^^^^^^^^^^^^^^^^^^
    ");
}

#[test]
fn counts_and_names_that_are_never_there_are_mistakes() {
    assert_snapshot!(mistakes(
        "when failed of ad > 3 pause
         expect dropped of odd = 0
         expect stages add > totl
         expect no innr/neg"
    ), @r#"
    line 1, column 16: nothing is called "ad" at any point of the script; did you mean "add"?
      1 | when failed of ad > 3 pause
        |                ^^
    line 2, column 28: nothing is called "odd" at any point of the script; did you mean "add"?
      2 |          expect dropped of odd = 0
        |                            ^^^
    line 3, column 30: nothing is called "totl" at any point of the script; did you mean "total"?
      3 |          expect stages add > totl
        |                              ^^^^
    line 4, column 20: nothing is called "innr" at any point of the script; did you mean "inner"?
      4 |          expect no innr/neg
        |                    ^^^^
    "#);
    assert!(bind("at 7 insert odd after add\nat 8 remove odd\nexpect dropped of odd = 0\nexpect no odd").is_ok());
    assert!(bind("at 7 insert odd after add\nexpect stages add > odd").is_ok(), "the run will say no");
}

#[test]
fn what_has_passed_cannot_be_played() {
    let mut pipeline = pipeline();
    pipeline.send_all(1..=600, |_| ()).unwrap();
    let bind = |text| script(text).bind(&library().0, &pipeline.controller());
    assert_snapshot!(bind(
        "at 599 remove total
         every 500 pause
         expect at 5 running
         at 600 insert half as total after add"
    ).unwrap_err(), @"
    line 1, column 4: cycle 599 has passed: the pipeline has accepted 600 items already
      1 | at 599 remove total
        |    ^^^
    line 2, column 16: cycle 500 has passed: the pipeline has accepted 600 items already
      2 |          every 500 pause
        |                ^^^
    line 3, column 20: cycle 5 has passed: the pipeline has accepted 600 items already
      3 |          expect at 5 running
        |                    ^
    ");
    assert!(bind("at 600 pause\nat 600 resume\nevery 500 from 1000 pause").is_err());
    assert!(bind("at 600 remove total\nevery 500 from 1000 resume").is_ok());
    assert_eq!(bind("when failed > 3 pause").unwrap().next_due(), Some(600));
}

#[test]
fn a_library_with_a_mistake_is_good_for_nothing() {
    let library = Library::new().stage("a b", || |x: i64| x).stage("neg", || |x: i64| x).tap("neg", || |_: &i64| ());
    assert_snapshot!(script("").bind(&library, &pipeline().controller()).unwrap_err(), @r#"
    in the library: cannot use "a b" as a name: ' ' is not a letter, a digit, `_`, `-` or `.`
    the library has two makers called "neg"; use another name for one
    "#);
}

#[test]
fn what_a_maker_makes_is_looked_at_inside() {
    assert_snapshot!(mistakes("at 1 insert pair after add\nat 2 remove pair/three\nat 3 replace total with fork\nat 4 route total -> c"), @r#"
    line 2, column 18: cannot remove "pair/three": nothing is called "pair/three"; there is "one" and "two"
      2 | at 2 remove pair/three
        |                  ^^^^^
    line 4, column 21: cannot route "total" -> c: nothing is called "total/c"; there is "a" and "b"; did you mean "a"?
      4 | at 4 route total -> c
        |                     ^
    "#);
    let twice = || Pipeline::new("p").stage("a", |x: i64| x).stage("a", |x: i64| x);
    let library = Library::new().stage("twice", twice);
    let bound = script("at 1 insert twice after add").bind(&library, &pipeline().controller());
    assert_snapshot!(bound.unwrap_err(), @r#"
    line 1, column 13: cannot insert "twice" after "add": cannot build stage "a" of pipeline "p": the name "a" is taken; use another
      1 | at 1 insert twice after add
        |             ^^^^^
    "#);
}

#[test]
fn no_maker_is_called_without_need() {
    let library = Library::new()
        .stage("neg", || -> fn(i64) -> i64 { panic!("made") })
        .tap("look", || -> fn(&i64) { panic!("made") })
        .stage("unused", || -> Pipeline<i64, i64> { panic!("made") })
        .generator("turns", |_| -> std::future::Ready<()> { panic!("made") });
    let text = "at 1 insert neg after add\nat 1 tap add with look\nat 1 route model -> generator v1 v2 by turns";
    assert!(script(text).bind(&library, &pipeline().controller()).is_ok());
}

#[test]
fn g0_binding_touches_nothing() {
    let mut pipeline = pipeline();
    let (before, ledger) = (pipeline.topology().to_string(), pipeline.ledger());
    let text = "at 0 { route model -> v2; remove total; pause }";
    assert!(script(text).bind(&library().0, &pipeline.controller()).is_ok());
    assert_eq!((pipeline.topology().to_string(), pipeline.ledger()), (before, ledger));
    assert_eq!(pipeline.call(1).unwrap(), "-13");
}

#[test]
fn a_pipeline_that_takes_no_edit_cannot_be_bound_to() {
    let inner = Switch::new("s").target("a", |x: i64| x).into_pipeline();
    let controller = inner.controller();
    let outer = Pipeline::new("outer").stage("s", inner);
    assert_snapshot!(script("at 0 route s -> a").bind(&Library::new(), &controller).unwrap_err(), @"no edit can be made: the pipeline has become a part of another; use that one's controller, with a path");
    drop(outer);
}

#[test]
fn a_mistake_that_is_not_in_the_text_has_no_place() {
    let pipeline = pipeline();
    let controller = pipeline.controller();
    drop(pipeline);
    let error = script("at 0 pause\nat 5 remove x").bind(&library().0, &controller).unwrap_err();
    assert_snapshot!(error, @"no edit can be made: the pipeline was dropped; its topology, ledger and trace can still be read");
    assert_eq!((error.mistakes()[0].line(), error.mistakes()[0].column(), error.mistakes()[0].span()), (0, 0, 0..0));
}

#[test]
fn what_is_expected_of_a_route_is_suggested_as_it_is_for_an_edit() {
    assert_snapshot!(mistakes("expect at 1 model -> nope\nexpect model -> next v1 vv2\nat 2 route model -> nome"), @r#"
    line 1, column 22: nothing is called "model/nope"; there is "v1" and "v2"; did you mean "none"?
      1 | expect at 1 model -> nope
        |                      ^^^^
    line 2, column 25: nothing is called "model/vv2"; there is "v1" and "v2"; did you mean "v2"?
      2 | expect model -> next v1 vv2
        |                         ^^^
    line 3, column 21: cannot route "model" -> nome: nothing is called "model/nome"; there is "v1" and "v2"; did you mean "none"?
      3 | at 2 route model -> nome
        |                     ^^^^
    "#);
}

#[test]
fn an_unwrapped_mistake_reads_as_a_printed_one() {
    let error = bind("at 0 remove modle").unwrap_err();
    assert_snapshot!(format!("{error:?}"), @r#"
    ScriptError(line 1, column 13: cannot remove "modle": nothing is called "modle"; there is "add", "total", "model", "inner" and "show"; did you mean "model"?
      1 | at 0 remove modle
        |             ^^^^^)
    "#);
}
