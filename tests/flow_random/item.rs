//! Items that write down their own way, and the log of what became of them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use coroute::Receipt;

use super::hop::Hop;

/// An item: where it stands in its source, and the stages that it has passed. One that ends unseen says so to the log.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) number: u64,
    pub(crate) hops: Vec<Hop>,
    /// Whether it was cloned and no stage has had it since: it may be a copy that a stage keeps.
    fresh: bool,
    log: Option<Log>,
}

impl Item {
    pub(crate) fn new(number: u64, log: &Log) -> Self {
        Self { number, hops: Vec::new(), fresh: false, log: Some(log.clone()) }
    }

    /// Passes a stage.
    pub(crate) fn pass(&mut self, uid: u32, copy: u8) {
        self.fresh = false;
        self.hops.push(Hop { uid, copy });
    }

    /// Its end is known.
    pub(crate) fn ends(mut self, end: End) -> Leaf {
        self.log = None;
        Leaf { number: self.number, hops: std::mem::take(&mut self.hops), end }
    }
}

impl Clone for Item {
    fn clone(&self) -> Self {
        Self { number: self.number, hops: self.hops.clone(), fresh: true, log: self.log.clone() }
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        if let Some(log) = self.log.take() {
            let (number, hops) = (self.number, std::mem::take(&mut self.hops));
            log.leaf(Leaf { number, hops, end: End::Unseen { sure: !self.fresh } });
        }
    }
}

/// What became of an item, or of one of those that it became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) number: u64,
    pub(crate) hops: Vec<Hop>,
    pub(crate) end: End,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// It came out of the pipeline.
    Out,
    /// The sink took it; it is its last hop.
    Sunk,
    /// A filter or the like, its last hop, let it go.
    Dropped,
    Failed(String),
    /// It was dropped where nobody saw it; a clone may be one that was only kept.
    Unseen {
        sure: bool,
    },
}

/// What happened so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Story>>);

#[derive(Debug, Default)]
pub(crate) struct Story {
    pub(crate) leaves: Vec<Leaf>,
    /// For each stage the items that it began with, in order.
    pub(crate) visits: HashMap<u32, Vec<u64>>,
    /// Failures whose item could not be had: the cycle.
    pub(crate) itemless: Vec<u64>,
    /// Edits by which a stage leaves, or is left.
    pub(crate) leaving: HashMap<u32, Vec<Arc<Receipt>>>,
    /// What was seen to be wrong at once.
    pub(crate) wrong: Vec<String>,
    /// Outputs that came out.
    pub(crate) out: u64,
    /// Whether items may be sent again, and come to where a later route leads.
    pub(crate) again: bool,
    over: bool,
}

impl Log {
    pub(crate) fn story(&self) -> MutexGuard<'_, Story> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn leaf(&self, leaf: Leaf) {
        let mut story = self.story();
        if !story.over {
            story.leaves.push(leaf);
        }
    }

    /// A stage begins with an item.
    pub(crate) fn begin(&self, uid: u32, number: u64) {
        self.look(uid, number);
        self.story().visits.entry(uid).or_default().push(number);
    }

    /// A stage works on an item: it must not have been said that this is over.
    pub(crate) fn look(&self, uid: u32, number: u64) {
        let leaving = match &*self.story() {
            story if story.again => return,
            story => story.leaving.get(&uid).cloned().unwrap_or_default(),
        };
        for receipt in leaving {
            if receipt.is_retired() && receipt.cut().is_some_and(|cut| number < cut.first_new) {
                let revision = receipt.revision();
                self.wrong(format!("item {number} is in stage {uid} after revision {revision} retired it"));
            }
        }
    }

    pub(crate) fn wrong(&self, what: String) {
        self.story().wrong.push(what);
    }

    /// Nothing that ends from now on belongs to the story.
    pub(crate) fn close(&self) {
        self.story().over = true;
    }
}
