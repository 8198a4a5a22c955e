//! Stages whose items wait: async stages, buffers, sinks.

#[cfg(feature = "tower")]
mod service;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use futures::future::{Either, FutureExt, select};

use crate::boundary::{Buffer, Lost, Tag, Tasks};
use crate::error::Refusal;
use crate::fan::Sleep;
use crate::knot::Knot;
use crate::link::Work;
use crate::model::Kind;
use crate::node::Node;
use crate::part::Made;
use crate::stage::{BoxError, Output, Stage, Unpacked};

#[cfg(feature = "tower")]
pub use service::tower_stage;

/// A stage that makes a future of every item: `make` is called when the item's turn comes, and what the future gives goes
/// on. At most `limit` items are in it at a time; while it is full, it takes no more.
///
/// Outputs go on in the order of their items, unless the stage is [`unordered`](AsyncStage::unordered). The futures run in
/// the task that polls the pipeline, one at a time but between each other, as those of `StreamExt::buffered`. A future is
/// dropped half-way with the pipeline, or when an edit gives it up ([`InFlight`](crate::InFlight)).
///
/// It only works while a task runs the pipeline; in this thread alone its items are held back
/// ([`Hold::Waits`](crate::Hold::Waits)).
///
/// # Examples
///
/// ```
/// use coroute::{Pipeline, ThroughExt, async_stage};
/// use futures::{StreamExt, executor::block_on, stream};
///
/// let pipeline = Pipeline::new("p").stage("fetch", async_stage(8, |x: i64| async move { x * 2 }));
/// let doubled: Vec<i64> = block_on(stream::iter(1..=3).through(pipeline).map(Result::unwrap).collect());
/// assert_eq!(doubled, [2, 4, 6]);
/// ```
pub fn async_stage<In, Out, M, F>(limit: usize, make: M) -> AsyncStage<In, M>
where
    M: FnMut(In) -> F + Send + 'static,
    F: Future<Output = Out> + Send + 'static,
{
    AsyncStage { make, options: Options::new(limit) }
}

/// An [`async_stage`] that can fail: a future that gives an error gives the item back with it, which goes to the pipeline's
/// failure handler.
///
/// # Examples
///
/// ```
/// use coroute::{FlowError, Pipeline, ThroughExt, try_async_stage};
/// use futures::{StreamExt, executor::block_on, stream};
///
/// let halve = |x: i64| async move { if x % 2 == 0 { Ok(x / 2) } else { Err((x, "odd")) } };
/// let pipeline = Pipeline::new("p").stage("halve", try_async_stage(8, halve));
/// let mut halves = stream::iter([4, 5, 6]).through(pipeline);
/// block_on(async {
///     assert_eq!(halves.next().await.unwrap().unwrap(), 2);
///     let Err(FlowError::Failed(failure)) = halves.next().await.unwrap() else { panic!() };
///     assert_eq!(failure.to_string(), "stage \"halve\" failed on cycle 1, revision 0: odd");
///     assert_eq!(failure.into_item::<i64>().unwrap(), 5);
///     assert_eq!(halves.next().await.unwrap().unwrap(), 3);
/// });
/// ```
pub fn try_async_stage<In, Out, E, M, F>(limit: usize, make: M) -> TryAsyncStage<In, M>
where
    M: FnMut(In) -> F + Send + 'static,
    F: Future<Output = Result<Out, (In, E)>> + Send + 'static,
    E: Into<BoxError>,
{
    TryAsyncStage { make, options: Options::new(limit) }
}

/// A queue of at most `capacity` items. What is in front of it goes on while what is behind it waits.
///
/// It only is a queue while a task runs the pipeline; in this thread alone items pass it at once. A pipeline with one that
/// a task has run cannot be called any more.
#[must_use]
pub fn buffer<T: Send + 'static>(capacity: usize) -> Queue<T> {
    Queue { capacity, items: PhantomData }
}

/// See [`async_stage`].
#[must_use = "a stage does nothing until it is a part of a pipeline"]
pub struct AsyncStage<In, M> {
    make: M,
    options: Options<In>,
}

/// See [`try_async_stage`].
#[must_use = "a stage does nothing until it is a part of a pipeline"]
pub struct TryAsyncStage<In, M> {
    make: M,
    options: Options<In>,
}

/// See [`tower_stage`].
#[cfg(feature = "tower")]
#[must_use = "a stage does nothing until it is a part of a pipeline"]
pub struct ServiceStage<In, M> {
    make: M,
    options: Options<In>,
}

/// See [`buffer`].
#[derive(Debug)]
pub struct Queue<T> {
    capacity: usize,
    items: PhantomData<fn(T) -> T>,
}

struct Options<In> {
    limit: usize,
    ordered: bool,
    clone: Option<fn(&In) -> In>,
    within: Option<(Duration, Timer)>,
}

type Timer = Arc<dyn Fn(Duration) -> Sleep + Send + Sync>;

/// An item was not done with in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedOut {
    /// The time that there was for it.
    pub within: Duration,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not done within {:?}", self.within)
    }
}

impl std::error::Error for TimedOut {}

impl<In> Options<In> {
    fn new(limit: usize) -> Self {
        Self { limit, ordered: true, clone: None, within: None }
    }
}

