//! The script example and the scripts that are shipped: what each does, that each tests itself, and that what is wrong with a
//! script is said.

#[path = "scripts/call.rs"]
mod call;
#[allow(dead_code)] // an example's `main` is not called here
#[path = "../examples/insert_and_pop.rs"]
mod insert_and_pop;
#[allow(dead_code)] // as above
#[path = "../examples/script/main.rs"]
mod script;
#[path = "scripts/wrong.rs"]
mod wrong;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::thread;

use coroute::script::{Comparison, Expectation, Statement};
use coroute::{PolicyKind, RouteView, Script};
use insta::assert_snapshot;
use serde_json::Value;

use call::{Ran, Temporary, call, path};

/// The names of the scripts that are shipped, without their extension.
fn shipped() -> BTreeSet<String> {
    stems("examples/scripts", |file| file.strip_suffix(".route"))
}

fn stems(folder: &str, stem: impl Fn(&str) -> Option<&str>) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    files.filter_map(|file| stem(&file).map(str::to_owned)).collect()
}

/// What `each` makes of scripts, one thread a script: the month of flights takes its time.
fn for_each<T: Send>(names: &BTreeSet<String>, each: impl Fn(&str) -> T + Sync) -> Vec<(String, T)> {
    let each = &each;
    thread::scope(|scope| {
        let threads: Vec<_> = names.iter().map(|name| (name, scope.spawn(move || each(name)))).collect();
        threads.into_iter().map(|(name, thread)| (name.clone(), thread.join().unwrap())).collect()
    })
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
fn the_readme_shows_what_is_shipped_and_printed() {
    let section = include_str!("../README.md").split("## Scripts").nth(1).unwrap().split("\n## ").next().unwrap();
    let blocks: Vec<&str> =
        section.split("```").skip(1).step_by(2).map(|block| block.strip_prefix("text").unwrap()).collect();
    let file = fs::read_to_string(path("blue_green")).unwrap();
    let printed = call(&[&path("blue_green")]).out;
    assert_eq!(blocks.len(), 2);
    for (block, source) in blocks.into_iter().zip([file, printed]) {
        let mut lines = source.lines();
        block.lines().for_each(|line| assert!(lines.any(|shown| shown == line), "{line}"));
    }
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
