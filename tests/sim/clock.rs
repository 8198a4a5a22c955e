//! Time that nobody waits for: it stands still while a task can run, then jumps to the next sleeper.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

#[derive(Debug, Default)]
struct Hands {
    now: Duration,
    sleepers: BTreeMap<(Duration, u64), Waker>,
    sleeps: u64,
}

/// The time of one simulation, which began at 0. Clones show the same time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Clock(Arc<Mutex<Hands>>);

impl Clock {
    pub(crate) fn now(&self) -> Duration {
        self.hands().now
    }

    /// Ends `duration` after this call, however late it is polled first.
    pub(crate) fn sleep(&self, duration: Duration) -> Sleep {
        let mut hands = self.hands();
        hands.sleeps += 1;
        Sleep { key: (hands.now.saturating_add(duration), hands.sleeps), clock: self.clone() }
    }

    /// Goes on to the earliest sleeper and wakes it, together with those of the same moment. False if nobody sleeps.
    pub(crate) fn jump(&self) -> bool {
        let due = {
            let mut hands = self.hands();
            let Some(&(next, _)) = hands.sleepers.keys().next() else { return false };
            hands.now = next;
            let later = hands.sleepers.split_off(&(next, u64::MAX));
            std::mem::replace(&mut hands.sleepers, later)
        };
        due.into_values().for_each(Waker::wake);
        true
    }

    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// From [`Clock::sleep`]. One that is dropped, or was never polled, does not draw time on.
#[derive(Debug)]
#[must_use = "it sleeps only while it is polled"]
pub(crate) struct Sleep {
    clock: Clock,
    key: (Duration, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut hands = self.clock.hands();
        if self.key.0 <= hands.now {
            return Poll::Ready(());
        }
        let before = hands.sleepers.insert(self.key, cx.waker().clone());
        // A waker that is dropped may run code of its owner's.
        drop(hands);
        drop(before);
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        let waker = self.clock.hands().sleepers.remove(&self.key);
        drop(waker);
    }
}
