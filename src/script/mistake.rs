//! What is wrong with a script, and where.

use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// All that is wrong with a script.
///
/// `Display` shows each mistake under its line, with a caret, without colours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptError {
    text: Arc<str>,
    mistakes: Vec<Mistake>,
    /// How many more there are.
    more: usize,
}

/// Something that is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    span: Range<usize>,
    message: String,
    expected: Vec<String>,
    meant: Option<String>,
}

impl ScriptError {
    pub(crate) fn new(text: Arc<str>, mistakes: Vec<Mistake>) -> Self {
        Self { text, mistakes, more: 0 }
    }
}

impl Mistake {
    /// `span` is in bytes of the text.
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), expected: Vec::new(), meant: None }
    }

    /// The same, with the known word that is nearest to `word`, if one is near enough.
    pub(crate) fn meant<'k>(mut self, word: &str, known: impl IntoIterator<Item = &'k str>) -> Self {
        let near = known.into_iter().map(|known| (strsim::damerau_levenshtein(word, known), known));
        let near = near.filter(|(far, known)| *far * 3 <= known.chars().count().max(3));
        self.meant = near.min_by_key(|(far, _)| *far).map(|(_, known)| known.to_owned());
        self
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.mistakes.iter().try_for_each(|Mistake { span, message, meant, .. }| {
            let line = self.text[..span.start].matches('\n').count() + 1;
            write!(f, "line {line}, `{}`: {message}", &self.text[span.clone()])?;
            match meant {
                Some(meant) => writeln!(f, "; did you mean {meant:?}?"),
                None => writeln!(f),
            }
        })
    }
}

impl Error for ScriptError {}
