//! A bounded queue between threads: what waits at one end is polled, what is refused comes back.
//!
//! Any number of [`Feed`]s push, one [`Drain`] pops, and a feed may take back what still waits. The queue is
//! `concurrent-queue`'s: lock-free, and closed by a bit of its own tail. So an item is either refused or inside, never
//! between; and *what was accepted is popped or taken back, by one of them*, however the ends are closed meanwhile. Items
//! are popped in the order in which they were accepted. What nobody took is dropped with the last handle.
//!
//! # Sleeping and waking
//!
//! The drain waits for items, the feeds for room; each kind stands in a [`Line`], which has the protocol: who waits looks,
//! takes a place in the line, and *looks again*; only then does it sleep. Who brings what is waited for stores it, and then
//! wakes. Invariant: *whoever sleeps has found nothing, or is woken.* Closing wakes all.
//!
//! Room for one item wakes one feed, the one that has waited longest. A feed that was woken and does not push holds its
//! turn, until it is dropped, calls [`leave`](Feed::leave), or the drain finds nothing more: then all are woken. A turn is no
//! claim: another feed may come first, and then the place in the line is kept.
//!
//! A handle has one place in a line, and wakes the task that polled it last. For another task, clone the feed.

#[path = "lane/line.rs"]
mod line;
#[path = "lane/queue.rs"]
mod queue;

#[cfg(loom)]
use loom::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
#[cfg(not(loom))]
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use std::task::{Context, Poll};

use line::{Line, Place};
use queue::{ConcurrentQueue, PopError, PushError};

/// Why an item was not taken, and the item.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Full<T> {
    /// There is no room now.
    Full(T),
    /// There will be none.
    Closed(T),
}

/// A lane with room for `capacity` items, at least 1. The room is allocated at once.
pub(crate) fn lane<T>(capacity: usize) -> (Feed<T>, Drain<T>) {
    let lane = Arc::new(Lane {
        queue: ConcurrentQueue::bounded(capacity.max(1)),
        items: Line::new(),
        room: Line::new(),
        feeds: AtomicUsize::new(1),
    });
    (Feed { lane: Arc::clone(&lane), place: Place::new() }, Drain { lane, place: Place::new() })
}

struct Lane<T> {
    queue: ConcurrentQueue<T>,
    /// Where the drain waits.
    items: Line,
    /// Where the feeds wait.
    room: Line,
    feeds: AtomicUsize,
}

impl<T> Lane<T> {
    fn pop(&self) -> Result<T, PopError> {
        let popped = self.queue.pop();
        if popped.is_ok() {
            self.room.wake_first()
        } else {
            self.room.wake_all()
        }
        popped
    }

    /// Whether there is room; `None` when it is closed.
    fn room(&self) -> Option<bool> {
        if self.queue.is_closed() { None } else { Some(!self.queue.is_full()) }
    }

    fn close(&self) {
        if self.queue.close() {
            self.items.wake_all();
            self.room.wake_all();
        }
    }
}

/// The end where items come in; see the module's documentation. Dropping the last one closes the lane.
pub(crate) struct Feed<T> {
    lane: Arc<Lane<T>>,
    place: Place,
}

impl<T> Feed<T> {
    /// Lets `value` wait in the lane, and wakes the drain.
    ///
    /// # Errors
    ///
    /// [`Full`] hands it back.
    pub(crate) fn push(&self, value: T) -> Result<(), Full<T>> {
        self.lane.queue.push(value).map_err(|refused| match refused {
            PushError::Full(value) => Full::Full(value),
            PushError::Closed(value) => Full::Closed(value),
        })?;
        self.lane.room.served(&self.place);
        self.lane.items.wake_first();
        Ok(())
    }

    /// Ready with true when there is room, which another feed may take first; with false when the lane is closed. Until
    /// then the feed is in the line.
    pub(crate) fn poll_room(&self, task: &mut Context<'_>) -> Poll<bool> {
        let lane = &*self.lane;
        let mut room = lane.room();
        if room == Some(false) {
            lane.room.wait(&self.place, task.waker());
            room = lane.room();
        }
        if room == Some(false) {
            return Poll::Pending;
        }
        lane.room.step_out(&self.place);
        Poll::Ready(room.is_some())
    }

    /// Gives up the place in the line, and the turn to the next one.
    pub(crate) fn leave(&self) {
        self.lane.room.leave(&self.place);
    }

    /// The item that the drain would get next, from any feed.
    pub(crate) fn take_back(&self) -> Option<T> {
        self.lane.pop().ok()
    }

    /// From now on all feeds are refused; what is inside stays to be popped.
    pub(crate) fn close(&self) {
        self.lane.close();
    }
}

impl<T> Clone for Feed<T> {
    fn clone(&self) -> Self {
        self.lane.feeds.fetch_add(1, Ordering::Relaxed);
        Self { lane: Arc::clone(&self.lane), place: Place::new() }
    }
}

impl<T> Drop for Feed<T> {
    fn drop(&mut self) {
        self.leave();
        if self.lane.feeds.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.close();
        }
    }
}

/// The end where items come out; see the module's documentation. Dropping it closes the lane; what is inside can be taken
/// back.
pub(crate) struct Drain<T> {
    lane: Arc<Lane<T>>,
    place: Place,
}

impl<T> Drain<T> {
    /// The next item, if one waits; wakes a feed.
    pub(crate) fn pop(&self) -> Option<T> {
        self.lane.pop().ok()
    }

    /// Ready with the next item; with `None` when the lane is closed and nothing is inside any more.
    pub(crate) fn poll_pop(&self, task: &mut Context<'_>) -> Poll<Option<T>> {
        let mut popped = self.lane.pop();
        if let Err(PopError::Empty) = popped {
            self.lane.items.wait(&self.place, task.waker());
            popped = self.lane.pop();
        }
        match popped {
            Ok(value) => Poll::Ready(Some(value)),
            Err(PopError::Empty) => Poll::Pending,
            Err(PopError::Closed) => Poll::Ready(None),
        }
    }

    /// From now on feeds are refused; what is inside stays to be popped.
    pub(crate) fn close(&self) {
        self.lane.close();
    }
}

impl<T> Drop for Drain<T> {
    fn drop(&mut self) {
        self.close();
    }
}

#[cfg(all(test, not(loom)))]
#[path = "lane/tests.rs"]
mod tests;
