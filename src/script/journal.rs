//! A recorded run's edits as a script.

use std::error::Error;
use std::fmt;

use super::Script;
use crate::trace::{Trace, TraceRow};

/// A trace that has not all the edits of its run, so that no script would lead where they did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalError {
    missing: u64,
}

impl JournalError {
    /// How many edits the trace has left out.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.missing
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let edits = if self.missing == 1 { "edit" } else { "edits" };
        write!(
            f,
            "cannot make a script of the trace: it has left out {} {edits}; record with `Recording::edits()`, or more rows",
            self.missing
        )
    }
}

impl Error for JournalError {}

impl TryFrom<&Trace> for Script {
    type Error = JournalError;

    /// The edits of a trace, each at the cycle at which it took effect.
    ///
    /// Played over the same items, on a pipeline as it was when the trace began, they give the same topology and the same
    /// trace. What was put in stands by its name, or by its maker's where a script had put it in: a library to play the
    /// script with has makers of these names.
    ///
    /// # Errors
    ///
    /// [`JournalError`] where the trace has left out edits: because only its last rows were kept, or its budget was used up.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Change, Pipeline, Position, Recording, Script};
    ///
    /// let mut pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1);
    /// let controller = pipeline.controller();
    /// controller.record(Recording::edits())?;
    /// pipeline.send_all(0..3, |_| ())?;
    /// controller.insert_after("add", "neg", |x: i64| -x)?;
    /// pipeline.send_all(3..5, |_| ())?;
    /// let script = Script::try_from(&controller.trace())?;
    /// assert_eq!(script, Script::new().at(3, [Change::insert("neg", Position::after("add")?)?]));
    ///
    /// controller.record(Recording::items().last(1))?;
    /// controller.pause()?;
    /// controller.resume()?;
    /// pipeline.send_all(5..9, |_| ())?;
    /// assert_eq!(Script::try_from(&controller.trace()).unwrap_err().missing(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn try_from(trace: &Trace) -> Result<Self, JournalError> {
        if trace.edits_left_out() > 0 {
            return Err(JournalError { missing: trace.edits_left_out() });
        }
        Ok(trace.rows().iter().fold(Self::new(), |script, row| match row {
            TraceRow::Edit { cycle, changes, .. } => script.at(*cycle, changes.iter().cloned()),
            _ => script,
        }))
    }
}
