//! One change of an edit, in the words of the edit.

use std::fmt;

use crate::error::Refusal;
use crate::knot::Remake;
use crate::model::Entry;
use crate::name::{Name, NameError, Path, Type};
use crate::part::Part;
use crate::route::Route;

/// One change that was asked for. What it brings along is taken out when the edit is committed.
pub(crate) enum Asked {
    Route { switch: Place, route: Option<Route> },
    Insert { at: Where, part: Option<Part>, name: Label, wrong: Option<Refusal> },
    Remove { at: Place },
    Move { at: Place, to: Where },
    Replace { at: Place, part: Option<Part>, wrong: Option<Refusal> },
    HandOver { at: Place, takes: Type, part: Option<Handed>, entry: Option<Entry>, wrong: Option<Refusal> },
    Rename { at: Place, to: Label },
    Attach { switch: Place, part: Option<Part>, name: Label, wrong: Option<Refusal> },
    Detach { switch: Place, target: Label },
    Tap { at: Place, part: Option<Part>, name: Label, wrong: Option<Refusal> },
    Pause,
    Resume,
}

/// The new stage of a hand-over, before there is one.
pub(crate) struct Handed {
    pub(crate) input: Type,
    pub(crate) output: Type,
    pub(crate) state: Type,
    pub(crate) make: Remake,
}

/// A path as it was asked for.
pub(crate) type Place = Result<Path, NameError>;

/// A name as it was asked for.
pub(crate) type Label = Result<Name, NameError>;

/// A place between stages.
pub(crate) enum Where {
    /// In front of, or behind, all of a pipeline; `None` for the outermost.
    First(Option<Place>),
    Last(Option<Place>),
    Before(Place),
    After(Place),
}

impl Asked {
    /// Where the change keeps the entry that it puts into the model.
    pub(crate) fn entry(&mut self) -> Option<&mut Option<Entry>> {
        match self {
            Self::Insert { part, .. }
            | Self::Replace { part, .. }
            | Self::Attach { part, .. }
            | Self::Tap { part, .. } => part.as_mut().map(|part| &mut part.entry),
            Self::HandOver { entry, .. } => Some(entry),
            _ => None,
        }
    }

    /// What is wrong with the change whatever pipeline it is for.
    pub(crate) fn malformed(&self) -> Option<Refusal> {
        let place = |place: &Place| place.as_ref().err().cloned().map(Refusal::Name);
        let between = |at: &Where| match at {
            Where::First(None) | Where::Last(None) => None,
            Where::First(Some(at)) | Where::Last(Some(at)) | Where::Before(at) | Where::After(at) => place(at),
        };
        match self {
            Self::Route { switch, route } => place(switch)
                .or_else(|| route.as_ref().and_then(|route| route.targets.as_ref().err().cloned()).map(Refusal::Name)),
            Self::Insert { at, wrong, .. } => between(at).or_else(|| wrong.clone()),
            Self::Remove { at } => place(at),
            Self::Move { at, to } => place(at).or_else(|| between(to)),
            Self::Replace { at, wrong, .. } | Self::Tap { at, wrong, .. } => place(at).or_else(|| wrong.clone()),
            Self::HandOver { at, wrong, .. } => place(at).or_else(|| wrong.clone()),
            Self::Rename { at, to } => place(at).or_else(|| to.as_ref().err().cloned().map(Refusal::Name)),
            Self::Attach { switch, wrong, .. } => place(switch).or_else(|| wrong.clone()),
            Self::Detach { switch, target } => {
                place(switch).or_else(|| target.as_ref().err().cloned().map(Refusal::Name))
            }
            Self::Pause | Self::Resume => None,
        }
    }
}

/// What was asked for as a path or a name, well formed or not.
fn text<T: fmt::Display>(text: &Result<T, NameError>) -> String {
    text.as_ref().map_or_else(|error| error.text().to_owned(), ToString::to_string)
}

impl fmt::Display for Where {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = f.alternate();
        let show = |at: &Place| if quoted { format!("{:?}", text(at)) } else { text(at) };
        match self {
            Self::First(None) => f.write_str("in front"),
            Self::Last(None) => f.write_str("at the back"),
            Self::First(Some(at)) => write!(f, "in front of all in {}", show(at)),
            Self::Last(Some(at)) => write!(f, "at the back of {}", show(at)),
            Self::Before(at) => write!(f, "before {}", show(at)),
            Self::After(at) => write!(f, "after {}", show(at)),
        }
    }
}

impl fmt::Display for Asked {
    /// Names are quoted in the alternate form, for error messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quoted = f.alternate();
        let quote = |text: String| if quoted { format!("{text:?}") } else { text };
        let place = |at: &Place| quote(text(at));
        let label = |name: &Label| quote(text(name));
        let between = |at: &Where| if quoted { format!("{at:#}") } else { at.to_string() };
        match self {
            Self::Route { switch, route } => {
                write!(f, "route {}", place(switch))?;
                // A route that is wrong in itself is told of in the refusal.
                let view = route.as_ref().and_then(|route| route.check().ok());
                view.map_or(Ok(()), |view| write!(f, " -> {view}"))
            }
            Self::Insert { at, name, .. } => write!(f, "insert {} {}", label(name), between(at)),
            Self::Remove { at } => write!(f, "remove {}", place(at)),
            Self::Move { at, to } => write!(f, "move {} {}", place(at), between(to)),
            Self::Replace { at, .. } => write!(f, "replace {}", place(at)),
            Self::HandOver { at, .. } => write!(f, "replace {} keeping its state", place(at)),
            Self::Rename { at, to } => write!(f, "rename {} to {}", place(at), label(to)),
            Self::Attach { switch, name, .. } => write!(f, "attach {} to {}", label(name), place(switch)),
            Self::Detach { switch, target } => write!(f, "detach {} from {}", label(target), place(switch)),
            Self::Tap { at, name, .. } => write!(f, "tap {} with {}", place(at), label(name)),
            Self::Pause => f.write_str("pause"),
            Self::Resume => f.write_str("resume"),
        }
    }
}
