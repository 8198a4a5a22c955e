//! One change of an edit, in the words of the edit.

use std::any::Any;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::change::{Change, Made, Position};
use crate::error::Refusal;
use crate::knot::{Knot, Remake};
use crate::model::{Entry, Workshop};
use crate::name::{Name, NameError, Path, Type};
use crate::part::Part;
use crate::route::{Route, RouteView};

/// One change that was asked for. What it brings along is taken out when the edit is committed.
pub(crate) enum Asked {
    Route {
        switch: Place,
        route: Option<Route>,
    },
    Insert {
        at: Where,
        part: Option<Part>,
        name: Label,
        maker: Option<Name>,
        wrong: Option<Refusal>,
    },
    Remove {
        at: Place,
    },
    Move {
        at: Place,
        to: Where,
    },
    Replace {
        at: Place,
        part: Option<Part>,
        maker: Option<Name>,
        wrong: Option<Refusal>,
    },
    HandOver {
        at: Place,
        takes: Type,
        part: Option<Handed>,
        entry: Option<Entry>,
        maker: Option<Name>,
        wrong: Option<Refusal>,
    },
    Rename {
        at: Place,
        to: Label,
    },
    Attach {
        switch: Place,
        part: Option<Part>,
        name: Label,
        maker: Option<Name>,
        wrong: Option<Refusal>,
    },
    Detach {
        switch: Place,
        target: Label,
    },
    Tap {
        at: Place,
        part: Option<Part>,
        name: Label,
        maker: Option<Name>,
        wrong: Option<Refusal>,
    },
    Workers {
        at: Place,
        count: usize,
        made: Option<Hired>,
    },
    Pause,
    Resume,
}

/// New workers, before anybody knows whether they are wanted.
pub(crate) struct Hired {
    pub(crate) order: Order,
    pub(crate) made: Box<dyn Any + Send>,
}

/// Workers that have to be made.
pub(crate) struct Order {
    pub(crate) workshop: Arc<dyn Workshop>,
    pub(crate) numbers: Range<usize>,
    /// Whether each needs its thread at once.
    pub(crate) staffed: bool,
}

impl Order {
    /// Makes them; this runs code of the user's.
    pub(crate) fn make(self) -> Result<Hired, Refusal> {
        let made = self.workshop.make(self.numbers.clone(), self.staffed)?;
        Ok(Hired { order: self, made })
    }

    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.workshop, &other.workshop) && (&self.numbers, self.staffed) == (&other.numbers, other.staffed)
    }
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

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Order({:?})", self.numbers)
    }
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

    /// Whether it puts in a stage.
    pub(crate) fn has_part(&self) -> bool {
        matches!(self, Self::Insert { .. } | Self::Replace { .. } | Self::Attach { .. } | Self::Tap { .. })
    }

    /// The stage that it puts in.
    pub(crate) fn knot(&mut self) -> Option<&mut Box<dyn Knot>> {
        match self {
            Self::Insert { part, .. }
            | Self::Replace { part, .. }
            | Self::Attach { part, .. }
            | Self::Tap { part, .. } => part.as_mut().map(|part| &mut part.knot),
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
            Self::Workers { at, count, .. } => {
                let nobody = Refusal::NoRoom { what: "the number of workers" };
                place(at).or_else(|| (*count == 0).then_some(nobody))
            }
            Self::Pause | Self::Resume => None,
        }
    }
}

impl Where {
    fn words(&self) -> Position {
        match self {
            Self::First(within) => Position::Front(within.as_ref().map(path)),
            Self::Last(within) => Position::Back(within.as_ref().map(path)),
            Self::Before(at) => Position::Before(path(at)),
            Self::After(at) => Position::After(path(at)),
        }
    }
}

/// What was asked for as a path, well formed or not; only to be shown if it is not.
fn path(place: &Place) -> Path {
    place.clone().unwrap_or_else(|error| Name::malformed(error.text()).into())
}

/// What was asked for as a name, well formed or not; only to be shown if it is not.
fn name(label: &Label) -> Name {
    label.clone().unwrap_or_else(|error| Name::malformed(error.text()))
}

impl Asked {
    /// The change in words; what brings a stage along and does not say what made it is taken to be made by its name.
    pub(crate) fn words(&self) -> Change {
        let made = |label: &Label, maker: &Option<Name>| {
            let name = name(label);
            Made { maker: maker.clone().unwrap_or_else(|| name.clone()), name }
        };
        match self {
            Self::Route { switch, route } => {
                let route = route.as_ref().map_or_else(RouteView::none, Route::view);
                Change::Route { switch: path(switch), route }
            }
            Self::Insert { at, name, maker, .. } => Change::Insert { stage: made(name, maker), at: at.words() },
            Self::Remove { at } => Change::Remove { stage: path(at) },
            Self::Move { at, to } => Change::Move { stage: path(at), to: to.words() },
            Self::Replace { at, maker, .. } => Change::Replace { stage: path(at), with: maker.clone(), keeping: false },
            Self::HandOver { at, maker, .. } => Change::Replace { stage: path(at), with: maker.clone(), keeping: true },
            Self::Rename { at, to } => Change::Rename { stage: path(at), to: name(to) },
            Self::Attach { switch, name, maker, .. } => {
                Change::Attach { target: made(name, maker), switch: path(switch) }
            }
            Self::Detach { switch, target } => Change::Detach { target: name(target), switch: path(switch) },
            Self::Tap { at, name, maker, .. } => Change::Tap { stage: path(at), tap: made(name, maker) },
            Self::Workers { at, count, .. } => Change::Workers { stage: path(at), count: *count },
            Self::Pause => Change::Pause,
            Self::Resume => Change::Resume,
        }
    }
}

impl fmt::Display for Asked {
    /// Names are quoted in the alternate form, for error messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.words().fmt(f)
    }
}
