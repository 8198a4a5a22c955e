//! The queue inside a lane: `concurrent-queue`'s, or under `loom` a stand-in that promises no more than that does.

#[cfg(not(loom))]
pub(super) use concurrent_queue::{ConcurrentQueue, PopError, PushError};

#[cfg(loom)]
pub(super) use stand_in::{ConcurrentQueue, PopError, PushError};

/// The length is looked at without the lock, so that an old one may be seen where no fence forbids it.
#[cfg(loom)]
mod stand_in {
    use loom::sync::Mutex;
    use loom::sync::atomic::{AtomicUsize, Ordering};
    use std::collections::VecDeque;

    pub(crate) enum PushError<T> {
        Full(T),
        Closed(T),
    }

    pub(crate) enum PopError {
        Empty,
        Closed,
    }

    pub(crate) struct ConcurrentQueue<T> {
        items: Mutex<VecDeque<T>>,
        /// Twice the length, and 1 when it is closed.
        state: AtomicUsize,
        capacity: usize,
    }

    impl<T> ConcurrentQueue<T> {
        pub(crate) fn bounded(capacity: usize) -> Self {
            Self { items: Mutex::new(VecDeque::new()), state: AtomicUsize::new(0), capacity }
        }

        pub(crate) fn push(&self, value: T) -> Result<(), PushError<T>> {
            let mut items = self.items.lock().unwrap();
            if self.is_closed() {
                return Err(PushError::Closed(value));
            }
            if items.len() == self.capacity {
                return Err(PushError::Full(value));
            }
            items.push_back(value);
            self.state.fetch_add(2, Ordering::Release);
            Ok(())
        }

        pub(crate) fn pop(&self) -> Result<T, PopError> {
            if self.len() > 0 {
                let mut items = self.items.lock().unwrap();
                if let Some(value) = items.pop_front() {
                    self.state.fetch_sub(2, Ordering::Release);
                    return Ok(value);
                }
            }
            Err(if self.state.load(Ordering::Acquire) == 1 { PopError::Closed } else { PopError::Empty })
        }

        fn len(&self) -> usize {
            self.state.load(Ordering::Acquire) / 2
        }

        pub(crate) fn is_full(&self) -> bool {
            self.len() == self.capacity
        }

        pub(crate) fn is_closed(&self) -> bool {
            self.state.load(Ordering::Acquire) % 2 == 1
        }

        pub(crate) fn close(&self) -> bool {
            let _items = self.items.lock().unwrap();
            self.state.fetch_or(1, Ordering::AcqRel) % 2 == 0
        }
    }
}
