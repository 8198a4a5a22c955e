//! A pipeline with both its ends in hand.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use futures::task::AtomicWaker;
use futures::{Sink, Stream};

use crate::controller::Controller;
use crate::error::FlowError;
use crate::ledger::Ledger;
use crate::pipeline::Pipeline;

/// A pipeline as a `Sink` of its items and a `Stream` of its outputs; see [`flow`](Pipeline::flow).
#[must_use = "sinks and streams do nothing unless polled"]
pub struct Flow<In, Out> {
    pipeline: Pipeline<In, Out>,
    sides: Arc<Sides>,
    /// Wakes both.
    waker: Waker,
}

impl<In: Send + 'static, Out: Send + 'static> Pipeline<In, Out> {
    /// The pipeline as a `Sink` of its items and a `Stream` of its outputs, for whoever sends and receives by hand, or
    /// splits it over two tasks.
    ///
    /// While outputs wait to be taken, and the pipeline is full, the sink takes nothing: one task that does both has to poll
    /// both. Closing the sink ends the stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Pipeline;
    /// use futures::{SinkExt, StreamExt, executor::block_on};
    ///
    /// let mut flow = Pipeline::new("p").stage("add", |x: i64| x + 1).flow();
    /// block_on(async {
    ///     flow.feed(1).await?;
    ///     assert_eq!(flow.next().await.unwrap()?, 2);
    ///     Ok::<(), coroute::FlowError>(())
    /// })?;
    /// # Ok::<(), coroute::FlowError>(())
    /// ```
    pub fn flow(mut self) -> Flow<In, Out> {
        self.engine.current(false);
        let sides = Arc::<Sides>::default();
        let waker = Waker::from(Arc::clone(&sides));
        Flow { pipeline: self, sides, waker }
    }
}

impl<In: Send + 'static, Out: Send + 'static> Flow<In, Out> {
    /// A handle through which the pipeline can be changed, from any thread or task.
    #[must_use]
    pub fn controller(&self) -> Controller {
        self.pipeline.controller()
    }

    /// The counts so far.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.pipeline.ledger()
    }

    /// The pipeline, with all that is inside it.
    pub fn into_pipeline(self) -> Pipeline<In, Out> {
        self.pipeline
    }

    /// Polls for one side, and wakes the other where that has something to do now. Whatever is inside wakes both.
    fn poll_side<R>(
        &mut self,
        side: Side,
        task: &mut Context<'_>,
        poll: impl FnOnce(&mut Pipeline<In, Out>, &mut Context<'_>) -> Poll<R>,
    ) -> Poll<R> {
        self.sides.tasks[side as usize].register(task.waker());
        let before = self.pipeline.engine.progress();
        let polled = poll(&mut self.pipeline, &mut Context::from_waker(&self.waker));
        if self.pipeline.engine.progress() != before {
            self.sides.tasks[1 - side as usize].wake();
        }
        polled
    }
}

#[derive(Debug, Clone, Copy)]
enum Side {
    Sink,
    Stream,
}

/// The tasks of both sides, which may be the same.
#[derive(Debug, Default)]
struct Sides {
    tasks: [AtomicWaker; 2],
}

impl Wake for Sides {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.tasks.iter().for_each(AtomicWaker::wake);
    }
}

impl<In: Send + 'static, Out: Send + 'static> Sink<In> for Flow<In, Out> {
    type Error = FlowError;

    /// Ready when there is room in front of the pipeline, on the route of now.
    fn poll_ready(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Result<(), FlowError>> {
        self.get_mut().poll_side(Side::Sink, task, |pipeline, task| pipeline.engine.poll_room(task))
    }

    fn start_send(self: Pin<&mut Self>, item: In) -> Result<(), FlowError> {
        let flow = self.get_mut();
        flow.pipeline.engine.offer_if_open(item)?;
        flow.sides.tasks[Side::Stream as usize].wake();
        Ok(())
    }

    /// Ready when all that was sent has come out, which has to be taken from the stream for that, and the sinks that it
    /// went to are flushed.
    fn poll_flush(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Result<(), FlowError>> {
        self.get_mut().poll_side(Side::Sink, task, |pipeline, task| pipeline.engine.poll_flushed(task))
    }

    /// Tells the end of the stream; ready when it has come out, and the sinks are closed. A poisoned pipeline is not ended
    /// before an edit has replaced or removed the stage.
    fn poll_close(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Result<(), FlowError>> {
        self.get_mut().poll_side(Side::Sink, task, |pipeline, task| pipeline.engine.poll_closed(task))
    }
}

impl<In: Send + 'static, Out: Send + 'static> Stream for Flow<In, Out> {
    type Item = Result<Out, FlowError>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut()
            .poll_side(Side::Stream, task, |pipeline, task| pipeline.engine.poll_output(task, |_| Poll::Pending))
    }
}

/// Nothing in it is pinned in its place.
impl<In, Out> Unpin for Flow<In, Out> {}

impl<In, Out> fmt::Debug for Flow<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flow").field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}
