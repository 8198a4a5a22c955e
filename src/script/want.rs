//! What the parser is made of: it looks at one token after the other and keeps in mind what it looked for.
//!
//! A token is looked for by several rules in turn, and the first that takes it is right: no rule gives a token back. So the
//! place that the parser fails at is the furthest that it looked at, and what it looked for there is what could have stood
//! there, options included.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use winnow::Parser;
use winnow::error::{ModalError, ParserError};
use winnow::stream::{Stateful, Stream, TokenSlice};

use super::mistake::{KEPT, Mistake};
use super::token::{Kind, Token};
use crate::name::{Name, NameError, Path};

/// The tokens that are left, and what is known of the parse.
pub(super) type Input<'t> = Stateful<TokenSlice<'t, Token<'t>>, State>;

pub(super) type Parsed<T> = Result<T, Refused>;

/// How much of a word a message shows, in characters.
const SHOWN: usize = 40;

/// What is known of a parse, whatever is tried and given up.
#[derive(Debug, Default)]
pub(super) struct State {
    /// The length of the text, in bytes.
    length: usize,
    /// The byte that something was last looked for at, and what that was.
    looked_at: usize,
    wanted: Vec<Want>,
    /// What is called by the word at a byte, such as "change".
    topic: (usize, &'static str),
    mistakes: Vec<Mistake>,
    more: usize,
    /// How many times a token was looked at.
    #[cfg(test)]
    pub(super) looks: usize,
}

impl State {
    pub(super) fn new(length: usize) -> Self {
        Self { length, topic: (usize::MAX, ""), ..Self::default() }
    }

    /// What was found to be wrong, and how much more there was.
    pub(super) fn into_mistakes(self) -> (Vec<Mistake>, usize) {
        (self.mistakes, self.more)
    }

    pub(super) fn add(&mut self, mistake: Mistake) {
        if self.mistakes.len() < KEPT { self.mistakes.push(mistake) } else { self.more += 1 }
    }
}

/// What can stand at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// A word or a sign of the language.
    Word(&'static str),
    /// Something else, as it is called.
    Thing(&'static str),
}

/// A target of a route: of all words, only those that end a list of targets are none.
pub(super) const TARGET: Want = Want::Thing("a target");

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Word(word) => write!(f, "`{word}`"),
            Self::Thing(thing) => f.write_str(thing),
        }
    }
}

/// Why a rule does not hold.
#[derive(Debug)]
pub(super) enum Refused {
    /// It would want another token than there is: another rule may be tried.
    Other,
    /// The same, and no other rule can hold.
    Here,
    /// The token is what is wanted, and yet wrong.
    Wrong(Box<Mistake>),
    /// It has been added to the mistakes already.
    Told,
}

impl<'t> ParserError<Input<'t>> for Refused {
    type Inner = Self;

    fn from_input(_: &Input<'t>) -> Self {
        Self::Other
    }

    fn or(self, other: Self) -> Self {
        if self.is_backtrack() { other } else { self }
    }

    fn is_backtrack(&self) -> bool {
        matches!(self, Self::Other)
    }

    fn into_inner(self) -> Result<Self, Self> {
        Ok(self)
    }
}

impl ModalError for Refused {
    fn cut(self) -> Self {
        if matches!(self, Self::Other) { Self::Here } else { self }
    }

    fn backtrack(self) -> Self {
        if matches!(self, Self::Here) { Self::Other } else { self }
    }
}

/// What is wrong at a place.
pub(super) fn wrong<T>(span: Range<usize>, message: impl Into<String>) -> Parsed<T> {
    Err(Refused::Wrong(Box::new(Mistake::new(span, message))))
}

/// The next token, while `want` is looked for.
pub(super) fn look<'t>(input: &mut Input<'t>, want: Want) -> Option<&'t Token<'t>> {
    let next = input.peek_token();
    let at = next.map_or(input.state.length, |token| token.at);
    let state = &mut input.state;
    #[cfg(test)]
    {
        state.looks += 1;
    }
    if at != state.looked_at {
        state.looked_at = at;
        state.wanted.clear();
    }
    if !state.wanted.contains(&want) {
        state.wanted.push(want);
    }
    next
}

/// Says what the next word is, for a message that does not know it.
pub(super) fn topic(input: &mut Input<'_>, called: &'static str) {
    input.state.topic = (place(input), called);
}

/// The byte that the next token begins at.
pub(super) fn place(input: &Input<'_>) -> usize {
    input.peek_token().map_or(input.state.length, |token| token.at)
}

/// The byte that the last token ended at.
pub(super) fn last_end(input: &Input<'_>) -> usize {
    input.input.previous_tokens().next().map_or(0, |token| token.span().end)
}

/// One token for which `is` holds.
fn one<'t>(want: Want, is: impl Fn(&Token<'t>) -> bool) -> impl Parser<Input<'t>, &'t Token<'t>, Refused> {
    move |input: &mut Input<'t>| {
        let token = look(input, want).filter(|token| is(token)).ok_or(Refused::Other)?;
        input.next_token();
        Ok(token)
    }
}

/// A word of the language.
pub(super) fn word<'t>(word: &'static str) -> impl Parser<Input<'t>, &'t Token<'t>, Refused> {
    one(Want::Word(word), move |token| token.is(word))
}

