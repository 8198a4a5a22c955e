//! A coroutine that drives a pipeline, one item a cycle.

mod replies;

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;

use genawaiter::GeneratorState;

use crate::controller::Controller;
use crate::coroutine::{Asking, Outlet};
use crate::error::{CallError, NoReply, SourceError};
use crate::ledger::Ledger;
use crate::pipeline::Pipeline;
use crate::topology::Topology;

pub use replies::Replies;

/// A coroutine that sends items into a pipeline and is answered by whatever target the controller chose.
///
/// Every [`send`](Outlet::send) of the body is one cycle: the route is read then, not earlier. The source can be stepped a
/// cycle at a time, [`run`](Source::run) to its end, or used as an iterator over the outputs. Between two steps the body
/// is suspended in `send`; nothing runs by itself.
///
/// The body runs on the thread that steps the source, so a source is not `Send`; its controllers are.
///
/// # Examples
///
/// ```
/// use coroute::{Source, Switch};
///
/// let source = Switch::new("source")
///     .target("add", |x: i64| x + 1)
///     .target("prod", |x: i64| x * 2)
///     .route("add")
///     .into_pipeline();
/// let controller = source.controller();
/// let mut source = Source::new(source, |mut out| async move {
///     let five = out.send(4).await?;
///     controller.route("source", "prod").map_err(|_| coroute::NoReply::Failed)?;
///     let sixteen = out.send(8).await?;
///     Ok::<_, coroute::NoReply<i64>>((five, sixteen))
/// });
/// assert_eq!(source.run()?, Ok((5, 16)));
/// # Ok::<(), coroute::SourceError>(())
/// ```
pub struct Source<In, Out, R = ()> {
    pipeline: Pipeline<In, Out>,
    body: Asking<In, Out, R>,
    /// The item that the pipeline has not taken yet.
    hand: Option<In>,
    /// For the iterator: outputs of the last cycle.
    outputs: VecDeque<Out>,
    /// For the iterator: the body cannot go on.
    over: bool,
}

/// What a source did in a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<R> {
    /// It sent an item; the body gets the reply at the next step.
    Sent,
    /// The body has returned.
    Done(R),
}

impl<In: Send + 'static, Out: Send + 'static, R: 'static> Source<In, Out, R> {
    /// A source that drives `pipeline` by `body`; the body does not begin before the first step.
    pub fn new<F>(pipeline: Pipeline<In, Out>, body: impl FnOnce(Outlet<In, Out>) -> F) -> Self
    where
        F: Future<Output = R> + 'static,
    {
        Self { pipeline, body: Asking::new(body), hand: None, outputs: VecDeque::new(), over: false }
    }

    /// One cycle: resumes the body with the reply to its last item, and sends the next.
    ///
    /// # Errors
    ///
    /// [`SourceError::Held`] when the pipeline takes no item: the source keeps it, and the next step tries again, by the
    /// route of then. [`SourceError::Failed`] when the item failed. [`SourceError::Body`] when the body cannot be resumed,
    /// as after its end.
    ///
    /// # Panics
    ///
    /// When the body or a stage does.
    #[inline]
    pub fn step(&mut self) -> Result<Step<R>, SourceError> {
        let item = if let Some(item) = self.hand.take() {
            item
        } else {
            match self.body.resume().map_err(SourceError::Body)? {
                GeneratorState::Yielded(item) => item,
                GeneratorState::Complete(result) => return Ok(Step::Done(result)),
            }
        };
        match self.pipeline.call(item) {
            Ok(output) => {
                self.body.answer(output);
                Ok(Step::Sent)
            }
            Err(error) => self.no_reply(error),
        }
    }

    #[cold]
    fn no_reply(&mut self, error: CallError<In, Out>) -> Result<Step<R>, SourceError> {
        match error {
            CallError::Held(held) => {
                self.hand = Some(held.item);
                Err(SourceError::Held(held.why))
            }
            CallError::Failed(failures) => {
                self.body.refuse(NoReply::Failed);
                Err(SourceError::Failed(failures))
            }
            CallError::Partly(failures, outputs) => {
                self.body.refuse(NoReply::Partly(outputs));
                Err(SourceError::Failed(failures))
            }
            CallError::NotOne(outputs) if outputs.is_empty() => {
                self.body.refuse(NoReply::Dropped);
                Ok(Step::Sent)
            }
            CallError::NotOne(outputs) => {
                self.body.refuse(NoReply::Many(outputs));
                Ok(Step::Sent)
            }
        }
    }

    /// Runs the body to its end and returns what it returns.
    ///
    /// # Errors
    ///
    /// As [`step`](Source::step), at the first step that has one; the source can be run on from there.
    ///
    /// # Panics
    ///
    /// When the body or a stage does.
    pub fn run(&mut self) -> Result<R, SourceError> {
        loop {
            if let Step::Done(result) = self.step()? {
                return Ok(result);
            }
        }
    }

    /// Whether the body has returned.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.body.is_done()
    }

    /// A handle through which the pipeline can be changed, from any thread, also from inside the body.
    #[must_use]
    pub fn controller(&self) -> Controller {
        self.pipeline.controller()
    }

    /// What the pipeline looks like when all committed edits are applied.
    #[must_use]
    pub fn topology(&self) -> Topology {
        self.pipeline.topology()
    }

    /// The counts so far.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.pipeline.ledger()
    }

    /// The pipeline back, and the item that it had not taken yet.
    pub fn into_parts(self) -> (Pipeline<In, Out>, Option<In>) {
        (self.pipeline, self.hand)
    }
}

/// The outputs of the cycles, in order; the body gets its replies all the same. Ends with the body, or after the error that
/// says why the body cannot go on. While the pipeline holds items back every step gives [`SourceError::Held`].
impl<In: Send + 'static, Out: Clone + Send + 'static, R: 'static> Iterator for Source<In, Out, R> {
    type Item = Result<Out, SourceError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(next) = self.handed_out() {
                return next.map(Ok);
            }
            let step = self.step();
            if let Some(error) = self.keep_outputs(step) {
                return error.map(Err);
            }
        }
    }
}

impl<In: Send + 'static, Out: Clone + Send + 'static, R: 'static> Source<In, Out, R> {
    /// The next output that is there, or that there will be none; nothing where another step has to be made.
    fn handed_out(&mut self) -> Option<Option<Out>> {
        match self.outputs.pop_front() {
            Some(output) => Some(Some(output)),
            None if self.over || self.is_done() => Some(None),
            None => None,
        }
    }

    /// Keeps the outputs of a step. Its error, or that it was the last; nothing where it goes on.
    fn keep_outputs(&mut self, step: Result<Step<R>, SourceError>) -> Option<Option<SourceError>> {
        let outputs = &mut self.outputs;
        self.body.answered(|output, refused| {
            outputs.extend(output.cloned());
            if let Some(NoReply::Many(several) | NoReply::Partly(several)) = refused {
                outputs.extend(several.iter().cloned());
            }
        });
        match step {
            Ok(Step::Done(_)) => Some(None),
            Err(error) => {
                self.over = matches!(error, SourceError::Body(_));
                Some(Some(error))
            }
            Ok(Step::Sent) => None,
        }
    }
}

impl<In, Out, R> fmt::Debug for Source<In, Out, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("pipeline", &self.pipeline)
            .field("holds", &self.hand.is_some())
            .finish_non_exhaustive()
    }
}
