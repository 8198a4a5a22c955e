//! A sink that takes its time: a channel, and a task that takes items out of it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use futures::channel::mpsc;
use futures::{Sink, Stream, StreamExt};
use tokio::sync::Notify;

/// The sending end, the same for every manner of rerouting. Clones send into the same channel.
#[derive(Clone)]
pub(crate) struct Line {
    channel: mpsc::Sender<u64>,
    pub(crate) desk: Arc<Desk>,
}

/// What is known of the receiving end.
#[derive(Default)]
pub(crate) struct Desk {
    sent: AtomicU64,
    taken: AtomicU64,
    done: AtomicU64,
    /// When the last one was done.
    last: AtomicU64,
    changed: Notify,
}

/// A channel that holds `room` items, as long as one clone of the line is in use.
pub(crate) fn line(room: usize) -> (Line, mpsc::Receiver<u64>) {
    // A sender has a place of its own in a channel of `futures`.
    let (channel, received) = mpsc::channel(room - 1);
    (Line { channel, desk: Arc::default() }, received)
}

impl Desk {
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    pub(crate) fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    /// Whether nothing is in the channel or in hand.
    fn is_idle(&self) -> bool {
        self.sent.load(Ordering::Relaxed) == self.done.load(Ordering::Relaxed)
    }

    /// Waits until all that was sent is done.
    pub(crate) async fn drained(&self) {
        while !self.is_idle() {
            self.changed.notified().await;
        }
    }

    /// Waits until an item is taken that comes after so many.
    pub(crate) async fn takes_after(&self, taken: u64) {
        while self.taken() <= taken {
            self.changed.notified().await;
        }
    }

    /// The items of a line, seen by the desk as they are taken.
    pub(crate) fn take(self: &Arc<Self>, received: mpsc::Receiver<u64>) -> impl Stream<Item = u64> + use<> {
        let desk = Arc::clone(self);
        received.inspect(move |_| {
            desk.taken.fetch_add(1, Ordering::Relaxed);
            desk.changed.notify_waiters();
        })
    }

    /// One item is done with.
    pub(crate) fn finish(&self, now: u64) {
        self.last.store(now, Ordering::Relaxed);
        self.done.fetch_add(1, Ordering::Relaxed);
        self.changed.notify_waiters();
    }
}

impl Sink<u64> for Line {
    type Error = mpsc::SendError;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.channel.poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, item: u64) -> Result<(), Self::Error> {
        self.desk.sent.fetch_add(1, Ordering::Relaxed);
        self.channel.start_send(item)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Pin::new(&mut self.channel).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Pin::new(&mut self.channel).poll_close(cx)
    }
}
