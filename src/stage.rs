//! What a step of a pipeline is: the [`Stage`] trait, and where a stage puts what it makes.
//!
//! A closure `FnMut(In) -> Out` is a stage. So are the adaptors in [`adapt`](crate::filter) (filter, flat map, try, ...),
//! a [`body`](crate::body) coroutine, a [`Switch`](crate::Switch), a whole [`Pipeline`](crate::Pipeline), and any type of
//! the user's that implements the trait.

mod adapt;

use std::any::Any;

pub use adapt::{Filter, FilterMap, FlatMap, Inspect, TryStage, filter, filter_map, flat_map, inspect, try_stage};

/// The error type of a stage that can fail.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A step from `In` to [`Out`](Stage::Out) that gives 0, 1 or many outputs per item.
///
/// Closures implement it; implement it yourself for a step with state that wants a name, that holds items back, or that
/// can fail item by item.
///
/// # Panics
///
/// A panic in a stage reaches the caller of the pipeline; the item it was working on is counted as failed, and the
/// pipeline takes no further item until an edit has replaced or removed the stage.
///
/// # Examples
///
/// ```
/// use coroute::{Output, Pipeline, Stage};
///
/// /// Gives the sum of every two items.
/// #[derive(Default)]
/// struct Pairs(Option<i64>);
///
/// impl Stage<i64> for Pairs {
///     type Out = i64;
///     fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
///         match self.0.take() {
///             None => self.0 = Some(item),
///             Some(first) => out.emit(first + item),
///         }
///     }
///     fn finish(&mut self, out: &mut Output<'_, i64>) {
///         if let Some(last) = self.0.take() {
///             out.emit(last);
///         }
///     }
///     fn held(&self) -> usize {
///         self.0.is_some().into()
///     }
/// }
///
/// let mut pipeline = Pipeline::new("sums").stage("pairs", Pairs::default());
/// let mut sums = Vec::new();
/// pipeline.send_all([1, 2, 3], |sum| sums.push(sum))?;
/// assert_eq!(pipeline.ledger().in_flight(), 1);
/// pipeline.finish(|sum| sums.push(sum))?;
/// assert_eq!(sums, [3, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a stage for items of type `{In}`",
    label = "this does not take `{In}`",
    note = "a stage here is a closure `FnMut({In}) -> Out`, an adaptor such as `filter`, a `Pipeline` or `Switch` that begins with `{In}`, or a type that implements `Stage<{In}>`"
)]
pub trait Stage<In>: Send + 'static {
    /// What this stage gives on.
    type Out: Send + 'static;

    /// What the engine may assume of this stage; the default assumes nothing.
    #[doc(hidden)]
    const SHAPE: Shape = Shape::ANY;

    /// Whether it is one step, and not a pipeline or a switch.
    #[doc(hidden)]
    const PLAIN: bool = true;

    /// Takes one item and emits what becomes of it.
    ///
    /// What is emitted goes on in order, when `process` has returned.
    fn process(&mut self, item: In, out: &mut Output<'_, Self::Out>);

    /// Emits what the stage has held back: at the end of the stream, and before the stage is removed or replaced.
    fn finish(&mut self, out: &mut Output<'_, Self::Out>) {
        let _ = out;
    }

    /// How many items the stage holds back now; the ledger counts them as in flight.
    ///
    /// The engine asks after every [`process`](Stage::process); it must be quick and must not panic. A stage that keeps items
    /// for [`finish`](Stage::finish) and does not say so has them counted as dropped, and as split when they come out.
    fn held(&self) -> usize {
        0
    }

    /// The quick way for a stage of [`Shape::single`]: at most one output; nothing means dropped, or failed.
    #[doc(hidden)]
    fn apply(&mut self, item: In, faults: &mut Faults) -> Option<Self::Out> {
        let mut made = Vec::new();
        self.process(item, &mut Output::new(&mut made, faults));
        made.pop()
    }

    /// The quick way for a stage of [`Shape::exact`]: one output for each item.
    #[doc(hidden)]
    fn batch(&mut self, items: &mut Vec<In>, out: &mut Vec<Self::Out>) {
        let mut faults = Faults::default();
        out.extend(items.drain(..).filter_map(|item| self.apply(item, &mut faults)));
    }

    /// For what is more than one step: the ready-made link, in a box that only this crate can open.
    #[doc(hidden)]
    fn unpack(self) -> Unpacked<Self>
    where
        Self: Sized,
    {
        Unpacked::Stage(self)
    }
}

