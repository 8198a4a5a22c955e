//! An edit that was refused.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use super::Edit;
use crate::error::Refusal;

/// An edit that was refused: which of its changes, why, and the edit itself with all that it would have put in.
///
/// The pipeline is as it was.
///
/// # Examples
///
/// ```
/// use coroute::{Pipeline, Refusal};
///
/// let mut pipeline = Pipeline::new("sum").stage("parse", |x: String| x.len());
/// let error = pipeline.controller().remove("parse").unwrap_err();
/// assert_eq!(error.to_string(), "cannot remove \"parse\": it turns String into usize; replace it instead");
/// assert!(matches!(error.refusal(), Refusal::Turns { .. }));
/// assert_eq!(error.into_edit().to_string(), "remove parse");
/// ```
pub struct EditError(Box<Refused>);

struct Refused {
    refusal: Refusal,
    asked: String,
    change: usize,
    // A mutex only because the error has to be `Sync`; it is never locked.
    edit: Mutex<Edit>,
}

impl EditError {
    pub(crate) fn new(refusal: Refusal, change: usize, edit: Edit) -> Self {
        // A refusal of the whole edit is told of its only change, if it has just one.
        let asked = match (&edit.changes[..], edit.changes.get(change)) {
            (_, Some(asked)) | ([asked], None) => format!("{asked:#}"),
            (changes, None) => format!("commit {} changes", changes.len()),
        };
        let change = if change < edit.changes.len() { change } else { 0 };
        Self(Box::new(Refused { refusal, asked, change, edit: Mutex::new(edit) }))
    }

    /// Why it was refused.
    #[must_use]
    pub fn refusal(&self) -> &Refusal {
        &self.0.refusal
    }

    /// Which change was refused: 0 for the first, also where the edit was refused as a whole.
    #[must_use]
    pub fn change(&self) -> usize {
        self.0.change
    }

    /// The edit, whole; it can be committed again, or elsewhere.
    #[must_use]
    pub fn into_edit(self) -> Edit {
        self.0.edit.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.0.asked, self.0.refusal)
    }
}

impl fmt::Debug for EditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EditError({self})")
    }
}

impl std::error::Error for EditError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0.refusal)
    }
}
