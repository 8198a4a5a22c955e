//! What changed in a topology.

/// Two texts as one: lines of both unmarked, those of `before` alone with `-`, those of `after` alone with `+`.
///
/// How wide the columns are does not count as a difference.
pub(crate) fn changes(before: &str, after: &str) -> String {
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut old = before.lines().collect::<Vec<_>>().into_iter();
    let (mut text, mut added) = (String::new(), String::new());
    for line in after.lines() {
        let Some(common) = old.as_slice().iter().position(|known| words(known) == words(line)) else {
            added += &format!("+ {line}\n");
            continue;
        };
        old.by_ref().take(common).for_each(|gone| text += &format!("- {gone}\n"));
        old.next();
        text += &std::mem::take(&mut added);
        text += &format!("  {line}\n");
    }
    old.for_each(|gone| text += &format!("- {gone}\n"));
    text + &added
}

/// The text with two spaces before each line, as [`changes`] has it where nothing changed.
pub(crate) fn indent(text: &str) -> String {
    changes(text, text)
}
