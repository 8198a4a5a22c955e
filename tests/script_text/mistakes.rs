//! What each mistake says.

use coroute::script::Statement;
use coroute::{Change, RouteView, Script, ScriptError};
use insta::assert_snapshot;

fn error(text: &str) -> ScriptError {
    match text.parse::<Script>() {
        Ok(script) => panic!("{text:?} was taken for\n{script}"),
        Err(error) => error,
    }
}

/// What is said of each of the texts.
fn said<const N: usize>(texts: [&str; N]) -> String {
    texts.map(|text| error(text).to_string()).join("\n\n")
}

#[test]
fn an_unknown_word_is_answered_with_the_nearest() {
    assert_snapshot!(said(["att 0 pause", "at 10 remov pars", "when faild > 3 pause", "expect faild = 0", "at 0 frobnicate x",
        "at 0 insert a befor b", "REMOVE x", "every 5 form 3 pause"]), @r#"
    line 1, column 1: there is no statement called "att"; did you mean "at"?
      1 | att 0 pause
        | ^^^
        = expected `at`, `every`, `when` or `expect`

    line 1, column 7: there is no change called "remov"; did you mean "remove"?
      1 | at 10 remov pars
        |       ^^^^^
        = expected `route`, `split`, `insert`, `remove`, `replace`, `rename`, `move`, `attach`, `detach`, `tap`, `workers`, `pause`, `resume` or `{`

    line 1, column 6: there is no count called "faild"; did you mean "failed"?
      1 | when faild > 3 pause
        |      ^^^^^
        = expected `accepted`, `delivered`, `dropped`, `merged`, `failed`, `split`, `held` or `revision`

    line 1, column 8: there is no expectation called "faild"; did you mean "failed"?
      1 | expect faild = 0
        |        ^^^^^
        = expected `at`, a switch and `->`, `accepted`, `delivered`, `dropped`, `merged`, `failed`, `split`, `held`, `revision`, `stages`, `has`, `no`, `paused` or `running`

    line 1, column 6: there is no change called "frobnicate"
      1 | at 0 frobnicate x
        |      ^^^^^^^^^^
        = expected `route`, `split`, `insert`, `remove`, `replace`, `rename`, `move`, `attach`, `detach`, `tap`, `workers`, `pause`, `resume` or `{`

    line 1, column 15: "befor" cannot stand here; did you mean "before"?
      1 | at 0 insert a befor b
        |               ^^^^^
        = expected `as`, `before`, `after` or `at`

    line 1, column 1: there is no statement called "REMOVE"
      1 | REMOVE x
        | ^^^^^^
        = expected `at`, `every`, `when` or `expect`

    line 1, column 9: there is no change called "form"; did you mean "from"?
      1 | every 5 form 3 pause
        |         ^^^^
        = expected `from`, `to`, `route`, `split`, `insert`, `remove`, `replace`, `rename`, `move`, `attach`, `detach`, `tap`, `workers`, `pause`, `resume` or `{`
    "#);
}

#[test]
fn what_is_missing_is_said() {
    assert_snapshot!(said(["at", "at 0", "at 0 route a\n", "at 0 route a ->", "at 0 insert x", "at 0 insert x at front",
        "at 0 replace x keeping it", "at 0 { pause resume }", "when failed 3 pause", "expect model", "expect stages a >", "at 0 split a -> b c",
        "at 0 detach a", "pause"]), @r#"
    line 1, column 3: the script ends too soon
      1 | at
        |   ^
        = expected a cycle

    line 1, column 5: the script ends too soon
      1 | at 0
        |     ^
        = expected `route`, `split`, `insert`, `remove`, `replace`, `rename`, `move`, `attach`, `detach`, `tap`, `workers`, `pause`, `resume` or `{`

    line 1, column 13: the line ends too soon
      1 | at 0 route a
        |             ^
        = expected `->`

    line 1, column 16: the script ends too soon
      1 | at 0 route a ->
        |                ^
        = expected `none`, `once`, `all`, `next`, `key`, `when`, `failover`, `generator` or a target

    line 1, column 14: the script ends too soon
      1 | at 0 insert x
        |              ^
        = expected `as`, `before`, `after` or `at`

    line 1, column 18: "front" cannot stand here
      1 | at 0 insert x at front
        |                  ^^^^^
        = expected `the`

    line 1, column 24: "it" cannot stand here; did you mean "its"?
      1 | at 0 replace x keeping it
        |                        ^^
        = expected `its`

    line 1, column 14: "resume" cannot stand here
      1 | at 0 { pause resume }
        |              ^^^^^^
        = expected `;`, `}` or the end of the line

    line 1, column 13: "3" cannot stand here
      1 | when failed 3 pause
        |             ^
        = expected `of`, `<`, `<=`, `=`, `!=`, `>=` or `>`

    line 1, column 8: there is no expectation called "model"
      1 | expect model
        |        ^^^^^
        = expected `at`, a switch and `->`, `accepted`, `delivered`, `dropped`, `merged`, `failed`, `split`, `held`, `revision`, `stages`, `has`, `no`, `paused` or `running`

    line 1, column 18: the script ends too soon
      1 | expect stages a >
        |                  ^
        = expected a stage

    line 1, column 19: "c" cannot stand here
      1 | at 0 split a -> b c
        |                   ^
        = expected `:`

    line 1, column 14: the script ends too soon
      1 | at 0 detach a
        |              ^
        = expected `from`

    line 1, column 1: nothing says when to pause: begin with a cycle, such as `at 0 pause`
      1 | pause
        | ^^^^^
    "#);
}

#[test]
fn what_is_too_much_is_said() {
    assert_snapshot!(said(["at 0 pause resume", "at 0 pause; resume", "at 0 { pause } resume", "at 0 { pause", "at 0 { pause\nat 1 resume",
        "at 0 { { pause } }", "at 0 { at 1 pause }", "}", "at 0 { pause } }"]), @r#"
    line 1, column 12: "resume" cannot stand here
      1 | at 0 pause resume
        |            ^^^^^^
        = expected the end of the line

    line 1, column 11: a statement ends with its line; several changes together stand in a block, `{ }`
      1 | at 0 pause; resume
        |           ^

    line 1, column 16: "resume" cannot stand here
      1 | at 0 { pause } resume
        |                ^^^^^^
        = expected the end of the line

    line 1, column 6: this block is not closed
      1 | at 0 { pause
        |      ^

    line 1, column 6: this block is not closed before the next statement
      1 | at 0 { pause
        |      ^

    line 1, column 8: a block cannot stand in a block: its changes are committed together as it is
      1 | at 0 { { pause } }
        |        ^

    line 1, column 8: a statement cannot stand in a block; a block holds changes
      1 | at 0 { at 1 pause }
        |        ^^

    line 1, column 1: `}` cannot stand here
      1 | }
        | ^
        = expected `at`, `every`, `when` or `expect`

    line 1, column 16: `}` cannot stand here
      1 | at 0 { pause } }
        |                ^
        = expected the end of the line
    "#);
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    assert_snapshot!(said(["at 18446744073709551616 pause", "at 1__0 pause", "at 1_ pause", "at 12a pause", "at -1 pause", "at x pause",
        "every 0 pause", "every 5 from 10 to 9 pause", "every 5 to 4 pause", "when failed < 0 pause"]), @r#"
    line 1, column 4: 18446744073709551616 is too large; it can be 18446744073709551615 at most
      1 | at 18446744073709551616 pause
        |    ^^^^^^^^^^^^^^^^^^^^

    line 1, column 4: in a number, `_` stands between two digits
      1 | at 1__0 pause
        |    ^^^^

    line 1, column 4: in a number, `_` stands between two digits
      1 | at 1_ pause
        |    ^^

    line 1, column 4: "12a" is not a number
      1 | at 12a pause
        |    ^^^

    line 1, column 4: -1 is below 0; cycles begin at 0
      1 | at -1 pause
        |    ^^

    line 1, column 4: "x" cannot stand here
      1 | at x pause
        |    ^
        = expected a cycle

    line 1, column 7: there is no item between two edits; the least is `every 1`
      1 | every 0 pause
        |       ^

    line 1, column 20: it would end at 9, before it begins at 10
      1 | every 5 from 10 to 9 pause
        |                    ^

    line 1, column 12: it would end at 4, before it begins at 5
      1 | every 5 to 4 pause
        |            ^

    line 1, column 15: no count is less than 0
      1 | when failed < 0 pause
        |               ^
    "#);
}

#[test]
fn routes_that_make_no_sense_are_refused() {
    assert_snapshot!(said(["at 0 route m -> a b", "at 0 route m -> all", "at 0 route m -> all a a", "at 0 route m -> a:1 a:2",
        "at 0 route m -> a:0 b:0", "at 0 route m -> a:4294967296", "at 0 route m -> a:4294967295 b:1", "at 0 route m -> a:1 b",
        "at 0 route m -> once a b", "at 0 route m -> none a", "at 0 route m -> all a by b",
        "at 0 route m -> failover a retry 0", "at 0 route m -> by", "at 0 split m -> none"]), @r#"
    line 1, column 19: nothing says how two targets share the items: begin with `all`, `next`, `key`, `when`, `failover` or `generator`, or give them weights, such as `a:95 b:5`
      1 | at 0 route m -> a b
        |                   ^

    line 1, column 20: the script ends too soon
      1 | at 0 route m -> all
        |                    ^
        = expected a target

    line 1, column 23: "a" is a target of this route already
      1 | at 0 route m -> all a a
        |                       ^

    line 1, column 21: "a" is a target of this route already
      1 | at 0 route m -> a:1 a:2
        |                     ^

    line 1, column 17: the weights are all 0: no target would get an item
      1 | at 0 route m -> a:0 b:0
        |                 ^^^^^^^

    line 1, column 19: 4294967296 is too large; it can be 4294967295 at most
      1 | at 0 route m -> a:4294967296
        |                   ^^^^^^^^^^

    line 1, column 17: the weights come to 4294967296; their sum can be 4294967295 at most
      1 | at 0 route m -> a:4294967295 b:1
        |                 ^^^^^^^^^^^^^^^^

    line 1, column 22: the script ends too soon
      1 | at 0 route m -> a:1 b
        |                      ^
        = expected `:`

    line 1, column 24: `once` is for one item, so it has one target
      1 | at 0 route m -> once a b
        |                        ^

    line 1, column 22: "a" cannot stand here
      1 | at 0 route m -> none a
        |                      ^
        = expected the end of the line

    line 1, column 23: "by" cannot stand here; a target of that name stands in quotation marks
      1 | at 0 route m -> all a by b
        |                       ^^
        = expected a target or the end of the line

    line 1, column 34: a target cannot be tried again before the next item; the least is `retry 1`
      1 | at 0 route m -> failover a retry 0
        |                                  ^

    line 1, column 17: "by" cannot stand here; a target of that name stands in quotation marks
      1 | at 0 route m -> by
        |                 ^^
        = expected `none`, `once`, `all`, `next`, `key`, `when`, `failover`, `generator` or a target

    line 1, column 21: the script ends too soon
      1 | at 0 split m -> none
        |                     ^
        = expected `:`
    "#);
}

#[test]
fn counts_are_of_what_is_counted() {
    assert_snapshot!(said(["when accepted of a > 3 pause", "expect merged = 0"]), @"
    line 1, column 6: `accepted` is counted of the whole pipeline only, not of a stage
      1 | when accepted of a > 3 pause
        |      ^^^^^^^^

    line 1, column 8: `merged` is counted of a stage only: say which, such as `merged of sum`
      1 | expect merged = 0
        |        ^^^^^^
    ");
}

#[test]
fn malformed_names_are_refused() {
    assert_snapshot!(said(["at 0 remove -a", "at 0 remove a//b", "at 0 rename a to b/c", "at 0 remove \"a b\"", "at 0 remove \"\"",
        "at 0 remove \"a", "at 0 \"remove\" a", "at 0 route a -> b, c", "at 0 remove a\u{7}", "at 0 pause # \u{202e}", "at 0 pause\rat 1 pause",
        "at 0 remove\u{a0}a"]), @r#"
    line 1, column 13: cannot use "-a" as a name: it begins with '-'; begin with a letter, a digit or `_`
      1 | at 0 remove -a
        |             ^^

    line 1, column 13: cannot use "a//b" as a path: a name in it is empty
      1 | at 0 remove a//b
        |             ^^^^

    line 1, column 18: cannot use "b/c" as a name: '/' is for paths; a name is one word
      1 | at 0 rename a to b/c
        |                  ^^^

    line 1, column 13: cannot use "a b" as a name: ' ' is not a letter, a digit, `_`, `-` or `.`
      1 | at 0 remove "a b"
        |             ^^^^^

    line 1, column 13: a name is empty
      1 | at 0 remove ""
        |             ^^

    line 1, column 13: this quotation mark has no other one on its line
      1 | at 0 remove "a
        |             ^
        = expected a stage

    line 1, column 6: "remove" in quotation marks is a name, not a word of the language
      1 | at 0 "remove" a
        |      ^^^^^^^^
        = expected `route`, `split`, `insert`, `remove`, `replace`, `rename`, `move`, `attach`, `detach`, `tap`, `workers`, `pause`, `resume` or `{`

    line 1, column 18: ',' has no meaning in a script
      1 | at 0 route a -> b, c
        |                  ^
        = expected `:` or the end of the line

    line 1, column 14: '\u{7}' has no meaning in a script
      1 | at 0 remove a\u{7}
        |              ^^^^^
        = expected the end of the line

    line 1, column 14: '\u{202e}' has no meaning in a script
      1 | at 0 pause # \u{202e}
        |              ^^^^^^^^
        = expected the end of the line

    line 1, column 11: '\r' has no meaning in a script
      1 | at 0 pause\u{d}at 1 pause
        |           ^
        = expected the end of the line

    line 1, column 12: '\u{a0}' has no meaning in a script
      1 | at 0 remove a
        |            ^
        = expected a stage
    "#);
}

#[test]
fn all_mistakes_are_said_at_once() {
    let error = error(
        "at 0 remov a\nat x { remove a\n remove b }\nat 1 pause\nat 2 {\n  remov a; pause; remove\n  insert x\n  resume\n}\nat 3 { pause\nat 4 reroute a",
    );
    assert_eq!(error.mistakes().iter().map(|m| m.line()).collect::<Vec<_>>(), [1, 2, 6, 6, 7, 10, 11]);
    assert_snapshot!(error, @r#"
    line 1, column 6: there is no change called "remov"; did you mean "remove"?
       1 | at 0 remov a
         |      ^^^^^
         = expected `route`, `split`, `insert`, `remove`, `replace`, `rename`, `move`, `attach`, `detach`, `tap`, `workers`, `pause`, `resume` or `{`
    line 2, column 4: "x" cannot stand here
       2 | at x { remove a
         |    ^
         = expected a cycle
    line 6, column 3: there is no change called "remov"; did you mean "remove"?
       6 |   remov a; pause; remove
         |   ^^^^^
         = expected `route`, `split`, `insert`, `remove`, `replace`, `rename`, `move`, `attach`, `detach`, `tap`, `workers`, `pause` or `resume`
    line 6, column 25: the line ends too soon
       6 |   remov a; pause; remove
         |                         ^
         = expected a stage
    line 7, column 11: the line ends too soon
       7 |   insert x
         |           ^
         = expected `as`, `before`, `after` or `at`
    line 10, column 6: this block is not closed before the next statement
      10 | at 3 { pause
         |      ^
    line 11, column 6: there is no change called "reroute"; did you mean "route"?
      11 | at 4 reroute a
         |      ^^^^^^^
         = expected `route`, `split`, `insert`, `remove`, `replace`, `rename`, `move`, `attach`, `detach`, `tap`, `workers`, `pause`, `resume` or `{`
    "#);
}

#[test]
fn of_a_great_many_mistakes_the_first_are_said_and_the_others_counted() {
    let error = error(&"x\n".repeat(1000));
    assert_eq!((error.mistakes().len(), error.more()), (50, 950));
    assert_eq!(error.mistakes()[49].line(), 50);
    assert_eq!(error.to_string().lines().last(), Some("and 950 more"));
}

#[test]
fn carets_stand_under_the_mistake() {
    assert_snapshot!(said(["\tat\t0\tremov x", "at 0 rename größe to 名前/x", "at 0 remove 名前名前 名前 # after", "\u{feff}att 0",
        "at 0 remove a\r\nat 1 remov\r\n", "at 0 remove \u{7}\u{7}"]), @r#"
    line 1, column 7: there is no change called "remov"; did you mean "remove"?
      1 |     at    0    remov x
        |                ^^^^^
        = expected `route`, `split`, `insert`, `remove`, `replace`, `rename`, `move`, `attach`, `detach`, `tap`, `workers`, `pause`, `resume` or `{`

    line 1, column 22: cannot use "名前/x" as a name: '/' is for paths; a name is one word
      1 | at 0 rename größe to 名前/x
        |                      ^^^^^^

    line 1, column 18: "名前" cannot stand here
      1 | at 0 remove 名前名前 名前 # after
        |                      ^^^^
        = expected the end of the line

    line 1, column 1: there is no statement called "att"; did you mean "at"?
      1 | att 0
        | ^^^
        = expected `at`, `every`, `when` or `expect`

    line 2, column 6: there is no change called "remov"; did you mean "remove"?
      2 | at 1 remov
        |      ^^^^^
        = expected `route`, `split`, `insert`, `remove`, `replace`, `rename`, `move`, `attach`, `detach`, `tap`, `workers`, `pause`, `resume` or `{`

    line 1, column 13: '\u{7}' has no meaning in a script
      1 | at 0 remove \u{7}\u{7}
        |             ^^^^^
        = expected a stage
    "#);
    assert_eq!(error("\u{feff}att 0").mistakes()[0].column(), 1);
    assert_eq!(error("at 0 rename größe to 名前 名").mistakes()[0].column(), 25);
}

#[test]
fn a_long_line_is_shown_in_part() {
    let long = format!("at 0 {{ {} remov a; {} }}", "pause; ".repeat(100), "resume; ".repeat(100));
    assert_snapshot!(error(&long), @r#"
    line 1, column 709: there is no change called "remov"; did you mean "remove"?
      1 | …; pause; pause; pause; pause; pause; pause; pause; pause; pause; pause; pause;  remov a; resume; resume; resume; resume; resume; resume; resume; resume; resume;…
        |                                                                                  ^^^^^
        = expected `route`, `split`, `insert`, `remove`, `replace`, `rename`, `move`, `attach`, `detach`, `tap`, `workers`, `pause` or `resume`
    "#);
    let word = format!("at 0 {}", "x".repeat(1 << 20));
    assert_snapshot!(error(&word), @r#"
    line 1, column 6: there is no change called "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"
      1 | at 0 xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
        |      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
        = expected `route`, `split`, `insert`, `remove`, `replace`, `rename`, `move`, `attach`, `detach`, `tap`, `workers`, `pause`, `resume` or `{`
    "#);
}

#[test]
fn a_mistake_can_be_taken_apart() {
    let error = error("at 0 pause\nat 10 remov pars");
    let [mistake] = error.mistakes() else { panic!("{error}") };
    assert_eq!((mistake.line(), mistake.column(), mistake.span()), (2, 7, 17..22));
    assert_eq!(&error.text()[mistake.span()], "remov");
    assert_eq!(mistake.message(), "there is no change called \"remov\"");
    assert_eq!(mistake.suggestion(), Some("remove"));
    assert_eq!(mistake.expected().first().map(String::as_str), Some("`route`"));
    assert_eq!(mistake.to_string(), "line 2, column 7: there is no change called \"remov\"; did you mean \"remove\"?");
}

#[test]
fn a_part_alone_has_nothing_after_it() {
    let said = [
        "remove a; remove b".parse::<Change>().unwrap_err(),
        "".parse::<Change>().unwrap_err(),
        "a:1 b:2 |".parse::<RouteView>().unwrap_err(),
        "at 0 pause\nat 1 resume".parse::<Statement>().unwrap_err(),
    ];
    assert_snapshot!(said.map(|error| error.to_string()).join("\n\n"), @r#"
    line 1, column 9: `;` cannot stand here
      1 | remove a; remove b
        |         ^
        = expected the end of the text

    line 1, column 1: the script ends too soon
      1 |
        | ^
        = expected `route`, `split`, `insert`, `remove`, `replace`, `rename`, `move`, `attach`, `detach`, `tap`, `workers`, `pause` or `resume`

    line 1, column 9: '|' has no meaning in a script
      1 | a:1 b:2 |
        |         ^
        = expected a target or the end of the text

    line 2, column 1: "at" cannot stand here
      2 | at 1 resume
        | ^^
        = expected the end of the text
    "#);
}

#[test]
fn a_misspelt_policy_is_answered_with_the_nearest() {
    assert_snapshot!(said(["at 0 route model -> failovr v1 v2", "at 0 route model -> Next v1", "expect model -> ke v1 v2 by user",
        "at 0 route model -> v1 v2", "at 0 route model -> \"nexd\" v2"]), @r#"
    line 1, column 21: only one target can stand without a policy, and no policy is called "failovr"; did you mean "failover"?
      1 | at 0 route model -> failovr v1 v2
        |                     ^^^^^^^

    line 1, column 21: only one target can stand without a policy, and no policy is called "Next"; did you mean "next"?
      1 | at 0 route model -> Next v1
        |                     ^^^^

    line 1, column 17: only one target can stand without a policy, and no policy is called "ke"; did you mean "key"?
      1 | expect model -> ke v1 v2 by user
        |                 ^^

    line 1, column 24: nothing says how two targets share the items: begin with `all`, `next`, `key`, `when`, `failover` or `generator`, or give them weights, such as `a:95 b:5`
      1 | at 0 route model -> v1 v2
        |                        ^^

    line 1, column 28: nothing says how two targets share the items: begin with `all`, `next`, `key`, `when`, `failover` or `generator`, or give them weights, such as `a:95 b:5`
      1 | at 0 route model -> "nexd" v2
        |                            ^^
    "#);
}

#[test]
fn no_number_is_below_0() {
    assert_snapshot!(said(["at -1 pause", "expect at -20 paused", "every -5 pause", "every 5 from -5 pause", "when failed > -1 pause",
        "at -x pause"]), @r#"
    line 1, column 4: -1 is below 0; cycles begin at 0
      1 | at -1 pause
        |    ^^

    line 1, column 11: -20 is below 0; cycles begin at 0
      1 | expect at -20 paused
        |           ^^^

    line 1, column 7: -5 is below 0; no number in a script is
      1 | every -5 pause
        |       ^^

    line 1, column 14: -5 is below 0; cycles begin at 0
      1 | every 5 from -5 pause
        |              ^^

    line 1, column 15: -1 is below 0; no number in a script is
      1 | when failed > -1 pause
        |               ^^

    line 1, column 4: "-x" cannot stand here
      1 | at -x pause
        |    ^^
        = expected a cycle
    "#);
}
