//! A crew as the chain sees it while threads work for it.

use super::Crew;
use super::member::{Back, Came};
use super::room::Remarks;
use crate::cycle::{Cycle, Harm, Site};
use crate::knot::{AnyChain, Eviction, Flow, Travels, Turn, Wait, Way};
use crate::meet::Order;
use crate::packet::{Mark, Message, Packet, Slip};

impl<A: Send + 'static, B: Send + 'static> Crew<A, B> {
    /// Sees to what has come from the members.
    fn see_to(&mut self, cx: &mut Cycle, site: &Site) {
        while let Some(came) = self.came.pop_front() {
            match came {
                Came::Packet(back) => self.arrive(back, cx, site),
                Came::Partly(back, rest) => self.arrive_partly(back, rest, cx, site),
                Came::Mark(mark) => self.meet.mark_out(mark),
                Came::Said(remarks) => self.note(*remarks, true, cx),
                Came::Quit(packets) => self.quit(packets, cx, site),
            }
        }
    }

    /// Enters what a thread has said; `counts` where that is not counted already.
    fn note(&self, remarks: Remarks, counts: bool, cx: &mut Cycle) {
        let Remarks { notes, mut broken, worse, panic, used_up } = remarks;
        if counts {
            cx.ledger.enter(notes);
        }
        if self.workers {
            broken.iter_mut().for_each(|broken| broken.harm = Harm::Part);
        }
        for broken in cx.broken.iter_mut().filter(|broken| !self.workers && worse.contains(&broken.id)) {
            broken.harm = Harm::Poison;
        }
        cx.breaks += broken.len() as u64;
        cx.broken.extend(broken);
        cx.used_up |= used_up;
        if let Some(panic) = panic {
            cx.panic.get_or_insert(panic);
        }
    }

    /// A part of a packet has come out.
    fn arrive(&mut self, back: Back<B>, cx: &mut Cycle, site: &Site) {
        let Back { mut packet, of, remarks, raw } = back;
        let Some(ticket) = packet.slip.ticket.take() else {
            // What an edit or the end set free is of no packet.
            self.settle(&mut packet, raw, cx, site);
            cx.ledger.hold(&site.counts, packet.items.len() as i64);
            self.meet.extra(0, packet);
            return self.show();
        };
        let missed = self.meet.misses(ticket);
        if let Some(remarks) = remarks {
            self.note(*remarks, missed, cx);
        }
        if !missed {
            // It was given up.
            return;
        }
        self.settle(&mut packet, raw, cx, site);
        cx.ledger.hold(&site.counts, packet.items.len() as i64 - of as i64);
        if let Some(at) = self.halves.iter().position(|half| half.slip.ticket == Some(ticket)) {
            let half = self.halves.swap_remove(at);
            packet = joined(half, packet);
        }
        // It is missed.
        let _ = self.meet.fill(ticket, packet);
    }

    /// Deals with the failures of a packet that has come from a thread.
    fn settle(&mut self, packet: &mut Packet<B>, raw: bool, cx: &mut Cycle, site: &Site) {
        if raw && let Some(alone) = self.alone_mut() {
            alone.settle_packet(&mut packet.slip, cx, site);
        }
    }

    /// A worker has quit with a part of a packet; the rest goes to another.
    fn arrive_partly(&mut self, back: Back<B>, rest: Packet<A>, cx: &mut Cycle, site: &Site) {
        let Back { packet, of, remarks, .. } = back;
        let missed = packet.slip.ticket.is_some_and(|ticket| self.meet.misses(ticket));
        if let Some(remarks) = remarks {
            self.note(*remarks, missed, cx);
        }
        if missed {
            cx.ledger.hold(&site.counts, packet.items.len() as i64 - of as i64);
            let before = self.halves.iter().position(|half| half.slip.ticket == packet.slip.ticket);
            let packet = match before {
                Some(at) => joined(self.halves.swap_remove(at), packet),
                None => packet,
            };
            self.halves.push(packet);
            // It is sent on when the worker is known to have gone.
            self.came.push_front(Came::Quit(vec![rest]));
        }
    }

    /// Takes the workers out that have quit, and gives what was on the way to them to the others.
    fn quit(&mut self, packets: Vec<Packet<A>>, cx: &mut Cycle, site: &Site) {
        let mut left = packets;
        let before = self.members.len();
        for list in [&mut self.members, &mut self.leaving] {
            while let Some(at) = list.iter().position(|member| !member.is_staffed()) {
                let mut member = list.remove(at);
                let held = member.home.chain_mut().first().map_or(0, |knot| knot.held());
                cx.ledger.hold(&site.counts, -held);
                cx.failed(&site.counts, held.unsigned_abs());
                while let Some(message) = member.line.pop() {
                    match message {
                        Message::Packet(packet) => left.push(packet),
                        Message::Mark(mark) => self.meet.mark_out(mark),
                    }
                }
            }
        }
        if let Some(shop) = &self.shop {
            (self.members.len()..before).for_each(|_| shop.lose());
        }
        if self.members.is_empty() {
            let broken = cx.broken.iter_mut().filter(|broken| broken.id == site.id && broken.harm == Harm::Part);
            broken.for_each(|broken| broken.harm = Harm::Poison);
            if !cx.is_broken(site.id) {
                cx.broke(site);
            }
            cx.used_up = true;
        }
        for packet in left {
            if self.members.is_empty() {
                self.turn_away(packet, cx, site);
                continue;
            }
            let to = self.members.iter().enumerate().min_by_key(|(_, member)| member.load()).map_or(0, |(at, _)| at);
            self.send(to, packet, cx, site);
        }
    }

