//! The rows that are kept, shared between the pipeline's thread and the controllers.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::recording::{Detail, Recording, Values};
use super::rows::size;
use super::{Run, Trace, TraceRow};

pub(crate) type SharedLog = Arc<Mutex<Log>>;

/// The counts of a run. Only the pipeline's thread writes them, so that no item takes a lock; where a controller reads them
/// meanwhile, it may find one that is an item ahead of another.
#[derive(Debug)]
pub(super) struct Tally {
    last: AtomicU64,
    items: AtomicU64,
    outputs: AtomicU64,
}

impl Tally {
    #[inline]
    pub(super) fn add(&self, last: u64, items: u64, outputs: u64) {
        let add = |count: &AtomicU64, by| count.store(count.load(Ordering::Relaxed) + by, Ordering::Relaxed);
        self.last.store(last, Ordering::Relaxed);
        add(&self.items, items);
        add(&self.outputs, outputs);
    }

    fn read(&self, run: &Run) -> Run {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Run { last: read(&self.last), items: read(&self.items), outputs: read(&self.outputs), ..run.clone() }
    }
}

/// A row that is kept.
enum Kept {
    Row(TraceRow),
    /// A run as it began, with its counts.
    Run(Run, Arc<Tally>),
}

impl Kept {
    /// How many items and edits it stands for.
    fn weight(&self) -> u64 {
        match self {
            Self::Row(row) => row.weight(),
            Self::Run(_, tally) => tally.items.load(Ordering::Relaxed),
        }
    }

    fn read(&self) -> TraceRow {
        match self {
            Self::Row(row) => row.clone(),
            Self::Run(run, tally) => TraceRow::Run(tally.read(run)),
        }
    }
}

/// See the module's documentation.
pub(crate) struct Log {
    /// Each with its size in bytes.
    rows: VecDeque<(Kept, usize)>,
    used: usize,
    last: Option<usize>,
    budget: usize,
    full: bool,
    earlier: u64,
    later: u64,
    /// How many of what was left out are edits.
    edits: u64,
    pub(super) every: u64,
    pub(super) detail: Detail,
    /// For the recorder to take.
    pub(super) values: Option<Values>,
}

impl Log {
    pub(crate) fn share(recording: Recording) -> SharedLog {
        let Recording { detail, last, every, budget, values } = recording;
        let rows = VecDeque::new();
        let (used, full, earlier, later, edits) = (0, false, 0, 0, 0);
        Arc::new(Mutex::new(Self { rows, used, last, budget, full, earlier, later, edits, every, detail, values }))
    }

    /// Adds a row, if there is room for it.
    pub(super) fn push(&mut self, row: TraceRow) {
        let size = row.size();
        if self.makes_room(size, row.weight()) {
            self.add(Kept::Row(row), size);
        } else if matches!(row, TraceRow::Edit { .. }) {
            self.edits += 1;
        }
    }

    /// Adds a run, if there is room for it, and gives its counts.
    pub(super) fn begin(&mut self, run: Run) -> Option<Arc<Tally>> {
        let Run { last, items, outputs, .. } = run;
        let tally = Tally { last: last.into(), items: items.into(), outputs: outputs.into() };
        // What the recorder remembers of the way is counted as well.
        let known = 2 * size_of_val(run.way.hops()) + size_of::<Tally>();
        let size = size_of::<TraceRow>() + size(&run.losses) + known;
        if !self.makes_room(size, items) {
            return None;
        }
        let tally = Arc::new(tally);
        self.add(Kept::Run(run, Arc::clone(&tally)), size);
        Some(tally)
    }

    fn add(&mut self, row: Kept, size: usize) {
        self.used += size;
        self.rows.push_back((row, size));
    }

    /// Whether there is room for `size` more bytes; what has to go for it, or does not come in, is counted.
    fn makes_room(&mut self, size: usize, weight: u64) -> bool {
        let Some(last) = self.last else {
            self.full |= self.used + size > self.budget;
            self.later += if self.full { weight } else { 0 };
            return !self.full;
        };
        if last == 0 || size > self.budget {
            self.earlier += weight;
            return false;
        }
        while self.rows.len() >= last || self.used + size > self.budget {
            let Some((old, size)) = self.rows.pop_front() else { break };
            self.used -= size;
            self.earlier += old.weight();
            self.edits += u64::from(matches!(old, Kept::Row(TraceRow::Edit { .. })));
        }
        true
    }
}

/// The rows so far.
pub(crate) fn read(log: &SharedLog) -> Trace {
    let log = log.lock().unwrap_or_else(PoisonError::into_inner);
    Trace {
        rows: log.rows.iter().map(|(row, _)| row.read()).collect(),
        earlier: log.earlier,
        later: log.later,
        edits_left_out: log.edits,
        every: log.every,
        targets: Vec::new(),
    }
}
