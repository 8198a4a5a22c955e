//! A change of an edit in words: what a script asks for, what a trace has written down, what a comparison found.
//!
//! An [`Edit`](crate::Edit) holds stages; a [`Change`] holds the names of things that make them. So it can be compared,
//! printed and read back.

mod show;

use crate::name::{Name, NameError, Path};
use crate::route::RouteView;

pub(crate) use show::line;

/// One change of an edit, in words.
///
/// Its `Display` is the text that a [`Script`](crate::Script) has for it, and that an [`Edit`](crate::Edit) prints. Where a
/// stage is to be put in, it stands as the name of what makes it: that of a maker in a [`Library`](crate::Library).
///
/// # Examples
///
/// ```
/// use coroute::{Change, Position};
///
/// let change = Change::insert("neg", Position::after("add")?)?;
/// assert_eq!(change.to_string(), "insert neg after add");
/// assert_eq!(change.named("minus")?.to_string(), "insert neg as minus after add");
/// # Ok::<(), coroute::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Route a switch.
    Route {
        /// The switch.
        switch: Path,
        /// Its route from then on.
        route: RouteView,
    },
    /// Put a stage in.
    Insert {
        /// The stage.
        stage: Made,
        /// Where.
        at: Position,
    },
    /// Take a stage or a tap out.
    Remove {
        /// The stage.
        stage: Path,
    },
    /// Put another stage in the place of one.
    Replace {
        /// The stage that leaves.
        stage: Path,
        /// What makes the new one; if not given, what is called as the stage is.
        with: Option<Name>,
        /// Whether the new stage is made of the old one.
        keeping: bool,
    },
    /// Give a stage another name.
    Rename {
        /// The stage.
        stage: Path,
        /// Its new name.
        to: Name,
    },
    /// Move a stage, with the taps on it, within its pipeline or to another.
    Move {
        /// The stage.
        stage: Path,
        /// Where to.
        to: Position,
    },
    /// Attach a target to a switch.
    Attach {
        /// The target.
        target: Made,
        /// The switch.
        switch: Path,
    },
    /// Take a target off a switch.
    Detach {
        /// The target.
        target: Name,
        /// The switch.
        switch: Path,
    },
    /// Observe what a stage gives on.
    Tap {
        /// The stage.
        stage: Path,
        /// The tap.
        tap: Made,
    },
    /// Give a stage another number of workers.
    Workers {
        /// The stage.
        stage: Path,
        /// How many there are from then on; at least 1.
        count: usize,
    },
    /// Hold items back.
    Pause,
    /// Let items pass again.
    Resume,
}

/// Something to be put in: what makes it, and what it is called then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The maker.
    pub maker: Name,
    /// The name in the pipeline.
    pub name: Name,
}

/// A place between the stages of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Position {
    /// In front of all stages of the pipeline at a path, or of the outermost.
    Front(Option<Path>),
    /// Behind all stages of the pipeline at a path, or of the outermost.
    Back(Option<Path>),
    /// Before a stage.
    Before(Path),
    /// After a stage and the taps on it.
    After(Path),
}

impl Position {
    /// Before the stage at `path`.
    ///
    /// # Errors
    ///
    /// [`NameError`] for a malformed path, as in all functions here.
    pub fn before(path: impl AsRef<str>) -> Result<Self, NameError> {
        Path::new(path).map(Self::Before)
    }

    /// After the stage at `path`, and the taps on it.
    ///
    /// # Errors
    ///
    /// See [`before`](Position::before).
    pub fn after(path: impl AsRef<str>) -> Result<Self, NameError> {
        Path::new(path).map(Self::After)
    }
}

impl Position {
    /// The pipeline in which it is; the empty path for the outermost.
    pub(crate) fn around(&self) -> Path {
        match self {
            Self::Front(within) | Self::Back(within) => within.clone().unwrap_or_default(),
            Self::Before(stage) | Self::After(stage) => {
                stage.split_last().map(|(around, _)| around).unwrap_or_default()
            }
        }
    }
}

impl Made {
    fn new(maker: impl AsRef<str>) -> Result<Self, NameError> {
        Name::new(maker).map(|maker| Self { name: maker.clone(), maker })
    }
}

impl Change {
    /// Routes a switch.
    ///
    /// # Errors
    ///
    /// [`NameError`] for a malformed name or path, as in all functions here.
    pub fn route(switch: impl AsRef<str>, route: RouteView) -> Result<Self, NameError> {
        Ok(Self::Route { switch: Path::new(switch)?, route })
    }

    /// Puts in what `maker` makes; see also [`named`](Change::named).
    ///
    /// # Errors
    ///
    /// See [`route`](Change::route).
    pub fn insert(maker: impl AsRef<str>, at: Position) -> Result<Self, NameError> {
        Ok(Self::Insert { stage: Made::new(maker)?, at })
    }

