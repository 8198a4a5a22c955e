//! A switch with boundaries in its targets: packets wait in them, and meet again behind.

use std::panic::{AssertUnwindSafe, catch_unwind};

use smallvec::SmallVec;

use super::Fan;
use super::branching::{Branching, Leaving, Origin};
use crate::chain::{edit_inside, takes_mark};
use crate::cycle::{Cycle, Site, inside};
use crate::knot::{Act, AnySwitch, Leave, Spot, Travels, Way};
use crate::meet::Order;
use crate::name::NodeId;
use crate::packet::{Items, Mark, Message, Packet, Slip, Ticket};
use crate::pick::Choice;
use crate::route::PolicyKind;

impl<A: Send + 'static, B: Send + 'static> Fan<A, B> {
    /// Looks whether there are boundaries in the target of that slot, if there is one.
    pub(super) fn look(&mut self, slot: u32) {
        let wait = self.slot(slot).and_then(|link| link.first()).and_then(|knot| knot.wait());
        let room = wait.map(|(wait, _)| wait.capacity());
        let before = match room {
            Some(room) => self.rooms.insert(slot, room),
            None => self.rooms.remove(&slot),
        };
        self.room = (self.room + room.unwrap_or(0)).saturating_sub(before.unwrap_or(0));
        let room = self.room.max(1);
        match &mut self.branching {
            Some(branching) if self.rooms.is_empty() && branching.is_idle() => self.branching = None,
            Some(branching) => branching.room = room,
            None if !self.rooms.is_empty() => self.branching = Some(Box::new(Branching::new(self.order(), room))),
            None => {}
        }
    }

    pub(super) fn order(&self) -> Order {
        match (self.loose, self.unordered) {
            (true, _) => Order::Loose,
            (false, true) => Order::Free,
            (false, false) => Order::Kept,
        }
    }

    /// One packet to the targets.
    pub(super) fn branch(&mut self, items: &mut Vec<A>, out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        let count = items.len();
        let weight = if cx.spawned { count.max(1) } else { 1 };
        let runs = self.runs(items, cx, site);
        // Where each goes one way, and none has failed, it is known of each which cycle it is of.
        cx.each &= cx.failures.is_empty() && !self.pick.is(PolicyKind::All);
        let slip = cx.put_down();
        let (number, revision) = (slip.number, slip.revision);
        let Some(branching) = &mut self.branching else { return };
        let parts = slip.parts(Ticket::all(branching.meet.next(), false).zip(runs.iter().map(|(_, run)| run.len())));
        let entry = branching.meet.begin(slip, runs.len(), weight);
        for ((target, run), slip) in runs.into_iter().zip(parts) {
            self.send(target, run, slip, cx, site);
        }
        (cx.number, cx.revision) = (number, revision);
        let Some(branching) = &mut self.branching else { return };
        match branching.meet.pop_alone(entry) {
            Some(packet) => {
                cx.take_up(packet.slip);
                out.extend(packet.items);
            }
            None => cx.parked = true,
        }
    }

    /// Which of the items go to which target, in order.
    pub(super) fn runs(&mut self, items: &mut Vec<A>, cx: &mut Cycle, site: &Site) -> SmallVec<[(usize, Items<A>); 1]> {
        let mut runs: SmallVec<[(usize, Items<A>); 1]> = SmallVec::new();
        // What fails goes another way alone.
        let apart = self.pick.is(PolicyKind::Failover);
        let mut add = |target: usize, item: A| match runs.last_mut() {
            Some((last, run)) if *last == target && !apart => run.push(item),
            _ => runs.push((target, Items::from_iter([item]))),
        };
        let (taken, gone) = (items.len(), cx.gone);
        let mut rest = items.drain(..);
        let chosen = catch_unwind(AssertUnwindSafe(|| {
            for item in rest.by_ref() {
                match self.choose(&item, cx, site) {
                    Choice::To(target) => add(target, item),
                    Choice::All => {
                        let count = self.routed.len();
                        cx.settle(site, 1, count, 0);
                        for target in 1..count {
                            if let Some(copy) = self.copy(Some(&item), cx, site) {
                                add(target - 1, copy);
                            }
                        }
                        add(count.saturating_sub(1), item);
                    }
                    why => Self::strand(item, why, cx, site),
                }
            }
        }));
        if let Err(panic) = chosen {
            // What was chosen for goes on; what it had not come to is turned away.
            let mut rest: Vec<A> = rest.collect();
            let begun = taken - rest.len();
            let sent: usize = runs.iter().map(|(_, run)| run.len()).sum();
            let lost = begun as i64 - (cx.gone - gone) - sent as i64;
            cx.faults.take();
            cx.panicked_on(site, lost.max(0).unsigned_abs(), sent, &*panic);
            cx.panic.get_or_insert(panic);
            cx.turn_away(&mut rest, sent, site);
        }
        runs
    }

