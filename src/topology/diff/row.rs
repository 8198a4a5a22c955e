//! What became of the stages of a pipeline.

use super::super::{NodeKind, TopologyNode};
use super::Found;
use super::pairs::Pairs;
use super::rename::Names;
use crate::change::{Change, Made, Position};
use crate::name::Path;

/// The stages of a pipeline between two changes, by their places in the later topology.
struct Row<'a> {
    path: &'a Path,
    nodes: &'a [TopologyNode],
    now: Vec<usize>,
}

impl Found {
    pub(super) fn row(&mut self, path: &Path, before: &TopologyNode, after: &TopologyNode) {
        let pairs = Pairs::new(before, after);
        let (was, is) = (before.children(), after.children());
        let mut names = Names::new(was.iter().map(TopologyNode::name), is.iter().map(TopologyNode::name));
        let early = early_tap(was, is, &pairs);
        if let Some(observed) = early {
            let tap = Made { maker: is[0].name.clone(), name: names.take(&is[0].name) };
            self.changes.push(Change::Tap { stage: path.join(&was[observed].name), tap });
        }
        for at in &pairs.gone {
            names.free(&was[*at].name);
            self.changes.push(Change::Remove { stage: path.join(&was[*at].name) });
        }
        let renamed = is.iter().enumerate().filter_map(|(at, node)| {
            let old = &was[pairs.before[at]?].name;
            (*old != node.name).then(|| (old.clone(), node.name.clone()))
        });
        names.rename(self, path, renamed.collect());
        names.finish(self, path);
        // A stage may have taken the place of a tap, and others stand behind taps in other places.
        self.replaces(path, after, &pairs);

        let mut stays: Vec<usize> = (0..is.len()).filter(|at| pairs.before[*at].is_some()).collect();
        let mut now = stays.clone();
        now.sort_unstable_by_key(|at| pairs.before[*at]);
        if early.is_some() {
            now.insert(0, 0);
            stays.insert(0, 0);
        }
        let mut row = Row { path, nodes: is, now };
        self.moves(&mut row, &stays);
        for at in 0..is.len() {
            if row.now.get(at) != Some(&at) {
                row.put(self, at);
            }
        }
        self.stayed(path, before, after, &pairs);
    }

    /// Moves stages until they are in the order of `stays`.
    fn moves(&mut self, row: &mut Row<'_>, stays: &[usize]) {
        let keep = row.unmoved();
        for (place, at) in stays.iter().enumerate().filter(|(_, at)| !keep.contains(at)) {
            let before = place.checked_sub(1).map(|place| stays[place]);
            let found = row.now.iter().position(|now| now == at).unwrap_or_default();
            if found.checked_sub(1).map(|place| row.now[place]) != before {
                let behind = before.map_or(0, |before| row.behind(before));
                row.shift(self, *at, behind);
            }
        }
        // A stage takes the taps on it along, which may belong elsewhere.
        for (place, at) in stays.iter().enumerate() {
            if row.now[place] != *at {
                row.shift(self, *at, place);
            }
        }
    }
}

/// The stage that leaves and has to be observed before it does: by a new tap in front of all, if there is nothing else that it
/// could have been put on.
fn early_tap(was: &[TopologyNode], is: &[TopologyNode], pairs: &Pairs) -> Option<usize> {
    let first = is.first().filter(|node| matches!(node.kind, NodeKind::Tap))?;
    let other = pairs.before.iter().flatten().any(|at| was[*at].output == first.input);
    if other || pairs.before[0].is_some() {
        return None;
    }
    pairs.gone.iter().copied().find(|at| was[*at].output == first.input)
}

impl Row<'_> {
    fn is_tap(&self, place: usize) -> bool {
        self.now.get(place).is_some_and(|at| matches!(self.nodes[*at].kind, NodeKind::Tap))
    }

    fn name(&self, place: usize) -> Path {
        self.path.join(&self.nodes[self.now[place]].name)
    }

    fn behind(&self, at: usize) -> usize {
        self.now.iter().position(|now| *now == at).map_or(0, |place| place + 1)
    }

    /// The stages that keep their places while others are moved: the most that are in order, with all that cannot be moved.
    fn unmoved(&self) -> Vec<usize> {
        let weight = |at: usize| {
            let node = &self.nodes[at];
            if node.input == node.output { 1 } else { self.nodes.len() + 1 }
        };
        let mut best: Vec<(usize, Option<usize>)> = Vec::new();
        for (place, at) in self.now.iter().enumerate() {
            let before = (0..place).filter(|before| self.now[*before] < *at).max_by_key(|before| best[*before].0);
            best.push((before.map_or(0, |before| best[before].0) + weight(*at), before));
        }
        let mut next = (0..best.len()).max_by_key(|place| best[*place].0);
        let mut unmoved = Vec::new();
        while let Some(place) = next {
            unmoved.push(self.now[place]);
            next = best[place].1;
        }
        unmoved
    }

    /// How a place between the stages is called. Behind a stage is behind the taps on it as well.
    fn position(&self, place: usize) -> Position {
        if place == 0 {
            let within = (!self.path.names().is_empty()).then(|| self.path.clone());
            return Position::Front(within);
        }
        if self.is_tap(place) {
            return Position::Before(self.name(place));
        }
        Position::After(self.name(self.tapped(place)))
    }

    /// The stage in front of a place, or in front of the taps there.
    fn tapped(&self, place: usize) -> usize {
        (0..place).rev().find(|place| !self.is_tap(*place)).unwrap_or(place.saturating_sub(1))
    }

    /// Moves a stage, with the taps on it, to a place as it is before the move.
    fn shift(&mut self, found: &mut Found, at: usize, to: usize) {
        let from = self.behind(at).saturating_sub(1);
        let stage = self.name(from);
        found.moved.insert(stage.clone());
        let to_words = if to == 0 { Position::Before(self.name(0)) } else { self.position(to) };
        found.changes.push(Change::Move { stage, to: to_words });
        let taps = if self.is_tap(from) { 0 } else { (from + 1..).take_while(|place| self.is_tap(*place)).count() };
        let moved: Vec<usize> = self.now.drain(from..=from + taps).collect();
        let to = if to > from { to.saturating_sub(moved.len()).max(from) } else { to };
        self.now.splice(to..to, moved);
    }

    /// Puts a new stage or tap at its place; all in front of it are at theirs.
    fn put(&mut self, found: &mut Found, at: usize) {
        let node = &self.nodes[at];
        let stage = Made { maker: node.name.clone(), name: node.name.clone() };
        let is_tap = matches!(node.kind, NodeKind::Tap);
        // What is observed gives on what the tap takes; it stands in front of it, or will when the tap has been moved.
        let observed = if at > 0 {
            Some(self.tapped(at))
        } else {
            (0..self.now.len()).find(|place| self.nodes[self.now[*place]].output == node.input)
        };
        let Some(observed) = observed.filter(|_| is_tap) else {
            found.changes.push(Change::Insert { stage, at: self.position(at) });
            self.now.insert(at, at);
            return;
        };
        found.changes.push(Change::Tap { stage: self.name(observed), tap: stage });
        let behind = (observed + 1..).find(|place| !self.is_tap(*place)).unwrap_or(observed);
        self.now.insert(behind, at);
        if behind != at {
            self.shift(found, at, at);
            found.moved.remove(&self.path.join(&node.name));
        }
    }
}
