//! What an edit does to the stages up to the first that has something inside.

use super::flow::takes_mark;
use super::transfer::transfer;
use super::{act_inside, hand_over, retire};
use crate::cycle::Cycle;
use crate::knot::{Act, Exchange, Knot, Leave, Taken, Travels, Way};
use crate::name::NodeId;

/// The parts of a chain while an edit changes the stretch that begins with number `from`.
pub(super) struct Stretch {
    pub(super) parts: Vec<Box<dyn Knot>>,
    pub(super) from: usize,
    /// Whether it is the whole chain in any case, in which there is nothing then.
    pub(super) whole: bool,
    pub(super) revision: u64,
    /// See [`takes_mark`].
    pub(super) due: Vec<NodeId>,
    pub(super) taken: Taken,
    /// Changes of what is further on.
    pub(super) later: Vec<(Way, Act)>,
    /// What has left with items inside.
    pub(super) gone: Vec<NodeId>,
    /// What this edit has put behind gates: no item has come to it.
    pub(super) fresh: Vec<NodeId>,
}

impl Stretch {
    /// Its end: the first part that has something inside.
    fn stop(&mut self) -> usize {
        if self.whole {
            return self.parts.len();
        }
        let end = self.parts.iter_mut().skip(self.from).position(|knot| takes_mark(&mut **knot, &self.due));
        end.map_or(self.parts.len(), |end| self.from + end)
    }

    /// The number of a part of the stretch, or of the one at its end.
    fn find(&mut self, id: NodeId) -> Option<usize> {
        let stop = self.stop();
        let at = self.parts.iter().position(|knot| knot.site().id == id)?;
        (self.from..=stop).contains(&at).then_some(at)
    }

    /// The place in front of a part, or at the end of the chain, if it is in the stretch.
    fn place(&mut self, before: Option<NodeId>) -> Option<usize> {
        match before {
            Some(id) => self.find(id),
            None => Some(self.stop()).filter(|stop| *stop == self.parts.len()),
        }
    }

    /// A change inside of a part of the stretch; given back where it is further on.
    pub(super) fn edit_inside(&mut self, way: &Way, act: Act, cx: &mut Cycle) -> Option<Act> {
        let stop = self.stop();
        for knot in &mut self.parts[self.from.min(stop)..stop] {
            if let Some(depth) = way.iter().position(|spot| spot.id == knot.site().id) {
                act_inside(&mut **knot, &way[depth + 1..], act, &mut self.taken, cx);
                return None;
            }
        }
        Some(act)
    }

    /// A change of the chain itself; given back where it is further on.
    pub(super) fn edit(&mut self, act: Act, cx: &mut Cycle, travels: &mut Travels) -> Option<Act> {
        match act {
            Act::Insert { before, mut knot } => match self.place(before) {
                Some(at) => {
                    knot.carry(true, cx);
                    self.parts.insert(at, knot);
                }
                None => return Some(Act::Insert { before, knot }),
            },
            Act::Remove { id } => match self.find(id) {
                Some(at) => self.leave(at, None, cx, travels),
                None => return Some(act),
            },
            Act::Replace { at: spot, mut knot } => match self.find(spot.id) {
                Some(at) => {
                    knot.carry(true, cx);
                    self.leave(at, Some(knot), cx, travels);
                }
                None => return Some(Act::Replace { at: spot, knot }),
            },
            Act::Move { id, before } => match (self.find(id), self.place(before)) {
                (Some(from), Some(_)) => {
                    let part = self.parts.remove(from);
                    let to = self.place(before).unwrap_or(self.parts.len());
                    self.parts.insert(to, part);
                }
                _ => return Some(act),
            },
            Act::Transfer { id, from, to, before } => {
                let moved = transfer(&mut self.parts, id, (&from, &to), before);
                debug_assert!(moved.is_some(), "a stage was to be moved from where it is not");
            }
            Act::HandOver { at: spot, id, make } => match self.find(spot.id) {
                Some(at) => {
                    self.exchange(at, Box::new(|old| Some(hand_over(old, id, make, cx))));
                }
                None => return Some(Act::HandOver { at: spot, id, make }),
            },
            Act::Rename { at: spot, to } => match self.find(spot.id) {
                Some(at) => self.parts[at].rename(to),
                None => return Some(Act::Rename { at: spot, to }),
            },
            Act::Workers { at: spot, count, made } => match self.find(spot.id) {
                Some(at) => self.parts[at].workers(count, made, &mut self.taken, cx),
                None => return Some(Act::Workers { at: spot, count, made }),
            },
            other => debug_assert!(matches!(other, Act::Move { .. }), "an act for a switch was sent to a chain"),
        }
        None
    }

    /// Part number `at` leaves; `by` comes in its place.
    fn leave(&mut self, at: usize, by: Option<Box<dyn Knot>>, cx: &mut Cycle, travels: &mut Travels) {
        let id = self.parts[at].site().id;
        let goes = |(way, _): &(Way, Act)| way.iter().any(|spot| spot.id == id);
        let (acts, later) = std::mem::take(&mut self.later).into_iter().partition(goes);
        self.later = later;
        if takes_mark(&mut *self.parts[at], &self.due) && !self.fresh.contains(&id) {
            self.gone.push(id);
            let leave = Leave { revision: self.revision, acts };
            let gate = self.parts.remove(at).gated(by, leave, cx, travels);
            self.fresh.push(gate.site().id);
            return self.parts.insert(at, gate);
        }
        let mut taken = std::mem::take(&mut self.taken);
        let leaves = |old| {
            retire_changed(old, acts, &mut taken, cx);
            by
        };
        self.exchange(at, Box::new(leaves));
        self.taken = taken;
    }

    /// What `by` gives for part number `at`, or for what stands behind it as a gate, comes in its place.
    fn exchange(&mut self, at: usize, by: Exchange<'_>) {
        let old = self.parts.remove(at);
        let fresh = self.fresh.contains(&old.site().id);
        if let Some(new) = old.exchange(by) {
            self.fresh.extend(fresh.then_some(new.site().id));
            self.parts.insert(at, new);
        }
    }
}

/// What left with items inside is empty now: what the edit changes inside of it is changed, and it goes to the receipt.
pub(crate) fn part(stage: Option<Box<dyn Knot>>, leave: Leave, cx: &mut Cycle, travels: &mut Travels) {
    let mut taken = Taken::new();
    if let Some(knot) = stage {
        retire_changed(knot, leave.acts, &mut taken, cx);
    }
    travels.left(leave.revision, taken);
}

/// Makes the changes inside of a stage that leaves, and puts it where the receipt finds it.
fn retire_changed(mut knot: Box<dyn Knot>, acts: Vec<(Way, Act)>, taken: &mut Taken, cx: &mut Cycle) {
    let id = knot.site().id;
    for (way, act) in acts {
        if let Some(depth) = way.iter().position(|spot| spot.id == id) {
            act_inside(&mut *knot, &way[depth + 1..], act, taken, cx);
        }
    }
    retire(knot, taken, cx);
}
