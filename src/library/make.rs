//! From changes in words to an edit that can be committed, or only tried.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Chooser, Heir, Library, Maker, Product};
use crate::change::{Change, Made, Position};
use crate::edit::{Asked, Edit, Where};
use crate::error::Refusal;
use crate::ledger::Counts;
use crate::model::{Entry, Kind};
use crate::name::{Name, NodeId, Path};
use crate::part::{Part, sham};
use crate::route::{PolicyKind, Route, RouteView};

/// Why no edit can be made of a change.
#[derive(Debug)]
pub(crate) struct Lack {
    /// The word that is wrong, where there is one.
    pub(crate) word: Option<Name>,
    pub(crate) message: String,
    /// What could have been meant.
    pub(crate) known: Vec<Name>,
}

/// What pipelines and switches look like inside that makers make.
pub(crate) type Shams = HashMap<Name, (Kind, Option<Refusal>)>;

/// Whether an edit is to be committed, or tried on a copy of the model.
pub(crate) enum Making<'a> {
    Real,
    Sham(&'a mut Shams),
}

impl Making<'_> {
    fn part(&mut self, maker: &Name, product: &Product, name: &Name) -> (Part, Option<Refusal>) {
        let Making::Sham(shams) = self else { return (product.make)(name.clone()) };
        let (kind, wrong) = shams.entry(maker.clone()).or_insert_with(|| {
            if product.plain {
                return (Kind::Stage, None);
            }
            let (part, wrong) = (product.make)(maker.clone());
            (part.entry.map_or(Kind::Stage, |entry| entry.kind), wrong)
        });
        let entry = Entry {
            id: NodeId::next(),
            name: name.clone(),
            input: product.input,
            output: product.output,
            kind: kind.clone(),
            state: product.state,
            counts: Arc::new(Counts::default()),
        };
        (sham(entry), wrong.clone())
    }

    fn route(&self, maker: &Maker, by: &Chooser, targets: &[Name]) -> Route {
        match (self, maker) {
            // The generator itself would run up to its first wait.
            (Making::Sham(_), Maker::Generator(_)) => Route::generator(targets.iter().map(Name::as_str), |_| async {}),
            _ => (by.make)(targets),
        }
    }
}

impl Library {
    /// The edit of these changes, with all that it puts in.
    ///
    /// # Errors
    ///
    /// All that is lacking, with the number of the change.
    pub(crate) fn edit(&self, changes: &[Change], making: &mut Making<'_>) -> Result<Edit, Vec<(usize, Lack)>> {
        let (mut edit, mut lacks) = (Edit::new(), Vec::new());
        for (number, change) in changes.iter().enumerate() {
            match self.asked(change, making) {
                Ok(asked) => edit.changes.push(asked),
                Err(lack) => lacks.push((number, lack)),
            }
        }
        if lacks.is_empty() { Ok(edit) } else { Err(lacks) }
    }

    fn asked(&self, change: &Change, making: &mut Making<'_>) -> Result<Asked, Lack> {
        Ok(match change {
            Change::Route { switch, route } => {
                Asked::Route { switch: Ok(switch.clone()), route: Some(self.route(route, making)?) }
            }
            Change::Insert { stage: Made { maker, name }, at } => {
                let (part, wrong) = making.part(maker, self.stage_maker(maker, "insert")?, name);
                let (name, maker) = (Ok(name.clone()), Some(maker.clone()));
                Asked::Insert { at: place(at), part: Some(part), name, maker, wrong }
            }
            Change::Remove { stage } => Asked::Remove { at: Ok(stage.clone()) },
            Change::Replace { stage, with, keeping: true } => {
                let heir = self.heir(&replacing(stage, with))?;
                let wrong = (!heir.plain).then_some(Refusal::NotPlain);
                let (at, part, maker) = (Ok(stage.clone()), Some((heir.make)()), with.clone());
                Asked::HandOver { at, takes: heir.takes, part, entry: None, maker, wrong }
            }
            Change::Replace { stage, with, keeping: false } => {
                let maker = replacing(stage, with);
                let name = stage.names().last().unwrap_or(&maker);
                let (part, wrong) = making.part(&maker, self.stage_maker(&maker, "replace")?, name);
                Asked::Replace { at: Ok(stage.clone()), part: Some(part), maker: with.clone(), wrong }
            }
            Change::Rename { stage, to } => Asked::Rename { at: Ok(stage.clone()), to: Ok(to.clone()) },
            Change::Move { stage, to } => Asked::Move { at: Ok(stage.clone()), to: place(to) },
            Change::Attach { target: Made { maker, name }, switch } => {
                let (part, wrong) = making.part(maker, self.stage_maker(maker, "attach")?, name);
                let (name, maker) = (Ok(name.clone()), Some(maker.clone()));
                Asked::Attach { switch: Ok(switch.clone()), part: Some(part), name, maker, wrong }
            }
            Change::Detach { target, switch } => {
                Asked::Detach { switch: Ok(switch.clone()), target: Ok(target.clone()) }
            }
            Change::Tap { stage, tap: Made { maker, name } } => {
                let (mut part, wrong) = making.part(maker, self.tap_maker(maker)?, name);
                part.entry.iter_mut().for_each(|entry| entry.kind = Kind::Tap);
                let (name, maker) = (Ok(name.clone()), Some(maker.clone()));
                Asked::Tap { at: Ok(stage.clone()), part: Some(part), name, maker, wrong }
            }
            Change::Workers { stage, count } => Asked::Workers { at: Ok(stage.clone()), count: *count, made: None },
            Change::Pause => Asked::Pause,
            Change::Resume => Asked::Resume,
        })
    }

