//! Statements from text.
//!
//! There is no recursion, and no token is gone back to: the time is linear in the text. After a mistake the parser goes on
//! with the next change of the block, or with the next statement.

mod change;
mod direction;
mod expectation;
#[cfg(test)]
mod steps;

use std::ops::Range;
use std::str::FromStr;
use std::sync::Arc;

use winnow::Parser;
use winnow::combinator::{alt, cut_err, opt, preceded};
use winnow::stream::{Stateful, Stream, TokenSlice};

use super::mistake::{Mistake, ScriptError};
use super::token::{Kind, Token, tokens};
use super::want::{
    Input, Parsed, Refused, State, Want, last_end, look, mistake, number, place, sign, topic, word, wrong,
};
use super::{Condition, Expectation, Script, Source, Statement};
use crate::change::Change;
use crate::route::RouteView;

/// The words that a statement begins with.
const STATEMENTS: [&str; 4] = ["at", "every", "when", "expect"];

/// The statements of a script, and where in the text each stands.
pub(super) fn script(text: Arc<str>) -> Result<(Vec<Statement>, Source), ScriptError> {
    let tokens: Vec<_> = tokens(&text).collect();
    let mut input = Stateful { input: TokenSlice::new(&tokens), state: State::new(text.len()) };
    let (statements, places) = statements(&mut input);
    let (mistakes, more) = input.state.into_mistakes();
    if mistakes.is_empty() {
        drop(tokens);
        return Ok((statements, Source { text, places }));
    }
    Err(ScriptError::with_more(Arc::clone(&text), mistakes, more))
}

