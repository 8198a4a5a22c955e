//! The parser takes linear time: what it does is counted, not timed.

use winnow::stream::{Stateful, TokenSlice};

use super::super::token::tokens;
use super::super::want::State;
use super::statements;

/// Texts that a parser may stumble over, each made of one piece again and again.
const NASTY: [(&str, &str); 22] = [
    ("", "{"),
    ("at 0 ", "{"),
    ("", "at 0 {\n"),
    ("", "at 0 {{\n"),
    ("", "at 0 "),
    ("", "at 0 {"),
    ("at 0 { ", "pause; "),
    ("at 0 { ", "remov; "),
    ("at 0 { ", "{ } "),
    ("at 0 remove ", "a"),
    ("at 0 remove ", "a/"),
    ("at ", "9"),
    ("", "\""),
    ("", "\"\n"),
    ("at 0 route m -> ", "a:1 "),
    ("at 0 route m -> all ", "a "),
    ("expect stages ", "a > "),
    ("", "\n"),
    ("", "# }\n"),
    ("", "x\n"),
    ("at x { ", "at 0\n"),
    ("", "é→名\u{7}"),
];

/// How many times the parser looks at a token of `length` bytes of text or a little less, and how many tokens there are.
fn steps(begin: &str, piece: &str, length: usize) -> (usize, usize) {
    let text = begin.to_owned() + &piece.repeat((length - begin.len()) / piece.len());
    let tokens: Vec<_> = tokens(&text).collect();
    let mut input = Stateful { input: TokenSlice::new(&tokens), state: State::new(text.len()) };
    statements(&mut input);
    (input.state.looks, tokens.len())
}

#[test]
fn sixteen_times_the_text_takes_sixteen_times_the_steps() {
    for (begin, piece) in NASTY {
        let (little, _) = steps(begin, piece, 1 << 14);
        let (much, tokens) = steps(begin, piece, 1 << 18);
        // What stands in front of the pieces is there only once, so there are a few more than sixteen times as many.
        let slack = 100 + little / 5;
        assert!(much <= 16 * little + slack, "{begin}{piece}...: {little} steps, then {much}");
        assert!(much <= 40 * tokens + slack, "{begin}{piece}...: {much} steps for {tokens} tokens");
    }
}

#[test]
fn a_list_of_many_names_is_read_in_as_many_steps() {
    let all = |count: usize| {
        let names: Vec<String> = (0..count).map(|at| format!("n{at}")).collect();
        steps(&format!("at 0 route m -> all {}", names.join(" ")), " ", 1 << 20).0
    };
    assert!(all(64_000) <= 16 * all(4_000));
}
