//! Which way each item went, under which revision, and where each edit took effect.
//!
//! Nothing is recorded until a [`Recording`] is asked for by [`Controller::record`](crate::Controller::record), and nothing
//! is paid for it until then. What is recorded is read as a [`Trace`], which prints in three stable forms: row by row
//! ([`Trace`] itself), equal ways folded ([`Trace::runs`]), and a character per cycle ([`Trace::marbles`]).
//!
//! See also: [`Topology`](crate::Topology), which prints what there is; [`Ledger`](crate::Ledger), which counts.

mod explain;
mod known;
mod log;
mod marbles;
mod places;
mod recorder;
mod recording;
mod rows;
mod runs;
mod show;

use crate::name::{Name, Path};

pub use explain::{Explanation, Reason};
pub(crate) use log::{Log, SharedLog, read};
pub use marbles::Marbles;
pub(crate) use places::Places;
pub(crate) use recorder::{Parked, Recorder};
pub(crate) use recording::Detail;
pub use recording::{RecordError, Recording};
pub use rows::{Hop, Loss, Lost, Run, TraceRow, Way};
pub use runs::Runs;

/// What a recording has of a pipeline's items and edits, oldest first.
///
/// `Display` has a row for each item, or for each run of items where only those were recorded, and one for each edit, in
/// front of the first item that it governed. It prints no clock, address or thread, so that it can be snapshot-tested.
///
/// # Examples
///
/// ```
/// use coroute::{Pipeline, Recording, filter};
///
/// let mut odd = Pipeline::new("odd").stage("keep", filter(|x: &i64| x % 2 == 1)).stage("neg", |x: i64| -x);
/// let controller = odd.controller();
/// controller.record(Recording::items().debug::<i64>())?;
/// odd.send_all(0..2, |_| ())?;
/// controller.remove("neg")?;
/// odd.send(5, |_| ())?;
/// assert_eq!(
///     controller.trace().to_string(),
///     "cycle 0  r0  keep        -> 0       dropped at keep\n\
///      cycle 1  r0  keep > neg  -> 1 [-1]\n\
///      cycle 2  r1  = remove neg\n\
///      cycle 2  r1  keep        -> 1 [5]\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Trace {
    rows: Vec<TraceRow>,
    #[cfg_attr(feature = "serde", serde(rename = "left_out"))]
    earlier: u64,
    #[cfg_attr(feature = "serde", serde(rename = "left_out_later"))]
    later: u64,
    edits_left_out: u64,
    every: u64,
    /// The targets that items went to, with their switches, in the order of declaration.
    targets: Vec<(Path, Name)>,
}

impl Trace {
    /// The rows, oldest first.
    #[must_use]
    pub fn rows(&self) -> &[TraceRow] {
        &self.rows
    }

    /// How many items and edits were left out before the first row, because only so many rows were to be kept.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.earlier
    }

    /// How many items and edits were left out after the last row, because the budget was used up.
    #[must_use]
    pub fn left_out_later(&self) -> u64 {
        self.later
    }

    /// How many of those left out, before and after, are edits.
    #[must_use]
    pub fn edits_left_out(&self) -> u64 {
        self.edits_left_out
    }

    /// Every how manieth item was recorded: 1 if each was, 0 for a trace of nothing.
    #[must_use]
    pub fn every(&self) -> u64 {
        self.every
    }

    /// The same with other rows.
    #[cfg(feature = "testing")]
    pub(crate) fn with_rows(&self, rows: Vec<TraceRow>) -> Self {
        Self { rows, ..self.clone() }
    }

    /// The targets that items went to, with their switches, in the order of declaration; those that are gone, last.
    pub(crate) fn place(&mut self, targets: Vec<(Path, Name)>) {
        self.targets = targets;
    }

    /// The targets in the order in which items first went there.
    pub(crate) fn visited(&self) -> Vec<(Path, Name)> {
        let mut seen = std::collections::HashSet::new();
        let ways = self.rows.iter().filter_map(TraceRow::way);
        let hops = ways.flat_map(|way| way.hops().iter());
        let targets = hops.filter_map(|hop| match hop {
            Hop::Target { switch, target } => Some((switch, target)),
            Hop::Stage(_) => None,
        });
        targets.filter(|target| seen.insert(*target)).map(|(switch, target)| (switch.clone(), target.clone())).collect()
    }
}
