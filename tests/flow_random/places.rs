//! Where items may be on their way through a pipeline.

use super::item::{End, Leaf};
use super::model::{Kind, Node, Policy};

/// What comes behind a chain.
pub(crate) enum Rest<'r> {
    Nothing,
    Nodes(&'r [Node], &'r Rest<'r>),
}

impl Leaf {
    pub(crate) fn is_stuck(&self) -> bool {
        matches!(&self.end, End::Failed(why) if why.starts_with("the edit left the item behind: it was done"))
    }

    pub(crate) fn is_unseen(&self) -> bool {
        matches!(self.end, End::Unseen { .. })
    }

    /// How little there is to say that it ended in that target.
    pub(crate) fn stopped(&self, target: &Node) -> u32 {
        match &self.end {
            End::Failed(why) => match why.strip_prefix("planned ").map(|uid| target.has(uid.parse().unwrap())) {
                Some(true) => 0,
                None => 1,
                Some(false) => 3,
            },
            _ => 2,
        }
    }
}

/// How many of the copies for all targets of a switch, of which `leaves` went on, ended before they came to a stage.
pub(crate) fn missing(nodes: &[Node], leaves: &[&Leaf], depth: usize) -> usize {
    let Some((node, behind)) = nodes.split_first() else { return 0 };
    match &node.kind {
        _ if leaves.is_empty() => 1,
        Kind::Buffer(_) => missing(behind, leaves, depth),
        Kind::Pipe(inside) if untagged(inside, &Rest::Nothing) => missing(behind, leaves, depth),
        Kind::Pipe(inside) => missing(inside, leaves, depth),
        Kind::Switch(fork) => {
            let routed = fork.targets.iter().filter(|target| fork.way.targets.contains(&target.name));
            let parts = routed.map(|target| {
                let part: Vec<&Leaf> = leaves.iter().copied().filter(|leaf| target.has(leaf.hops[depth].uid)).collect();
                match part.is_empty() && fork.way.policy != Policy::All {
                    true => 0,
                    false => missing(std::slice::from_ref(target), &part, depth),
                }
            });
            parts.sum()
        }
        _ => 0,
    }
}

impl Node {
    /// Whether there may come copies of it, before it comes to a stage.
    pub(crate) fn splits(&self) -> bool {
        let all = matches!(&self.kind, Kind::Switch(fork) if fork.way.policy == Policy::All);
        all || self.inside().iter().any(Node::splits)
    }

    pub(crate) fn is_failover(&self) -> bool {
        matches!(&self.kind, Kind::Switch(fork) if fork.way.policy == Policy::Failover)
    }
}

/// Whether an item passes all that without a trace.
pub(crate) fn untagged(nodes: &[Node], rest: &Rest<'_>) -> bool {
    let plain = |node: &Node| match &node.kind {
        Kind::Buffer(_) => true,
        Kind::Pipe(inside) => untagged(inside, &Rest::Nothing),
        _ => false,
    };
    let behind = match rest {
        Rest::Nothing => true,
        Rest::Nodes(nodes, rest) => untagged(nodes, rest),
    };
    nodes.iter().all(plain) && behind
}

/// Whether `uid` is a stage that an item in front of `nodes` may come to next.
pub(crate) fn comes_to(nodes: &[Node], rest: &Rest<'_>, uid: u32) -> bool {
    let Some((node, behind)) = nodes.split_first() else {
        return matches!(rest, Rest::Nodes(nodes, rest) if comes_to(nodes, rest, uid));
    };
    let behind = Rest::Nodes(behind, rest);
    match &node.kind {
        Kind::Buffer(_) => comes_to(&[], &behind, uid),
        Kind::Pipe(inside) => comes_to(inside, &behind, uid),
        Kind::Switch(fork) => {
            let mut routed = fork.targets.iter().filter(|target| fork.way.targets.contains(&target.name));
            routed.any(|target| comes_to(std::slice::from_ref(target), &behind, uid))
        }
        _ => node.uid == uid,
    }
}
