//! A pipeline that runs on a thread of its own, between a sending and a receiving end.
//!
//! Items come in over a bounded queue, the *door*, and outputs go out over another, the *exit* (`running/queue.rs`); in
//! between, the *conductor* runs the pipeline (`running/conductor.rs`). Everything that an edit does happens there, as in a
//! pipeline that a task runs.

mod both;
mod conductor;
mod handle;
mod orders;
mod queue;
mod receiver;
mod scoped;
mod sender;
mod spawn;

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::controller::Controller;
use crate::error::{Closed, FlowError, FlushError, TryRecvError, TrySendError, Unsent, UnsentAll};
use crate::ledger::Ledger;
use crate::parker::{block_on, block_on_until, deadline};
use crate::threads::Threads;
use crate::topology::Topology;

use handle::sort;

pub use handle::{Finished, Handle, JoinError};
pub use receiver::{Outputs, Receiver};
pub use sender::Sender;
pub use spawn::{Ends, SpawnError};

/// How a pipeline has ended.
type Ended<In, Out> = Result<Finished<In, Out>, JoinError<In, Out>>;

/// A pipeline that runs on a thread of its own, with both its ends; see [`spawn`](crate::Pipeline::spawn).
///
/// Dropping it aborts the pipeline, without waiting for that.
#[must_use = "the pipeline is aborted when this is dropped"]
pub struct Running<In, Out> {
    // Dropped first: nobody has the outputs, so the pipeline is not to end in peace.
    receiver: Receiver<Out>,
    sender: Sender<In>,
    handle: Handle<In, Out>,
}

impl<In: Send + 'static, Out: Send + 'static> Running<In, Out> {
    /// A handle through which the pipeline can be changed, from any thread.
    #[must_use]
    pub fn controller(&self) -> Controller {
        self.handle.controller()
    }

