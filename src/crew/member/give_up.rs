//! Giving up what is inside a member: what waits, what is on the way to its thread, and what that has in hand.

use std::collections::VecDeque;

use super::{Back, Came, Member};
use crate::crew::post::Parcel;
use crate::cycle::{Cycle, Site};
use crate::knot::{Eviction, HowFar, Wait};
use crate::packet::{Items, Message, Packet, Slip};

impl<A: Send + 'static, B: Send + 'static> Member<A, B> {
    /// See [`Wait::evict`]. What a thread has in hand cannot be had from it: it is given up without the item, and what the
    /// thread makes of it later is let go of.
    pub(crate) fn evict(&mut self, eviction: &mut Eviction, cx: &mut Cycle, site: &Site, came: &mut VecDeque<Came<A, B>>) {
        let end = self.line.find(|mark| eviction.ends_at(mark));
        if eviction.takes(end) {
            let mut given_up = self.take_back();
            let mut stays = VecDeque::new();
            let mut in_front = true;
            while let Some(message) = self.line.pop() {
                match message {
                    Message::Packet(packet) if in_front => given_up.push(packet),
                    message => {
                        in_front &= !matches!(&message, Message::Mark(mark) if Some(*mark) == end);
                        stays.push_back(message);
                    }
                }
            }
            stays.into_iter().for_each(|message| self.line.push(message));
            self.forsake(eviction, cx, site, came);
            let mut kept = Vec::new();
            for mut packet in given_up {
                let items = packet.items.len();
                eviction.empty(&mut packet, HowFar::Waiting, cx, site);
                let out = items - packet.items.len();
                cx.settle(site, 0, out, -(out as i64));
                if packet.items.is_empty() {
                    came.push_back(empty(packet.slip));
                } else {
                    kept.push(packet);
                }
            }
            kept.into_iter().rev().for_each(|packet| self.line.put_back(Message::Packet(packet)));
        }
        if !self.home.is_lent() {
            self.home.evict(eviction, cx, site);
        }
        self.show();
    }

    /// Takes back what is on the way to the thread.
    fn take_back(&mut self) -> Vec<Packet<A>> {
        let mut packets = Vec::new();
        while let Some(parcel) = self.post.as_ref().and_then(|post| post.take_back()) {
            match parcel {
                Parcel::Packet(packet) => {
                    self.unsend(packet.slip.ticket);
                    packets.push(packet);
                }
                Parcel::Room(room) => self.restore(room),
                Parcel::Recall => self.recalled = false,
            }
        }
        packets
    }

    /// Waits no longer for what the thread has in hand.
    fn forsake(&mut self, eviction: &Eviction, cx: &mut Cycle, site: &Site, came: &mut VecDeque<Came<A, B>>) {
        if !self.home.is_lent() {
            return;
        }
        for sent in std::mem::take(&mut self.inside) {
            let mut slip = Slip {
                number: sent.number,
                revision: sent.revision,
                ticket: Some(sent.ticket),
                ..Slip::default()
            };
            cx.within(&mut slip, |cx| {
                for _ in 0..sent.items {
                    cx.settle(site, 0, 1, -1);
                    eviction.give_up::<A>(None, HowFar::Begun, cx, site);
                }
            });
            came.push_back(empty(slip));
            self.forsaken = true;
        }
        self.weight = 0;
        if self.forsaken
            && !self.recalled
            && let Some(post) = &self.post
        {
            self.recalled = post.send(Parcel::Recall).is_ok();
        }
    }
}

/// A packet of which nothing is left.
fn empty<A, B>(slip: Slip) -> Came<A, B> {
    Came::Packet(Back { packet: Packet { slip, items: Items::new() }, of: 0, remarks: None, raw: false })
}
