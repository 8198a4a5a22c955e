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
//! it, and several edits are seen at once or not at all.
//!
//! # Sleeping and waking
//!
//! A reader that is a task may sleep until the number changes. It loads the number, registers its waker, and *loads the
//! number again*; only if that too is the number it has seen does it sleep. A writer stores the number, lets go of the
//! lock, and then wakes. Invariant: *whoever sleeps has seen the last number, or is woken.* A number stored before the second
//! load is seen by it; one stored after it is stored after the waker was registered, and finds that waker. Without the
//! second load, or with the wake ahead of the store, a number stored in between leaves the reader asleep. The lock is let go
//! first because a waker may run the task, which takes the lock.
//!
//! One task reads a board; a waker registered later takes the place of the one before. Both protocols are checked with
//! `loom` (`tests/loom.rs`).

#[cfg(loom)]
use loom::{
    future::AtomicWaker,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};
#[cfg(not(loom))]
use std::sync::{
    Mutex, MutexGuard,
    atomic::{AtomicU64, Ordering},
};

use std::sync::PoisonError;
use std::task::{Context, Poll, Waker};

#[cfg(not(loom))]
use futures::task::AtomicWaker;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Board<T> {
    sequence: AtomicU64,
    value: Mutex<T>,
    reader: AtomicWaker,
}

impl<T> Board<T> {
    /// A board at sequence number 0.
    pub(crate) fn new(value: T) -> Self {
        Self { sequence: AtomicU64::new(0), value: Mutex::new(value), reader: AtomicWaker::new() }
    }

    /// Looks at, or changes, what the reader need not hear of.
    pub(crate) fn lock(&self) -> MutexGuard<'_, T> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the value; the reader hears of it, and is woken, when `change` returns `Ok`.
    ///
    /// # Errors
    ///
    /// What `change` returns.
    pub(crate) fn publish<R, E>(&self, change: impl FnOnce(&mut T) -> Result<R, E>) -> Result<R, E> {
        let mut value = self.lock();
        let result = change(&mut value)?;
        self.sequence.fetch_add(1, Ordering::Release);
        drop(value);
        self.reader.wake();
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

    /// Has `task` woken by the next change, in the place of the task before it. The number is to be loaded again after this.
    pub(crate) fn register(&self, task: &Waker) {
        #[cfg(not(loom))]
        self.reader.register(task);
        #[cfg(loom)]
        self.reader.register_by_ref(task);
    }

    /// Ready when the sequence number is not `seen`; otherwise the task is woken when it changes.
    pub(crate) fn poll_changed(&self, seen: u64, task: &mut Context<'_>) -> Poll<()> {
        if self.sequence() != seen {
            return Poll::Ready(());
        }
        self.register(task.waker());
        if self.sequence() == seen { Poll::Pending } else { Poll::Ready(()) }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    /// Counts how often it was woken with the lock free.
    struct Reader {
        board: Arc<Board<u64>>,
        woken: AtomicUsize,
    }

    impl Wake for Reader {
        fn wake(self: Arc<Self>) {
            let free = self.board.value.try_lock().is_ok();
            self.woken.fetch_add(usize::from(free), Ordering::Relaxed);
        }
    }

    #[test]
    fn g4_a_change_wakes_the_reader_with_the_lock_let_go() {
        let board = Arc::new(Board::new(0));
        let reader = Arc::new(Reader { board: Arc::clone(&board), woken: AtomicUsize::new(0) });
        let waker = Waker::from(Arc::clone(&reader));
        let mut task = Context::from_waker(&waker);
        let woken = || reader.woken.load(Ordering::Relaxed);

        assert!(board.poll_changed(0, &mut task).is_pending());
        assert_eq!(board.publish(|_| Err::<(), _>("no")), Err("no"));
        assert!(board.poll_changed(0, &mut task).is_pending());
        assert_eq!(woken(), 0, "a change that was refused wakes nobody");

        for round in 1..=2 {
            assert_eq!(board.publish(|value| Ok::<_, ()>(std::mem::replace(value, round))), Ok(round - 1));
            assert_eq!(woken(), 1, "once for each time it went to sleep");
            assert!(board.poll_changed(0, &mut task).is_ready());
            assert_eq!(board.sequence(), round);
        }
        assert!(board.poll_changed(2, &mut task).is_pending());
    }
}
