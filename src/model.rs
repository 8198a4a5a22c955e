//! The control side's picture of a pipeline: names, types and routes, against which edits are checked.
//!
//! It changes by [`Mutation`]s, and each gives back the change that undoes it; an edit that is refused half-way is taken
//! back by them. Places are told by positions: a [`Step`] at a time, from the outermost pipeline inwards. They are good until
//! the next change; the data side, which lags behind, is told ids instead.

mod fork;
mod likeness;
mod mutation;
mod places;
mod workers;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use smallvec::SmallVec;

use crate::error::Refusal;
use crate::ledger::{Counts, Row};
use crate::name::{Name, NodeId, Path, Type};
use crate::route::{PolicyKind, RouteView};

pub(crate) use likeness::Likeness;
pub(crate) use mutation::Mutation;
pub(crate) use workers::{Workers, Workshop};

/// The most stages that an item may pass one inside the other: each costs a stack frame or two.
pub(crate) const DEPTH_LIMIT: usize = 512;

/// A pipeline: its stages in order. A clone is there to try edits on; it shares the counts.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) name: Name,
    pub(crate) input: Type,
    pub(crate) output: Type,
    pub(crate) entries: Vec<Entry>,
    /// The capacity of the queue in front of it, in items, where it runs on a thread of its own; `None` for a plain pipeline.
    pub(crate) thread: Option<usize>,
}

/// A stage, whatever it is.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) id: NodeId,
    pub(crate) name: Name,
    pub(crate) input: Type,
    pub(crate) output: Type,
    pub(crate) kind: Kind,
    /// The type of the stage itself: what a hand-over takes.
    pub(crate) state: Type,
    pub(crate) counts: Arc<Counts>,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Stage,
    Tap,
    Pipeline(Box<Plan>),
    Switch(Box<Fork>),
    Workers(Workers),
}

/// A switch: its targets in slots, and its route.
#[derive(Debug, Clone)]
pub(crate) struct Fork {
    pub(crate) slots: Vec<Option<Target>>,
    pub(crate) free: Vec<u32>,
    pub(crate) by_name: HashMap<Name, u32>,
    pub(crate) route: RouteView,
    pub(crate) cloned: bool,
    pub(crate) next: u64,
    /// The deepest target; it does not shrink when one is detached.
    pub(crate) depth: usize,
}

/// A target of a switch, and its place in the order of attachment.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) order: u64,
    pub(crate) entry: Entry,
}

/// A step of the way to a stage: to the stage at a position of a pipeline, or to the target in a slot of a switch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Node(u32),
    Target(u32),
}

pub(crate) type Steps = SmallVec<[Step; 4]>;

impl Entry {
    /// How many stages an item passes in it, one inside the other.
    pub(crate) fn depth(&self) -> usize {
        match &self.kind {
            Kind::Stage | Kind::Tap | Kind::Workers(_) => 1,
            Kind::Pipeline(plan) => 1 + plan.depth(),
            Kind::Switch(fork) => 1 + fork.depth,
        }
    }

    fn renew(&mut self, counts: &BTreeMap<NodeId, Arc<Counts>>) {
        if let Some(new) = counts.get(&self.id) {
            self.counts = Arc::clone(new);
        }
        match &mut self.kind {
            Kind::Stage | Kind::Tap | Kind::Workers(_) => {}
            Kind::Pipeline(plan) => plan.renew(counts),
            Kind::Switch(fork) => fork.slots.iter_mut().flatten().for_each(|target| target.entry.renew(counts)),
        }
    }

    fn measure(&mut self) {
        match &mut self.kind {
            Kind::Stage | Kind::Tap | Kind::Workers(_) => {}
            Kind::Pipeline(plan) => plan.measure(),
            Kind::Switch(fork) => {
                let targets = fork.slots.iter_mut().flatten();
                let depths = targets.map(|target| {
                    target.entry.measure();
                    target.entry.depth()
                });
                fork.depth = depths.max().unwrap_or(0);
            }
        }
    }

