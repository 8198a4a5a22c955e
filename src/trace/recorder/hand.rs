//! The item in hand: what is collected of its way until it ends, or waits.

use super::Recorder;
use crate::hash::mix;
use crate::name::{Name, NodeId, Path};
use crate::trace::{Hop, Loss, Lost, Reason};

/// See the module's documentation.
#[derive(Default)]
pub(super) struct Hand {
    /// Whether the item is recorded.
    pub(super) wanted: bool,
    /// Whether stages are marked, and not only what was chosen.
    pub(super) named: bool,
    pub(super) marks: Vec<u64>,
    /// A hash of the marks.
    pub(super) sum: u64,
    pub(super) tokens: Vec<Token>,
    pub(super) losses: Vec<(NodeId, Loss)>,
    /// The stage at which an item that went the quick way ended; its path is not known at once.
    pub(super) stopped: Option<NodeId>,
    /// Whether the walk has come to that stage.
    pub(super) over: bool,
    pub(super) reasons: Vec<Reason>,
    pub(super) depth: usize,
    /// The depth at which the next stage is the target that was just named.
    pub(super) target: Option<usize>,
}

/// A step that is known by numbers only.
pub(super) enum Token {
    Stage(NodeId),
    Target(NodeId, Name),
}

/// Where a stage is.
pub(super) type Place<'a> = &'a dyn Fn(NodeId) -> Option<Path>;

/// The steps of `tokens`.
pub(super) fn hops(tokens: &[Token], place: Place<'_>) -> Vec<Hop> {
    let path = |id| place(id).unwrap_or_default();
    let hop = |token: &Token| match token {
        Token::Stage(id) => Hop::Stage(path(*id)),
        Token::Target(switch, target) => Hop::Target { switch: path(*switch), target: target.clone() },
    };
    tokens.iter().map(hop).collect()
}

impl Hand {
    /// Lets go of the item before, and takes the next.
    #[inline]
    pub(super) fn begin(&mut self, wanted: bool, named: bool) {
        (self.wanted, self.named) = (wanted, named);
        self.restart();
        self.losses.clear();
        self.reasons.clear();
        self.stopped = None;
    }

    #[inline]
    pub(super) fn restart(&mut self) {
        self.marks.clear();
        self.sum = 0;
        self.tokens.clear();
        (self.depth, self.target, self.over) = (0, None, false);
    }

    #[inline]
    pub(super) fn mark(&mut self, mark: u64) {
        self.marks.push(mark);
        self.sum = (self.sum.rotate_left(7) ^ mark).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    #[inline]
    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        // A target without stages has passed; the next stage is no target.
        self.target = None;
    }

    /// What was lost, and how, is a part of the way.
    #[inline]
    pub(super) fn sum_up(&mut self) {
        for at in 0..self.losses.len() {
            let (id, loss) = &self.losses[at];
            let mark = mix(id.number()).rotate_left(1) ^ loss.how as u64;
            self.mark(mark);
        }
    }
}

impl Recorder {
    /// The item passes a stage.
    #[inline]
    pub(crate) fn stage(&mut self, id: NodeId) {
        let hand = &mut self.hand;
        // A target that is a single stage is shown once.
        if !hand.wanted || hand.target.take() == Some(hand.depth) {
            return;
        }
        // On the quick way, where an item ended and what the switches chose say it all.
        if hand.named {
            hand.mark(id.number());
            hand.tokens.push(Token::Stage(id));
        }
    }

    /// The item goes to the route's target number `at`.
    #[inline]
    pub(crate) fn target(&mut self, switch: NodeId, target: &Name, at: usize) {
        let hand = &mut self.hand;
        if !hand.wanted {
            return;
        }
        hand.target = Some(hand.depth + 1);
        // Half of all marks are for targets, so that none is taken for a stage.
        hand.mark(mix(switch.number()) ^ (at as u64) << 1 | 1 << 63);
        if hand.named {
            hand.tokens.push(Token::Target(switch, target.clone()));
        }
    }

    /// What follows is inside a switch or a pipeline.
    #[inline]
    pub(crate) fn enter(&mut self) {
        self.hand.depth += 1;
    }

    #[inline]
    pub(crate) fn leave(&mut self) {
        self.hand.leave();
    }

    /// Whether a walk ends at this stage.
    #[inline]
    pub(crate) fn ends_at(&mut self, id: NodeId) -> bool {
        self.hand.over |= self.hand.stopped == Some(id);
        self.hand.over
    }

    /// Whether the item ended at this very stage.
    pub(crate) fn is_last(&self, id: NodeId) -> bool {
        self.hand.stopped == Some(id)
    }

    /// Whether the walk has come to its end.
    pub(crate) fn is_over(&self) -> bool {
        self.hand.over
    }

    /// Why the target just named was chosen.
    pub(crate) fn reason(&mut self, reason: impl FnOnce() -> Reason) {
        if self.asks_why() {
            let mut reason = reason();
            if let Reason::Failover { out } = &mut reason {
                out.iter_mut().for_each(|(_, _, why)| *why = in_a_line(std::mem::take(why)));
            }
            self.hand.reasons.push(reason);
        }
    }

    /// The item in hand does not go on.
    #[cold]
    pub(crate) fn lost(&mut self, id: NodeId, how: Lost, error: Option<String>) {
        if !self.hand.wanted {
            return;
        }
        self.hand.stopped = Some(id);
        // Where the stage is, is looked up when the item has ended.
        self.hand.losses.push((id, Loss { stage: Path::default(), how, error: error.map(in_a_line) }));
    }

    /// The last failed item was taken back and goes another way.
    pub(crate) fn take_back(&mut self) {
        self.hand.losses.pop();
    }
}

/// The text without anything that would end its line or hide a part of it.
pub(super) fn in_a_line(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    text.chars().flat_map(|c| if c.is_control() { c.escape_debug().collect() } else { vec![c] }).collect()
}
