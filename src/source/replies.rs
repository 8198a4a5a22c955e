//! A source as a stream.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;
use genawaiter::GeneratorState;

use super::{Source, Step};
use crate::error::{CallError, FlowError, SourceError};

/// The outputs of a [`Source`]'s cycles, in order; made by [`into_stream`](Source::into_stream).
///
/// One item is inside at a time, because the body waits for the reply to it. While the pipeline takes no item the stream is
/// pending, and a commit wakes its task. It ends with the body, or after the error that says why the body cannot go on.
#[must_use = "streams do nothing unless polled"]
pub struct Replies<In, Out, R> {
    source: Source<In, Out, R>,
    /// Whether an item is inside, and what has come of it.
    asked: bool,
    outputs: Vec<Out>,
    failures: Vec<crate::failure::Failure>,
}

impl<In: Send + 'static, Out: Send + 'static, R: 'static> Source<In, Out, R> {
    /// The outputs as a `Stream`, also of a pipeline with async stages; the body gets its replies all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{NoReply, Pipeline, Source};
    /// use futures::{StreamExt, executor::block_on};
    ///
    /// let pipeline = Pipeline::new("p").async_stage("double", 1, |x: i64| async move { x * 2 });
    /// let source = Source::new(pipeline, |mut out| async move {
    ///     let two = out.send(1).await?;
    ///     out.send(two).await
    /// });
    /// let doubled: Vec<_> = block_on(source.into_stream().map(Result::unwrap).collect());
    /// assert_eq!(doubled, [2, 4]);
    /// # Ok::<(), NoReply<i64>>(())
    /// ```
    pub fn into_stream(mut self) -> Replies<In, Out, R> {
        self.pipeline.engine.current(false);
        Replies { source: self, asked: false, outputs: Vec::new(), failures: Vec::new() }
    }
}

impl<In: Send + 'static, Out: Send + 'static, R: 'static> Replies<In, Out, R> {
    /// The source, with the item that the pipeline has not taken yet, if there is one.
    pub fn into_source(self) -> Source<In, Out, R> {
        self.source
    }

    /// One cycle; see [`Source::step`].
    fn poll_step(&mut self, task: &mut Context<'_>) -> Poll<Result<Step<R>, SourceError>> {
        let Source { pipeline, body, hand, .. } = &mut self.source;
        if !self.asked {
            let item = match hand.take() {
                Some(item) => item,
                None => match body.resume().map_err(SourceError::Body)? {
                    GeneratorState::Yielded(item) => item,
                    GeneratorState::Complete(result) => return Poll::Ready(Ok(Step::Done(result))),
                },
            };
            match pipeline.engine.poll_room(task) {
                Poll::Ready(Ok(())) => pipeline.engine.offer(item),
                Poll::Ready(Err(error)) => {
                    *hand = Some(item);
                    return Poll::Ready(Err(of(error)));
                }
                Poll::Pending => {
                    *hand = Some(item);
                    return Poll::Pending;
                }
            }
            self.asked = true;
        }
        ready!(pipeline.engine.poll_reply(task, &mut self.outputs, &mut self.failures)).map_err(of)?;
        self.asked = false;
        let (mut outputs, failures) = (std::mem::take(&mut self.outputs), std::mem::take(&mut self.failures));
        Poll::Ready(match (failures.is_empty(), outputs.len()) {
            (true, 1) => {
                outputs.into_iter().for_each(|output| body.answer(output));
                Ok(Step::Sent)
            }
            (true, _) => self.source.no_reply(CallError::NotOne(outputs)),
            (false, 0) => self.source.no_reply(CallError::Failed(failures)),
            (false, _) => self.source.no_reply(CallError::Partly(failures, std::mem::take(&mut outputs))),
        })
    }
}

fn of(error: FlowError) -> SourceError {
    match error {
        FlowError::Failed(failure) => SourceError::Failed(vec![*failure]),
        FlowError::Held(hold) => SourceError::Held(*hold),
    }
}

impl<In: Send + 'static, Out: Clone + Send + 'static, R: 'static> Stream for Replies<In, Out, R> {
    type Item = Result<Out, SourceError>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let replies = self.get_mut();
        loop {
            if let Some(next) = replies.source.handed_out() {
                return Poll::Ready(next.map(Ok));
            }
            let step = ready!(replies.poll_step(task));
            if let Some(error) = replies.source.keep_outputs(step) {
                return Poll::Ready(error.map(Err));
            }
        }
    }
}

/// Nothing in it is pinned in its place.
impl<In, Out, R> Unpin for Replies<In, Out, R> {}

impl<In, Out, R> fmt::Debug for Replies<In, Out, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replies").field("source", &self.source).field("asked", &self.asked).finish_non_exhaustive()
    }
}
