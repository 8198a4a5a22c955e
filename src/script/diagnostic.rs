//! Mistakes as reports of `miette`, with frames and colours.

use std::fmt::Display;
use std::iter::once;

use miette::{Diagnostic, LabeledSpan, SourceCode};

use super::{Mistake, ScriptError};

impl Diagnostic for ScriptError {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.text)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.mistakes().iter().map(|mistake| mistake as &dyn Diagnostic)))
    }
}

impl Diagnostic for Mistake {
    fn help<'a>(&'a self) -> Option<Box<dyn Display + 'a>> {
        self.hint().map(|hint| Box::new(hint) as Box<dyn Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = self.suggestion().map(|meant| format!("did you mean {meant:?}?"));
        Some(Box::new(once(LabeledSpan::new_with_span(label, self.span()))))
    }
}