    fn route(&self, view: &RouteView, making: &Making<'_>) -> Result<Route, Lack> {
        let names = || view.targets().iter().map(Name::as_str);
        let one = || match view.targets() {
            [target] => Ok(target.as_str()),
            targets => Err(Lack::plain(format!("a route to one target names one, and this names {}", targets.len()))),
        };
        Ok(match view.policy() {
            PolicyKind::None => Route::none(),
            PolicyKind::One => Route::to(one()?),
            PolicyKind::Once => Route::once(one()?),
            PolicyKind::All => Route::all(names()),
            PolicyKind::RoundRobin => Route::round_robin(names()),
            PolicyKind::Weighted => Route::weighted(names().zip(view.weights().iter().copied())),
            PolicyKind::Failover => match view.retry() {
                Some(items) => Route::failover_retry(names(), items),
                None => Route::failover(names()),
            },
            policy @ (PolicyKind::ByKey | PolicyKind::When | PolicyKind::Generator) => {
                let word = policy.word();
                let Some(name) = view.by() else {
                    let message = format!("a route with `{word}` says by what: put `by` and a name behind the targets");
                    return Err(Lack::plain(message));
                };
                let maker = self.get(name);
                match (policy, maker) {
                    (PolicyKind::ByKey, Some(maker @ Maker::Key(by)))
                    | (PolicyKind::When, Some(maker @ Maker::Choice(by)))
                    | (PolicyKind::Generator, Some(maker @ Maker::Generator(by))) => {
                        making.route(maker, by, view.targets()).named(name.as_str())
                    }
                    (PolicyKind::When, Some(maker @ Maker::Predicate(by))) => {
                        if view.targets().len() != 2 {
                            let count = view.targets().len();
                            let message = format!("{name:?} is a predicate and chooses between 2 targets, not {count}");
                            return Err(Lack { word: Some(name.clone()), message, known: Vec::new() });
                        }
                        making.route(maker, by, view.targets()).named(name.as_str())
                    }
                    (PolicyKind::ByKey, _) => return Err(self.lack(name, "key", &["key"])),
                    (PolicyKind::When, _) => return Err(self.lack(name, "when", &["predicate", "choice"])),
                    _ => return Err(self.lack(name, "generator", &["generator"])),
                }
            }
        })
    }

    fn stage_maker(&self, name: &Name, word: &str) -> Result<&Product, Lack> {
        match self.get(name) {
            Some(Maker::Stage(product)) => Ok(product),
            _ => Err(self.lack(name, word, &["stage"])),
        }
    }

    fn tap_maker(&self, name: &Name) -> Result<&Product, Lack> {
        match self.get(name) {
            Some(Maker::Tap(product)) => Ok(product),
            _ => Err(self.lack(name, "tap", &["tap"])),
        }
    }

    fn heir(&self, name: &Name) -> Result<&Heir, Lack> {
        match self.get(name) {
            Some(Maker::HandOver(heir)) => Ok(heir),
            _ => Err(self.lack(name, "replace ... keeping its state", &["hand-over"])),
        }
    }

    /// That there is no maker of that name, or one of another kind than those that `word` takes.
    fn lack(&self, name: &Name, word: &str, kinds: &[&str]) -> Lack {
        let message = match self.get(name) {
            Some(maker) => {
                format!("{name:?} is a {} in the library; `{word}` takes a {}", maker.kind(), kinds.join(" or a "))
            }
            None if self.makers.is_empty() => format!("nothing in the library is called {name:?}; it is empty"),
            None => format!("nothing in the library is called {name:?}"),
        };
        let fits = self.makers.iter().filter(|(_, maker)| kinds.contains(&maker.kind()));
        Lack { word: Some(name.clone()), message, known: fits.map(|(name, _)| name.clone()).collect() }
    }
}

impl Lack {
    fn plain(message: String) -> Self {
        Self { word: None, message, known: Vec::new() }
    }
}

/// What makes the new stage: what is called as the old one, where nothing else is said.
pub(crate) fn replacing(stage: &Path, with: &Option<Name>) -> Name {
    with.clone().or_else(|| stage.names().last().cloned()).unwrap_or_else(Name::stand_in)
}

fn place(at: &Position) -> Where {
    match at.clone() {
        Position::Front(within) => Where::First(within.map(Ok)),
        Position::Back(within) => Where::Last(within.map(Ok)),
        Position::Before(path) => Where::Before(Ok(path)),
        Position::After(path) => Where::After(Ok(path)),
    }
}
