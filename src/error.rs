//! Every reason for a "no", one type per kind of operation.
//!
//! Each reads *what was asked, why not, what would work*, and hands back what it refused: the item, the outputs, the rest
//! of the input. A refused edit comes back inside [`EditError`](crate::EditError), which wraps a [`Refusal`].

mod body;
mod flow;
mod refusal;
mod running;

use std::error::Error;
use std::fmt;

use crate::failure::Failure;
use crate::name::{Path, Type};

pub use body::{BodyError, NoReply, SourceError};
pub use flow::FlowError;
pub use refusal::{BuildError, Refusal};
pub(crate) use running::said;
pub use running::{Closed, FlushError, NotSpawned, Panic, Stopped, TryRecvError, TrySendError, Unsent, UnsentAll};

/// Why a pipeline takes no item now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hold {
    /// A switch that every item passes has no target.
    NoTarget {
        /// The switch.
        switch: Path,
    },
    /// The pipeline was paused by its controller.
    Paused,
    /// The pipeline has seen the end of its stream.
    Finished,
    /// A stage panicked; the pipeline can be edited, and works again when that stage is replaced or removed.
    Poisoned {
        /// The stage.
        stage: Path,
    },
    /// The thread of a stage had something in hand that was given up, and has not come home with what the stage runs: a stage
    /// blocks there, or is not done yet. The pipeline can be edited, and works again when the stage is replaced or removed.
    Away {
        /// The stage.
        stage: Path,
    },
    /// A stage whose items wait only works while a task runs the pipeline, by [`through`](crate::ThroughExt::through),
    /// [`drive`](crate::Pipeline::drive) or as a `Sink`, or a thread, by [`spawn`](crate::Pipeline::spawn).
    Waits {
        /// The stage.
        stage: Path,
    },
    /// The pipeline was put together wrongly.
    Build(BuildError),
}

impl Hold {
    /// Whether it is of a fault, which whoever runs the pipeline has to be told of.
    pub(crate) fn lasts(&self) -> bool {
        matches!(self, Self::Poisoned { .. } | Self::Away { .. } | Self::Build(_))
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTarget { switch } => write!(f, "switch {switch:?} has no target; route it somewhere"),
            Self::Paused => f.write_str("the pipeline is paused; resume it"),
            Self::Finished => f.write_str("the pipeline is finished; build another"),
            Self::Poisoned { stage } => {
                write!(f, "pipeline poisoned: stage {stage:?} panicked; replace it, or take it out")
            }
            Self::Away { stage } => {
                write!(f, "stage {stage:?} is on a thread that has not come home; replace it, or take it out")
            }
            Self::Waits { stage } => {
                write!(f, "stage {stage:?} only works in a task; run the pipeline by `through`, `drive` or as a sink")
            }
            Self::Build(error) => write!(f, "{error}"),
        }
    }
}

/// An item that was not accepted. It has not entered the pipeline and is in no count.
#[derive(Clone, PartialEq, Eq)]
pub struct Held<In> {
    /// The item.
    pub item: In,
    /// Why it was not accepted.
    pub why: Hold,
}

impl<In> fmt::Debug for Held<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").field("why", &self.why).finish_non_exhaustive()
    }
}

impl<In> fmt::Display for Held<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "item held back: {}", self.why)
    }
}

impl<In> Error for Held<In> {}

/// Why [`call`](crate::Pipeline::call) has no output to return.
#[non_exhaustive]
pub enum CallError<In, Out> {
    /// The item was not accepted and is handed back.
    Held(Held<In>),
    /// The item failed; each failure has the item as it then was. There is more than one only where a stage had made
    /// several items of one.
    Failed(Vec<Failure>),
    /// Some of what the cycle made of the item failed, and some came out.
    Partly(Vec<Failure>, Vec<Out>),
    /// The cycle gave no output or several; here they are, in order.
    NotOne(Vec<Out>),
}

impl<In, Out> CallError<In, Out> {
    /// No output, of an item that failed or did not.
    pub(crate) fn nothing(failed: Result<(), Vec<Failure>>) -> Self {
        failed.map_or_else(Self::Failed, |()| Self::NotOne(Vec::new()))
    }
}

impl<In, Out> fmt::Display for CallError<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(held) => write!(f, "{held}"),
            Self::Failed(failures) | Self::Partly(failures, _) => failed(failures, f),
            Self::NotOne(outputs) => {
                write!(f, "cannot return one output: the cycle gave {}; use `send`", outputs.len())
            }
        }
    }
}

impl<In, Out> fmt::Debug for CallError<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallError({self})")
    }
}