/// A sign of the language.
pub(super) fn sign<'t>(kind: Kind, sign: &'static str) -> impl Parser<Input<'t>, &'t Token<'t>, Refused> {
    one(Want::Word(sign), move |token| token.kind == kind)
}

/// A word or something in quotation marks.
pub(super) fn called<'t>(what: &'static str) -> impl Parser<Input<'t>, &'t Token<'t>, Refused> {
    one(Want::Thing(what), |token| matches!(token.kind, Kind::Word | Kind::Quoted))
}

/// A name.
pub(super) fn name<'t>(what: &'static str) -> impl Parser<Input<'t>, Name, Refused> {
    move |input: &mut Input<'t>| to_name(called(what).parse_next(input)?)
}

/// A path.
pub(super) fn path<'t>(what: &'static str) -> impl Parser<Input<'t>, Path, Refused> {
    move |input: &mut Input<'t>| {
        let token = called(what).parse_next(input)?;
        Path::new(token.content()).or_else(|error| malformed(token, &error))
    }
}

/// The name that a token is.
pub(super) fn to_name(token: &Token<'_>) -> Parsed<Name> {
    Name::new(token.content()).or_else(|error| malformed(token, &error))
}

fn malformed<T>(token: &Token<'_>, error: &NameError) -> Parsed<T> {
    if token.content().is_empty() {
        return wrong(token.span(), "a name is empty");
    }
    wrong(token.span(), error.to_string().replacen(token.content(), &short(token.content()), 1))
}

/// A number, with the token that it is.
pub(super) fn number<'t>(what: &'static str, most: u64) -> impl Parser<Input<'t>, (u64, &'t Token<'t>), Refused> {
    let begins = |token: &Token<'t>| token.kind == Kind::Word && token.text.starts_with(|c: char| c.is_ascii_digit());
    move |input: &mut Input<'t>| {
        if let Some(token) = input.peek_token().filter(|token| is_negative(token)) {
            let begin = if what == "a cycle" { "cycles begin at 0" } else { "no number in a script is" };
            return wrong(token.span(), format!("{} is below 0; {begin}", short(token.text)));
        }
        let token = one(Want::Thing(what), begins).parse_next(input)?;
        let text = token.text;
        if text.contains(|c: char| !(c.is_ascii_digit() || c == '_')) {
            return wrong(token.span(), format!("{} is not a number", quoted(text)));
        }
        if text.ends_with('_') || text.contains("__") {
            return wrong(token.span(), "in a number, `_` stands between two digits");
        }
        let value = text.replace('_', "").parse().ok().filter(|value| *value <= most);
        match value {
            Some(value) => Ok((value, token)),
            None => wrong(token.span(), format!("{} is too large; it can be {most} at most", short(text))),
        }
    }
}

fn is_negative(token: &Token<'_>) -> bool {
    let digits = token.text.strip_prefix('-').filter(|_| token.kind == Kind::Word);
    digits.is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()))
}

/// The mistake that a refusal is, if it has not been told yet.
pub(super) fn mistake(input: &Input<'_>, refused: Refused) -> Option<Mistake> {
    match refused {
        Refused::Told => None,
        Refused::Wrong(mistake) => Some(*mistake),
        Refused::Other | Refused::Here => Some(unexpected(input)),
    }
}

/// What is wrong with the token that something else was looked for in place of.
fn unexpected(input: &Input<'_>) -> Mistake {
    let state = &input.state;
    let known = || state.wanted.iter().filter_map(|want| if let Want::Word(word) = want { Some(*word) } else { None });
    let words = || known().filter(|word| word.starts_with(char::is_alphabetic));
    let expected = state.wanted.iter().map(ToString::to_string);
    let Some(token) = input.peek_token() else {
        return Mistake::new(state.length..state.length, "the script ends too soon").expecting(expected);
    };
    let text = token.text;
    let message = match token.kind {
        Kind::Line => "the line ends too soon".to_owned(),
        Kind::Word if state.topic.0 == token.at => format!("there is no {} called {}", state.topic.1, quoted(text)),
        Kind::Quoted if words().any(|word| word == token.content()) => {
            format!("{} in quotation marks is a name, not a word of the language", short(text))
        }
        Kind::Unclosed => "this quotation mark has no other one on its line".to_owned(),
        Kind::Strange => format!("{:?} has no meaning in a script", text.chars().next().unwrap_or_default()),
        Kind::Word if state.wanted.contains(&TARGET) => {
            format!("{} cannot stand here; a target of that name stands in quotation marks", quoted(text))
        }
        Kind::Word => format!("{} cannot stand here", quoted(text)),
        Kind::Quoted => format!("{} cannot stand here", short(text)),
        _ => format!("`{text}` cannot stand here"),
    };
    let span = if token.kind == Kind::Line { token.at..token.at } else { token.span() };
    let span = if token.kind == Kind::Unclosed { token.at..token.at + 1 } else { span };
    let mistake = Mistake::new(span, message).expecting(expected);
    if token.kind == Kind::Word { mistake.meant(text, words()) } else { mistake }
}

/// A text in quotation marks, cut where it is long.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", short(text))
}

/// A text, cut where it is long.
fn short(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(SHOWN) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}
