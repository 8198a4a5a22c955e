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
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Order(u64);

impl Order {
    /// In one number, for it is compared with every row that comes; no pipeline gets to half of all cycles.
    #[inline]
    fn of(cycle: u64, is_edit: bool) -> Self {
        Self(cycle << 1 | u64::from(!is_edit))
    }
}

/// A row in its place.
struct Placed {
    order: Order,
    /// In bytes.
    size: usize,
    row: Kept,
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
    rows: VecDeque<Placed>,
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
        let is_edit = matches!(row, TraceRow::Edit { .. });
        let (order, size) = (Order::of(row.cycle(), is_edit), row.size());
        if self.makes_room(order, size, row.weight()) {
            self.add(Placed { order, size, row: Kept::Row(row) });
        } else {
            self.edits += u64::from(is_edit);
        }
    }

    /// Adds a run, if there is room for it, and gives its counts.
    pub(super) fn begin(&mut self, run: Run) -> Option<Arc<Tally>> {
        let Run { first, last, items, outputs, .. } = run;
        let tally = Tally { first: first.into(), last: last.into(), items: items.into(), outputs: outputs.into() };
        // What the recorder remembers of the way is counted as well.
        let known = 2 * size_of_val(run.way.hops()) + size_of::<Tally>();
        let size = size_of::<TraceRow>() + size(&run.losses) + known;
        let order = Order::of(first, false);
        if !self.makes_room(order, size, items) {
            return None;
        }
        let tally = Arc::new(tally);
        self.add(Placed { order, size, row: Kept::Run(run, Arc::clone(&tally)) });
        Some(tally)
    }

    /// The run with this tally has an item that is earlier than its first one so far: its row moves to the front. Where
    /// later rows had to go already, the item is left out, and it says no.
    pub(super) fn lead(&mut self, tally: &Tally, first: u64) -> bool {
        let order = Order::of(first, false);
        if self.is_past(order) {
            self.earlier += 1;
            return false;
        }
        let is_it = |placed: &Placed| matches!(&placed.row, Kept::Run(_, known) if std::ptr::eq(&**known, tally));
        let at = self.rows.iter().position(is_it);
        tally.first.store(first, Ordering::Relaxed);
        if let Some(placed) = at.and_then(|at| self.rows.remove(at)) {
            self.insert(Placed { order, ..placed });
        }
        true
    }

    /// Puts the row behind those that do not belong behind it.
    #[inline(always)]
    fn add(&mut self, placed: Placed) {
        self.used += placed.size;
        if self.rows.back().is_none_or(|last| last.order <= placed.order) {
            self.rows.push_back(placed);
        } else {
            self.insert(placed);
        }
    }

    #[cold]
    #[inline(never)]
    fn insert(&mut self, placed: Placed) {
        let behind = self.rows.iter().rev().take_while(|row| row.order > placed.order).count();
        self.rows.insert(self.rows.len() - behind, placed);
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
            let Some(first) = self.rows.front().map(|first| first.order).filter(|first| *first <= order) else {
                self.gone = Some(order);
                return false;
            };
            self.gone = Some(first);
            let old = self.rows.pop_front();
            self.earlier += self.goes(old);
        }
        true
    }

    /// Makes room at the end; not where the new row would be there.
    fn drop_last(&mut self, order: Order, size: usize) -> bool {
        while self.used + size > self.budget {
            let Some(last) = self.rows.back().map(|last| last.order).filter(|last| *last > order) else {
                self.full = Some(order);
                return false;
            };
            self.full = Some(last);
            let old = self.rows.pop_back();
            self.later += self.goes(old);
        }
        true
    }

    /// A row is no more kept: how many items and edits it stood for.
    #[inline(always)]
    fn goes(&mut self, old: Option<Placed>) -> u64 {
        let Some(Placed { row, size, .. }) = old else { return 0 };
        self.used -= size;
        self.edits += u64::from(matches!(row, Kept::Row(TraceRow::Edit { .. })));
        row.weight()
    }
}

/// The rows so far.
pub(crate) fn read(log: &SharedLog) -> Trace {
    let log = log.lock().unwrap_or_else(PoisonError::into_inner);
    Trace {
        rows: log.rows.iter().map(|placed| placed.row.read()).collect(),
        earlier: log.earlier,
        later: log.later,
        edits_left_out: log.edits,
        every: log.every,
        targets: Vec::new(),
    }
}
