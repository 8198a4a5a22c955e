//! Stages that have come to be in other pipelines.
//!
//! They are moved there before all else, where that pipeline is there before and after; what is left to be changed then
//! is in one pipeline each. A stage that has come to be in a new pipeline is put in with that.

use std::collections::{HashMap, HashSet};

use super::super::{NodeKind, TopologyNode};
use super::Found;
use super::pairs::Pairs;
use crate::change::{Change, Position};
use crate::name::{Name, NodeId, Path};

/// A pipeline, by its id; the outermost has none.
type Owner = Option<NodeId>;

/// The pipelines that stages are in.
fn owners(node: &TopologyNode, owner: Owner, found: &mut HashMap<NodeId, Owner>, order: &mut Vec<NodeId>) {
    for child in node.children() {
        if let (Some(id), true) = (child.id, node.is_row()) {
            found.insert(id, owner);
            order.push(id);
        }
        owners(child, child.id, found, order);
    }
}

/// The pipelines that go on as they were, of a node that does.
fn stay(before: &TopologyNode, after: &TopologyNode, stays: &mut HashSet<Owner>) {
    stays.insert(after.id);
    let pairs = Pairs::new(before, after);
    for (at, node) in after.children().iter().enumerate().filter(|(at, _)| !pairs.replaced[*at]) {
        if let Some(old) = pairs.before[at] {
            stay(&before.children()[old], node, stays);
        }
    }
}

impl Found {
    /// What `before` is when the stages have been moved that are in other pipelines in `after`.
    pub(super) fn cross(&mut self, before: &TopologyNode, after: &TopologyNode) -> TopologyNode {
        let (mut were, mut are, mut order) = (HashMap::new(), HashMap::new(), Vec::new());
        owners(before, None, &mut were, &mut Vec::new());
        owners(after, None, &mut are, &mut order);
        let mut waiting: Vec<(NodeId, Owner)> = order.into_iter().map(|id| (id, are[&id])).collect();
        waiting.retain(|(id, owner)| were.get(id).is_some_and(|was| was != owner));
        if waiting.is_empty() {
            return before.clone();
        }
        let mut stays = HashSet::new();
        stay(before, after, &mut stays);
        for (id, _) in &waiting {
            if let (Some(old), Some(new)) = (before.within(Some(*id)), after.within(Some(*id))) {
                stay(old, new, &mut stays);
            }
        }
        waiting.retain(|(_, owner)| stays.contains(owner));
        let mut now = before.clone();
        // What moves into something that is inside of it waits until that has been moved out.
        while !waiting.is_empty() {
            let left = waiting.len();
            waiting.retain(|(id, owner)| !self.carry(&mut now, after, *id, *owner));
            if waiting.len() == left {
                break;
            }
        }
        now
    }

    /// Moves a stage, with its taps, to the pipeline `owner`, if it can be.
    fn carry(&mut self, now: &mut TopologyNode, after: &TopologyNode, id: NodeId, owner: Owner) -> bool {
        let (Some(to), Some(from)) = (now.path_to(owner), now.path_to(Some(id))) else { return false };
        let (Some(wanted), Some((home, _))) = (after.within(owner), from.split_last()) else { return false };
        let (Some(there), Some(here)) = (now.at(&to), now.at(&home)) else { return false };
        let Some(at) = here.children().iter().position(|node| node.id == Some(id)) else { return false };
        // A tap may have taken it along.
        if here.id == owner || to.names().starts_with(from.names()) || !there.is_row() || !here.is_row() {
            return here.id == owner;
        }
        let Some(place) = place(there, wanted, &here.children()[at]) else { return false };
        let count = if here.is_tap(at) { 1 } else { 1 + (at + 1..).take_while(|at| here.is_tap(*at)).count() };
        let taken = |name: &Name, row: &TopologyNode| row.children().iter().any(|node| node.name == *name);
        let renames: Vec<(usize, Name)> = (at..at + count)
            .filter(|at| taken(&here.children()[*at].name, there))
            .map(|at| {
                let name = &here.children()[at].name;
                let others = (1_u64..).filter_map(|number| Name::new(format!("{name}_{number}")).ok());
                let mut free = others.filter(|other| [there, here, wanted].iter().all(|row| !taken(other, row)));
                (at, free.next().unwrap_or_else(|| name.clone()))
            })
            .collect();
        let words = position(there, &to, place);
        let Some(row) = now.row_mut(&home) else { return false };
        for (at, name) in renames {
            let stage = home.join(&row[at].name);
            self.changes.push(Change::Rename { stage, to: name.clone() });
            row[at].name = name;
        }
        self.changes.push(Change::Move { stage: home.join(&row[at].name), to: words });
        let moved: Vec<TopologyNode> = row.drain(at..at + count).collect();
        self.crossed.extend(moved.iter().filter_map(|node| node.id));
        let row = now.path_to(owner).and_then(|to| now.row_mut(&to));
        row.into_iter().for_each(|row| drop(row.splice(place..place, moved.iter().cloned())));
        true
    }
}

