//! What a pipeline is made of, as the checks know it.

use super::hop::{Hop, dice};

/// A stage, with all that is inside it.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    /// No two stages that were ever made have the same.
    pub(crate) uid: u32,
    pub(crate) name: String,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Stage(Work),
    /// An async stage, with its limit.
    Slow(usize),
    Buffer(usize),
    Crew(Crew),
    Pipe(Vec<Node>),
    /// With the length of its queue.
    Thread(usize, Vec<Node>),
    Switch(Fork),
}

/// What a stage does with an item; of which it does it follows from both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Plain,
    Filter,
    Copies,
    /// Fails.
    Picky,
    /// Panics.
    Fuse,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Crew {
    pub(crate) work: Work,
    pub(crate) count: usize,
    pub(crate) queue: usize,
    pub(crate) deal: Deal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deal {
    InOrder,
    Unordered,
    ByKey,
}

#[derive(Debug, Clone)]
pub(crate) struct Fork {
    pub(crate) targets: Vec<Node>,
    pub(crate) way: Way,
}

/// A route. Each has a number of its own.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) id: u32,
    pub(crate) policy: Policy,
    /// The numbers of the targets.
    pub(crate) targets: Vec<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Policy {
    One,
    RoundRobin,
    Weighted,
    ByKey,
    When,
    Choose,
}

impl Work {
    /// How many outputs an item becomes; none where it does not pass.
    pub(crate) fn copies(self, uid: u32, cycle: u64, hops: &[Hop]) -> u8 {
        let dice = dice(uid, cycle, hops);
        let passes = match self {
            Self::Plain => true,
            Self::Filter => !dice.is_multiple_of(4),
            Self::Copies => return [1, 0, 2, 1, 1][(dice % 5) as usize],
            Self::Picky => !dice.is_multiple_of(8),
            Self::Fuse => !dice.is_multiple_of(60),
        };
        u8::from(passes)
    }
}

/// What items are dealt by where that goes by keys.
pub(crate) fn key(cycle: u64) -> u64 {
    cycle * 7 % 5
}

impl Node {
    pub(crate) fn inside(&self) -> &[Node] {
        match &self.kind {
            Kind::Pipe(nodes) | Kind::Thread(_, nodes) => nodes,
            Kind::Switch(fork) => &fork.targets,
            _ => &[],
        }
    }

    pub(crate) fn inside_mut(&mut self) -> Option<&mut Vec<Node>> {
        match &mut self.kind {
            Kind::Pipe(nodes) | Kind::Thread(_, nodes) => Some(nodes),
            Kind::Switch(fork) => Some(&mut fork.targets),
            _ => None,
        }
    }

    pub(crate) fn work(&self) -> Option<Work> {
        match self.kind {
            Kind::Stage(work) | Kind::Crew(Crew { work, .. }) => Some(work),
            Kind::Slow(_) => Some(Work::Plain),
            _ => None,
        }
    }

    fn each<'a>(&'a self, see: &mut dyn FnMut(&'a Node)) {
        see(self);
        self.inside().iter().for_each(|node| node.each(see));
    }

    pub(crate) fn has(&self, uid: u32) -> bool {
        self.uid == uid || self.inside().iter().any(|node| node.has(uid))
    }
}

pub(crate) fn find(nodes: &[Node], uid: u32) -> Option<&Node> {
    nodes.iter().find_map(|node| if node.uid == uid { Some(node) } else { find(node.inside(), uid) })
}

pub(crate) fn find_mut(nodes: &mut [Node], uid: u32) -> Option<&mut Node> {
    let node = nodes.iter_mut().find(|node| node.has(uid))?;
    if node.uid == uid { Some(node) } else { find_mut(node.inside_mut()?, uid) }
}

/// The row in which a node stands, and where; and whether these are the targets of a switch.
pub(crate) fn row(nodes: &mut Vec<Node>, uid: u32) -> Option<(&mut Vec<Node>, usize)> {
    let at = nodes.iter().position(|node| node.has(uid))?;
    if nodes[at].uid == uid { Some((nodes, at)) } else { row(nodes[at].inside_mut()?, uid) }
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

/// Whether there is something on a thread that items wait in, other than the thread's queue.
pub(crate) fn is_deep(nodes: &[Node]) -> bool {
    let waits = |node: &&Node| matches!(node.kind, Kind::Thread(..) | Kind::Crew(_) | Kind::Slow(_) | Kind::Buffer(_));
    let on_thread = |node: &&Node| matches!(node.kind, Kind::Thread(..));
    all(nodes).iter().filter(|node| on_thread(node)).any(|node| all(node.inside()).iter().any(waits))
}
