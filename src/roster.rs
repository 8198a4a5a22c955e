//! What can be seen of threads from outside.
//!
//! Everything here is written without a lock by those that it is about, and read by whoever asks: a look at several
//! threads is not of one moment, but where nothing moves it is exact.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::{fmt, io};

use crate::error::Refusal;
use crate::name::{Name, NodeId};

/// What a stage that threads work for has inside.
#[derive(Debug)]
pub(crate) struct Stock {
    /// How many items it may have inside.
    pub(crate) capacity: usize,
    /// Those that came to it and have not gone on.
    items: AtomicUsize,
}

impl Stock {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { capacity, items: AtomicUsize::new(0) }
    }

    pub(crate) fn set(&self, items: usize) {
        self.items.store(items, Ordering::Relaxed);
    }

    pub(crate) fn items(&self) -> usize {
        self.items.load(Ordering::Relaxed)
    }
}

/// A queue that can be looked at: how many items are in it, and how many may be.
pub(crate) trait Gauge: Send + Sync {
    fn fill(&self) -> (usize, usize);
}

/// What a thread works for.
pub(crate) enum Seat {
    /// A stage, with what that has inside; and the worker's number, from 0, or none for a thread that runs a pipeline.
    Stage { id: NodeId, name: Name, number: Option<usize>, stock: Arc<Stock> },
    /// The whole pipeline, with the queues at its ends.
    Pipeline { name: Name, door: Arc<dyn Gauge>, exit: Arc<dyn Gauge> },
}

static KEYS: AtomicU64 = AtomicU64::new(0);

/// What can be seen of a thread; written by it and by the pipeline, read by whoever asks.
pub(crate) struct Watch {
    pub(crate) seat: Seat,
    pub(crate) thread: String,
    /// No other has it.
    pub(crate) key: u64,
    /// Items that were given to it and are not back.
    queue: AtomicUsize,
    does: AtomicU64,
    /// Whether it has a chain that is lent to it.
    lent: AtomicBool,
    /// Whether that was called home.
    recalled: AtomicBool,
    /// Whether what it has in hand was given up.
    forsaken: AtomicBool,
    /// Whether it was let go.
    over: AtomicBool,
}

/// What a thread does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Does {
    Nothing,
    /// It has outputs that nobody takes, or no room inside for what comes.
    Waits,
    /// It works on a packet of the items of these cycles, the first and how many.
    Works(u64, usize),
}

/// The bits that say how many cycles a thread works on; the others say which is the first.
const COUNT: u32 = 16;

impl Watch {
    pub(crate) fn new(seat: Seat, thread: String) -> Self {
        Self {
            seat,
            thread,
            key: KEYS.fetch_add(1, Ordering::Relaxed),
            queue: AtomicUsize::new(0),
            does: AtomicU64::new(0),
            lent: AtomicBool::new(false),
            recalled: AtomicBool::new(false),
            forsaken: AtomicBool::new(false),
            over: AtomicBool::new(false),
        }
    }

    pub(crate) fn say(&self, does: Does) {
        let does = match does {
            Does::Nothing => 0,
            Does::Waits => 1,
            Does::Works(first, count) => {
                let count = (count.max(1) - 1).min((1 << COUNT) - 1) as u64;
                (first.wrapping_add(1) << COUNT) | count
            }
        };
        self.does.store(does, Ordering::Relaxed);
    }

    pub(crate) fn does(&self) -> Does {
        match self.does.load(Ordering::Relaxed) {
            0 => Does::Nothing,
            1 => Does::Waits,
            does => Does::Works((does >> COUNT).wrapping_sub(1), (does & ((1 << COUNT) - 1)) as usize + 1),
        }
    }

    pub(crate) fn set_queue(&self, items: usize) {
        self.queue.store(items, Ordering::Relaxed);
    }

    pub(crate) fn queue(&self) -> usize {
        self.queue.load(Ordering::Relaxed)
    }

