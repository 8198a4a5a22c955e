//! Stages that threads work for: a pipeline on a thread of its own, and several workers for one stage.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::Pipeline;
use crate::chain::{Chain, Nested};
use crate::crew::{Crew, Deal, Member, Options, Shop};
use crate::error::Refusal;
use crate::hash::Fnv;
use crate::join::join;
use crate::knot::Knot;
use crate::model::{Kind, Workers, Workshop};
use crate::name::Name;
use crate::node::Node;
use crate::part::{Made, Part};
use crate::stage::{Output, Stage, Unpacked};

/// How many items a thread, or the workers of a stage, may have inside, if nothing else is said.
const QUEUE: usize = 1024;

/// A pipeline on a thread of its own, behind a bounded queue.
///
/// It is a part of the pipeline that it is put in, and edits reach its stages by their paths. While that is
/// [spawned](Pipeline::spawn), items that come to it are worked on by a thread with the stage's name, and come out in order;
/// it may have 1024 of them inside, in work or done and not yet taken on, or as many as [`queue`](ThreadStage::queue) says. Called in one
/// thread, or polled by a task, it runs in place as any pipeline inside another.
///
/// To have a stage run on another thread, move it there; see [`Controller::move_after`](crate::Controller::move_after).
///
/// # Panics in stages
///
/// One that panics loses the item it had in hand, which comes out as a [`Failure`](crate::Failure) without the item. What
/// comes to that stage fails, and comes back with the failure, until an edit has replaced or removed the stage.
///
/// # Examples
///
/// ```
/// use coroute::{Pipeline, thread};
///
/// let squares = Pipeline::new("squares").stage("square", |x: i64| x * x);
/// let pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1).stage("other", thread(squares).queue(64));
/// let running = pipeline.spawn()?;
/// running.send_all([1, 2, 3])?;
/// let outputs: Vec<i64> = running.finish()?.outputs;
/// assert_eq!(outputs, [4, 9, 16]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn thread<In: Send + 'static, Out: Send + 'static>(pipeline: Pipeline<In, Out>) -> ThreadStage<In, Out> {
    ThreadStage { pipeline, queue: QUEUE }
}

/// See [`thread`].
#[must_use = "a stage does nothing until it is a part of a pipeline"]
pub struct ThreadStage<In, Out> {
    pipeline: Pipeline<In, Out>,
    queue: usize,
}

impl<In, Out> ThreadStage<In, Out> {
    /// Lets it have so many items inside.
    pub fn queue(self, items: usize) -> Self {
        Self { queue: items, ..self }
    }
}

impl<In: Send + 'static, Out: Send + 'static> Stage<In> for ThreadStage<In, Out> {
    type Out = Out;

    const PLAIN: bool = false;

    /// Never called: the pipeline is unpacked when it becomes a part of another.
    fn process(&mut self, item: In, out: &mut Output<'_, Out>) {
        self.pipeline.process(item, out);
    }

    fn unpack(self) -> Unpacked<Self> {
        let Self { pipeline, queue } = self;
        let (mut plan, chain, late, error) = pipeline.disassemble();
        plan.thread = Some(queue);
        Unpacked::Made(Box::new(Made {
            kind: Kind::Pipeline(Box::new(plan)),
            make: Box::new(move |site| {
                let crew = Crew::of_one(chain, late, queue, &site);
                Box::new(Node::<_, In, Out>::new(site, crew))
            }),
            error: error.or(no_room(queue)),
        }))
    }
}

impl<In, Out> fmt::Debug for ThreadStage<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadStage").field("pipeline", &self.pipeline).field("queue", &self.queue).finish()
    }
}

/// A stage that several threads work for; `maker` makes a stage for each.
///
/// While the pipeline is [spawned](Pipeline::spawn), what comes at once is cut in as many pieces as there are workers, and goes
/// to those that have least to do. Outputs come out in the order of their items, unless the stage is
/// [`unordered`](WorkersStage::unordered). Stages that keep something in mind see only a part of the items each, and which
/// ones is left to chance, unless they are dealt [by a key](WorkersStage::by_key). At the end of the stream each gives what
/// it holds back, in the order of the workers.
///
/// Called in one thread, or polled by a task, the first worker does all, or each what its keys bring it.
///
/// Their number can be changed while items flow; see [`Controller::workers`](crate::Controller::workers).
///
/// # Panics in stages
///
/// A worker whose stage panics loses the item it had in hand, which comes out as a [`Failure`](crate::Failure) without the
/// item, and is not dealt to any more; what was on the way to it goes to the others. When none is left, the pipeline is
/// poisoned, until an edit gives the stage new workers, or replaces or removes it.
///
/// # Examples
///
/// ```
/// use coroute::{Pipeline, workers};
///
/// let pipeline = Pipeline::new("p").stage("square", workers(2, || |x: i64| x * x));
/// let running = pipeline.spawn()?;
/// running.send_all(1..=3)?;
/// assert_eq!(running.finish()?.outputs, [1, 4, 9]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn workers<In, S, M>(count: usize, maker: M) -> WorkersStage<In, M>
where
    In: Send + 'static,
    S: Stage<In>,
    M: FnMut() -> S + Send + 'static,
{
    WorkersStage { count, maker, queue: QUEUE, unordered: false, deal: Deal::ByLoad }
}

