//! The known word that somebody may have meant.

/// A word longer than this, in bytes, is not compared: it is no slip of a finger, and comparing costs its length times that of the other.
const LONGEST: usize = 64;

/// The first of the words nearest to `word`, if it is near enough: one slip for every three characters, and at least one.
///
/// A slip is a character too many, too few, another one, or two the wrong way round. Upper and lower case are one slip in
/// all.
pub(crate) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let allowed = (word.chars().count() / 3).max(1);
    let near = known.into_iter().filter(|known| known.len() <= LONGEST).map(|known| (slips(word, known), known));
    near.filter(|(slips, known)| *slips <= allowed && *slips < known.chars().count().max(2))
        .min_by_key(|(slips, _)| *slips)
        .map(|(_, known)| known)
}

fn slips(word: &str, known: &str) -> usize {
    if word != known && word.to_lowercase() == known.to_lowercase() {
        return 1;
    }
    strsim::osa_distance(word, known)
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_slip_in_three_characters_is_forgiven() {
        let known = ["parse", "clean", "v1", "v2", "model"];
        let meant = |word| nearest(word, known);
        assert_eq!(meant("pars"), Some("parse"));
        assert_eq!(meant("praes"), None, "two slips in five characters are too many");
        assert_eq!(meant("prase"), Some("parse"), "two the wrong way round are one slip");
        assert_eq!(meant("MODEL"), Some("model"));
        assert_eq!(meant("v3"), Some("v1"), "the first of equals");
        assert_eq!(meant("x"), None, "a word of one character resembles nothing");
        assert_eq!(meant(""), None);
        assert_eq!(meant("something"), None);
    }
}
