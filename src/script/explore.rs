//! Tries the edits of a script on copies of a pipeline's model: in every order in which they may come.
//!
//! An `at` comes when it comes; a `when` may come in front of any item, or never. So there may be several states that the
//! pipeline can be in at a cycle: each is a model, with the `when`s that have come by then. Every cycle is gone through as
//! a player does, in the order of the script, with each `when` made and not made. States that are alike are one; so the
//! cycles between two others are as many as bring something new, and repetitions are left out as soon as they bring the
//! same states again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::order::order;
use super::report::{Refused, Report, known};
use super::state::{Key, State, check, counting};
use super::timeline::Timeline;
use super::{Expectation, Statement};
use crate::commit::{Halt, commit};
use crate::control::WAITING_LIMIT;
use crate::error::Refusal;
use crate::library::{Library, Making, Shams};
use crate::model::Plan;
use crate::name::Path;

/// The most states that a pipeline may be in at a cycle.
const STATES: usize = 10_000;
/// The most edits that are tried.
const TRIES: usize = 200_000;

/// Where the walk is, as far as what comes next goes: the number of the states' combination, how far the repetitions are, and
/// up to where there is nothing else.
type Spot = (usize, Vec<Option<u64>>, Option<u64>);

/// How it went with a `when`.
#[derive(Default)]
struct Tries {
    made: bool,
    refused: Option<(Refused, Option<usize>)>,
}

pub(super) struct Explorer<'a> {
    library: &'a Library,
    statements: &'a [Statement],
    pub(super) report: Report<'a>,
    shams: Shams,
    states: Vec<State>,
    /// The keys of `states`.
    known: HashSet<Key>,
    /// Counts the changes of `states`.
    version: u64,
    /// For each `when` those that have come before it does.
    order: Vec<Vec<usize>>,
    tries: BTreeMap<usize, Tries>,
    told: HashSet<usize>,
    /// Edits that cannot be made.
    lacking: HashSet<usize>,
    /// Whether the pipeline is paused, as far as there is only one state.
    paused: bool,
    /// Whether it was said that no item is accepted any more.
    stopped: bool,
    /// The `when`s that cannot hold before there is something at a path.
    counting: Vec<(usize, &'a Path)>,
    /// What has to be there at some time, and is not known to be yet.
    wanted: Vec<(usize, Path)>,
    left: usize,
}

impl<'a> Explorer<'a> {
    pub(super) fn new(
        library: &'a Library,
        statements: &'a [Statement],
        report: Report<'a>,
        (shams, lacking): (Shams, HashSet<usize>),
        (plan, paused): (Plan, bool),
    ) -> Self {
        let likeness = plan.likeness();
        let counting: Vec<(usize, &Path)> = statements.iter().enumerate().filter_map(counting).collect();
        let (fired, counted, tried) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut first = State { fired, counted, plan, likeness, tried, last: None, last_fired: None };
        first.count(&counting);
        let (known, states) = (HashSet::from([first.key()]), vec![first]);
        let order = order(statements);
        let (tries, told) = (BTreeMap::new(), HashSet::new());
        let (wanted, version, left) = (Vec::new(), 0, TRIES);
        Self {
            library,
            statements,
            report,
            shams,
            states,
            known,
            version,
            order,
            tries,
            told,
            lacking,
            paused,
            stopped: false,
            counting,
            wanted,
            left,
        }
    }

