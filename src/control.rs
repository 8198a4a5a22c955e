//! The control side of a pipeline: its model, and the edits that wait for its next cycle.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use crate::board::Board;
use crate::change::Change;
use crate::commit::{Checked, Halt, commit};
use crate::edit::Edit;
use crate::error::{BuildError, Refusal};
use crate::in_flight::InFlight;
use crate::knot::{Act, Ending, Way};
use crate::ledger::{Counts, Ledger, LedgerCell, Row};
use crate::model::{Entry, Plan};
use crate::name::Path;
use crate::receipt::{Cell, Receipt};
use crate::roster::Roster;
use crate::threads::Threads;
use crate::topology::Topology;
use crate::trace::{Places, SharedLog, Trace, read};

/// Edits that wait for a pipeline's next cycle, at the most; see [`Refusal::Flooded`].
pub(crate) const WAITING_LIMIT: usize = 1024;

/// What a pipeline and its controllers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) board: Board<Control>,
    pub(crate) ledger: Arc<LedgerCell>,
}

/// Kept by the engine: when it goes, the control side is told, and whoever waits for an edit that will not be applied.
pub(crate) struct Alive(pub(crate) Arc<Shared>);

impl Drop for Alive {
    fn drop(&mut self) {
        let mut control = self.0.board.lock();
        control.gone = true;
        let waiting = std::mem::take(&mut control.waiting);
        self.0.ledger.discard_rest();
        drop(control);
        waiting.iter().flat_map(|edit| &edit.cells).for_each(|cell| cell.abandon());
    }
}

/// The control side, behind the board's lock.
pub(crate) struct Control {
    pub(crate) plan: Plan,
    pub(crate) revision: u64,
    pub(crate) paused: bool,
    pub(crate) error: Option<BuildError>,
    pub(crate) adopted: bool,
    pub(crate) gone: bool,
    pub(crate) waiting: VecDeque<Committed>,
    pub(crate) trace: Option<SharedLog>,
    /// Whether items may wait inside the pipeline, so that a recording needs the places of older revisions.
    pub(crate) flowing: bool,
    /// Whether it runs on threads, so that new workers need theirs.
    pub(crate) threaded: bool,
    /// The threads that work for it.
    pub(crate) roster: Roster,
    /// Receipts' cells with stages that were taken out; what nobody wants is dropped at a controller's next call.
    pub(crate) retired: Vec<Arc<dyn Ending>>,
    /// The counts of stages that are no more in the pipeline.
    departed: Vec<(Path, Arc<Counts>)>,
    history: BTreeMap<Path, Row>,
}

/// An edit on its way to the data side.
pub(crate) struct Committed {
    pub(crate) revision: u64,
    pub(crate) drains: Vec<Way>,
    pub(crate) acts: SmallVec<[(Way, Act); 1]>,
    pub(crate) cells: SmallVec<[Arc<Cell>; 1]>,
    /// For the items that are inside what the edit leaves.
    pub(crate) rule: InFlight,
    /// The changes in words, where somebody wants to know.
    pub(crate) words: Option<Vec<Change>>,
    /// Where the stages are from then on, if that is recorded of a pipeline in which items may wait.
    pub(crate) places: Option<Arc<Places>>,
}

impl Control {
    pub(crate) fn new(plan: Plan) -> Self {
        Self {
            plan,
            revision: 0,
            paused: false,
            error: None,
            adopted: false,
            gone: false,
            waiting: VecDeque::new(),
            trace: None,
            flowing: false,
            threaded: false,
            roster: Roster::default(),
            retired: Vec::new(),
            departed: Vec::new(),
            history: BTreeMap::new(),
        }
    }

    /// Why no edit is taken at all, if none is.
    pub(crate) fn closed(&self) -> Option<Refusal> {
        match &self.error {
            _ if self.adopted => Some(Refusal::Adopted),
            _ if self.gone => Some(Refusal::Gone),
            error => error.clone().map(Refusal::from),
        }
    }

    /// Puts a stage behind all others, also behind those that the edits that wait put there.
    pub(crate) fn extend(&mut self, entry: Entry) {
        for (within, act) in self.waiting.iter_mut().flat_map(|edit| &mut edit.acts) {
            match act {
                Act::Insert { before, .. } | Act::Move { before, .. } if within.is_empty() => {
                    before.get_or_insert(entry.id);
                }
                Act::Transfer { before, to, .. } if within.is_empty() && to.is_empty() => {
                    before.get_or_insert(entry.id);
                }
                _ => {}
            }
        }
        self.plan.entries.push(entry);
    }

