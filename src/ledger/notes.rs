//! What is to be entered in a ledger later: it happened in another thread.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Counts, LedgerCell};

/// What happened to items at a stage, to be entered in the ledger.
#[derive(Debug)]
pub(crate) struct Note {
    at: Arc<Counts>,
    what: Noted,
    items: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noted {
    Dropped,
    Merged,
    Failed,
    Split,
    Held,
}

impl LedgerCell {
    /// A ledger that only takes notes.
    pub(crate) fn afar() -> Self {
        Self { notes: Some(Mutex::default()), ..Self::default() }
    }

    /// Whether this is to be entered later; it is noted then.
    pub(super) fn note(&self, at: &Arc<Counts>, what: Noted, items: i64) -> bool {
        let Some(notes) = &self.notes else { return false };
        let mut notes = notes.lock().unwrap_or_else(PoisonError::into_inner);
        match notes.last_mut() {
            Some(last) if last.what == what && Arc::ptr_eq(&last.at, at) => last.items += items,
            _ => notes.push(Note { at: Arc::clone(at), what, items }),
        }
        true
    }

    /// Takes what was noted.
    pub(crate) fn take_notes(&self) -> Vec<Note> {
        let taken =
            self.notes.as_ref().map(|notes| std::mem::take(&mut *notes.lock().unwrap_or_else(PoisonError::into_inner)));
        taken.unwrap_or_default()
    }

    /// Enters what was noted elsewhere.
    pub(crate) fn enter(&self, notes: Vec<Note>) {
        for Note { at, what, items } in notes {
            match what {
                Noted::Dropped => self.discard(&at, items.unsigned_abs()),
                Noted::Merged => self.merge(&at, items.unsigned_abs()),
                Noted::Failed if items < 0 => self.unfail(&at, items.unsigned_abs()),
                Noted::Failed => self.fail(&at, items.unsigned_abs()),
                Noted::Split => self.split(&at, items.unsigned_abs()),
                Noted::Held => self.hold(&at, items),
            }
        }
    }
}