    /// Goes along the timeline, whose first cycle is `now`, to its end.
    pub(super) fn walk(mut self, mut timeline: Timeline, mut now: u64) -> Report<'a> {
        let mut situations: HashMap<Vec<Key>, usize> = HashMap::new();
        let mut seen: HashMap<Spot, u64> = HashMap::new();
        let mut still: HashMap<usize, u64> = HashMap::new();
        if timeline.next() != Some(now) {
            self.stop(&timeline, now);
        }
        while let Some(cycle) = timeline.next() {
            self.gap(&timeline.whens, cycle - now);
            let before = self.version;
            let due = timeline.take(cycle);
            let mut round: Vec<usize> = due.iter().chain(&timeline.whens).copied().collect();
            round.sort_unstable();
            self.crowd(&round, cycle);
            for statement in round {
                let version = self.version;
                match due.binary_search(&statement) {
                    Ok(_) => self.due(statement, cycle),
                    Err(_) => self.fire(statement),
                }
                if self.version == version {
                    still.insert(statement, version);
                }
            }
            self.stop(&timeline, cycle);
            now = cycle.saturating_add(1);
            if self.left == 0 {
                self.exhausted(&timeline);
                return self.report;
            }
            if timeline.everies().is_empty() {
                continue;
            }
            let horizon = timeline.horizon(cycle);
            let phases = timeline.phases(cycle);
            let mut repeated = timeline.everies().iter().filter(|every| every.goes_on(cycle));
            let version = self.version;
            if version == before && repeated.all(|every| still.get(&every.statement) == Some(&version)) {
                timeline.skip(horizon);
                continue;
            }
            let keys = self.states.iter().map(State::key).collect();
            let next = situations.len();
            let situation = *situations.entry(keys).or_insert(next);
            if let Some(earlier) = seen.insert((situation, phases, horizon), cycle) {
                let period = cycle - earlier;
                match horizon {
                    None => timeline.skip(None),
                    Some(horizon) => {
                        let far = (horizon - 1 - cycle) / period * period;
                        if far > 0 {
                            timeline.shift(far, cycle);
                            now += far;
                        }
                    }
                }
            }
        }
        self.gap(&timeline.whens, u64::MAX);
        if self.left == 0 {
            self.exhausted(&timeline);
            return self.report;
        }
        for statement in &timeline.end {
            self.expects(*statement);
        }
        self.settle();
        self.report
    }

    /// So many cycles with nothing but `when`s.
    fn gap(&mut self, whens: &[usize], cycles: u64) {
        for _ in 0..cycles {
            let before = self.version;
            whens.iter().for_each(|when| self.fire(*when));
            if self.version == before {
                break;
            }
        }
    }

    /// Edits wait until the item comes, and only so many can.
    fn crowd(&mut self, round: &[usize], cycle: u64) {
        let edits = round.iter().filter(|statement| !self.statements[**statement].changes().is_empty());
        let Some(statement) = edits.copied().nth(WAITING_LIMIT).filter(|one| self.told.insert(*one)) else { return };
        let message = format!("more than {WAITING_LIMIT} edits at cycle {cycle}; put several changes into one edit");
        self.report.statement(statement, None, message);
    }

    /// Whether what comes next never does, as no item is accepted any more after what was done at `cycle`.
    fn stop(&mut self, timeline: &Timeline, cycle: u64) {
        // With a `when` there is more than one way, and what follows from a mistake is none of its own.
        let [state] = &self.states[..] else { return };
        if self.stopped || !timeline.whens.is_empty() || !self.report.mistakes.is_empty() {
            return;
        }
        let Some(next) = timeline.next() else { return };
        let why = match state.plan.shut() {
            _ if self.paused => format!("the pipeline is paused from cycle {cycle} on; resume it there"),
            Some(switch) => format!("switch {switch:?} has no target from cycle {cycle} on; route it there"),
            None => return,
        };
        let Some(statement) = timeline.clone().take(next).first().copied() else { return };
        self.stopped = true;
        self.report.cycle(statement, next, format!("cycle {next} never comes: {why}"));
    }

    fn attempt(&mut self, statement: usize, plan: &mut Plan) -> Result<(), Refused> {
        self.left = self.left.saturating_sub(1);
        let changes = self.statements[statement].changes();
        let Ok(mut edit) = self.library.edit(changes, &mut Making::Sham(&mut self.shams)) else { return Ok(()) };
        match commit(plan, &mut edit, None) {
            Ok(checked) => {
                self.paused = checked.paused.unwrap_or(self.paused);
                Ok(())
            }
            Err(Halt::Refused(refusal, change)) => Err(Refused::new(changes, change, refusal, plan)),
            Err(Halt::Lacks(..) | Halt::Unstaffed(_)) => Ok(()),
        }
    }

    /// The statement is due in all states.
    fn due(&mut self, statement: usize, cycle: u64) {
        if matches!(self.statements[statement], Statement::Expect { .. }) {
            return self.expects(statement);
        }
        if self.lacking.contains(&statement) {
            return;
        }
        let mut states = std::mem::take(&mut self.states);
        let (mut changed, mut refused) = (false, None);
        for state in &mut states {
            match self.attempt(statement, &mut state.plan) {
                Ok(()) => changed |= state.review(statement, &self.counting),
                Err(why) => {
                    refused.get_or_insert((why, state.last_fired));
                }
            }
            if self.left == 0 {
                break;
            }
        }
        self.states = states;
        if changed {
            self.merge();
        }
        let Some((why, after)) = refused.filter(|_| self.told.insert(statement)) else { return };
        let is_later = matches!(&self.statements[statement], Statement::Every { from, .. } if cycle > *from);
        let at = is_later.then(|| format!("at cycle {cycle}"));
        let after = after.map(|after| format!("if it comes after line {}", self.report.line(after)));
        let when: Vec<String> = at.into_iter().chain(after).collect();
        self.report.refused(statement, &why, &when.join(", "));
    }

    /// The `when` may be due in any state.
    fn fire(&mut self, when: usize) {
        if self.lacking.contains(&when) {
            return;
        }
        let version = self.version;
        for at in 0..self.states.len() {
            let first = self.order[when].iter().any(|before| self.is_to_come(*before, at));
            let state = &mut self.states[at];
            let counts = self.counting.iter().all(|(counting, _)| *counting != when) || state.counted.contains(&when);
            if self.left == 0 || state.fired.contains(&when) || !counts || first || !state.tried.insert(when) {
                continue;
            }
            let mut next = state.clone();
            let last = state.last;
            match self.attempt(when, &mut next.plan) {
                Ok(()) => {
                    self.tries.entry(when).or_default().made = true;
                    next.fired.insert(when);
                    next.last_fired = Some(when);
                    next.review(when, &self.counting);
                    if self.known.insert(next.key()) {
                        self.states.push(next);
                        self.version += 1;
                    }
                    if self.states.len() > STATES {
                        self.left = 0;
                    }
                }
                Err(why) => {
                    self.tries.entry(when).or_default().refused.get_or_insert((why, last));
                }
            }
        }
        if self.version != version {
            self.look();
        }
    }

    /// Whether that `when` has not come in a state, and can.
    fn is_to_come(&self, when: usize, state: usize) -> bool {
        let is_refused = |tries: &Tries| !tries.made && tries.refused.is_some();
        let cannot = self.lacking.contains(&when) || self.tries.get(&when).is_some_and(is_refused);
        !cannot && !self.states[state].fired.contains(&when)
    }

    /// Takes together states that have come to be alike.
    fn merge(&mut self) {
        self.version += 1;
        self.known.clear();
        self.states.retain(|state| self.known.insert(state.key()));
        self.look();
    }

    /// Looks for what has to be there at some time.
    fn look(&mut self) {
        let Self { wanted, states, .. } = self;
        wanted.retain(|(_, path)| !states.iter().any(|state| state.plan.find(path).is_ok()));
    }

    pub(super) fn want(&mut self, statement: usize, path: Path) {
        self.wanted.push((statement, path));
        self.look();
    }

    /// What is expected here can be there: in one of the states at least.
    fn expects(&mut self, statement: usize) {
        let Statement::Expect { what, .. } = &self.statements[statement] else { return };
        let mut wrong = None;
        for state in &self.states {
            match check(what, &state.plan) {
                Ok(()) => return,
                Err(refusal) => {
                    wrong.get_or_insert_with(|| (state.plan.clone(), refusal));
                }
            }
        }
        let Some((plan, refusal)) = wrong.filter(|_| self.told.insert(statement)) else { return };
        let path = match &refusal {
            Refusal::Unknown { path, .. } | Refusal::NotASwitch { path, .. } | Refusal::NotAPipeline { path, .. } => {
                Some(path.clone())
            }
            _ => None,
        };
        let route = match what {
            Expectation::Route { switch, route } => Some((switch, route)),
            _ => None,
        };
        let known = known(&refusal, route, &plan);
        if path.as_ref().is_some_and(|path| self.report.is_lost(path)) {
            return;
        }
        let word = path.as_ref().and_then(|path| path.names().last()).map(crate::name::Name::as_str);
        self.report.named(statement, word, refusal.to_string(), &known);
    }

    /// Tells what could only be told at the end.
    fn settle(&mut self) {
        for (when, Tries { made, refused }) in std::mem::take(&mut self.tries) {
            let Some((refused, last)) = refused else { continue };
            let circumstances = match last {
                _ if !made => String::new(),
                Some(last) => format!("if it comes after line {}", self.report.line(last)),
                None => "if it comes before all other edits".to_owned(),
            };
            self.report.refused(when, &refused, &circumstances);
        }
        for (statement, path) in std::mem::take(&mut self.wanted) {
            if self.report.is_lost(&path) {
                continue;
            }
            let known = self.states.first().map_or_else(Vec::new, |state| state.plan.beside(&path));
            let word = path.names().last().map(crate::name::Name::as_str);
            let message = format!("nothing is called {path:?} at any point of the script");
            self.report.named(statement, word, message, &known);
        }
    }

    fn exhausted(&mut self, timeline: &Timeline) {
        let every = timeline.everies().first().map(|every| every.statement);
        let message = format!(
            "the script cannot be checked: its edits can come in too many ways (more than {STATES} states, or {TRIES} edits); \
             use fewer `when` and `every`"
        );
        match timeline.whens.first().copied().or(every) {
            Some(statement) => self.report.statement(statement, None, message),
            None => self.report.general(message),
        }
    }
}
