//! The receiving end of a spawned pipeline.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;

use super::conductor::News;
use super::orders::Orders;
use super::queue::{Tail, Taker};
use crate::error::{Closed, TryRecvError};
use crate::parker::{block_on, block_on_until, deadline};

/// Receives the outputs of a spawned pipeline; see [`Running::split`](crate::Running::split).
///
/// Outputs come in order; a failure that the pipeline's [`OnFailure`](crate::OnFailure) leaves to the caller is an `Err` in
/// the place of the item (with some exceptions where many items travel together, see [`threads`](crate::guide::threads)). When
/// a stage has panicked, [`FlowError::Held`](crate::FlowError::Held) comes, once and as soon as it is known, which may be before
/// outputs of items ahead: who wants these goes on receiving. At most as
/// many outputs as [`Ends::exit`](crate::Ends) says wait to be received; when it is full, so is the pipeline at last, and
/// senders wait.
///
/// When it is dropped, the pipeline is aborted, because nobody would have its outputs.
///
/// `for` loops over it (`&mut` of it, to keep it), and it also is a `futures::Stream`.
#[must_use = "the pipeline is aborted when its receiver is dropped"]
pub struct Receiver<Out> {
    taker: Taker<News<Out>>,
    /// Those that were taken out of the exit, and not received yet.
    hand: VecDeque<News<Out>>,
    /// When so many are left in hand, those that were received are not in the exit any more.
    tell: usize,
    orders: Arc<Orders>,
}

impl<Out> Receiver<Out> {
    pub(super) fn new(taker: Taker<News<Out>>, orders: Arc<Orders>) -> Self {
        Self { taker, hand: VecDeque::new(), tell: 0, orders }
    }

    /// The next output; blocks this thread until there is one. `None` when the pipeline has ended.
    #[inline]
    pub fn recv(&mut self) -> Option<News<Out>> {
        match self.next_in_hand() {
            None => self.wait(),
            next => next,
        }
    }

    #[cold]
    fn wait(&mut self) -> Option<News<Out>> {
        block_on(self.recv_async())
    }

    /// The next output, if there is one.
    ///
    /// # Errors
    ///
    /// When there is none.
    pub fn try_recv(&mut self) -> Result<News<Out>, TryRecvError> {
        if let Some(next) = self.next_in_hand() {
            return Ok(next);
        }
        match self.fill(|taker, hand| taker.take(hand, 1)) {
            Some(_) => self.hand.pop_front().ok_or(TryRecvError::Ended),
            None => Err(TryRecvError::Empty),
        }
    }

