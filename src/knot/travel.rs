//! Edits on their way through a pipeline that has items inside.
//!
//! An edit is seen by the front of the pipeline first. What it changes in front of the first boundary that has something
//! inside is changed at once; a mark with its revision goes into that boundary's queue, behind the old items and ahead of
//! the new, and what it changes behind is changed when the mark comes out. What leaves and still has items inside stays
//! until they are out.

use std::sync::Arc;
use std::task::Context;

use crate::cycle::{Cycle, Site};
use crate::in_flight::{Deadline, InFlight};

use super::eviction::{Eviction, Reach};
pub(crate) use crate::in_flight::Late;
use crate::name::NodeId;
use crate::packet::{Mark, Message};

use super::{Act, Taken, Way};

/// An edit of which something is still to be done.
pub(crate) struct Travel {
    pub(crate) revision: u64,
    pub(crate) drains: Vec<Way>,
    pub(crate) acts: Vec<(Way, Act)>,
    /// What was taken out at once.
    pub(crate) taken: Taken,
    cell: Arc<dyn Ending>,
    /// Parts that have left and have something inside.
    leaving: usize,
    /// Whether all changes were made.
    made: bool,
    deadline: Option<(Late, Deadline)>,
    /// What becomes of what is still inside, now that the deadline has passed.
    overdue: Option<Late>,
    /// Whether it has come further, or something has left, since that was last seen to.
    fresh: bool,
    /// Whether what is done has not been given up since.
    lenient: bool,
    /// The first cycle that it governs.
    cycle: u64,
    /// The revision before it.
    before: u64,
}

/// What leaves with items inside: by which edit, and what that changes inside of it when they are out.
pub(crate) struct Leave {
    pub(crate) revision: u64,
    pub(crate) acts: Vec<(Way, Act)>,
}

/// Who waits for the end of an edit.
pub(crate) trait Ending: Send + Sync {
    /// So many more parts will come.
    fn expect(&self, parts: usize);
    /// A part has come, with the stages that left by it.
    fn retire(&self, taken: Taken);
    /// Nothing more will come.
    fn abandon(&self);
    /// Whether it keeps something whose end may be costly.
    fn is_full(&self) -> bool;
}

/// An edit that is about to set out.
pub(crate) struct Departing {
    pub(crate) revision: u64,
    pub(crate) drains: Vec<Way>,
    pub(crate) acts: Vec<(Way, Act)>,
    pub(crate) cell: Arc<dyn Ending>,
    pub(crate) rule: InFlight,
}

/// All of them, oldest first.
#[derive(Default)]
pub(crate) struct Travels {
    list: Vec<Travel>,
    /// Receipts' cells that have all they will ever have.
    pub(crate) full: Vec<Arc<dyn Ending>>,
    /// Whether something has come to its end since the pipeline was last looked at as a whole.
    pub(crate) settled: bool,
}

/// What a poll has beside the packets.
pub(crate) struct Turn<'a, 'c> {
    pub(crate) travels: &'a mut Travels,
    pub(crate) task: &'a mut Context<'c>,
}

impl Travels {
    /// Sets an edit on its way, between the items under `cx` and those under the edit's own revision.
    pub(crate) fn begin(&mut self, edit: Departing, cx: &Cycle) {
        let Departing { revision, drains, acts, cell, rule } = edit;
        let (taken, cycle, before, deadline) = (Taken::new(), cx.number, cx.revision, rule.into_deadline());
        let (leaving, made, overdue, fresh, lenient) = (0, false, None, false, false);
        let travel = Travel {
            revision,
            drains,
            acts,
            taken,
            cell,
            leaving,
            made,
            deadline,
            overdue,
            fresh,
            lenient,
            cycle,
            before,
        };
        self.list.push(travel);
    }

    /// What an edit sets free is of no item: it belongs between those before it and those under it.
    pub(crate) fn take_up(&mut self, revision: u64, cx: &mut Cycle) {
        if let Some(travel) = self.of(revision) {
            cx.put_nothing(travel.cycle, travel.before);
            travel.fresh = true;
        }
    }

