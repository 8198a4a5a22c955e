//! Lines of text, trimmed and rendered.

use std::io::Read;

use coroute::{Library, Pipeline, Recording, Switch};

use super::scene::{Notes, Scene, lines};

/// The scene with the lines of `input`.
pub(crate) fn scene(input: impl Read + 'static) -> Scene<String, String> {
    let notes = Notes::default();
    let pipeline = Pipeline::new("text")
        .stage("trim", |line: String| line.trim().to_owned())
        .filter("blank", |line: &String| !line.is_empty())
        .switch(Switch::new("render").target("blue", blue).route("blue").cloned());
    let seen = notes.clone();
    let library = Library::new()
        .stage("blue", || blue)
        .stage("green", green)
        .stage("upper", || |line: String| line.to_uppercase())
        .tap("watch", move || {
            let seen = seen.clone();
            move |line: &String| seen.add(format!("{line:?}"))
        })
        .predicate("alarming", |line: &String| line.contains("ERROR"))
        .key("first_word", |line: &String| line.split_whitespace().next().map(str::to_owned));
    let items = Box::new(lines(input).map(|line| line.map(|(_, text)| text)));
    Scene { pipeline, library, items, recording: Recording::items().values(String::clone), notes }
}

/// The line as it is.
fn blue(line: String) -> String {
    line
}

/// Without needless spaces, and without what nobody has to know: only the last two digits of a number are left.
fn green() -> Pipeline<String, String> {
    Pipeline::new("green").stage("squeeze", squeeze).stage("mask", mask)
}

fn squeeze(line: String) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn mask(line: String) -> String {
    let chars: Vec<char> = line.chars().collect();
    let is_digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    let masked = |at: usize| is_digit(at) && is_digit(at + 1) && is_digit(at + 2);
    chars.iter().enumerate().map(|(at, char)| if masked(at) { '#' } else { *char }).collect()
}
