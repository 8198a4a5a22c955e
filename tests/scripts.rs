//! The script example and the scripts that are shipped: what each does, that each tests itself, and that what is wrong with a
//! script is said.

#[allow(dead_code)] // an example's `main` is not called here
#[path = "../examples/insert_and_pop.rs"]
mod insert_and_pop;
#[allow(dead_code)] // as above
#[path = "../examples/script/main.rs"]
mod script;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use coroute::{Comparison, Expectation, PolicyKind, RouteView, Script, Statement};
use insta::assert_snapshot;
use serde_json::Value;

/// What a call of the example printed, and the code it ended with.
#[derive(Debug, PartialEq, Eq)]
struct Ran {
    out: String,
    err: String,
    code: u8,
}

fn call(args: &[&str]) -> Ran {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = script::run(args, &mut out, &mut err);
    Ran { out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap(), code }
}

/// The names of the scripts that are shipped, without their extension.
fn shipped() -> BTreeSet<String> {
    stems("examples/scripts", |file| file.strip_suffix(".route"))
}

fn stems(folder: &str, stem: impl Fn(&str) -> Option<&str>) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    files.filter_map(|file| stem(&file).map(str::to_owned)).collect()
}

fn path(name: &str) -> String {
    format!("examples/scripts/{name}.route")
}

/// What `each` makes of scripts, one thread a script: the month of flights takes its time.
fn for_each<T: Send>(names: &BTreeSet<String>, each: impl Fn(&str) -> T + Sync) -> Vec<(String, T)> {
    let each = &each;
    thread::scope(|scope| {
        let threads: Vec<_> = names.iter().map(|name| (name, scope.spawn(move || each(name)))).collect();
        threads.into_iter().map(|(name, thread)| (name.clone(), thread.join().unwrap())).collect()
    })
}

