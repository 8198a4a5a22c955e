//! The pipeline: the builder, and the local engine that runs it.
//!
//! # A cycle
//!
//! One load says whether the controllers have published anything since the last cycle. If not, and every stage on the
//! route gives at most one output, the item takes the quick way: through the chain and out, and one store in the ledger.
//! All else goes the general way (`engine.rs`): apply the edits, look whether the pipeline takes items at all, and run a
//! batch, if only of one item.

mod nest;
mod threads;
mod wait;

use std::fmt;
use std::sync::Arc;

use crate::board::Board;
use crate::chain::Chain;
use crate::control::{Control, Shared};
use crate::controller::Controller;
use crate::cycle::Cycle;
use crate::engine::Engine;
use crate::error::{BuildError, CallError, FinishError, Refusal, SendAllError, SendError};
use crate::failure::OnFailure;
use crate::join::join;
use crate::ledger::{Ledger, LedgerCell};
use crate::model::{DEPTH_LIMIT, Plan};
use crate::name::{Name, Type};
use crate::part::Part;
use crate::stage::{BoxError, Stage, filter, filter_map, flat_map, inspect, try_stage};
use crate::switch::Switch;
use crate::topology::Topology;

pub use threads::{ThreadStage, WorkersStage, thread, workers};
pub use wait::Remains;

/// A chain of named stages from `In` to `Out` that can be changed while items flow.
///
/// Built by value, stage by stage; the compiler checks that each takes what the one before it gives. A mistake that it
/// cannot see, such as a name used twice, is remembered and comes back from [`check`](Pipeline::check) and from every call
/// and edit. A pipeline is itself a stage, so it nests; what was its controller's is the outer controller's then.
///
/// It runs in the thread that calls it: an item is through when `call` or `send` returns, and nothing waits inside but
/// what a stage holds back. It is `Send`, so it can be given to another thread.
///
/// # Examples
///
/// ```
/// use coroute::{CallError, Hold, Pipeline};
///
/// let mut pipeline = Pipeline::new("lengths")
///     .stage("length", |word: &'static str| word.len())
///     .stage("double", |length: usize| length * 2);
/// assert_eq!(pipeline.call("route")?, 10);
///
/// let controller = pipeline.controller();
/// controller.pause()?;
/// let Err(CallError::Held(held)) = pipeline.call("later") else { panic!() };
/// assert_eq!((held.item, held.why), ("later", Hold::Paused));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a pipeline does nothing until items are sent"]
pub struct Pipeline<In, Out> {
    pub(crate) engine: Engine<In, Out>,
}

impl<T: Send + 'static> Pipeline<T, T> {
    /// A pipeline without stages.
    pub fn new(name: impl AsRef<str>) -> Self {
        let checked = Name::new(&name);
        let name = checked.as_ref().map_or_else(|_| Name::stand_in(), Clone::clone);
        let plan = Plan { name, input: Type::of::<T>(), output: Type::of::<T>(), entries: Vec::new(), thread: None };
        let mut control = Control::new(plan);
        control.error = checked.err().map(|error| BuildError::new("a pipeline".into(), error.into()));
        let ledger = Arc::new(LedgerCell::default());
        let cx = Cycle::new(Arc::clone(&ledger));
        let shared = Arc::new(Shared { board: Board::new(control), ledger });
        Self { engine: Engine::new(Chain::new(), cx, shared) }
    }
}

impl<In: Send + 'static, Out: Send + 'static> Pipeline<In, Out> {
    /// The pipeline with a stage behind the others: a closure, an adaptor, a [`Switch`], a pipeline, or any [`Stage`].
    ///
    /// A pipeline that has run already can be extended, too. Outputs that wait in it to be handed out cannot go through the
    /// new stage any more; they are dropped, and counted so.
    pub fn stage<S, To>(self, name: impl AsRef<str>, stage: S) -> Pipeline<In, To>
    where
        S: Stage<Out, Out = To>,
        To: Send + 'static,
    {
        let label = Name::new(&name);
        let (mut part, mistake) = Part::new::<Out, S>(label.clone().unwrap_or_else(|_| Name::stand_in()), stage);
        *part.knot.joiner() = Some(join::<In, Out, To>);
        {
            let mut control = self.engine.shared.board.lock();
            let refusal = match label {
                Err(error) => Some(Refusal::Name(error)),
                Ok(name) => mistake.or(control.plan.is_free(&name).err()),
            };
            control.plan.output = Type::of::<To>();
            if let Some(entry) = part.entry {
                control.extend(entry);
            }
            let refusal =
                refusal.or((control.plan.depth() > DEPTH_LIMIT).then_some(Refusal::TooDeep { limit: DEPTH_LIMIT }));
            if let Some(refusal) = refusal {
                let error =
                    BuildError::new(format!("stage {:?} of pipeline {:?}", name.as_ref(), control.plan.name), refusal);
                control.error.get_or_insert(error);
            }
        }
        let mut engine = self.engine.reopen(&part.knot.site().counts);
        engine.parts.push(part.knot);
        Pipeline { engine }
    }

