//! Which node of a pipeline or switch is which in a later topology.

use std::collections::HashMap;

use super::super::{NodeKind, TopologyNode};

/// The nodes inside a node, in two topologies.
pub(super) struct Pairs {
    /// For each node of the later one, where it was in the earlier one; `None` for what is new.
    pub(super) before: Vec<Option<usize>>,
    /// For each node of the later one, whether it stands in the place of another.
    pub(super) replaced: Vec<bool>,
    /// The nodes that are gone.
    pub(super) gone: Vec<usize>,
}

impl Pairs {
    pub(super) fn new(before: &TopologyNode, after: &TopologyNode) -> Self {
        let (old, new) = (before.children(), after.children());
        let ids: HashMap<_, _> = old.iter().enumerate().filter_map(|(at, node)| Some((node.id?, at))).collect();
        let names: HashMap<_, _> = old.iter().enumerate().map(|(at, node)| (&node.name, at)).collect();
        let mut pairs: Vec<Option<usize>> = new.iter().map(|node| ids.get(&node.id?).copied()).collect();
        let mut stays = vec![false; old.len()];
        pairs.iter().flatten().for_each(|at| stays[*at] = true);
        let mut replaced = vec![false; new.len()];
        for (at, node) in new.iter().enumerate().filter(|(at, _)| pairs[*at].is_none()).collect::<Vec<_>>() {
            let Some(was) = names.get(&node.name).copied().filter(|was| !stays[*was]) else { continue };
            let is_other = node.id.is_some() && old[was].id.is_some() || sort(&old[was]) != sort(node);
            let fits = (&old[was].input, &old[was].output) == (&node.input, &node.output);
            // Nothing is replaced by a tap.
            if fits && !(is_other && matches!(node.kind, NodeKind::Tap)) {
                (pairs[at], replaced[at], stays[was]) = (Some(was), is_other, true);
            }
        }
        if matches!(after.kind, NodeKind::Switch { .. }) {
            in_order(&mut pairs, &mut replaced, &mut stays);
        }
        let gone = (0..old.len()).filter(|at| !stays[*at]).collect();
        Self { before: pairs, replaced, gone }
    }
}

/// Targets are in the order of attachment and cannot be moved: one that stands elsewhere than before was attached anew, as
/// all behind it were.
fn in_order(pairs: &mut [Option<usize>], replaced: &mut [bool], stays: &mut [bool]) {
    let mut last = None;
    let mut anew = false;
    for (pair, replaced) in pairs.iter_mut().zip(replaced) {
        anew |= *pair <= last;
        match pair {
            Some(at) if anew => {
                stays[*at] = false;
                (*pair, *replaced) = (None, false);
            }
            _ => last = *pair,
        }
    }
}

/// What no change of a node makes other.
fn sort(node: &TopologyNode) -> (u8, usize, bool, bool) {
    match node.kind {
        NodeKind::Stage => (0, 0, false, false),
        NodeKind::Tap => (1, 0, false, false),
        NodeKind::Pipeline(_) => (2, 0, false, false),
        NodeKind::Switch { .. } => (3, 0, false, false),
        NodeKind::Thread { queue, .. } => (4, queue, false, false),
        NodeKind::Workers { queue, unordered, keyed, .. } => (5, queue, unordered, keyed),
    }
}
