//! Items that wait: the recorder lets go of one half-way, and takes it in hand again when it goes on.
//!
//! Meanwhile it has others in hand, and edits are applied. What is parked has to be closed with the places of its own
//! revision: see `epochs.rs`. A recording that begins while items wait does not know their ways from the start, and does
//! not take them in hand.

use std::mem;
use std::sync::{Arc, Mutex, Weak};

use super::Recorder;
use super::hand::Hand;
use crate::trace::Log;

/// The way so far of an item that waits.
pub(crate) struct Parked {
    hand: Hand,
    /// The recording's.
    log: Weak<Mutex<Log>>,
}
impl Recorder {
    /// Lets go of the item in hand: what there is of its way, if it is recorded. Nothing is in hand then.
    pub(crate) fn park(&mut self) -> Option<Box<Parked>> {
        let hand = mem::take(&mut self.hand);
        hand.wanted.then(|| Box::new(Parked { hand, log: Arc::downgrade(&self.log) }))
    }

    /// Whether there is an item in hand that is recorded.
    pub(crate) fn wants(&self) -> bool {
        self.hand.wanted
    }

    /// Takes an item in hand again, instead of what is there; it goes on the general way.
    pub(crate) fn unpark(&mut self, parked: Option<Box<Parked>>) {
        let own = parked.filter(|parked| parked.log.as_ptr() == Arc::as_ptr(&self.log));
        self.hand = own.map(|parked| parked.hand).unwrap_or_default();
    }
}
impl Parked {
    /// The beginning of what a part of the item's outputs does from here on, by itself. The parts are put together by
    /// [`append`](Self::append).
    pub(crate) fn part(&self) -> Box<Self> {
        let Hand { wanted, named, depth, target, .. } = self.hand;
        Box::new(Self { hand: Hand { wanted, named, depth, target, ..Hand::default() }, log: Weak::clone(&self.log) })
    }

    /// Puts behind this what a part has done, as if it had been done here.
    #[expect(clippy::boxed_local, reason = "it comes as `Recorder::park` gives it")]
    pub(crate) fn append(&mut self, part: Box<Self>) {
        let (hand, part) = (&mut self.hand, part.hand);
        part.marks.into_iter().for_each(|mark| hand.mark(mark));
        hand.tokens.extend(part.tokens);
        hand.losses.extend(part.losses);
        hand.reasons.extend(part.reasons);
        hand.stopped = part.stopped.or(hand.stopped);
        (hand.depth, hand.target) = (part.depth, part.target);
    }

    /// The item waits at the end of a switch's target, or of a pipeline inside another, and comes out of it.
    pub(crate) fn leave(&mut self) {
        self.hand.leave();
    }
}
