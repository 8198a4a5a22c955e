//! Sinks as stages: where a pipeline ends.

use std::fmt;
use std::marker::PhantomData;

use futures::Sink;

use crate::boundary::{GiveBack, Outflow};
use crate::model::Kind;
use crate::node::Node;
use crate::part::Made;
use crate::stage::{BoxError, Output, Stage, Unpacked};

/// Any `futures::Sink` as a stage that ends the flow: it takes items and gives `()`.
///
/// An item is *delivered* when the sink has taken it. The sink is flushed when a route leaves it, when it is taken out, and
/// with the whole pipeline; it is closed at the end of the stream. What a stalled sink has not taken waits in the source,
/// which a commit that routes elsewhere wakes.
///
/// Its errors are failures, with the item where that has not been given to it, or where
/// [`handing_back`](SinkStage::handing_back) gets it out of the error. An error of `poll_ready` is that of the next item.
///
/// # Examples
///
/// ```
/// use coroute::{Pipeline, Switch, sink};
/// use futures::{StreamExt, channel::mpsc, executor::block_on, stream};
///
/// let ((a, a_out), (b, b_out)) = (mpsc::channel(8), mpsc::channel(8));
/// let out = Switch::new("out").target("a", sink(a)).target("b", sink(b)).route("a");
/// let mut pipeline = Pipeline::new("p").switch(out);
/// let controller = pipeline.controller();
/// block_on(async {
///     pipeline.drive(stream::iter([1, 2])).await?;
///     controller.route("out", "b").unwrap();
///     pipeline.drive(stream::iter([3])).await?;
///     drop(pipeline);
///     assert_eq!(a_out.collect::<Vec<i32>>().await, [1, 2]);
///     assert_eq!(b_out.collect::<Vec<i32>>().await, [3]);
///     Ok::<(), coroute::FlowError>(())
/// })?;
/// # Ok::<(), coroute::FlowError>(())
/// ```
pub fn sink<T, S>(sink: S) -> SinkStage<S, T, S::Error>
where
    S: Sink<T> + Send + 'static,
    S::Error: Into<BoxError>,
{
    SinkStage { sink, give_back: |error| (error.into(), None), items: PhantomData }
}

/// See [`sink`].
#[must_use = "a stage does nothing until it is a part of a pipeline"]
pub struct SinkStage<S, T, E> {
    sink: S,
    give_back: GiveBack<T, E>,
    items: PhantomData<fn(T)>,
}

impl<S, T, E> SinkStage<S, T, E> {
    /// Has an item that is in the sink's error handed back.
    pub fn handing_back(self, give_back: fn(E) -> (BoxError, Option<T>)) -> Self {
        Self { give_back, ..self }
    }
}

impl<S, T, E> fmt::Debug for SinkStage<S, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkStage").finish_non_exhaustive()
    }
}

impl<S, T, E> Stage<T> for SinkStage<S, T, E>
where
    S: Sink<T, Error = E> + Send + 'static,
    T: Send + 'static,
    E: 'static,
{
    type Out = ();

    const PLAIN: bool = false;

    /// Never called: a sink is unpacked when it becomes a part of a pipeline.
    fn process(&mut self, item: T, out: &mut Output<'_, ()>) {
        out.fail(item, "a sink takes items as a part of a pipeline");
    }

    fn unpack(self) -> Unpacked<Self> {
        let Self { sink, give_back, .. } = self;
        Unpacked::Made(Box::new(Made {
            kind: Kind::Stage,
            make: Box::new(move |site| Box::new(Node::<_, T, ()>::new(site, Outflow::new(sink, give_back)))),
            error: None,
        }))
    }
}
