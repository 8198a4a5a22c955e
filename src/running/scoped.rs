//! A pipeline that is lent to a thread while the one that has it sends and receives.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Poll;
use std::thread;

use super::both::{feed, meanwhile};
use super::conductor::{News, Tenure};
use super::receiver::Receiver;
use super::sender::Sender;
use super::spawn::{Ends, Prepared, conduct, prepare, release, unfit};
use crate::error::{FlowError, NotSpawned, Stopped};
use crate::ledger::Ledger;
use crate::pipeline::Pipeline;

impl<In: Send + 'static, Out: Send + 'static> Pipeline<In, Out> {
    /// Runs the pipeline on a thread of its own for as long as it takes to send all `items` and to have all that becomes of
    /// them, in order: outputs, and failures that the pipeline's [`OnFailure`](crate::OnFailure) leaves to the caller. The
    /// result are the counts then.
    ///
    /// Both `items` and `each` are called in this thread, by turns, and may borrow; the items themselves may not. The iterator is asked for up to 256 items
    /// at a time, and no output comes while it is asked: for one that waits for its items, [`spawn`](Pipeline::spawn).
    ///
    /// The pipeline is not ended by it: its sinks are flushed, its stages keep what they hold back, and it can be run again.
    /// Where `items` or `each` panics, what is inside stays there; items that were asked for and not accepted are lost.
    ///
    /// # Errors
    ///
    /// [`Stopped::Panicked`] when a stage has panicked, with the items that were not accepted; [`Stopped::NotSpawned`] when
    /// the pipeline cannot be run.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Pipeline;
    ///
    /// let words = ["to", "be", "or"];
    /// let mut pipeline = Pipeline::new("lengths").stage("length", |word: &'static str| word.len());
    /// let mut lengths = Vec::new();
    /// let ledger = pipeline.run(words.iter().copied(), |length| lengths.extend(length))?;
    /// assert_eq!((lengths, ledger.delivered()), (vec![2, 2, 2], 3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run<I>(&mut self, items: I, each: impl FnMut(Result<Out, FlowError>)) -> Result<Ledger, Stopped<In>>
    where
        I: IntoIterator<Item = In>,
    {
        if let Some(why) = unfit(&mut self.engine).or_else(|| self.engine.poisoned().cloned()) {
            return Err(Stopped::NotSpawned(NotSpawned::Held(why)));
        }
        let prepared = prepare(&mut self.engine, Ends::default()).map_err(Stopped::NotSpawned)?;
        let Prepared { name, orders, sender, inside, receiver } = prepared;
        let tail = receiver.tail();
        let (engine, thread) = (&mut self.engine, thread::Builder::new().name(name.to_string()));
        let ran = thread::scope(|scope| {
            let own = name.clone();
            let spawned = thread.spawn_scoped(scope, move || conduct(engine, Tenure::Lent, own, inside, orders));
            let conductor = spawned.map_err(|error| NotSpawned::NoThread { name: name.to_string(), error })?;
            let fed = catch_unwind(AssertUnwindSafe(|| feed_all(items.into_iter(), sender, receiver, each)));
            Ok((conductor.join().unwrap_or_else(|panic| resume_unwind(panic)), fed))
        });
        let (left, fed) = ran.map_err(|why| {
            release(&mut self.engine);
            Stopped::NotSpawned(why)
        })?;
        self.engine.put_back(tail.take());
        let unsent = fed.unwrap_or_else(|panic| resume_unwind(panic));
        match left.panic {
            None => Ok(self.ledger()),
            Some(panic) => {
                let items = left.items.into_iter().chain(unsent).collect();
                Err(Stopped::Panicked { panic, items })
            }
        }
    }
}

/// Sends and receives by turns until nothing comes out any more; the items that were not sent.
fn feed_all<In, Out>(
    mut items: impl Iterator<Item = In>,
    mut sender: Sender<In>,
    mut receiver: Receiver<Out>,
    mut each: impl FnMut(News<Out>),
) -> Vec<In> {
    let fed = feed(&mut items, &mut sender, &mut receiver, &mut each, true);
    drop(sender);
    meanwhile::<_, ()>(&mut receiver, &mut each, |_| Poll::Pending);
    fed.err().map(|(_, unsent)| unsent).unwrap_or_default()
}
