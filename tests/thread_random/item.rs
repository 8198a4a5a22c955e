//! Items that write down their own way, and the log of what became of them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::hop::Hop;

/// An item. It cannot be cloned, and one that ends unseen says so to the log: so all of it is always known.
#[derive(Debug)]
pub(crate) struct Item {
    /// Who sent it, and as which of its own.
    pub(crate) from: (usize, u64),
    /// Its place in the stream, once the pipeline has accepted it.
    pub(crate) cycle: Option<u64>,
    pub(crate) hops: Vec<Hop>,
    log: Option<Log>,
}

impl Item {
    pub(crate) fn new(from: (usize, u64), log: &Log) -> Self {
        Self { from, cycle: None, hops: Vec::new(), log: Some(log.clone()) }
    }

    /// Where it stands in the stream; only what is accepted comes to a stage.
    pub(crate) fn place(&self) -> u64 {
        self.cycle.expect("the first stage has numbered it")
    }

    /// One of the outputs that it becomes.
    fn part(&self, uid: u32, copy: u8) -> Self {
        let mut hops = self.hops.clone();
        hops.push(Hop { uid, copy });
        Self { from: self.from, cycle: self.cycle, hops, log: self.log.clone() }
    }

    /// It becomes so many.
    pub(crate) fn split(mut self, uid: u32, copies: u8) -> Vec<Self> {
        if copies == 0 {
            self.let_go(uid);
            return Vec::new();
        }
        let parts = (0..copies).map(|copy| self.part(uid, copy)).collect();
        self.log.take().expect("it has not ended").story().split += u64::from(copies) - 1;
        parts
    }

    pub(crate) fn pass(&mut self, uid: u32) {
        self.hops.push(Hop { uid, copy: 0 });
    }

    /// A stage lets it go.
    pub(crate) fn let_go(self, uid: u32) {
        self.over(End::Dropped(uid));
    }

    pub(crate) fn over(mut self, end: End) {
        self.end(end);
    }

    fn end(&mut self, end: End) {
        if let Some(log) = self.log.take() {
            let leaf = Leaf { from: self.from, cycle: self.cycle, hops: std::mem::take(&mut self.hops), end };
            log.story().leaves.push(leaf);
        }
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.end(End::Unseen);
    }
}

/// What became of an item, or of one of those that it became.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) from: (usize, u64),
    pub(crate) cycle: Option<u64>,
    pub(crate) hops: Vec<Hop>,
    pub(crate) end: End,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    Out,
    /// A stage let it go.
    Dropped(u32),
    /// A stage panicked on it.
    Broke(u32),
    /// It came back with a failure.
    Failed(String),
    /// It came back without having been accepted.
    Back,
    /// It was dropped where nobody saw it.
    Unseen,
}

/// What happened so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Story>>);

#[derive(Debug, Default)]
pub(crate) struct Story {
    /// In the order in which it was known.
    pub(crate) leaves: Vec<Leaf>,
    /// Who sent what was accepted, by cycle.
    pub(crate) accepted: Vec<(usize, u64)>,
    /// Stages that have panicked.
    pub(crate) broken: Vec<u32>,
    /// How many more items there are for those that stages have split.
    pub(crate) split: u64,
}

impl Log {
    pub(crate) fn story(&self) -> MutexGuard<'_, Story> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first stage of all: counts what was accepted.
    pub(crate) fn number(&self) -> impl FnMut(Item) -> Item + Send + use<> {
        let log = self.clone();
        move |mut item| {
            let accepted = &mut log.story().accepted;
            item.cycle = Some(accepted.len() as u64);
            accepted.push(item.from);
            item
        }
    }
}
