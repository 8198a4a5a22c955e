//! What a checked run was like.

use std::fmt;

use super::checks::Committed;
use super::violation::Illegal;
use crate::trace::Trace;

/// What a checked run was like.
///
/// `Display` has the counts in a line.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report<Out> {
    /// What came out, in order.
    pub outputs: Vec<Out>,
    /// The edits that were committed, in order.
    pub committed: Vec<Committed>,
    /// The edits that were refused, with the reason that the reference gives.
    pub refused: Vec<Illegal>,
    /// What was expected by the script and was not so: the statement, 0 for the first, and what there was instead.
    pub unmet: Vec<(usize, String)>,
    /// How many items were not accepted to the end.
    pub unsent: u64,
    /// The trace.
    pub trace: Trace,
}

impl<Out> fmt::Display for Report<Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { outputs, committed, refused, unmet, unsent, .. } = self;
        let (outputs, committed, refused, unmet) = (outputs.len(), committed.len(), refused.len(), unmet.len());
        write!(f, "{outputs} outputs, {committed} edits, {refused} refused, {unmet} unmet, {unsent} items unsent")
    }
}
