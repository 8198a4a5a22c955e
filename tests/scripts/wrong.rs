//! What is said of scripts that do not hold, of mistakes in them, and of what is wrong with the command line.

use insta::assert_snapshot;

use super::call::{Ran, Temporary, call, path};

#[test]
fn a_script_that_does_not_hold_ends_with_1_and_says_what_was_found() {
    let text = "# pipeline: sum\nat 2 remove prod\nexpect at 2 stages add > prod\nexpect delivered > 12\nexpect at 13 no prod\n\
                at 20 remove add\nexpect failed = 0\n";
    let ran = Temporary::new("does_not_hold.route", text).play(&[]);
    assert_eq!(ran.code, 1);
    assert_snapshot!(ran.err, @"
    script: SCRIPT does not hold

    line 3, cycle 2: expected stages add > prod, found stages add > power
    line 4, at the end: expected delivered > 12, found delivered = 12
    line 5, cycle 13: expected no prod, and the run ended before
    ");
    assert_snapshot!(ran.out.split("\nMarbles").next().unwrap(), @"
    SCRIPT on the pipeline sum

    Expectations
    ------------
    unmet  expect at 2 stages add > prod; found stages add > power
    unmet  expect delivered > 12; found delivered = 12
    unmet  expect at 13 no prod; the run ended before
    met    expect failed = 0
    missed line 6, cycle 20: remove add, and the run ended before

    Outputs, by cycle and revision
    ------------------------------
        0  r0  64
        1  r0  216
        2  r1  64
        3  r1  125
        4  r1  216
        5  r1  343
        6  r1  512
        7  r1  729
        8  r1  1000
        9  r1  1331
       10  r1  1728
       11  r1  2197
    ");
}

#[test]
fn all_mistakes_of_a_text_are_shown_before_an_item_flows() {
    let text = "# pipeline: text\nat 1 remov blank\nat 2 route render -> blue\nevery 0 remove blank\nexpect render ->\n\
                when failed of trim > 3 { remove blank; rename trim to }\n";
    let script = Temporary::new("mistakes_of_text.route", text);
    let ran = script.play(&[]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert_eq!(script.play(&["--check"]), ran);
    assert_snapshot!(ran.err, @r#"
    script: SCRIPT has mistakes

    line 2, column 6: there is no change called "remov"; did you mean "remove"?
      2 | at 1 remov blank
        |      ^^^^^
        = expected `route`, `split`, `insert`, `remove`, `replace`, `rename`, `move`, `attach`, `detach`, `tap`, `workers`, `pause`, `resume` or `{`
    line 4, column 7: there is no item between two edits; the least is `every 1`
      4 | every 0 remove blank
        |       ^
    line 5, column 17: the line ends too soon
      5 | expect render ->
        |                 ^
        = expected `none`, `once`, `all`, `next`, `key`, `when`, `failover`, `generator` or a target
    line 6, column 56: `}` cannot stand here
      6 | when failed of trim > 3 { remove blank; rename trim to }
        |                                                        ^
        = expected a name
    "#);
}

#[test]
fn all_that_does_not_fit_the_pipeline_is_shown_before_an_item_flows() {
    let text = "# pipeline: text\nat 3 remove blnk\nat 4 { attach gren to render; route render -> green }\n\
                expect at 5 rendr -> blue\nexpect failed of trimm = 0\nat 6 insert watch after trim\n";
    let script = Temporary::new("does_not_fit.route", text);
    let ran = script.play(&[]);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
    assert_eq!(script.play(&["-c"]), ran);
    assert_snapshot!(ran.err, @r#"
    script: SCRIPT has mistakes

    line 2, column 13: cannot remove "blnk": nothing is called "blnk"; there is "trim", "blank" and "render"; did you mean "blank"?
      2 | at 3 remove blnk
        |             ^^^^
    line 3, column 15: nothing in the library is called "gren"; did you mean "green"?
      3 | at 4 { attach gren to render; route render -> green }
        |               ^^^^
    line 4, column 13: nothing is called "rendr"; there is "trim", "blank" and "render"; did you mean "render"?
      4 | expect at 5 rendr -> blue
        |             ^^^^^
    line 5, column 18: nothing is called "trimm" at any point of the script; did you mean "trim"?
      5 | expect failed of trimm = 0
        |                  ^^^^^
    line 6, column 13: "watch" is a tap in the library; `insert` takes a stage
      6 | at 6 insert watch after trim
        |             ^^^^^
    "#);
}

#[test]
fn what_is_wrong_with_the_command_line_or_a_file_ends_with_2() {
    let live_tap = &*path("live_tap");
    let nameless = Temporary::new("nameless.route", "at 1 pause\n# pipeline: text\n");
    let unknown = Temporary::new("unknown.route", "# pipeline: txt\n");
    let words = Temporary::new("words.txt", "1\n\ntwo\n");
    let calls: [&[&str]; 11] = [
        &[],
        &["--check"],
        &["--list"],
        &[live_tap, live_tap],
        &["--nope"],
        &["--format", "xml", live_tap],
        &["--pipeline", "txt", live_tap],
        &["--input", "not/there.txt", live_tap],
        &["not/there.route"],
        &[nameless.path()],
        &[unknown.path()],
    ];
    let mut all = String::new();
    for args in calls {
        let Ran { out, err, code } = call(args);
        assert_eq!((code, out.as_str()), (2, ""), "{args:?}: {err}");
        all += &err;
    }
    assert_snapshot!(all, @r#"
    script: which script? Name a file, such as examples/scripts/canary.route; --help says more
    script: which script? Name a file, such as examples/scripts/canary.route; --help says more
    script: a list of what? Add --pipeline NAME
    script: one script at a time
    script: invalid option '--nope'
    script: there is no form "xml"; there is text, json, mermaid, dot
    script: there is no pipeline "txt"; there is flights, text, sum, source
    script: cannot open not/there.txt: No such file or directory (os error 2)
    script: cannot read not/there.route: No such file or directory (os error 2)
    script: which pipeline? Begin the script with `# pipeline: NAME`, or add --pipeline
    script: there is no pipeline "txt"; there is flights, text, sum, source
    "#);
    let Ran { out, err, code } = call(&["-i", words.path(), &path("insert_and_pop")]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert_snapshot!(err, @r#"script: line 3 of the input is "two": invalid digit found in string"#);
}

#[test]
fn a_run_that_ends_early_says_what_was_not_reached() {
    let short = Temporary::new("short.txt", "1\n2\n3\n");
    let ran = call(&["--input", short.path(), &path("insert_and_pop")]);
    assert_eq!(ran.code, 1);
    assert_snapshot!(ran.out.split("\nMarbles").next().unwrap(), @"
    examples/scripts/insert_and_pop.route on the pipeline sum

    Expectations
    ------------
    unmet  expect at 4 stages add > neg > power; the run ended before
    unmet  expect at 8 stages add > power > neg; the run ended before
    unmet  expect stages add > prod > power; found stages add > neg > prod > power
    unmet  expect delivered = 12; found delivered = 3
    missed line 7, cycle 4: remove prod, and the run ended before
    missed line 10, cycle 6: remove neg, and the run ended before
    missed line 11, cycle 8: insert neg at the back, and the run ended before
    missed line 15, cycle 10: remove neg; insert prod after add, and the run ended before

    Outputs, by cycle and revision
    ------------------------------
        0  r0  64
        1  r0  216
        2  r1  -512
    ");
}

#[test]
fn a_run_that_stops_in_the_middle_prints_what_there_is_and_says_why() {
    let three = Temporary::new("three.txt", "4\n8\n16\n");
    let Ran { out, err, code } = call(&["--input", three.path(), &path("controller_generator")]);
    assert_eq!(code, 1);
    assert_snapshot!(err, @r#"
    script: examples/scripts/controller_generator.route does not hold

    it came to cycle 2: item held back: switch "source" has no target; route it somewhere
    "#);
    assert_snapshot!(out, @"
    examples/scripts/controller_generator.route on the pipeline source

    Expectations
    ------------
    met    expect at 0 source -> none
    met    expect delivered = 2

    Outputs, by cycle and revision
    ------------------------------
        0  r1  5
        1  r2  16

    Marbles
    -------
    cycle  0
    edit   12
    add    a.
    prod   .b

    a   source[add]
    b   source[prod]
    r1  cycle 0: route source -> once add
    r2  cycle 1: route source -> once prod

    Runs
    ----
    cycle 0  r1  = route source -> once add
    cycle 0  r1  source[add]   1 item
    cycle 1  r2  = route source -> once prod
    cycle 1  r2  source[prod]  1 item

    Ledger
    ------
    accepted   2
    delivered  2
    dropped    0
    failed     0
    in flight  0

    Topology: + new, - gone, ~ changed
    ----------------------------------
    ~ source      i64 -> i64  revision 2       (was 0)
    ~ └─ source   i64 -> i64  route once prod  (was none)
         ├─ add   i64 -> i64
    ~    └─ prod  i64 -> i64  live             (was idle)
    ");
}

#[test]
fn what_a_stopped_run_did_not_fulfil_is_told() {
    let text =
        "# pipeline: sum\nexpect at 1 has prod\nwhen delivered > 1 pause\nat 5 remove prod\nexpect delivered = 12\n";
    let Ran { out, err, code } = Temporary::new("stopped.route", text).play(&[]);
    assert_eq!(code, 1);
    assert_snapshot!(err, @"
    script: SCRIPT does not hold

    it came to cycle 2: item held back: the pipeline is paused; resume it
    ");
    assert_snapshot!(out.split("\nOutputs").next().unwrap(), @"
    SCRIPT on the pipeline sum

    Expectations
    ------------
    met    expect at 1 has prod
    unmet  expect delivered = 12; found delivered = 2
    missed line 4, cycle 5: remove prod, and the run ended before
    ");
}
