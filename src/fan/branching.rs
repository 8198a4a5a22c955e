//! What a switch keeps of the packets in its targets.

use crate::knot::Leave;
use crate::link::Link;
use crate::meet::{Meeting, Order};
use crate::outlet::Outlet;
use crate::packet::Mark;

/// What a switch has in addition while packets can wait in its targets.
pub(super) struct Branching<A, B> {
    pub(super) meet: Meeting<B>,
    pub(super) outlet: Outlet<B>,
    /// The targets that have something inside, or may have.
    pub(super) awake: Vec<u32>,
    /// Targets that a route left: they are flushed, for the edit of that revision.
    pub(super) left: Vec<(u32, u64)>,
    /// The revisions for which one was.
    pub(super) flushed: Vec<u64>,
    /// Targets that are none any more and have something inside.
    pub(super) leaving: Vec<Leaving<A, B>>,
    /// Targets that were changed, each with the entry of the first packet that finds it as it is.
    pub(super) changed: Vec<(u32, u64)>,
    /// Whether an item was sent another way since the targets were polled.
    pub(super) again: bool,
    /// Whether every target of the route takes a packet, as far as that is known.
    pub(super) ready: bool,
    /// How many packets may be inside.
    pub(super) room: usize,
}

/// Where something comes from that comes out of a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// Its stages gave it just now.
    Stages,
    /// It has waited in it.
    Waited,
    /// It has waited in one that is no target any more; another may have its slot.
    Leaver,
}

pub(super) struct Leaving<A, B> {
    pub(super) link: Box<dyn Link<A, B>>,
    pub(super) slot: u32,
    pub(super) leave: Leave,
    /// Whether the mark of the edit waits for it at the meeting point: what it gives at its end comes in front of that.
    pub(super) missed: bool,
    /// Whether nothing is inside any more.
    pub(super) gone: bool,
}

impl<A, B> Branching<A, B> {
    pub(super) fn new(order: Order, room: usize) -> Self {
        let mut meet = Meeting::new();
        meet.set_order(order);
        Self {
            meet,
            outlet: Outlet::new(usize::MAX),
            awake: Vec::new(),
            left: Vec::new(),
            flushed: Vec::new(),
            leaving: Vec::new(),
            changed: Vec::new(),
            again: false,
            ready: false,
            room,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.meet.is_empty() && !self.parts()
    }

    /// Whether something leaves the switch, or was left by a route and is not flushed.
    pub(super) fn parts(&self) -> bool {
        !(self.left.is_empty() && self.leaving.is_empty() && self.flushed.is_empty())
    }

    /// A mark has come out of a target.
    pub(super) fn pass(&mut self, slot: u32, from: Origin, mark: Mark) {
        if let Mark::Left(revision) = mark
            && let Some(at) = self.left.iter().position(|left| *left == (slot, revision))
        {
            self.left.swap_remove(at);
            self.flushed.push(revision);
            return;
        }
        let mut leaving = self.leaving.iter_mut().filter(|_| from == Origin::Leaver);
        if let Mark::Leave(revision) = mark
            && let Some(leaving) = leaving.find(|of| (of.slot, of.leave.revision) == (slot, revision))
        {
            leaving.gone = true;
            if leaving.missed {
                self.meet.mark_out(Mark::Edit(revision));
            }
            return;
        }
        self.meet.mark_out(mark);
    }
}
