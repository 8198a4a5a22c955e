//! Lines, columns, and the part of a line that a mistake is shown in.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use super::token::is_hidden;

/// How many characters of a line are shown in front of a mistake, and from its beginning on.
const SHOWN: usize = 80;

/// How wide a tab is shown.
const TAB: &str = "    ";

/// Finds lines and columns, for places in rising order, in one pass over the text.
pub(super) struct Lines<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    column: usize,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0, line: 1, column: 1 }
    }

    /// The line and the column, in characters, both from 1. A byte order mark is no character.
    pub(super) fn place(&mut self, at: usize) -> (usize, usize) {
        let end = at.clamp(self.at, self.text.len());
        for c in self.text[self.at..end].chars() {
            match c {
                '\n' => (self.line, self.column) = (self.line + 1, 1),
                '\u{feff}' if self.line == 1 && self.column == 1 => {}
                _ => self.column += 1,
            }
        }
        self.at = end;
        (self.line, self.column)
    }
}

/// A mistake's line, cut where it is long, and carets that stand under the mistake.
pub(super) struct Excerpt {
    pub(super) line: String,
    pub(super) carets: String,
}

impl Excerpt {
    pub(super) fn new(text: &str, span: Range<usize>) -> Self {
        let (before, after) = text.split_at(span.start);
        let not_ended = |c: &char| *c != '\n';
        let in_front = before.chars().rev().take_while(not_ended).take(SHOWN).map(char::len_utf8).sum::<usize>();
        let behind = after.chars().take_while(not_ended).take(SHOWN).map(char::len_utf8).sum::<usize>();
        let (start, end) = (span.start - in_front, span.start + behind);
        let cut_front = text[..start].chars().next_back().is_some_and(|c| c != '\n');
        let cut_back = text[end..].chars().next().is_some_and(|c| c != '\n');

        let mark = |cut: bool| if cut { "…" } else { "" };
        let front = format!("{}{}", mark(cut_front), shown(&text[start..span.start]));
        let wrong = shown(text[span.start..span.end.clamp(span.start, end)].trim_end());
        let back = shown(text[span.start..end].trim_end()).split_off(wrong.len());
        Self {
            carets: " ".repeat(front.width()) + &"^".repeat(wrong.width().max(1)),
            line: (front + &wrong + &back + mark(cut_back)).trim_end().to_owned(),
        }
    }
}

/// As it is shown on a screen: with tabs as wide as their carets, and nothing hidden.
fn shown(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => shown.push_str(TAB),
            '\u{feff}' => {}
            c if is_hidden(c) => shown.extend(c.escape_unicode()),
            c => shown.push(c),
        }
    }
    shown
}