    /// A part of a packet to the route's target number `target`.
    pub(super) fn send(&mut self, target: usize, items: Items<A>, slip: Slip, cx: &mut Cycle, site: &Site) {
        let slot = self.routed.get(target).copied().unwrap_or(u32::MAX);
        let Some(mut branching) = self.branching.take() else { return };
        cx.take_up(slip);
        self.run.clear();
        self.run.extend(items);
        self.hand(target, &mut branching.outlet.made, cx, site);
        if cx.parked && !branching.awake.contains(&slot) {
            branching.awake.push(slot);
        }
        branching.outlet.take_in(cx);
        self.branching = Some(branching);
        self.gather(slot, Origin::Stages, cx, site);
    }

    /// Takes what has come out of a target.
    pub(super) fn gather(&mut self, slot: u32, from: Origin, cx: &mut Cycle, site: &Site) {
        // What is sent on meanwhile comes out into the same outlet.
        let mut line = self.branching.as_mut().map(|branching| branching.outlet.take_line()).unwrap_or_default();
        while let Some(message) = line.pop() {
            match message {
                Message::Packet(mut packet) => {
                    if from != Origin::Stages {
                        packet.slip.come_out(cx.level, &site.name);
                    }
                    self.arrive(slot, packet, cx, site);
                }
                Message::Mark(mark) => {
                    if let Some(branching) = &mut self.branching {
                        branching.pass(slot, from, mark);
                    }
                }
            }
        }
    }

    /// A part of a packet has come out of a target.
    fn arrive(&mut self, slot: u32, packet: Packet<B>, cx: &mut Cycle, site: &Site) {
        let Some(ticket) = packet.slip.ticket else {
            if let Some(branching) = &mut self.branching {
                branching.meet.extra(slot, packet);
            }
            return;
        };
        let packet = match self.again(slot, packet, cx, site) {
            Ok(()) => return,
            Err(packet) => packet,
        };
        let Some(branching) = &mut self.branching else { return };
        if let Err(mut late) = branching.meet.fill(ticket, packet) {
            // It was waited for too long.
            let items = late.items.drain(..).len();
            late.slip.ticket = None;
            if !late.slip.failures.is_empty() {
                branching.meet.extra(slot, late);
            }
            cx.settle(site, items, 0, 0);
        }
    }

    /// The edit of `revision` comes to the switch.
    pub(super) fn travel(&mut self, revision: u64, cx: &mut Cycle, site: &Site, travels: &mut Travels) {
        travels.take_up(revision, cx);
        let (before, due) = (self.routed.clone(), travels.due(revision));
        let own = |way: &Way| way.iter().position(|spot| spot.id == site.id);
        let (mut drains, mut acts, mut taken) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(travel) = travels.of(revision) {
            (drains, acts) = (std::mem::take(&mut travel.drains), std::mem::take(&mut travel.acts));
            taken = std::mem::take(&mut travel.taken);
        }
        let (mut drains_later, mut acts_later, mut inside) = (Vec::new(), Vec::new(), Vec::new());
        let Some(branching) = &mut self.branching else { return };
        let entry = branching.meet.mark(Mark::Edit(revision), self.order.clone());
        let target = |way: &Way| own(way).and_then(|at| Some((at, way.get(at + 1)?.slot?)));
        // Those that have given it are not due any more.
        let mut still_due = Vec::new();
        for way in drains {
            match target(&way) {
                Some((at, slot)) if !self.takes_mark(slot, &due) => {
                    self.drain_target(slot, &way[at + 2..], cx, site);
                    continue;
                }
                // What leaves with items inside gives what it holds when they are out.
                Some((at, _)) if way.len() == at + 2 => still_due.extend(way.iter().map(|spot| spot.id)),
                _ => drains_later.push(way),
            }
        }
        still_due.extend(drains_later.iter().flatten().map(|spot| spot.id));
        let due = still_due;
        for (way, act) in acts {
            let at = own(&way);
            self.changes(leaver(&act).filter(|_| at.is_some_and(|at| at + 1 == way.len())), target(&way));
            match at.map(|at| (at, way.get(at + 1).and_then(|spot| spot.slot))) {
                None => acts_later.push((way, act)),
                Some((_, None)) => {
                    if let Some(slot) = leaver(&act)
                        && self.takes_mark(slot, &due)
                    {
                        let goes = |(way, _): &(Way, Act)| target(way).is_some_and(|(_, of)| of == slot);
                        let (acts, later) = acts_later.into_iter().partition(goes);
                        acts_later = later;
                        // The same for what is inside of it.
                        drains_later.retain(|way| target(way).is_none_or(|(_, of)| of != slot));
                        self.leave(slot, Leave { revision, acts }, entry, cx, travels);
                    }
                    AnySwitch::act(self, &[], act, &mut taken, cx, site.id);
                }
                Some((at, Some(slot))) if !self.takes_mark(slot, &due) => {
                    AnySwitch::act(self, &way[at + 1..], act, &mut taken, cx, site.id);
                }
                Some((_, Some(slot))) => {
                    inside.push(slot);
                    acts_later.push((way, act));
                }
            }
        }
        if let Some(travel) = travels.of(revision) {
            (travel.drains, travel.acts, travel.taken) = (drains_later, acts_later, taken);
        }
        // These first: what is changed inside may be the last of the edit.
        for slot in before {
            if !self.routed.contains(&slot) && self.lingers(slot) {
                self.flush(slot, revision, cx, travels);
            }
        }
        inside.sort_unstable();
        inside.dedup();
        for slot in inside {
            let knot = self.slot(slot).and_then(|link| link.first());
            if knot.is_some_and(|knot| cx.deeper(|cx| edit_inside(knot, revision, cx, travels)))
                && let Some(branching) = &mut self.branching
            {
                branching.meet.expect(entry);
            }
            self.wake(slot);
            self.look(slot);
        }
        travels.settle(revision);
        if let Some(branching) = &mut self.branching {
            branching.meet.sent(entry);
        }
    }

