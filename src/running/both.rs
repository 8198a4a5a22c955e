//! Both ends in one thread, which sends and receives by turns.
//!
//! What has come out is received whenever this thread would wait, because it may be what has no room that others wait for.

use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use super::conductor::News;
use super::sender::CHUNK;
use super::{Receiver, Running, Sender};
use crate::error::{Closed, FlushError};
use crate::parker::block_on;

/// Gives what comes out to `each` until `go_on` is ready; `None` where nothing comes any more before that.
pub(super) fn meanwhile<Out, R>(
    receiver: &mut Receiver<Out>,
    each: &mut impl FnMut(News<Out>),
    mut go_on: impl FnMut(&mut Context<'_>) -> Poll<R>,
) -> Option<R> {
    loop {
        let mut open = true;
        let done = block_on(poll_fn(|task| {
            let done = go_on(task);
            match (done, receiver.poll_all(task)) {
                (Poll::Ready(done), _) => Poll::Ready(Some(done)),
                (Poll::Pending, Poll::Pending) => Poll::Pending,
                (Poll::Pending, Poll::Ready(more)) => {
                    open = more;
                    Poll::Ready(None)
                }
            }
        }));
        while let Some(news) = receiver.next_in_hand() {
            each(news);
        }
        if done.is_some() || !open {
            return done;
        }
    }
}

/// Sends all `items`; with `waits`, also where an edit has to come first. What it had asked for and not sent comes back when
/// the pipeline takes none any more.
pub(super) fn feed<In, Out>(
    items: &mut impl Iterator<Item = In>,
    sender: &mut Sender<In>,
    receiver: &mut Receiver<Out>,
    each: &mut impl FnMut(News<Out>),
    waits: bool,
) -> Result<(), (FlushError, Vec<In>)> {
    let mut chunk: Vec<In> = Vec::new();
    loop {
        if chunk.is_empty() {
            chunk.extend(items.take(CHUNK));
        }
        if chunk.is_empty() {
            return Ok(());
        }
        let mut opening = None;
        let fed = meanwhile(receiver, each, |task| {
            loop {
                if let Poll::Ready(put) = sender.poll_put(&mut chunk, task) {
                    return Poll::Ready(put.map_err(FlushError::Closed));
                }
                if waits {
                    return Poll::Pending;
                }
                let open = opening.get_or_insert_with(|| Box::pin(sender.opening()));
                ready!(open.as_mut().poll(task))?;
                opening = None;
            }
        });
        if let Err(why) = fed.unwrap_or_else(|| Err(ended(sender))) {
            sender.leave_line();
            return Err((why, chunk));
        }
    }
}

/// Why nothing comes any more.
fn ended<In>(sender: &Sender<In>) -> FlushError {
    FlushError::Closed(sender.closed().unwrap_or(Closed::Lost))
}

impl<In: Send + 'static, Out: Send + 'static> Running<In, Out> {
    /// Sends all `items`, and waits until they are accepted; not for an edit, where one has to come before that. What it had
    /// asked for and not sent comes back then.
    pub(crate) fn feed(
        &mut self,
        items: &mut impl Iterator<Item = In>,
        each: &mut impl FnMut(News<Out>),
    ) -> Result<(), (FlushError, Vec<In>)> {
        feed(items, &mut self.sender, &mut self.receiver, each, false)?;
        match self.open(each) {
            Err(FlushError::Held(_)) if self.sender.waiting() == 0 => Ok(()),
            open => open.map_err(|why| (why, Vec::new())),
        }
    }

    /// See [`ready`](Running::ready).
    pub(crate) fn open(&mut self, each: &mut impl FnMut(News<Out>)) -> Result<(), FlushError> {
        let Self { sender, receiver, .. } = self;
        let mut opening = pin!(sender.opening());
        meanwhile(receiver, each, |task| opening.as_mut().poll(task)).unwrap_or_else(|| Err(ended(sender)))
    }

    /// See [`flush`](Running::flush).
    pub(crate) fn flush_to(&mut self, each: &mut impl FnMut(News<Out>)) -> Result<(), FlushError> {
        let Self { sender, receiver, .. } = self;
        let mut flushed = pin!(sender.flush_async());
        meanwhile(receiver, each, |task| flushed.as_mut().poll(task)).unwrap_or_else(|| Err(ended(sender)))
    }
}
