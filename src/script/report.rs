//! The mistakes of a script that is being bound.

use std::collections::HashSet;
use std::ops::Range;

use super::caret::culprit;
use super::place::{Which, find_change, find_word};
use super::{Mistake, Statement};
use crate::change::Change;
use crate::error::Refusal;
use crate::library::Lack;
use crate::model::Plan;
use crate::name::{Name, Path};
use crate::route::{PolicyKind, RouteView};

/// Collects mistakes, and leaves out those that only follow from others.
pub(super) struct Report<'a> {
    statements: &'a [Statement],
    text: &'a str,
    places: &'a [Range<usize>],
    pub(super) mistakes: Vec<Mistake>,
    /// Names that there would be if no edit had been refused.
    lost: HashSet<Name>,
    /// Names that there would not be any more.
    kept: HashSet<Name>,
}

/// A refusal, with what is needed to tell of it later.
#[derive(Debug)]
pub(super) struct Refused {
    pub(super) change: usize,
    pub(super) refusal: Refusal,
    /// The names among which the culprit was looked up.
    known: Vec<Name>,
}

impl Refused {
    pub(super) fn new(changes: &[Change], change: usize, refusal: Refusal, plan: &Plan) -> Self {
        let route = match changes.get(change) {
            Some(Change::Route { switch, route }) => Some((switch, route)),
            _ => None,
        };
        let known = known(&refusal, route, plan);
        Self { change, refusal, known }
    }
}

/// The names of which one could have been meant where something is not known, in a route of a switch or elsewhere.
pub(super) fn known(refusal: &Refusal, route: Option<(&Path, &RouteView)>, plan: &Plan) -> Vec<Name> {
    let Refusal::Unknown { path, .. } = refusal else { return Vec::new() };
    let mut known = plan.beside(path);
    let is_alone = |(switch, route): (&Path, &RouteView)| {
        route.policy() == PolicyKind::One && path.names().len() > switch.names().len()
    };
    if route.is_some_and(is_alone) {
        known.extend(Name::new(PolicyKind::None.word()));
    }
    known
}

impl Statement {
    /// The changes of a statement that is an edit.
    pub(super) fn changes(&self) -> &[Change] {
        match self {
            Self::At { changes, .. } | Self::Every { changes, .. } | Self::When { changes, .. } => changes,
            Self::Expect { .. } => &[],
        }
    }
}

impl<'a> Report<'a> {
    pub(super) fn new(statements: &'a [Statement], text: &'a str, places: &'a [Range<usize>]) -> Self {
        let (lost, kept) = (HashSet::new(), HashSet::new());
        Self { statements, text, places, mistakes: Vec::new(), lost, kept }
    }

    /// The line of a statement, from 1.
    pub(super) fn line(&self, statement: usize) -> usize {
        self.text[..self.place(statement).start].matches('\n').count() + 1
    }

    fn place(&self, statement: usize) -> Range<usize> {
        self.places.get(statement).cloned().unwrap_or(0..0)
    }

    /// A mistake that is in no statement.
    pub(super) fn general(&mut self, message: impl Into<String>) {
        self.mistakes.push(Mistake::nowhere(message));
    }

    /// A mistake in a statement, at a word of it or of all of it.
    pub(super) fn statement(&mut self, statement: usize, word: Option<&str>, message: impl Into<String>) {
        self.named(statement, word, message, &[]);
    }

    /// A mistake in a statement, at the number of a cycle if that stands there.
    pub(super) fn cycle(&mut self, statement: usize, cycle: u64, message: impl Into<String>) {
        let said = match &self.statements[statement] {
            Statement::At { .. } | Statement::Expect { .. } => true,
            Statement::Every { from, .. } => *from == cycle,
            Statement::When { .. } => false,
        };
        self.statement(statement, said.then(|| cycle.to_string()).as_deref(), message);
    }

    /// The same, with names of which one could have been meant.
    pub(super) fn named(&mut self, statement: usize, word: Option<&str>, message: impl Into<String>, known: &[Name]) {
        let place = self.place(statement);
        let at = word.and_then(|word| find_word(self.text, &place, word, Which::First)).unwrap_or(place);
        let mistake = Mistake::new(at, message);
        self.mistakes.push(match word {
            Some(word) => mistake.meant(word, known.iter().map(Name::as_str)),
            None => mistake,
        });
    }

    /// The library has not what a statement wants.
    pub(super) fn lacks(&mut self, statement: usize, lacks: Vec<(usize, Lack)>) {
        for (number, lack) in lacks {
            let change = find_change(self.text, self.place(statement), number);
            // A maker stands behind the stage it is for, but for what is put in new.
            let which = match &self.statements[statement].changes()[number] {
                Change::Insert { .. } | Change::Attach { .. } => Which::First,
                _ => Which::Last,
            };
            let word = lack.word.as_ref().map(Name::as_str);
            let at = word.and_then(|word| find_word(self.text, &change, word, which)).unwrap_or(change);
            let mistake = Mistake::new(at, lack.message);
            self.mistakes.push(match word {
                Some(word) => mistake.meant(word, lack.known.iter().map(Name::as_str)),
                None => mistake,
            });
        }
        self.give_up(statement);
    }

    /// An edit was refused; `when` says under which circumstances.
    pub(super) fn refused(&mut self, statement: usize, refused: &Refused, when: &str) {
        let Refused { change: number, refusal, known } = refused;
        let follows = match refusal {
            Refusal::Unknown { path, .. } => path.names().iter().any(|name| self.lost.contains(name)),
            Refusal::Duplicate { name } => self.kept.contains(name),
            _ => false,
        };
        if !follows && let Some(change) = self.statements[statement].changes().get(*number) {
            let place = find_change(self.text, self.place(statement), *number);
            let word = culprit(change, refusal);
            let at = word.as_ref().and_then(|(word, which)| find_word(self.text, &place, word.as_str(), *which));
            let when = if when.is_empty() { String::new() } else { format!(" ({when})") };
            let mistake = Mistake::new(at.unwrap_or(place), format!("cannot {change:#}{when}: {refusal}"));
            self.mistakes.push(match word {
                Some((word, _)) => mistake.meant(word.as_str(), known.iter().map(Name::as_str)),
                None => mistake,
            });
        }
        self.give_up(statement);
    }

    /// What follows from an edit that is not made is no mistake of its own.
    pub(super) fn give_up(&mut self, statement: usize) {
        let last = |path: &Path| path.names().last().cloned();
        for change in self.statements[statement].changes() {
            match change {
                Change::Insert { stage: made, .. }
                | Change::Attach { target: made, .. }
                | Change::Tap { tap: made, .. } => {
                    self.lost.insert(made.name.clone());
                }
                Change::Rename { stage, to } => {
                    self.lost.insert(to.clone());
                    self.kept.extend(last(stage));
                }
                Change::Move { stage, to } if stage.split_last().is_some_and(|(around, _)| around != to.around()) => {
                    self.lost.extend(last(stage));
                    self.kept.extend(last(stage));
                }
                Change::Remove { stage } => self.kept.extend(last(stage)),
                Change::Detach { target, .. } => {
                    self.kept.insert(target.clone());
                }
                _ => {}
            }
        }
    }

    /// Whether something would be at that path if no edit had been refused.
    pub(super) fn is_lost(&self, path: &Path) -> bool {
        path.names().iter().any(|name| self.lost.contains(name))
    }
}
