//! Every reason for a "no", one type per kind of operation.
//!
//! Each reads *what was asked, why not, what would work*, and hands back what it refused: the item, the outputs, the rest
//! of the input. A refused edit comes back inside [`EditError`](crate::EditError), which wraps a [`Refusal`].

use std::error::Error;
use std::fmt;

use crate::failure::Failure;
use crate::name::{Name, NameError, Path, Type};

/// Why an edit, or a step of building, was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// A name or a path is not well formed.
    Name(NameError),
    /// Nothing is called that.
    Unknown {
        /// The path that was looked up.
        path: Path,
        /// What there is at that level (at most the first eight).
        known: Vec<Name>,
    },
    /// The name is taken.
    Duplicate {
        /// The name.
        name: Name,
    },
    /// What comes along at that place is not what the new stage takes, or it gives something else than is wanted there.
    Mismatch {
        /// What the place takes in and has to give on.
        wanted: (Type, Type),
        /// What the new stage takes and gives.
        found: (Type, Type),
    },
    /// The stage turns one type into another, so that the pipeline would not fit together without it.
    Turns {
        /// The types that the stage takes and gives.
        types: (Type, Type),
    },
    /// The path is not that of a switch.
    NotASwitch {
        /// The path.
        path: Path,
        /// What it is instead.
        is: &'static str,
    },
    /// The path is not that of a pipeline.
    NotAPipeline {
        /// The path.
        path: Path,
        /// What it is instead.
        is: &'static str,
    },
    /// A target of a switch cannot be moved or removed as a stage; it is detached.
    IsTarget,
    /// A route names no target at all.
    NoTargets,
    /// A weighted route whose weights are all zero, or add up to more than 2^32.
    Weights,
    /// Sending an item to several targets needs a clone of it.
    NotCloned {
        /// The type of the items.
        item: Type,
    },
    /// The route chooses by looking at another type than the switch's items have.
    LooksAt {
        /// What the route's closure takes.
        looks_at: Type,
        /// What the switch takes.
        item: Type,
    },
    /// The target cannot be detached while the route names it.
    StillRouted,
    /// The hand-over takes the state of another type than the old stage has.
    HandOver {
        /// What the hand-over takes.
        takes: Type,
        /// What the old stage is.
        found: Type,
    },
    /// The stages would be nested too deeply to be called one inside the other.
    TooDeep {
        /// The most stages an item may pass, nested ones included.
        limit: usize,
    },
    /// As many edits as the pipeline holds wait to be applied.
    Flooded {
        /// How many wait.
        waiting: usize,
    },
    /// The pipeline has become a part of another one.
    Adopted,
    /// The place to move to is in another pipeline than the stage.
    OtherPipeline,
    /// The pipeline, or the stage to put in, was put together wrongly.
    Build(Box<BuildError>),
    /// The pipeline does not exist any more.
    Gone,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "{error}"),
            Self::Unknown { path, known } if known.is_empty() => {
                write!(f, "nothing is called {path:?}; there is nothing at that level")
            }
            Self::Unknown { path, known } => {
                write!(f, "nothing is called {path:?}; there is ")?;
                for (at, name) in known.iter().enumerate() {
                    let glue = if at == 0 {
                        ""
                    } else if at + 1 == known.len() {
                        " and "
                    } else {
                        ", "
                    };
                    write!(f, "{glue}{name:?}")?;
                }
                Ok(())
            }
            Self::Duplicate { name } => write!(f, "the name {name:?} is taken; use another"),
            Self::Mismatch { wanted: (takes, gives), found } => {
                write!(f, "it turns {} into {}, and that place needs {takes} to {gives}", found.0, found.1)
            }
            Self::Turns { types: (takes, gives) } => write!(f, "it turns {takes} into {gives}; replace it instead"),
            Self::NotASwitch { path, is } => write!(f, "{path:?} is a {is}, not a switch"),
            Self::NotAPipeline { path, is } => write!(f, "{path:?} is a {is}, not a pipeline"),
            Self::IsTarget => f.write_str("it is a target of a switch; attach, detach or replace it instead"),
            Self::NoTargets => f.write_str("it names no target; use `Route::none()` to hold items back"),
            Self::Weights => f.write_str("the weights must add up to a number from 1 to 4294967295"),
            Self::NotCloned { item } => {
                write!(f, "several targets need a clone of each {item}; build the switch with `.cloned()`")
            }
            Self::LooksAt { looks_at, item } => {
                write!(f, "the route looks at {looks_at}, and the switch gets {item}; let its closure take `&{item}`")
            }
            Self::StillRouted => f.write_str("the route names it; route elsewhere first, or in the same edit"),
            Self::HandOver { takes, found } => {
                write!(f, "the hand-over takes a {takes}, and the old stage is a {found}")
            }
            Self::TooDeep { limit } => {
                write!(f, "an item would pass more than {limit} stages; split the pipeline in two")
            }
            Self::Flooded { waiting } => {
                write!(
                    f,
                    "{waiting} edits wait for the pipeline's next cycle; send an item, or call `apply`, and try again"
                )
            }
            Self::Adopted => {
                f.write_str("the pipeline has become a part of another; use that one's controller, with a path")
            }
            Self::OtherPipeline => {
                f.write_str("a stage moves within its own pipeline only; remove it and insert it there")
            }
            Self::Build(error) => write!(f, "{error}"),
            Self::Gone => f.write_str("the pipeline was dropped"),
        }
    }
}

