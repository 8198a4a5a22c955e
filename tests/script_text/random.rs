//! Random scripts: built of values, and written near the grammar.

use coroute::script::{Comparison, Condition, Count, Expectation, Statement};
use coroute::{Change, Made, Name, Path, PolicyKind, Position, Route, RouteView, Script};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

/// Names that are words of the language among them.
const NAMES: [&str; 30] = [
    "a",
    "b",
    "v1",
    "v2",
    "größe",
    "名前",
    "x-",
    "0",
    "1_000",
    "_",
    "at",
    "to",
    "of",
    "by",
    "as",
    "none",
    "once",
    "all",
    "next",
    "key",
    "when",
    "failover",
    "generator",
    "retry",
    "with",
    "stages",
    "from",
    "failed",
    "end",
    "paused",
];

fn name() -> impl Strategy<Value = Name> {
    select(&NAMES[..]).prop_map(|name| Name::new(name).unwrap())
}

fn path() -> impl Strategy<Value = Path> {
    vec(select(&NAMES[..]), 1..4).prop_map(|names| Path::new(names.join("/")).unwrap())
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![0..20_u64, any::<u64>()]
}

fn route() -> impl Strategy<Value = RouteView> {
    let targets = subsequence(&NAMES[..], 2..6).prop_shuffle();
    let policies = [
        PolicyKind::None,
        PolicyKind::One,
        PolicyKind::Once,
        PolicyKind::All,
        PolicyKind::RoundRobin,
        PolicyKind::Weighted,
        PolicyKind::ByKey,
        PolicyKind::When,
        PolicyKind::Failover,
        PolicyKind::Generator,
    ];
    (select(policies.to_vec()), targets, vec(1..1000_u32, 6), option::of(name()), option::of(1..99_u64)).prop_map(
        |(policy, mut targets, weights, by, retry)| {
            match policy {
                PolicyKind::None => targets.clear(),
                PolicyKind::One | PolicyKind::Once => targets.truncate(1),
                _ => {}
            }
            match (policy, by, retry) {
                (PolicyKind::Weighted, ..) => RouteView::from(&Route::weighted(targets.into_iter().zip(weights))),
                (PolicyKind::Failover, _, Some(items)) => RouteView::from(&Route::failover_retry(targets, items)),
                (_, Some(by), _) => RouteView::new(policy, targets).unwrap().named(by.as_str()).unwrap(),
                _ => RouteView::new(policy, targets).unwrap(),
            }
        },
    )
}

fn made() -> impl Strategy<Value = Made> {
    (name(), option::of(name())).prop_map(|(maker, name)| Made { name: name.unwrap_or_else(|| maker.clone()), maker })
}

