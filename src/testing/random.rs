//! Random scripts for a pipeline: strategies for `proptest`.
//!
//! What is drawn is a *draft*, a handful of numbers for each change. It becomes a change when the edits before it are known:
//! of all the changes of its kind that there could be, the numbers pick one. So a script shrinks by its drafts, and is as
//! legal after that as before.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any};

use super::candidates::Draft;
use super::reference::Reference;
use super::tree::Kind;
use crate::change::Change;
use crate::library::Library;
use crate::name::{Name, NameError, Path};
use crate::route::{PolicyKind, RouteView};
use crate::script::Script;
use crate::topology::Topology;

/// How long random scripts are, and how wrong.
#[derive(Debug, Clone)]
#[must_use = "options do nothing by themselves"]
pub struct Options {
    cycles: u64,
    edits: usize,
    changes: usize,
    illegal: u32,
    cloned: Vec<Path>,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// Up to 8 edits of up to 3 changes in front of the first 40 items, all legal.
    pub fn new() -> Self {
        Self { cycles: 40, edits: 8, changes: 3, illegal: 0, cloned: Vec::new() }
    }

    /// Edits come in front of the first so many items.
    pub fn cycles(self, cycles: u64) -> Self {
        Self { cycles, ..self }
    }

    /// At most so many edits, not counting those that let items pass again.
    pub fn edits(self, edits: usize) -> Self {
        Self { edits, ..self }
    }

    /// At most so many changes in an edit.
    pub fn changes(self, changes: usize) -> Self {
        Self { changes: changes.max(1), ..self }
    }

    /// So many changes of a hundred are illegal, as far as there is something illegal of their kind; all others are legal
    /// where they stand.
    pub fn illegal(self, percent: u32) -> Self {
        Self { illegal: percent.min(100), ..self }
    }

    /// The switch at `path` was built with [`cloned`](crate::Switch::cloned), so that routes to all are legal. A topology
    /// does not say that.
    ///
    /// # Errors
    ///
    /// [`NameError`] for a malformed path.
    pub fn cloned(mut self, path: impl AsRef<str>) -> Result<Self, NameError> {
        self.cloned.push(Path::new(path)?);
        Ok(self)
    }

    fn reference(&self, topology: &Topology, library: &Library) -> Reference {
        let mut reference = Reference::new(topology, library);
        for path in &self.cloned {
            if let Ok(place) = reference.find(path)
                && let Some(fork) = reference.fork_mut(&place)
            {
                fork.cloned = Some(true);
            }
        }
        reference
    }
}

/// Random scripts for a pipeline that looks like `topology`, with what `library` has; all of their edits are at a cycle.
///
/// Names, types and targets are those that there are where an edit stands. All kinds of changes come up for which the
/// pipeline and the library have something. What could not be known to be legal is left out: a route to all for a switch
/// that is not known to be [`cloned`](Options::cloned), and hand-overs from stages that no maker of the library has made.
///
/// Where an edit pauses the pipeline, or takes all targets from a switch, one behind it at the same cycle lets items pass
/// again; where it routes a switch for one item, one at the next cycle does. A switch keeps its last target. So a legal script can be
/// [run](crate::Player::run) to its end.
///
/// # Examples
///
/// See the [module](super).
pub fn scripts(topology: &Topology, library: &Library, options: Options) -> impl Strategy<Value = Script> + use<> {
    let reference = options.reference(topology, library);
    let edit = (0..=options.cycles, vec(Draft::any(), 1..=options.changes));
    vec(edit, 0..=options.edits).prop_map(move |mut edits| {
        edits.sort_by_key(|(cycle, _)| *cycle);
        let mut writer = Writer { reference: reference.clone(), script: Script::new(), cycle: 0 };
        writer.let_pass();
        for (cycle, drafts) in edits {
            writer.go_to(cycle);
            let changes = resolve(&writer.reference, &drafts, options.illegal);
            writer.write(changes);
            writer.let_pass();
        }
        writer.go_to(u64::MAX);
        writer.script
    })
}

/// Random edits for a pipeline that looks like `topology`; each holds at least one change, unless there is nothing at all
/// that could be changed.
///
/// # Examples
///
/// ```
/// use coroute::testing::{Options, Reference, changes};
/// use coroute::{Library, Pipeline};
/// use proptest::prelude::*;
///
/// let topology = Pipeline::new("p").stage("add", |x: i64| x + 1).topology();
/// let library = Library::new().stage("neg", || |x: i64| -x);
/// proptest!(|(edit in changes(&topology, &library, Options::new()))| {
///     prop_assert_eq!(Reference::new(&topology, &library).commit(&edit)?, 1);
/// });
/// ```
pub fn changes(topology: &Topology, library: &Library, options: Options) -> impl Strategy<Value = Vec<Change>> + use<> {
    let reference = options.reference(topology, library);
    let drafts = vec(Draft::any(), 1..=options.changes);
    (drafts, any::<bool>()).prop_map(move |(drafts, pause)| {
        let changes = resolve(&reference, &drafts, options.illegal);
        let instead = if pause { Change::Pause } else { Change::Resume };
        if changes.is_empty() { vec![instead] } else { changes }
    })
}

/// The changes of an edit, each for the pipeline as those before it leave it.
fn resolve(reference: &Reference, drafts: &[Draft], illegal: u32) -> Vec<Change> {
    let mut trial = reference.clone();
    let mut changes = Vec::new();
    for draft in drafts {
        let Some(change) = draft.change(&trial, illegal) else { continue };
        let mut next = trial.clone();
        if next.change(&change).is_ok() {
            trial = next;
        }
        changes.push(change);
    }
    changes
}

/// A script under way, and what it has made of the pipeline.
struct Writer {
    reference: Reference,
    script: Script,
    cycle: u64,
}

impl Writer {
    fn write(&mut self, changes: Vec<Change>) {
        if changes.is_empty() {
            return;
        }
        // Of what is illegal, nothing changes.
        let _ = self.reference.commit(&changes);
        self.script = std::mem::take(&mut self.script).at(self.cycle, changes);
    }

    /// Goes on to a later cycle; what was for one item only is used up by then.
    fn go_to(&mut self, cycle: u64) {
        if cycle > self.cycle {
            let once = self.switches(PolicyKind::Once);
            self.cycle += 1;
            once.into_iter().for_each(|change| self.write(vec![change]));
            self.cycle = cycle;
        }
    }

    /// Lets items pass where they would be held back.
    fn let_pass(&mut self) {
        if self.reference.paused {
            self.write(vec![Change::Resume]);
        }
        let closed = self.switches(PolicyKind::None);
        closed.into_iter().for_each(|change| self.write(vec![change]));
    }

    /// Routes all switches with such a route to one target.
    fn switches(&self, policy: PolicyKind) -> Vec<Change> {
        let change = |(path, node): (Path, &super::tree::Node)| {
            let Kind::Switch(fork) = &node.kind else { return None };
            let first = fork.route.targets().first().or_else(|| fork.targets.first().map(|target| &target.name))?;
            let route = RouteView::new(PolicyKind::One, [Name::as_str(first)]).ok()?;
            (fork.route.policy() == policy).then_some(Change::Route { switch: path, route })
        };
        self.reference.paths().into_iter().filter_map(change).collect()
    }
}
