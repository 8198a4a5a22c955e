//! The data side of a recording: collects the way of the item in hand.
//!
//! # How a way is told again without its names
//!
//! Names are only needed for a way that was not seen before. So a way is collected as *marks*: numbers of stages and
//! targets, which are compared with the marks of the last item, and looked up by a hash of them if they are others. What is
//! found stands for the way's text, and nothing is allocated. Where nothing is found, the chain is asked where the stages
//! are. On the quick way no stage is told of a recording: the chain is walked after the item (`Link::way`) for the choices
//! that the switches made, and once more for the stages if that way is new.
//!
//! The marks mean one thing within one revision; every edit makes the recorder forget them, or put them aside where items of
//! an older revision are still on their way (`epochs.rs`). Where items wait, the state of the item in hand is put aside too
//! (`parked.rs`).

mod epochs;
mod hand;
mod parked;
#[cfg(test)]
mod tests;

pub(crate) use parked::Parked;

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, MutexGuard, PoisonError};

use super::known::Ways;
use super::log::{Log, SharedLog};
use super::recording::{Detail, Show, Values};
use super::{Loss, Places, Run, TraceRow};
use crate::change::Change;
use crate::name::{NodeId, Path};
use epochs::Epochs;
use hand::{Hand, Place, hops, in_a_line};

/// The most ways that are remembered while single items are recorded; those of runs are bounded by the budget.
const KNOWN: usize = 4096;

/// See the module's documentation.
pub(crate) struct Recorder {
    log: SharedLog,
    detail: Detail,
    every: u64,
    values: Option<Values>,
    hand: Hand,
    ways: Ways,
    epochs: Epochs,
}

impl Recorder {
    pub(crate) fn new(log: SharedLog) -> Self {
        let mut shared = lock(&log);
        let (detail, every, values) = (shared.detail, shared.every, shared.values.take());
        let known = shared.places.take();
        drop(shared);
        let (hand, mut ways, mut epochs) = (Hand::default(), Ways::default(), Epochs::default());
        if let Some((revision, places)) = known {
            epochs.begin(revision, None, places, &mut ways);
        }
        Self { log, detail, every, values, hand, ways, epochs }
    }

    /// A recorder for a part of the pipeline that runs elsewhere: it collects ways there, and writes nothing.
    pub(crate) fn afar(&self) -> Self {
        let (hand, ways, epochs) = (Hand::default(), Ways::default(), Epochs::default());
        Self { log: Arc::clone(&self.log), detail: self.detail, every: self.every, values: None, hand, ways, epochs }
    }

    pub(crate) fn log(&self) -> &SharedLog {
        &self.log
    }

    pub(crate) fn writes_to(&self, log: &SharedLog) -> bool {
        Arc::ptr_eq(&self.log, log)
    }

    pub(crate) fn detail(&self) -> Detail {
        self.detail
    }

    /// Whether each item gets a row of its own.
    pub(crate) fn has_each(&self) -> bool {
        self.detail == Detail::Items && self.every == 1
    }

    /// Whether the item of `cycle` gets a row of its own, which it needs the general way for.
    pub(crate) fn is_whole(&self, cycle: u64) -> bool {
        self.detail == Detail::Items && cycle.is_multiple_of(self.every)
    }

    /// Begins with the item of `cycle`: on the general way, or on the `quick` one.
    #[inline]
    pub(crate) fn begin(&mut self, cycle: u64, quick: bool) {
        let wanted = self.detail != Detail::Edits && (self.every == 1 || cycle.is_multiple_of(self.every));
        self.hand.begin(wanted, !quick);
    }

    /// Whether the reasons for the way of the item in hand are recorded.
    pub(crate) fn asks_why(&self) -> bool {
        self.hand.wanted && self.detail == Detail::Items
    }

