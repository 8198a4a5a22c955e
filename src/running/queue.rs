//! The queue between an end of a spawned pipeline and its conductor: bounded in items, filled and emptied in bulk.
//!
//! Everything is behind one lock, which is held while items are moved and for nothing else; the taker takes all that is
//! there at once. So what a hop costs is shared by all items that are there. Who has to wait is registered under the same
//! lock as the look that found nothing to do, so no wake is missed; wakers are called when it is let go.
//!
//! It is none of a crate's, as the lanes between threads are, because it hands over whole vectors, counts what the taker has in
//! hand as inside, gives back what is left with the reason, and lets its fill be seen. A channel of single items costs more
//! (`benches/threads/hop.rs`: two of these with a pipeline in between, beside two of the best channel), and one of vectors
//! would make every sender wait for its own batch to fill.
//!
//! *Bounded*: what the taker has in hand counts as in the queue, so that never more than the capacity is between the two
//! sides. *Fair*: feeders that wait for room stand in line and are woken one at a time; whoever leaves the line wakes the
//! next if there is still room, also when it gives up. A feeder that runs may be quicker than the one that is being woken,
//! which keeps its place then.

#[cfg(loom)]
use loom::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
use std::sync::{Mutex, MutexGuard};

use std::collections::VecDeque;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::error::Closed;
use crate::roster::Gauge;

/// Why an item did not go into a queue.
pub(super) enum Refused {
    Full,
    Closed(Closed),
}

struct Queue<T> {
    state: Mutex<State<T>>,
    capacity: usize,
}

struct State<T> {
    /// First to last.
    items: Vec<T>,
    /// Items that the taker has in hand.
    lent: usize,
    /// Items that were ever put in.
    put: u64,
    feeders: usize,
    /// Why nothing is taken in any more.
    closed: Option<Closed>,
    /// The taker, while it waits for items.
    taker: Option<Waker>,
    /// Those who wait for room, each by its ticket; one that was woken has no waker here.
    line: VecDeque<(u64, Option<Waker>)>,
    /// The next ticket.
    ticket: u64,
}

impl<T> State<T> {
    /// Gives all that is there to the taker, which is done with the first `done` of that; whether that was anything, and
    /// whether nothing more will come.
    fn give(&mut self, hand: &mut Vec<T>, done: usize) -> (bool, bool) {
        let any = !self.items.is_empty();
        std::mem::swap(hand, &mut self.items);
        self.lent = hand.len().saturating_sub(done);
        (any, self.feeders == 0 || self.closed.is_some())
    }
}

impl<T: Send> Gauge for Queue<T> {
    fn fill(&self) -> (usize, usize) {
        let state = self.lock();
        (state.items.len() + state.lent, self.capacity)
    }
}

impl<T> Queue<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn room(&self, state: &State<T>) -> usize {
        self.capacity.saturating_sub(state.items.len() + state.lent)
    }

    /// All who wait are told.
    fn close(&self, why: Closed) {
        let mut state = self.lock();
        state.closed.get_or_insert(why);
        let mut told: Vec<Waker> = state.line.drain(..).filter_map(|(_, waker)| waker).collect();
        told.extend(state.taker.take());
        drop(state);
        told.into_iter().for_each(Waker::wake);
    }

    /// Lets the lock go, and wakes the first in the line if it can go on, and `other`.
    fn let_go(&self, mut state: MutexGuard<'_, State<T>>, other: Option<Waker>) {
        let goes_on = !state.line.is_empty() && (self.room(&state) > 0 || state.closed.is_some());
        let next = state.line.front_mut().filter(|_| goes_on).and_then(|(_, waker)| waker.take());
        drop(state);
        for waker in next.into_iter().chain(other) {
            waker.wake();
        }
    }
}

/// A queue for `capacity` items, one at least.
/// Why nothing goes in when the taker is dropped is `gone`.
pub(super) fn queue<T>(capacity: usize, gone: Closed) -> (Feeder<T>, Taker<T>) {
    let state = State {
        items: Vec::new(),
        lent: 0,
        put: 0,
        feeders: 1,
        closed: None,
        taker: None,
        line: VecDeque::new(),
        ticket: 0,
    };
    let queue = Arc::new(Queue { state: Mutex::new(state), capacity: capacity.max(1) });
    (Feeder(Arc::clone(&queue)), Taker { queue, lent: 0, gone })
}