    /// The same for what stages give because of `mark`.
    pub(crate) fn take_up_end(&mut self, mark: Mark, cx: &mut Cycle) {
        if let Mark::Leave(revision) = mark {
            self.take_up(revision, cx);
        }
    }

    /// The edit of `revision`, to be worked on.
    pub(crate) fn of(&mut self, revision: u64) -> Option<&mut Travel> {
        self.list.iter_mut().find(|travel| travel.revision == revision)
    }

    /// Whether the edit of `revision` has something to change further on.
    pub(crate) fn is_under_way(&self, revision: u64) -> bool {
        self.list.iter().any(|travel| travel.revision == revision && !travel.is_made())
    }

    /// Whether an edit has something to change further on.
    pub(crate) fn any_under_way(&self) -> bool {
        self.list.iter().any(|travel| !travel.is_made())
    }

    /// Whether an edit has something to change further on behind which items may not go on together any more;
    /// `alike` says whether they may whatever target a switch is routed to.
    pub(crate) fn any_parts_items(&self, alike: bool) -> bool {
        self.list.iter().flat_map(|travel| &travel.acts).any(|(_, act)| !act.is_plain(alike))
    }

    /// The stages that leave by the edit of `revision` and give what they hold back first, and those around them.
    pub(crate) fn due(&mut self, revision: u64) -> Vec<NodeId> {
        let drains = self.of(revision).map_or(&[][..], |travel| &travel.drains);
        drains.iter().flatten().map(|spot| spot.id).collect()
    }

    /// The ways from the stage `id` to those inside of it, itself included, that leave by the edit of `revision` and give
    /// what they hold back first.
    pub(crate) fn drains(&mut self, revision: u64, id: NodeId) -> Vec<Way> {
        let Some(travel) = self.of(revision) else { return Vec::new() };
        let inside = |way: &Way| way.iter().position(|spot| spot.id == id);
        let (due, later) = std::mem::take(&mut travel.drains).into_iter().partition(|way| inside(way).is_some());
        travel.drains = later;
        let due: Vec<Way> = due;
        due.iter().filter_map(|way| Some(way[inside(way)? + 1..].into())).collect()
    }

    /// Something leaves by the edit of `revision` and has items inside.
    pub(crate) fn leaves(&mut self, revision: u64) {
        if let Some(travel) = self.of(revision) {
            travel.leaving += 1;
            travel.fresh = true;
            travel.cell.expect(1);
        }
    }

    /// What left is empty now; stages go to the receipt.
    pub(crate) fn left(&mut self, revision: u64, taken: Taken) {
        self.settled = true;
        if let Some(travel) = self.of(revision) {
            travel.leaving = travel.leaving.saturating_sub(1);
            travel.cell.retire(taken);
        }
        self.settle(revision);
    }

    /// What the edit of `revision` was to change inside of the stage `id` is of no matter any more: that is lost, and goes.
    pub(crate) fn forgo(&mut self, revision: u64, id: NodeId) {
        if let Some(travel) = self.of(revision) {
            let inside = |way: &Way| way.iter().any(|spot| spot.id == id);
            travel.acts.retain(|(way, _)| !inside(way));
            travel.drains.retain(|way| !inside(way));
        }
        self.settle(revision);
    }

    /// Looks whether the edit of `revision` has come to its end.
    pub(crate) fn settle(&mut self, revision: u64) {
        let Some(at) = self.list.iter().position(|travel| travel.revision == revision) else { return };
        let travel = &mut self.list[at];
        if travel.is_made() && !travel.made {
            travel.made = true;
            travel.cell.retire(std::mem::take(&mut travel.taken));
            self.settled = true;
        }
        if travel.made && travel.leaving == 0 {
            let travel = self.list.remove(at);
            if travel.cell.is_full() {
                self.full.push(travel.cell);
            }
        }
    }