    /// It has something that is lent to it, or has given that back.
    pub(crate) fn set_lent(&self, lent: bool) {
        self.lent.store(lent, Ordering::Relaxed);
        self.recalled.store(false, Ordering::Relaxed);
        self.forsaken.store(false, Ordering::Relaxed);
    }

    /// That was called home, or will not be after all.
    pub(crate) fn set_recalled(&self, recalled: bool) {
        self.recalled.store(recalled, Ordering::Relaxed);
    }

    /// What it has in hand was given up.
    pub(crate) fn forsake(&self) {
        self.forsaken.store(true, Ordering::Relaxed);
    }

    /// Nobody waits for it any more.
    pub(crate) fn let_go(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    fn is_lent(&self) -> bool {
        self.lent.load(Ordering::Relaxed)
    }

    /// Whether it works for the pipeline, or has not come home from that.
    pub(crate) fn is_there(&self) -> bool {
        !self.is_over() || self.is_away()
    }

    /// Whether it is busy with what is lent to it.
    pub(crate) fn is_away(&self) -> bool {
        self.is_lent() && self.does() != Does::Nothing
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
#[derive(Clone, Default)]
pub(crate) struct Roster(Arc<Mutex<List>>);

impl fmt::Debug for Roster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Roster").field(&self.list().len()).finish()
    }
}

#[derive(Default)]
struct List {
    /// With the threads of stages, until they are known to have ended.
    watches: Vec<(Weak<Watch>, Option<JoinHandle<()>>)>,
    /// Stages whose threads were let go and had not come home.
    lost: Vec<NodeId>,
}

impl Roster {
    fn lock(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A thread, which can be waited for unless it runs the pipeline.
    pub(crate) fn add(&self, watch: &Arc<Watch>, thread: Option<JoinHandle<()>>) {
        let mut list = self.lock();
        list.watches.retain(|(watch, thread)| {
            watch.strong_count() > 0 || thread.as_ref().is_some_and(|thread| !thread.is_finished())
        });
        list.watches.push((Arc::downgrade(watch), thread));
    }

    /// Waits until the threads have ended that were let go; not for one that has not come home, which may never end.
    pub(crate) fn join(&self) {
        let goes = |watch: &Weak<Watch>| watch.upgrade().is_none_or(|watch| watch.is_over() && !watch.is_lent());
        let mut list = self.lock();
        let gone: Vec<_> = list.watches.extract_if(.., |(watch, _)| goes(watch)).collect();
        drop(list);
        for thread in gone.into_iter().filter_map(|(_, thread)| thread) {
            // A panic outside of a stage is of no matter any more.
            let _ = thread.join();
        }
    }

    /// Those that are there.
    pub(crate) fn list(&self) -> Vec<Arc<Watch>> {
        self.lock().watches.iter().filter_map(|(watch, _)| watch.upgrade()).filter(|watch| watch.is_there()).collect()
    }

    /// The names of those that are busy with what is lent to them: when all are let go, those that have not come home.
    pub(crate) fn away(&self) -> Vec<String> {
        let away = |watch: &Arc<Watch>| watch.is_away().then(|| watch.thread.clone());
        self.list().iter().filter_map(away).collect()
    }

    /// Whether there is one that may never come home.
    pub(crate) fn has_forsaken(&self) -> bool {
        self.list().iter().any(|watch| watch.is_lent() && watch.forsaken.load(Ordering::Relaxed))
    }

    /// Whether there is one that is on its way home.
    pub(crate) fn has_recalled(&self) -> bool {
        let comes = |watch: &Watch| watch.recalled.load(Ordering::Relaxed) && !watch.forsaken.load(Ordering::Relaxed);
        self.list().iter().any(|watch| watch.is_lent() && comes(watch))
    }

    /// What the stage runs has not come home.
    pub(crate) fn lose(&self, stage: NodeId) {
        self.lock().lost.push(stage);
    }

    /// The stages that were lost since the last time.
    pub(crate) fn take_lost(&self) -> Vec<NodeId> {
        std::mem::take(&mut self.lock().lost)
    }
}