/// See [`workers`].
#[must_use = "a stage does nothing until it is a part of a pipeline"]
pub struct WorkersStage<In, M> {
    count: usize,
    maker: M,
    queue: usize,
    unordered: bool,
    deal: Deal<In>,
}

impl<In, M> WorkersStage<In, M> {
    /// Lets all of them together have so many items inside.
    pub fn queue(self, items: usize) -> Self {
        Self { queue: items, ..self }
    }

    /// Lets outputs go on as they come. An edit is not passed all the same: what was accepted before it goes on before what
    /// comes after.
    pub fn unordered(self) -> Self {
        Self { unordered: true, ..self }
    }

    /// Has all items of one key go to the same worker, where stages keep something in mind for each key. When the number of
    /// workers changes from n to n + 1, about one key in n + 1 moves to the new one; what a stage keeps in mind does not move with
    /// it. An item costs a hash per worker.
    pub fn by_key<K: Hash>(self, mut key: impl FnMut(&In) -> K + Send + 'static) -> Self {
        let hash = move |item: &In| {
            let mut hasher = Fnv::default();
            key(item).hash(&mut hasher);
            hasher.finish()
        };
        Self { deal: Deal::ByKey(Box::new(hash)), ..self }
    }
}

impl<In, S, M> Stage<In> for WorkersStage<In, M>
where
    In: Send + 'static,
    S: Stage<In>,
    M: FnMut() -> S + Send + 'static,
{
    type Out = S::Out;

    const PLAIN: bool = false;

    /// Never called: the workers are unpacked when they become a part of a pipeline.
    fn process(&mut self, item: In, out: &mut Output<'_, S::Out>) {
        out.fail(item, "workers take items as a part of a pipeline");
    }

    fn unpack(self) -> Unpacked<Self> {
        let Self { count, mut maker, queue, unordered, deal } = self;
        let shop = Arc::new(Shop::new(Box::new(move || {
            let (part, mistake) = Part::new::<In, S>(Name::stand_in(), maker());
            let chain = alone::<In, S::Out>(part.knot);
            match mistake.or(chain.flows().then_some(Refusal::WorkersWait)) {
                Some(refusal) => Err(refusal),
                None => Ok(Member::new(Nested::flat(chain))),
            }
        })));
        let none = (count == 0).then_some(Refusal::NoRoom { what: "the number of workers" });
        let (members, mistake) = match shop.members(count) {
            Ok(members) => (members, None),
            Err(refusal) => (Vec::new(), Some(refusal)),
        };
        let (keyed, workshop) = (deal.is_by_key(), Arc::clone(&shop) as Arc<dyn Workshop>);
        let workers = Workers { count, capacity: queue, keyed, unordered, workshop };
        let options = Options { deal, capacity: queue, unordered };
        Unpacked::Made(Box::new(Made {
            kind: Kind::Workers(workers),
            make: Box::new(move |site| {
                let crew = Crew::of_workers(members, options, shop, &site);
                Box::new(Node::<_, In, S::Out>::new(site, crew))
            }),
            error: none.or(mistake).or(no_room(queue)),
        }))
    }
}

/// The chain of one stage.
fn alone<In: Send + 'static, Out: Send + 'static>(mut knot: Box<dyn Knot>) -> Chain<In, Out> {
    *knot.joiner() = Some(join::<In, In, Out>);
    let mut chain = Chain::<In, In>::new().reopen(&mut Vec::new());
    chain.assemble(vec![knot]);
    chain
}

fn no_room(queue: usize) -> Option<Refusal> {
    (queue == 0).then_some(Refusal::NoRoom { what: "the queue of a thread" })
}

impl<In, M> fmt::Debug for WorkersStage<In, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, queue, unordered, .. } = self;
        f.debug_struct("WorkersStage")
            .field("count", count)
            .field("queue", queue)
            .field("unordered", unordered)
            .finish_non_exhaustive()
    }
}

impl<In: Send + 'static, Out: Send + 'static> Pipeline<In, Out> {
    /// The pipeline with one inside that runs on a thread of its own, behind a bounded queue: `build` puts its stages into
    /// an empty one. See [`thread`].
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Pipeline;
    ///
    /// let pipeline = Pipeline::new("p")
    ///     .stage("add", |x: i64| x + 1)
    ///     .thread("texts", |t| t.stage("show", |x: i64| x.to_string()).stage("length", |text: String| text.len()));
    /// let mut running = pipeline.spawn()?;
    /// assert!(running.topology().get("texts/length").is_some());
    /// running.send(99)?;
    /// assert_eq!(running.recv().unwrap()?, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn thread<To: Send + 'static>(
        self,
        name: impl AsRef<str>,
        build: impl FnOnce(Pipeline<Out, Out>) -> Pipeline<Out, To>,
    ) -> Pipeline<In, To> {
        let inside = build(Pipeline::new(&name));
        self.stage(name, thread(inside))
    }

    /// The pipeline with a stage that `count` threads work for; `maker` makes a stage for each. See [`workers`].
    pub fn workers<S, M>(self, name: impl AsRef<str>, count: usize, maker: M) -> Pipeline<In, S::Out>
    where
        S: Stage<Out>,
        M: FnMut() -> S + Send + 'static,
    {
        self.stage(name, workers(count, maker))
    }
}