    /// Fails what waits where nobody is left to work.
    fn turn_away(&mut self, packet: Packet<A>, cx: &mut Cycle, site: &Site) {
        let Packet { mut slip, items } = packet;
        let mut items = items.into_vec();
        let count = items.len();
        cx.within(&mut slip, |cx| {
            cx.settle(site, 0, count, -(count as i64));
            cx.turn_away(&mut items, 0, site);
        });
        let packet = Packet { slip, items: crate::packet::Items::new() };
        self.arrive(Back::home(packet, 0), cx, site);
    }

    /// Whether the edit of `revision` changes something inside.
    fn is_concerned(&self, revision: u64, site: &Site, travels: &mut Travels) -> bool {
        let inside = |way: &Way| way.iter().any(|spot| spot.id == site.id);
        !self.workers
            && travels.of(revision).is_some_and(|travel| {
                travel.drains.iter().any(inside) || travel.acts.iter().any(|(way, _)| inside(way))
            })
    }
}

/// What became of a packet under two workers.
fn joined<B>(half: Packet<B>, rest: Packet<B>) -> Packet<B> {
    let Packet { mut slip, mut items } = half;
    slip.failures.extend(rest.slip.failures);
    if let (Some(whole), Some(part)) = (&mut slip.trace, rest.slip.trace) {
        whole.append(part);
    }
    items.extend(rest.items);
    Packet { slip: Slip { ticket: rest.slip.ticket, ..slip }, items }
}

impl<A: Send + 'static, B: Send + 'static> Wait for Crew<A, B> {
    fn is_idle(&mut self) -> bool {
        let members = self.members.iter_mut().chain(&mut self.leaving);
        self.meet.is_empty() && self.came.is_empty() && members.into_iter().all(|member| member.is_idle())
    }

    fn lingers(&mut self) -> bool {
        !self.is_idle() || self.members.iter_mut().any(|member| member.lingers())
    }

    fn has_room(&mut self) -> bool {
        self.meet.weight() < self.stock.capacity
    }

    fn capacity(&mut self) -> usize {
        self.stock.capacity
    }

    fn mark(&mut self, mark: Mark, _: &mut Cycle, site: &Site, travels: &mut Travels) {
        let slots = (0..self.members.len() as u32).collect();
        let entry = self.meet.mark(mark, slots);
        let concerned = match mark {
            Mark::Edit(revision) => self.is_concerned(revision, site, travels),
            Mark::Flush(_) | Mark::Left(_) => self.members.iter().any(|member| member.flows()),
            Mark::Leave(_) | Mark::End => true,
        };
        if concerned {
            for member in &mut self.members {
                self.meet.expect(entry);
                member.line.push(Message::Mark(mark));
            }
        }
        self.meet.sent(entry);
    }

    fn head_edit(&self) -> Option<u64> {
        self.meet.head_edit()
    }

    fn pass_edit(&mut self) {
        self.meet.pop();
    }

    fn is_weightless(&self) -> bool {
        self.meet.is_weightless()
    }

    fn evict(&mut self, eviction: &mut Eviction, cx: &mut Cycle, site: &Site) {
        let end = self.meet.find(|mark| eviction.ends_at(mark));
        let takes = eviction.takes(end.map(|(_, mark)| mark));
        let reach = eviction.reach;
        for member in self.members.iter_mut().chain(&mut self.leaving) {
            if takes {
                member.give_up(end.map_or(u64::MAX, |(entry, _)| entry), eviction, cx, site, &mut self.came);
            }
            eviction.reach = reach;
            member.evict_home(eviction, cx, site);
        }
        eviction.reach = reach;
        self.see_to(cx, site);
        self.meet.evict(eviction, cx, site);
    }

    fn flush(&mut self) -> bool {
        let mut any = false;
        for member in &mut self.members {
            // What is lent is not known to be flushed before it is back.
            let lent = member.home.is_lent() && member.flows();
            if (!lent || member.come_home()) && !member.home.is_lent() {
                any |= lent | member.home.flush();
            }
        }
        any
    }

    fn loosen(&mut self, loose: bool) {
        self.meet.set_order(match (loose, self.unordered) {
            (true, _) => Order::Loose,
            (false, true) => Order::Free,
            (false, false) => Order::Kept,
        });
    }
}

impl<A: Send + 'static, B: Send + 'static> Flow<B> for Crew<A, B> {
    fn drive(&mut self, cx: &mut Cycle, site: &Site, turn: &mut Turn<'_, '_>) {
        loop {
            for member in self.members.iter_mut().chain(&mut self.leaving) {
                member.drive(cx, site, turn, &mut self.came);
            }
            if !self.leaving.is_empty() {
                self.let_go(cx, site);
            }
            if self.came.is_empty() {
                break;
            }
            self.see_to(cx, site);
        }
    }

    fn pop(&mut self, cx: &mut Cycle, site: &Site, _: &mut Travels) -> Option<Message<B>> {
        if self.meet.head_edit().is_some() {
            return None;
        }
        let message = self.meet.pop()?;
        if let Message::Packet(packet) = &message {
            let items = packet.items.len();
            cx.settle(site, 0, items, -(items as i64));
            self.show();
        }
        Some(message)
    }
}
