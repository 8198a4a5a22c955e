//! One sink for many pipelines.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::channel::mpsc;
use futures::{Sink, SinkExt, StreamExt};

use crate::boundary::Outflow;
use crate::model::Kind;
use crate::node::Node;
use crate::part::Made;
use crate::stage::{BoxError, Output, Stage, Unpacked};

/// Lets many pipelines, or whoever else sends, share one sink over a bounded queue: handles, and the future that feeds the
/// sink, to be run by a task of its own.
///
/// Each handle has room for one item of its own, beside the `capacity` items of the queue: so all wait for a slow sink,
/// none for another's hurry. Handles that wait get room in the order in which they began to (this is the bounded channel of
/// the `futures` crate). Items of one handle keep their order.
///
/// The future ends, and closes the sink, when all handles are dropped or closed; or with the sink's error. From then on,
/// and when the future is dropped half-way, the handles refuse items with [`SharedEnded`], which hands them back; items
/// in the queue go with it. Clone a handle for each pipeline: it is a stage that ends the flow, as [`sink`](crate::sink), and
/// a `Sink` itself.
///
/// # Examples
///
/// ```
/// use coroute::{Pipeline, shared};
/// use futures::{SinkExt, StreamExt, channel::mpsc, executor::block_on, future::join, stream};
///
/// let (sink, lines) = mpsc::unbounded();
/// let (out, feed) = shared(sink, 4);
/// let mut a = Pipeline::new("a").stage("out", out.clone());
/// let mut b = Pipeline::new("b").stage("neg", |x: i64| -x).stage("out", out);
/// let send = async {
///     a.drive(stream::iter([1, 2])).await?;
///     b.drive(stream::iter([3])).await?;
///     (a.close().await?, b.close().await)
/// .1 };
/// let (fed, sent) = block_on(join(feed, send));
/// assert!(fed.is_ok() && sent.is_ok());
/// assert_eq!(block_on(lines.collect::<Vec<i64>>()), [1, 2, -3]);
/// ```
pub fn shared<T, S>(sink: S, capacity: usize) -> (Shared<T>, impl Future<Output = Result<(), S::Error>>)
where
    T: Send + 'static,
    S: Sink<T>,
{
    let (sender, receiver) = mpsc::channel(capacity);
    (Shared { sender }, feed(receiver, sink))
}

async fn feed<T, S: Sink<T>>(items: mpsc::Receiver<T>, sink: S) -> Result<(), S::Error> {
    let mut sink = std::pin::pin!(sink);
    let mut items = items.map(Ok);
    sink.send_all(&mut items).await?;
    sink.close().await
}

/// See [`shared`].
pub struct Shared<T> {
    sender: mpsc::Sender<T>,
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self { sender: self.sender.clone() }
    }
}

/// The sink behind a [`Shared`] handle takes nothing any more.
#[derive(Clone, PartialEq, Eq)]
pub struct SharedEnded<T> {
    /// The item that was not taken, if there was one.
    pub item: Option<T>,
}

impl<T> fmt::Debug for SharedEnded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedEnded").field("item", &self.item.is_some()).finish()
    }
}

impl<T> fmt::Display for SharedEnded<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the shared sink has ended: its future was dropped, or the sink failed")
    }
}

impl<T> std::error::Error for SharedEnded<T> {}

impl<T> Sink<T> for Shared<T> {
    type Error = SharedEnded<T>;

    fn poll_ready(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Result<(), SharedEnded<T>>> {
        self.sender.poll_ready(task).map_err(|_| SharedEnded { item: None })
    }

    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), SharedEnded<T>> {
        self.sender.try_send(item).map_err(|error| SharedEnded { item: Some(error.into_inner()) })
    }

    /// Ready when the queue has room again: what is in it is the sink's.
    fn poll_flush(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Result<(), SharedEnded<T>>> {
        let _ = ready!(self.sender.poll_ready(task));
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), SharedEnded<T>>> {
        self.sender.disconnect();
        Poll::Ready(Ok(()))
    }
}

impl<T: Send + 'static> Stage<T> for Shared<T> {
    type Out = ();

    const PLAIN: bool = false;

    /// Never called: a sink is unpacked when it becomes a part of a pipeline.
    fn process(&mut self, item: T, out: &mut Output<'_, ()>) {
        out.fail(item, "a shared sink takes items as a part of a pipeline");
    }

    fn unpack(self) -> Unpacked<Self> {
        let give_back = |ended: SharedEnded<T>| -> (BoxError, Option<T>) { (ended.to_string().into(), ended.item) };
        Unpacked::Made(Box::new(Made {
            kind: Kind::Stage,
            make: Box::new(move |site| Box::new(Node::<_, T, ()>::new(site, Outflow::new(self, give_back)))),
            error: None,
        }))
    }
}

impl<T> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("ended", &self.sender.is_closed()).finish()
    }
}
