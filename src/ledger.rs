//! The counts of a pipeline, readable from any thread while it runs.
//!
//! # How a reading stays whole
//!
//! One thread writes. A cycle that gives exactly one output for its item changes one number only (`accepted`; `delivered`
//! is kept as the difference to it), so its single store is seen whole or not at all. Any other cycle makes the sequence
//! number odd before its first change and even after its last; a reader whose sequence number was odd, or has moved,
//! reads again. A reader gives up after some rounds (it may sit inside the very cycle it waits for) and then counts what
//! is under way as in flight.
//!
//! Where a part of the pipeline runs in another thread, that thread does not write here: it has a ledger of its own that only
//! takes [`Note`]s, which come along with the packets and are entered when those are back. So at any moment an item is
//! counted once: as in flight until its packet is back, and as what became of it from then on.

mod notes;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex};

use crate::name::Path;

pub(crate) use notes::Note;
use notes::Noted;

/// The counts of one stage; only the thread that runs the pipeline writes them.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    dropped: AtomicU64,
    merged: AtomicU64,
    failed: AtomicU64,
    split: AtomicU64,
    held: AtomicI64,
}

/// The counts of the whole pipeline.
#[derive(Debug, Default)]
pub(crate) struct LedgerCell {
    sequence: AtomicU64,
    accepted: AtomicU64,
    /// delivered - accepted
    surplus: AtomicI64,
    split: AtomicU64,
    dropped: AtomicU64,
    failed: AtomicU64,
    held: AtomicI64,
    /// Whether items may wait anywhere inside: then what is in flight is what is nowhere else.
    flowing: AtomicBool,
    /// Where this is the ledger of a part that runs elsewhere: what is to be entered.
    notes: Option<Mutex<Vec<Note>>>,
}

impl Counts {
    /// The pipeline has become a part of another, whose ledger begins with nothing.
    pub(crate) fn forget(&self) {
        for count in [&self.dropped, &self.merged, &self.failed, &self.split] {
            count.store(0, Ordering::Relaxed);
        }
        self.held.store(0, Ordering::Relaxed);
    }
}

fn bump(count: &AtomicU64, by: u64) {
    count.store(count.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
}

fn shift(count: &AtomicI64, by: i64) {
    count.store(count.load(Ordering::Relaxed).wrapping_add(by), Ordering::Relaxed);
}

impl LedgerCell {
    /// A cycle ended that gave one output for its item.
    #[inline]
    pub(crate) fn accept(&self, total: u64) {
        self.accepted.store(total, Ordering::Release);
    }

    /// Opens an irregular cycle, in which `items` items were accepted, `total` in all.
    #[cold]
    pub(crate) fn open(&self, total: u64, items: u64) {
        let sequence = self.sequence.load(Ordering::Relaxed);
        self.sequence.store(sequence + 1, Ordering::Relaxed);
        fence(Ordering::Release);
        self.accepted.store(total, Ordering::Relaxed);
        shift(&self.surplus, -items.cast_signed());
    }

    /// Closes an irregular cycle.
    pub(crate) fn close(&self) {
        let sequence = self.sequence.load(Ordering::Relaxed);
        self.sequence.store(sequence + 1, Ordering::Release);
    }

    /// How many items were accepted.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Acquire)
    }

    pub(crate) fn deliver(&self, items: u64) {
        shift(&self.surplus, items.cast_signed());
    }

    pub(crate) fn deliver_back(&self, items: u64) {
        shift(&self.surplus, -items.cast_signed());
    }

    /// Outputs that were not handed out yet, because the receiving closure panicked.
    pub(crate) fn queue(&self, by: i64) {
        shift(&self.held, by);
    }

    pub(crate) fn discard(&self, at: &Arc<Counts>, items: u64) {
        if self.note(at, Noted::Dropped, items.cast_signed()) {
            return;
        }
        bump(&self.dropped, items);
        bump(&at.dropped, items);
    }

    pub(crate) fn merge(&self, at: &Arc<Counts>, items: u64) {
        if self.note(at, Noted::Merged, items.cast_signed()) {
            return;
        }
        bump(&self.dropped, items);
        bump(&at.merged, items);
    }

    pub(crate) fn fail(&self, at: &Arc<Counts>, items: u64) {
        if self.note(at, Noted::Failed, items.cast_signed()) {
            return;
        }
        bump(&self.failed, items);
        bump(&at.failed, items);
    }

    /// From now on items may wait inside.
    pub(crate) fn flow(&self) {
        self.flowing.store(true, Ordering::Release);
    }

    /// The pipeline was dropped with items inside.
    pub(crate) fn discard_rest(&self) {
        if self.flowing.swap(false, Ordering::AcqRel) {
            let inside = self.copy(Vec::new()).inside();
            self.open(self.accepted.load(Ordering::Relaxed), 0);
            bump(&self.dropped, inside);
            self.held.store(0, Ordering::Relaxed);
            self.close();
        }
    }

    /// A failed item was taken back and goes another way.
    pub(crate) fn unfail(&self, at: &Arc<Counts>, items: u64) {
        if self.note(at, Noted::Failed, -items.cast_signed()) {
            return;
        }
        self.failed.store(self.failed.load(Ordering::Relaxed) - items, Ordering::Relaxed);
        at.failed.store(at.failed.load(Ordering::Relaxed).saturating_sub(items), Ordering::Relaxed);
    }

    pub(crate) fn split(&self, at: &Arc<Counts>, items: u64) {
        if self.note(at, Noted::Split, items.cast_signed()) {
            return;
        }
        bump(&self.split, items);
        bump(&at.split, items);
    }

    pub(crate) fn hold(&self, at: &Arc<Counts>, by: i64) {
        if self.note(at, Noted::Held, by) {
            return;
        }
        shift(&self.held, by);
        shift(&at.held, by);
    }

    /// Reads the counts; `rows` reads those of the stages and is called once for each try.
    pub(crate) fn read(&self, rows: impl Fn() -> Vec<Row>) -> Ledger {
        const TRIES: usize = 64;
        for _ in 0..TRIES {
            let before = self.sequence.load(Ordering::Acquire);
            if before.is_multiple_of(2) {
                let ledger = self.copy(rows());
                fence(Ordering::Acquire);
                if self.sequence.load(Ordering::Relaxed) == before {
                    return ledger;
                }
            }
            std::hint::spin_loop();
        }
        let mut ledger = self.copy(rows());
        ledger.in_flight = ledger.inside();
        ledger
    }

    fn copy(&self, rows: Vec<Row>) -> Ledger {
        let accepted = self.accepted.load(Ordering::Acquire);
        let surplus = self.surplus.load(Ordering::Relaxed);
        let mut ledger = Ledger {
            accepted,
            split: self.split.load(Ordering::Relaxed),
            delivered: accepted.saturating_add_signed(surplus),
            dropped: self.dropped.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
            in_flight: self.held.load(Ordering::Relaxed).max(0).cast_unsigned(),
            rows,
        };
        if self.flowing.load(Ordering::Acquire) {
            ledger.in_flight = ledger.inside();
        }
        ledger
    }
}

