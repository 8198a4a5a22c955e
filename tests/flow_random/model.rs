//! What a pipeline is made of, as the checks know it.

use std::time::Duration;

use super::hop::{Hop, dice};

/// A stage, with all that is inside it.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// No two stages that were ever made have the same.
    pub(crate) uid: u32,
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Whether it stays where it is: the first stage of a target, by which an item's way can be told.
    pub(crate) pinned: bool,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Map { closure: bool, edits: bool },
    Filter,
    Flat,
    Try,
    Async(Work),
    Buffer(usize),
    Sink(Tides),
    Pipe(Vec<Node>),
    Switch(Fork),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Work {
    pub(crate) limit: usize,
    pub(crate) ordered: bool,
    pub(crate) within: bool,
    pub(crate) cloned: bool,
    pub(crate) fails: bool,
}

/// What a sink does; see `build.rs`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tides {
    pub(crate) seed: u64,
    pub(crate) fails: bool,
    pub(crate) stalls: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Fork {
    pub(crate) targets: Vec<Node>,
    pub(crate) way: Way,
    pub(crate) unordered: bool,
    pub(crate) gate: Option<Duration>,
}

/// A route. Each has a number of its own.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) id: u32,
    pub(crate) policy: Policy,
    pub(crate) targets: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    One,
    RoundRobin,
    Weighted,
    ByKey,
    When,
    All,
    Failover,
}

impl Node {
    pub(crate) fn drops(uid: u32, number: u64, hops: &[Hop]) -> bool {
        dice(uid, number, hops).is_multiple_of(4)
    }

    pub(crate) fn fails(uid: u32, number: u64, hops: &[Hop]) -> bool {
        dice(uid, number, hops).is_multiple_of(5)
    }

    pub(crate) fn copies(uid: u32, number: u64, hops: &[Hop]) -> u8 {
        (dice(uid, number, hops) % 4 % 3) as u8
    }

    /// Whether nothing comes out of it.
    pub(crate) fn is_end(&self) -> bool {
        match &self.kind {
            Kind::Sink(_) => true,
            Kind::Pipe(nodes) => nodes.last().is_some_and(Node::is_end),
            Kind::Switch(fork) => fork.targets.first().is_some_and(Node::is_end),
            _ => false,
        }
    }

    pub(crate) fn inside(&self) -> &[Node] {
        match &self.kind {
            Kind::Pipe(nodes) => nodes,
            Kind::Switch(fork) => &fork.targets,
            _ => &[],
        }
    }

    pub(crate) fn inside_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.kind {
            Kind::Pipe(nodes) => Some(nodes),
            Kind::Switch(fork) => Some(&mut fork.targets),
            _ => None,
        }
    }

    pub(crate) fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Node)) {
        see(self);
        self.inside().iter().for_each(|node| node.each(see));
    }

    pub(crate) fn has(&self, uid: u32) -> bool {
        self.uid == uid || self.inside().iter().any(|node| node.has(uid))
    }

    /// All in it, itself included.
    pub(crate) fn uids(&self) -> Vec<u32> {
        let mut uids = Vec::new();
        self.each(&mut |node| uids.push(node.uid));
        uids
    }
}

/// The node with that number, among these or inside them.
pub(crate) fn find(nodes: &[Node], uid: u32) -> Option<&Node> {
    nodes.iter().find_map(|node| if node.uid == uid { Some(node) } else { find(node.inside(), uid) })
}

/// The path of a node.
pub(crate) fn path(nodes: &[Node], uid: u32) -> Option<String> {
    nodes.iter().find_map(|node| match node.uid == uid {
        true => Some(node.name.clone()),
        false => path(node.inside(), uid).map(|rest| format!("{}/{rest}", node.name)),
    })
}

/// All nodes, those inside others included.
pub(crate) fn all(nodes: &[Node]) -> Vec<&Node> {
    let mut found = Vec::new();
    nodes.iter().for_each(|node| node.each(&mut |node| found.push(node)));
    found
}
