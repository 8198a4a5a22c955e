//! What a pipeline on a thread of its own, and its ends, have to say.

use std::any::Any;
use std::error::Error;
use std::{fmt, io};

use super::{Hold, Rest};
use crate::name::Path;

/// Why a spawned pipeline takes no item any more.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Closed {
    /// It was told the end of its stream.
    Finished,
    /// The receiving end was dropped, so nobody would have the outputs.
    NoReceiver,
    /// It was aborted.
    Aborted,
    /// A stage had panicked when the pipeline was to end.
    Panicked {
        /// The stage.
        stage: Path,
    },
    /// Its thread has panicked outside of a stage: something of the user's that ended there did.
    Lost,
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("the pipeline is finished; build another"),
            Self::NoReceiver => f.write_str("the pipeline's receiver was dropped; keep it as long as items are sent"),
            Self::Aborted => f.write_str("the pipeline was aborted; build another"),
            Self::Panicked { stage } => write!(f, "the pipeline has ended: stage {stage:?} panicked"),
            Self::Lost => f.write_str("the pipeline's thread has panicked; see what `join` returns"),
        }
    }
}

impl Error for Closed {}

/// An item that was not sent, and is handed back.
#[derive(Clone, PartialEq, Eq)]
pub struct Unsent<T> {
    /// The item.
    pub item: T,
    /// Why the pipeline does not take it.
    pub why: Closed,
}

impl<T> fmt::Debug for Unsent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsent").field("why", &self.why).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for Unsent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot send: {}", self.why)
    }
}

impl<T> Error for Unsent<T> {}

/// Why [`try_send`](crate::Sender::try_send) did not send; the item is handed back.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrySendError<T> {
    /// There is no room for it now.
    Full(T),
    /// There never will be.
    Closed(Unsent<T>),
}

impl<T> TrySendError<T> {
    /// The item.
    pub fn into_item(self) -> T {
        match self {
            Self::Full(item) | Self::Closed(Unsent { item, .. }) => item,
        }
    }
}

impl<T> fmt::Debug for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrySendError({self})")
    }
}

impl<T> fmt::Display for TrySendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("cannot send now: the pipeline is full; wait with `send`"),
            Self::Closed(unsent) => unsent.fmt(f),
        }
    }
}

impl<T> Error for TrySendError<T> {}

/// Why [`send_all`](crate::Sender::send_all) stopped, with the items that it did not send, to be had from
/// [`rest`](UnsentAll::rest).
pub struct UnsentAll<I: Iterator> {
    /// Why the pipeline does not take them.
    pub why: Closed,
    /// The items: those that it had asked for, then those it had not.
    pub rest: Rest<I>,
}

impl<I: Iterator> fmt::Debug for UnsentAll<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnsentAll").field("why", &self.why).finish_non_exhaustive()
    }
}

impl<I: Iterator> fmt::Display for UnsentAll<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot send: {}", self.why)
    }
}

impl<I: Iterator> Error for UnsentAll<I> {}

/// Why [`try_recv`](crate::Receiver::try_recv) has nothing to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TryRecvError {
    /// Nothing has come out yet.
    Empty,
    /// Nothing will come any more.
    Ended,
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "nothing has come out yet; wait with `recv`",
            Self::Ended => "nothing comes out any more: the pipeline has ended",
        })
    }
}

impl Error for TryRecvError {}

/// Why what was sent has not gone as far as was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlushError {
    /// Items wait until an edit has mended the pipeline ([`Hold::Poisoned`]); where it was asked whether it takes one
    /// ([`Sender::ready`](crate::Sender::ready)), also for any other reason that an edit has to see to.
    Held(Hold),
    /// The pipeline has ended.
    Closed(Closed),
}

impl fmt::Display for FlushError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(why) => write!(f, "cannot flush: {why}"),
            Self::Closed(why) => write!(f, "cannot flush: {why}"),
        }
    }
}

impl Error for FlushError {}

/// Why a pipeline does not run on a thread.
#[derive(Debug)]
#[non_exhaustive]
pub enum NotSpawned {
    /// The system gives no thread.
    NoThread {
        /// Its name.
        name: String,
        /// What the system says.
        error: io::Error,
    },
    /// The pipeline is finished, or was put together wrongly.
    Held(Hold),
}

impl fmt::Display for NotSpawned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoThread { name, error } => {
                write!(f, "cannot run pipeline {name:?}: the system gives no thread for it ({error}); end others first")
            }
            Self::Held(why) => write!(f, "cannot run: {why}"),
        }
    }
}

impl Error for NotSpawned {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NoThread { error, .. } => Some(error),
            Self::Held(_) => None,
        }
    }
}

/// A panic in a pipeline's thread.
pub struct Panic {
    /// The stage; where it was the failure handler of the pipeline, the pipeline's name.
    pub stage: Path,
    /// What was said.
    pub message: String,
    /// What the panic carries, to be resumed with [`resume_unwind`](std::panic::resume_unwind).
    pub payload: Box<dyn Any + Send>,
}

/// What a panic said, if that is text.
pub(crate) fn said(payload: &(dyn Any + Send)) -> Option<&str> {
    payload.downcast_ref::<&str>().copied().or_else(|| payload.downcast_ref::<String>().map(String::as_str))
}

impl Panic {
    pub(crate) fn new(stage: Path, payload: Box<dyn Any + Send>) -> Self {
        let message = said(&*payload).unwrap_or("it did not say why").to_owned();
        Self { stage, message, payload }
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Panic({self})")
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stage {:?} panicked: {}", self.stage, self.message)
    }
}

/// Why [`run`](crate::Pipeline::run) stopped before its items were through.
#[derive(Debug)]
#[non_exhaustive]
pub enum Stopped<T> {
    /// It did not begin, and has asked for no item.
    NotSpawned(NotSpawned),
    /// A stage panicked. The pipeline takes no item until an edit has replaced or removed it; if it was one worker of several,
    /// the others go on with the next run.
    Panicked {
        /// Where, and what was said.
        panic: Panic,
        /// Items that `run` had asked for, and that were not accepted, in order.
        items: Vec<T>,
    },
}

impl<T> fmt::Display for Stopped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSpawned(why) => why.fmt(f),
            Self::Panicked { panic, items } => write!(f, "{panic} ({} items not accepted)", items.len()),
        }
    }
}

impl<T: fmt::Debug> Error for Stopped<T> {}
