//! Mistakes as a report of `miette`, with frames and colours.
//!
//! `ScriptError` is no `Diagnostic` itself: a diagnostic's `Display` is its headline, and `ScriptError` says it all in its own.

use std::error::Error;
use std::fmt;
use std::iter::once;

use miette::{Diagnostic, LabeledSpan, Report, SourceCode};

use super::{Mistake, ScriptError};

impl ScriptError {
    /// The mistakes as a report, which the handlers of `miette` show with frames and colours.
    #[must_use]
    pub fn report(&self) -> Report {
        let mistakes = self.mistakes().iter().cloned().map(One).collect();
        Report::new(All { error: self.clone(), mistakes })
    }
}

#[derive(Debug)]
struct All {
    error: ScriptError,
    mistakes: Vec<One>,
}

#[derive(Debug)]
struct One(Mistake);

impl fmt::Display for All {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (said, more) = (self.mistakes.len(), self.error.more());
        match (said, more) {
            (1, 0) => f.write_str("there is a mistake in the script"),
            (_, 0) => write!(f, "there are {said} mistakes in the script"),
            _ => write!(f, "there are {} mistakes in the script; the first {said} are", said + more),
        }
    }
}

impl fmt::Display for One {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message())
    }
}

impl Error for All {}

impl Error for One {}

impl Diagnostic for All {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.error.text)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.mistakes.iter().map(|mistake| mistake as &dyn Diagnostic)))
    }
}

impl Diagnostic for One {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.hint().map(|hint| Box::new(hint) as Box<dyn fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        if self.0.is_nowhere() {
            return None;
        }
        let label = self.0.suggestion().map(|meant| format!("did you mean {meant:?}?"));
        Some(Box::new(once(LabeledSpan::new_with_span(label, self.0.span()))))
    }
}
