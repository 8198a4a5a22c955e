//! Why an edit was refused, or a pipeline not built.

use std::error::Error;
use std::fmt;

use super::Hold;
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
        /// How many more there are.
        more: usize,
    },
    /// A route names a target twice.
    Twice {
        /// The target.
        name: Name,
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
    /// The stage turns one type into another, so that it fits at its own place only.
    Fixed {
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
    /// The path is not that of a stage with workers.
    NotWorkers {
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
    /// A hand-over from, or to, a pipeline, a switch or a tap.
    NotPlain,
    /// The pipeline to put in takes no item itself: it is poisoned, paused or finished.
    Unfit(Hold),
    /// What has room for nothing takes nothing.
    NoRoom {
        /// What has no room.
        what: &'static str,
    },
    /// Workers have no place for what waits: it would be in no order with what the others do.
    WorkersWait,
    /// The system gives no thread.
    NoThread {
        /// What the thread would have been called.
        name: String,
        /// Why, as the system says it.
        error: String,
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
    /// The place to move to is inside of the stage itself.
    IntoItself,
    /// The pipeline, or the stage to put in, was put together wrongly.
    Build(Box<BuildError>),
    /// The pipeline does not exist any more.
    Gone,
}

impl Refusal {
    pub(crate) fn unknown<'a>(path: Path, count: usize, names: impl Iterator<Item = &'a Name>) -> Self {
        let known: Vec<Name> = names.take(8).cloned().collect();
        Self::Unknown { path, more: count - known.len(), known }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => write!(f, "{error}"),
            Self::Unknown { path, known, .. } if known.is_empty() => match path.split_last() {
                Some((around, _)) if !around.names().is_empty() => {
                    write!(f, "nothing is called {path:?}; {around:?} has nothing inside")
                }
                _ => write!(f, "nothing is called {path:?}; the pipeline has no stages"),
            },
            Self::Unknown { path, known, more } => {
                write!(f, "nothing is called {path:?}; there is ")?;
                for (at, name) in known.iter().enumerate() {
                    let last = at + 1 == known.len() && *more == 0;
                    let glue = if at == 0 { "" } else if last { " and " } else { ", " };
                    write!(f, "{glue}{name:?}")?;
                }
                if *more > 0 { write!(f, " and {more} more") } else { Ok(()) }
            }
            Self::Twice { name } => write!(f, "it names {name:?} twice"),
            Self::Duplicate { name } => write!(f, "the name {name:?} is taken; use another"),
            Self::Mismatch { wanted: (takes, gives), found } if takes == gives && found.0 == found.1 => {
                write!(f, "it takes {}, and {takes} comes along there", found.0)
            }
            Self::Mismatch { wanted: (takes, gives), found } => {
                write!(f, "it turns {} into {}, and that place needs {takes} to {gives}", found.0, found.1)
            }
            Self::Turns { types: (takes, gives) } => write!(f, "it turns {takes} into {gives}; replace it instead"),
            Self::Fixed { types: (takes, gives) } => {
                write!(f, "it turns {takes} into {gives}, so it fits in its own place only")
            }
            Self::NotASwitch { path, is } => write!(f, "{path:?} is {}; only a switch has routes and targets", One(is)),
            Self::NotAPipeline { path, is } => write!(f, "{path:?} is {}; only a pipeline has stages", One(is)),
            Self::NotWorkers { path, is } => {
                write!(f, "{path:?} is {}; replace it by one that is made with `workers`", One(is))
            }
            Self::IsTarget => f.write_str(
                "it is a target of a switch, not a stage of a pipeline; attach, detach or replace it, or make it a pipeline",
            ),
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
                write!(f, "the hand-over takes a {takes}, and the old stage is a {found}; let its closure take that")
            }
            Self::NotPlain => f.write_str(
                "a hand-over is from one stage to another; replace a pipeline or a switch, or edit what is inside",
            ),
            Self::Unfit(why) => write!(f, "the pipeline to put in takes no item: {why}"),
            Self::NoRoom { what } => write!(f, "{what} is 0, and nothing would ever pass; make it 1 or more"),
            Self::WorkersWait => f.write_str(
                "workers do not wait: put async stages, buffers, sinks and threads in front of them or behind, or on a thread",
            ),
            Self::NoThread { name, error } => {
                write!(f, "the system gives no thread for {name:?}: {error}; let some end, or do with fewer")
            }
            Self::TooDeep { limit } => {
                write!(f, "an item would pass more than {limit} stages; split the pipeline in two")
            }
            Self::Flooded { waiting } => {
                write!(
                    f,
                    "{waiting} edits wait for the pipeline's next cycle; send an item, or call `apply` (where it is spawned, see what blocks it), and try again"
                )
            }
            Self::Adopted => {
                f.write_str("the pipeline has become a part of another; use that one's controller, with a path")
            }
            Self::IntoItself => f.write_str("that is inside of the stage itself; move it to a place outside"),
            Self::Build(error) => write!(f, "{error}"),
            Self::Gone => f.write_str("the pipeline was dropped; its topology, ledger and trace can still be read"),
        }
    }
}

/// A thing of a kind.
struct One<'a>(&'a str);

impl fmt::Display for One<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "workers" => f.write_str("a stage with workers"),
            is => write!(f, "a {is}"),
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
        // Of what is inside, the mistake itself is told, not the way to it.
        match why {
            Refusal::Build(inner) => *inner,
            why => Self { asked, why: Box::new(why) },
        }
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