    /// The counts so far.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.handle.ledger()
    }

    /// The threads that work for it now; see [`Controller::threads`].
    #[must_use]
    pub fn threads(&self) -> Threads {
        self.handle.threads()
    }

    /// What the pipeline looks like when all committed edits are applied.
    #[must_use]
    pub fn topology(&self) -> Topology {
        self.handle.topology()
    }

    /// How many items the pipeline has taken in since it was built.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.handle.accepted()
    }

    /// See [`Sender::send`]. In one thread with [`recv`](Running::recv), it must not wait for room that only that would make.
    ///
    /// # Errors
    ///
    /// The item, when the pipeline takes none any more.
    pub fn send(&self, item: In) -> Result<(), Unsent<In>> {
        self.sender.send(item)
    }

    /// See [`Sender::send_timeout`].
    ///
    /// # Errors
    ///
    /// The item, when the time is over or the pipeline takes none any more.
    pub fn send_timeout(&self, item: In, within: Duration) -> Result<(), TrySendError<In>> {
        self.sender.send_timeout(item, within)
    }

    /// See [`Sender::try_send`].
    ///
    /// # Errors
    ///
    /// The item, when there is no room or the pipeline takes none any more.
    pub fn try_send(&self, item: In) -> Result<(), TrySendError<In>> {
        self.sender.try_send(item)
    }

    /// See [`Sender::send_async`].
    ///
    /// # Errors
    ///
    /// The item, when the pipeline takes none any more.
    pub async fn send_async(&self, item: In) -> Result<(), Unsent<In>> {
        self.sender.send_async(item).await
    }

    /// See [`Sender::send_all`]. For more than there is room for, [`run`](crate::Pipeline::run) the pipeline, or receive in another
    /// thread.
    ///
    /// # Errors
    ///
    /// The items that are left, when the pipeline takes none any more.
    pub fn send_all<I: IntoIterator<Item = In>>(&self, items: I) -> Result<(), UnsentAll<I::IntoIter>> {
        self.sender.send_all(items)
    }

    /// See [`Sender::settle`].
    ///
    /// # Errors
    ///
    /// See [`FlushError`].
    pub fn settle(&self) -> Result<(), FlushError> {
        self.sender.settle()
    }

    /// See [`Sender::settle_async`].
    ///
    /// # Errors
    ///
    /// See [`FlushError`].
    pub async fn settle_async(&self) -> Result<(), FlushError> {
        self.sender.settle_async().await
    }

    /// See [`Sender::ready`].
    ///
    /// # Errors
    ///
    /// See [`Sender::ready`].
    pub fn ready(&self) -> Result<(), FlushError> {
        self.sender.ready()
    }

    /// See [`Sender::ready_async`].
    ///
    /// # Errors
    ///
    /// See [`Sender::ready`].
    pub async fn ready_async(&self) -> Result<(), FlushError> {
        self.sender.ready_async().await
    }

    /// Blocks this thread until all that was sent so far, by any sender, has come out of the pipeline's stages, but for what
    /// these hold back, and its sinks are flushed. Outputs that come meanwhile wait here to be received.
    ///
    /// # Errors
    ///
    /// See [`FlushError`].
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Ends, Pipeline};
    ///
    /// let mut running = Pipeline::new("p").stage("add", |x: i64| x + 1).spawn_with(Ends { door: 8, exit: 1 })?;
    /// running.send_all([1, 2, 3])?;
    /// running.flush()?;
    /// for output in 2..=4 {
    ///     assert_eq!(running.try_recv()??, output);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn flush(&mut self) -> Result<(), FlushError> {
        block_on(self.flush_async())
    }

    /// The same as a future; it may be dropped half-way.
    ///
    /// # Errors
    ///
    /// See [`FlushError`].
    pub async fn flush_async(&mut self) -> Result<(), FlushError> {
        let Self { sender, receiver, .. } = self;
        let mut flushed = pin!(sender.flush_async());
        poll_fn(|task| {
            let done = flushed.as_mut().poll(task);
            // What has come out makes room for what has not.
            while done.is_pending() && receiver.poll_all(task) == Poll::Ready(true) {}
            done
        })
        .await
    }

    /// See [`Receiver::recv`].
    pub fn recv(&mut self) -> Option<Result<Out, FlowError>> {
        self.receiver.recv()
    }

    /// See [`Receiver::try_recv`].
    ///
    /// # Errors
    ///
    /// When there is no output now.
    pub fn try_recv(&mut self) -> Result<Result<Out, FlowError>, TryRecvError> {
        self.receiver.try_recv()
    }

    /// See [`Receiver::recv_timeout`].
    ///
    /// # Errors
    ///
    /// When there is no output in that time.
    pub fn recv_timeout(&mut self, within: Duration) -> Result<Result<Out, FlowError>, TryRecvError> {
        self.receiver.recv_timeout(within)
    }

    /// An iterator that blocks this thread for each output until it is there. As long as this has a sender, the pipeline does
    /// not end, and so neither does the iterator: take as many as are to come, or [`finish`](Running::finish).
    pub fn iter(&mut self) -> Outputs<&mut Receiver<Out>> {
        self.receiver.iter()
    }

    /// Why the pipeline takes no item any more, if it does not.
    #[must_use]
    pub fn closed(&self) -> Option<Closed> {
        self.sender.closed()
    }

    /// See [`Receiver::recv_async`].
    pub async fn recv_async(&mut self) -> Option<Result<Out, FlowError>> {
        self.receiver.recv_async().await
    }

    /// The two ends, for two threads or tasks, and what is left beside them.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Pipeline;
    ///
    /// let (sender, mut receiver, handle) = Pipeline::new("p").stage("add", |x: i64| x + 1).spawn()?.split();
    /// let feeding = std::thread::spawn(move || sender.send_all(0..10_000));
    /// let sum: i64 = receiver.iter().map(Result::unwrap).sum();
    /// assert_eq!(sum, (1..=10_000).sum());
    /// feeding.join().unwrap()?;
    /// assert_eq!(handle.join()?.ledger.delivered(), 10_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn split(self) -> (Sender<In>, Receiver<Out>, Handle<In, Out>) {
        (self.sender, self.receiver, self.handle)
    }

    /// Ends the pipeline in peace, and waits for that: what was sent goes through, every stage sees the end and gives what it
    /// holds back, sinks are closed. What other senders send from now on is refused.
    ///
    /// While the pipeline is paused, or has no target, this waits for an edit, as items in front do.
    ///
    /// # Errors
    ///
    /// [`JoinError::Panicked`] names the stage that has panicked, and has everything else, too.
    pub fn finish(self) -> Result<Finished<In, Out>, JoinError<In, Out>> {
        self.finish_by(None).unwrap_or_else(|_| unreachable!("without a deadline it has ended"))
    }

    /// The same, but waits no longer than `within`: then it comes back, as a pipeline that takes no item any more and goes on to
    /// its end. So it can be asked again, or aborted, or looked at for who is blocked. Where a stage panics after that, the pipeline
    /// is aborted as soon as nothing inside can go on, as when somebody waits in [`finish`](Running::finish).
    ///
    /// # Errors
    ///
    /// This, when the time is over. What has come out meanwhile waits in it to be received.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use coroute::Pipeline;
    ///
    /// let never = |_: i64| std::future::pending::<i64>();
    /// let running = Pipeline::new("p").async_stage("never", 2, never).spawn()?;
    /// running.send(1)?;
    /// let Err(running) = running.finish_timeout(Duration::from_millis(1)) else { panic!("it cannot end") };
    /// assert_eq!(running.abort()?.failures.len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn finish_timeout(self, within: Duration) -> Result<Ended<In, Out>, Box<Self>> {
        self.finish_by(deadline(within))
    }

    fn finish_by(mut self, deadline: Option<Instant>) -> Result<Ended<In, Out>, Box<Self>> {
        self.sender.finish();
        self.handle.will_join();
        let mut news = Vec::new();
        let ended = block_on_until(
            poll_fn(|task| {
                while let Poll::Ready(next) = self.receiver.poll_recv(task) {
                    match next {
                        Some(next) => news.push(next),
                        None => return Poll::Ready(()),
                    }
                }
                Poll::Pending
            }),
            deadline,
        );
        if ended.is_none() {
            self.receiver.put_back(news);
            return Err(Box::new(self));
        }
        let (mut outputs, mut failures) = (Vec::new(), Vec::new());
        sort(news, &mut outputs, &mut failures);
        Ok(self.handle.join_with(outputs, failures))
    }

    /// Ends the pipeline at once, which is when the stages of its own thread are done with what they have in hand, and waits for
    /// that: outputs that were ready come back, and every item that can be had, as a
    /// failure of the stage where it waits. The pipeline comes back empty, but for what stages hold back.
    ///
    /// # Errors
    ///
    /// See [`finish`](Running::finish).
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Pipeline;
    ///
    /// let never = |_: i64| std::future::pending::<i64>();
    /// let running = Pipeline::new("p").async_stage("never", 2, never).spawn()?;
    /// running.send_all([1, 2, 3])?;
    /// let aborted = running.abort()?;
    /// assert_eq!(aborted.items.len() + aborted.failures.len(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn abort(self) -> Result<Finished<In, Out>, JoinError<In, Out>> {
        self.handle.abort();
        drop(self.receiver);
        self.handle.join()
    }
}

impl<In, Out> fmt::Debug for Running<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("sender", &self.sender).field("handle", &self.handle).finish_non_exhaustive()
    }
}