    /// Takes a stage or a tap out.
    ///
    /// # Errors
    ///
    /// See [`route`](Change::route).
    pub fn remove(stage: impl AsRef<str>) -> Result<Self, NameError> {
        Ok(Self::Remove { stage: Path::new(stage)? })
    }

    /// Puts what `maker` makes in the place of a stage, under the stage's name.
    ///
    /// # Errors
    ///
    /// See [`route`](Change::route).
    pub fn replace(stage: impl AsRef<str>, maker: impl AsRef<str>) -> Result<Self, NameError> {
        Ok(Self::Replace { stage: Path::new(stage)?, with: Some(Name::new(maker)?), keeping: false })
    }

    /// As [`replace`](Change::replace), with a maker that makes the new stage of the old one.
    ///
    /// # Errors
    ///
    /// See [`route`](Change::route).
    pub fn replace_keeping(stage: impl AsRef<str>, maker: impl AsRef<str>) -> Result<Self, NameError> {
        Ok(Self::Replace { stage: Path::new(stage)?, with: Some(Name::new(maker)?), keeping: true })
    }

    /// Gives a stage another name.
    ///
    /// # Errors
    ///
    /// See [`route`](Change::route).
    pub fn rename(stage: impl AsRef<str>, to: impl AsRef<str>) -> Result<Self, NameError> {
        Ok(Self::Rename { stage: Path::new(stage)?, to: Name::new(to)? })
    }

    /// Moves a stage, with the taps on it.
    ///
    /// # Errors
    ///
    /// See [`route`](Change::route).
    pub fn shift(stage: impl AsRef<str>, to: Position) -> Result<Self, NameError> {
        Ok(Self::Move { stage: Path::new(stage)?, to })
    }

    /// Attaches what `maker` makes to a switch; see also [`named`](Change::named).
    ///
    /// # Errors
    ///
    /// See [`route`](Change::route).
    pub fn attach(maker: impl AsRef<str>, switch: impl AsRef<str>) -> Result<Self, NameError> {
        Ok(Self::Attach { target: Made::new(maker)?, switch: Path::new(switch)? })
    }

    /// Takes a target off a switch.
    ///
    /// # Errors
    ///
    /// See [`route`](Change::route).
    pub fn detach(target: impl AsRef<str>, switch: impl AsRef<str>) -> Result<Self, NameError> {
        Ok(Self::Detach { target: Name::new(target)?, switch: Path::new(switch)? })
    }

    /// Observes what a stage gives on by what `maker` makes; see also [`named`](Change::named).
    ///
    /// # Errors
    ///
    /// See [`route`](Change::route).
    pub fn tap(stage: impl AsRef<str>, maker: impl AsRef<str>) -> Result<Self, NameError> {
        Ok(Self::Tap { stage: Path::new(stage)?, tap: Made::new(maker)? })
    }

    /// Gives a stage another number of workers.
    ///
    /// # Errors
    ///
    /// See [`route`](Change::route).
    pub fn workers(stage: impl AsRef<str>, count: usize) -> Result<Self, NameError> {
        Ok(Self::Workers { stage: Path::new(stage)?, count })
    }

    /// Where what is at `path` after the change was before it; `None` for what the change itself has put there.
    pub(crate) fn origin(&self, path: &Path) -> Option<Path> {
        let put = match self {
            Self::Insert { stage, at } => Some(at.around().join(&stage.name)),
            Self::Tap { stage, tap } => stage.split_last().map(|(around, _)| around.join(&tap.name)),
            Self::Attach { target, switch } => Some(switch.join(&target.name)),
            Self::Replace { stage, .. } => Some(stage.clone()),
            Self::Rename { stage, to } => {
                let renamed = stage.split_last().map(|(around, _)| around.join(to))?;
                return Some(path.rebased(&renamed, stage));
            }
            Self::Move { stage, to } => {
                let moved = stage.split_last().map(|(_, name)| to.around().join(name))?;
                return Some(path.rebased(&moved, stage));
            }
            _ => None,
        };
        let is_new = put.is_some_and(|put| path.names().starts_with(put.names()));
        (!is_new).then(|| path.clone())
    }

    /// The same change with another name for what it puts in; of no effect where it puts in nothing that needs a name.
    ///
    /// # Errors
    ///
    /// See [`route`](Change::route).
    pub fn named(mut self, name: impl AsRef<str>) -> Result<Self, NameError> {
        let name = Name::new(name)?;
        if let Self::Insert { stage: made, .. } | Self::Attach { target: made, .. } | Self::Tap { tap: made, .. } =
            &mut self
        {
            made.name = name;
        }
        Ok(self)
    }
}
