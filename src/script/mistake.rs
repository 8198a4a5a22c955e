//! What is wrong with a script, and where.

use std::error::Error;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::excerpt::{Excerpt, Lines};
use super::nearest::nearest;

/// How many mistakes are kept; the others are counted.
pub(super) const KEPT: usize = 50;

/// All that is wrong with a script.
///
/// `Display` shows each mistake with its line and a caret, without colours; the first 50 of them, and how many more there
/// are. `Debug` shows the same.
///
/// # Examples
///
/// ```
/// use coroute::Script;
///
/// let error = "at 10 remov pars".parse::<Script>().unwrap_err();
/// let mistake = &error.mistakes()[0];
/// assert_eq!((mistake.line(), mistake.column()), (1, 7));
/// assert_eq!(mistake.message(), "there is no change called \"remov\"");
/// assert_eq!(mistake.suggestion(), Some("remove"));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct ScriptError {
    pub(super) text: Arc<str>,
    mistakes: Vec<Mistake>,
    /// How many more there are.
    more: usize,
}

/// Something that is wrong with a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    span: Range<usize>,
    line: usize,
    column: usize,
    message: String,
    expected: Vec<String>,
    meant: Option<String>,
}

impl ScriptError {
    pub(crate) fn new(text: Arc<str>, mistakes: Vec<Mistake>) -> Self {
        Self::with_more(text, mistakes, 0)
    }

    /// As [`new`](ScriptError::new), with `more` mistakes that are only counted.
    pub(super) fn with_more(text: Arc<str>, mut mistakes: Vec<Mistake>, more: usize) -> Self {
        mistakes.sort_by_key(|mistake| mistake.span.start);
        let more = more + mistakes.len().saturating_sub(KEPT);
        mistakes.truncate(KEPT);
        let mut lines = Lines::new(&text);
        for mistake in &mut mistakes {
            if !mistake.is_nowhere() {
                (mistake.line, mistake.column) = lines.place(mistake.span.start);
            }
        }
        Self { text, mistakes, more }
    }

    /// The mistakes, in the order of the text: the first 50.
    #[must_use]
    pub fn mistakes(&self) -> &[Mistake] {
        &self.mistakes
    }

    /// How many mistakes there are besides [`mistakes`](ScriptError::mistakes).
    #[must_use]
    pub fn more(&self) -> usize {
        self.more
    }

    /// The script's text: as it was given, or, for a script that was built of values, as its `Display` has it.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl Mistake {
    /// `span` is in bytes of the text.
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>) -> Self {
        Self { span, line: 1, column: 1, message: message.into(), expected: Vec::new(), meant: None }
    }

    /// A mistake that is not in the text.
    pub(crate) fn nowhere(message: impl Into<String>) -> Self {
        Self { line: 0, column: 0, ..Self::new(0..0, message) }
    }

    pub(super) fn is_nowhere(&self) -> bool {
        self.line == 0
    }

    /// The same, with what could stand there instead.
    pub(crate) fn expecting(mut self, expected: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.expected = expected.into_iter().map(Into::into).collect();
        self
    }

    /// The same, with the known word that is nearest to `word`, if one is near enough.
    pub(crate) fn meant<'k>(mut self, word: &str, known: impl IntoIterator<Item = &'k str>) -> Self {
        self.meant = nearest(word, known).map(str::to_owned);
        self
    }

    /// The line, from 1; 0 for a mistake that is not in the text, such as one of the library.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column, in characters, from 1; 0 as in [`line`](Mistake::line).
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// The place in the text, in bytes; empty for a mistake that is not in it.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// What is wrong.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What could stand there instead; words of the language in backquotes. Empty where nothing could.
    #[must_use]
    pub fn expected(&self) -> &[String] {
        &self.expected
    }

    /// The word that may have been meant.
    #[must_use]
    pub fn suggestion(&self) -> Option<&str> {
        self.meant.as_deref()
    }

    /// What could stand there, in a line.
    pub(super) fn hint(&self) -> Option<String> {
        let (last, rest) = self.expected.split_last()?;
        Some(if rest.is_empty() {
            format!("expected {last}")
        } else {
            format!("expected {} or {last}", rest.join(", "))
        })
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.is_nowhere() {
            write!(f, "line {}, column {}: ", self.line, self.column)?;
        }
        f.write_str(&self.message)?;
        self.meant.iter().try_for_each(|meant| write!(f, "; did you mean {meant:?}?"))
    }
}

impl fmt::Display for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.mistakes.last().map_or(1, |last| last.line.to_string().len());
        for (at, mistake) in self.mistakes.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{mistake}")?;
            if mistake.is_nowhere() {
                continue;
            }
            let excerpt = Excerpt::new(&self.text, mistake.span());
            writeln!(f, "\n{}", format!("  {:>width$} | {}", mistake.line, excerpt.line).trim_end())?;
            write!(f, "  {:width$} | {}", "", excerpt.carets)?;
            mistake.hint().iter().try_for_each(|hint| write!(f, "\n  {:width$} = {hint}", ""))?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(f, "\nand {more} more"),
        }
    }
}

impl fmt::Debug for ScriptError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScriptError({self})")
    }
}

impl Error for Mistake {}

impl Error for ScriptError {}
