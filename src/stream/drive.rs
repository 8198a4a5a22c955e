//! Pipelines that end in sinks.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::{Sink, Stream};

use crate::error::FlowError;
use crate::ledger::Ledger;
use crate::pipeline::Pipeline;

/// How many items a poll takes before it lets others run.
const BUDGET: usize = 128;

/// What ends in sinks is one.
///
/// An item that was sent when an edit had just changed the route may wait in hand; it is in no count then, and goes by the
/// route of when there is room for it. Failures that are left to the caller are the errors of the next call.
impl<In: Send + 'static> Sink<In> for Pipeline<In, ()> {
    type Error = FlowError;

    /// Ready when there is room in front of the pipeline, on the route of now.
    fn poll_ready(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Result<(), FlowError>> {
        let engine = &mut self.get_mut().engine;
        if engine.is_clear(task) {
            return Poll::Ready(Ok(()));
        }
        engine.current(true);
        engine.poll_room(task)
    }

    fn start_send(self: Pin<&mut Self>, item: In) -> Result<(), FlowError> {
        let engine = &mut self.get_mut().engine;
        if engine.current.is_none() {
            engine.current(true);
        }
        engine.offer_if_open(item)
    }

    /// Ready when all that was sent has come to the sinks, and they are flushed.
    fn poll_flush(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Result<(), FlowError>> {
        let engine = &mut self.get_mut().engine;
        engine.current(true);
        engine.poll_flushed(task)
    }

    /// Tells the end of the stream; ready when it has come out, and the sinks are closed. A poisoned pipeline is not ended
    /// before an edit has replaced or removed the stage.
    fn poll_close(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Result<(), FlowError>> {
        let engine = &mut self.get_mut().engine;
        engine.current(true);
        engine.poll_closed(task)
    }
}

impl<In: Send + 'static> Pipeline<In, ()> {
    /// Sends all items of `stream` and flushes the sinks; the result are the counts then. The sinks are also flushed
    /// whenever the stream has no item for now.
    ///
    /// The pipeline is not ended by it, and can be driven on, with another stream: to close the sinks use
    /// [`SinkExt::close`](futures::SinkExt::close). Dropping the future half-way loses nothing: what was taken from the
    /// stream is in the pipeline, and the next drive goes on with it. Lend the stream, by `&mut`, to keep the rest; one that is lent again after it may have
    /// ended has to be fused.
    ///
    /// It lets other tasks run from time to time also where nothing ever has to be waited for.
    ///
    /// # Errors
    ///
    /// The first failure that the pipeline's [`OnFailure`](crate::OnFailure) leaves to the caller; it can be driven on.
    ///
    /// # Panics
    ///
    /// When a stage does.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Pipeline, sink};
    /// use futures::{channel::mpsc, executor::block_on, stream};
    ///
    /// let (sender, _receiver) = mpsc::channel(8);
    /// let mut pipeline = Pipeline::new("p").filter("odd", |x: &i64| x % 2 == 1).stage("out", sink(sender));
    /// let ledger = block_on(pipeline.drive(stream::iter(0..6)))?;
    /// assert_eq!((ledger.accepted(), ledger.delivered(), ledger.dropped()), (6, 3, 3));
    /// # Ok::<(), coroute::FlowError>(())
    /// ```
    pub fn drive<St: Stream<Item = In>>(&mut self, stream: St) -> Drive<'_, St> {
        Drive { items: Some(Box::pin(stream)), pipeline: self }
    }
}

/// See [`drive`](Pipeline::drive).
#[must_use = "futures do nothing unless awaited"]
pub struct Drive<'a, St: Stream> {
    /// Until it has ended.
    items: Option<Pin<Box<St>>>,
    pipeline: &'a mut Pipeline<St::Item, ()>,
}

impl<St: Stream> Future for Drive<'_, St>
where
    St::Item: Send + 'static,
{
    type Output = Result<Ledger, FlowError>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { items, pipeline } = self.get_mut();
        let engine = &mut pipeline.engine;
        engine.current(true);
        for _ in 0..BUDGET {
            let Some(stream) = items else {
                ready!(engine.poll_flushed(task))?;
                return Poll::Ready(Ok(pipeline.ledger()));
            };
            ready!(engine.poll_room(task))?;
            match stream.as_mut().poll_next(task) {
                Poll::Ready(Some(item)) => engine.offer(item),
                Poll::Ready(None) => *items = None,
                // The next item may be long in coming, and a sink may keep what it took until it is flushed.
                Poll::Pending => {
                    ready!(engine.poll_flushed(task))?;
                    return engine.poll_rest(task);
                }
            }
        }
        task.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<St: Stream> fmt::Debug for Drive<'_, St> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drive").field("ended", &self.items.is_none()).finish_non_exhaustive()
    }
}
