//! Edits written down against cycle numbers: as text, or as values.
//!
//! A script goes three steps: it is *parsed* (are these statements?), *bound* to a pipeline and a library (is there what it
//! names, do the types fit, is each edit legal where it stands?), and *played* (edits are committed as items are accepted).
//! The first two find all mistakes, each with its place, before an item flows.

mod bind;
mod caret;
mod explore;
mod journal;
mod mistake;
mod placed;
mod play;
mod report;
mod run;
mod show;
mod state;
mod statement;
mod timeline;
mod weigh;

use std::sync::Arc;

use crate::change::Change;

pub use mistake::{Mistake, ScriptError};
pub use play::{Missed, PlayError, Player, Unmet};
pub use run::{RunError, RunFault};
pub use statement::{Comparison, Condition, Count, Expectation, Statement};

/// Edits against cycle numbers.
///
/// Built from text by [`parse`](str::parse), or statement by statement; `Display` gives the text back, in one form for all
/// ways to write it, without the comments. Two scripts are equal when their statements are.
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
