//! A sink as the chain sees it.

use futures::Sink;

use super::Outflow;
use crate::cycle::{Cycle, Site};
use crate::knot::{Eviction, HowFar, Travels, Wait};
use crate::packet::{Mark, Message};

impl<S, T, E> Wait for Outflow<S, T, E>
where
    S: Sink<T, Error = E> + Send + 'static,
    T: Send + 'static,
    E: 'static,
{
    fn is_idle(&mut self) -> bool {
        self.has_nothing() && self.flushing.is_empty() && self.flushed.is_empty() && !self.owes
    }

    fn lingers(&mut self) -> bool {
        self.dirty || !self.is_idle()
    }

    fn has_room(&mut self) -> bool {
        self.is_ready() && self.has_nothing()
    }

    fn passes(&mut self) -> bool {
        true
    }

    fn capacity(&mut self) -> usize {
        1
    }

    fn mark(&mut self, mark: Mark, _: &mut Cycle, _: &Site, _: &mut Travels) {
        self.calm = false;
        self.line.push(Message::Mark(mark));
    }

    fn head_edit(&self) -> Option<u64> {
        match self.done {
            Some(Message::Mark(Mark::Edit(revision))) if self.report.is_none() => Some(revision),
            None if self.sending.is_none() => self.line.head_edit(),
            _ => None,
        }
    }

    fn pass_edit(&mut self) {
        if self.done.take().is_none() {
            self.line.pop();
        }
    }

    fn is_weightless(&self) -> bool {
        let empty = |done: &Message<()>| {
            matches!(done, Message::Mark(_)) || matches!(done, Message::Packet(packet) if packet.items.is_empty())
        };
        self.report.is_some() || !self.flushed.is_empty() || self.done.as_ref().is_some_and(empty)
    }

    fn flush(&mut self) -> bool {
        self.dirty && !std::mem::replace(&mut self.owes, true)
    }

    fn evict(&mut self, eviction: &mut Eviction, cx: &mut Cycle, site: &Site) {
        let flushing = self.flushing.iter().copied().find(|mark| eviction.ends_at(*mark));
        let end = flushing.or_else(|| self.line.find(|mark| eviction.ends_at(mark)));
        if !eviction.takes(end) {
            return;
        }
        if flushing.is_some() {
            // What waits here came behind it.
            self.flushed.append(&mut self.flushing);
            return;
        }
        let packets = self.line.before(end);
        for packet in packets.chain(self.sending.iter_mut().map(|(packet, _)| packet)) {
            cx.within(&mut packet.slip, |cx| {
                for item in packet.items.drain(..) {
                    cx.settle(site, 0, 1, -1);
                    eviction.give_up(Some(item), HowFar::Waiting, cx, site);
                }
            });
        }
        self.line.reweigh();
        // What it has is not waited for.
        (self.dirty, self.owes) = (false, false);
        self.flushed.append(&mut self.flushing);
    }
}
