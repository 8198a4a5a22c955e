//! A script's text as tokens, each with its place.
//!
//! Every byte is looked at a bounded number of times, and nothing is refused here: what has no meaning becomes a token of
//! its own, so that the parser says what should have been in its place.

use std::ops::Range;

use super::Comparison;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name, a path, a number or a word of the language: only its place tells.
    Word,
    /// A name or a path in quotation marks: never a word of the language.
    Quoted,
    /// A quotation mark without its other one on the line.
    Unclosed,
    /// `->`
    Arrow,
    /// `:`
    Colon,
    /// `<` and the like; `>` also stands between stages.
    Comparison(Comparison),
    /// `{`
    Open,
    /// `}`
    Close,
    /// `;`
    Semicolon,
    /// The end of a line, and of the empty ones after it.
    Line,
    /// A character without a meaning.
    Strange,
}

/// A piece of a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    /// As it is written, in its quotation marks if it has some.
    pub(super) text: &'t str,
    /// The byte that it begins at.
    pub(super) at: usize,
}

impl<'t> Token<'t> {
    pub(super) fn span(&self) -> Range<usize> {
        self.at..self.at + self.text.len()
    }

    /// What it says, without quotation marks.
    pub(super) fn content(&self) -> &'t str {
        if self.kind == Kind::Quoted { &self.text[1..self.text.len() - 1] } else { self.text }
    }

    /// Whether it is this word of the language.
    pub(super) fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }
}

/// The tokens of `text`, in order; comments and the space between tokens are left out.
pub(super) fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut comment = false;
    let mut line_ended = false;
    std::iter::from_fn(move || {
        loop {
            let rest = &text[at..];
            let (kind, length) = if comment { in_comment(rest)? } else { first(rest)? };
            let token = kind.map(|kind| Token { kind, text: &rest[..length], at });
            comment = match rest.as_bytes()[0] {
                b'#' => true,
                b'\n' => false,
                _ => comment,
            };
            at += length;
            match token {
                None => {}
                Some(token) if token.kind == Kind::Line && std::mem::replace(&mut line_ended, true) => {}
                Some(token) => {
                    line_ended = token.kind == Kind::Line;
                    return Some(token);
                }
            }
        }
    })
}

/// What comes first and its length in bytes; no kind for what is no token.
fn first(text: &str) -> Option<(Option<Kind>, usize)> {
    let first = text.chars().next()?;
    let one = |kind| (Some(kind), first.len_utf8());
    let starts = |signs: &str| text.starts_with(signs);
    Some(match first {
        ' ' | '\t' | '#' => (None, 1),
        '\r' if starts("\r\n") => (None, 1),
        '\n' => one(Kind::Line),
        ':' => one(Kind::Colon),
        ';' => one(Kind::Semicolon),
        '{' => one(Kind::Open),
        '}' => one(Kind::Close),
        '-' if starts("->") => (Some(Kind::Arrow), 2),
        '"' => match text[1..].find(['"', '\n']) {
            Some(end) if text[1 + end..].starts_with('"') => (Some(Kind::Quoted), end + 2),
            end => (Some(Kind::Unclosed), end.map_or(text.len(), |end| end + 1)),
        },
        c if is_word(c) => (Some(Kind::Word), word_length(text)),
        _ => comparison(text).map_or(one(Kind::Strange), |(is, length)| (Some(Kind::Comparison(is)), length)),
    })
}

/// What comes first in a comment: nothing but the line's end and what must not be anywhere.
fn in_comment(text: &str) -> Option<(Option<Kind>, usize)> {
    let first = text.chars().next()?;
    Some(match first {
        '\n' => (Some(Kind::Line), 1),
        '\r' if text.starts_with("\r\n") => (None, 1),
        c if is_hidden(c) => (Some(Kind::Strange), c.len_utf8()),
        c => (None, c.len_utf8()),
    })
}

fn comparison(text: &str) -> Option<(Comparison, usize)> {
    let signs = [
        ("<=", Comparison::AtMost),
        (">=", Comparison::AtLeast),
        ("!=", Comparison::Other),
        ("==", Comparison::Equal),
        ("<", Comparison::Less),
        (">", Comparison::More),
        ("=", Comparison::Equal),
    ];
    signs.into_iter().find(|(sign, _)| text.starts_with(sign)).map(|(sign, is)| (is, sign.len()))
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/')
}

/// A hyphen belongs to a word unless it begins an arrow.
fn word_length(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let arrow = c == '-' && chars.peek().is_some_and(|(_, next)| *next == '>');
        if arrow || !is_word(c) {
            return at;
        }
    }
    text.len()
}

/// Whether a character would be there unseen, or let a line look like another one: control characters (the tab is none here)
/// and those that turn the direction of writing.
pub(super) fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
