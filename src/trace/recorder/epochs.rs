//! The models under which items may still be on their way, and what was learnt under each.
//!
//! An item that waited may end when newer edits were applied, so its way is looked up among those of its own revision, and
//! named by the places of that time. The recorder's `ways` are those of the newest revision; an epoch has its own ways
//! only once there is a newer one. There is no epoch in a pipeline in which nothing waits: its ways are forgotten at every
//! edit, and its chain is asked for the places.

use std::mem;
use std::sync::Arc;

use super::Recorder;
use super::lock;
#[cfg(test)]
use crate::name::{NodeId, Path};
use crate::trace::Places;
use crate::trace::known::Ways;
use crate::trace::recording::Detail;

/// What is known of a revision.
struct Epoch {
    revision: u64,
    /// The first cycle that it governs, if that is known.
    first: Option<u64>,
    places: Arc<Places>,
    ways: Ways,
}

/// The epochs, oldest first; see the module's documentation.
#[derive(Default)]
pub(super) struct Epochs(Vec<Epoch>);

impl Epochs {
    /// Begins with `revision`, if that is newer than what is known. `ways` are those of the one before, and will be its own.
    pub(super) fn begin(&mut self, revision: u64, first: Option<u64>, places: Arc<Places>, ways: &mut Ways) {
        if self.reach(revision) {
            return;
        }
        let before = mem::take(ways);
        if let Some(last) = self.0.last_mut() {
            last.ways = before;
        }
        // One that governs no item is not asked for: a flood of edits between two items leaves one epoch.
        self.0.pop_if(|last| first.is_some() && last.first == first);
        self.0.push(Epoch { revision, first, places, ways: Ways::default() });
    }

    /// Whether `revision`, or a newer one, is known.
    pub(super) fn reach(&self, revision: u64) -> bool {
        self.0.last().is_some_and(|last| last.revision >= revision)
    }

    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    fn find(&mut self, revision: u64) -> Option<&mut Epoch> {
        self.0.iter_mut().rfind(|epoch| epoch.revision == revision)
    }
}

impl Recorder {
    /// No item is on its way any more under a revision older than `revision`.
    pub(crate) fn settled(&mut self, revision: u64) {
        self.epochs.0.retain(|epoch| epoch.revision >= revision);
    }
}
impl Recorder {
    /// The model at `revision`, for a recording that began before items could wait.
    pub(crate) fn know(&mut self, revision: u64, places: Arc<Places>) {
        self.epochs.begin(revision, None, places, &mut self.ways);
    }

    /// Where the stage `id` was at `revision`.

    #[cfg(test)]
    pub(crate) fn place(&self, revision: u64, id: NodeId) -> Option<Path> {
        self.epochs.0.iter().rfind(|epoch| epoch.revision == revision)?.places.find(id)
    }

    /// Ends an item that may have waited, and went under `revision`, which is not [`settled`](Self::settled) yet. Items may
    /// end in any order.
    pub(crate) fn close_parked<Out: 'static>(&mut self, cycle: u64, revision: u64, outputs: &[Out]) {
        if !self.hand.wanted {
            return;
        }
        let is_newest = self.epochs.0.last().is_some_and(|last| last.revision == revision);
        let Some(epoch) = self.epochs.find(revision) else {
            return debug_assert!(false, "revision {revision} is known as long as items go under it");
        };
        let places = Arc::clone(&epoch.places);
        if !is_newest {
            mem::swap(&mut epoch.ways, &mut self.ways);
        }
        let place = &|id| places.find(id);
        let at = self.end(place);
        if self.detail == Detail::Runs {
            self.tally_late(at, revision, cycle, outputs.len() as u64);
        } else {
            self.add(at, cycle, revision, outputs, place);
        }
        if !is_newest && let Some(epoch) = self.epochs.find(revision) {
            mem::swap(&mut epoch.ways, &mut self.ways);
        }
    }

    /// Adds the item of `cycle` to the run of its way; items of later cycles may be there already.
    fn tally_late(&mut self, at: usize, revision: u64, cycle: u64, outputs: u64) {
        let mut last = cycle;
        if let Some(tally) = self.ways.tally(at) {
            if cycle < tally.first() && !lock(&self.log).lead(tally, cycle) {
                return;
            }
            last = last.max(tally.last());
        }
        self.tally(at, revision, (cycle, last, 1), outputs);
    }
}
