//! A trace with equal ways folded.

use std::collections::HashMap;
use std::fmt;

use super::{Loss, Lost, Run, Trace, TraceRow, Way};
use crate::name::Path;

/// A trace in which items that went one way, with one outcome, under one revision share a row: see [`Trace::runs`].
///
/// # Examples
///
/// ```
/// use coroute::{Recording, Route, Switch};
///
/// let model = Switch::new("model").target("v1", |x: i64| x).target("v2", |x: i64| -x).route("v1");
/// let mut model = model.into_pipeline();
/// let controller = model.controller();
/// controller.record(Recording::runs())?;
/// model.send_all(0..1000, |_| ())?;
/// controller.route("model", Route::weighted([("v1", 95), ("v2", 5)]))?;
/// model.send_all(1000..2000, |_| ())?;
/// assert_eq!(
///     controller.trace().runs().to_string(),
///     "cycles    0..=999   r0  model[v1]  1000 items\n\
///      cycle  1000         r1  = route model -> v1:95 v2:5\n\
///      cycles 1000..=1999  r1  model[v1]   950 items\n\
///      cycles 1010..=1990  r1  model[v2]    50 items\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct Runs {
    folded: Trace,
}

impl Trace {
    /// The trace with equal ways folded: within each revision, the items that went one way with one outcome share a row, in
    /// the order of their first.
    #[must_use]
    pub fn runs(&self) -> Runs {
        let mut folded = Trace { rows: Vec::new(), ..self.clone() };
        type Outcome<'a> = (u64, &'a Way, Vec<(&'a Path, Lost)>);
        let mut known: HashMap<Outcome<'_>, usize> = HashMap::new();
        for row in &self.rows {
            let TraceRow::Item { cycle, revision, way, outputs, losses, .. } = row else {
                folded.rows.push(row.clone());
                continue;
            };
            let lost = losses.iter().map(|loss| (&loss.stage, loss.how)).collect();
            let at = *known.entry((*revision, way, lost)).or_insert_with(|| {
                let losses = losses.iter().map(|loss| Loss { error: None, ..loss.clone() }).collect();
                let (way, first) = (way.clone(), *cycle);
                let run = Run { revision: *revision, first, last: first, items: 0, outputs: 0, way, losses };
                folded.rows.push(TraceRow::Run(run));
                folded.rows.len() - 1
            });
            if let Some(TraceRow::Run(run)) = folded.rows.get_mut(at) {
                run.last = *cycle;
                run.items += 1;
                run.outputs += outputs;
            }
        }
        Runs { folded }
    }
}

impl Runs {
    /// The rows: runs, and the edits between them.
    #[must_use]
    pub fn rows(&self) -> &[TraceRow] {
        &self.folded.rows
    }
}

impl fmt::Display for Runs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.folded.fmt(f)
    }
}
