//! The sending end of a spawned pipeline.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::Sink;

use super::orders::{HowFar, Orders};
use super::queue::{Feeder, Place, Refused};
use crate::error::{Closed, FlushError, Rest, TrySendError, Unsent, UnsentAll};
use crate::parker::{block_on, block_on_until, deadline};

/// How many items are put in at a time.
pub(super) const CHUNK: usize = 256;

/// Sends items into a spawned pipeline; see [`Running::split`](crate::Running::split).
///
/// It can be cloned; when the last is dropped, the pipeline ends. What is sent waits in the *door*, which has room for so
/// many items as [`Ends::door`](crate::Ends) says, until there is room for it in front of the pipeline; then it is accepted,
/// under the revision of then. The items of one sender go in in order.
///
/// It also is a `futures::Sink`; there, to flush and to close means that all is in the door. Its own blocking `send` and `send_all`
/// go before those of `futures::SinkExt`: in a task say `SinkExt::send_all(&mut sender, ..)`, or use `forward`.
#[must_use = "the pipeline ends when its last sender is dropped"]
pub struct Sender<In> {
    feeder: Feeder<In>,
    orders: Arc<Orders>,
    /// In the line, as a sink.
    place: Place,
}

/// Somebody who waits for room; leaves the line when it is dropped.
struct Waiting<'a, In> {
    feeder: &'a Feeder<In>,
    place: Place,
}

impl<In> Drop for Waiting<'_, In> {
    fn drop(&mut self) {
        self.feeder.give_up(&mut self.place);
    }
}

impl<In> Waiting<'_, In> {
    async fn room(&mut self) -> Result<(), Closed> {
        std::future::poll_fn(|task| self.feeder.poll_room(&mut self.place, task)).await
    }
}

impl<In> Sender<In> {
    pub(super) fn new(feeder: Feeder<In>, orders: Arc<Orders>) -> Self {
        Self { feeder, orders, place: Place::default() }
    }

    /// Sends one item; blocks this thread while there is no room.
    ///
    /// # Errors
    ///
    /// The item, when the pipeline takes none any more.
    pub fn send(&self, item: In) -> Result<(), Unsent<In>> {
        match self.feeder.put(item, &mut Place::default()) {
            Ok(()) => Ok(()),
            Err((item, Refused::Full)) => block_on(self.send_async(item)),
            Err((item, Refused::Closed(why))) => Err(Unsent { item, why }),
        }
    }