impl Error for Refusal {}

impl From<NameError> for Refusal {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

/// A pipeline or switch that was put together wrongly: a bad or taken name, an unknown target, too many stages.
///
/// A builder goes on after a mistake; the first one comes back from `check`, and from every call and edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildError {
    asked: String,
    why: Box<Refusal>,
}

impl BuildError {
    pub(crate) fn new(asked: String, why: Refusal) -> Self {
        Self { asked, why: Box::new(why) }
    }

    /// Why the step was refused.
    #[must_use]
    pub fn refusal(&self) -> &Refusal {
        &self.why
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot build {}: {}", self.asked, self.why)
    }
}

impl Error for BuildError {}

impl From<BuildError> for Refusal {
    fn from(error: BuildError) -> Self {
        Self::Build(Box::new(error))
    }
}

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
    /// The pipeline was put together wrongly.
    Build(BuildError),
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTarget { switch } => write!(f, "switch {switch:?} has no target; route it somewhere"),
            Self::Paused => f.write_str("the pipeline is paused; resume it"),
            Self::Finished => f.write_str("the pipeline is finished; build another"),
            Self::Poisoned { stage } => write!(f, "pipeline poisoned: stage {stage:?} panicked; replace or remove it"),
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
    pub(crate) fn into_send(self) -> Result<(), SendError<In>> {
        match self {
            Self::Held(held) => Err(SendError::Held(held)),
            Self::Failed(failures) | Self::Partly(failures, _) => Err(SendError::Failed(failures)),
            Self::NotOne(_) => Ok(()),
        }
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
    NotApplied,
    /// The edit took no stage of that path out, or it was taken from the receipt already.
    Unknown {
        /// The path that was asked for.
        path: Path,
    },
    /// The stage is of another type.
    Mismatch {
        /// The type that was asked for.
        asked: Type,
        /// The stage's type.
        found: Type,
    },
}

impl fmt::Display for TakeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotApplied => f.write_str("cannot take the stage: the edit is not applied before the next cycle"),
            Self::Unknown { path } => {
                write!(f, "cannot take {path:?}: this edit did not take it out, or it was taken already")
            }
            Self::Mismatch { asked, found } => write!(f, "cannot take it as a {asked}: it is a {found}"),
        }
    }
}

impl Error for TakeError {}

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
    /// The item failed; the failure went to whoever runs the source.
    Failed,
    /// The body cannot be answered.
    Body(BodyError),
}

impl<Out> fmt::Display for NoReply<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dropped => f.write_str("no reply: a stage dropped the item or holds it back"),
            Self::Many(outputs) => write!(f, "no single reply: the cycle gave {} outputs", outputs.len()),
            Self::Failed => f.write_str("no reply: the item failed"),
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
