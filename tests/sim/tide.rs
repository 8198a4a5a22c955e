//! A sink that takes, waits, stands still or fails by a plan, and that keeps its callers to the contract of `Sink`.

mod state;

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Sink;

use super::clock::Clock;
use super::wait::Wait;
use state::State;

/// What the sink does when the next item wants in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// Takes it, after the wait.
    Take(Wait),
    /// `poll_ready` fails: the item stays with the caller, who may try again.
    Deny,
    /// `start_send` fails, and the item is lost.
    Lose,
    /// `start_send` fails, and gives the item back in the error.
    Return,
    /// `poll_ready` fails, and so does everything from then on.
    Break,
}

/// How a flush or the close goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ebb {
    After(Wait),
    /// Fails; the next try is another one.
    Fail,
}

/// The sink. What is not planned goes well at once.
///
/// An item that it took is *settled* once a flush has ended after it; a sink of which the unsettled items reach the capacity
/// flushes in `poll_ready`, as buffering sinks do. When it stands still it wakes who polled it last, and nobody else.
///
/// # Panics
///
/// At `start_send` without a `poll_ready` before that was ready, and at both once `poll_close` was called.
#[derive(Debug)]
pub(crate) struct Tide<T>(Arc<Mutex<State<T>>>);

impl<T> Tide<T> {
    /// Each of `turns` is for one item, or for one refusal.
    pub(crate) fn new(clock: &Clock, turns: impl IntoIterator<Item = Turn>) -> Self {
        Self(Arc::new(Mutex::new(State::new(clock, turns.into_iter().collect()))))
    }

    /// How many items it holds unsettled, at most; not 0. Without this call there is no limit.
    pub(crate) fn capacity(self, items: usize) -> Self {
        assert!(items > 0, "a sink without room takes nothing");
        lock(&self.0).capacity = items;
        self
    }

    /// How the flushes go, one after the other; one that has nothing to settle ends at once and takes none of these.
    pub(crate) fn flushes(self, ebbs: impl IntoIterator<Item = Ebb>) -> Self {
        lock(&self.0).ebbs = ebbs.into_iter().collect();
        self
    }

    /// How the close goes, after the flush that it begins with. If it fails, it goes well the next time.
    pub(crate) fn closes(self, ebb: Ebb) -> Self {
        lock(&self.0).close = ebb;
        self
    }

    pub(crate) fn gauge(&self) -> Gauge<T> {
        Gauge(self.0.clone())
    }
}

impl<T> Sink<T> for Tide<T> {
    type Error = TideError<T>;

    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), TideError<T>>> {
        lock(&self.0).poll_ready(cx)
    }

    fn start_send(self: Pin<&mut Self>, item: T) -> Result<(), TideError<T>> {
        lock(&self.0).start_send(item)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), TideError<T>>> {
        lock(&self.0).poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), TideError<T>>> {
        lock(&self.0).poll_close(cx)
    }
}

impl<T> Drop for Tide<T> {
    fn drop(&mut self) {
        lock(&self.0).drop_sink();
    }
}

/// The records stay readable after a caller broke the contract: that panics with the lock held.
fn lock<T>(state: &Mutex<State<T>>) -> MutexGuard<'_, State<T>> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What the plan made fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TideError<T> {
    /// The method of `Sink`.
    pub(crate) call: &'static str,
    /// With [`Turn::Return`].
    pub(crate) item: Option<T>,
}

impl<T> fmt::Display for TideError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` failed, as planned", self.call)
    }
}

impl<T: fmt::Debug> Error for TideError<T> {}

/// Looks at a [`Tide`] from outside, wherever that is and after it was dropped.
#[derive(Debug)]
pub(crate) struct Gauge<T>(Arc<Mutex<State<T>>>);

impl<T> Clone for Gauge<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Gauge<T> {
    /// Ends one [`Wait::Ever`]: the one under way, or else the next.
    pub(crate) fn resume(&self) {
        let waker = lock(&self.0).gate.open();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether someone waits for `resume`.
    pub(crate) fn stands_still(&self) -> bool {
        lock(&self.0).gate.is_waited_for()
    }

    /// The items that it took, in order.
    pub(crate) fn items(&self) -> Vec<T>
    where
        T: Clone,
    {
        lock(&self.0).got.iter().map(|(_, item)| item.clone()).collect()
    }

    /// When it took each of them.
    pub(crate) fn times(&self) -> Vec<Duration> {
        lock(&self.0).got.iter().map(|(time, _)| *time).collect()
    }

    /// How many of them are settled.
    pub(crate) fn settled(&self) -> usize {
        lock(&self.0).settled
    }

    /// Whether `poll_close` has ended well.
    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.0).closed
    }

    pub(crate) fn is_dropped(&self) -> bool {
        lock(&self.0).dropped
    }
}