/// One thing that `rule` is for, and nothing else but comments and empty lines.
fn alone<T>(text: &str, rule: impl FnOnce(&mut Input<'_>) -> Parsed<T>) -> Result<T, ScriptError> {
    let tokens: Vec<_> = tokens(text).collect();
    let mut input = Stateful { input: TokenSlice::new(&tokens), state: State::new(text.len()) };
    skip_lines(&mut input);
    let thing = rule(&mut input).and_then(|thing| {
        skip_lines(&mut input);
        look(&mut input, Want::Thing("the end of the text")).map_or(Ok(thing), |_| Err(Refused::Here))
    });
    thing.map_err(|refused| {
        if let Some(mistake) = mistake(&input, refused) {
            input.state.add(mistake);
        }
        let (mistakes, more) = input.state.into_mistakes();
        ScriptError::with_more(text.into(), mistakes, more)
    })
}

fn statements(input: &mut Input<'_>) -> (Vec<Statement>, Vec<Range<usize>>) {
    let (mut statements, mut places) = (Vec::new(), Vec::new());
    loop {
        skip_lines(input);
        if input.peek_token().is_none() {
            return (statements, places);
        }
        let start = place(input);
        match statement(input).and_then(|statement| line_end(input).map(|end| (statement, start..end))) {
            Ok((statement, place)) => {
                statements.push(statement);
                places.push(place);
            }
            Err(refused) => {
                tell(input, refused);
                to_next_statement(input, start);
            }
        }
    }
}

fn tell(input: &mut Input<'_>, refused: Refused) {
    if let Some(mistake) = mistake(input, refused) {
        input.state.add(mistake);
    }
}

fn skip_lines(input: &mut Input<'_>) {
    while input.peek_token().is_some_and(|token| token.kind == Kind::Line) {
        input.next_token();
    }
}

fn at_line_start(input: &Input<'_>) -> bool {
    input.input.previous_tokens().next().is_none_or(|token| token.kind == Kind::Line)
}

fn begins_statement(token: &Token<'_>) -> bool {
    STATEMENTS.iter().any(|word| token.is(word))
}

/// Leaves out the rest of a statement that began at the byte `start`, with its block if one begins there.
fn to_next_statement(input: &mut Input<'_>, start: usize) {
    if place(input) > start && at_line_start(input) {
        return;
    }
    skip_blocks(input, 0, |kind| kind == Kind::Line);
}

/// Goes in front of the first token that `stop` holds for outside of `depth` blocks that are open and of those that begin on
/// the way; at the latest, in front of a line that begins a statement.
fn skip_blocks(input: &mut Input<'_>, mut depth: usize, stop: impl Fn(Kind) -> bool) {
    while let Some(token) = input.peek_token() {
        let end = depth == 0 && stop(token.kind);
        let unclosed = depth > 0 && at_line_start(input) && begins_statement(token);
        if end || unclosed {
            return;
        }
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        input.next_token();
    }
}

/// The end of a statement: where it stopped, in bytes.
fn line_end(input: &mut Input<'_>) -> Parsed<usize> {
    let end = last_end(input);
    match look(input, Want::Thing("the end of the line")) {
        None => Ok(end),
        Some(token) if token.kind == Kind::Line => Ok(end),
        Some(token) if token.kind == Kind::Semicolon => {
            wrong(token.span(), "a statement ends with its line; several changes together stand in a block, `{ }`")
        }
        Some(_) => Err(Refused::Here),
    }
}

fn statement(input: &mut Input<'_>) -> Parsed<Statement> {
    topic(input, "statement");
    let at = preceded(word("at"), cut_err((cycle, edit))).map(|(cycle, changes)| Statement::At { cycle, changes });
    let when = preceded(word("when"), cut_err((expectation::condition, edit)))
        .map(|(condition, changes)| Statement::When { condition, changes });
    let expect = preceded(word("expect"), cut_err(expectation::expect));
    let statement = alt((at, preceded(word("every"), cut_err(every)), when, expect)).parse_next(input);
    match (statement, input.peek_token()) {
        (Err(Refused::Other), Some(token)) if change::begins(token) => {
            wrong(token.span(), format!("nothing says when to {0}: begin with a cycle, such as `at 0 {0}`", token.text))
        }
        (statement, _) => statement,
    }
}

fn cycle(input: &mut Input<'_>) -> Parsed<u64> {
    number("a cycle", u64::MAX).map(|(cycle, _)| cycle).parse_next(input)
}

fn every(input: &mut Input<'_>) -> Parsed<Statement> {
    let (period, said) = number("a number of items", u64::MAX).parse_next(input)?;
    if period == 0 {
        return wrong(said.span(), "there is no item between two edits; the least is `every 1`");
    }
    let from = opt(preceded(word("from"), cut_err(cycle))).parse_next(input)?.unwrap_or(period);
    let to = opt(preceded(word("to"), cut_err(number("a cycle", u64::MAX)))).parse_next(input)?;
    if let Some((to, said)) = to.filter(|(to, _)| *to < from) {
        return wrong(said.span(), format!("it would end at {to}, before it begins at {from}"));
    }
    let changes = edit(input)?;
    Ok(Statement::Every { period, from, to: to.map(|(to, _)| to), changes })
}

/// A change, or a block of some.
fn edit(input: &mut Input<'_>) -> Parsed<Vec<Change>> {
    topic(input, "change");
    alt((change::change.map(|change| vec![change]), block)).parse_next(input)
}

fn block(input: &mut Input<'_>) -> Parsed<Vec<Change>> {
    let open = sign(Kind::Open, "{").parse_next(input)?;
    let mut changes = Vec::new();
    let mut told = false;
    loop {
        let Some(next) = input.peek_token() else { return wrong(open.span(), "this block is not closed") };
        let refused = match next.kind {
            Kind::Line | Kind::Semicolon => {
                input.next_token();
                continue;
            }
            Kind::Close => {
                input.next_token();
                return if told { Err(Refused::Told) } else { Ok(changes) };
            }
            Kind::Open => {
                input.next_token();
                let nested = Mistake::new(
                    next.span(),
                    "a block cannot stand in a block: its changes are committed together as it is",
                );
                input.state.add(nested);
                skip_blocks(input, 1, |_| true);
                if input.peek_token().is_none() {
                    return Err(Refused::Told);
                }
                told = true;
                continue;
            }
            _ if begins_statement(next) && at_line_start(input) => {
                return wrong(open.span(), "this block is not closed before the next statement");
            }
            _ if begins_statement(next) => {
                wrong(next.span(), "a statement cannot stand in a block; a block holds changes")
            }
            _ => change_in_block(input).map(|change| changes.push(change)),
        };
        if let Err(refused) = refused {
            tell(input, refused);
            told = true;
            skip_blocks(input, 0, |kind| matches!(kind, Kind::Line | Kind::Semicolon | Kind::Close));
        }
    }
}

/// A change up to what may stand between two, or to the block's end.
fn change_in_block(input: &mut Input<'_>) -> Parsed<Change> {
    topic(input, "change");
    let change = change::change(input)?;
    let ends = |token: &Token<'_>| matches!(token.kind, Kind::Line | Kind::Semicolon | Kind::Close);
    let wants = [Want::Word(";"), Want::Word("}"), Want::Thing("the end of the line")];
    let next = wants.into_iter().fold(None, |_, want| look(input, want));
    if next.is_none_or(ends) { Ok(change) } else { Err(Refused::Here) }
}

impl FromStr for Script {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        let (statements, source) = script(text.into())?;
        Ok(Self { statements, source: Some(source) })
    }
}

impl FromStr for Statement {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        alone(text, statement)
    }
}

impl FromStr for Change {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        alone(text, |input| {
            topic(input, "change");
            change::change(input)
        })
    }
}

impl FromStr for RouteView {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        alone(text, direction::route)
    }
}

impl FromStr for Condition {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        alone(text, expectation::condition)
    }
}

impl FromStr for Expectation {
    type Err = ScriptError;

    fn from_str(text: &str) -> Result<Self, ScriptError> {
        alone(text, expectation::what)
    }
}