    /// Sends one item; blocks this thread while there is no room, but not for longer than `within`.
    ///
    /// # Errors
    ///
    /// The item: [`TrySendError::Full`] when the time is over, [`TrySendError::Closed`] when the pipeline takes none any more.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use coroute::{Ends, Pipeline, TrySendError};
    ///
    /// let pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1);
    /// pipeline.controller().pause()?;
    /// let running = pipeline.spawn_with(Ends { door: 1, exit: 1 })?;
    /// running.send_timeout(1, Duration::from_millis(1))?;
    /// assert_eq!(running.send_timeout(2, Duration::from_millis(1)), Err(TrySendError::Full(2)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_timeout(&self, item: In, within: Duration) -> Result<(), TrySendError<In>> {
        let mut item = Some(item);
        let sent = block_on_until(self.send_from(&mut item), deadline(within));
        match (sent, item) {
            (Some(Err(why)), Some(item)) => Err(TrySendError::Closed(Unsent { item, why })),
            (None, Some(item)) => Err(TrySendError::Full(item)),
            (_, None) | (Some(Ok(())), _) => Ok(()),
        }
    }

    /// Sends one item if there is room.
    ///
    /// # Errors
    ///
    /// The item, when there is no room or the pipeline takes none any more.
    pub fn try_send(&self, item: In) -> Result<(), TrySendError<In>> {
        self.feeder.put(item, &mut Place::default()).map_err(|(item, refused)| match refused {
            Refused::Full => TrySendError::Full(item),
            Refused::Closed(why) => TrySendError::Closed(Unsent { item, why }),
        })
    }

    /// Sends one item; waits for room as a future does. Dropped half-way, it takes the item along: to keep it, use the sender
    /// as a `Sink`, or [`try_send`](Sender::try_send).
    ///
    /// # Errors
    ///
    /// The item, when the pipeline takes none any more.
    pub async fn send_async(&self, item: In) -> Result<(), Unsent<In>> {
        let mut item = Some(item);
        match (self.send_from(&mut item).await, item) {
            (Err(why), Some(item)) => Err(Unsent { item, why }),
            _ => Ok(()),
        }
    }

    /// Sends the `item` that is there, as soon as there is room; else it stays there, also when this is dropped half-way.
    async fn send_from(&self, item: &mut Option<In>) -> Result<(), Closed> {
        let mut waiting = Waiting { feeder: &self.feeder, place: Place::default() };
        while let Some(next) = item.take() {
            let (back, refused) = match self.feeder.put(next, &mut waiting.place) {
                Ok(()) => break,
                Err(refused) => refused,
            };
            *item = Some(back);
            match refused {
                Refused::Closed(why) => return Err(why),
                // Another sender may be quicker when there is room.
                Refused::Full => waiting.room().await?,
            }
        }
        Ok(())
    }

    /// Sends all `items`, up to 256 at a time, which is the quickest way for many; blocks this thread while there is no room.
    /// The iterator is asked for so many before the first of them is sent: for one that waits for its items use
    /// [`send`](Sender::send) in a loop. Items of others may come in between.
    ///
    /// # Errors
    ///
    /// The items that are left, when the pipeline takes none any more.
    pub fn send_all<I: IntoIterator<Item = In>>(&self, items: I) -> Result<(), UnsentAll<I::IntoIter>> {
        let mut items = items.into_iter();
        let mut chunk = Vec::with_capacity(items.size_hint().0.min(CHUNK));
        loop {
            chunk.extend(items.by_ref().take(CHUNK));
            let last = chunk.len() < CHUNK;
            if let Err(why) = self.send_chunk(&mut chunk) {
                return Err(UnsentAll { why, rest: Rest::new(chunk.into_iter(), items) });
            }
            if last {
                return Ok(());
            }
        }
    }

    fn send_chunk(&self, chunk: &mut Vec<In>) -> Result<(), Closed> {
        self.put_some(chunk, &mut Place::default())?;
        if chunk.is_empty() {
            return Ok(());
        }
        block_on(async {
            let mut waiting = Waiting { feeder: &self.feeder, place: Place::default() };
            while !chunk.is_empty() {
                waiting.room().await?;
                self.put_some(chunk, &mut waiting.place)?;
            }
            Ok(())
        })
    }

    /// Sends of `chunk` what there is room for; how many that were.
    pub(super) fn put_some(&self, chunk: &mut Vec<In>, place: &mut Place) -> Result<usize, Closed> {
        self.feeder.put_some(chunk, place)
    }

    /// Sends of `chunk` what there is room for, as soon as there is any.
    pub(super) fn poll_put(&mut self, chunk: &mut Vec<In>, task: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        loop {
            if self.feeder.put_some(chunk, &mut self.place)? > 0 {
                return Poll::Ready(Ok(()));
            }
            ready!(self.feeder.poll_room(&mut self.place, task))?;
        }
    }

    /// Nobody sends any more.
    pub(super) fn finish(&self) {
        self.feeder.close(Closed::Finished);
    }

    /// Does not wait for room any more.
    pub(super) fn leave_line(&mut self) {
        self.feeder.give_up(&mut self.place);
    }

    /// See [`ready`](Sender::ready), of what was sent before this call.
    pub(super) fn opening(&self) -> impl Future<Output = Result<(), FlushError>> + use<In> {
        Arc::clone(&self.orders).reach(self.feeder.count(), HowFar::Open)
    }

    /// Why the pipeline takes no item any more, if it does not.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        self.feeder.closed()
    }

    /// Items that wait in the door: they were sent, by any sender, and not accepted yet.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.feeder.len()
    }

    /// Blocks this thread until all that was sent so far, by any sender, is accepted: what is committed after that does not
    /// govern it any more. So cuts are where they are meant to be, however the threads run.
    ///
    /// # Errors
    ///
    /// See [`FlushError`].
    pub fn settle(&self) -> Result<(), FlushError> {
        block_on(self.settle_async())
    }

    /// The same as a future; it may be dropped half-way.
    ///
    /// # Errors
    ///
    /// See [`FlushError`].
    pub async fn settle_async(&self) -> Result<(), FlushError> {
        Arc::clone(&self.orders).reach(self.feeder.count(), HowFar::Accepted).await
    }

    /// Blocks this thread until all that was sent so far, by any sender, is accepted, and the next item would be as soon as
    /// there is room for it. Unlike [`settle`](Sender::settle) it waits for no edit: where one has to come first, it says why.
    ///
    /// # Errors
    ///
    /// [`FlushError::Held`] when the pipeline takes no item by what was committed up to here: it is paused, poisoned or has
    /// no target. What was sent and is not accepted waits on.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{FlushError, Hold, Pipeline};
    ///
    /// let running = Pipeline::new("p").stage("add", |x: i64| x + 1).spawn()?;
    /// let controller = running.controller();
    /// running.send(1)?;
    /// running.ready()?;
    /// controller.pause()?;
    /// assert_eq!(running.ready(), Err(FlushError::Held(Hold::Paused)));
    /// assert_eq!(running.accepted(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ready(&self) -> Result<(), FlushError> {
        block_on(self.ready_async())
    }

    /// The same as a future; it may be dropped half-way.
    ///
    /// # Errors
    ///
    /// See [`ready`](Sender::ready).
    pub async fn ready_async(&self) -> Result<(), FlushError> {
        self.opening().await
    }

    /// Blocks this thread until all that was sent so far, by any sender, has come out of the pipeline's stages, but for what
    /// these hold back, and its sinks are flushed. What has come out has to be received for it when the exit is full: by
    /// another thread then, or with [`Running::flush`](crate::Running::flush).
    ///
    /// # Errors
    ///
    /// See [`FlushError`].
    pub fn flush(&self) -> Result<(), FlushError> {
        block_on(self.flush_async())
    }

    /// The same as a future; it may be dropped half-way.
    ///
    /// # Errors
    ///
    /// See [`FlushError`].
    pub async fn flush_async(&self) -> Result<(), FlushError> {
        Arc::clone(&self.orders).reach(self.feeder.count(), HowFar::Flushed).await
    }
}

impl<In> Clone for Sender<In> {
    fn clone(&self) -> Self {
        Self::new(self.feeder.clone(), Arc::clone(&self.orders))
    }
}

impl<In> Drop for Sender<In> {
    fn drop(&mut self) {
        self.feeder.give_up(&mut self.place);
    }
}

impl<In> Sink<In> for Sender<In> {
    /// With the item, where it had one.
    type Error = Unsent<Option<In>>;

    fn poll_ready(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        let sender = self.get_mut();
        sender.feeder.poll_room(&mut sender.place, task).map_err(|why| Unsent { item: None, why })
    }

    /// Where others have left no room meanwhile, the item goes in beyond it.
    fn start_send(self: Pin<&mut Self>, item: In) -> Result<(), Self::Error> {
        let sender = self.get_mut();
        let sent = sender.feeder.put_beyond(item, &mut sender.place);
        sent.map_err(|(item, why)| Unsent { item: Some(item), why })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    /// The pipeline ends when the last sender is dropped, and not before.
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }
}

/// Nothing in it is pinned in its place.
impl<In> Unpin for Sender<In> {}

impl<In> fmt::Debug for Sender<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sender").field("waiting", &self.waiting()).finish_non_exhaustive()
    }
}