/// A file that is gone when the test ends.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str, text: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&path, text).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// What is printed when this script is played, with `SCRIPT` for its path.
    fn play(&self, args: &[&str]) -> Ran {
        let ran = call(&[&[self.path()], args].concat());
        let [out, err] = [ran.out, ran.err].map(|text| text.replace(self.path(), "SCRIPT"));
        Ran { out, err, ..ran }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

#[test]
fn g7_every_shipped_script_prints_the_same_every_time_and_as_it_did() {
    for (name, [first, second]) in for_each(&shipped(), |name| [call(&[&path(name)]), call(&[&path(name)])]) {
        assert_eq!(first, second, "{name}");
        assert_eq!((first.err.as_str(), first.code), ("", 0), "{name}");
        assert_snapshot!(name, first.out);
    }
}

#[test]
fn no_snapshot_is_of_a_script_that_is_gone() {
    assert_eq!(stems("tests/snapshots", |file| file.strip_prefix("scripts__")?.strip_suffix(".snap")), shipped());
}

#[test]
fn every_shipped_script_says_what_it_expects_and_passes_the_check() {
    for name in shipped() {
        let text = fs::read_to_string(path(&name)).unwrap();
        assert!(text.starts_with("# pipeline: "), "{name}");
        let script: Script = text.parse().unwrap();
        assert!(script.statements().iter().any(|statement| matches!(statement, Statement::Expect { .. })), "{name}");
        let written = script.to_string();
        assert_eq!(written.parse::<Script>().as_ref(), Ok(&script), "{name}");
        assert_eq!(written.parse::<Script>().unwrap().to_string(), written, "{name}");
        let Ran { out, err, code } = call(&["--check", &path(&name)]);
        assert_eq!((err.as_str(), code, out.lines().count()), ("", 0, 1), "{name}: {out}");
    }
}

const NO_ROUTE: (PolicyKind, Option<&str>) = (PolicyKind::None, None);

/// The opposite of an expectation, or something else that cannot be so as well.
fn opposite(what: &Expectation) -> Expectation {
    match what.clone() {
        Expectation::Route { switch, route } => {
            // The script that expects no route has an `add`.
            let (policy, target) = if route.targets().is_empty() { (PolicyKind::One, Some("add")) } else { NO_ROUTE };
            Expectation::Route { switch, route: RouteView::new(policy, target).unwrap() }
        }
        Expectation::Count(mut count) => {
            assert_eq!(count.is, Comparison::Equal, "{what}");
            count.is = Comparison::Other;
            Expectation::Count(count)
        }
        Expectation::Stages { of, mut names } => {
            names.reverse();
            Expectation::Stages { of, names }
        }
        Expectation::Has(path) => Expectation::No(path),
        Expectation::No(path) => Expectation::Has(path),
        what => panic!("{what}"),
    }
}

#[test]
fn the_expectations_of_the_shipped_scripts_can_fail() {
    // Of those on flights only one is tried, for the time that they take.
    let is_tried = |name: &String| name == "canary" || !fs::read_to_string(path(name)).unwrap().contains("flights");
    let tried: BTreeSet<String> = shipped().into_iter().filter(is_tried).collect();
    assert!(tried.len() >= 5, "{tried:?}");
    let unmet = for_each(&tried, |name| {
        let text = fs::read_to_string(path(name)).unwrap();
        let mut wrong = String::from(text.lines().next().unwrap());
        let mut expectations = 0;
        for statement in text.parse::<Script>().unwrap().statements() {
            let statement = match statement {
                Statement::Expect { at, what } => {
                    expectations += 1;
                    Statement::Expect { at: *at, what: opposite(what) }
                }
                other => other.clone(),
            };
            wrong += &format!("\n{statement}");
        }
        let Ran { out, err, code } = Temporary::new(&format!("opposite_{name}.route"), &wrong).play(&[]);
        assert_eq!(code, 1, "{name}: {err}");
        (expectations, out.lines().filter(|line| line.starts_with("unmet")).count())
    });
    for (name, (expectations, unmet)) in unmet {
        assert_eq!(expectations, unmet, "{name}");
    }
}

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
        = expected `route`, `split`, `insert`, `remove`, `replace`, `rename`, `move`, `attach`, `detach`, `tap`, `pause`, `resume` or `{`
    line 4, column 7: there is no item between two edits; the least is `every 1`
      4 | every 0 remove blank
        |       ^
    line 5, column 17: the line ends too soon
      5 | expect render ->
        |                 ^
        = expected `none`, `once`, `all`, `next`, `key`, `when`, `failover`, `generator` or a target
    line 6, column 56: } cannot stand here
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
fn a_pipeline_is_listed_with_what_can_be_put_in() {
    assert_snapshot!(call(&["--list", "--pipeline", "text"]).out, @"
    text        String -> String  revision 0
    ├─ trim     String -> String
    ├─ blank    String -> String
    └─ render   String -> String  route blue
       └─ blue  String -> String  live

    blue        stage      String -> String
    green       stage      String -> String
    upper       stage      String -> String
    watch       tap        String
    alarming    predicate  String
    first_word  key        String
    ");
    assert_eq!(call(&["-l", &path("blue_green")]), call(&["-l", "-p", "text"]));
}

#[test]
fn help_names_every_pipeline_and_every_form() {
    let Ran { out, err, code } = call(&["--help"]);
    assert_eq!((err.as_str(), code), ("", 0));
    for word in ["flights", "text", "sum", "source", "json", "mermaid", "dot"] {
        assert!(out.contains(word), "{word}");
    }
}

#[test]
fn json_has_all_that_the_report_has() {
    let json: Value = serde_json::from_str(&call(&["-f", "json", &path("blue_green")]).out).unwrap();
    let count = |part: &str| json[part].as_array().unwrap().len();
    assert_eq!((count("expectations"), count("outputs"), count("runs")), (5, 24, 10));
    assert!(json["expectations"].as_array().unwrap().iter().all(|expectation| expectation["met"] == true));
    assert_eq!(json["ledger"]["stages"][0]["stage"], "blank");
    assert_eq!(json["before"]["pipeline"]["inside"][2]["route"], "blue");
    assert_eq!(json["after"]["pipeline"]["inside"][2]["inside"][0]["inside"][1]["name"], "mask");
    assert_eq!(json["script"][0], "at 6 attach green to render");
}

#[test]
fn the_pictures_are_of_the_pipeline_at_the_end_with_counts() {
    assert_snapshot!(call(&["-f", "mermaid", &path("live_tap")]).out, @r#"
    ---
    title: "text, revision 2, accepted 28, delivered 24, dropped 4"
    ---
    flowchart LR
        __in(["String"])
        trim["trim<br>String -> String"]
        blank["blank<br>String -> String<br>dropped 4"]
        render{{"render<br>String -> String<br>route blue"}}
        render__blue["blue<br>String -> String"]
        __out(["String"])
        __in --> trim
        trim --> blank
        blank --> render
        render ==> render__blue
        render__blue ==> __out
    "#);
    assert_snapshot!(call(&["-f", "dot", &path("controller_generator")]).out, @r#"
    digraph "source" {
      rankdir=LR labelloc=t label="source, revision 2\naccepted 2, delivered 2"
      fontname="sans-serif" node [shape=box fontname="sans-serif"] edge [fontname="sans-serif"]
      "/in" [label="i64" shape=oval]
      "source" [label="source\ni64 -> i64\nroute once prod" shape=hexagon]
      "source/add" [label="add\ni64 -> i64" style=dashed]
      "source/prod" [label="prod\ni64 -> i64"]
      "/out" [label="i64" shape=oval]
      "/in" -> "source"
      "source" -> "source/add" [style=dashed]
      "source" -> "source/prod" [penwidth=3]
      "source/add" -> "/out" [style=dashed]
      "source/prod" -> "/out" [penwidth=3]
    }
    "#);
}

#[test]
fn the_flights_script_does_what_the_flights_example_does() {
    // What both print, which other tests see to.
    let [example, out] = ["tests/snapshots/flights__flights.snap", "tests/snapshots/scripts__flights.snap"]
        .map(|snapshot| fs::read_to_string(snapshot).unwrap());
    let ledger = out.split("\nLedger\n------\n").nth(1).unwrap().split("\n\n").next().unwrap();
    assert_eq!(ledger.lines().count(), 8);
    let indented: String = ledger.lines().map(|line| format!("  {line}\n")).collect();
    assert!(example.contains(&indented));
    let titles = example.lines().filter(|line| line.starts_with("Cycle ") && !line.contains(": the store fails: "));
    let made = titles.filter_map(|line| line.strip_prefix("Cycle ")?.split(':').next());
    let played = out.lines().filter(|line| line.starts_with('r')).filter_map(|line| line.split("  cycle ").nth(1));
    let played = played.filter_map(|edit| edit.split(':').next());
    assert_eq!(played.collect::<Vec<_>>(), made.collect::<Vec<_>>());
}

#[test]
fn the_seeds_give_what_they_gave() {
    let outputs = |name: &str| -> Vec<String> {
        let json: Value = serde_json::from_str(&call(&["-f", "json", &path(name)]).out).unwrap();
        let outputs = json["outputs"].as_array().unwrap().iter();
        outputs.map(|output| output["values"][0].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(outputs("controller_generator"), ["5", "16"]);
    let example = insert_and_pop::output().unwrap();
    let gives = example.lines().filter_map(|line| line.split(" gives ").nth(1)?.split_whitespace().next());
    assert_eq!(outputs("insert_and_pop"), gives.collect::<Vec<_>>());
    assert_eq!(outputs("insert_and_pop")[0], "64");
}
