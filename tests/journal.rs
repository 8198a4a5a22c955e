//! The edits of a recorded run as a script, played again.

#[path = "script/draw.rs"]
mod draw;
#[path = "script/hand.rs"]
mod hand;
#[path = "script/stock.rs"]
mod stock;
#[path = "script/words.rs"]
mod words;

use coroute::script::Statement;
use coroute::{Controller, Edit, Pipeline, Script, Trace};
use proptest::prelude::*;

use hand::by_hand;
use stock::{library, pipeline};
use words::script;

const ITEMS: [i64; 20] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 0, 8, 9, 7, 0, 3, 2, 3, 8, 4];

/// What can be seen of a run.
#[derive(Debug, PartialEq)]
struct Seen {
    out: Vec<String>,
    topology: String,
    ledger: String,
    trace: Trace,
}

fn traced() -> (Pipeline<i64, String>, Controller) {
    let pipeline = pipeline();
    let controller = pipeline.controller();
    controller.record(coroute::Recording::items()).unwrap();
    (pipeline, controller)
}

fn seen(mut pipeline: Pipeline<i64, String>, out: Vec<String>) -> Seen {
    pipeline.apply();
    let (topology, ledger) = (pipeline.topology().to_string(), pipeline.ledger().to_string());
    Seen { out, topology, ledger, trace: pipeline.controller().trace() }
}

/// Commits by hand what `script` has for each cycle; what is refused is left out.
fn recorded(script: &Script) -> Seen {
    let (mut pipeline, controller) = traced();
    let mut out = Vec::new();
    for cycle in 0..=ITEMS.len() {
        for statement in script.statements() {
            let Statement::At { cycle: at, changes } = statement else { continue };
            let mut edit = Edit::new();
            if *at == cycle as u64 && changes.iter().all(|change| by_hand(&mut edit, change).is_ok()) {
                let _ = controller.commit(edit);
            }
        }
        if let Some(item) = ITEMS.get(cycle) {
            pipeline.send(*item, |x| out.push(x)).unwrap();
        }
    }
    seen(pipeline, out)
}

fn played(script: &Script) -> Seen {
    let (mut pipeline, controller) = traced();
    let mut player = script.bind(&library().0, &controller).unwrap();
    let mut out = Vec::new();
    player.run(&mut pipeline, ITEMS, |x| out.push(x)).unwrap();
    assert!(player.missed().is_empty());
    seen(pipeline, out)
}

#[test]
fn g7_a_journal_gives_the_same_run_for_every_kind_of_change() {
    let by_hand = recorded(&script(
        "at 1 { attach half to model; route model -> half }
         at 2 insert odd after add
         at 3 { move odd at the front; pause; resume }
         at 3 move odd before total
         at 4 replace inner/neg
         at 5 replace total keeping its state
         at 6 rename total to sum
         at 7 { route model -> v2:3 half:1; detach v1 from model }
         at 8 tap sum with counter
         at 9 remove odd
         at 10 insert pair at the back of inner
         at 11 route model -> key v2 half by digit
         at 12 route model -> generator v2 half by alternate
         at 13 route model -> when v2 half by small
         at 14 route model -> failover half v2 retry 2
         at 15 remove inner/pair/one
         at 16 replace show
         at 20 route model -> next half v2",
    ));
    let journal = Script::try_from(&by_hand.trace).unwrap();
    assert_eq!(journal.statements().len(), 17, "the move to the front is not made by hand");
    let again = played(&journal);
    assert_eq!(again, by_hand);
    assert_eq!(Script::try_from(&again.trace).unwrap(), journal);
}

#[test]
fn the_journal_of_a_played_script_names_the_makers() {
    let text =
        "at 1 insert half as h after add\nat 2 replace h with odd\nat 3 replace total with double keeping its state";
    let run = played(&script(text));
    assert_eq!(Script::try_from(&run.trace).unwrap(), script(text));
    assert_eq!(played(&Script::try_from(&run.trace).unwrap()), run);
}

#[test]
fn repetitions_are_in_the_journal_one_by_one() {
    let run = played(&script("every 3 from 2 to 9 route model -> v2\nwhen failed > 0 route model -> v1"));
    let text = "at 2 route model -> v2\nat 5 route model -> v2\nat 8 route model -> v2\nat 11 route model -> v1";
    assert_eq!(Script::try_from(&run.trace).unwrap(), script(text));
}

#[test]
fn a_route_by_a_closure_without_a_name_is_found_when_the_journal_is_bound() {
    let (mut pipeline, controller) = traced();
    controller.route("model", coroute::Route::by_key(["v1", "v2"], |x: &i64| *x)).unwrap();
    pipeline.call(1).unwrap();
    let journal = Script::try_from(&controller.trace()).unwrap();
    let error = journal.bind(&library().0, &self::pipeline().controller()).unwrap_err();
    assert!(error.to_string().contains("`by`"), "{error}");
}

#[test]
fn a_trace_without_edits_is_an_empty_script() {
    assert_eq!(Script::try_from(&Trace::default()), Ok(Script::new()));
    assert_eq!(Script::try_from(&recorded(&Script::new()).trace), Ok(Script::new()));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn g7_journals_of_random_edits_give_the_same_run(text in draw::script(false, 20)) {
        // What stands under another name than its maker's cannot be known of an edit by hand.
        let plain = text.lines().filter(|line| !line.contains(" as ") && !line.contains("replace"));
        let script = script(&plain.collect::<Vec<_>>().join("\n"));
        let by_hand = recorded(&script);
        prop_assert_eq!(played(&Script::try_from(&by_hand.trace).unwrap()), by_hand, "{}", text);
    }

    #[test]
    fn g7_journals_of_random_scripts_give_the_same_run(text in draw::script(true, 24)) {
        let script = script(&text);
        if script.bind(&library().0, &pipeline().controller()).is_ok() {
            let run = played_all(&script);
            prop_assert_eq!(played(&Script::try_from(&run.trace).unwrap()), run, "{}", text);
        }
    }
}

/// As [`played`], of a script that may have edits for later cycles.
fn played_all(script: &Script) -> Seen {
    let (mut pipeline, controller) = traced();
    let mut player = script.bind(&library().0, &controller).unwrap();
    let mut out = Vec::new();
    player.run(&mut pipeline, ITEMS, |x| out.push(x)).unwrap();
    seen(pipeline, out)
}
