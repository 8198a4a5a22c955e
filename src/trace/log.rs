//! The rows that are kept, shared between the pipeline's thread and the controllers.
//!
//! Rows are in the order of cycles, in whatever order they come: where items wait, one may end before another that was
//! accepted earlier. What does not come in, or has to go, is in front of all rows that are kept, or behind them.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::recording::{Detail, Recording, Values};
use super::rows::size;
use super::{Places, Run, Trace, TraceRow};

pub(crate) type SharedLog = Arc<Mutex<Log>>;

/// The counts of a run. Only the pipeline's thread writes them, so that no item takes a lock; where a controller reads them
/// meanwhile, it may find one that is an item ahead of another.
#[derive(Debug)]
pub(super) struct Tally {
    /// Changes only while the log is locked, for the row moves with it.
    first: AtomicU64,
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

    pub(super) fn first(&self) -> u64 {
        self.first.load(Ordering::Relaxed)
    }

    pub(super) fn last(&self) -> u64 {
        self.last.load(Ordering::Relaxed)
    }

    fn read(&self, run: &Run) -> Run {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (first, last) = (self.first(), self.last());
        Run { first, last, items: read(&self.items), outputs: read(&self.outputs), ..run.clone() }
    }
}

/// A row that is kept.
enum Kept {
    Row(TraceRow),
    /// A run as it began, with its counts.
    Run(Run, Arc<Tally>),
}

/// Where a row stands: by its cycle, an edit in front of the item.
type Order = (u64, bool);

fn order(row: &TraceRow) -> Order {
    (row.cycle(), !matches!(row, TraceRow::Edit { .. }))
}

impl Kept {
    fn order(&self) -> Order {
        match self {
            Self::Row(row) => order(row),
            Self::Run(_, tally) => (tally.first(), true),
        }
    }

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
    /// The last row that had to go for newer ones, and what is in front of it stays out.
    gone: Option<Order>,
    /// The first row for which the budget was too small; it stays out, and so does what is behind it.
    full: Option<Order>,
    earlier: u64,
    later: u64,
    /// How many of what was left out are edits.
    edits: u64,
    pub(super) every: u64,
    pub(super) detail: Detail,
    /// For the recorder to take.
    pub(super) values: Option<Values>,
    /// The model when the recording began, and its revision, where items may wait; for the recorder to take.
    pub(super) places: Option<(u64, Arc<Places>)>,
}

impl Log {
    pub(crate) fn share(recording: Recording, places: Option<(u64, Arc<Places>)>) -> SharedLog {
        let Recording { detail, last, every, budget, values } = recording;
        Arc::new(Mutex::new(Self {
            rows: VecDeque::new(),
            used: 0,
            last,
            budget,
            gone: None,
            full: None,
            earlier: 0,
            later: 0,
            edits: 0,
            every,
            detail,
            values,
            places,
        }))
    }

    /// Adds a row, if there is room for it.
    pub(super) fn push(&mut self, row: TraceRow) {
        let size = row.size();
        if self.makes_room(order(&row), size, row.weight()) {
            self.add(Kept::Row(row), size);
        } else if matches!(row, TraceRow::Edit { .. }) {
            self.edits += 1;
        }
    }

    /// Adds a run, if there is room for it, and gives its counts.
    pub(super) fn begin(&mut self, run: Run) -> Option<Arc<Tally>> {
        let Run { first, last, items, outputs, .. } = run;
        let tally = Tally { first: first.into(), last: last.into(), items: items.into(), outputs: outputs.into() };
        // What the recorder remembers of the way is counted as well.
        let known = 2 * size_of_val(run.way.hops()) + size_of::<Tally>();
        let size = size_of::<TraceRow>() + size(&run.losses) + known;
        if !self.makes_room((first, true), size, items) {
            return None;
        }
        let tally = Arc::new(tally);
        self.add(Kept::Run(run, Arc::clone(&tally)), size);
        Some(tally)
    }

    /// The run with this tally has an item that is earlier than its first one so far: its row moves to the front. Where
    /// later rows had to go already, the item is left out, and it says no.
    pub(super) fn lead(&mut self, tally: &Tally, first: u64) -> bool {
        if self.is_past((first, true)) {
            self.earlier += 1;
            return false;
        }
        let is_it = |(row, _): &(Kept, usize)| matches!(row, Kept::Run(_, known) if std::ptr::eq(&**known, tally));
        let at = self.rows.iter().position(is_it);
        let row = at.and_then(|at| self.rows.remove(at));
        tally.first.store(first, Ordering::Relaxed);
        if let Some((row, size)) = row {
            self.insert(row, size);
        }
        true
    }

    fn add(&mut self, row: Kept, size: usize) {
        self.used += size;
        self.insert(row, size);
    }

    /// Puts the row behind those that do not belong behind it.
    fn insert(&mut self, row: Kept, size: usize) {
        let order = row.order();
        let behind = self.rows.iter().rev().take_while(|(row, _)| row.order() > order).count();
        self.rows.insert(self.rows.len() - behind, (row, size));
    }

    /// Whether later rows had to go already.
    fn is_past(&self, order: Order) -> bool {
        self.gone.is_some_and(|gone| order < gone)
    }

    /// Whether there is room for `size` more bytes; what has to go for it, or does not come in, is counted.
    fn makes_room(&mut self, order: Order, size: usize, weight: u64) -> bool {
        let Some(last) = self.last else {
            let fits = self.full.is_none_or(|full| order < full) && self.drop_last(order, size);
            self.later += if fits { 0 } else { weight };
            return fits;
        };
        let fits = last > 0 && size <= self.budget && !self.is_past(order) && self.drop_first(last, order, size);
        self.earlier += if fits { 0 } else { weight };
        fits
    }

    /// Makes room at the front; not where the new row would be there.
    fn drop_first(&mut self, most: usize, order: Order, size: usize) -> bool {
        while self.rows.len() >= most || self.used + size > self.budget {
            let first = self.rows.front().map(|(row, _)| row.order()).filter(|first| *first <= order);
            self.gone = first.or(Some(order));
            let Some((old, size)) = first.and_then(|_| self.rows.pop_front()) else { return false };
            self.earlier += old.weight();
            self.goes(&old, size);
        }
        true
    }

    /// Makes room at the end; not where the new row would be there.
    fn drop_last(&mut self, order: Order, size: usize) -> bool {
        while self.used + size > self.budget {
            let last = self.rows.back().map(|(row, _)| row.order()).filter(|last| *last > order);
            self.full = last.or(Some(order));
            let Some((old, size)) = last.and_then(|_| self.rows.pop_back()) else { return false };
            self.later += old.weight();
            self.goes(&old, size);
        }
        true
    }

    fn goes(&mut self, row: &Kept, size: usize) {
        self.used -= size;
        self.edits += u64::from(matches!(row, Kept::Row(TraceRow::Edit { .. })));
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
