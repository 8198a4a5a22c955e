//! The packet in hand: how it is put down at a boundary and taken up again.
//!
//! While tasks run a pipeline, packets of many cycles are inside. What a [`Cycle`] says of number, revision, failures and
//! trace is then said of the one packet that is in hand. Work on packets is bracketed by [`Cycle::begin`] and
//! [`Cycle::end`], between which the ledger is open.

use std::any::Any;

use super::{Broken, Cycle, Site};
use crate::error::said;
use crate::failure::Failure;
use crate::packet::{Items, Missing, Packet, Slip};
use crate::roster::Does;
use crate::stage::{BoxError, Fault};

impl Cycle {
    /// Begins with work on packets, in which `items` are accepted. Gives what [`end`](Cycle::end) needs.
    pub(crate) fn begin(&mut self, items: u64) -> (u64, u64) {
        self.items = items;
        self.open();
        (self.number, self.revision)
    }

    /// Ends the work on packets; `delivered` outputs were handed out meanwhile.
    pub(crate) fn end(&mut self, (number, revision): (u64, u64), delivered: u64) {
        (self.number, self.revision) = (number, revision);
        self.ledger.deliver(delivered);
        self.ledger.close();
        self.number += self.items;
        self.rest();
    }

    /// Outputs are handed out.
    pub(crate) fn hand_out(&mut self, outputs: u64) {
        let before = self.begin(0);
        self.end(before, outputs);
    }

    /// Whether the packet in hand goes on even when nothing is in it.
    pub(crate) fn is_missed(&self) -> bool {
        self.flowing
            && (self.ticket.is_some()
                || !self.failures.is_empty()
                || self.trace.as_ref().is_some_and(|trace| trace.wants()))
    }

    /// The packet in hand has come past a stage.
    pub(crate) fn pass(&mut self) {
        if let Some(ticket) = &mut self.ticket {
            ticket.passed = true;
        }
    }

    /// Puts the packet in hand down.
    pub(crate) fn put_down(&mut self) -> Slip {
        Slip {
            number: self.number,
            revision: self.revision,
            each: std::mem::take(&mut self.each),
            ticket: self.ticket.take(),
            failures: std::mem::take(&mut self.failures),
            trace: self.trace.as_mut().and_then(|trace| trace.park()),
        }
    }

    /// Takes a packet in hand.
    pub(crate) fn take_up(&mut self, slip: Slip) {
        let Slip { number, revision, each, ticket, failures, trace } = slip;
        (self.number, self.revision, self.each, self.ticket) = (number, revision, each, ticket);
        self.failures = failures;
        if let Some(recorder) = &mut self.trace {
            recorder.unpark(trace);
        }
    }

    /// Takes a packet in hand that goes on, and gives its items.
    pub(crate) fn go_on_with<T>(&mut self, packet: Packet<T>) -> Items<T> {
        let Packet { slip, items } = packet;
        if let Some(watch) = &self.watch {
            watch.say(Does::Works(slip.number, if slip.each { items.len() } else { 1 }));
        }
        self.take_up(slip);
        items
    }

    /// Has nothing in hand: what follows is of no cycle, under the present revision.
    pub(crate) fn put_nothing(&mut self, number: u64, revision: u64) {
        self.take_up(Slip { number, revision, ..Slip::default() });
    }

    /// Whether a boundary took the packet in hand; forgets it.
    pub(crate) fn is_parked(&mut self) -> bool {
        std::mem::take(&mut self.parked)
    }

    /// Does something to a packet that waits, as if it were in hand.
    pub(crate) fn within<R>(&mut self, slip: &mut Slip, work: impl FnOnce(&mut Self) -> R) -> R {
        let hand = self.put_down();
        self.take_up(std::mem::take(slip));
        let result = work(self);
        *slip = self.put_down();
        self.take_up(hand);
        result
    }

    /// Something failed that no item is counted for.
    #[cold]
    pub(crate) fn report(&mut self, site: &Site, item: Option<Box<dyn Any + Send>>, error: BoxError) {
        let fault = Fault { error, item: item.unwrap_or_else(|| Box::new(())) };
        let place = (self.number, self.revision, self.level);
        self.failures.push(Failure::new(site.id, &site.name, place, fault));
    }

    /// A stage has panicked on so many items, which are lost; in front of them so many have gone on.
    #[cold]
    pub(crate) fn panicked_on(&mut self, site: &Site, items: u64, at: usize, panic: &(dyn Any + Send)) {
        self.failed(&site.counts, items);
        if self.tells {
            let number = if self.each { Missing::of(self.number, &self.failures).cycle_of(at) } else { self.number };
            let place = (number, self.revision, self.level);
            let failure = |_| Failure::new(site.id, &site.name, place, panicked(panic));
            self.failures.extend((0..items).map(failure));
        }
    }

    /// Says of the item in hand, which is counted and took the quick way, that the last stage to panic did so on it.
    #[cold]
    pub(crate) fn report_broken(&mut self, panic: &(dyn Any + Send)) {
        let Some(Broken { id, path, .. }) = self.broken.last() else { return };
        let Some(name) = path.names().last() else { return };
        let mut failure = Failure::new(*id, name, (self.number, self.revision, self.level), panicked(panic));
        failure.place(path.clone());
        self.failures.push(failure);
    }

    /// An item has failed, but is to be sent another way, if there is one.
    #[cold]
    pub(crate) fn send_again(&mut self, site: &Site, item: Box<dyn Any + Send>, error: BoxError) {
        self.faults.add_boxed(item, error);
        self.settle(site, 1, 0, 0);
        if let Some(failure) = self.failures.last_mut() {
            failure.send_again();
        }
    }

    /// What was to be sent another way cannot be, or not any more.
    pub(crate) fn settle_again(&mut self) {
        self.failures.iter_mut().for_each(Failure::stay);
    }

    /// Work inside a pipeline or switch that is not under way by a call of it.
    pub(crate) fn deeper<R>(&mut self, work: impl FnOnce(&mut Self) -> R) -> R {
        self.level += 1;
        let result = work(self);
        self.level -= 1;
        result
    }
}

/// What there is to say of an item that a stage panicked on.
fn panicked(panic: &(dyn Any + Send)) -> Fault {
    let text = said(panic).unwrap_or("something that is no text");
    Fault { error: format!("the stage panicked on it: {text}").into(), item: Box::new(()) }
}
