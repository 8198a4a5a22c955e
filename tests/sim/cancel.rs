//! A future that is dropped half-way.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Polls a future so many times, then drops it and gives `None`; its output, if it ends before.
///
/// Between the last poll and the drop others may run: what they hand to the future in the meantime must not be lost with it.
#[derive(Debug)]
#[must_use = "it does nothing unless it is polled"]
pub(crate) struct Cancel<F> {
    future: Option<Pin<Box<F>>>,
    polls: usize,
}

impl<F: Future> Cancel<F> {
    /// Drops `future` unpolled if `polls` is 0.
    pub(crate) fn after(polls: usize, future: F) -> Self {
        Self { future: Some(Box::pin(future)), polls }
    }
}

impl<F: Future> Future for Cancel<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            self.future = None;
            return Poll::Ready(None);
        }
        self.polls -= 1;
        let future = self.future.as_mut().expect("`Cancel` is polled after it has ended");
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            self.future = None;
            return Poll::Ready(Some(output));
        }
        if self.polls == 0 {
            // Its task runs once more, when the seed chooses so.
            cx.waker().wake_by_ref();
        }
        Poll::Pending
    }
}
