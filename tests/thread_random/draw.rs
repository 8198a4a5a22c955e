//! Stages and routes drawn from a seed.

use super::model::{Crew, Deal, Fork, Kind, Node, Policy, Way, Work, is_deep};
use super::seed::Rng;

/// What a plan may have in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Menu {
    /// Stages fail on some items.
    pub(crate) faults: bool,
    /// Stages panic on some items.
    pub(crate) panics: bool,
    /// There are workers whose outputs go on as they come.
    pub(crate) unordered: bool,
    /// Edits have rules for what is in flight.
    pub(crate) rules: bool,
}

impl Menu {
    /// See `g2_what_is_given_up_in_a_thread_inside_a_thread_is_counted_once` in `threads_found4.rs`.
    pub(crate) fn is_too_deep(self, model: &[Node]) -> bool {
        self.rules && is_deep(model)
    }
}

/// Draws what a plan consists of.
#[derive(Debug)]
pub(crate) struct Draw {
    pub(crate) rng: Rng,
    pub(crate) menu: Menu,
    /// The names of all threads begin with it.
    pub(crate) prefix: String,
    next: u32,
}

impl Draw {
    pub(crate) fn new(seed: u64, menu: Menu) -> Self {
        Self { rng: Rng::new(seed), menu, prefix: format!("q{seed}"), next: 0 }
    }

    /// A number that nothing else has.
    pub(crate) fn number(&mut self) -> u32 {
        self.next += 1;
        self.next
    }

    /// A name that nothing else has.
    pub(crate) fn name(&mut self) -> String {
        let number = self.number();
        format!("{}_{number}", self.prefix)
    }

    fn node(&mut self, kind: Kind) -> Node {
        let uid = self.number();
        Node { uid, name: format!("{}_{uid}", self.prefix), kind }
    }

    pub(crate) fn chain(&mut self, depth: usize, length: usize) -> Vec<Node> {
        (0..length).map(|_| self.stage(depth)).collect()
    }

    fn queue(&mut self) -> usize {
        1 + if self.rng.once_in(2) { self.rng.below(4) } else { self.rng.below(64) }
    }

    fn work(&mut self) -> Work {
        let Menu { faults, panics, .. } = self.menu;
        match self.rng.below(8) {
            0 => Work::Filter,
            1 => Work::Copies,
            2 if faults => Work::Picky,
            3 if panics => Work::Fuse,
            _ => Work::Plain,
        }
    }

    pub(crate) fn stage(&mut self, depth: usize) -> Node {
        let kind = match self.rng.below(14) {
            0 => Kind::Slow(1 + self.rng.below(4)),
            1 => Kind::Buffer(1 + self.rng.below(4)),
            2 | 3 => Kind::Crew(self.crew()),
            4 if depth > 0 => {
                let length = self.rng.below(3);
                Kind::Pipe(self.chain(depth - 1, length))
            }
            5..=7 if depth > 0 => {
                let (queue, length) = (self.queue(), self.rng.below(4));
                Kind::Thread(queue, self.chain(depth - 1, length))
            }
            8 | 9 if depth > 0 => Kind::Switch(self.fork(depth - 1)),
            _ => Kind::Stage(self.work()),
        };
        self.node(kind)
    }

    fn crew(&mut self) -> Crew {
        let (work, count, queue) = (self.work(), 1 + self.rng.below(3), self.queue());
        let deal = match self.rng.below(4) {
            0 if self.menu.unordered => Deal::Unordered,
            1 => Deal::ByKey,
            _ => Deal::InOrder,
        };
        Crew { work, count, queue, deal }
    }

    fn fork(&mut self, depth: usize) -> Fork {
        let length = 1 + self.rng.below(3);
        let targets = self.chain(depth, length);
        let way = self.way(&targets);
        Fork { targets, way }
    }

    /// A route over some of the targets.
    pub(crate) fn way(&mut self, targets: &[Node]) -> Way {
        let mut left: Vec<u32> = targets.iter().map(|target| target.uid).collect();
        let number = 1 + self.rng.below(left.len());
        let mut chosen: Vec<u32> = (0..number).map(|_| left.swap_remove(self.rng.below(left.len()))).collect();
        let policies = [Policy::RoundRobin, Policy::Weighted, Policy::ByKey, Policy::Choose, Policy::When];
        let policy = match self.rng.below(7) {
            0 | 1 => Policy::One,
            _ if chosen.len() == 1 => Policy::One,
            other => policies[other - 2],
        };
        match policy {
            Policy::One => chosen.truncate(1),
            Policy::When => chosen.truncate(2),
            _ => {}
        }
        Way { id: self.number(), policy, targets: chosen }
    }
}