impl<F, In, Out> Stage<In> for F
where
    F: FnMut(In) -> Out + Send + 'static,
    Out: Send + 'static,
{
    type Out = Out;

    const SHAPE: Shape = Shape { exact: true, single: true, infallible: true };

    fn process(&mut self, item: In, out: &mut Output<'_, Out>) {
        out.emit(self(item));
    }

    #[inline]
    fn apply(&mut self, item: In, _: &mut Faults) -> Option<Out> {
        Some(self(item))
    }

    #[inline]
    fn batch(&mut self, items: &mut Vec<In>, out: &mut Vec<Out>) {
        out.extend(items.drain(..).map(self));
    }
}

/// Where a [`Stage`] puts what it makes of an item.
pub struct Output<'a, Out> {
    made: &'a mut Vec<Out>,
    faults: &'a mut Faults,
}

impl<'a, Out> Output<'a, Out> {
    pub(crate) fn new(made: &'a mut Vec<Out>, faults: &'a mut Faults) -> Self {
        Self { made, faults }
    }

    /// Gives `item` to the next stage, after what was emitted before.
    #[inline]
    pub fn emit(&mut self, item: Out) {
        self.made.push(item);
    }

    /// Gives `item` up as failed; it goes to the pipeline's failure handler with `error`.
    ///
    /// One call per item that could not be processed: an item that is neither emitted, held nor failed counts as dropped.
    pub fn fail<T: Send + 'static>(&mut self, item: T, error: impl Into<BoxError>) {
        self.faults.add(item, error.into());
    }
}

impl<Out> std::fmt::Debug for Output<'_, Out> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Output").field("emitted", &self.made.len()).finish_non_exhaustive()
    }
}

/// Items that a stage could not process, until the engine has added where that was.
#[doc(hidden)]
#[derive(Debug, Default)]
pub struct Faults(Vec<Fault>);

#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) error: BoxError,
    pub(crate) item: Box<dyn Any + Send>,
}

impl Faults {
    #[cold]
    pub(crate) fn add<T: Send + 'static>(&mut self, item: T, error: BoxError) {
        self.0.push(Fault { error, item: Box::new(item) });
    }

    #[cold]
    pub(crate) fn add_boxed(&mut self, item: Box<dyn Any + Send>, error: BoxError) {
        self.0.push(Fault { error, item });
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn take(&mut self) -> Vec<Fault> {
        std::mem::take(&mut self.0)
    }
}

/// What the engine may assume of a stage.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Exactly one output for every item, never a failure, nothing held.
    pub exact: bool,
    /// At most one output for every item, and nothing held.
    pub single: bool,
    /// No item ever fails (a panic is not a failure).
    pub infallible: bool,
}

impl Shape {
    /// Anything may happen.
    pub const ANY: Self = Self { exact: false, single: false, infallible: false };
    /// Dropped or passed on.
    pub const MAYBE: Self = Self { exact: false, single: true, infallible: true };
    /// Passed on or failed.
    pub const TRIES: Self = Self { exact: false, single: true, infallible: false };
    /// Any number of outputs, but no failure.
    pub const MANY: Self = Self { exact: false, single: false, infallible: true };
}

/// See [`Stage::unpack`].
#[doc(hidden)]
#[allow(missing_debug_implementations)] // holds whatever the user's stage is
pub enum Unpacked<S> {
    /// An ordinary stage.
    Stage(S),
    /// A link that was made already.
    Made(Box<dyn Any + Send>),
}
