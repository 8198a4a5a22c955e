//! What a row of a trace holds.

use std::fmt;
use std::sync::Arc;

use super::Reason;
use crate::change::Change;
use crate::name::{Name, Path};

/// A row of a [`Trace`](crate::Trace).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum TraceRow {
    /// An item.
    #[non_exhaustive]
    Item {
        /// The cycle: 0 for the first item that the pipeline accepted.
        cycle: u64,
        /// The revision under which it went.
        revision: u64,
        /// What it passed, in order.
        way: Way,
        /// How many outputs the cycle gave.
        outputs: u64,
        /// The outputs as text, where the recording asks for them.
        values: Vec<String>,
        /// Where it, or what it had turned into, did not go on.
        losses: Vec<Loss>,
        /// Why each target on the way was chosen, in order.
        reasons: Vec<Reason>,
    },
    /// Items that went one way under one revision.
    Run(Run),
    /// An edit, in front of the first item that it governed.
    #[non_exhaustive]
    Edit {
        /// That item's cycle.
        cycle: u64,
        /// The revision that the edit made.
        revision: u64,
        /// The edit in words.
        changes: Vec<Change>,
    },
}

/// Items that went one way, with one outcome, under one revision. They need not have come one right after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Run {
    /// The revision.
    pub revision: u64,
    /// The first one's cycle.
    pub first: u64,
    /// The last one's cycle.
    pub last: u64,
    /// How many items.
    pub items: u64,
    /// How many outputs they gave together.
    pub outputs: u64,
    /// What they passed, in order.
    pub way: Way,
    /// Where each, or what it had turned into, did not go on.
    pub losses: Vec<Loss>,
}

/// What an item passed, in order.
///
/// `Display` puts the hops in a line: `parse > route[v1] > count`. An item that went to several targets has them in one
/// pair of brackets, and so has one that was tried at several.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(from = "Vec<Hop>", into = "Vec<Hop>")
)]
pub struct Way(Arc<[Hop]>);

impl From<Vec<Hop>> for Way {
    fn from(hops: Vec<Hop>) -> Self {
        Self(hops.into())
    }
}

impl From<Way> for Vec<Hop> {
    fn from(way: Way) -> Self {
        way.hops().to_vec()
    }
}

/// A step on an item's way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Hop {
    /// It passed a stage.
    Stage(Path),
    /// A switch sent it to a target.
    Target {
        /// The switch.
        switch: Path,
        /// The target.
        target: Name,
    },
}

/// A stage at which an item did not go on.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Loss {
    /// The stage.
    pub stage: Path,
    /// What became of the item.
    pub how: Lost,
    /// The failure's text, where the row is that of a single item.
    pub error: Option<String>,
}

/// What became of an item that did not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Lost {
    /// The stage did not pass it on.
    Dropped,
    /// The stage could not process it, or panicked.
    Failed,
    /// The stage holds it back.
    Held,
    /// It went into the making of another.
    Merged,
}

impl Way {
    /// The steps.
    #[must_use]
    pub fn hops(&self) -> &[Hop] {
        &self.0
    }
}

impl Hop {
    /// The path of the stage or target that it is the step to.
    #[must_use]
    pub fn place(&self) -> Path {
        match self {
            Self::Stage(stage) => stage.clone(),
            Self::Target { switch, target } => switch.join(target),
        }
    }
}

impl TraceRow {
    /// The cycle: of the item, the first item of the run, or the first item that the edit governs.
    #[must_use]
    pub fn cycle(&self) -> u64 {
        match self {
            Self::Item { cycle, .. } | Self::Edit { cycle, .. } => *cycle,
            Self::Run(run) => run.first,
        }
    }

    /// The revision: under which the item went, or that the edit made.
    #[must_use]
    pub fn revision(&self) -> u64 {
        match self {
            Self::Item { revision, .. } | Self::Edit { revision, .. } => *revision,
            Self::Run(run) => run.revision,
        }
    }

    /// The way of the item or of the run.
    #[must_use]
    pub fn way(&self) -> Option<&Way> {
        match self {
            Self::Item { way, .. } | Self::Run(Run { way, .. }) => Some(way),
            Self::Edit { .. } => None,
        }
    }

    /// How many items and edits the row stands for.
    pub(crate) fn weight(&self) -> u64 {
        if let Self::Run(run) = self { run.items } else { 1 }
    }

    /// Roughly how many bytes the row takes; a way that it shares with other rows is not counted.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Item { values, losses, reasons, .. } => {
                    values.iter().map(|value| size_of::<String>() + value.len()).sum::<usize>()
                        + size(losses)
                        + reasons.len() * size_of::<Reason>()
                }
                Self::Run(run) => size(&run.losses),
                Self::Edit { changes, .. } => changes.len() * size_of::<Change>(),
            }
    }
}

/// Roughly how many bytes the losses take.
pub(super) fn size(losses: &[Loss]) -> usize {
    losses.iter().map(|loss| size_of::<Loss>() + loss.error.as_ref().map_or(0, String::len)).sum()
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(path) => write!(f, "{path}"),
            Self::Target { switch, target } => write!(f, "{switch}[{target}]"),
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = String::new();
        let mut before: Option<&Hop> = None;
        for hop in self.hops() {
            match (before, hop) {
                (Some(Hop::Target { switch: last, .. }), Hop::Target { switch, target }) if last == switch => {
                    line.pop();
                    line.push_str(&format!(" {target}]"));
                }
                (Some(_), _) => line.push_str(&format!(" > {hop}")),
                (None, _) => line.push_str(&hop.to_string()),
            }
            before = Some(hop);
        }
        f.pad(&line)
    }
}

impl fmt::Display for Loss {
    /// Without the failure's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.how {
            Lost::Dropped => "dropped",
            Lost::Failed => "failed",
            Lost::Held => "held",
            Lost::Merged => "merged",
        };
        write!(f, "{how} at {}", self.stage)
    }
}
