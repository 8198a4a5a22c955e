//! What is asked of a conductor beside items: to stop, to end, to say when items have gone so far.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use futures::channel::oneshot;
use futures::task::AtomicWaker;

use crate::error::{Closed, FlushError};

/// How far items have to go for a [`Request`] to be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HowFar {
    Accepted,
    /// Accepted, and the next would be; or else why not is told.
    Open,
    Flushed,
}

/// Somebody waits until the first `count` items that were ever sent have gone so far.
pub(super) struct Request {
    pub(super) count: u64,
    pub(super) how_far: HowFar,
    /// The flush that was asked for, for it.
    pub(super) flush: Option<u64>,
    pub(super) answer: oneshot::Sender<Result<(), FlushError>>,
}

#[derive(Default)]
pub(super) struct State {
    /// Why everything is to be given up.
    pub(super) stop: Option<Closed>,
    /// Whether somebody waits for the end.
    pub(super) joined: bool,
    pub(super) requests: Vec<Request>,
    /// Why the conductor is gone.
    over: Option<Closed>,
}

/// What a conductor shares with those who ask something of it.
///
/// Whoever asks writes under the lock, sets `changed` and wakes; the conductor registers before it looks at `changed`.
#[derive(Default)]
pub(super) struct Orders {
    state: Mutex<State>,
    changed: AtomicBool,
    conductor: AtomicWaker,
}

impl Orders {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for something.
    pub(super) fn give(&self, order: impl FnOnce(&mut State)) {
        order(&mut self.lock());
        self.changed.store(true, Ordering::Release);
        self.conductor.wake();
    }

    pub(super) fn stop(&self, why: Closed) {
        self.give(|state| {
            state.stop.get_or_insert(why);
        });
    }

    /// Waits until the first `count` items have gone so far.
    pub(super) async fn reach(self: Arc<Self>, count: u64, how_far: HowFar) -> Result<(), FlushError> {
        let (answer, answered) = oneshot::channel();
        let mut over = None;
        self.give(|state| match &state.over {
            Some(why) => over = Some(why.clone()),
            None => state.requests.push(Request { count, how_far, flush: None, answer }),
        });
        if let Some(why) = over {
            return Err(FlushError::Closed(why));
        }
        answered.await.unwrap_or_else(|_| Err(FlushError::Closed(self.lock().over.clone().unwrap_or(Closed::Lost))))
    }

    /// Has the conductor's task woken by the next order.
    pub(super) fn register(&self, task: &Waker) {
        self.conductor.register(task);
    }

    /// What was asked for since the last time.
    pub(super) fn look<R>(&self, look: impl FnOnce(&mut State) -> R) -> Option<R> {
        self.changed.swap(false, Ordering::AcqRel).then(|| look(&mut self.lock()))
    }

    /// The conductor is gone; requests that are left are not answered.
    pub(super) fn end(&self, why: Closed) {
        let requests = {
            let mut state = self.lock();
            state.over.get_or_insert(why);
            std::mem::take(&mut state.requests)
        };
        drop(requests);
    }
}