    /// The targets in those slots are not any more what they were for packets that are in the switch.
    fn changes(&mut self, left: Option<u32>, inside: Option<(usize, u32)>) {
        if let Some(branching) = &mut self.branching {
            let next = branching.meet.next();
            for slot in left.into_iter().chain(inside.map(|(_, slot)| slot)) {
                branching.changed.retain(|(of, _)| *of != slot);
                branching.changed.push((slot, next));
            }
        }
    }

    /// What stands at `slot` leaves with items inside, or not flushed; `entry` is that of the edit's mark.
    fn leave(&mut self, slot: u32, leave: Leave, entry: u64, cx: &mut Cycle, travels: &mut Travels) {
        let wait = self.slot(slot).and_then(|link| link.first()).and_then(|knot| knot.wait());
        // What is not flushed holds nothing up.
        let missed = wait.is_some_and(|(wait, _)| !wait.is_idle() || !wait.lingers());
        self.stow();
        let link = self.slots.get_mut(slot as usize).and_then(Option::take);
        self.lead();
        if let (Some(mut link), Some(branching)) = (link, &mut self.branching) {
            cx.deeper(|cx| link.mark(Mark::Leave(leave.revision), &mut branching.outlet, cx, travels));
            travels.leaves(leave.revision);
            if missed {
                branching.meet.expect(entry);
            }
            branching.leaving.push(Leaving { link, slot, leave, missed, gone: false });
            branching.awake.retain(|awake| *awake != slot);
        }
    }

    pub(super) fn lingers(&mut self, slot: u32) -> bool {
        let wait = self.slot(slot).and_then(|link| link.first()).and_then(|knot| knot.wait());
        wait.is_some_and(|(wait, _)| wait.lingers())
    }

    /// See [`takes_mark`].
    fn takes_mark(&mut self, slot: u32, due: &[NodeId]) -> bool {
        self.slot(slot).and_then(|link| link.first()).is_some_and(|knot| takes_mark(knot, due))
    }

    pub(super) fn wake(&mut self, slot: u32) {
        if let Some(branching) = &mut self.branching
            && !branching.awake.contains(&slot)
        {
            branching.awake.push(slot);
        }
    }

    /// A target that the route has left is flushed.
    fn flush(&mut self, slot: u32, revision: u64, cx: &mut Cycle, travels: &mut Travels) {
        let Some(mut branching) = self.branching.take() else { return };
        if let Some(link) = self.slot(slot) {
            cx.deeper(|cx| link.mark(Mark::Left(revision), &mut branching.outlet, cx, travels));
            branching.left.push((slot, revision));
            travels.leaves(revision);
        }
        self.branching = Some(branching);
        self.wake(slot);
    }

    fn drain_target(&mut self, slot: u32, rest: &[Spot], cx: &mut Cycle, site: &Site) {
        let Some(mut branching) = self.branching.take() else { return };
        if let Some(link) = self.slot(slot)
            && let Some(id) = link.first().map(|knot| knot.site().id)
        {
            inside(cx, &site.name, |cx| link.drain(id, rest, &mut branching.outlet.made, cx));
            branching.outlet.take_in(cx);
        }
        self.branching = Some(branching);
        self.gather(slot, Origin::Stages, cx, site);
    }
}

/// The slot of the target that leaves by `act`.
fn leaver(act: &Act) -> Option<u32> {
    match act {
        Act::Detach { slot } => Some(*slot),
        Act::Replace { at, .. } => at.slot,
        _ => None,
    }
}
