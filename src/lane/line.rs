//! Those who wait for one thing, in the order in which they came.
//!
//! Who waits takes a place and then looks again at what it waits for; who brings it stores it and then wakes. A fence on each
//! side is between the two steps, so that of the two one sees the other: the look finds what was stored, or the number of
//! those who wait is not 0. While nobody waits, waking is that fence and a load.
//!
//! A waker is called with the lock let go, since it may run the task.

#[cfg(loom)]
use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, AtomicUsize, Ordering, fence},
};
#[cfg(not(loom))]
use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, AtomicUsize, Ordering, fence},
};

use std::collections::BTreeMap;
use std::mem;
use std::sync::PoisonError;
use std::task::Waker;

/// See the module's documentation.
pub(super) struct Line {
    /// How many wakers there are, to be looked at without the lock.
    waiting: AtomicUsize,
    sleepers: Mutex<Sleepers>,
}

struct Sleepers {
    wakers: BTreeMap<u64, Waker>,
    /// The last number given to a place.
    last: u64,
}

/// Where one is in a line: a number, and whether a waker may be there under it. A number without a waker has been called.
pub(super) struct Place(AtomicU64);

/// Beside the number: there may be a waker.
const ASLEEP: u64 = 1;

impl Place {
    pub(super) fn new() -> Self {
        Self(AtomicU64::new(0))
    }
}

impl Line {
    pub(super) fn new() -> Self {
        Self { waiting: AtomicUsize::new(0), sleepers: Mutex::new(Sleepers { wakers: BTreeMap::new(), last: 0 }) }
    }

    /// Takes a place at the end, or stays in the one it has. What is waited for is to be looked at again after this.
    #[cold]
    pub(super) fn wait(&self, place: &Place, task: &Waker) {
        let mut sleepers = self.lock();
        let mut number = place.0.load(Ordering::Relaxed) & !ASLEEP;
        if number == 0 {
            sleepers.last += 2;
            number = sleepers.last;
        }
        place.0.store(number | ASLEEP, Ordering::Relaxed);
        sleepers.wakers.entry(number).or_insert_with(|| task.clone()).clone_from(task);
        self.count(&sleepers);
        drop(sleepers);
        fence(Ordering::SeqCst);
    }

    /// There is something for one: calls the first. To be called after the store.
    #[inline]
    pub(super) fn wake_first(&self) {
        if self.is_waited() {
            self.call_first();
        }
    }

    /// There is something for all. To be called after the store.
    #[inline]
    pub(super) fn wake_all(&self) {
        if self.is_waited() {
            self.call_all();
        }
    }

    /// Gets out of the line with what it waited for in sight; keeps the place, in case that another comes first.
    #[inline]
    pub(super) fn step_out(&self, place: &Place) {
        let number = place.0.load(Ordering::Relaxed);
        if number & ASLEEP != 0 {
            place.0.store(number & !ASLEEP, Ordering::Relaxed);
            self.remove(number & !ASLEEP);
        }
    }

    /// Has got what it waited for.
    #[inline]
    pub(super) fn served(&self, place: &Place) {
        if place.0.load(Ordering::Relaxed) != 0 {
            self.step_out(place);
            place.0.store(0, Ordering::Relaxed);
        }
    }

    /// Waits no more; if it was called, the next one is.
    pub(super) fn leave(&self, place: &Place) {
        let number = place.0.swap(0, Ordering::Relaxed);
        if number != 0 && !self.remove(number & !ASLEEP) {
            self.wake_first();
        }
    }

    #[inline]
    fn is_waited(&self) -> bool {
        fence(Ordering::SeqCst);
        self.waiting.load(Ordering::Relaxed) != 0
    }

    #[cold]
    fn call_first(&self) {
        let mut sleepers = self.lock();
        let first = sleepers.wakers.pop_first();
        self.count(&sleepers);
        drop(sleepers);
        if let Some((_, waker)) = first {
            waker.wake();
        }
    }

    #[cold]
    fn call_all(&self) {
        let mut sleepers = self.lock();
        let all = mem::take(&mut sleepers.wakers);
        self.count(&sleepers);
        drop(sleepers);
        all.into_values().for_each(Waker::wake);
    }

    /// Whether there was a waker.
    fn remove(&self, number: u64) -> bool {
        let mut sleepers = self.lock();
        let removed = sleepers.wakers.remove(&number);
        self.count(&sleepers);
        drop(sleepers);
        removed.is_some()
    }

    fn count(&self, sleepers: &Sleepers) {
        self.waiting.store(sleepers.wakers.len(), Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, Sleepers> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
