//! Futures that wait as they are told.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::clock::{Clock, Sleep};
use super::seed::Rng;

/// How long something waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wait {
    No,
    /// Is pending as many times, and wakes itself each time.
    Polls(u32),
    /// Sleeps, in virtual time.
    For(Duration),
    /// Is never woken, unless by something outside: see [`Gauge::resume`](super::tide::Gauge::resume).
    Ever,
}

impl Wait {
    /// One that ends: none, up to 3 polls, or up to 20 ms.
    pub(crate) fn random(rng: &mut Rng) -> Self {
        match rng.below(4) {
            0 | 1 => Self::No,
            2 => Self::Polls(1 + rng.below(3) as u32),
            _ => Self::For(Duration::from_millis(1 + rng.below(20) as u64)),
        }
    }

    /// One for each of `count` items.
    pub(crate) fn randoms(rng: &mut Rng, count: usize) -> Vec<Self> {
        (0..count).map(|_| Self::random(rng)).collect()
    }
}

/// Waits as `wait` says. Time counts from this call on.
pub(crate) fn pause(clock: &Clock, wait: Wait) -> Pause {
    match wait {
        Wait::No => Pause::Polls(Yield(0)),
        Wait::Polls(count) => Pause::Polls(Yield(count)),
        Wait::For(duration) => Pause::Sleep(clock.sleep(duration)),
        Wait::Ever => Pause::Ever,
    }
}

/// From [`pause`].
#[derive(Debug)]
#[must_use = "it waits only while it is polled"]
pub(crate) enum Pause {
    Polls(Yield),
    Sleep(Sleep),
    Ever,
}

impl Future for Pause {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut *self {
            Self::Polls(polls) => Pin::new(polls).poll(cx),
            Self::Sleep(sleep) => Pin::new(sleep).poll(cx),
            Self::Ever => Poll::Pending,
        }
    }
}

/// Is pending as many times as the number says, and wakes itself each time.
#[derive(Debug)]
#[must_use = "it waits only while it is polled"]
pub(crate) struct Yield(pub(crate) u32);

impl Future for Yield {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(left) = self.0.checked_sub(1) else { return Poll::Ready(()) };
        self.0 = left;
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
