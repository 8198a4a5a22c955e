//! What a pipeline and a receipt share: the moments that an edit comes to, and what it took out.
//!
//! An edit comes to two moments. It is *applied* when its cut is known, and *retired* when each of its parts (what it took
//! out or leaves) has drained and what was taken out is here. Whoever waits for a moment, and the moment itself, take the
//! same lock, so no wake is lost; wakers are woken and dropped after it is let go, for both may run a task's own code.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::Cut;
use crate::knot::{Ending, Taken};
use crate::model::Entry;
use crate::name::Path;

/// See the module's documentation.
pub(crate) struct Cell {
    state: Mutex<State>,
    changed: Condvar,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    Applied,
    Retired,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) cut: Option<Cut>,
    /// Parts that have not drained, once there is a cut.
    parts: usize,
    /// Whether the pipeline was dropped before the edit had come to its end.
    pub(super) gone: bool,
    /// The entries that the edit took out of the model, with the path they had.
    pub(super) entries: Vec<(Path, Entry)>,
    pub(super) stages: Taken,
    applied: Waiting,
    retired: Waiting,
    /// The next seat among those that wait.
    seat: u64,
}

/// Who waits for one moment.
#[derive(Default)]
struct Waiting {
    tasks: BTreeMap<u64, Waker>,
    /// Whether a thread does; a condition variable that is notified in vain still asks the operating system.
    threads: bool,
}

impl State {
    /// The cut when the moment has come; `None` when it never will.
    fn at(&self, moment: Moment) -> Poll<Option<Cut>> {
        let come = match moment {
            Moment::Applied => self.cut.is_some(),
            Moment::Retired => self.is_retired(),
        };
        match (come, self.gone) {
            (true, _) => Poll::Ready(self.cut),
            (false, true) => Poll::Ready(None),
            (false, false) => Poll::Pending,
        }
    }

    pub(super) fn is_retired(&self) -> bool {
        self.cut.is_some() && self.parts == 0
    }

    fn waiting(&mut self, moment: Moment) -> &mut Waiting {
        match moment {
            Moment::Applied => &mut self.applied,
            Moment::Retired => &mut self.retired,
        }
    }
}

impl Cell {
    pub(crate) fn new(entries: Vec<(Path, Entry)>) -> Self {
        Self { state: Mutex::new(State { entries, ..State::default() }), changed: Condvar::new() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applied and retired at once: nothing was in flight.
    pub(crate) fn apply(&self, cut: Cut, taken: Taken) {
        self.begin_with(cut, 0, taken);
    }

    /// Applied, with so many parts that have to drain; with none it is retired, too.
    pub(crate) fn begin(&self, cut: Cut, parts: usize) {
        self.begin_with(cut, parts, Vec::new());
    }

    fn begin_with(&self, cut: Cut, parts: usize, taken: Taken) {
        let mut state = self.lock();
        state.cut = Some(cut);
        state.parts = parts;
        state.stages = taken;
        self.tell(state);
    }

    /// Wakes those whose moment has come.
    fn tell(&self, mut state: MutexGuard<'_, State>) {
        let come = [Moment::Applied, Moment::Retired].map(|moment| match state.at(moment) {
            Poll::Ready(_) => std::mem::take(state.waiting(moment)),
            Poll::Pending => Waiting::default(),
        });
        drop(state);
        if come.iter().any(|waiting| waiting.threads) {
            self.changed.notify_all();
        }
        come.into_iter().flat_map(|waiting| waiting.tasks.into_values()).for_each(Waker::wake);
    }

    /// Blocks the thread until the moment comes.
    pub(super) fn wait(&self, moment: Moment) -> Option<Cut> {
        let mut state = self.lock();
        loop {
            if let Poll::Ready(cut) = state.at(moment) {
                return cut;
            }
            state.waiting(moment).threads = true;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// A task's place among those that wait for a moment, kept until the moment comes or the seat is dropped.
pub(super) struct Seat<'a> {
    cell: &'a Cell,
    moment: Moment,
    number: Option<u64>,
}

impl<'a> Seat<'a> {
    pub(super) fn new(cell: &'a Cell, moment: Moment) -> Self {
        Self { cell, moment, number: None }
    }
}

impl Future for Seat<'_> {
    type Output = Option<Cut>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Cut>> {
        let waker = cx.waker().clone();
        let mut state = self.cell.lock();
        let come = state.at(self.moment);
        if come.is_pending() {
            let number = *self.number.get_or_insert(state.seat);
            state.seat = state.seat.max(number + 1);
            let before = state.waiting(self.moment).tasks.insert(number, waker);
            drop(state);
            drop(before);
        }
        come
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        let Some(number) = self.number else { return };
        let mut state = self.cell.lock();
        let waker = state.waiting(self.moment).tasks.remove(&number);
        drop(state);
        drop(waker);
    }
}

impl fmt::Debug for Seat<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Seat").field("moment", &self.moment).field("come", &self.cell.lock().at(self.moment)).finish()
    }
}

impl Ending for Cell {
    /// More parts have to drain; said while another part has not, for an edit is retired once.
    fn expect(&self, more: usize) {
        let mut state = self.lock();
        debug_assert!(!state.is_retired(), "an edit is retired once");
        state.parts += more;
    }

    /// One part has drained, and this is what was taken out there.
    fn retire(&self, taken: Taken) {
        let mut state = self.lock();
        debug_assert!(state.parts > 0, "a part is retired once");
        state.parts = state.parts.saturating_sub(1);
        state.stages.extend(taken);
        self.tell(state);
    }

    /// The pipeline goes: what the edit has not come to will not be.
    fn abandon(&self) {
        let mut state = self.lock();
        state.gone = true;
        self.tell(state);
    }

    /// Whether it keeps something whose end may be costly.
    fn is_full(&self) -> bool {
        let state = self.lock();
        !(state.stages.is_empty() && state.entries.is_empty())
    }
}