macro_rules! options {
    ($stage:ident) => {
        impl<In, M> $stage<In, M> {
            /// Lets outputs go on as they come. An edit is not passed all the same: what was accepted before it goes on
            /// before what comes after.
            pub fn unordered(mut self) -> Self {
                self.options.ordered = false;
                self
            }

            /// Has the stage keep a clone of each item while a future works on it, to be handed back when that fails,
            /// panics or is given up, or to be sent again.
            pub fn cloned(mut self) -> Self
            where
                In: Clone,
            {
                self.options.clone = Some(In::clone);
                self
            }

            /// Has every item fail, as [`TimedOut`], that is not done with `within` that time from when its future was
            /// made. The clock is that of `sleep`, which any runtime has; the future is dropped then, and the item handed
            /// back if the stage is [`cloned`](Self::cloned).
            pub fn within<S>(mut self, within: Duration, sleep: impl Fn(Duration) -> S + Send + Sync + 'static) -> Self
            where
                S: Future<Output = ()> + Send + 'static,
            {
                self.options.within = Some((within, Arc::new(move |within| Box::pin(sleep(within)))));
                self
            }
        }

        impl<In, M> fmt::Debug for $stage<In, M> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let Options { limit, ordered, .. } = &self.options;
                f.debug_struct(stringify!($stage))
                    .field("limit", limit)
                    .field("ordered", ordered)
                    .finish_non_exhaustive()
            }
        }
    };
}

options!(AsyncStage);
options!(TryAsyncStage);
#[cfg(feature = "tower")]
options!(ServiceStage);

/// What became of an item of the user's future.
type Became<In, Out> = Result<Out, Lost<In>>;

impl<In: Send + 'static> Options<In> {
    /// A stage whose futures are made by `make`.
    fn stage<Out, M, F>(self, mut make: M) -> Made
    where
        Out: Send + 'static,
        M: FnMut(In) -> F + Send + 'static,
        F: Future<Output = Became<In, Out>> + Send + 'static,
    {
        let Self { limit, ordered, clone, within } = self;
        let begin = move |item: In, tag: Tag| {
            let work = std::panic::AssertUnwindSafe(make(item)).catch_unwind();
            let within = within.clone();
            async move {
                let done = match within {
                    None => work.await,
                    Some((within, sleep)) => {
                        let (work, sleep) = (std::pin::pin!(work), sleep(within));
                        match select(work, sleep).await {
                            Either::Left((done, _)) => done,
                            Either::Right(_) => Ok(Err(Lost::Failed(TimedOut { within }.into(), None))),
                        }
                    }
                };
                (tag, done.unwrap_or_else(|panic| Err(Lost::Panicked(panic))))
            }
        };
        boundary("the limit of an async stage", limit, Tasks::new(begin, limit, ordered, clone))
    }
}

/// The part of a pipeline that a boundary is, which takes so many items.
fn boundary<A: Send + 'static, B: Send + 'static>(what: &'static str, room: usize, work: impl Work<A, B>) -> Made {
    Made {
        kind: Kind::Stage,
        make: Box::new(|site| -> Box<dyn Knot> { Box::new(Node::<_, A, B>::new(site, work)) }),
        error: (room == 0).then_some(Refusal::NoRoom { what }),
    }
}

impl<In, Out, M, F> Stage<In> for AsyncStage<In, M>
where
    In: Send + 'static,
    Out: Send + 'static,
    M: FnMut(In) -> F + Send + 'static,
    F: Future<Output = Out> + Send + 'static,
{
    type Out = Out;

    const PLAIN: bool = false;

    /// Never called: the stage is unpacked when it becomes a part of a pipeline.
    fn process(&mut self, item: In, out: &mut Output<'_, Out>) {
        out.fail(item, "an async stage takes items as a part of a pipeline");
    }

    fn unpack(self) -> Unpacked<Self> {
        let Self { mut make, options } = self;
        Unpacked::Made(Box::new(options.stage(move |item| make(item).map(Ok))))
    }
}

impl<In, Out, E, M, F> Stage<In> for TryAsyncStage<In, M>
where
    In: Send + 'static,
    Out: Send + 'static,
    M: FnMut(In) -> F + Send + 'static,
    F: Future<Output = Result<Out, (In, E)>> + Send + 'static,
    E: Into<BoxError> + 'static,
{
    type Out = Out;

    const PLAIN: bool = false;

    /// Never called: the stage is unpacked when it becomes a part of a pipeline.
    fn process(&mut self, item: In, out: &mut Output<'_, Out>) {
        out.fail(item, "an async stage takes items as a part of a pipeline");
    }

    fn unpack(self) -> Unpacked<Self> {
        let Self { mut make, options } = self;
        let failed = |(item, error): (In, E)| Lost::Failed(error.into(), Some(item));
        Unpacked::Made(Box::new(options.stage(move |item| make(item).map(move |made| made.map_err(failed)))))
    }
}

impl<T: Send + 'static> Stage<T> for Queue<T> {
    type Out = T;

    const PLAIN: bool = false;

    fn process(&mut self, item: T, out: &mut Output<'_, T>) {
        out.emit(item);
    }

    fn unpack(self) -> Unpacked<Self> {
        let queue = Buffer::<T>::new(self.capacity);
        Unpacked::Made(Box::new(boundary("the capacity of a buffer", self.capacity, queue)))
    }
}
