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

#[cfg(test)]
mod tests {
    use super::{Script, Which, find_change, find_word};
    use crate::change::Change;
    use crate::name::Path;
    use crate::route::{Route, RouteView};

    #[test]
    fn words_and_changes_are_found_where_they_stand() {
        let text = "at 0 pause # remove a\nat 1 { remove a; insert after after \"a\"\n remove a }\n";
        let (_, places) = text.parse::<Script>().unwrap().placed().unwrap();
        let statement = places[1].clone();
        assert_eq!(&text[statement.clone()], "at 1 { remove a; insert after after \"a\"\n remove a }");
        let change = |nth| find_change(text, statement.clone(), nth);
        assert_eq!(&text[change(0)], "remove a");
        assert_eq!(&text[change(1)], "insert after after \"a\"");
        assert_eq!(&text[change(2)], "remove a");
        assert_eq!(change(3), statement);
        assert_eq!(find_change(text, places[0].clone(), 0), places[0], "there is no block");
        assert_eq!(find_word(text, &change(1), "a", Which::Last), Some(change(1).end - 3..change(1).end));
        assert_eq!(find_word(text, &change(1), "after", Which::Last), Some(change(1).start + 13..change(1).start + 18));
        assert_eq!(find_word(text, &change(1), "b", Which::First), None);
        let path = "at 1 remove inner/\u{e9}n/b";
        assert_eq!(find_word(path, &(0..path.len()), "b", Which::First), Some(path.len() - 1..path.len()));
        assert_eq!(find_word("at 1 remove \"by/a\"", &(0..18), "a", Which::First), Some(16..17));
    }

    #[test]
    fn a_script_of_values_has_a_text_to_point_into() {
        let script = Script::new().at(1, [Change::Pause]).at(2, [Change::Resume]);
        let (text, places) = script.placed().unwrap();
        assert_eq!(places.into_iter().map(|place| &text[place]).collect::<Vec<_>>(), ["at 1 pause", "at 2 resume"]);
    }

    #[test]
    fn values_that_no_text_stands_for_are_refused() {
        let said = |script: Script| script.placed().unwrap_err().to_string();
        insta::assert_snapshot!(said(Script::new().every(0, .., [Change::Pause])), @"
        line 1, column 7: there is no item between two edits; the least is `every 1`
          1 | every 0 pause
            |       ^
        ");
        insta::assert_snapshot!(said(Script::new().every(5, 0..0, [Change::Pause])), @"
        line 1, column 19: it would end at 0, before it begins at 1
          1 | every 5 from 1 to 0 pause
            |                   ^
        ");
        insta::assert_snapshot!(said(Script::new().at(0, [Change::Remove { stage: Path::default() }])), @"
        line 1, column 13: the line ends too soon
          1 | at 0 remove
            |             ^
            = expected a stage
        ");
        let split = Change::route("m", RouteView::from(&Route::to("a:1 b:1"))).unwrap();
        insta::assert_snapshot!(said(Script::new().at(0, [split])), @"
        line 1, column 1: this statement means something else as text; is each name in it a name?
          1 | at 0 route m -> a:1 b:1
            | ^^^^^^^^^^^^^^^^^^^^^^^
        ");
        let two = Change::route("m", RouteView::from(&Route::to("a\nat 1 pause"))).unwrap();
        insta::assert_snapshot!(said(Script::new().at(0, [two])), @"
        line 1, column 1: this statement means something else as text; is each name in it a name?
          1 | at 0 route m -> a
            | ^^^^^^^^^^^^^^^^^
        ");
    }
}
