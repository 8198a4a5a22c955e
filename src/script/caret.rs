//! Where in a script's text the culprit of a refused change stands.

use std::ops::Range;

use crate::change::{Change, Position};
use crate::error::Refusal;
use crate::name::Name;

/// Which of several occurrences of a word is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    First,
    Last,
}

/// The place of change number `number` in the statement at `span`: a piece between braces, semicolons and line ends.
pub(super) fn change(text: &str, span: Range<usize>, number: usize) -> Range<usize> {
    let statement = &text[span.clone()];
    let Some(open) = statement.find('{') else { return span };
    let mut pieces = Vec::new();
    let (mut from, mut comment) = (span.start + open + 1, false);
    for (at, c) in statement.char_indices().skip_while(|(at, _)| *at <= open) {
        let at = span.start + at;
        if comment && c != '\n' {
            continue;
        }
        if matches!(c, ';' | '\n' | '}' | '#') {
            if !comment {
                pieces.push(from..at);
            }
            from = at + c.len_utf8();
            comment = c == '#';
        }
    }
    let mut pieces = pieces.into_iter().filter(|piece| !text[piece.clone()].trim().is_empty());
    pieces.nth(number).map_or(span, |piece| {
        let inside = &text[piece.clone()];
        let start = piece.start + (inside.len() - inside.trim_start().len());
        start..start + inside.trim().len()
    })
}

/// The place of a word within `span`.
pub(super) fn word(text: &str, span: &Range<usize>, word: &str, which: Which) -> Option<Range<usize>> {
    let inside = text.get(span.clone())?;
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let mut found = inside.match_indices(word).map(|(at, word)| at..at + word.len()).filter(|place| {
        let before = inside[..place.start].chars().next_back();
        // An arrow is no part of the word before it.
        let after = inside[place.end..].strip_prefix("->").map_or_else(|| inside[place.end..].chars().next(), |_| None);
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    });
    let place = match which {
        Which::First => found.next(),
        Which::Last => found.last(),
    };
    place.map(|place| span.start + place.start..span.start + place.end)
}

/// The word that a change is refused for, and which of its occurrences in the change.
pub(super) fn culprit(change: &Change, refusal: &Refusal) -> Option<(Name, Which)> {
    let first = |name: &Name| Some((name.clone(), Which::First));
    let last = |name: &Name| Some((name.clone(), Which::Last));
    match refusal {
        Refusal::Unknown { path, .. } | Refusal::NotASwitch { path, .. } | Refusal::NotAPipeline { path, .. } => {
            let name = path.names().last()?;
            match change {
                Change::Route { switch, .. } if path.names().len() > switch.names().len() => last(name),
                Change::Insert { .. } | Change::Attach { .. } => last(name),
                Change::Detach { switch, .. } if path.names().len() <= switch.names().len() => last(name),
                Change::Move { stage, .. } if !stage.names().starts_with(path.names()) => last(name),
                _ => first(name),
            }
        }
        Refusal::Duplicate { name } | Refusal::Twice { name } => match change {
            Change::Insert { .. } | Change::Attach { .. } => first(name),
            _ => last(name),
        },
        Refusal::Mismatch { .. } | Refusal::Build(_) | Refusal::Unfit(_) | Refusal::TooDeep { .. } => match change {
            Change::Insert { stage: made, .. } | Change::Attach { target: made, .. } => first(&made.maker),
            Change::Tap { tap, .. } => last(&tap.maker),
            Change::Replace { with: Some(with), .. } => last(with),
            Change::Replace { stage, .. } | Change::Move { stage, .. } => first(stage.names().last()?),
            _ => None,
        },
        Refusal::HandOver { .. } | Refusal::NotPlain => match change {
            Change::Replace { with: Some(with), .. } => last(with),
            Change::Replace { stage, .. } => first(stage.names().last()?),
            _ => None,
        },
        Refusal::LooksAt { .. } => match change {
            Change::Route { route, .. } => last(route.by()?),
            _ => None,
        },
        Refusal::StillRouted => match change {
            Change::Detach { target, .. } => first(target),
            _ => None,
        },
        Refusal::Turns { .. } | Refusal::Fixed { .. } => match change {
            Change::Remove { stage } | Change::Move { stage, .. } => first(stage.names().last()?),
            _ => None,
        },
        Refusal::IsTarget => match change {
            Change::Insert { at: Position::Before(path) | Position::After(path), .. } => last(path.names().last()?),
            Change::Remove { stage } | Change::Tap { stage, .. } | Change::Move { stage, .. } => {
                first(stage.names().last()?)
            }
            _ => None,
        },
        _ => None,
    }
}
