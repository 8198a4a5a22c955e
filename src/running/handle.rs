//! What is left of a running pipeline beside its ends, and what is left when it has ended.

use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;

use super::conductor::{Left, News};
use super::orders::Orders;
use super::queue::Tail;
use crate::control::Shared;
use crate::controller::Controller;
use crate::error::{Closed, FlowError, Panic};
use crate::failure::Failure;
use crate::ledger::Ledger;
use crate::name::Path;
use crate::pipeline::Pipeline;
use crate::threads::Threads;
use crate::topology::Topology;

/// What a conductor's thread returns.
pub(super) type Outcome<In, Out> = Option<(Pipeline<In, Out>, Left<In, Out>)>;

/// What is left of a running pipeline beside its ends; see [`Running::split`](crate::Running::split).
///
/// Dropping it lets the pipeline run on, as long as it has its ends.
pub struct Handle<In, Out> {
    thread: JoinHandle<Outcome<In, Out>>,
    orders: Arc<Orders>,
    shared: Arc<Shared>,
    tail: Tail<News<Out>>,
}

/// A pipeline that has run on a thread and ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Finished<In, Out> {
    /// The counts at the end.
    pub ledger: Ledger,
    /// Outputs that nobody has received, in order; they count as delivered.
    pub outputs: Vec<Out>,
    /// Failures that nobody has received, in order. Where the pipeline was aborted, what was inside is here, as far as its
    /// [`OnFailure`](crate::OnFailure) leaves failures to the caller.
    pub failures: Vec<Failure>,
    /// Items that were sent and not accepted, in order: where the pipeline was aborted, those that waited in the door.
    pub items: Vec<In>,
    /// The threads, by name, that had not come home from what they had in hand: it was given up, and a stage blocks there or is
    /// not done yet. Each ends when its stage returns. Where one ran a pipeline of its own, or was the last worker of a stage,
    /// an edit has to replace or remove that before `pipeline` takes items again.
    pub blocked: Vec<String>,
    /// The pipeline. One that has seen the end of its stream takes no item any more; one that was aborted can be spawned
    /// again.
    pub pipeline: Pipeline<In, Out>,
}

/// Why a pipeline has not ended well.
#[non_exhaustive]
pub enum JoinError<In, Out> {
    /// A stage has panicked, and no edit has replaced or removed it.
    Panicked {
        /// The stage; where it was the pipeline's failure handler, the pipeline's name.
        stage: Path,
        /// What the panic said.
        message: String,
        /// What the panic carries, to be resumed with [`resume_unwind`](std::panic::resume_unwind).
        payload: Box<dyn std::any::Any + Send>,
        /// Everything else.
        finished: Box<Finished<In, Out>>,
    },
    /// The pipeline's thread has panicked outside of a stage, as when something of the user's panics that is dropped there;
    /// the pipeline went with it.
    Lost {
        /// What the panic said.
        message: String,
        /// What it carries.
        payload: Box<dyn std::any::Any + Send>,
        /// The counts.
        ledger: Ledger,
    },
}

impl<In, Out> JoinError<In, Out> {
    /// What is left all the same, but for a thread that was lost.
    pub fn into_finished(self) -> Option<Finished<In, Out>> {
        match self {
            Self::Panicked { finished, .. } => Some(*finished),
            Self::Lost { .. } => None,
        }
    }
}

impl<In, Out> fmt::Display for JoinError<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked { stage, message, .. } => write!(f, "stage {stage:?} panicked: {message}"),
            Self::Lost { message, .. } => write!(f, "the pipeline's thread panicked outside of a stage: {message}"),
        }
    }
}

impl<In, Out> fmt::Debug for JoinError<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl<In, Out> std::error::Error for JoinError<In, Out> {}

impl<In: Send + 'static, Out: Send + 'static> Handle<In, Out> {
    pub(super) fn new(
        thread: JoinHandle<Outcome<In, Out>>,
        orders: Arc<Orders>,
        shared: Arc<Shared>,
        tail: Tail<News<Out>>,
    ) -> Self {
        Self { thread, orders, shared, tail }
    }

    /// A handle through which the pipeline can be changed, from any thread.
    #[must_use]
    pub fn controller(&self) -> Controller {
        Controller::new(Arc::clone(&self.shared))
    }

    /// The counts so far.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.shared.ledger()
    }

    /// The threads that work for it now; see [`Controller::threads`].
    #[must_use]
    pub fn threads(&self) -> Threads {
        self.shared.threads()
    }

    /// What the pipeline looks like when all committed edits are applied.
    #[must_use]
    pub fn topology(&self) -> Topology {
        self.shared.topology()
    }

    /// How many items the pipeline has taken in since it was built.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.shared.ledger.accepted()
    }

    /// Whether the pipeline has ended, so that [`join`](Handle::join) does not wait.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for the end, which comes when all senders are dropped, and all outputs received; or the receiver is dropped.
    ///
    /// So receive to the end first, in this thread or another, or drop the receiver. A receiver that is kept and not emptied
    /// makes this wait for ever as soon as there are more outputs than the [exit](crate::Ends::exit) takes; where there are
    /// fewer, they stay in the receiver.
    ///
    /// A pipeline that is poisoned does not end: it is aborted when somebody waits for its end. Who wants to mend it receives
    /// its outputs to the end first.
    ///
    /// # Errors
    ///
    /// [`JoinError::Panicked`] names the stage that has panicked, and has everything else, too.
    pub fn join(self) -> Result<Finished<In, Out>, JoinError<In, Out>> {
        self.will_join();
        self.join_with(Vec::new(), Vec::new())
    }

    /// Has the pipeline end at once; see [`Running::abort`](crate::Running::abort). [`join`](Handle::join) has what is left.
    pub fn abort(&self) {
        self.orders.stop(Closed::Aborted);
    }

    /// Somebody waits for the end.
    pub(super) fn will_join(&self) {
        self.orders.give(|state| state.joined = true);
    }

    /// Waits for the end, with what was received before.
    pub(super) fn join_with(
        self,
        mut outputs: Vec<Out>,
        mut failures: Vec<Failure>,
    ) -> Result<Finished<In, Out>, JoinError<In, Out>> {
        let ended = self.thread.join().and_then(|outcome| outcome.ok_or_else(|| Box::new("no pipeline came") as _));
        let (pipeline, left) = ended.map_err(|payload| {
            let Panic { message, payload, .. } = Panic::new(Path::default(), payload);
            JoinError::Lost { message, payload, ledger: self.shared.ledger() }
        })?;
        sort(self.tail.take(), &mut outputs, &mut failures);
        outputs.extend(left.outputs);
        failures.extend(left.failures);
        let (ledger, items, blocked) = (pipeline.ledger(), left.items, left.blocked);
        let finished = Finished { ledger, outputs, failures, items, blocked, pipeline };
        match left.panic {
            None => Ok(finished),
            Some(Panic { stage, message, payload }) => {
                Err(JoinError::Panicked { stage, message, payload, finished: Box::new(finished) })
            }
        }
    }
}

/// Outputs to the outputs, and failures to the failures.
pub(super) fn sort<Out>(
    news: impl IntoIterator<Item = News<Out>>,
    outputs: &mut Vec<Out>,
    failures: &mut Vec<Failure>,
) {
    for news in news {
        match news {
            Ok(output) => outputs.push(output),
            Err(FlowError::Failed(failure)) => failures.push(*failure),
            Err(FlowError::Held(_)) => {}
        }
    }
}

impl<In, Out> fmt::Debug for Handle<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("finished", &self.thread.is_finished()).finish_non_exhaustive()
    }
}
