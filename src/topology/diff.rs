//! What differs between two topologies: in the words of an edit, and as a tree with marks.
//!
//! `cross.rs` looks for stages that have come to be in other pipelines; `pairs.rs` finds out which node is which; `row.rs` and `fork.rs` put into words what became of the stages of a pipeline
//! and of the targets of a switch, `rename.rs` in which order names can change hands; `merge.rs` draws the tree.

mod cross;
mod fork;
mod merge;
mod pairs;
mod rename;
mod row;

use std::collections::HashSet;
use std::fmt;

use super::{NodeKind, Topology, TopologyNode};
use crate::change::Change;
use crate::name::{NodeId, Path};

/// What differs between two topologies of a pipeline; see [`Topology::diff`].
///
/// Its `Display` is the tree of the later one, and at their old places the nodes that are gone from it. In front of a line
/// stands `+` if the node is new, `-` if it is gone, `~` if something about it has changed, and nothing if it is the same;
/// at its end, what it was. A stage that was moved to another pipeline stands at both places, with `moved` behind it.
#[derive(Debug, Clone)]
pub struct TopologyDiff<'a> {
    before: &'a Topology,
    after: &'a Topology,
    changes: Vec<Change>,
    /// The nodes of `after` that a change moves, and those that stand in the place of another, by their paths.
    moved: HashSet<Path>,
    replaced: HashSet<Path>,
    /// The nodes that a change moves to another pipeline.
    crossed: HashSet<NodeId>,
}

impl Topology {
    /// What leads from this topology to a later one.
    ///
    /// A stage is known by what it is, not by its name, so that one with another name is seen as renamed. Of topologies
    /// that were read back only the names are known.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Pipeline;
    ///
    /// let pipeline = Pipeline::new("sum").stage("add", |x: i64| x + 1).stage("prod", |x: i64| x * 2);
    /// let before = pipeline.topology();
    /// let controller = pipeline.controller();
    /// controller.edit(|e| e.remove("prod")?.rename("add", "plus")?.insert_after("plus", "neg", |x: i64| -x))?;
    /// let after = pipeline.topology();
    ///
    /// let diff = before.diff(&after);
    /// let changes: Vec<String> = diff.changes().iter().map(ToString::to_string).collect();
    /// assert_eq!(changes, ["remove prod", "rename add to plus", "insert neg after plus"]);
    /// assert_eq!(
    ///     format!("\n{diff}"),
    ///     "
    /// ~ sum      i64 -> i64  revision 1  (was 0)
    /// ~ ├─ plus  i64 -> i64              (was add)
    /// - ├─ prod  i64 -> i64
    /// + └─ neg   i64 -> i64
    /// "
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn diff<'a>(&'a self, after: &'a Self) -> TopologyDiff<'a> {
        let mut found = Found::default();
        let moved = found.cross(&self.root, &after.root);
        found.row(&Path::default(), &moved, &after.root);
        found.changes.extend(match (self.paused, after.paused) {
            (false, true) => Some(Change::Pause),
            (true, false) => Some(Change::Resume),
            _ => None,
        });
        let Found { changes, moved, replaced, crossed } = found;
        TopologyDiff { before: self, after, changes, moved, replaced, crossed }
    }
}

impl TopologyDiff<'_> {
    /// The changes that lead from the one to the other, if they are made in this order.
    ///
    /// What is put in is taken to be made by something of its name.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Whether the one looks as the other does, but for the revision, and no stage was replaced.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.before.root == self.after.root
    }
}

impl fmt::Display for TopologyDiff<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        merge::write(f, self)
    }
}

/// The changes found so far.
#[derive(Default)]
struct Found {
    changes: Vec<Change>,
    moved: HashSet<Path>,
    replaced: HashSet<Path>,
    crossed: HashSet<NodeId>,
}

impl Found {
    /// What is inside two nodes that are the same, or stand in each other's place.
    fn inside(&mut self, path: &Path, before: &TopologyNode, after: &TopologyNode) {
        match (&before.kind, &after.kind) {
            (NodeKind::Pipeline(_), NodeKind::Pipeline(_)) | (NodeKind::Thread { .. }, NodeKind::Thread { .. }) => {
                self.row(path, before, after);
            }
            (NodeKind::Workers { count: old, .. }, NodeKind::Workers { count, .. }) if old != count => {
                self.changes.push(Change::Workers { stage: path.clone(), count: *count });
            }
            (NodeKind::Switch { route, .. }, NodeKind::Switch { route: next, .. }) => {
                self.fork(path, (before, route), (after, next));
            }
            _ => {}
        }
    }

    /// The nodes that stand in the place of others, now that the names are those of `after`.
    fn replaces(&mut self, path: &Path, after: &TopologyNode, pairs: &pairs::Pairs) {
        for (node, _) in after.children().iter().zip(&pairs.replaced).filter(|(_, replaced)| **replaced) {
            let stage = path.join(&node.name);
            self.replaced.insert(stage.clone());
            self.changes.push(Change::Replace { stage, with: None, keeping: false });
        }
    }

    /// What is inside the nodes that have stayed.
    fn stayed(&mut self, path: &Path, before: &TopologyNode, after: &TopologyNode, pairs: &pairs::Pairs) {
        for (at, node) in after.children().iter().enumerate().filter(|(at, _)| !pairs.replaced[*at]) {
            if let Some(old) = pairs.before[at] {
                self.inside(&path.join(&node.name), &before.children()[old], node);
            }
        }
    }
}