impl<In, Out> Error for CallError<In, Out> {}

/// Why [`send`](crate::Pipeline::send) stopped.
#[non_exhaustive]
pub enum SendError<In> {
    /// The item was not accepted and is handed back.
    Held(Held<In>),
    /// The item failed; each failure has the item as it then was.
    Failed(Vec<Failure>),
}

impl<In> fmt::Display for SendError<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(held) => write!(f, "{held}"),
            Self::Failed(failures) => failed(failures, f),
        }
    }
}

impl<In> fmt::Debug for SendError<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SendError({self})")
    }
}

impl<In> Error for SendError<In> {}

/// Why [`finish`](crate::Pipeline::finish) did not end well.
#[derive(Debug)]
#[non_exhaustive]
pub enum FinishError {
    /// The pipeline cannot be finished as it is.
    Held(Hold),
    /// It is finished, and these are the items that failed on the way.
    Failed(Vec<Failure>),
}

impl fmt::Display for FinishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(why) => write!(f, "cannot finish: {why}"),
            Self::Failed(failures) => failed(failures, f),
        }
    }
}

impl Error for FinishError {}

fn failed(failures: &[Failure], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match failures {
        [] => f.write_str("failed"),
        [one] => write!(f, "{one}"),
        [one, rest @ ..] => write!(f, "{one} (and {} more)", rest.len()),
    }
}

/// Why [`send_all`](crate::Pipeline::send_all) stopped, with all that it did not send.
pub struct SendAllError<I: Iterator> {
    /// What stopped it; where the item was not accepted it is in here, and comes before the `rest`.
    pub error: SendError<I::Item>,
    /// The items after it.
    pub rest: Rest<I>,
}

/// The items that [`send_all`](crate::Pipeline::send_all) has not sent: those of a batch that it had begun to fill, then
/// those it had not asked for yet.
#[derive(Debug, Clone)]
pub struct Rest<I: Iterator> {
    pulled: std::vec::IntoIter<I::Item>,
    more: I,
}

impl<I: Iterator> Rest<I> {
    pub(crate) fn new(pulled: std::vec::IntoIter<I::Item>, more: I) -> Self {
        Self { pulled, more }
    }

    pub(crate) fn into_parts(self) -> (std::vec::IntoIter<I::Item>, I) {
        (self.pulled, self.more)
    }
}

impl<I: Iterator> Iterator for Rest<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        self.pulled.next().or_else(|| self.more.next())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.more.size_hint();
        let pulled = self.pulled.len();
        (least.saturating_add(pulled), most.and_then(|most| most.checked_add(pulled)))
    }
}

impl<I: Iterator> fmt::Display for SendAllError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)
    }
}

impl<I: Iterator> fmt::Debug for SendAllError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SendAllError({})", self.error)
    }
}

impl<I: Iterator> Error for SendAllError<I> {}

/// Why a receipt cannot hand over a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TakeError {
    /// The edit has not been applied yet; that happens at the pipeline's next cycle.
    NotApplied {
        /// The path that was asked for.
        path: String,
    },
    /// Items are still inside the stage; it comes to the receipt when they have left it.
    NotRetired {
        /// The path that was asked for.
        path: String,
    },
    /// The pipeline was dropped before the stage had come to the receipt; the stage went with it.
    Gone {
        /// The path that was asked for.
        path: String,
    },
    /// The edit took no stage of that path out, or it was taken from the receipt already; or it was given up on a thread that has
    /// not come home, and goes with that.
    Unknown {
        /// The path that was asked for.
        path: String,
    },
    /// The stage is of another type.
    Mismatch {
        /// The path that was asked for.
        path: String,
        /// The type that was asked for.
        asked: Type,
        /// The stage's type.
        found: Type,
    },
}

impl fmt::Display for TakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotApplied { path } => {
                write!(
                    f,
                    "cannot take {path:?}: the edit is applied at the next cycle; send an item, call `apply`, or await `applied`"
                )
            }
            Self::NotRetired { path } => write!(f, "cannot take {path:?}: it is still draining; await `retired`"),
            Self::Gone { path } => {
                write!(f, "cannot take {path:?}: it went with its pipeline; await `retired` before that is dropped")
            }
            Self::Unknown { path } => {
                write!(
                    f,
                    "cannot take {path:?}: this edit did not take it out, it was taken already, or it is on a thread that has not come home"
                )
            }
            Self::Mismatch { path, asked, found } => write!(f, "cannot take {path:?} as a {asked}: it is a {found}"),
        }
    }
}

impl Error for TakeError {}
