//! How a pipeline comes to run on a thread.

use std::fmt;
use std::sync::{Arc, mpsc};
use std::thread;

use super::conductor::{Conductor, Inside, Left, Tenure};
use super::orders::Orders;
use super::queue::queue;
use super::{Handle, Receiver, Running, Sender};
use crate::engine::Engine;
use crate::error::{Closed, Hold, NotSpawned};
use crate::name::Name;
use crate::parker::block_on;
use crate::pipeline::Pipeline;
use crate::roster::NoThread;

/// How many items may wait at the ends of a spawned pipeline; at least one at each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ends {
    /// Items that were sent and are not accepted yet.
    pub door: usize,
    /// Outputs that have come out and were not received yet.
    pub exit: usize,
}

impl Default for Ends {
    /// 1024 each.
    fn default() -> Self {
        Self { door: 1024, exit: 1024 }
    }
}

/// Why a pipeline was not [spawned](Pipeline::spawn), and the pipeline.
pub struct SpawnError<In, Out> {
    /// Why.
    pub why: NotSpawned,
    /// The pipeline, as it was.
    pub pipeline: Box<Pipeline<In, Out>>,
}

impl<In, Out> fmt::Display for SpawnError<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.why.fmt(f)
    }
}

impl<In, Out> fmt::Debug for SpawnError<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SpawnError").field("why", &self.why).finish_non_exhaustive()
    }
}

impl<In, Out> std::error::Error for SpawnError<In, Out> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.why.source()
    }
}

impl<In: Send + 'static, Out: Send + 'static> Pipeline<In, Out> {
    /// Runs the pipeline on a thread of its own, which has its name; with ends of the usual size.
    ///
    /// Items wait in front until there is room for them in the pipeline; only then is one accepted, by the route of then.
    /// While the pipeline is paused, or a switch that every item passes has no target, they wait, and senders with them. Edits
    /// take effect at once, also where no item comes. Nothing is polled in vain: a pipeline that has nothing to do sleeps.
    ///
    /// Outputs come out in order. A pipeline without outputs (of type `()`, as one that ends in sinks) has none to be
    /// received: they are counted, and only failures come out.
    ///
    /// # Errors
    ///
    /// The pipeline, when the system has no thread for it, or it was put together wrongly or is finished.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Pipeline;
    ///
    /// let mut running = Pipeline::new("sum").stage("add", |x: i64| x + 1).stage("prod", |x: i64| x * 2).spawn()?;
    /// let controller = running.controller(); // for any thread
    /// running.send(1)?;
    /// assert_eq!(running.recv().unwrap()?, 4);
    /// controller.remove("prod")?;
    /// running.send_all(1..=3)?;
    /// let finished = running.finish()?;
    /// assert_eq!(finished.outputs, [2, 3, 4]);
    /// assert_eq!(finished.ledger.delivered(), 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn(self) -> Result<Running<In, Out>, SpawnError<In, Out>> {
        self.spawn_with(Ends::default())
    }

    /// The same with ends of another size.
    ///
    /// # Errors
    ///
    /// See [`spawn`](Pipeline::spawn).
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Ends, Pipeline, TrySendError};
    ///
    /// let pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1);
    /// let controller = pipeline.controller();
    /// controller.pause()?;
    /// let mut running = pipeline.spawn_with(Ends { door: 2, exit: 2 })?;
    /// running.send_all([1, 2])?;
    /// assert_eq!(running.try_send(3), Err(TrySendError::Full(3)));
    /// controller.resume()?;
    /// running.send(3)?;
    /// assert_eq!(running.recv().unwrap()?, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spawn_with(mut self, ends: Ends) -> Result<Running<In, Out>, SpawnError<In, Out>> {
        if let Some(why) = unfit(&mut self.engine) {
            return Err(SpawnError { why: NotSpawned::Held(why), pipeline: Box::new(self) });
        }
        let Prepared { name, orders, sender, inside, receiver } = match prepare(&mut self.engine, ends) {
            Ok(prepared) => prepared,
            Err(why) => return Err(SpawnError { why, pipeline: Box::new(self) }),
        };
        let shared = Arc::clone(&self.engine.shared);
        // The pipeline comes when the thread has begun: where none does, what was to run on it is dropped.
        let (give, get) = mpsc::channel::<Self>();
        let (own, known) = (name.clone(), Arc::clone(&orders));
        let begin = move || {
            let mut pipeline = get.recv().ok()?;
            let left = conduct(&mut pipeline.engine, Tenure::Owned, own, inside, known);
            Some((pipeline, left))
        };
        let tail = receiver.tail();
        match thread::Builder::new().name(name.to_string()).spawn(begin) {
            Ok(thread) => {
                let _ = give.send(self);
                Ok(Running { receiver, sender, handle: Handle::new(thread, orders, shared, tail) })
            }
            Err(error) => {
                release(&mut self.engine);
                let why = NotSpawned::NoThread { name: name.to_string(), error };
                Err(SpawnError { why, pipeline: Box::new(self) })
            }
        }
    }
}

