//! What goes wrong with coroutines and sources.

use std::error::Error;
use std::fmt;

use super::{Hold, failed};
use crate::failure::Failure;

/// What a coroutine body did that it cannot be resumed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError {
    /// The body awaits a future that is not one of its handle's and was not ready.
    Foreign,
    /// The body has returned.
    Returned,
    /// The body panicked when it was resumed last.
    Panicked,
    /// The body asked for another item after it was told of the end of the stream.
    AfterEnd,
    /// The handle is used outside of the body it was made for.
    Escaped,
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Foreign => {
                "cannot resume the coroutine: it awaits something that is not ready; await its handle's own methods only"
            }
            Self::Returned => "cannot resume the coroutine: its body has returned; replace it, or let the body loop",
            Self::Panicked => "cannot resume the coroutine: its body panicked; build another",
            Self::AfterEnd => {
                "cannot resume the coroutine: it asks for items after the end of the stream; return when `recv` gives `None`"
            }
            Self::Escaped => "cannot answer: the handle has left its coroutine; keep it inside the body and await it there",
        })
    }
}

impl Error for BodyError {}

/// Why a source's body has no reply to the item it sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoReply<Out> {
    /// The item was dropped by a stage, or is held back by one.
    Dropped,
    /// The cycle gave several outputs; here they are, in order.
    Many(Vec<Out>),
    /// The item failed, or its stage panicked; whoever runs the source knows more.
    Failed,
    /// Some of what the cycle made of the item failed; here is what came out, in order.
    Partly(Vec<Out>),
    /// The body cannot be answered.
    Body(BodyError),
}

impl<Out> fmt::Display for NoReply<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped => f.write_str("no reply: a stage dropped the item or holds it back"),
            Self::Many(outputs) => write!(f, "no single reply: the cycle gave {} outputs", outputs.len()),
            Self::Failed => f.write_str("no reply: the item failed"),
            Self::Partly(outputs) => write!(f, "no reply: the item failed in part, and gave {} outputs", outputs.len()),
            Self::Body(error) => write!(f, "{error}"),
        }
    }
}

impl<Out: fmt::Debug> Error for NoReply<Out> {}

/// Why a source made no cycle, or what went wrong in it.
#[derive(Debug)]
#[non_exhaustive]
pub enum SourceError {
    /// The pipeline takes no item now. The source keeps the item in hand and sends it at the next step.
    Held(Hold),
    /// The item failed. The body goes on at the next step, with [`NoReply::Failed`].
    Failed(Vec<Failure>),
    /// The body cannot be resumed.
    Body(BodyError),
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(why) => write!(f, "the source keeps its item: {why}"),
            Self::Failed(failures) => failed(failures, f),
            Self::Body(error) => write!(f, "{error}"),
        }
    }
}

impl Error for SourceError {}
