//! The reference: what edits do, as the documentation says it, on plain data.
//!
//! The rules are in `rules.rs`, the ways of items in `follow.rs`.

use std::fmt::Write;
use std::sync::Arc;

use super::makers::Makers;
use super::tree::{self, Fork, Kind, Node};
use super::violation::Illegal;
use crate::change::Change;
use crate::library::Library;
use crate::name::Path;
use crate::route::PolicyKind;
use crate::topology::Topology;

/// A plain, slow interpreter of edits, to compare a pipeline with.
///
/// It knows the pipeline by its [`Topology`], and what scripts put in by the [`Library`]; its makers of stages and taps are
/// called once each to look at what they make. The rules of edits are written down in it once more, on vectors of names.
///
/// Types are compared by the text that a topology prints. What a topology does not say is left undecided, and then allowed:
/// whether a switch that was built with the pipeline can clone its items, and whether a hand-over fits the state of a
/// stage that was. How many edits may wait is not known to it either.
///
/// # Examples
///
/// ```
/// use coroute::testing::Reference;
/// use coroute::{Change, Library, Pipeline};
///
/// let pipeline = Pipeline::new("sum").stage("add", |x: i64| x + 1).stage("show", |x: i64| x.to_string());
/// let library = Library::new().stage("neg", || |x: i64| -x);
/// let mut reference = Reference::new(&pipeline.topology(), &library);
/// assert_eq!(reference.commit(&["insert neg after add".parse()?])?, 1);
/// assert_eq!(
///     format!("\n{}", reference.topology()),
///     "
/// sum      i64 -> String  revision 1
/// ├─ add   i64 -> i64
/// ├─ neg   i64 -> i64
/// └─ show  i64 -> String
/// "
/// );
/// let illegal = reference.commit(&[Change::remove("neg")?, Change::remove("show")?]).unwrap_err();
/// assert_eq!((illegal.change(), reference.revision()), (1, 1));
/// assert_eq!(illegal.to_string(), "cannot remove show: it turns i64 into String");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Reference {
    pub(super) root: Node,
    pub(super) revision: u64,
    pub(super) paused: bool,
    pub(super) makers: Arc<Makers>,
    /// Whether stages may hold items back, which go on unseen when the stages leave.
    pub(super) holds: bool,
    /// What the last edit left undecided.
    pub(super) undecided: Vec<Undecided>,
}

/// What cannot be known of a pipeline from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Undecided {
    /// Whether the switch can clone its items.
    Cloned(Path),
    /// Whether the stage is what the hand-over takes.
    State(Path),
}

impl Reference {
    /// A reference that is where the pipeline is, taken before any item; or after, if no route chooses by turns.
    #[must_use]
    pub fn new(topology: &Topology, library: &Library) -> Self {
        Self {
            root: Node::shown(topology.root()),
            revision: topology.revision(),
            paused: topology.is_paused(),
            makers: Arc::new(Makers::new(library)),
            holds: false,
            undecided: Vec::new(),
        }
    }

    /// The revision: how many edits were committed.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Commits an edit: all of its changes, or none. Gives the revision that it makes.
    ///
    /// # Errors
    ///
    /// [`Illegal`] for the first change that a rule is against; nothing has changed then.
    pub fn commit(&mut self, changes: &[Change]) -> Result<u64, Illegal> {
        let mut next = self.clone();
        next.undecided.clear();
        for (number, change) in changes.iter().enumerate() {
            next.change(change).map_err(|why| Illegal::new(number, change.to_string(), why))?;
        }
        next.revision += 1;
        *self = next;
        Ok(self.revision)
    }

    /// What a [`Topology`] of it would print, byte for byte.
    #[must_use]
    pub fn topology(&self) -> String {
        let state = format!("revision {}{}", self.revision, if self.paused { ", paused" } else { "" });
        let mut lines = vec![[self.root.name.to_string(), self.root.types(), state]];
        tree::lines(&self.root, "", &mut lines);
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let (names, types) = (width(0), width(1));
        lines.iter().fold(String::new(), |mut text, [name, kind, note]| {
            let line = format!("{name:<names$}  {kind:<types$}  {note}");
            let _ = writeln!(text, "{}", line.trim_end());
            text
        })
    }

    /// Forgets whose turn it is at the switches: where items went by that are not known, and may have been held back.
    /// Whether there is a switch without a target to route to.
    pub(super) fn has_closed_switch(&self) -> bool {
        let is_closed =
            |node: &Node| matches!(&node.kind, Kind::Switch(fork) if fork.route.policy() == PolicyKind::None);
        self.paths().iter().any(|(_, node)| is_closed(node))
    }

    pub(super) fn blur(&mut self) {
        self.holds = true;
        self.root.blur();
    }

    /// The node at positions from the outermost pipeline inwards.
    pub(super) fn node(&self, place: &[usize]) -> &Node {
        place.iter().fold(&self.root, |node, at| &node.inside()[*at])
    }

    pub(super) fn node_mut(&mut self, place: &[usize]) -> &mut Node {
        place.iter().fold(&mut self.root, |node, at| &mut node.inside_mut()[*at])
    }

    pub(super) fn fork_mut(&mut self, place: &[usize]) -> Option<&mut Fork> {
        match &mut self.node_mut(place).kind {
            Kind::Switch(fork) => Some(fork),
            _ => None,
        }
    }

    /// The positions of what is at `path`.
    pub(super) fn find(&self, path: &Path) -> Result<Vec<usize>, String> {
        let (mut node, mut place) = (&self.root, Vec::new());
        for name in path.names() {
            let at = node.inside().iter().position(|child| child.name == *name);
            let at = at.ok_or_else(|| format!("nothing is called {path:?}"))?;
            place.push(at);
            node = &node.inside()[at];
        }
        if place.is_empty() { Err("the path has no name in it".to_owned()) } else { Ok(place) }
    }

    /// The paths of all stages, targets and taps, with what they are.
    pub(super) fn paths(&self) -> Vec<(Path, &Node)> {
        let mut found = Vec::new();
        tree::paths(self.root.inside(), &Path::default(), &mut found);
        found
    }

    /// Takes over what the pipeline has shown of what was undecided in an edit that it made or refused.
    pub(super) fn learn(&mut self, undecided: &[Undecided], legal: bool) {
        for what in undecided {
            if let Undecided::Cloned(path) = what
                && let Ok(place) = self.find(path)
                && let Some(fork) = self.fork_mut(&place)
            {
                fork.cloned = Some(legal);
            }
        }
    }
}
