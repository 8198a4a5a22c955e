//! Failover: an item that its target could not process goes to the next.

use std::sync::Arc;

use super::Fan;
use crate::cycle::{Cycle, Site};
use crate::failure::Failure;
use crate::knot::Knot;
use crate::ledger::Counts;
use crate::name::Path;
use crate::packet::{Items, Packet, Slip, Ticket};
use crate::pick::Choice;
use crate::route::PolicyKind;

impl<A: Send + 'static, B: Send + 'static> Fan<A, B> {
    /// After target number `target` was given an item under failover: leaves it out where it failed; whether that was all that
    /// failed.
    fn fails(&mut self, target: usize, failures: usize, cx: &Cycle) -> bool {
        if cx.failures.len() == failures {
            self.pick.mark(target, None);
            return false;
        }
        if let Some(last) = cx.failures.last() {
            self.pick.mark(target, Some((cx.number, last.error().to_string().into())));
        }
        cx.failures.len() == failures + 1
    }

    /// Sends the item of a packet that failed another way, where it is meant to go one.
    pub(super) fn again(
        &mut self,
        slot: u32,
        mut packet: Packet<B>,
        cx: &mut Cycle,
        site: &Site,
    ) -> Result<(), Packet<B>> {
        let Some(ticket) = packet.slip.ticket else { return Err(packet) };
        // One that went by a route before this one does not come under this one because it failed.
        let failover = ticket.entry >= self.since && self.pick.is(PolicyKind::Failover);
        let resend = packet.slip.failures.iter().any(|failure| failure.is_to_be_sent_again());
        if !(failover || resend) {
            return Err(packet);
        }
        let (number, revision) = (packet.slip.number, packet.slip.revision);
        let alone = packet.slip.failures.len() == 1 && packet.items.is_empty();
        if resend && !alone {
            return self.rest_again(ticket, packet, cx, site);
        }
        cx.take_up(std::mem::take(&mut packet.slip));
        let comes_back = match self.routed.iter().position(|routed| *routed == slot) {
            _ if resend => true,
            Some(target) => self.fails(target, 0, cx),
            None => false,
        };
        // Whether a stage has passed it is known since it failed; the target may have been changed meanwhile.
        let first = cx.failures.last().and_then(|last| last.first().cloned()).filter(|_| comes_back);
        let item = first.and_then(|counts| taken_back(&counts, cx));
        let choice = item.as_ref().map(|item| self.choose(item, cx, site));
        match (item, choice) {
            (Some(item), Some(Choice::To(target))) if resend || self.is_as_it_was(target, ticket) => {
                let ticket = Ticket { passed: false, ..ticket };
                let slip = Slip { number, revision, ticket: Some(ticket), ..cx.put_down() };
                self.send(target, Items::from_iter([item]), slip, cx, site);
                self.branching.iter_mut().for_each(|branching| branching.again = true);
                return Ok(());
            }
            (Some(item), Some(why)) => Self::strand(item, why, cx, site),
            _ => {}
        }
        cx.settle_again();
        packet.slip = Slip { ticket: Some(ticket), ..cx.put_down() };
        Err(packet)
    }

    /// The same for a packet of several items: those go that nobody has begun, behind what has become of the others.
    fn rest_again(
        &mut self,
        ticket: Ticket,
        mut packet: Packet<B>,
        cx: &mut Cycle,
        site: &Site,
    ) -> Result<(), Packet<B>> {
        let (number, revision, each) = (packet.slip.number, packet.slip.revision, packet.slip.each);
        let goes = |failure: &Failure| failure.is_to_be_sent_again() && failure.first().is_some();
        let stays = packet.slip.failures.iter().rposition(|failure| !goes(failure)).map_or(0, |last| last + 1);
        let first = packet.slip.failures.get(stays).map(Failure::cycle);
        let made = packet.items.len() as u64;
        // What is made has to be of items ahead of them.
        let is_behind = first.is_some_and(|first| made == 0 || (each && first >= number + made));
        let misses = self.branching.as_ref().is_some_and(|branching| branching.meet.misses(ticket));
        cx.take_up(std::mem::take(&mut packet.slip));
        let mut items = Vec::new();
        while is_behind
            && misses
            && cx.failures.len() > stays
            && let Some(counts) = cx.failures.last().and_then(|last| last.first().cloned())
            && let Some(item) = taken_back(&counts, cx)
        {
            items.push(item);
        }
        items.reverse();
        let runs = self.runs(&mut items, cx, site);
        cx.settle_again();
        packet.slip = Slip { ticket: Some(ticket), ..cx.put_down() };
        let Some(branching) = &mut self.branching else { return Err(packet) };
        if runs.is_empty() {
            return Err(packet);
        }
        branching.again = true;
        let tickets = branching.meet.split(ticket, packet, runs.len())?;
        let rest = Slip { number: first.unwrap_or(number), revision, each, ..Slip::default() };
        let slips = rest.parts(tickets.into_iter().zip(runs.iter().map(|(_, run)| run.len())));
        for ((target, run), slip) in runs.into_iter().zip(slips) {
            self.send(target, run, slip, cx, site);
        }
        Ok(())
    }

    /// Whether the route's target number `target` is what it was when the packet with that ticket came.
    fn is_as_it_was(&self, target: usize, ticket: Ticket) -> bool {
        let (slot, branching) = (self.routed.get(target), self.branching.as_ref());
        let mut changed = branching.into_iter().flat_map(|branching| &branching.changed);
        !changed.any(|(of, entry)| Some(of) == slot && *entry > ticket.entry)
    }

    /// The one item in `run` to target number `target`, and to the next ones as long as it comes back.
    pub(super) fn over(&mut self, mut target: usize, out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        loop {
            let failures = cx.failures.len();
            self.dispatch(target, out, cx, site);
            if !self.fails(target, failures, cx) {
                return;
            }
            let failed_at = cx.failures.last().map(|last| last.stage().clone());
            let stands = self.target(target).and_then(|link| link.first());
            let first = stands.zip(failed_at).and_then(|(knot, stage)| first(knot, &stage));
            let Some(item) = first.and_then(|counts| taken_back(&counts, cx)) else { return };
            match self.choose(&item, cx, site) {
                Choice::To(next) => {
                    target = next;
                    self.run.push(item);
                }
                why => return Self::strand(item, why, cx, site),
            }
        }
    }
}

/// Takes the item back out of the last failure, at the stage of those counts.
fn taken_back<A: 'static>(counts: &Arc<Counts>, cx: &mut Cycle) -> Option<A> {
    match cx.failures.pop()?.into_item::<A>() {
        Ok(item) => {
            cx.ledger.unfail(counts, 1);
            cx.gone -= 1;
            if let Some(trace) = &mut cx.trace {
                trace.take_back();
            }
            Some(item)
        }
        Err(failure) => {
            cx.failures.push(failure);
            None
        }
    }
}

/// The counts of the stage of that path, of which the names after the switch's and the target's are inside the target, if
/// it is the first that an item comes to there.
fn first(mut knot: &mut dyn Knot, stage: &Path) -> Option<Arc<Counts>> {
    let [_, _, within @ ..] = stage.names() else { return None };
    for name in within {
        knot = knot.chain()?.first().filter(|first| first.site().name == *name)?;
    }
    Some(Arc::clone(&knot.site().counts))
}