/// Puts items in. When the last one is dropped, the queue has ended.
pub(super) struct Feeder<T>(Arc<Queue<T>>);

/// The place in line of someone who waits for room.
#[derive(Default)]
pub(super) struct Place(Option<u64>);

impl<T> Feeder<T> {
    /// Puts one item in.
    pub(super) fn put(&self, item: T, place: &mut Place) -> Result<(), (T, Refused)> {
        let mut state = self.0.lock();
        let refused = match &state.closed {
            Some(why) => Refused::Closed(why.clone()),
            None if self.0.room(&state) == 0 => Refused::Full,
            None => {
                state.items.push(item);
                state.put += 1;
                self.leave_line(state, place);
                return Ok(());
            }
        };
        Err((item, refused))
    }

    /// Puts one item in, whether there is room or not.
    pub(super) fn put_beyond(&self, item: T, place: &mut Place) -> Result<(), (T, Closed)> {
        let mut state = self.0.lock();
        if let Some(why) = &state.closed {
            return Err((item, why.clone()));
        }
        state.items.push(item);
        state.put += 1;
        self.leave_line(state, place);
        Ok(())
    }

    /// Puts in those of `items` for which there is room, first to last; how many that were.
    pub(super) fn put_some(&self, items: &mut Vec<T>, place: &mut Place) -> Result<usize, Closed> {
        let mut state = self.0.lock();
        if let Some(why) = &state.closed {
            return Err(why.clone());
        }
        let put = self.0.room(&state).min(items.len());
        if put == 0 {
            return Ok(0);
        }
        if put == items.len() && state.items.is_empty() {
            std::mem::swap(&mut state.items, items);
        } else if put == items.len() {
            state.items.append(items);
        } else {
            state.items.extend(items.drain(..put));
        }
        state.put += put as u64;
        self.leave_line(state, place);
        Ok(put)
    }

    /// Something was put in.
    fn leave_line(&self, mut state: MutexGuard<'_, State<T>>, place: &mut Place) {
        if let Some(ticket) = place.0.take() {
            state.line.retain(|(known, _)| *known != ticket);
        }
        let taker = state.taker.take();
        self.0.let_go(state, taker);
    }

    /// Ready when there is room; else the task is woken when there may be, in its turn.
    pub(super) fn poll_room(&self, place: &mut Place, task: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let mut state = self.0.lock();
        if let Some(why) = &state.closed {
            return Poll::Ready(Err(why.clone()));
        }
        if self.0.room(&state) > 0 {
            return Poll::Ready(Ok(()));
        }
        let waker = Some(task.waker().clone());
        match place.0.and_then(|ticket| state.line.iter_mut().find(|(known, _)| *known == ticket)) {
            Some((_, known)) => *known = waker,
            None => {
                let ticket = state.ticket;
                state.ticket += 1;
                state.line.push_back((ticket, waker));
                place.0 = Some(ticket);
            }
        }
        Poll::Pending
    }

    /// Does not wait for room any more.
    pub(super) fn give_up(&self, place: &mut Place) {
        if let Some(ticket) = place.0.take() {
            let mut state = self.0.lock();
            state.line.retain(|(known, _)| *known != ticket);
            self.0.let_go(state, None);
        }
    }

    /// Nothing goes in any more, also from others; what is there can be taken.
    pub(super) fn close(&self, why: Closed) {
        self.0.close(why);
    }

    /// Why nothing is taken in any more.
    pub(super) fn closed(&self) -> Option<Closed> {
        self.0.lock().closed.clone()
    }

    /// How many items were ever put in.
    pub(super) fn count(&self) -> u64 {
        self.0.lock().put
    }

    /// How many items are in it.
    pub(super) fn len(&self) -> usize {
        let state = self.0.lock();
        state.items.len() + state.lent
    }

