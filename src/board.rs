//! How an edit gets from the controllers to the thread that runs the pipeline.
//!
//! # The protocol
//!
//! A board is a value behind a mutex and a sequence number beside it. A writer changes the value under the lock and
//! raises the number before it lets go (`Release`). The reader looks at the number alone (`Acquire`); only when it
//! differs from the one it has seen does it take the lock. Invariant: *whoever reads the number n and then takes the lock
//! finds every change up to n.* The number that the reader remembers is the one read under the lock, never the one that
//! made it look: the value may be newer than that.
//!
//! So a cycle costs one load and one compare while nothing changes, an edit that was committed before the load is seen by
//! it, and several edits are seen at once or not at all. Checked with `loom` (`tests/loom.rs`).

#[cfg(loom)]
use loom::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};
#[cfg(not(loom))]
use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};

use std::sync::PoisonError;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Board<T> {
    sequence: AtomicU64,
    value: Mutex<T>,
}

impl<T> Board<T> {
    /// A board at sequence number 0.
    pub(crate) fn new(value: T) -> Self {
        Self { sequence: AtomicU64::new(0), value: Mutex::new(value) }
    }

    /// Looks at, or changes, what the reader need not hear of.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the value; the reader hears of it when `change` returns `Ok`.
    ///
    /// # Errors
    ///
    /// What `change` returns.
    pub(crate) fn publish<R, E>(&self, change: impl FnOnce(&mut T) -> Result<R, E>) -> Result<R, E> {
        let mut value = self.lock();
        let result = change(&mut value)?;
        self.sequence.fetch_add(1, Ordering::Release);
        Ok(result)
    }

    /// The sequence number now.
    #[inline]
    pub(crate) fn sequence(&self) -> u64 {
        self.sequence.load(Ordering::Acquire)
    }

    /// Takes what there is: the result of `take`, and the sequence number that it belongs to.
    pub(crate) fn take<R>(&self, take: impl FnOnce(&mut T) -> R) -> (R, u64) {
        let mut value = self.lock();
        let result = take(&mut value);
        (result, self.sequence.load(Ordering::Relaxed))
    }
}
