//! A recorded run's edits as a script.

use super::Script;
use crate::trace::{Trace, TraceRow};

impl From<&Trace> for Script {
    /// The edits of a trace, each at the cycle at which it took effect.
    ///
    /// Played over the same items, on a pipeline as it was when the trace began, they give the same topology and the same
    /// trace. What was put in stands by its name, or by its maker's where a script had put it in: a library to play the
    /// script with has makers of these names. Edits in rows that the trace has left out are not in the script.
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
    /// let script = Script::from(&controller.trace());
    /// assert_eq!(script, Script::new().at(3, [Change::insert("neg", Position::after("add")?)?]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn from(trace: &Trace) -> Self {
        trace.rows().iter().fold(Self::new(), |script, row| match row {
            TraceRow::Edit { cycle, changes, .. } => script.at(*cycle, changes.iter().cloned()),
            _ => script,
        })
    }
}
