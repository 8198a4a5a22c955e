//! Scripts of a line a statement, as the tests write them.

use coroute::{
    Change, Comparison, Condition, Count, Expectation, Name, Path, PolicyKind, Position, Route, RouteView, Script,
    Statement,
};

/// The words of a statement that are still to be read.
struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    fn next(&mut self) -> &'a str {
        self.0.remove(0)
    }

    fn number(&mut self) -> u64 {
        self.next().parse().unwrap()
    }

    /// The word behind `word`, if that comes next.
    fn behind(&mut self, word: &str) -> Option<&'a str> {
        (self.0.first() == Some(&word)).then(|| {
            self.next();
            self.next()
        })
    }

    fn rest(self) -> String {
        self.0.join(" ")
    }
}

fn words(text: &str) -> Words<'_> {
    Words(text.split_whitespace().collect())
}

pub(crate) fn script(text: &str) -> Script {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.fold(Script::new(), |script, line| script.with(statement(line)))
}

fn statement(line: &str) -> Statement {
    let mut words = words(line);
    match words.next() {
        "at" => Statement::At { cycle: words.number(), changes: changes(words) },
        "every" => {
            let period = words.number();
            let from = words.behind("from").map_or(period, |from| from.parse().unwrap());
            let to = words.behind("to").map(|to| to.parse().unwrap());
            Statement::Every { period, from, to, changes: changes(words) }
        }
        "when" => Statement::When { condition: condition(&mut words), changes: changes(words) },
        "expect" => {
            let at = words.behind("at").map(|at| at.parse().unwrap());
            Statement::Expect { at, what: expectation(words) }
        }
        word => panic!("no statement {word}"),
    }
}

fn condition(words: &mut Words<'_>) -> Condition {
    let count = match words.next() {
        "accepted" => Count::Accepted,
        "delivered" => Count::Delivered,
        "dropped" => Count::Dropped,
        "merged" => Count::Merged,
        "failed" => Count::Failed,
        "split" => Count::Split,
        "held" => Count::Held,
        "revision" => Count::Revision,
        word => panic!("no count {word}"),
    };
    let of = words.behind("of").map(path);
    let is = match words.next() {
        "<" => Comparison::Less,
        "<=" => Comparison::AtMost,
        "=" => Comparison::Equal,
        "!=" => Comparison::Other,
        ">=" => Comparison::AtLeast,
        ">" => Comparison::More,
        word => panic!("no comparison {word}"),
    };
    Condition { count, of, is, number: words.number() }
}

fn expectation(mut words: Words<'_>) -> Expectation {
    match words.0[0] {
        "stages" => {
            words.next();
            let of = words.behind("of").map(path);
            let names = words.0.into_iter().filter(|word| !matches!(*word, ">" | "none"));
            Expectation::Stages { of, names: names.map(|name| Name::new(name).unwrap()).collect() }
        }
        "has" => Expectation::Has(path(words.0[1])),
        "no" => Expectation::No(path(words.0[1])),
        "paused" => Expectation::Paused(true),
        "running" => Expectation::Paused(false),
        _ if words.0.get(1) == Some(&"->") => {
            let switch = path(words.next());
            words.next();
            Expectation::Route { switch, route: route(words) }
        }
        _ => Expectation::Count(condition(&mut words)),
    }
}

fn changes(words: Words<'_>) -> Vec<Change> {
    let text = words.rest();
    let text = text.trim_start_matches('{').trim_end_matches('}');
    text.split(';').map(change).collect()
}

fn path(text: &str) -> Path {
    Path::new(text).unwrap()
}

fn position(mut words: Words<'_>) -> Position {
    match words.next() {
        "before" => Position::before(words.next()).unwrap(),
        "after" => Position::after(words.next()).unwrap(),
        _ => {
            words.next();
            let front = words.next() == "front";
            let of = words.behind("of").map(path);
            if front { Position::Front(of) } else { Position::Back(of) }
        }
    }
}

fn change(text: &str) -> Change {
    let mut words = words(text);
    let made = |change: Result<Change, _>, name: Option<&str>| match name {
        Some(name) => change.unwrap().named(name).unwrap(),
        None => change.unwrap(),
    };
    match words.next() {
        "route" => {
            let switch = words.next();
            words.next();
            Change::route(switch, route(words)).unwrap()
        }
        "insert" => {
            let maker = words.next();
            let name = words.behind("as");
            made(Change::insert(maker, position(words)), name)
        }
        "remove" => Change::remove(words.next()).unwrap(),
        "replace" => {
            let stage = words.next();
            let with = words.behind("with").map(|with| Name::new(with).unwrap());
            Change::Replace { stage: path(stage), with, keeping: words.rest() == "keeping its state" }
        }
        "rename" => Change::rename(words.next(), words.0[1]).unwrap(),
        "move" => Change::shift(words.next(), position(words)).unwrap(),
        "attach" => {
            let maker = words.next();
            let name = words.behind("as");
            made(Change::attach(maker, words.0[1]), name)
        }
        "detach" => Change::detach(words.next(), words.0[1]).unwrap(),
        "tap" => {
            let stage = words.next();
            let maker = words.behind("with").unwrap();
            made(Change::tap(stage, maker), words.behind("as"))
        }
        "pause" => Change::Pause,
        "resume" => Change::Resume,
        word => panic!("no change {word}"),
    }
}

fn route(mut words: Words<'_>) -> RouteView {
    let policy = match words.0[0] {
        "none" => PolicyKind::None,
        "once" => PolicyKind::Once,
        "all" => PolicyKind::All,
        "next" => PolicyKind::RoundRobin,
        "key" => PolicyKind::ByKey,
        "when" => PolicyKind::When,
        "failover" => PolicyKind::Failover,
        "generator" => PolicyKind::Generator,
        one if one.contains(':') => {
            let parts = words.0.iter().map(|part| part.split_once(':').unwrap());
            let weights: Vec<(&str, u32)> = parts.map(|(name, weight)| (name, weight.parse().unwrap())).collect();
            return RouteView::from(&Route::weighted(weights));
        }
        one => return RouteView::new(PolicyKind::One, [one]).unwrap(),
    };
    words.next();
    let targets: Vec<&str> = words.0.iter().copied().take_while(|word| !matches!(*word, "by" | "retry")).collect();
    let mut rest = Words(words.0[targets.len()..].to_vec());
    if let Some(items) = rest.behind("retry") {
        return RouteView::from(&Route::failover_retry(targets, items.parse().unwrap()));
    }
    let view = RouteView::new(policy, targets).unwrap();
    match rest.behind("by") {
        Some(by) => view.named(by).unwrap(),
        None => view,
    }
}