/// Why a pipeline cannot run at all, if it cannot.
pub(super) fn unfit<In: Send + 'static, Out: Send + 'static>(engine: &mut Engine<In, Out>) -> Option<Hold> {
    let hold = engine.ready().err()?;
    matches!(hold, Hold::Finished | Hold::Build(_)).then_some(hold)
}

/// Makes the pipeline ready for a conductor: it has its threads, can be looked at, and has ends.
pub(super) fn prepare<In: Send + 'static, Out: Send + 'static>(
    engine: &mut Engine<In, Out>,
    ends: Ends,
) -> Result<Prepared<In, Out>, NotSpawned> {
    engine.staff(true).map_err(|NoThread { name, error }| NotSpawned::NoThread { name, error })?;
    let name = engine.shared.board.lock().plan.name.clone();
    let orders = Arc::<Orders>::default();
    let (sender, inside, receiver) = make_ends(ends, &orders);
    engine.seen_as(&name, inside.0.gauge(), inside.1.gauge());
    Ok(Prepared { name, orders, sender, inside, receiver })
}

/// See [`prepare`].
pub(super) struct Prepared<In, Out> {
    pub(super) name: Name,
    pub(super) orders: Arc<Orders>,
    pub(super) sender: Sender<In>,
    pub(super) inside: Inside<In, Out>,
    pub(super) receiver: Receiver<Out>,
}

/// No conductor has the pipeline any more. The threads of its stages have ended when this returns, but for those that have not
/// come home.
pub(super) fn release<In: Send + 'static, Out: Send + 'static>(engine: &mut Engine<In, Out>) {
    engine.unseen();
    // Letting go of a thread cannot fail.
    let _ = engine.staff(false);
    let roster = engine.shared.board.lock().roster.clone();
    roster.join();
}

/// The ends for those outside, and those for the conductor.
fn make_ends<In, Out>(ends: Ends, orders: &Arc<Orders>) -> (Sender<In>, Inside<In, Out>, Receiver<Out>) {
    let (feeder, door) = queue(ends.door, Closed::Lost);
    let (exit, taker) = queue(ends.exit, Closed::NoReceiver);
    (Sender::new(feeder, Arc::clone(orders)), (door, exit), Receiver::new(taker, Arc::clone(orders)))
}

/// Runs a pipeline in this thread until it has ended.
pub(super) fn conduct<In: Send + 'static, Out: Send + 'static>(
    engine: &mut Engine<In, Out>,
    tenure: Tenure,
    name: Name,
    inside: Inside<In, Out>,
    orders: Arc<Orders>,
) -> Left<In, Out> {
    /// Whatever happens, nobody waits for a conductor that is gone.
    struct Presence(Arc<Orders>);
    impl Drop for Presence {
        fn drop(&mut self) {
            self.0.end(Closed::Lost);
        }
    }
    let _presence = Presence(Arc::clone(&orders));
    let mut left = block_on(Conductor::new(engine, tenure, name, inside, orders));
    if tenure == Tenure::Owned || !left.stopped {
        // Nothing is inside that they would wait for.
        engine.end_edits();
    }
    release(engine);
    if tenure == Tenure::Owned && left.stopped {
        // What edits have set free meanwhile.
        engine.abort(&mut left.outputs, &mut left.failures);
    }
    left.blocked = engine.shared.board.lock().roster.away();
    left
}