/// What became of the items, in items: those that a stage made of others count as well.
///
/// `accepted + split = delivered + dropped + failed + in flight`, in every reading taken between two cycles. *Split*
/// counts the items that came to be inside, where a stage gave more outputs than it took items. *Dropped* counts items
/// that a stage did not pass on, and those it *merged* into others.
///
/// # Examples
///
/// ```
/// use coroute::{Pipeline, filter};
///
/// let mut odd = Pipeline::new("odd").stage("keep", filter(|x: &i64| x % 2 == 1));
/// odd.send_all(0..5, |_| ())?;
/// assert_eq!(
///     odd.ledger().to_string(),
///     "accepted   5\ndelivered  2\ndropped    3\n  keep     3\nfailed     0\nin flight  0\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ledger {
    accepted: u64,
    split: u64,
    delivered: u64,
    dropped: u64,
    failed: u64,
    in_flight: u64,
    rows: Vec<Row>,
}

/// What became of the items at one stage.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Row {
    /// The stage.
    pub stage: Path,
    /// Items that it did not pass on.
    pub dropped: u64,
    /// Items that went into the making of others.
    pub merged: u64,
    /// Items that it could not process, those that a panic took with it included.
    pub failed: u64,
    /// Items that it made in addition to those it took.
    pub split: u64,
    /// Items that it holds back.
    pub held: u64,
    /// Whether the stage has left the pipeline.
    pub gone: bool,
}

impl Row {
    pub(crate) fn read(stage: Path, counts: &Counts) -> Self {
        Self {
            stage,
            dropped: counts.dropped.load(Ordering::Relaxed),
            merged: counts.merged.load(Ordering::Relaxed),
            failed: counts.failed.load(Ordering::Relaxed),
            split: counts.split.load(Ordering::Relaxed),
            held: counts.held.load(Ordering::Relaxed).max(0).cast_unsigned(),
            gone: false,
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.dropped += other.dropped;
        self.merged += other.merged;
        self.failed += other.failed;
        self.split += other.split;
        self.held += other.held;
    }

    pub(crate) fn is_zero(&self) -> bool {
        self.dropped + self.merged + self.failed + self.split + self.held == 0
    }
}

impl Ledger {
    /// Items that are in no other count.
    fn inside(&self) -> u64 {
        (self.accepted + self.split).saturating_sub(self.delivered + self.dropped + self.failed)
    }

    /// Items that the pipeline took in: the number of cycles.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted
    }

    /// Items that came to be inside.
    #[must_use]
    pub fn split(&self) -> u64 {
        self.split
    }

    /// Items that came out.
    #[must_use]
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Items that a stage did not pass on, or merged into others.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Items that could not be processed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.failed
    }

    /// Items that are inside: held back by a stage, or being processed.
    #[must_use]
    pub fn in_flight(&self) -> u64 {
        self.in_flight
    }

    /// The stages where items were dropped, failed, made or held, in the pipeline's order; then those that have left it.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether the counts add up.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.accepted + self.split == self.delivered + self.dropped + self.failed + self.in_flight
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines: Vec<(String, u64)> = vec![("accepted".into(), self.accepted)];
        let mut part = |title: &str, total: Option<u64>, count: fn(&Row) -> u64, note: &str| {
            lines.extend(total.map(|total| (title.to_owned(), total)));
            for row in self.rows.iter().filter(|row| count(row) > 0) {
                let gone = if row.gone { " (gone)" } else { "" };
                lines.push((format!("  {}{note}{gone}", row.stage), count(row)));
            }
        };
        if self.split > 0 {
            part("split", Some(self.split), |row| row.split, "");
        }
        part("delivered", Some(self.delivered), |_| 0, "");
        part("dropped", Some(self.dropped), |row| row.dropped, "");
        part("", None, |row| row.merged, " (merged)");
        part("failed", Some(self.failed), |row| row.failed, "");
        part("in flight", Some(self.in_flight), |row| row.held, "");
        let name = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let figure = lines.iter().map(|(_, count)| count.to_string().len()).max().unwrap_or(0);
        lines.iter().try_for_each(|(text, count)| writeln!(f, "{text:<name$}  {count:>figure$}"))
    }
}
