//! The rows that are kept, shared between the pipeline's thread and the controllers.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::recording::{Detail, Recording, Values};
use super::{Run, Trace, TraceRow};

pub(crate) type SharedLog = Arc<Mutex<Log>>;

/// See the module's documentation.
pub(crate) struct Log {
    rows: VecDeque<TraceRow>,
    /// How many rows were dropped in front.
    base: u64,
    used: usize,
    last: Option<usize>,
    budget: usize,
    full: bool,
    earlier: u64,
    later: u64,
    pub(super) every: u64,
    pub(super) detail: Detail,
    /// For the recorder to take.
    pub(super) values: Option<Values>,
}

impl Log {
    pub(crate) fn share(recording: Recording) -> SharedLog {
        let Recording { detail, last, every, budget, values } = recording;
        let rows = VecDeque::new();
        let (base, used, full, earlier, later) = (0, 0, false, 0, 0);
        Arc::new(Mutex::new(Self { rows, base, used, last, budget, full, earlier, later, every, detail, values }))
    }

    /// Adds a row, for which `more` bytes are needed beside its own, and gives its number; `None` where there is no room.
    pub(super) fn push(&mut self, row: TraceRow, more: usize) -> Option<u64> {
        let size = row.size();
        let Some(last) = self.last else {
            let size = size + more;
            if self.full || self.used + size > self.budget {
                self.full = true;
                self.later += row.weight();
                return None;
            }
            return Some(self.add(row, size));
        };
        while self.rows.len() >= last.max(1) || (self.used + size > self.budget && !self.rows.is_empty()) {
            let Some(old) = self.rows.pop_front() else { break };
            self.used = self.used.saturating_sub(old.size());
            self.base += 1;
            self.earlier += old.weight();
        }
        if last == 0 || size > self.budget {
            self.earlier += row.weight();
            return None;
        }
        Some(self.add(row, size))
    }

    fn add(&mut self, row: TraceRow, size: usize) -> u64 {
        self.used += size;
        self.rows.push_back(row);
        self.base + self.rows.len() as u64 - 1
    }

    /// The run in row number `at`, if it is still there.
    pub(super) fn run(&mut self, at: u64) -> Option<&mut Run> {
        let at = usize::try_from(at.checked_sub(self.base)?).ok()?;
        match self.rows.get_mut(at)? {
            TraceRow::Run(run) => Some(run),
            _ => None,
        }
    }
}

/// The rows so far.
pub(crate) fn read(log: &SharedLog) -> Trace {
    let log = log.lock().unwrap_or_else(PoisonError::into_inner);
    Trace {
        rows: log.rows.iter().cloned().collect(),
        earlier: log.earlier,
        later: log.later,
        every: log.every,
        targets: Vec::new(),
    }
}
