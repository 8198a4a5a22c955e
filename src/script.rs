//! Edits written down against cycle numbers: as text, or as values.
//!
//! A script goes three steps: it is *parsed* (are these statements?), *bound* to a pipeline and a library (is there what it
//! names, do the types fit, is each edit legal where it stands?), and *played* (edits are committed as items are accepted).
//! The first two find all mistakes, each with its place, before an item flows.

mod along;
mod bind;
mod caret;
#[cfg(test)]
mod crews;
#[cfg(feature = "miette")]
mod diagnostic;
mod excerpt;
mod explore;
mod journal;
mod mistake;
mod nearest;
mod order;
mod parse;
mod place;
mod play;
mod report;
mod run;
mod show;
mod spawned;
mod state;
mod statement;
mod timeline;
mod token;
mod want;
mod weigh;
#[cfg(feature = "serde")]
mod written;

use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use crate::change::Change;

pub use along::{Along, Played};
pub use journal::JournalError;
pub use mistake::{Mistake, ScriptError};
pub use play::{Missed, PlayError, Player, Unmet};
pub use run::{RunError, RunFault};
pub use statement::{Comparison, Condition, Count, Expectation, Statement};

/// Edits against cycle numbers.
///
/// Built from text by [`parse`](str::parse), or statement by statement; `Display` gives the text back, in one form for all
/// ways to write it, without the comments. Two scripts are equal when their statements are. The language is in the
/// [guide](crate::guide::scripts).
///
/// # Examples
///
/// ```
/// use coroute::{Change, Position, Script};
///
/// let script: Script = "
///     at 1000 insert neg after add   # from here on, the other way round
///     every 500 from 5_000 route model -> next v1 v2
///     expect failed = 0
/// "
/// .parse()?;
/// let built = Script::new()
///     .at(1000, [Change::insert("neg", Position::after("add")?)?])
///     .every(500, 5000.., ["route model -> next v1 v2".parse()?])
///     .expect(None, "failed = 0".parse()?);
/// assert_eq!(script, built);
/// assert_eq!(built.to_string().lines().nth(1), Some("every 500 from 5000 route model -> next v1 v2"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Script {
    statements: Vec<Statement>,
    /// The text it was parsed from, and where in it each statement stands, in bytes.
    source: Option<Source>,
}

#[derive(Debug, Clone)]
struct Source {
    text: Arc<str>,
    places: Vec<std::ops::Range<usize>>,
}

impl Script {
    /// A script without statements.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The script with an edit in front of the item number `cycle`: the first item is number 0.
    ///
    /// Edits at the same cycle are committed in the order of the script.
    #[must_use]
    pub fn at(self, cycle: u64, changes: impl IntoIterator<Item = Change>) -> Self {
        self.with(Statement::At { cycle, changes: changes.into_iter().collect() })
    }

    /// The script with an edit in front of every item whose cycle is in `within` and a whole number of `period`s from its
    /// beginning; `..` begins at `period`.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Change, Script};
    ///
    /// let pauses = Script::new().every(500, .., [Change::Pause]).every(500, 5000..=9000, [Change::Pause]);
    /// assert_eq!(pauses.to_string(), "every 500 pause\nevery 500 from 5000 to 9000 pause\n");
    /// ```
    #[must_use]
    pub fn every(self, period: u64, within: impl RangeBounds<u64>, changes: impl IntoIterator<Item = Change>) -> Self {
        let from = match within.start_bound() {
            Bound::Included(from) => *from,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => period,
        };
        let (from, to) = match within.end_bound() {
            Bound::Included(to) => (from, Some(*to)),
            // Nothing is below 0, so an empty range has to be one that begins above it.
            Bound::Excluded(0) => (from.max(1), Some(0)),
            Bound::Excluded(end) => (from, Some(*end - 1)),
            Bound::Unbounded => (from, None),
        };
        self.with(Statement::Every { period, from, to, changes: changes.into_iter().collect() })
    }

    /// The script with an edit in front of the first item for which the ledger fulfils `condition`; it is made once.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Change, Script};
    ///
    /// let script = Script::new().when("failed > 3".parse()?, ["route sink -> spool".parse()?]);
    /// assert_eq!(script.to_string(), "when failed > 3 route sink -> spool\n");
    /// # Ok::<(), coroute::ScriptError>(())
    /// ```
    #[must_use]
    pub fn when(self, condition: Condition, changes: impl IntoIterator<Item = Change>) -> Self {
        self.with(Statement::When { condition, changes: changes.into_iter().collect() })
    }

    /// The script with something that has to be so in front of the item number `at`, or at the end of the run.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Script;
    ///
    /// let script = Script::new().expect(9000, "model -> v2".parse()?).expect(None, "no neg".parse()?);
    /// assert_eq!(script.to_string(), "expect at 9000 model -> v2\nexpect no neg\n");
    /// # Ok::<(), coroute::ScriptError>(())
    /// ```
    #[must_use]
    pub fn expect(self, at: impl Into<Option<u64>>, what: Expectation) -> Self {
        self.with(Statement::Expect { at: at.into(), what })
    }

    /// The script with one more statement.
    #[must_use]
    pub fn with(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self.source = None;
        self
    }

    /// The statements, in order.
    #[must_use]
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }
}

impl PartialEq for Script {
    fn eq(&self, other: &Self) -> bool {
        self.statements == other.statements
    }
}

impl Eq for Script {}
