//! Which way each item went, under which revision, and where each edit took effect.
//!
//! Off by default, and free when off: an item of a traced pipeline takes the engine's general way instead of the quick one.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::change::{Change, line};
use crate::name::{Name, Path};

/// The last rows of a pipeline's trace, oldest first.
///
/// # Examples
///
/// ```
/// use coroute::{Pipeline, filter};
///
/// let mut odd = Pipeline::new("odd").stage("keep", filter(|x: &i64| x % 2 == 1)).stage("neg", |x: i64| -x);
/// let controller = odd.controller();
/// controller.trace_last(100);
/// odd.send_all(0..2, |_| ())?;
/// controller.remove("neg")?;
/// odd.send(5, |_| ())?;
/// assert_eq!(
///     controller.trace().to_string(),
///     "cycle 0  r0  keep        -> 0\n\
///      cycle 1  r0  keep > neg  -> 1\n\
///      cycle 2  r1  = remove neg\n\
///      cycle 2  r1  keep        -> 1\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trace {
    rows: Vec<TraceRow>,
    left_out: u64,
}

/// A row of a [`Trace`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TraceRow {
    /// An item's way.
    Item {
        /// The cycle: 0 for the first item that the pipeline accepted.
        cycle: u64,
        /// The revision under which it went.
        revision: u64,
        /// What it passed, in order.
        hops: Vec<Hop>,
        /// How many outputs the cycle gave.
        outputs: u64,
        /// The stage that failed it, if one did.
        failed: Option<Path>,
    },
    /// An edit, in front of the first item that it governed.
    Edit {
        /// That item's cycle.
        cycle: u64,
        /// The revision that the edit made.
        revision: u64,
        /// The edit in words.
        changes: Vec<Change>,
    },
}

/// A step on an item's way.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stage(path) => write!(f, "{path}"),
            Self::Target { switch, target } => write!(f, "{switch}[{target}]"),
        }
    }
}

impl Trace {
    /// The rows, oldest first.
    #[must_use]
    pub fn rows(&self) -> &[TraceRow] {
        &self.rows
    }

    /// How many older rows were left out.
    #[must_use]
    pub fn left_out(&self) -> u64 {
        self.left_out
    }
}

/// The hops in a line; an item that went to several targets has them in one pair of brackets.
fn way(hops: &[Hop]) -> String {
    let mut line = String::new();
    let mut before: Option<&Hop> = None;
    for hop in hops {
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
    line
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.left_out > 0 {
            writeln!(f, "({} earlier rows left out)", self.left_out)?;
        }
        let (mut cycle_width, mut revision_width, mut way_width) = (0, 0, 0);
        for row in &self.rows {
            let (TraceRow::Item { cycle, revision, .. } | TraceRow::Edit { cycle, revision, .. }) = row;
            cycle_width = cycle_width.max(cycle.to_string().len());
            revision_width = revision_width.max(revision.to_string().len());
            if let TraceRow::Item { hops, .. } = row {
                way_width = way_width.max(way(hops).chars().count());
            }
        }
        for row in &self.rows {
            let (TraceRow::Item { cycle, revision, .. } | TraceRow::Edit { cycle, revision, .. }) = row;
            write!(f, "cycle {cycle:>cycle_width$}  r{revision:<revision_width$}  ")?;
            match row {
                TraceRow::Edit { changes, .. } => writeln!(f, "= {}", line(changes))?,
                TraceRow::Item { hops, outputs, failed, .. } => {
                    write!(f, "{:<way_width$}  -> {outputs}", way(hops))?;
                    match failed {
                        Some(stage) => writeln!(f, "  failed at {stage}")?,
                        None => writeln!(f)?,
                    }
                }
            }
        }
        Ok(())
    }
}

/// The rows that are kept, shared with the controllers.
#[derive(Debug, Default)]
pub(crate) struct Log {
    rows: VecDeque<TraceRow>,
    limit: usize,
    left_out: u64,
}

pub(crate) type SharedLog = Arc<Mutex<Log>>;

pub(crate) fn log(limit: usize) -> SharedLog {
    Arc::new(Mutex::new(Log { limit, ..Log::default() }))
}

pub(crate) fn read(log: &SharedLog) -> Trace {
    let log = log.lock().unwrap_or_else(PoisonError::into_inner);
    Trace { rows: log.rows.iter().cloned().collect(), left_out: log.left_out }
}

/// Collects the way of the item in hand.
#[derive(Debug)]
pub(crate) struct Recorder {
    log: SharedLog,
    hops: Vec<Hop>,
    prefix: Vec<Name>,
}

impl Recorder {
    pub(crate) fn new(log: SharedLog) -> Self {
        Self { log, hops: Vec::new(), prefix: Vec::new() }
    }

    pub(crate) fn writes_to(&self, log: &SharedLog) -> bool {
        Arc::ptr_eq(&self.log, log)
    }

    fn path(&self, name: &Name) -> Path {
        let mut path = Path::from(name.clone());
        self.prefix.iter().rev().for_each(|outer| path.prefix(outer));
        path
    }

    pub(crate) fn stage(&mut self, name: &Name) {
        let path = self.path(name);
        // A target that is a single stage is shown once.
        if let Some(Hop::Target { switch, target }) = self.hops.last()
            && switch.join(target) == path
        {
            return;
        }
        self.hops.push(Hop::Stage(path));
    }

    pub(crate) fn target(&mut self, switch: &Name, target: &Name) {
        let switch = self.path(switch);
        self.hops.push(Hop::Target { switch, target: target.clone() });
    }

    pub(crate) fn enter(&mut self, name: &Name) {
        self.prefix.push(name.clone());
    }

    pub(crate) fn leave(&mut self) {
        self.prefix.pop();
    }

    pub(crate) fn item(&mut self, cycle: u64, revision: u64, outputs: u64, failed: Option<Path>) {
        self.prefix.clear();
        let hops = std::mem::take(&mut self.hops);
        self.push(TraceRow::Item { cycle, revision, hops, outputs, failed });
    }

    pub(crate) fn edit(&mut self, cycle: u64, revision: u64, changes: Vec<Change>) {
        self.hops.clear();
        self.push(TraceRow::Edit { cycle, revision, changes });
    }

    fn push(&self, row: TraceRow) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        if log.rows.len() >= log.limit {
            log.rows.pop_front();
            log.left_out += 1;
        }
        if log.limit > 0 {
            log.rows.push_back(row);
        }
    }
}
