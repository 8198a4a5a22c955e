//! Giving up what is inside a member: what waits, what is on the way to its thread, and what that has in hand.

use std::collections::VecDeque;

use super::{Back, Came, Member, Sent};
use crate::crew::desk::Hand;
use crate::crew::post::{Parcel, Post, Report};
use crate::crew::room::Remarks;
use crate::cycle::{Cycle, Site};
use crate::knot::{Eviction, HowFar, Wait};
use crate::packet::{Items, Message, Packet, Slip};

impl<A: Send + 'static, B: Send + 'static> Member<A, B> {
    /// Gives up what is in front of the entry `end`. What a thread has in hand cannot be had from it: it is given up without
    /// the item, and what the thread makes of it later is let go of.
    pub(in crate::crew) fn give_up(
        &mut self,
        end: u64,
        eviction: &Eviction,
        cx: &mut Cycle,
        site: &Site,
        came: &mut VecDeque<Came<A, B>>,
    ) {
        let (mut given_up, mut stays) = (Vec::new(), Vec::new());
        let waiting = std::mem::take(&mut self.line);
        let back = self.seize().into_iter().map(Message::Packet);
        // It may have been on its way home.
        self.collect(None, came);
        came.extend(self.said.take().map(Came::Said));
        for message in back.chain(waiting.into_iter()) {
            match message {
                Message::Packet(packet) if packet.slip.ticket.is_some_and(|ticket| ticket.entry < end) => {
                    given_up.push(packet);
                }
                message => stays.push(message),
            }
        }
        self.forsake(end, eviction, cx, site, came);
        for mut packet in given_up {
            let items = packet.items.len();
            eviction.empty(&mut packet, HowFar::Waiting, cx, site);
            let out = items - packet.items.len();
            cx.settle(site, 0, out, -(out as i64));
            if packet.items.is_empty() {
                came.push_back(empty(packet.slip));
            } else {
                self.line.push(Message::Packet(packet));
            }
        }
        stays.into_iter().for_each(|message| self.line.push(message));
        self.show();
    }

    /// Gives up what is inside the chain, where that is at home.
    pub(in crate::crew) fn evict_home(&mut self, eviction: &mut Eviction, cx: &mut Cycle, site: &Site) {
        if !self.home.is_lent() {
            self.home.evict(eviction, cx, site);
        }
    }

    /// Takes back what is on the way to the thread.
    pub(super) fn take_back(&mut self) -> Vec<Packet<A>> {
        let parcels = self.post.iter().flat_map(Post::take_back).collect();
        self.unpack(parcels)
    }

    /// The same; where boundaries are inside, the chain comes home as well, unless the thread is in a stage: so what waits in
    /// these can be given up there.
    fn seize(&mut self) -> Vec<Packet<A>> {
        let flows = self.flows && self.home.is_lent();
        match self.post.as_ref().filter(|_| flows).and_then(Post::seize) {
            None => self.take_back(),
            Some((room, parcels)) => {
                let packets = self.unpack(parcels);
                self.restore(room);
                packets
            }
        }
    }

    fn unpack(&mut self, parcels: Vec<Parcel<A, B>>) -> Vec<Packet<A>> {
        let (mut packets, mut strays) = (Vec::new(), false);
        for parcel in parcels {
            match parcel {
                Parcel::Packet(packet) => {
                    self.unsend(packet.slip.ticket);
                    packets.push(packet);
                }
                Parcel::Room(room) => {
                    self.restore(room);
                    strays = true;
                }
                Parcel::Recall => {
                    self.recalled = false;
                    self.post.iter().for_each(|post| post.watch.set_recalled(false));
                }
            }
        }
        // The thread may have come to the packets behind the chain meanwhile. It can do nothing but give them back.
        while strays && !self.inside.is_empty() {
            let Some(Report::Stray(packet)) = self.post.as_ref().and_then(|post| post.wait()) else { break };
            self.unsend(packet.slip.ticket);
            packets.push(packet);
        }
        if strays {
            packets.sort_by_key(|packet| packet.slip.ticket.map(|ticket| (ticket.entry, ticket.part)));
        }
        packets
    }

    /// Waits no longer for what the thread has in hand.
    fn forsake(&mut self, end: u64, eviction: &Eviction, cx: &mut Cycle, site: &Site, came: &mut VecDeque<Came<A, B>>) {
        if !self.home.is_lent() {
            return;
        }
        let (old, stays): (VecDeque<_>, _) =
            std::mem::take(&mut self.inside).into_iter().partition(|sent| sent.ticket.entry < end);
        self.inside = stays;
        let mut hand = self.post.as_ref().and_then(|post| post.desk.take_away(end));
        for sent in old {
            self.weight -= sent.items;
            let hand = hand.take_if(|hand| hand.ticket == Some(sent.ticket));
            came.push_back(Came::Packet(abandoned(&sent, hand, eviction, cx, site)));
            self.forsaken = true;
        }
        if self.forsaken
            && let Some(post) = &self.post
        {
            post.watch.forsake();
        }
        if self.forsaken
            && !self.recalled
            && let Some(post) = &self.post
        {
            self.recalled = post.recall();
        }
    }
}

/// What becomes of a packet that a thread has in hand: what is done goes on, what is not begun is given up as what waits is,
/// and what the thread works on without the item.
fn abandoned<A: Send + 'static, B: Send + 'static>(
    sent: &Sent,
    hand: Option<Hand<A, B>>,
    eviction: &Eviction,
    cx: &mut Cycle,
    site: &Site,
) -> Back<B> {
    let Sent { ticket, number, revision, each, .. } = *sent;
    let mut slip = Slip { number, revision, each, ticket: Some(ticket), ..Slip::default() };
    let (mut rest, mut done, mut items, mut remarks) = (Items::new(), 0, Items::new(), None);
    if let Some(Hand { rest: left, done: through, made, notes, failures, .. }) = hand {
        (rest, done, items) = (left.into_iter().collect(), through, made.into_iter().collect());
        slip.failures = failures;
        remarks = Some(Box::new(Remarks::of(notes)));
    }
    let works = sent.items.saturating_sub(rest.len() + done);
    let passed = |slip: &mut Slip, items: usize| slip.number += if each { items as u64 } else { 0 };
    passed(&mut slip, done);
    for _ in 0..works {
        cx.within(&mut slip, |cx| {
            cx.settle(site, 0, 1, -1);
            eviction.give_up::<A>(None, HowFar::Begun, cx, site);
        });
        passed(&mut slip, 1);
    }
    for item in rest {
        cx.within(&mut slip, |cx| {
            cx.settle(site, 0, 1, -1);
            eviction.give_up(Some(item), HowFar::Waiting, cx, site);
        });
        passed(&mut slip, 1);
    }
    Back { packet: Packet { slip: Slip { number, ..slip }, items }, of: done, remarks, raw: true }
}

/// A packet of which nothing is left.
fn empty<A, B>(slip: Slip) -> Came<A, B> {
    Came::Packet(Back::home(Packet { slip, items: Items::new() }, 0))
}
