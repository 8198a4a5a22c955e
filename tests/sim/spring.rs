//! A stream that waits by a plan.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use futures::Stream;

use super::clock::Clock;
use super::wait::{Pause, Wait, pause};

/// Gives its items in order, each after its wait.
///
/// # Panics
///
/// When it is polled after its end: not every stream bears that.
#[derive(Debug)]
pub(crate) struct Spring<T> {
    clock: Clock,
    items: VecDeque<T>,
    waits: VecDeque<Wait>,
    pause: Option<Pause>,
    taken: Arc<AtomicUsize>,
    ended: bool,
}

impl<T> Spring<T> {
    /// The first wait goes before the first item, and the one after the last item's before the end; where there is none, it
    /// does not wait. The time of a wait counts from the poll that meets it.
    pub(crate) fn new(
        clock: &Clock,
        items: impl IntoIterator<Item = T>,
        waits: impl IntoIterator<Item = Wait>,
    ) -> Self {
        let (items, waits) = (items.into_iter().collect(), waits.into_iter().collect());
        Self { clock: clock.clone(), items, waits, pause: None, taken: Arc::default(), ended: false }
    }

    /// How many items it has given so far; goes on counting when the stream itself is in other hands.
    pub(crate) fn taken(&self) -> Arc<AtomicUsize> {
        self.taken.clone()
    }
}

impl<T> Unpin for Spring<T> {}

impl<T> Stream for Spring<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let spring = &mut *self;
        assert!(!spring.ended, "the stream is polled after its end");
        let waits = &mut spring.waits;
        let wait = spring.pause.get_or_insert_with(|| pause(&spring.clock, waits.pop_front().unwrap_or(Wait::No)));
        ready!(Pin::new(wait).as_mut().poll(cx));
        spring.pause = None;
        let item = spring.items.pop_front();
        match item {
            Some(_) => _ = spring.taken.fetch_add(1, Ordering::Relaxed),
            None => spring.ended = true,
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.items.len(), Some(self.items.len()))
    }
}
