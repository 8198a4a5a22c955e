//! Places in a script's text, for what is found to be wrong after it was parsed.

use std::ops::Range;
use std::sync::Arc;

use super::mistake::{Mistake, ScriptError};
use super::token::{Kind, Token, tokens};
use super::{Script, Source, parse};

impl Script {
    /// The text, and where in it each statement stands, in bytes. A script that was built of values is written down for it
    /// and read back.
    ///
    /// # Errors
    ///
    /// [`ScriptError`] for values that no text stands for, such as a period of 0.
    pub(crate) fn placed(&self) -> Result<(Arc<str>, Vec<Range<usize>>), ScriptError> {
        if let Some(Source { text, places }) = &self.source {
            return Ok((Arc::clone(text), places.clone()));
        }
        let (read, Source { text, places }) = parse::script(self.to_string().into())?;
        let differs = self.statements.iter().zip(&read).position(|(given, read)| given != read);
        match differs.or((self.statements.len() != read.len()).then_some(0)) {
            None => Ok((text, places)),
            Some(at) => {
                let place = places.get(at).cloned().unwrap_or_default();
                let mistake =
                    Mistake::new(place, "this statement means something else as text; is each name in it a name?");
                Err(ScriptError::new(text, vec![mistake]))
            }
        }
    }
}

/// Which of several occurrences of a word is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    First,
    Last,
}

/// Where in `text`, within `place`, a path, or a name that may be a part of one, stands.
pub(super) fn find_word(text: &str, place: &Range<usize>, word: &str, which: Which) -> Option<Range<usize>> {
    let mut found = within(text, place).flat_map(|token| {
        // Behind the quotation mark, where there is one.
        let (at, content) = (token.at + usize::from(token.kind == Kind::Quoted), token.content());
        let whole = (content == word).then(|| token.span());
        let part = content.split('/').scan(at, |next, name| {
            let at = *next;
            *next += name.len() + 1;
            Some((at, name))
        });
        let parts: Vec<_> = part.filter(|(_, name)| *name == word).map(|(at, name)| at..at + name.len()).collect();
        whole.map_or(parts, |whole| vec![whole])
    });
    match which {
        Which::First => found.next(),
        Which::Last => found.last(),
    }
}

/// Where the `nth` change of the statement at `place` stands (0 for the first); all of `place` if the statement has no block, or
/// no such change.
pub(super) fn find_change(text: &str, place: Range<usize>, nth: usize) -> Range<usize> {
    let block: Vec<_> = within(text, &place).skip_while(|token| token.kind != Kind::Open).skip(1).collect();
    let ends = |token: &Token<'_>| matches!(token.kind, Kind::Line | Kind::Semicolon | Kind::Close);
    let change = block.split(ends).filter(|change| !change.is_empty()).nth(nth);
    match change {
        Some([first, .., last]) => first.at..last.span().end,
        Some([only]) => only.span(),
        _ => place,
    }
}

fn within<'t>(text: &'t str, place: &Range<usize>) -> impl Iterator<Item = Token<'t>> {
    let start = place.start;
    tokens(text.get(place.clone()).unwrap_or_default()).map(move |token| Token { at: token.at + start, ..token })
}