    /// The next output; blocks this thread until there is one, or `within` has passed.
    ///
    /// # Errors
    ///
    /// [`TryRecvError::Empty`] when the time is over; [`TryRecvError::Ended`].
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use coroute::{Pipeline, TryRecvError};
    ///
    /// let (sender, mut receiver, _handle) = Pipeline::new("p").stage("add", |x: i64| x + 1).spawn()?.split();
    /// assert_eq!(receiver.recv_timeout(Duration::from_millis(1)).unwrap_err(), TryRecvError::Empty);
    /// sender.send(1)?;
    /// assert_eq!(receiver.recv_timeout(Duration::from_secs(60)).unwrap()?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn recv_timeout(&mut self, within: Duration) -> Result<News<Out>, TryRecvError> {
        match self.next_in_hand() {
            Some(next) => Ok(next),
            None => match block_on_until(self.recv_async(), deadline(within)) {
                Some(next) => next.ok_or(TryRecvError::Ended),
                None => Err(TryRecvError::Empty),
            },
        }
    }

    /// The next output, as a future. Dropped half-way, it loses nothing.
    pub async fn recv_async(&mut self) -> Option<News<Out>> {
        std::future::poll_fn(|task| self.poll_recv(task)).await
    }

    /// An iterator that blocks this thread for each output until it is there.
    pub fn iter(&mut self) -> Outputs<&mut Self> {
        Outputs(self)
    }

    /// A look at the outputs that are left when this is gone.
    pub(super) fn tail(&self) -> Tail<News<Out>> {
        self.taker.tail()
    }

    pub(super) fn poll_recv(&mut self, task: &mut Context<'_>) -> Poll<Option<News<Out>>> {
        if let Some(next) = self.next_in_hand() {
            return Poll::Ready(Some(next));
        }
        self.fill(|taker, hand| taker.poll_take(hand, 1, task)).map(|_| self.hand.pop_front())
    }

    /// Takes all that is there in hand, which makes room for more.
    pub(super) fn poll_all(&mut self, task: &mut Context<'_>) -> Poll<bool> {
        if self.hand.is_empty() {
            return self.fill(|taker, hand| taker.poll_take(hand, usize::MAX, task));
        }
        let mut more = Vec::new();
        let polled = self.taker.poll_take(&mut more, usize::MAX, task);
        self.hand.extend(more);
        polled
    }

    /// What was received comes again, in front; it does not count as in the exit any more.
    pub(super) fn put_back(&mut self, news: Vec<News<Out>>) {
        let mut hand = VecDeque::from(news);
        hand.append(&mut self.hand);
        self.hand = hand;
        self.tell = 0;
    }

    /// Takes outputs in the hand, which is empty.
    fn fill<R>(&mut self, take: impl FnOnce(&mut Taker<News<Out>>, &mut Vec<News<Out>>) -> R) -> R {
        // Nothing is moved for this.
        let mut hand = Vec::from(std::mem::take(&mut self.hand));
        let taken = take(&mut self.taker, &mut hand);
        self.hand = hand.into();
        self.tell = self.hand.len() / 2;
        taken
    }

    #[inline]
    pub(super) fn next_in_hand(&mut self) -> Option<News<Out>> {
        let next = self.hand.pop_front()?;
        if self.hand.len() == self.tell {
            self.tell();
        }
        Some(next)
    }

    /// What was received is not in the exit any more.
    #[cold]
    fn tell(&mut self) {
        self.taker.hold(self.hand.len());
        self.tell = 0;
    }
}

impl<Out> Drop for Receiver<Out> {
    fn drop(&mut self) {
        self.taker.put_back(&mut std::mem::take(&mut self.hand).into());
        self.taker.close(Closed::NoReceiver);
        self.orders.stop(Closed::NoReceiver);
    }
}

/// Outputs, each waited for; see [`Receiver::iter`].
#[derive(Debug)]
#[must_use = "iterators do nothing unless consumed"]
pub struct Outputs<R>(R);

impl<Out> Iterator for Outputs<&mut Receiver<Out>> {
    type Item = News<Out>;

    #[inline]
    fn next(&mut self) -> Option<News<Out>> {
        self.0.recv()
    }
}

impl<Out> Iterator for Outputs<Receiver<Out>> {
    type Item = News<Out>;

    #[inline]
    fn next(&mut self) -> Option<News<Out>> {
        self.0.recv()
    }
}

impl<Out> IntoIterator for &mut Receiver<Out> {
    type Item = News<Out>;
    type IntoIter = Outputs<Self>;

    fn into_iter(self) -> Outputs<Self> {
        Outputs(self)
    }
}

impl<Out> IntoIterator for Receiver<Out> {
    type Item = News<Out>;
    type IntoIter = Outputs<Self>;

    fn into_iter(self) -> Outputs<Self> {
        Outputs(self)
    }
}

impl<Out> Stream for Receiver<Out> {
    type Item = News<Out>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<News<Out>>> {
        self.get_mut().poll_recv(task)
    }
}

/// Nothing in it is pinned in its place.
impl<Out> Unpin for Receiver<Out> {}

impl<Out> fmt::Debug for Receiver<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("in_hand", &self.hand.len()).finish_non_exhaustive()
    }
}
