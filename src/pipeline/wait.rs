//! Stages whose items wait, in the builder.

use futures::Sink;

use super::Pipeline;
use crate::failure::Failure;
use crate::sinks::sink;
use crate::stage::BoxError;
use crate::waiting::{async_stage, buffer, try_async_stage};

/// What was inside of a pipeline that was [aborted](Pipeline::abort).
#[derive(Debug)]
#[non_exhaustive]
pub struct Remains<In, Out> {
    /// An item that had not been accepted.
    pub item: Option<In>,
    /// Outputs that were not taken, in order; they count as delivered.
    pub outputs: Vec<Out>,
    /// Items that did not come to an end, in order, as far as the pipeline's handler leaves failures to the caller.
    pub failures: Vec<Failure>,
}

impl<In: Send + 'static, Out: Send + 'static> Pipeline<In, Out> {
    /// The pipeline with a stage that makes a future of every item, at most `limit` of them at a time; see
    /// [`async_stage`].
    pub fn async_stage<To, M, F>(self, name: impl AsRef<str>, limit: usize, make: M) -> Pipeline<In, To>
    where
        To: Send + 'static,
        M: FnMut(Out) -> F + Send + 'static,
        F: Future<Output = To> + Send + 'static,
    {
        self.stage(name, async_stage(limit, make))
    }

    /// The same with futures that can fail, and hand the item back then; see [`try_async_stage`].
    pub fn try_async_stage<To, E, M, F>(self, name: impl AsRef<str>, limit: usize, make: M) -> Pipeline<In, To>
    where
        To: Send + 'static,
        E: Into<BoxError> + 'static,
        M: FnMut(Out) -> F + Send + 'static,
        F: Future<Output = Result<To, (Out, E)>> + Send + 'static,
    {
        self.stage(name, try_async_stage(limit, make))
    }

    /// Ends the pipeline at once, and gives what waits inside it: outputs that were ready, and every item that can be had, as
    /// a failure of the stage where it waits, as it has come to be there.
    ///
    /// An item that a future or a sink has is gone with it, unless the stage keeps clones
    /// ([`cloned`](crate::AsyncStage::cloned)); its failure has `()` instead. Dropping the pipeline drops everything, and
    /// the ledger counts what was inside as dropped. For a graceful end let the stream end, or close the sink.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Pipeline, Remains};
    /// use futures::{FutureExt, SinkExt};
    ///
    /// let mut flow = Pipeline::new("p").buffer("queue", 4).async_stage("never", 1, |_: i64| std::future::pending::<i64>()).flow();
    /// for item in 0..3 {
    ///     flow.feed(item).now_or_never().unwrap()?;
    /// }
    /// let Remains { outputs, failures, .. } = flow.into_pipeline().abort();
    /// assert_eq!((outputs.len(), failures.len()), (0, 3));
    /// # Ok::<(), coroute::FlowError>(())
    /// ```
    pub fn abort(mut self) -> Remains<In, Out> {
        let item = self.engine.current(false).hand.take();
        let (mut outputs, mut failures) = (Vec::new(), Vec::new());
        self.engine.abort(&mut outputs, &mut failures);
        Remains { item, outputs, failures }
    }

    /// The pipeline with a queue of at most `capacity` items behind its stages; see [`buffer`].
    pub fn buffer(self, name: impl AsRef<str>, capacity: usize) -> Self {
        self.stage(name, buffer(capacity))
    }

    /// The pipeline with a sink at its end; see [`sink`].
    pub fn sink<S>(self, name: impl AsRef<str>, into: S) -> Pipeline<In, ()>
    where
        S: Sink<Out> + Send + 'static,
        S::Error: Into<BoxError> + 'static,
    {
        self.stage(name, sink(into))
    }
}
