//! Pipelines between streams and sinks: run by whatever task polls them, on any executor.

mod drive;
mod flow;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Stream;

use crate::controller::Controller;
use crate::error::FlowError;
use crate::ledger::Ledger;
use crate::pipeline::Pipeline;

pub use drive::Drive;
pub use flow::Flow;

/// Puts a pipeline behind a stream.
pub trait ThroughExt: Stream {
    /// The outputs of `pipeline` for the items of this stream.
    ///
    /// Nothing runs by itself: every poll lets all go on that can. The stream is asked for an item when there is room for
    /// it in front of the pipeline; while the pipeline is paused, or a switch that every item passes has no target, it is
    /// not asked. When it ends, so does the pipeline, as by [`finish`](Pipeline::finish), and its sinks are closed.
    ///
    /// Items come out in order. A failure that the pipeline's [`OnFailure`](crate::OnFailure) leaves to the caller is an
    /// `Err` in the place of the item; the stream goes on behind it.
    ///
    /// # Panics
    ///
    /// Polling it does when a stage does; then [`FlowError::Held`] comes, once, and no item is accepted until an edit has
    /// replaced or removed the stage.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Pipeline, ThroughExt};
    /// use futures::{StreamExt, executor::block_on, stream};
    ///
    /// let pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1).async_stage("double", 1, |x| async move { x * 2 });
    /// let controller = pipeline.controller();
    /// let mut outputs = stream::iter(1..).through(pipeline);
    /// block_on(async {
    ///     assert_eq!(outputs.next().await.unwrap()?, 4);
    ///     controller.remove("add").unwrap();
    ///     assert_eq!(outputs.next().await.unwrap()?, 4);
    ///     Ok::<(), coroute::FlowError>(())
    /// })?;
    /// # Ok::<(), coroute::FlowError>(())
    /// ```
    fn through<Out: Send + 'static>(self, pipeline: Pipeline<Self::Item, Out>) -> Through<Self, Self::Item, Out>
    where
        Self: Sized,
        Self::Item: Send + 'static,
    {
        Through { items: Some(Box::pin(self)), pipeline }
    }
}

impl<St: Stream> ThroughExt for St {}

/// See [`through`](ThroughExt::through).
#[must_use = "streams do nothing unless polled"]
pub struct Through<St, In, Out> {
    /// Until it has ended.
    items: Option<Pin<Box<St>>>,
    pipeline: Pipeline<In, Out>,
}

impl<St, In: Send + 'static, Out: Send + 'static> Through<St, In, Out> {
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

    /// The stream, if it has not ended, and the pipeline, with all that is inside it.
    pub fn into_parts(self) -> (Option<Pin<Box<St>>>, Pipeline<In, Out>) {
        (self.items, self.pipeline)
    }
}

impl<St, Out> Stream for Through<St, St::Item, Out>
where
    St: Stream,
    St::Item: Send + 'static,
    Out: Send + 'static,
{
    type Item = Result<Out, FlowError>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { items, pipeline } = self.get_mut();
        pipeline.engine.current(false);
        pipeline.engine.poll_output(task, |task| pull(items, task))
    }
}

/// Nothing in it is pinned in its place.
impl<St, In, Out> Unpin for Through<St, In, Out> {}

/// The next item of a stream that is let go of when it has ended.
pub(crate) fn pull<St: Stream>(items: &mut Option<Pin<Box<St>>>, task: &mut Context<'_>) -> Poll<Option<St::Item>> {
    let Some(stream) = items else { return Poll::Ready(None) };
    let item = stream.as_mut().poll_next(task);
    if matches!(item, Poll::Ready(None)) {
        *items = None;
    }
    item
}

impl<St, In, Out> fmt::Debug for Through<St, In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Through").field("pipeline", &self.pipeline).field("ended", &self.items.is_none()).finish()
    }
}
