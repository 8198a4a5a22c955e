//! A switch with boundaries in its targets, as the chain sees it.

use smallvec::SmallVec;

use super::Fan;
use super::branching::{Leaving, Origin};
use crate::chain::part;
use crate::cycle::{Cycle, Site};
use crate::join::poll_alone;
use crate::knot::{Eviction, Flow, Reach, Travels, Turn, Wait};
use crate::packet::{Mark, Message};

impl<A: Send + 'static, B: Send + 'static> Fan<A, B> {
    /// The targets to be polled: those of the route, and those that may have something inside.
    fn polled(&self) -> Vec<u32> {
        let awake = self.branching.as_ref().map_or(&[][..], |branching| &branching.awake);
        let others = awake.iter().filter(|slot| !self.routed.contains(slot));
        others.chain(&self.routed).copied().collect()
    }

    /// Lets one target go on; whether it takes a packet.
    fn poll_target(&mut self, slot: u32, cx: &mut Cycle, site: &Site, turn: &mut Turn<'_, '_>) -> bool {
        let Some(mut branching) = self.branching.take() else { return true };
        let link = self.slot(slot);
        let ready = link.is_none_or(|link| cx.deeper(|cx| poll_alone(&mut **link, &mut branching.outlet, cx, turn)));
        self.branching = Some(branching);
        self.gather(slot, Origin::Waited, cx, site);
        ready
    }

    /// Lets all targets go on; whether those of the route take a packet.
    fn poll_all(&mut self, cx: &mut Cycle, site: &Site, turn: &mut Turn<'_, '_>) -> bool {
        let mut ready = true;
        for slot in self.polled() {
            let takes = self.poll_target(slot, cx, site, turn);
            ready &= takes || !self.routed.contains(&slot);
            if !self.is_awake(slot)
                && let Some(branching) = &mut self.branching
            {
                branching.awake.retain(|awake| *awake != slot);
            }
        }
        let leaving = self.branching.as_ref().map_or(0, |branching| branching.leaving.len());
        (0..leaving).for_each(|at| self.poll_leaving(at, cx, site, turn));
        ready
    }

    /// Lets one of those go on that leave.
    fn poll_leaving(&mut self, at: usize, cx: &mut Cycle, site: &Site, turn: &mut Turn<'_, '_>) {
        let Some(branching) = &mut self.branching else { return };
        let Some(leaving) = branching.leaving.get_mut(at) else { return };
        let (slot, outlet) = (leaving.slot, &mut branching.outlet);
        cx.deeper(|cx| poll_alone(&mut *leaving.link, outlet, cx, turn));
        self.gather(slot, Origin::Leaver, cx, site);
    }

    /// Tells of what has left the switch, and has nothing inside any more.
    fn part(&mut self, cx: &mut Cycle, travels: &mut Travels) {
        let Some(branching) = &mut self.branching else { return };
        branching.flushed.drain(..).for_each(|revision| travels.left(revision, Vec::new()));
        while let Some(at) = branching.leaving.iter().position(|leaving| leaving.gone) {
            let Leaving { link, leave, .. } = branching.leaving.remove(at);
            part(link.pop().0, leave, cx, travels);
        }
    }

    fn is_awake(&mut self, slot: u32) -> bool {
        let wait = self.slot(slot).and_then(|link| link.first()).and_then(|knot| knot.wait());
        wait.is_some_and(|(wait, _)| !wait.is_idle())
    }
}

impl<A: Send + 'static, B: Send + 'static> Wait for Fan<A, B> {
    fn is_idle(&mut self) -> bool {
        let Some(branching) = &self.branching else { return true };
        // What was waited for too long has no entry any more.
        let awake: SmallVec<[u32; 4]> = branching.awake.as_slice().into();
        branching.is_idle() && !awake.into_iter().any(|slot| self.is_awake(slot))
    }

    fn lingers(&mut self) -> bool {
        let slots: SmallVec<[u32; 4]> = self.rooms.keys().copied().collect();
        !self.is_idle() || slots.into_iter().any(|slot| Fan::lingers(self, slot))
    }

    fn has_room(&mut self) -> bool {
        let Some(branching) = &self.branching else { return true };
        let full = branching.meet.waiting() >= branching.room;
        if full || !branching.ready {
            return false;
        }
        (0..self.routed.len()).all(|target| self.target(target).is_none_or(|link| link.has_room() != Some(false)))
    }

    fn passes(&mut self) -> bool {
        let routed = self.routed.clone();
        routed.into_iter().any(|slot| {
            let wait = self.slot(slot).and_then(|link| link.first()).and_then(|knot| knot.wait());
            wait.is_none_or(|(wait, _)| wait.passes())
        })
    }

    fn capacity(&mut self) -> usize {
        self.branching.as_ref().map_or(0, |branching| branching.room)
    }

