//! The tail's memory: lines that no receiver has acknowledged yet.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Semaphore;

use super::tail::Line;

/// Number of a connection, counted from the first.
pub(crate) type Connection = u64;

/// The lines under way, not more than a bounded number of them. Clones are the same window.
#[derive(Clone)]
pub(crate) struct Window {
    room: Arc<Semaphore>,
    lines: Arc<Mutex<BTreeMap<u64, UnderWay>>>,
    acknowledged: Arc<AtomicU64>,
}

struct UnderWay {
    line: Line,
    taken_by: Option<Connection>,
}

impl Window {
    pub(crate) fn new(lines: usize) -> Self {
        Self { room: Arc::new(Semaphore::new(lines)), lines: Arc::default(), acknowledged: Arc::default() }
    }

    /// Keeps a line until it is acknowledged. Waits while the window is full.
    pub(crate) async fn enter(&self, line: Line) {
        self.room.acquire().await.expect("the semaphore is never closed").forget();
        self.lines().insert(line.number, UnderWay { line, taken_by: None });
    }

    /// The connection has taken the line, which says nothing about the receiver.
    pub(crate) fn take(&self, number: u64, by: Connection) {
        if let Some(under_way) = self.lines().get_mut(&number) {
            under_way.taken_by = Some(by);
        }
    }

    /// A receiver has the line. It may say so again.
    pub(crate) fn acknowledge(&self, number: u64) {
        if self.lines().remove(&number).is_some() {
            self.acknowledged.fetch_add(1, Ordering::Relaxed);
            self.room.add_permits(1);
        }
    }

    /// What the connection has taken and nobody has acknowledged, in the order of the file.
    pub(crate) fn taken_by(&self, connection: Connection) -> Vec<Line> {
        let lines = self.lines();
        lines.values().filter(|line| line.taken_by == Some(connection)).map(|line| line.line.clone()).collect()
    }

    /// How many lines have been acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.acknowledged.load(Ordering::Relaxed)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines().is_empty()
    }

    fn lines(&self) -> MutexGuard<'_, BTreeMap<u64, UnderWay>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