    pub(crate) fn is(&self) -> &'static str {
        match &self.kind {
            Kind::Stage => "stage",
            Kind::Tap => "tap",
            Kind::Pipeline(plan) if plan.thread.is_some() => "thread",
            Kind::Pipeline(_) => "pipeline",
            Kind::Switch(_) => "switch",
            Kind::Workers(_) => "workers",
        }
    }

    /// The path of the stage `id`, if it is this one or inside it.
    pub(crate) fn path_of(&self, id: NodeId) -> Option<Path> {
        if self.id == id {
            return Some(self.name.clone().into());
        }
        let mut path = match &self.kind {
            Kind::Stage | Kind::Tap | Kind::Workers(_) => None,
            Kind::Pipeline(plan) => plan.path_of(id),
            Kind::Switch(fork) => fork.slots.iter().flatten().find_map(|target| target.entry.path_of(id)),
        }?;
        path.prefix(&self.name);
        Some(path)
    }

    /// The counts of this stage, which is at `path`, and of all inside it.
    pub(crate) fn counted(&self, path: &Path, counted: &mut Vec<(Path, Arc<Counts>)>) {
        counted.push((path.clone(), Arc::clone(&self.counts)));
        let mut inside = |entry: &Self| entry.counted(&path.join(&entry.name), counted);
        match &self.kind {
            Kind::Stage | Kind::Tap | Kind::Workers(_) => {}
            Kind::Pipeline(plan) => plan.entries.iter().for_each(inside),
            Kind::Switch(fork) => fork.in_order().for_each(|target| inside(&target.entry)),
        }
    }

    /// The counts of this stage and all inside it, in order.
    pub(crate) fn rows(&self, within: &Path, rows: &mut Vec<Row>) {
        let path = within.join(&self.name);
        let row = Row::read(path.clone(), &self.counts);
        if !row.is_zero() {
            rows.push(row);
        }
        match &self.kind {
            Kind::Stage | Kind::Tap | Kind::Workers(_) => {}
            Kind::Pipeline(plan) => plan.entries.iter().for_each(|entry| entry.rows(&path, rows)),
            Kind::Switch(fork) => fork.in_order().for_each(|target| target.entry.rows(&path, rows)),
        }
    }
}

impl Plan {
    pub(crate) fn depth(&self) -> usize {
        let inside = self.entries.iter().map(|entry| entry.depth() - 1).max().unwrap_or(0);
        self.entries.len() + inside
    }

    /// The switch that has the route `none` and that every item passes, if there is one.
    pub(crate) fn shut(&self) -> Option<Path> {
        self.entries.iter().find_map(|entry| {
            let mut path = match &entry.kind {
                Kind::Switch(fork) if fork.route.policy == PolicyKind::None => Path::default(),
                Kind::Pipeline(plan) => plan.shut()?,
                _ => return None,
            };
            path.prefix(&entry.name);
            Some(path)
        })
    }

    pub(crate) fn path_of(&self, id: NodeId) -> Option<Path> {
        self.entries.iter().find_map(|entry| entry.path_of(id))
    }

    /// Takes over the counts that stages were given.
    pub(crate) fn renew(&mut self, counts: &BTreeMap<NodeId, Arc<Counts>>) {
        self.entries.iter_mut().for_each(|entry| entry.renew(counts));
    }

    /// Looks anew how deep every switch is.
    pub(crate) fn measure(&mut self) {
        self.entries.iter_mut().for_each(Entry::measure);
    }

    pub(crate) fn position(&self, name: &Name) -> Option<usize> {
        self.entries.iter().position(|entry| entry.name == *name)
    }

    pub(crate) fn is_free(&self, name: &Name) -> Result<(), Refusal> {
        match self.position(name) {
            Some(_) => Err(Refusal::Duplicate { name: name.clone() }),
            None => Ok(()),
        }
    }