    /// A look at how full it is.
    pub(super) fn gauge(&self) -> Arc<dyn Gauge>
    where
        T: Send + 'static,
    {
        Arc::clone(&self.0) as _
    }
}

impl<T> Clone for Feeder<T> {
    fn clone(&self) -> Self {
        self.0.lock().feeders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Feeder<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.feeders -= 1;
        let taker = if state.feeders == 0 { state.taker.take() } else { None };
        self.0.let_go(state, taker);
    }
}

/// Takes items out; there is one.
pub(super) struct Taker<T> {
    queue: Arc<Queue<T>>,
    /// Items in hand that count as in the queue.
    lent: usize,
    /// Why nothing goes in when it is dropped.
    gone: Closed,
}

impl<T> Taker<T> {
    /// Takes all that is there into `hand`, which is empty; all but the first `done` of it count as in the queue. Ready with
    /// whether anything was there, else the task is woken; nothing comes any more when there was not.
    pub(super) fn poll_take(&mut self, hand: &mut Vec<T>, done: usize, task: &mut Context<'_>) -> Poll<bool> {
        let Self { queue, lent, .. } = self;
        let mut state = queue.lock();
        let (any, ended) = state.give(hand, done);
        if !any && !ended {
            match &mut state.taker {
                Some(known) => known.clone_from(task.waker()),
                none => *none = Some(task.waker().clone()),
            }
        }
        *lent = state.lent;
        queue.let_go(state, None);
        if any || ended { Poll::Ready(any) } else { Poll::Pending }
    }

    /// The same at once; `None` where nothing is there yet.
    pub(super) fn take(&mut self, hand: &mut Vec<T>, done: usize) -> Option<bool> {
        let Self { queue, lent, .. } = self;
        let mut state = queue.lock();
        let (any, ended) = state.give(hand, done);
        *lent = state.lent;
        queue.let_go(state, None);
        (any || ended).then_some(any)
    }

    /// A look at what is left when this is gone.
    pub(super) fn tail(&self) -> Tail<T> {
        Tail(Arc::clone(&self.queue))
    }

    /// A look at how full it is.
    pub(super) fn gauge(&self) -> Arc<dyn Gauge>
    where
        T: Send + 'static,
    {
        Arc::clone(&self.queue) as _
    }

    /// So many items are still in hand, at most; said when that makes room for half of what can be there, so that who waits
    /// for room is not woken for each few.
    pub(super) fn hold_about(&mut self, in_hand: usize) {
        if self.lent.saturating_sub(in_hand) >= self.queue.capacity.div_ceil(2) {
            self.hold(in_hand);
        }
    }

    /// So many items are still in hand.
    pub(super) fn hold(&mut self, in_hand: usize) {
        if self.lent != in_hand {
            let mut state = self.queue.lock();
            (self.lent, state.lent) = (in_hand, in_hand);
            self.queue.let_go(state, None);
        }
    }

    /// Puts what is in hand back, in front.
    pub(super) fn put_back(&mut self, hand: &mut Vec<T>) {
        let mut state = self.queue.lock();
        hand.append(&mut state.items);
        std::mem::swap(hand, &mut state.items);
        (self.lent, state.lent) = (0, 0);
    }

    /// Takes nothing in any more; all who wait for room are told.
    pub(super) fn close(&self, why: Closed) {
        self.queue.close(why);
    }

    /// Takes all that is there, when nothing goes in any more.
    pub(super) fn take_rest(&mut self) -> Vec<T> {
        std::mem::take(&mut self.queue.lock().items)
    }
}

impl<T> Drop for Taker<T> {
    fn drop(&mut self) {
        self.close(self.gone.clone());
    }
}

/// What is left in a queue that nobody takes from any more.
pub(super) struct Tail<T>(Arc<Queue<T>>);

impl<T> Tail<T> {
    /// All of it; nothing while there still is a taker.
    pub(super) fn take(&self) -> Vec<T> {
        let mut state = self.0.lock();
        if state.closed.is_some() { std::mem::take(&mut state.items) } else { Vec::new() }
    }
}
