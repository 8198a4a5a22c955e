//! Stages and routes drawn from a seed.

use std::time::Duration;

use super::model::{Fork, Kind, Node, Policy, Tides, Way, Work};
use crate::sim::seed::Rng;

/// What a plan may have in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Menu {
    /// The pipeline ends in sinks.
    pub(crate) ends: bool,
    /// Stages fail on some items; sinks do.
    pub(crate) faults: bool,
    /// Sinks stand still for ever.
    pub(crate) stalls: bool,
    /// Stages and switches whose outputs go on as they come.
    pub(crate) unordered: bool,
    /// Futures that are given up after a while, and meeting points that wait no longer.
    pub(crate) hurry: bool,
    pub(crate) failover: bool,
    /// Edits have rules for what is in flight.
    pub(crate) rules: bool,
    pub(crate) resend: bool,
    pub(crate) switches: bool,
    /// Stages make edits.
    pub(crate) inside: bool,
    /// Switches let their outputs go on as they come, although the checks are told that they keep order.
    pub(crate) lie: bool,
    pub(crate) items: u64,
    pub(crate) edits: usize,
}

/// Draws what a plan consists of.
#[derive(Debug)]
pub(crate) struct Draw {
    pub(crate) rng: Rng,
    pub(crate) menu: Menu,
    next: u32,
}

impl Draw {
    pub(crate) fn new(seed: u64, menu: Menu) -> Self {
        Self { rng: Rng::new(seed), menu, next: 0 }
    }

    /// A number that nothing else has.
    pub(crate) fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    pub(crate) fn node(&mut self, kind: Kind) -> Node {
        let uid = self.number();
        Node { uid, name: format!("n{uid}"), kind, pinned: false }
    }

    /// A chain of stages; the last is an end where there has to be one.
    pub(crate) fn chain(&mut self, depth: usize, length: usize, end: bool) -> Vec<Node> {
        let mut chain: Vec<Node> = (0..length).map(|_| self.stage(depth)).collect();
        if end {
            chain.push(self.end(depth));
        }
        chain
    }

    /// A stage that gives on what it takes.
    pub(crate) fn stage(&mut self, depth: usize) -> Node {
        let Menu { faults, switches, inside, .. } = self.menu;
        let kind = match self.rng.below(12) {
            0 => Kind::Map { closure: true, edits: false },
            1 => Kind::Filter,
            2 => Kind::Flat,
            3 if faults => Kind::Try,
            4..=6 => self.work(),
            7 | 8 => Kind::Buffer(1 + self.rng.below(3)),
            9 if depth > 0 => {
                let length = self.rng.below(3);
                Kind::Pipe(self.chain(depth - 1, length, false))
            }
            10 | 11 if depth > 0 && switches => self.switch(depth - 1, false),
            _ => Kind::Map { closure: false, edits: inside && self.rng.once_in(3) },
        };
        self.node(kind)
    }

    pub(crate) fn work(&mut self) -> Kind {
        let Menu { faults, unordered, hurry, .. } = self.menu;
        Kind::Async(Work {
            limit: 1 + self.rng.below(4),
            ordered: !(unordered && self.rng.once_in(2)),
            within: hurry && self.rng.once_in(4),
            cloned: self.rng.once_in(3),
            fails: faults && self.rng.once_in(3),
        })
    }

    /// Where the flow ends.
    pub(crate) fn end(&mut self, depth: usize) -> Node {
        let kind = match self.rng.below(5) {
            0 if depth > 0 => {
                let length = self.rng.below(3);
                Kind::Pipe(self.chain(depth - 1, length, true))
            }
            1..=3 if depth > 0 && self.menu.switches => self.switch(depth - 1, true),
            _ => self.sink(),
        };
        self.node(kind)
    }

    fn sink(&mut self) -> Kind {
        let Menu { faults, stalls, .. } = self.menu;
        Kind::Sink(Tides {
            seed: self.rng.next(),
            fails: faults && self.rng.once_in(3),
            stalls: stalls && self.rng.once_in(3),
        })
    }

    fn switch(&mut self, depth: usize, end: bool) -> Kind {
        let count = 2 + self.rng.below(2);
        let targets: Vec<Node> = (0..count).map(|_| self.target(depth, end)).collect();
        let way = self.way(&targets);
        let unordered = self.menu.lie || (self.menu.unordered && self.rng.once_in(2));
        let gate = (self.menu.hurry && self.rng.once_in(4)).then(|| Duration::from_millis(8));
        Kind::Switch(Fork { targets, way, unordered, gate })
    }

    /// A target. The first stage in it stays, so that it can be told from an item whether it was there.
    pub(crate) fn target(&mut self, depth: usize, end: bool) -> Node {
        let kind = match self.rng.below(6) {
            0 | 1 if depth > 0 => {
                let mut pin = self.node(Kind::Map { closure: self.rng.clone().once_in(2), edits: false });
                pin.pinned = true;
                let length = self.rng.below(3);
                let mut chain = vec![pin];
                chain.extend(self.chain(depth - 1, length, end));
                Kind::Pipe(chain)
            }
            2 if depth > 0 && self.menu.switches => self.switch(depth - 1, end),
            _ if end => self.sink(),
            3 | 4 => self.work(),
            5 if self.menu.faults => Kind::Try,
            _ => Kind::Map { closure: self.rng.once_in(2), edits: false },
        };
        self.node(kind)
    }

    /// A route to some of them.
    pub(crate) fn way(&mut self, targets: &[Node]) -> Way {
        let mut names: Vec<String> = targets.iter().map(|node| node.name.clone()).collect();
        let count = 1 + self.rng.below(names.len());
        while names.len() > count {
            let at = self.rng.below(names.len());
            names.remove(at);
        }
        let policies = [
            Policy::One,
            Policy::RoundRobin,
            Policy::Weighted,
            Policy::ByKey,
            Policy::All,
            Policy::When,
            Policy::Failover,
        ];
        let last = if self.menu.failover { 7 } else { 6 };
        let mut policy = policies[self.rng.below(last)];
        // A copy that is sent again may come to where another copy was.
        let twice = policy == Policy::All && self.menu.resend;
        if (names.len() == 1 || twice) && policy != Policy::Failover {
            policy = Policy::One;
        }
        let keep = match policy {
            Policy::One => 1,
            Policy::When => 2,
            _ => names.len(),
        };
        names.truncate(keep);
        Way { id: self.number(), policy, targets: names }
    }
}
