//! Conditions and expectations from text.

use winnow::Parser;
use winnow::combinator::{alt, cut_err, opt, preceded};
use winnow::stream::Stream;

use super::super::token::Kind;
use super::super::want::{
    Input, Parsed, Refused, Want, called, look, name, number, path, place, sign, to_name, topic, word, wrong,
};
use super::super::{Comparison, Condition, Count, Expectation, Statement};
use super::direction;
use crate::name::Name;

pub(super) fn condition(input: &mut Input<'_>) -> Parsed<Condition> {
    topic(input, "count");
    let start = place(input);
    let count = alt(Count::ALL.map(|count| word(count.word()).value(count))).parse_next(input)?;
    counted(input, count, start)
}

/// The rest of a condition, whose count began at the byte `start`.
fn counted(input: &mut Input<'_>, count: Count, start: usize) -> Parsed<Condition> {
    let counts = start..start + count.word().len();
    let of = opt(preceded(word("of"), cut_err(path("a stage")))).parse_next(input)?;
    if of.is_some() && count.of_all_only() {
        return wrong(counts, format!("`{}` is counted of the whole pipeline only, not of a stage", count.word()));
    }
    if of.is_none() && count == Count::Merged {
        return wrong(counts, "`merged` is counted of a stage only: say which, such as `merged of sum`");
    }
    let is = cut_err(comparison).parse_next(input)?;
    let (number, said) = cut_err(number("a number", u64::MAX)).parse_next(input)?;
    if (is, number) == (Comparison::Less, 0) {
        return wrong(said.span(), "no count is less than 0");
    }
    Ok(Condition { count, of, is, number })
}

fn comparison(input: &mut Input<'_>) -> Parsed<Comparison> {
    let next = Comparison::ALL.into_iter().fold(None, |_, is| look(input, Want::Word(is.sign())));
    let Some(Kind::Comparison(is)) = next.map(|token| token.kind) else { return Err(Refused::Other) };
    input.next_token();
    Ok(is)
}

/// What is behind `expect`. A word in front of an arrow is a switch, whatever else it might mean.
pub(super) fn expect(input: &mut Input<'_>) -> Parsed<Statement> {
    let at = if before_arrow(input) {
        None
    } else {
        let cycle = number("a cycle", u64::MAX).map(|(cycle, _)| Some(cycle));
        opt(preceded(word("at"), cut_err(alt((cycle, word("end").value(None)))))).parse_next(input)?.flatten()
    };
    what(input).map(|what| Statement::Expect { at, what })
}

pub(super) fn what(input: &mut Input<'_>) -> Parsed<Expectation> {
    if before_arrow(input) {
        return route(input);
    }
    topic(input, "expectation");
    look(input, Want::Thing("a switch and `->`"));
    let start = place(input);
    alt((
        alt(Count::ALL.map(|count| word(count.word()).value(count)))
            .flat_map(move |count| move |input: &mut Input<'_>| counted(input, count, start).map(Expectation::Count)),
        preceded(word("stages"), cut_err(stages)),
        preceded(word("has"), cut_err(path("a path"))).map(Expectation::Has),
        preceded(word("no"), cut_err(path("a path"))).map(Expectation::No),
        word("paused").value(Expectation::Paused(true)),
        word("running").value(Expectation::Paused(false)),
    ))
    .parse_next(input)
}

fn before_arrow(input: &Input<'_>) -> bool {
    input.get(1).is_some_and(|token| token.kind == Kind::Arrow)
}

fn route(input: &mut Input<'_>) -> Parsed<Expectation> {
    let (switch, route) = (path("a switch"), cut_err(direction::after_arrow)).parse_next(input)?;
    Ok(Expectation::Route { switch, route })
}

fn stages(input: &mut Input<'_>) -> Parsed<Expectation> {
    let of = opt(preceded(word("of"), cut_err(path("a pipeline")))).parse_next(input)?;
    if opt(word("none")).parse_next(input)?.is_some() {
        return Ok(Expectation::Stages { of, names: Vec::new() });
    }
    let mut names: Vec<Name> = vec![to_name(called("a stage").parse_next(input)?)?];
    while opt(sign(Kind::Comparison(Comparison::More), ">")).parse_next(input)?.is_some() {
        names.push(cut_err(name("a stage")).parse_next(input)?);
    }
    Ok(Expectation::Stages { of, names })
}