/// Where in the row `there` a stage can stand, as near as possible to where it is in the end.
fn place(there: &TopologyNode, wanted: &TopologyNode, stage: &TopologyNode) -> Option<usize> {
    let fits = |place: usize| {
        let carried = place.checked_sub(1).map_or(&there.input, |before| &there.children()[before].output);
        *carried == stage.input && stage.input == stage.output
    };
    let known =
        |node: &TopologyNode| there.children().iter().position(|other| other.id.is_some() && other.id == node.id);
    let behind = wanted.children().iter().take_while(|node| node.id != stage.id).filter_map(known);
    let near = behind.map(|at| at + 1).last().unwrap_or(0);
    let mut places = (near..=there.children().len()).chain((0..near).rev());
    places.find(|place| fits(*place))
}

/// How a place in the row at `path` is called: before a stage or a tap, or behind all.
fn position(row: &TopologyNode, path: &Path, place: usize) -> Position {
    match row.children().get(place) {
        Some(next) => Position::Before(path.join(&next.name)),
        None => match row.children().iter().rev().find(|node| !matches!(node.kind, NodeKind::Tap)) {
            Some(last) => Position::After(path.join(&last.name)),
            None => Position::Back((!path.names().is_empty()).then(|| path.clone())),
        },
    }
}

impl TopologyNode {
    /// Whether stages are in a row in it.
    fn is_row(&self) -> bool {
        matches!(self.kind, NodeKind::Pipeline(_) | NodeKind::Thread { .. })
    }

    fn is_tap(&self, at: usize) -> bool {
        self.children().get(at).is_some_and(|node| matches!(node.kind, NodeKind::Tap))
    }

    /// The pipeline `owner`, which is this one or inside it.
    fn within(&self, owner: Owner) -> Option<&Self> {
        self.path_to(owner).and_then(|path| self.at(&path))
    }

    /// The path of a node inside; that of the outermost is empty.
    fn path_to(&self, id: Owner) -> Option<Path> {
        let Some(id) = id else { return Some(Path::default()) };
        self.children().iter().find_map(|child| {
            let mut path = if child.id == Some(id) { Path::default() } else { child.path_to(Some(id))? };
            path.prefix(&child.name);
            Some(path)
        })
    }

    fn at(&self, path: &Path) -> Option<&Self> {
        path.names().iter().try_fold(self, |node, name| node.children().iter().find(|child| child.name == *name))
    }

    fn row_mut(&mut self, path: &Path) -> Option<&mut Vec<Self>> {
        path.names().iter().try_fold(self.children_mut()?, |row, name| {
            row.iter_mut().find(|child| child.name == *name)?.children_mut()
        })
    }

    fn children_mut(&mut self) -> Option<&mut Vec<Self>> {
        match &mut self.kind {
            NodeKind::Stage | NodeKind::Tap | NodeKind::Workers { .. } => None,
            NodeKind::Pipeline(nodes) => Some(nodes),
            NodeKind::Switch { targets: nodes, .. } | NodeKind::Thread { stages: nodes, .. } => Some(nodes),
        }
    }
}
