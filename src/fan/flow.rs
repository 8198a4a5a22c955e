//! A switch with boundaries in its targets: packets wait in them, and meet again behind.

use smallvec::SmallVec;

use super::Fan;
use super::meet::{Meeting, Order};
use crate::chain::edit_inside;
use crate::cycle::{Cycle, Site, inside};
use crate::knot::{Act, AnySwitch, Spot, Taken, Travels, Way};
use crate::link::Link;
use crate::outlet::Outlet;
use crate::packet::{Items, Mark, Message, Packet, Slip, Ticket};
use crate::pick::Choice;
use crate::route::PolicyKind;

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
    /// Whether every target of the route takes a packet, as far as that is known.
    pub(super) ready: bool,
    /// How many packets may be inside.
    pub(super) room: usize,
}

pub(super) struct Leaving<A, B> {
    pub(super) link: Box<dyn Link<A, B>>,
    pub(super) slot: u32,
    pub(super) revision: u64,
    /// Whether nothing is inside any more.
    pub(super) gone: bool,
}

impl<A: Send + 'static, B: Send + 'static> Fan<A, B> {
    /// Looks whether there are boundaries in the targets.
    pub(super) fn look(&mut self) {
        let (mut flows, mut room) = (false, 0);
        for link in self.slots.iter_mut().flatten().chain(&mut self.live) {
            if let Some((wait, _)) = link.first().and_then(|knot| knot.wait()) {
                flows = true;
                room += wait.capacity();
            }
        }
        match &mut self.branching {
            Some(branching) if !flows && branching.is_idle() => self.branching = None,
            Some(branching) => branching.room = room.max(1),
            None if flows => {
                let mut meet = Meeting::new();
                meet.set_order(self.order());
                let (outlet, room) = (Outlet::new(usize::MAX), room.max(1));
                let (awake, left, flushed, leaving) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
                self.branching =
                    Some(Box::new(Branching { meet, outlet, awake, left, flushed, leaving, ready: false, room }));
            }
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
        // What the user's code chooses comes first: a panic in it leaves the packet in hand.
        let runs = self.runs(items, cx, site);
        let slip = cx.put_down();
        let (number, revision) = (slip.number, slip.revision);
        let traces: SmallVec<[_; 1]> = runs.iter().map(|_| slip.trace.as_ref().map(|trace| trace.part())).collect();
        let Some(branching) = &mut self.branching else { return };
        let entry = branching.meet.begin(slip, runs.len());
        for (part, ((target, run), trace)) in runs.into_iter().zip(traces).enumerate() {
            let ticket = Some(Ticket { entry, part: part as u32 });
            let slip = Slip { number, revision, ticket, failures: Vec::new(), trace };
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
    fn runs(&mut self, items: &mut Vec<A>, cx: &mut Cycle, site: &Site) -> SmallVec<[(usize, Items<A>); 1]> {
        let mut runs: SmallVec<[(usize, Items<A>); 1]> = SmallVec::new();
        let mut add = |target: usize, item: A| match runs.last_mut() {
            Some((last, run)) if *last == target => run.push(item),
            _ => runs.push((target, Items::from_iter([item]))),
        };
        for item in items.drain(..) {
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
        runs
    }

    /// A part of a packet to the route's target number `target`.
    fn send(&mut self, target: usize, items: Items<A>, slip: Slip, cx: &mut Cycle, site: &Site) {
        let slot = self.routed.get(target).copied().unwrap_or(u32::MAX);
        let Some(mut branching) = self.branching.take() else { return };
        cx.take_up(slip);
        self.run.clear();
        self.run.extend(items);
        self.dispatch(target, &mut branching.outlet.made, cx, site);
        if cx.parked && !branching.awake.contains(&slot) {
            branching.awake.push(slot);
        }
        branching.outlet.take_in(cx);
        self.branching = Some(branching);
        self.gather(slot, false, cx, site);
    }

    /// Takes what has come out of a target: of its stages just now, or of where it waited in them.
    pub(super) fn gather(&mut self, slot: u32, waited: bool, cx: &mut Cycle, site: &Site) {
        // What is sent on meanwhile comes out into the same outlet.
        let mut line = self.branching.as_mut().map(|branching| branching.outlet.take_line()).unwrap_or_default();
        while let Some(message) = line.pop() {
            match message {
                Message::Packet(mut packet) => {
                    if waited {
                        packet.slip.come_out(cx.level, &site.name);
                    }
                    self.arrive(slot, packet, cx, site);
                }
                Message::Mark(mark) => {
                    if let Some(branching) = &mut self.branching {
                        branching.pass(slot, mark);
                    }
                }
            }
        }
    }

    /// A part of a packet has come out of a target.
    fn arrive(&mut self, slot: u32, packet: Packet<B>, cx: &mut Cycle, site: &Site) {
        let Some(ticket) = packet.slip.ticket else {
            if let Some(branching) = &mut self.branching {
                branching.meet.extra(packet);
            }
            return;
        };
        let packet = match self.again(slot, packet, cx, site) {
            Ok(()) => return,
            Err(packet) => packet,
        };
        let Some(branching) = &mut self.branching else { return };
        if let Err(late) = branching.meet.fill(ticket, packet) {
            // It was waited for too long.
            cx.settle(site, late.items.len(), 0, 0);
        }
    }

    /// Sends the item of a packet that failed another way, where it is meant to go one.
    fn again(&mut self, slot: u32, mut packet: Packet<B>, cx: &mut Cycle, site: &Site) -> Result<(), Packet<B>> {
        let failover = self.pick.is(PolicyKind::Failover);
        let resend = packet.slip.failures.first().is_some_and(|failure| failure.is_to_be_sent_again());
        if !(failover || resend) {
            return Err(packet);
        }
        let (number, revision, ticket) = (packet.slip.number, packet.slip.revision, packet.slip.ticket);
        let alone = packet.slip.failures.len() == 1 && packet.items.is_empty();
        cx.take_up(std::mem::take(&mut packet.slip));
        let item = match self.routed.iter().position(|routed| *routed == slot) {
            _ if resend && alone => self.taken_back(cx),
            Some(target) if failover => self.failed_over(target, 0, cx),
            _ => None,
        };
        let choice = item.as_ref().map(|item| self.choose(item, cx, site));
        match (item, choice) {
            (Some(item), Some(Choice::To(target))) => {
                let slip = Slip { number, revision, ticket, ..cx.put_down() };
                self.send(target, Items::from_iter([item]), slip, cx, site);
                return Ok(());
            }
            (Some(item), Some(why)) => Self::strand(item, why, cx, site),
            _ => {}
        }
        cx.settle_again(site);
        packet.slip = Slip { ticket, ..cx.put_down() };
        Err(packet)
    }

    /// The item of the failure in hand, if it is one of this switch's.
    fn taken_back(&mut self, cx: &mut Cycle) -> Option<A> {
        match cx.failures.pop()?.into_item::<A>() {
            Ok(item) => Some(item),
            Err(failure) => {
                cx.failures.push(failure);
                None
            }
        }
    }

    /// The edit of `revision` comes to the switch.
    pub(super) fn travel(&mut self, revision: u64, cx: &mut Cycle, site: &Site, travels: &mut Travels) {
        travels.take_up(revision, cx);
        let before = self.routed.clone();
        let own = |way: &Way| way.iter().position(|spot| spot.id == site.id);
        let (mut drains, mut acts, mut taken) = (Vec::new(), Vec::new(), Vec::new());
        if let Some(travel) = travels.of(revision) {
            (drains, acts) = (std::mem::take(&mut travel.drains), std::mem::take(&mut travel.acts));
            taken = std::mem::take(&mut travel.taken);
        }
        let (mut drains_later, mut acts_later, mut inside) = (Vec::new(), Vec::new(), Vec::new());
        for way in drains {
            let target = own(&way).and_then(|at| Some((at, way.get(at + 1)?.slot?)));
            match target {
                Some((at, slot)) if !self.lingers(slot) => self.drain_target(slot, &way[at + 2..], cx, site),
                // What leaves with items inside gives what it holds when they are out.
                Some((at, _)) if way.len() == at + 2 => {}
                _ => drains_later.push(way),
            }
        }
        for (way, act) in acts {
            let at = own(&way);
            match at.map(|at| (at, way.get(at + 1).and_then(|spot| spot.slot))) {
                None => acts_later.push((way, act)),
                Some((_, None)) => self.edit(act, revision, &mut taken, cx, site, travels),
                Some((at, Some(slot))) if !self.lingers(slot) => {
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
        inside.sort_unstable();
        inside.dedup();
        let mut missing = 0;
        for slot in inside {
            let knot = self.slot(slot).and_then(|link| link.first());
            missing += usize::from(knot.is_some_and(|knot| cx.deeper(|cx| edit_inside(knot, revision, cx, travels))));
            self.wake(slot);
        }
        for slot in before {
            if !self.routed.contains(&slot) && self.lingers(slot) {
                self.flush(slot, revision, cx, travels);
            }
        }
        self.look();
        travels.settle(revision);
        if let Some(branching) = &mut self.branching
            && (missing > 0 || travels.is_under_way(revision))
        {
            branching.meet.mark(Mark::Edit(revision), missing);
        }
    }

    /// Makes one change of the switch itself.
    fn edit(&mut self, act: Act, revision: u64, taken: &mut Taken, cx: &mut Cycle, site: &Site, travels: &mut Travels) {
        let leaver = match &act {
            Act::Detach { slot } => Some(*slot),
            Act::Replace { at, .. } => at.slot,
            _ => None,
        };
        if let Some(slot) = leaver
            && self.lingers(slot)
        {
            self.stow();
            let link = self.slots.get_mut(slot as usize).and_then(Option::take);
            self.lead();
            if let (Some(mut link), Some(branching)) = (link, &mut self.branching) {
                cx.deeper(|cx| link.mark(Mark::Leave(revision), &mut branching.outlet, cx, travels));
                travels.leaves(revision);
                branching.leaving.push(Leaving { link, slot, revision, gone: false });
                // What it still flushes for an edit before, it does when it leaves.
                let left = branching.left.iter().filter(|(of, _)| *of == slot);
                left.for_each(|(_, revision)| travels.left(*revision, None));
                branching.left.retain(|(of, _)| *of != slot);
                branching.awake.retain(|awake| *awake != slot);
            }
        }
        AnySwitch::act(self, &[], act, taken, cx, site.id);
    }

    pub(super) fn lingers(&mut self, slot: u32) -> bool {
        let wait = self.slot(slot).and_then(|link| link.first()).and_then(|knot| knot.wait());
        wait.is_some_and(|(wait, _)| wait.lingers())
    }

    fn wake(&mut self, slot: u32) {
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
            cx.deeper(|cx| link.mark(Mark::Flush(revision), &mut branching.outlet, cx, travels));
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
        self.gather(slot, false, cx, site);
    }
}

impl<A, B> Branching<A, B> {
    pub(super) fn is_idle(&self) -> bool {
        self.meet.is_empty() && self.left.is_empty() && self.leaving.is_empty() && self.flushed.is_empty()
    }

    /// A mark has come out of a target.
    fn pass(&mut self, slot: u32, mark: Mark) {
        let revision = match mark {
            Mark::Flush(revision) | Mark::Leave(revision) => revision,
            Mark::Edit(_) | Mark::End => return self.meet.mark_out(mark),
        };
        let mut leaving = self.leaving.iter_mut();
        if let Some(at) = self.left.iter().position(|left| *left == (slot, revision)) {
            self.left.swap_remove(at);
            self.flushed.push(revision);
        } else if let Some(leaving) = leaving.find(|leaving| (leaving.slot, leaving.revision) == (slot, revision)) {
            leaving.gone = true;
        } else {
            self.meet.mark_out(mark);
        }
    }
}