    /// Ends an item that went the general way.
    pub(crate) fn close<Out: 'static>(&mut self, cycle: u64, revision: u64, outputs: &[Out], place: Place<'_>) {
        if !self.hand.wanted {
            return;
        }
        let at = self.end(place);
        if self.detail == Detail::Runs {
            return self.tally(at, revision, (cycle, cycle, 1), outputs.len() as u64);
        }
        self.add(at, cycle, revision, outputs, place);
    }

    /// The number of the way that the item in hand went.
    #[inline(always)]
    fn end(&mut self, place: Place<'_>) -> usize {
        self.hand.sum_up();
        self.find(false, place)
    }

    /// The number of the way with the marks in hand; see [`learn`](Self::learn).
    #[inline(always)]
    fn find(&mut self, alike: bool, place: Place<'_>) -> usize {
        self.ways.find(self.hand.sum, &self.hand.marks).unwrap_or_else(|| self.learn(alike, place))
    }

    /// Adds a row for the item in hand, which went way number `at`.
    #[inline(always)]
    fn add<Out: 'static>(&mut self, at: usize, cycle: u64, revision: u64, outputs: &[Out], place: Place<'_>) {
        let values = self.values.as_mut().map_or(Vec::new(), |values| shown(values, outputs));
        let placed = |(id, loss)| Loss { stage: place(id).unwrap_or_default(), ..loss };
        let losses = self.hand.losses.drain(..).map(placed).collect();
        let reasons = std::mem::take(&mut self.hand.reasons);
        let (way, outputs) = (self.ways.way(at), outputs.len() as u64);
        lock(&self.log).push(TraceRow::Item { cycle, revision, way, outputs, values, losses, reasons });
    }

    /// Ends a batch of items that went the same way, and came out as one each: but for the last of them, if a stage panicked.
    pub(crate) fn close_batch(&mut self, cycles: Range<u64>, revision: u64, outputs: u64, place: Place<'_>) {
        if self.detail != Detail::Runs {
            return;
        }
        let through = cycles.start + outputs;
        let stretch = |recorder: &mut Self, cycles: Range<u64>, outputs: u64| {
            let first = cycles.start.next_multiple_of(recorder.every);
            if first < cycles.end {
                let at = recorder.find(true, place);
                let items = (cycles.end - 1 - first) / recorder.every + 1;
                let last = first + (items - 1) * recorder.every;
                recorder.tally(at, revision, (first, last, items), outputs * items);
            }
        };
        let losses = std::mem::take(&mut self.hand.losses);
        stretch(self, cycles.start..through, 1);
        if through < cycles.end {
            self.hand.losses = losses;
            self.hand.sum_up();
            stretch(self, through..cycles.end, 0);
        }
    }

    /// Ends an item that went the quick way; `walk` tells the way, as often as it is called. It need not be told where the
    /// route is `fixed`.
    #[inline]
    pub(crate) fn close_quick(
        &mut self,
        cycle: u64,
        revision: u64,
        outputs: u64,
        fixed: bool,
        walk: impl Fn(&mut Self),
        place: impl Fn(NodeId) -> Option<Path>,
    ) {
        if !self.hand.wanted {
            return;
        }
        if !fixed {
            walk(self);
        }
        self.hand.sum_up();
        let at = match self.ways.find(self.hand.sum, &self.hand.marks) {
            Some(known) => known,
            None => self.tell(walk, &place),
        };
        self.tally(at, revision, (cycle, cycle, 1), outputs);
    }

    /// Walks once more, for the stages.
    #[cold]
    fn tell(&mut self, walk: impl Fn(&mut Self), place: Place<'_>) -> usize {
        let (marks, sum) = (std::mem::take(&mut self.hand.marks), self.hand.sum);
        self.hand.restart();
        self.hand.named = true;
        walk(self);
        self.hand.named = false;
        (self.hand.marks, self.hand.sum) = (marks, sum);
        self.learn(false, place)
    }

    /// Remembers the way of the item in hand; or that of items of which all came out or all ended at one place, if they are
    /// `alike`.
    #[cold]
    fn learn(&mut self, alike: bool, place: Place<'_>) -> usize {
        if self.detail == Detail::Items && self.ways.len() >= KNOWN {
            self.ways.forget();
        }
        let mut hops = hops(&self.hand.tokens, place);
        let placed =
            |(id, loss): &(NodeId, Loss)| Loss { stage: place(*id).unwrap_or_default(), how: loss.how, error: None };
        let losses: Vec<Loss> = self.hand.losses.iter().map(placed).collect();
        if let ([Loss { stage, .. }], true) = (&losses[..], alike) {
            // Others of the batch have gone on.
            let at = hops.iter().position(|hop| hop.place() == *stage);
            hops.truncate(at.map_or(hops.len(), |at| at + 1));
        }
        self.ways.learn(self.hand.sum, &self.hand.marks, hops.into(), losses)
    }

    /// Adds items, which are the `first` cycle to the `last`, to the run of their way.
    #[inline]
    fn tally(&mut self, at: usize, revision: u64, (first, last, items): (u64, u64, u64), outputs: u64) {
        if let Some(tally) = self.ways.tally(at) {
            return tally.add(last, items, outputs);
        }
        let (way, losses) = self.ways.whole(at);
        let run = Run { revision, first, last, items, outputs, way, losses };
        let tally = lock(&self.log).begin(run);
        if tally.is_none() {
            // There is no room for it, and there would be none for what is remembered of it.
            self.ways.unlearn(at, self.hand.sum);
        }
        self.ways.keep(at, tally);
    }

    /// An edit was applied, in front of the item of `cycle`; with the `places` that it made, where items may wait.
    pub(crate) fn edit(&mut self, cycle: u64, revision: u64, changes: Vec<Change>, places: Option<Arc<Places>>) {
        match places {
            Some(places) => self.epochs.begin(revision, Some(cycle), places, &mut self.ways),
            None if self.epochs.reach(revision) => {}
            None => {
                self.epochs.clear();
                self.ways.forget();
            }
        }
        lock(&self.log).push(TraceRow::Edit { cycle, revision, changes });
    }
}

fn lock(log: &SharedLog) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

fn shown<Out: 'static>(values: &mut Values, outputs: &[Out]) -> Vec<String> {
    let Some(show) = values.show.downcast_mut::<Show<Out>>() else { return Vec::new() };
    let mut text = |output: &Out| {
        catch_unwind(AssertUnwindSafe(|| show(output))).map_or_else(|_| "(panicked)".to_owned(), in_a_line)
    };
    outputs.iter().map(&mut text).collect()
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("detail", &self.detail).finish_non_exhaustive()
    }
}