    /// The pipeline with a switch behind its stages, by the switch's own name.
    pub fn switch<To: Send + 'static>(self, switch: Switch<Out, To>) -> Pipeline<In, To> {
        let name = switch.name().to_owned();
        self.stage(name, switch)
    }

    /// The pipeline with a stage that lets an item pass when `keep` says so; see [`filter`](crate::filter).
    pub fn filter(self, name: impl AsRef<str>, keep: impl FnMut(&Out) -> bool + Send + 'static) -> Self {
        self.stage(name, filter(keep))
    }

    /// The pipeline with a stage that gives on what `map` makes of an item, if anything.
    pub fn filter_map<To: Send + 'static>(
        self,
        name: impl AsRef<str>,
        map: impl FnMut(Out) -> Option<To> + Send + 'static,
    ) -> Pipeline<In, To> {
        self.stage(name, filter_map(map))
    }

    /// The pipeline with a stage that gives on all that `map` makes of an item.
    pub fn flat_map<I>(self, name: impl AsRef<str>, map: impl FnMut(Out) -> I + Send + 'static) -> Pipeline<In, I::Item>
    where
        I: IntoIterator + 'static,
        I::Item: Send + 'static,
    {
        self.stage(name, flat_map(map))
    }

    /// The pipeline with a stage that looks at every item and gives it on unchanged.
    pub fn inspect(self, name: impl AsRef<str>, look: impl FnMut(&Out) + Send + 'static) -> Self {
        self.stage(name, inspect(look))
    }

    /// The pipeline with a stage that may fail; it takes the item by reference, so that a failed item is still there.
    pub fn try_stage<To: Send + 'static, E: Into<BoxError> + 'static>(
        self,
        name: impl AsRef<str>,
        map: impl FnMut(&Out) -> Result<To, E> + Send + 'static,
    ) -> Pipeline<In, To> {
        self.stage(name, try_stage(map))
    }

    /// Says what becomes of failures. Inside another pipeline, a handler other than [`OnFailure::stop`] deals with those of
    /// its own stages; the outer one's handler gets the others.
    pub fn on_failure(mut self, on_failure: OnFailure) -> Self {
        self.engine.chain.on_failure = on_failure;
        self
    }

    /// Says whether the pipeline was put together rightly, before the first item does.
    ///
    /// # Errors
    ///
    /// The first mistake.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Pipeline;
    ///
    /// let twice = Pipeline::new("p").stage("add", |x: i64| x + 1).stage("add", |x: i64| x + 1);
    /// assert_eq!(
    ///     twice.check().unwrap_err().to_string(),
    ///     "cannot build stage \"add\" of pipeline \"p\": the name \"add\" is taken; use another"
    /// );
    /// ```
    pub fn check(self) -> Result<Self, BuildError> {
        let error = self.engine.shared.board.lock().error.clone();
        error.map_or(Ok(self), Err)
    }

    /// A handle through which the pipeline can be changed, from any thread.
    #[must_use]
    pub fn controller(&self) -> Controller {
        Controller::new(Arc::clone(&self.engine.shared))
    }

    /// What the pipeline looks like when all committed edits are applied.
    #[must_use]
    pub fn topology(&self) -> Topology {
        self.engine.shared.topology()
    }

    /// The counts so far.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.engine.shared.ledger()
    }

    /// One cycle for a pipeline that gives one output for each item, and returns it.
    ///
    /// # Errors
    ///
    /// [`CallError::Held`] hands the item back when the pipeline does not take it; [`CallError::Failed`] has the item
    /// that a stage could not process; [`CallError::NotOne`] has the outputs when they are not exactly one.
    ///
    /// # Panics
    ///
    /// When a stage panics. The pipeline is poisoned then: it takes no item until an edit replaces or removes the stage.
    #[inline]
    pub fn call(&mut self, item: In) -> Result<Out, CallError<In, Out>> {
        let engine = &mut self.engine;
        if !engine.is_quick() {
            return engine.call(item);
        }
        match engine.quick(item) {
            Some(out) => Ok(out),
            None => Err(CallError::nothing(engine.nothing())),
        }
    }

    /// One cycle: `emit` gets every output, in order.
    ///
    /// Where `emit` panics, the outputs that it has not seen yet stay in the pipeline and come first at the next call.
    ///
    /// # Errors
    ///
    /// [`SendError::Held`] hands the item back when the pipeline does not take it; [`SendError::Failed`] has the items
    /// that stages could not process. What came out all the same was given to `emit` before.
    ///
    /// # Panics
    ///
    /// When a stage or `emit` does; see [`call`](Pipeline::call).
    #[inline]
    pub fn send(&mut self, item: In, mut emit: impl FnMut(Out)) -> Result<(), SendError<In>> {
        let engine = &mut self.engine;
        if !engine.is_quick() {
            return engine.send(item, emit);
        }
        match engine.quick(item) {
            Some(out) => {
                emit(out);
                Ok(())
            }
            None => engine.nothing().map_err(SendError::Failed),
        }
    }

    /// Sends all `items`, in batches where that makes no difference: through stages that cannot fail and routes that do
    /// not change by themselves, up to 256 items pass stage by stage, all under one revision. Else they go one by one.
    ///
    /// A batch is filled before it is sent, so the iterator is asked for up to 256 items before the first output comes: for
    /// one that waits for its items, such as a channel's, use [`send`](Pipeline::send) in a loop. Items that it had given
    /// for a batch when it panics are lost. An edit that is committed while a batch is under way governs the items from the
    /// next batch on.
    ///
    /// # Errors
    ///
    /// As [`send`](Pipeline::send), at the first item that was not accepted or failed; with it come the items not sent.
    ///
    /// # Panics
    ///
    /// When a stage or `emit` does. In a batch, what is ahead of the item that a stage panicked on still comes out; the
    /// items behind it, at most 255, are counted as failed with it.
    pub fn send_all<I: IntoIterator<Item = In>>(
        &mut self,
        items: I,
        emit: impl FnMut(Out),
    ) -> Result<(), SendAllError<I::IntoIter>> {
        self.engine.send_all(items.into_iter(), emit)
    }

    /// Sends all of `items` as one batch, under one revision, and adds the outputs to `out`: the quickest way for many.
    ///
    /// It is of use with hundreds of items at a time: each stage runs over all of them before the next does. Where
    /// [`send_all`](Pipeline::send_all) would send one by one, so does this.
    ///
    /// # Errors
    ///
    /// As [`send`](Pipeline::send); the items behind the one in the error stay in `items`.
    ///
    /// # Panics
    ///
    /// As [`send_all`](Pipeline::send_all); with a batch of any length.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Pipeline;
    ///
    /// let mut pipeline = Pipeline::new("sum").stage("add", |x: i64| x + 1);
    /// let (mut items, mut sums) = (vec![1, 2, 3], Vec::new());
    /// pipeline.send_batch(&mut items, &mut sums)?;
    /// assert_eq!((items.len(), sums), (0, vec![2, 3, 4]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn send_batch(&mut self, items: &mut Vec<In>, out: &mut Vec<Out>) -> Result<(), SendError<In>> {
        self.engine.send_batch(items, out)
    }

    /// Applies the edits that wait, without an item. Outputs that this sets free come with the next call.
    ///
    /// A cycle begins with this; to call it is only of use where no item will come for a while.
    pub fn apply(&mut self) {
        // Whether an item would be accepted is of no matter here.
        let _ = self.engine.ready();
    }

    /// The end of the stream: every stage gives what it holds back, first to last. The pipeline takes no item afterwards.
    ///
    /// # Errors
    ///
    /// [`FinishError::Held`] when the pipeline is poisoned or was put together wrongly, and is not finished then;
    /// [`FinishError::Failed`] has the items that failed on the way.
    ///
    /// # Panics
    ///
    /// When a stage or `emit` does.
    pub fn finish(&mut self, emit: impl FnMut(Out)) -> Result<(), FinishError> {
        self.engine.finish(emit)
    }
}

/// Nothing in it is pinned in its place.
impl<In, Out> Unpin for Pipeline<In, Out> {}

impl<In, Out> fmt::Debug for Pipeline<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let control = self.engine.shared.board.lock();
        f.debug_struct("Pipeline")
            .field("name", &control.plan.name)
            .field("revision", &control.revision)
            .finish_non_exhaustive()
    }
}