fn position() -> impl Strategy<Value = Position> {
    prop_oneof![
        option::of(path()).prop_map(Position::Front),
        option::of(path()).prop_map(Position::Back),
        path().prop_map(Position::Before),
        path().prop_map(Position::After),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (path(), route()).prop_map(|(switch, route)| Change::Route { switch, route }),
        (made(), position()).prop_map(|(stage, at)| Change::Insert { stage, at }),
        path().prop_map(|stage| Change::Remove { stage }),
        (path(), option::of(name()), any::<bool>()).prop_map(|(stage, with, keeping)| Change::Replace {
            stage,
            with,
            keeping
        }),
        (path(), name()).prop_map(|(stage, to)| Change::Rename { stage, to }),
        (path(), position()).prop_map(|(stage, to)| Change::Move { stage, to }),
        (made(), path()).prop_map(|(target, switch)| Change::Attach { target, switch }),
        (name(), path()).prop_map(|(target, switch)| Change::Detach { target, switch }),
        (path(), made()).prop_map(|(stage, tap)| Change::Tap { stage, tap }),
        Just(Change::Pause),
        Just(Change::Resume),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    let all = [Count::Accepted, Count::Delivered, Count::Revision];
    let either = [Count::Dropped, Count::Failed, Count::Split, Count::Held];
    let counted = prop_oneof![
        select(all.to_vec()).prop_map(|count| (count, None)),
        (select(either.to_vec()), option::of(path())),
        path().prop_map(|path| (Count::Merged, Some(path))),
    ];
    let is = [
        Comparison::Less,
        Comparison::AtMost,
        Comparison::Equal,
        Comparison::Other,
        Comparison::AtLeast,
        Comparison::More,
    ];
    (counted, select(is.to_vec()), number()).prop_map(|((count, of), is, number)| {
        let number = if is == Comparison::Less { number.max(1) } else { number };
        Condition { count, of, is, number }
    })
}

fn expectation() -> impl Strategy<Value = Expectation> {
    prop_oneof![
        (path(), route()).prop_map(|(switch, route)| Expectation::Route { switch, route }),
        condition().prop_map(Expectation::Count),
        (option::of(path()), vec(name(), 0..4)).prop_map(|(of, names)| Expectation::Stages { of, names }),
        path().prop_map(Expectation::Has),
        path().prop_map(Expectation::No),
        any::<bool>().prop_map(Expectation::Paused),
    ]
}

fn statement() -> impl Strategy<Value = Statement> {
    let changes = || vec(change(), 0..4);
    prop_oneof![
        (number(), changes()).prop_map(|(cycle, changes)| Statement::At { cycle, changes }),
        (number(), number(), option::of(number()), any::<bool>(), changes()).prop_map(
            |(period, from, to, usual, changes)| {
                let period = period.max(1);
                let from = if usual { period } else { from };
                Statement::Every { period, from, to: to.map(|to| to.max(from)), changes }
            }
        ),
        (condition(), changes()).prop_map(|(condition, changes)| Statement::When { condition, changes }),
        (option::of(number()), expectation()).prop_map(|(at, what)| Statement::Expect { at, what }),
    ]
}

/// Words, signs and line ends in any order, more or less as in a script.
fn near_text() -> impl Strategy<Value = String> {
    let pieces = [
        "at",
        "every",
        "when",
        "expect",
        "from",
        "to",
        "0",
        "5",
        "9_0",
        "route",
        "split",
        "insert",
        "remove",
        "replace",
        "with",
        "keeping its state",
        "rename",
        "move",
        "attach",
        "detach",
        "tap",
        "workers",
        "pause",
        "resume",
        "before",
        "after",
        "at the front",
        "of",
        "->",
        "a",
        "b/c",
        "\"by\"",
        "by",
        "as",
        "none",
        "once",
        "all",
        "a:1",
        ":",
        "{",
        "}",
        ";",
        "\n",
        "\r\n",
        "# c",
        "failed",
        ">",
        "<=",
        "end",
        "stages",
        "has",
        "no",
        "paused",
        "\"",
        "\u{7}",
        "é",
        "-",
        "at 0 {",
        "at 5 pause\n",
        "at 0 route m ->",
        "expect at 3",
    ];
    vec((select(pieces.to_vec()).prop_map(str::to_owned), select(&[" ", " ", " ", ""][..])), 0..24)
        .prop_map(|pieces| pieces.into_iter().map(|(piece, gap)| piece + gap).collect())
}

/// A script's text in which one piece is another one, or not there.
fn spoilt_text() -> impl Strategy<Value = String> {
    (vec(statement(), 1..4), any::<prop::sample::Index>(), near_text()).prop_map(|(statements, at, instead)| {
        let text = statements.into_iter().fold(Script::new(), Script::with).to_string();
        let mut words: Vec<&str> = text.split(' ').collect();
        let spoilt = at.index(words.len());
        words[spoilt] = instead.split(' ').next().unwrap_or_default();
        words.join(" ")
    })
}

fn stable_or_refused(text: &str) -> Result<(), TestCaseError> {
    match text.parse::<Script>() {
        Ok(script) => {
            let shown = script.to_string();
            let again: Script = shown.parse().map_err(|error| TestCaseError::fail(format!("{error}")))?;
            prop_assert_eq!(&again, &script);
            prop_assert_eq!(again.to_string(), shown);
        }
        Err(error) => {
            prop_assert!(!error.mistakes().is_empty());
            for mistake in error.mistakes() {
                prop_assert!(error.text().get(mistake.span()).is_some(), "{:?}", mistake);
                prop_assert!(mistake.line() <= text.matches('\n').count() + 1);
            }
            prop_assert!(!error.to_string().is_empty());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_script_of_values_is_read_back_as_it_was(statements in vec(statement(), 0..6)) {
        let script = statements.into_iter().fold(Script::new(), Script::with);
        let shown = script.to_string();
        let again: Script = shown.parse().map_err(|error| TestCaseError::fail(format!("{error}")))?;
        prop_assert_eq!(&again, &script);
        prop_assert_eq!(again.to_string(), shown);
        for statement in script.statements() {
            prop_assert_eq!(&statement.to_string().parse::<Statement>().unwrap(), statement);
        }
    }

    #[test]
    fn a_text_near_the_grammar_is_stable_or_refused(text in near_text()) {
        stable_or_refused(&text)?;
    }

    #[test]
    fn a_text_spoilt_in_one_place_is_stable_or_refused(text in spoilt_text()) {
        stable_or_refused(&text)?;
    }

    #[test]
    fn any_text_is_stable_or_refused(text in any::<String>()) {
        stable_or_refused(&text)?;
    }
}
