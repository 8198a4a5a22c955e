//! Scripts as text: what each statement means, what each mistake says, and that text and values say the same.

#[path = "script_text/mistakes.rs"]
mod mistakes;
#[path = "script_text/random.rs"]
mod random;
#[path = "script_text/time.rs"]
mod time;

use coroute::script::{Comparison, Condition, Count, Expectation, Statement};
use coroute::{Change, Made, Name, Path, PolicyKind, Position, Route, RouteView, Script};
use insta::assert_snapshot;

/// The script in its one form; reading that gives the same script.
fn again(text: &str) -> String {
    let script: Script = text.parse().unwrap_or_else(|error| panic!("{error}"));
    let shown = script.to_string();
    assert_eq!(shown.parse::<Script>().unwrap(), script, "{shown}");
    shown
}

#[test]
fn every_statement_has_one_form() {
    assert_snapshot!(again("
        at 0      route source -> add
        at 1      route source -> prod
        at 1_000   insert neg after add
        at 1350   split model -> v1:95 v2:5
        at 2700 { replace parse with parse_v2; remove neg }
        at 4000   tap clean with counter
        every 500 from 5000 to 9000  route model -> next v1 v2
        every 500 from 500 pause
        every 500 to 9000 resume
        when failed > 3  route sink -> spool
        when failed of model/v2/parse >= 10 { route model -> v1 }
        when revision == 2 { pause
            # and nothing else
            ;; resume
        }
        at 7 { }
        expect at 9000  model -> v2
        expect at end failed = 0
    "), @"
    at 0 route source -> add
    at 1 route source -> prod
    at 1000 insert neg after add
    at 1350 route model -> v1:95 v2:5
    at 2700 { replace parse with parse_v2; remove neg }
    at 4000 tap clean with counter
    every 500 from 5000 to 9000 route model -> next v1 v2
    every 500 pause
    every 500 to 9000 resume
    when failed > 3 route sink -> spool
    when failed of model/v2/parse >= 10 route model -> v1
    when revision = 2 { pause; resume }
    at 7 { }
    expect at 9000 model -> v2
    expect failed = 0
    ");
}

#[test]
fn every_change_has_one_form() {
    assert_snapshot!(again("
        at 0 insert neg as minus before model/v2/add
        at 0 insert neg as neg after add
        at 0 insert neg at the front
        at 0 insert neg at the back of model/v2
        at 0 remove neg
        at 0 replace parse
        at 0 replace parse with parse_v2
        at 0 replace parse keeping its state
        at 0 replace parse with parse_v2 keeping its state
        at 0 rename model/v1 to old
        at 0 move neg at the front of model/v2
        at 0 attach v3 as third to model
        at 0 detach third from model
        at 0 tap clean with counter as seen
        at 0 pause
        at 0 resume
    "), @"
    at 0 insert neg as minus before model/v2/add
    at 0 insert neg after add
    at 0 insert neg at the front
    at 0 insert neg at the back of model/v2
    at 0 remove neg
    at 0 replace parse
    at 0 replace parse with parse_v2
    at 0 replace parse keeping its state
    at 0 replace parse with parse_v2 keeping its state
    at 0 rename model/v1 to old
    at 0 move neg at the front of model/v2
    at 0 attach v3 as third to model
    at 0 detach third from model
    at 0 tap clean with counter as seen
    at 0 pause
    at 0 resume
    ");
}

#[test]
fn every_route_has_one_form() {
    assert_snapshot!(again("
        at 0 route m -> none
        at 0 route m -> a
        at 0 route m -> \"a\"
        at 0 route m -> once a
        at 0 route m -> all a b
        at 0 route m -> next a b
        at 0 route m -> a:95 b:5
        at 0 route m -> a:1
        at 0 route m -> key a b
        at 0 route m -> key a b by user
        at 0 route m -> when a b by size
        at 0 route m -> when a b c
        at 0 route m -> failover a b
        at 0 route m -> failover a b retry 10
        at 0 route m -> generator a b by turns
    "), @"
    at 0 route m -> none
    at 0 route m -> a
    at 0 route m -> a
    at 0 route m -> once a
    at 0 route m -> all a b
    at 0 route m -> next a b
    at 0 route m -> a:95 b:5
    at 0 route m -> a:1
    at 0 route m -> key a b
    at 0 route m -> key a b by user
    at 0 route m -> when a b by size
    at 0 route m -> when a b c
    at 0 route m -> failover a b
    at 0 route m -> failover a b retry 10
    at 0 route m -> generator a b by turns
    ");
}

#[test]
fn every_expectation_has_one_form() {
    assert_snapshot!(again("
        expect accepted < 1
        expect delivered <= 1
        expect at 10 dropped of clean = 1
        expect merged of sum == 1
        expect failed != 1
        expect split of words >= 1
        expect held > 1
        expect revision = 18446744073709551615
        expect stages add > neg
        expect stages of model/v2 add
        expect stages none
        expect stages of model none
        expect has model/v2
        expect no model/v2
        expect paused
        expect running
        expect model -> all v1 v2
    "), @"
    expect accepted < 1
    expect delivered <= 1
    expect at 10 dropped of clean = 1
    expect merged of sum = 1
    expect failed != 1
    expect split of words >= 1
    expect held > 1
    expect revision = 18446744073709551615
    expect stages add > neg
    expect stages of model/v2 add
    expect stages none
    expect stages of model none
    expect has model/v2
    expect no model/v2
    expect paused
    expect running
    expect model -> all v1 v2
    ");
}

#[test]
fn a_word_of_the_language_is_one_only_where_it_could_be_one() {
    let text = "\
at 0 insert after after after
at 0 insert as as before before at
at 0 replace with with with keeping its state
at 0 rename to to to
at 0 route route -> \"none\"
at 0 route at -> all \"all\" \"next\" \"by\" \"retry\"
at 0 route m -> \"key\":1 \"by\":2
at 0 route m -> key a b by by
at 0 attach to to to
at 0 detach from from from
at 0 tap with with with
at 0 move at at the front of of
every 5 from 0 to 9 remove from
expect failed -> v2
expect at -> v2
expect at 9 at -> v2
expect stages \"of\" > of
expect stages of of none
expect stages -> none
expect has has
expect no no
";
    assert_eq!(again(text), text);
    assert_eq!(again("expect at end end -> x"), "expect end -> x\n");
}

#[test]
fn names_and_numbers_are_told_apart_by_their_place() {
    assert_eq!(again("at 007 route 5 -> 3:3 4:4"), "at 7 route 5 -> 3:3 4:4\n");
}

#[test]
fn white_space_and_comments_mean_nothing() {
    let plain: Script = "at 1 remove größe\nat 2 { pause; resume }".parse().unwrap();
    for text in [
        "\u{feff}at 1 remove größe\r\nat 2 { pause; resume }\r\n",
        "\t at\t1   remove größe\t# a comment, with \"one quotation mark, and { }\n\n\n#\n at 2{pause;resume}#",
        "at 1 remove größe\nat 2 {\n\tpause # first\n\tresume\n}",
        "at 1 remove \"größe\"\nat 2 {;pause\n;resume;}",
    ] {
        assert_eq!(text.parse::<Script>().unwrap(), plain, "{text:?}");
    }
    assert_eq!(again("at 0 route a->b"), "at 0 route a -> b\n");
    assert_eq!(again("at 0 route a->b:1 c : 2"), "at 0 route a -> b:1 c:2\n");
    for empty in ["", "\n", "# nothing", "\u{feff}", " \t\r\n \r\n"] {
        assert_eq!(empty.parse::<Script>().unwrap(), Script::new(), "{empty:?}");
    }
}

#[test]
fn a_script_of_values_is_that_of_its_text() {
    let name = |name| Name::new(name).unwrap();
    let path = |path| Path::new(path).unwrap();
    let made = Made { maker: name("neg"), name: name("minus") };
    let built = Script::new()
        .at(1000, [Change::Insert { stage: made, at: Position::Front(Some(path("model/v2"))) }])
        .at(2000, [Change::replace("parse", "parse_v2").unwrap(), Change::remove("neg").unwrap()])
        .every(500, 5000..9001, [Change::route("model", RouteView::new(PolicyKind::All, ["a", "b"]).unwrap()).unwrap()])
        .when(Condition::new(Count::Failed, Comparison::More, 3).at("parse").unwrap(), [Change::Pause])
        .expect(9000, Expectation::Stages { of: None, names: vec![name("a"), name("b")] })
        .expect(None, Expectation::Has(path("model/v2")));
    let text = "\
at 1000 insert neg as minus at the front of model/v2
at 2000 { replace parse with parse_v2; remove neg }
every 500 from 5000 to 9000 route model -> all a b
when failed of parse > 3 pause
expect at 9000 stages a > b
expect has model/v2
";
    assert_eq!(built.to_string(), text);
    assert_eq!(text.parse::<Script>().unwrap(), built);
}

#[test]
fn each_part_of_a_script_can_be_read_alone() {
    assert_eq!("# first\n remove neg # last\n".parse::<Change>().unwrap(), Change::remove("neg").unwrap());
    assert_eq!("a:95 b:5".parse::<RouteView>().unwrap(), RouteView::from(&Route::weighted([("a", 95), ("b", 5)])));
    assert_eq!("failover a b retry 3".parse::<RouteView>().unwrap().retry(), Some(3));
    assert_eq!("at 3 { }".parse::<Statement>().unwrap(), Statement::At { cycle: 3, changes: Vec::new() });
    assert_eq!("at 3 {\n}".parse::<Statement>().unwrap(), Statement::At { cycle: 3, changes: Vec::new() });
    assert_eq!("failed>3".parse::<Condition>().unwrap(), Condition::new(Count::Failed, Comparison::More, 3));
    assert_eq!("running".parse::<Expectation>().unwrap(), Expectation::Paused(false));
}