    /// Looks at the deadlines: an edit whose deadline has come, and how what is inside of what it left, or has not let it
    /// through, is to be given up. What is done goes on first, as far as it can; it is given up when it is `stuck`.
    pub(crate) fn late(&mut self, stuck: bool, task: &mut Context<'_>) -> Option<Eviction> {
        self.list.iter_mut().find_map(|travel| {
            if let Some((late, deadline)) = &mut travel.deadline
                && deadline.as_mut().poll(task).is_ready()
            {
                (travel.overdue, travel.fresh) = (Some(*late), true);
                travel.deadline = None;
            }
            let late = travel.overdue?;
            let fresh = std::mem::take(&mut travel.fresh);
            let done = !fresh && stuck && std::mem::take(&mut travel.lenient);
            travel.lenient |= fresh;
            let revision = Some(travel.revision);
            (fresh || done).then_some(Eviction { revision, late, done, reach: Reach::Outside })
        })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}

/// The pipeline goes with edits on their way.
impl Drop for Travels {
    fn drop(&mut self) {
        self.list.iter().for_each(|travel| travel.cell.abandon());
    }
}

impl Travel {
    fn is_made(&self) -> bool {
        self.drains.is_empty() && self.acts.is_empty()
    }
}

/// A place where packets wait, as edits see it.
pub(crate) trait Wait {
    /// Whether nothing is inside.
    fn is_idle(&mut self) -> bool;
    /// Whether something has to be done before it can leave: there is something inside, or not flushed.
    fn lingers(&mut self) -> bool {
        !self.is_idle()
    }
    /// Whether it takes another packet.
    fn has_room(&mut self) -> bool;
    /// Whether a packet may pass it at once, so that it takes one only if there is room behind, too.
    fn passes(&mut self) -> bool {
        false
    }
    /// How many items it takes, with all that is inside it.
    fn capacity(&mut self) -> usize;
    /// How many items a packet may have that goes through it, so that nothing inside takes more than twice its capacity.
    fn grain(&mut self) -> usize {
        self.capacity()
    }
    /// Puts a mark behind all that is inside.
    fn mark(&mut self, mark: Mark, cx: &mut Cycle, site: &Site, travels: &mut Travels);
    /// The edit of `revision` comes to it: what leaves by that, and has nothing inside that waits, gives what it holds.
    fn drain(&mut self, revision: u64, cx: &mut Cycle, travels: &mut Travels) {
        let _ = (revision, cx, travels);
    }
    /// The revision of the edit whose mark is next to come out.
    fn head_edit(&self) -> Option<u64>;
    /// Takes that mark out.
    fn pass_edit(&mut self);
    /// Whether the next to come out needs no room behind: a mark, or a packet with nothing in it.
    fn is_weightless(&self) -> bool;
    /// Gives up what is inside, as told; packets stay, as empty ones.
    fn evict(&mut self, eviction: &mut Eviction, cx: &mut Cycle, site: &Site);
    /// Whether what comes out may do so in any order, because nothing comes behind in the whole pipeline.
    fn loosen(&mut self, loose: bool) {
        let _ = loose;
    }
    /// Has the sinks inside flushed that are not, without a mark for it; whether that is news to one.
    fn flush(&mut self) -> bool {
        false
    }
    /// Whether it stands only where something was until that was empty, and is so now.
    fn is_spent(&self) -> bool {
        false
    }
}

/// A place where packets wait.
pub(crate) trait Flow<B>: Wait {
    /// Does what can be done for what is inside; registers the task wherever something has to be waited for.
    fn drive(&mut self, cx: &mut Cycle, site: &Site, turn: &mut Turn<'_, '_>);
    /// What comes out next, if that is ready to; the mark of an edit is not given here.
    fn pop(&mut self, cx: &mut Cycle, site: &Site, travels: &mut Travels) -> Option<Message<B>>;
}
