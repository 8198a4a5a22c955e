//! What a thread has in hand of a packet of many items: where the pipeline can get at it.
//!
//! A thread takes a few items at a time from its desk, and lays on it what it has made of those before. So when it is stuck,
//! all can be had but for the few: what is done goes on, and what is not begun can be given back.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::failure::Failure;
use crate::ledger::Note;
use crate::packet::{Items, Ticket};

/// The most items that a thread takes at a time: two microseconds' worth of them, as the last packet went, but one at least.
pub(super) const FEW: usize = 128;

/// See the module's documentation.
pub(super) struct Desk<A, B>(Mutex<Option<Hand<A, B>>>);

/// A packet in work.
pub(super) struct Hand<A, B> {
    pub(super) ticket: Option<Ticket>,
    /// What is not begun.
    pub(super) rest: VecDeque<A>,
    /// How many items are done.
    pub(super) done: usize,
    pub(super) made: Vec<B>,
    pub(super) notes: Vec<Note>,
    pub(super) failures: Vec<Failure>,
}

impl<A, B> Desk<A, B> {
    pub(super) fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Hand<A, B>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins with a packet.
    pub(super) fn lay(&self, ticket: Option<Ticket>, items: Items<A>) {
        let rest = items.into_vec().into();
        let hand = Hand { ticket, rest, done: 0, made: Vec::new(), notes: Vec::new(), failures: Vec::new() };
        *self.lock() = Some(hand);
    }

    /// Lays down what was made of so many items, and takes at most `most` new ones; none where that is all, or the packet was
    /// taken away.
    pub(super) fn exchange(
        &self,
        most: usize,
        taken: &mut VecDeque<A>,
        done: usize,
        made: &mut Vec<B>,
        notes: Vec<Note>,
        failures: &mut Vec<Failure>,
    ) {
        let mut hand = self.lock();
        let Some(hand) = hand.as_mut() else { return };
        hand.done += done;
        hand.made.append(made);
        hand.notes.extend(notes);
        hand.failures.append(failures);
        taken.extend(hand.rest.drain(..most.min(hand.rest.len())));
    }

    /// Ends with a packet; nothing where it was taken away.
    pub(super) fn clear(&self) -> Option<Hand<A, B>> {
        self.lock().take()
    }

    /// Takes the packet away if its entry is in front of `end`.
    pub(super) fn take_away(&self, end: u64) -> Option<Hand<A, B>> {
        self.lock().take_if(|hand| hand.ticket.is_some_and(|ticket| ticket.entry < end))
    }
}