    /// Where `path` stands in the order of declaration.
    pub(crate) fn rank(&self, path: &Path) -> Option<SmallVec<[u64; 4]>> {
        let (steps, _) = self.find(path).ok()?;
        let rank =
            |length: usize| match (steps[length - 1], self.entry_at(&steps[..length - 1]).map(|entry| &entry.kind)) {
                (Step::Node(at), _) => Some(u64::from(at)),
                (Step::Target(slot), Some(Kind::Switch(fork))) => Some(fork.slots.get(slot as usize)?.as_ref()?.order),
                (Step::Target(_), _) => None,
            };
        (1..=steps.len()).map(rank).collect()
    }

    /// Finds what `path` names: the way to it, and the entry.
    pub(crate) fn find(&self, path: &Path) -> Result<(Steps, &Entry), Refusal> {
        let mut steps = Steps::new();
        let mut level = Level::Plan(self);
        let mut found = None;
        let mut walked = Path::default();
        for name in path.names() {
            walked = walked.join(name);
            let unknown = || level.unknown(walked.clone());
            let entry = match level {
                Level::Plan(plan) => {
                    let at = plan.position(name).ok_or_else(unknown)?;
                    steps.push(Step::Node(u32::try_from(at).unwrap_or(u32::MAX)));
                    &plan.entries[at]
                }
                Level::Fork(fork) => {
                    let slot = *fork.by_name.get(name).ok_or_else(unknown)?;
                    steps.push(Step::Target(slot));
                    fork.target(name).ok_or_else(unknown)?
                }
                Level::Stage => return Err(unknown()),
            };
            level = Level::inside(entry);
            found = Some(entry);
        }
        found.map(|entry| (steps, entry)).ok_or_else(|| Level::Plan(self).unknown(path.clone()))
    }

    /// The pipeline that `within` leads to.
    pub(crate) fn plan_at(&self, within: &[Step]) -> Option<&Self> {
        if within.is_empty() {
            return Some(self);
        }
        match &self.entry_at(within)?.kind {
            Kind::Pipeline(plan) => Some(plan),
            _ => None,
        }
    }

    pub(crate) fn entry_at(&self, place: &[Step]) -> Option<&Entry> {
        self.walk(place).nth(place.len().checked_sub(1)?).map(|(_, entry)| entry)
    }

    /// The entries on the way to `place` and the one there, each with the step to it, as far as there are any.
    pub(crate) fn walk<'a>(&'a self, place: &[Step]) -> impl Iterator<Item = (Step, &'a Entry)> {
        let mut level = Level::Plan(self);
        place.iter().map_while(move |step| {
            let entry = match (*step, level) {
                (Step::Node(at), Level::Plan(plan)) => plan.entries.get(at as usize)?,
                (Step::Target(slot), Level::Fork(fork)) => &fork.slots.get(slot as usize)?.as_ref()?.entry,
                _ => return None,
            };
            level = Level::inside(entry);
            Some((*step, entry))
        })
    }
}

#[derive(Clone, Copy)]
enum Level<'a> {
    Plan(&'a Plan),
    Fork(&'a Fork),
    Stage,
}

impl<'a> Level<'a> {
    fn inside(entry: &'a Entry) -> Self {
        match &entry.kind {
            Kind::Stage | Kind::Tap | Kind::Workers(_) => Level::Stage,
            Kind::Pipeline(plan) => Level::Plan(plan),
            Kind::Switch(fork) => Level::Fork(fork),
        }
    }

    fn unknown(self, path: Path) -> Refusal {
        match self {
            Level::Plan(plan) => {
                Refusal::unknown(path, plan.entries.len(), plan.entries.iter().map(|entry| &entry.name))
            }
            Level::Fork(fork) => fork.unknown(path),
            Level::Stage => Refusal::unknown(path, 0, std::iter::empty()),
        }
    }
}