    /// Takes an edit in; with its receipt comes the edit whose place it takes, if any, to be dropped after the lock is let
    /// go: what is in it is the user's.
    pub(crate) fn commit(&mut self, edit: &mut Edit) -> Result<(Receipt, Option<Committed>), Halt> {
        if let Some(refusal) = self.closed() {
            return Err(Halt::Refused(refusal, usize::MAX));
        }
        let full = self.waiting.len() >= WAITING_LIMIT;
        if full && !self.coalesces(edit) {
            return Err(Halt::Refused(Refusal::Flooded { waiting: self.waiting.len() }, usize::MAX));
        }
        if self.threaded && edit.is_unstaffed() {
            return Err(Halt::Unstaffed(self.roster.clone()));
        }
        let words = self.trace.is_some().then(|| edit.words());
        let Checked { drains, acts, left, paused } = commit(&mut self.plan, edit, Some(self.threaded))?;
        self.revision += 1;
        self.paused = paused.unwrap_or(self.paused);
        left.iter().for_each(|(path, entry)| entry.counted(path, &mut self.departed));
        let cell = Arc::new(Cell::new(left));
        let receipt = Receipt::new(self.revision, Arc::clone(&cell));
        let mut cells: SmallVec<[Arc<Cell>; 1]> = smallvec![cell];
        let mut overtaken = if full { self.waiting.pop_back() } else { None };
        if let Some(last) = &mut overtaken {
            // Nobody holds the receipt of what only the pipeline's side still knows.
            cells.extend(last.cells.drain(..).filter(|cell| Arc::strong_count(cell) > 1));
        }
        let places = (self.flowing && self.trace.is_some()).then(|| self.places());
        let rule = std::mem::take(&mut edit.rule);
        self.waiting.push_back(Committed { revision: self.revision, drains, acts, cells, rule, words, places });
        Ok((receipt, overtaken))
    }

    /// Where the stages are when all committed edits are applied.
    pub(crate) fn places(&self) -> Arc<Places> {
        Arc::new(self.plan.places())
    }

    /// Whether the edit does nothing but route the switch that the edit before it did nothing but route.
    fn coalesces(&self, edit: &Edit) -> bool {
        let Some(last) = self.waiting.back() else { return false };
        let [(before, Act::Route { .. })] = &last.acts[..] else { return false };
        let found = edit.routes_only().and_then(|path| self.plan.find(path).ok());
        found.is_some_and(|(_, entry)| before.last().is_some_and(|switch| switch.id == entry.id))
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        self.plan.entries.iter().for_each(|entry| entry.rows(&Path::default(), &mut rows));
        let mut gone = self.history.clone();
        for (path, counts) in &self.departed {
            let row = Row::read(path.clone(), counts);
            gone.entry(path.clone()).and_modify(|known| known.add(&row)).or_insert(row);
        }
        rows.extend(gone.into_values().filter(|row| !row.is_zero()).map(|row| Row { gone: true, ..row }));
        rows
    }

    /// Takes together the counts that nobody can change any more, and takes out what nobody wants.
    pub(crate) fn sweep(&mut self) -> Vec<Arc<dyn Ending>> {
        let Self { departed, history, .. } = self;
        departed.retain(|(path, counts)| {
            let settled = Arc::strong_count(counts) == 1;
            if settled {
                let row = Row::read(path.clone(), counts);
                if !row.is_zero() {
                    history.entry(path.clone()).and_modify(|known| known.add(&row)).or_insert(row);
                }
            }
            !settled
        });
        std::mem::take(&mut self.retired)
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("revision", &self.revision).finish_non_exhaustive()
    }
}

impl Shared {
    /// Lets the data side go of an edit's cell. What is in it ends on a controller's side, if nobody has its receipt.
    pub(crate) fn let_go(&self, cell: Arc<dyn Ending>) {
        if cell.is_full() {
            self.board.lock().retired.push(cell);
        }
    }

    pub(crate) fn ledger(&self) -> Ledger {
        let control = self.board.lock();
        self.ledger.read(|| control.rows())
    }

    pub(crate) fn topology(&self) -> Topology {
        let control = self.board.lock();
        Topology::new(&control.plan, control.revision, control.paused)
    }

    pub(crate) fn threads(&self) -> Threads {
        let control = self.board.lock();
        Threads::look(&control.plan, control.paused, &control.roster.list())
    }

    pub(crate) fn trace(&self) -> Trace {
        let log = self.board.lock().trace.clone();
        let Some(mut trace) = log.as_ref().map(read) else { return Trace::default() };
        let mut targets = trace.visited();
        let control = self.board.lock();
        // Those that are gone keep the order in which they were met.
        targets.sort_by_cached_key(|(switch, target)| {
            let rank = control.plan.rank(&switch.join(target));
            (rank.is_none(), rank)
        });
        trace.place(targets);
        trace
    }
}