    fn grain(&mut self) -> usize {
        let slots: SmallVec<[u32; 4]> = self.rooms.keys().copied().collect();
        let grains = slots.into_iter().filter_map(|slot| {
            let (wait, _) = self.slot(slot)?.first()?.wait()?;
            Some(wait.grain())
        });
        grains.min().unwrap_or(usize::MAX)
    }

    fn mark(&mut self, mark: Mark, cx: &mut Cycle, site: &Site, travels: &mut Travels) {
        if let Mark::Edit(revision) = mark {
            return self.travel(revision, cx, site, travels);
        }
        let slots = if mark.ends() { self.order.clone() } else { self.rooms.keys().copied().collect() };
        let Some(branching) = &mut self.branching else { return };
        let entry = branching.meet.mark(mark, slots.clone());
        for slot in slots {
            let Some(mut branching) = self.branching.take() else { return };
            if let Some(link) = self.slot(slot) {
                branching.meet.expect(entry);
                cx.deeper(|cx| link.mark(mark, &mut branching.outlet, cx, travels));
            }
            self.branching = Some(branching);
            self.wake(slot);
            // What comes of stages that wait for nothing has come already.
            self.gather(slot, Origin::Waited, cx, site);
        }
        if let Some(branching) = &mut self.branching {
            branching.meet.sent(entry);
        }
    }

    fn head_edit(&self) -> Option<u64> {
        self.branching.as_ref()?.meet.head_edit()
    }

    fn pass_edit(&mut self) {
        if let Some(branching) = &mut self.branching {
            branching.meet.pop();
        }
    }

    fn is_weightless(&self) -> bool {
        self.branching.as_ref().is_some_and(|branching| branching.meet.is_weightless())
    }

    fn evict(&mut self, eviction: &mut Eviction, cx: &mut Cycle, site: &Site) {
        let reach = eviction.reach;
        let Some(mut branching) = self.branching.take() else { return };
        for leaving in &mut branching.leaving {
            if eviction.revision == Some(leaving.leave.revision) {
                eviction.reach = Reach::All;
            } else if branching.left.iter().any(|left| left.0 == leaving.slot && eviction.revision == Some(left.1)) {
                eviction.reach = Reach::Seeking;
            }
            cx.deeper(|cx| leaving.link.evict(eviction, cx));
            eviction.reach = reach;
        }
        let slots: SmallVec<[u32; 4]> = self.rooms.keys().copied().collect();
        for slot in slots {
            if branching.left.iter().any(|left| left.0 == slot && eviction.revision == Some(left.1)) {
                eviction.reach = Reach::Seeking;
            }
            if let Some(link) = self.slot(slot) {
                cx.deeper(|cx| link.evict(eviction, cx));
            }
            eviction.reach = reach;
        }
        branching.meet.evict(eviction, cx, site);
        self.branching = Some(branching);
    }

    fn loosen(&mut self, loose: bool) {
        self.loose = loose;
        let order = self.order();
        if let Some(branching) = &mut self.branching {
            branching.meet.set_order(order);
        }
        let slots: SmallVec<[u32; 4]> = self.rooms.keys().copied().collect();
        for slot in slots {
            if let Some((wait, _)) = self.slot(slot).and_then(|link| link.first()).and_then(|knot| knot.wait()) {
                wait.loosen(loose);
            }
        }
    }

    fn flush(&mut self) -> bool {
        let slots: SmallVec<[u32; 4]> = self.rooms.keys().copied().collect();
        let mut any = false;
        for slot in slots {
            let wait = self.slot(slot).and_then(|link| link.first()).and_then(|knot| knot.wait());
            if wait.is_some_and(|(wait, _)| wait.flush()) {
                self.wake(slot);
                any = true;
            }
        }
        any
    }
}

impl<A: Send + 'static, B: Send + 'static> Flow<B> for Fan<A, B> {
    fn drive(&mut self, cx: &mut Cycle, site: &Site, turn: &mut Turn<'_, '_>) {
        let mut ready = self.poll_all(cx, site, turn);
        // A target that was polled before may have got an item that another has failed.
        while self.branching.as_mut().is_some_and(|branching| std::mem::take(&mut branching.again)) {
            ready = self.poll_all(cx, site, turn);
        }
        self.part(cx, turn.travels);
        let Some(branching) = &mut self.branching else { return };
        branching.ready = ready;
        branching.meet.hold_marks(branching.parts());
        if let Some(patience) = &mut self.patience {
            while let Some(entry) = branching.meet.holds_up()
                && patience.is_over(Some(entry), turn.task)
            {
                branching.meet.give_up(entry);
            }
        }
    }

    fn pop(&mut self, _: &mut Cycle, _: &Site, _: &mut Travels) -> Option<Message<B>> {
        let branching = self.branching.as_mut()?;
        if branching.meet.head_edit().is_some() {
            return None;
        }
        branching.meet.pop()
    }
}
