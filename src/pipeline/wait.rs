//! Stages whose items wait, in the builder.

use futures::Sink;

use super::Pipeline;
use crate::sinks::sink;
use crate::stage::BoxError;
use crate::waiting::{async_stage, buffer, try_async_stage};

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
