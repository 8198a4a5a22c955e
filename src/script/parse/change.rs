//! Changes from text.

use winnow::Parser;
use winnow::combinator::{alt, cut_err, opt, preceded};

use super::super::token::Token;
use super::super::want::{Input, Parsed, name, number, path, word, wrong};
use super::direction;
use crate::change::{Change, Made, Position};
use crate::name::Path;

type Rest = fn(&mut Input<'_>) -> Parsed<Change>;

/// The word that each change begins with, and the rule for what comes behind it.
const CHANGES: [(&str, Rest); 13] = [
    ("route", route),
    ("split", split),
    ("insert", insert),
    ("remove", remove),
    ("replace", replace),
    ("rename", rename),
    ("move", shift),
    ("attach", attach),
    ("detach", detach),
    ("tap", tap),
    ("workers", workers),
    ("pause", |_| Ok(Change::Pause)),
    ("resume", |_| Ok(Change::Resume)),
];

pub(super) fn change(input: &mut Input<'_>) -> Parsed<Change> {
    alt(CHANGES.map(|(first, rest)| preceded(word(first), cut_err(rest)))).parse_next(input)
}

/// Whether a change begins with the token.
pub(super) fn begins(token: &Token<'_>) -> bool {
    CHANGES.iter().any(|(first, _)| token.is(first))
}

fn route(input: &mut Input<'_>) -> Parsed<Change> {
    let (switch, route) = (path("a switch"), direction::after_arrow).parse_next(input)?;
    Ok(Change::Route { switch, route })
}

fn split(input: &mut Input<'_>) -> Parsed<Change> {
    let (switch, route) = (path("a switch"), direction::weights_after_arrow).parse_next(input)?;
    Ok(Change::Route { switch, route })
}

fn insert(input: &mut Input<'_>) -> Parsed<Change> {
    let (stage, at) = (made, position).parse_next(input)?;
    Ok(Change::Insert { stage, at })
}

fn remove(input: &mut Input<'_>) -> Parsed<Change> {
    path("a stage").map(|stage| Change::Remove { stage }).parse_next(input)
}

fn replace(input: &mut Input<'_>) -> Parsed<Change> {
    let stage = path("a stage").parse_next(input)?;
    let with = opt(preceded(word("with"), cut_err(name("a maker")))).parse_next(input)?;
    let keeping = opt((word("keeping"), cut_err((word("its"), word("state"))))).parse_next(input)?.is_some();
    Ok(Change::Replace { stage, with, keeping })
}

fn rename(input: &mut Input<'_>) -> Parsed<Change> {
    let (stage, _, to) = (path("a stage"), word("to"), name("a name")).parse_next(input)?;
    Ok(Change::Rename { stage, to })
}

fn shift(input: &mut Input<'_>) -> Parsed<Change> {
    let (stage, to) = (path("a stage"), position).parse_next(input)?;
    Ok(Change::Move { stage, to })
}

fn attach(input: &mut Input<'_>) -> Parsed<Change> {
    let (target, _, switch) = (made, word("to"), path("a switch")).parse_next(input)?;
    Ok(Change::Attach { target, switch })
}

fn detach(input: &mut Input<'_>) -> Parsed<Change> {
    let (target, _, switch) = (name("a target"), word("from"), path("a switch")).parse_next(input)?;
    Ok(Change::Detach { target, switch })
}

fn tap(input: &mut Input<'_>) -> Parsed<Change> {
    let (stage, _, tap) = (path("a stage"), word("with"), made).parse_next(input)?;
    Ok(Change::Tap { stage, tap })
}

fn workers(input: &mut Input<'_>) -> Parsed<Change> {
    let stage = path("a stage").parse_next(input)?;
    match number("a number of workers", usize::MAX as u64).parse_next(input)? {
        (0, said) => wrong(said.span(), "without a worker nothing would ever pass; the least is 1"),
        (count, _) => Ok(Change::Workers { stage, count: usize::try_from(count).unwrap_or(usize::MAX) }),
    }
}

fn made(input: &mut Input<'_>) -> Parsed<Made> {
    let maker = name("a maker").parse_next(input)?;
    let name = opt(preceded(word("as"), cut_err(name("a name")))).parse_next(input)?;
    Ok(Made { name: name.unwrap_or_else(|| maker.clone()), maker })
}

fn position(input: &mut Input<'_>) -> Parsed<Position> {
    alt((
        preceded(word("before"), cut_err(path("a stage"))).map(Position::Before),
        preceded(word("after"), cut_err(path("a stage"))).map(Position::After),
        preceded(word("at"), cut_err(end)),
    ))
    .parse_next(input)
}

fn end(input: &mut Input<'_>) -> Parsed<Position> {
    word("the").parse_next(input)?;
    let end: fn(Option<Path>) -> Position =
        alt((word("front").value(Position::Front as fn(_) -> _), word("back").value(Position::Back as fn(_) -> _)))
            .parse_next(input)?;
    opt(preceded(word("of"), cut_err(path("a pipeline")))).map(end).parse_next(input)
}
