//! Random scripts: played as by hand, and bound without a mistake if and only if no edit is refused.

#[path = "script/compare.rs"]
mod compare;
#[path = "script/draw.rs"]
mod draw;
#[path = "script/hand.rs"]
mod hand;
#[path = "script/stock.rs"]
mod stock;
#[path = "script/words.rs"]
mod words;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use compare::{ITEMS, Seen, edited_by_hand, played};
use stock::{library, pipeline};
use words::script;

fn rows_of_items(trace: &str) -> String {
    trace.lines().filter(|line| !line.contains(" = ")).collect::<Vec<_>>().join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn g7_random_scripts_are_as_by_hand_and_a_mistake_is_a_refusal(text in draw::script(false, 24)) {
        let script = script(&text);
        let (by_hand, refused) = edited_by_hand(&script, &ITEMS);
        let bound = script.bind(&library().0, &pipeline().controller());
        prop_assert_eq!(bound.is_ok(), refused == 0, "{}\n{:?}", text, bound.err().map(|error| error.to_string()));
        if refused == 0 {
            // By hand there is no maker to be named.
            let items = |seen: Seen| Seen { trace: rows_of_items(&seen.trace), ..seen };
            prop_assert_eq!(items(played(&script, &ITEMS)), items(by_hand), "{}", text);
        }
    }

    #[test]
    fn g0_what_the_binder_leaves_out_of_repetitions_brings_nothing_new(text in draw::script(false, 150)) {
        let script = script(&text);
        let items: Vec<i64> = (1..=150).collect();
        let (_, refused) = edited_by_hand(&script, &items);
        prop_assert_eq!(script.bind(&library().0, &pipeline().controller()).is_ok(), refused == 0, "{}", text);
    }

    #[test]
    fn g0_no_edit_of_a_bound_script_is_refused(text in draw::script(true, 24), items in prop::collection::vec(0i64..4, 0..40)) {
        let script = script(&text);
        if script.bind(&library().0, &pipeline().controller()).is_ok() {
            played(&script, &items);
        }
    }
}

#[test]
fn random_scripts_are_often_legal_and_often_not() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for whens in [false, true] {
        let legal = |_| {
            let text = draw::script(whens, 24).new_tree(&mut runner).unwrap().current();
            !text.is_empty() && script(&text).bind(&library().0, &pipeline().controller()).is_ok()
        };
        let count = (0..200).map(legal).filter(|legal| *legal).count();
        assert!((30..170).contains(&count), "{count} of 200");
    }
}
