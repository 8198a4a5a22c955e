//! What can be seen of a thread from outside.

use std::io;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::error::Refusal;
use crate::name::NodeId;

/// What can be seen of a thread that works for a stage; written by it and by the pipeline, read by whoever asks.
#[derive(Debug)]
pub(crate) struct Watch {
    /// The stage.
    pub(crate) id: NodeId,
    /// The worker's number, from 0; none for a thread that runs a pipeline.
    pub(crate) number: Option<usize>,
    pub(crate) thread: String,
    /// How many items the stage may have inside.
    pub(crate) capacity: usize,
    /// Items that were given to it and are not back.
    queue: AtomicUsize,
    state: AtomicU64,
}

/// What a thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    Nothing,
    /// It has outputs that the pipeline does not take.
    Waits,
    /// It works on the item of that cycle, or on a packet that begins with it.
    Works(u64),
}

impl Watch {
    pub(crate) fn new(id: NodeId, number: Option<usize>, thread: String, capacity: usize) -> Self {
        Self { id, number, thread, capacity, queue: AtomicUsize::new(0), state: AtomicU64::new(0) }
    }

    pub(crate) fn say(&self, does: Does) {
        let state = match does {
            Does::Nothing => 0,
            Does::Waits => 1,
            Does::Works(cycle) => cycle.saturating_add(2),
        };
        self.state.store(state, Ordering::Relaxed);
    }

    pub(crate) fn does(&self) -> Does {
        match self.state.load(Ordering::Relaxed) {
            0 => Does::Nothing,
            1 => Does::Waits,
            cycle => Does::Works(cycle - 2),
        }
    }

    pub(crate) fn set_queue(&self, items: usize) {
        self.queue.store(items, Ordering::Relaxed);
    }

    pub(crate) fn queue(&self) -> usize {
        self.queue.load(Ordering::Relaxed)
    }
}

/// The system has no thread for a stage.
#[derive(Debug)]
pub(crate) struct NoThread {
    /// What it would have been called.
    pub(crate) name: String,
    pub(crate) error: io::Error,
}

impl From<NoThread> for Refusal {
    fn from(NoThread { name, error }: NoThread) -> Self {
        Self::NoThread { name, error: error.to_string() }
    }
}

/// The threads of a pipeline.
#[derive(Debug, Clone, Default)]
pub(crate) struct Roster(Arc<Mutex<Vec<Weak<Watch>>>>);

impl Roster {
    pub(crate) fn add(&self, watch: &Arc<Watch>) {
        let mut list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.retain(|watch| watch.strong_count() > 0);
        list.push(Arc::downgrade(watch));
    }

    pub(crate) fn list(&self) -> Vec<Arc<Watch>> {
        let list = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        list.iter().filter_map(Weak::upgrade).collect()
    }
}
