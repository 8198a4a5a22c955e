//! A script played along with a stream.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::Stream;

use super::play::Player;
use crate::error::FlowError;
use crate::pipeline::Pipeline;
use crate::stream::pull;

/// See [`Player::along`].
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Along<'a, St> {
    player: &'a mut Player,
    items: Pin<Box<St>>,
}

impl Player {
    /// The items of `stream`, for the pipeline that the script was bound to, run by a task: what is due in front of an item
    /// is done when that comes. So it governs the item, and items that are inside go on as before.
    ///
    /// A count that a `when` or an `expect` reads in front of an item is of what has come out by then; with items waiting
    /// inside that depends on their pace. Counts of what was accepted, and edits at cycles, do not.
    ///
    /// An edit that is refused does not stop the items; [`end`](Player::end) reports it. Where the pipeline takes no item
    /// until the script says so, it does not ask for one: take [`through`](Player::through), which also plays then.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Change, Library, Pipeline, Script, ThroughExt};
    /// use futures::{StreamExt, executor::block_on, stream};
    ///
    /// let pipeline = Pipeline::new("p").async_stage("double", 4, |x: i64| async move { x * 2 }).stage("neg", |x: i64| -x);
    /// let mut player = Script::new().at(2, [Change::remove("neg")?]).bind(&Library::new(), &pipeline.controller())?;
    /// let outputs = player.along(stream::iter(1..=3)).through(pipeline);
    /// assert_eq!(block_on(outputs.map(Result::unwrap).collect::<Vec<_>>()), [-2, -4, 6]);
    /// player.end()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn along<St: Stream>(&mut self, stream: St) -> Along<'_, St> {
        Along { player: self, items: Box::pin(stream) }
    }
}

/// See [`Player::through`].
#[must_use = "streams do nothing unless polled"]
pub struct Played<'a, St: Stream, Out> {
    player: &'a mut Player,
    /// Until it has ended.
    items: Option<Pin<Box<St>>>,
    pipeline: Pipeline<St::Item, Out>,
}

impl Player {
    /// The outputs of `pipeline`, which the script was bound to, for the items of `stream`, with the script played: what is
    /// due in front of an item is done as soon as the item before it was accepted.
    ///
    /// See [`along`](Player::along), and [`ThroughExt::through`](crate::ThroughExt::through).
    pub fn through<St, Out>(&mut self, stream: St, mut pipeline: Pipeline<St::Item, Out>) -> Played<'_, St, Out>
    where
        St: Stream,
        St::Item: Send + 'static,
        Out: Send + 'static,
    {
        pipeline.engine.current(false);
        Played { player: self, items: Some(Box::pin(stream)), pipeline }
    }
}

impl<St, Out> Stream for Played<'_, St, Out>
where
    St: Stream,
    St::Item: Send + 'static,
    Out: Send + 'static,
{
    type Item = Result<Out, FlowError>;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { player, items, pipeline } = self.get_mut();
        loop {
            player.advance_all();
            let polled = pipeline.engine.poll_output(task, |task| {
                let item = pull(items, task);
                if matches!(item, Poll::Ready(Some(_))) {
                    player.advance_all();
                }
                item
            });
            if polled.is_ready() || !player.is_due() {
                return polled;
            }
        }
    }
}

impl<St: Stream, Out> std::fmt::Debug for Played<'_, St, Out> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Played").field("player", &self.player).field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}

/// Nothing in it is pinned in its place.
impl<St: Stream, Out> Unpin for Played<'_, St, Out> {}

impl<St: Stream> Stream for Along<'_, St> {
    type Item = St::Item;

    fn poll_next(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<St::Item>> {
        let Self { player, items } = self.get_mut();
        let item = ready!(items.as_mut().poll_next(task));
        if item.is_some() {
            player.advance_all();
        }
        Poll::Ready(item)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.items.size_hint()
    }
}
