//! Giving up what waits inside: of what an edit left, when its deadline has come, or of all, at an abrupt end.
//!
//! Packets stay where they are, as empty ones with failures, so that they come out in order and nobody waits for them in
//! vain.

use crate::cycle::{Cycle, Site};
use crate::in_flight::Late;
use crate::name::Type;
use crate::packet::{Line, Mark, Packet};
use crate::stage::BoxError;

/// What is given up, and how.
pub(crate) struct Eviction {
    /// The edit that left it; none where the whole pipeline ends.
    pub(crate) revision: Option<u64>,
    pub(crate) late: Late,
    /// Whether that goes for what is done, too, and could not go on.
    pub(crate) done: bool,
    /// Whether this is inside of what is given up, and behind the mark that says so (or there is none).
    pub(crate) reach: Reach,
}

/// How far inside of what is given up a walk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Not inside of anything that is given up.
    Outside,
    /// Inside, and the mark behind which everything stays may be further on.
    Seeking,
    /// Inside, and everything goes.
    All,
}

/// How far an item has come at the place where it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HowFar {
    Waiting,
    Begun,
    Done,
}

impl Eviction {
    /// Why an item is given up.
    fn reason(&self, how_far: HowFar) -> String {
        let was = match how_far {
            HowFar::Waiting => "still waiting",
            HowFar::Begun => "still in work",
            HowFar::Done => "done, and waited for what is behind",
        };
        match self.revision {
            None => format!("the pipeline was ended with the item inside: it was {was}"),
            Some(_) => format!("the edit left the item behind: it was {was} at the deadline"),
        }
    }

    /// Gives up one item that waits: where it can be had it is handed back, or sent again if no stage has begun with it (or
    /// has kept a clone).
    pub(crate) fn give_up<T: Send + 'static>(&self, item: Option<T>, how_far: HowFar, cx: &mut Cycle, site: &Site) {
        let error = || -> BoxError { self.reason(how_far).into() };
        match (self.late, item) {
            (Late::Drop, _) => {}
            (_, None) => cx.faults.add((), error()),
            (Late::Resend, Some(item)) if how_far != HowFar::Done => {
                return cx.send_again(site, Box::new(item), error());
            }
            (Late::Fail | Late::Resend, Some(item)) => cx.faults.add(item, error()),
        }
        cx.settle(site, 1, 0, 0);
    }

    /// Gives up what is in a packet.
    pub(crate) fn empty<T: Send + 'static>(
        &self,
        packet: &mut Packet<T>,
        how_far: HowFar,
        cx: &mut Cycle,
        site: &Site,
    ) {
        // What comes out of a sink has nothing in it that could be given up.
        if Type::of::<T>() == Type::of::<()>() {
            return;
        }
        let Packet { slip, items } = packet;
        cx.within(slip, |cx| {
            let number = cx.number;
            for item in items.drain(..) {
                self.give_up(Some(item), how_far, cx, site);
                cx.number += u64::from(cx.each);
            }
            cx.number = number;
        });
    }

    /// Gives up what is in a queue, as far as it has to be.
    pub(crate) fn empty_line<T: Send + 'static>(
        &mut self,
        line: &mut Line<T>,
        how_far: HowFar,
        cx: &mut Cycle,
        site: &Site,
    ) {
        let end = line.find(|mark| self.ends_at(mark));
        if self.takes(end) && (self.done || how_far != HowFar::Done) {
            line.before(end).for_each(|packet| self.empty(packet, how_far, cx, site));
            line.reweigh();
        }
    }

    /// Whether `mark` is the one in front of which everything goes.
    pub(crate) fn ends_at(&self, mark: Mark) -> bool {
        let (Mark::Left(of) | Mark::Leave(of) | Mark::Edit(of)) = mark else { return false };
        self.revision == Some(of)
    }

    /// Whether a queue has to give up what is in it, or in front of the mark in it, if that was `found` there. What is in
    /// front of the mark of an edit holds it up; behind that queue, everything is older.
    pub(crate) fn takes(&mut self, found: Option<Mark>) -> bool {
        match (self.reach, found) {
            (Reach::All, _) | (_, Some(Mark::Edit(_))) => true,
            (Reach::Seeking, Some(_)) => {
                self.reach = Reach::All;
                true
            }
            (Reach::Seeking | Reach::Outside, _) => false,
        }
    }
}
