//! Changes as text.

use std::fmt;

use super::{Change, Made, Position};

/// A name or a path; in quotes for an error message, which asks for the alternate form.
struct Quoted<'a, T>(&'a T);

impl<T: fmt::Display> fmt::Display for Quoted<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if f.alternate() { write!(f, "{:?}", self.0.to_string()) } else { self.0.fmt(f) }
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Quoted(&self.maker).fmt(f)?;
        if self.maker == self.name {
            return Ok(());
        }
        f.write_str(" as ")?;
        Quoted(&self.name).fmt(f)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (words, path) = match self {
            Self::Front(None) => return f.write_str("at the front"),
            Self::Back(None) => return f.write_str("at the back"),
            Self::Front(Some(path)) => ("at the front of ", path),
            Self::Back(Some(path)) => ("at the back of ", path),
            Self::Before(path) => ("before ", path),
            Self::After(path) => ("after ", path),
        };
        f.write_str(words)?;
        Quoted(path).fmt(f)
    }
}

impl fmt::Display for Change {
    /// Names are in quotes in the alternate form, for error messages.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_error = f.alternate();
        let mut say = |words: &str, thing: &dyn fmt::Display| {
            f.write_str(words)?;
            thing.fmt(f)
        };
        match self {
            Self::Route { switch, route } => {
                say("route ", &Quoted(switch))?;
                say(" -> ", route)
            }
            Self::Insert { stage, at } => {
                say("insert ", stage)?;
                say(" ", at)
            }
            Self::Remove { stage } => say("remove ", &Quoted(stage)),
            Self::Replace { stage, with, keeping } => {
                say("replace ", &Quoted(stage))?;
                with.iter().try_for_each(|maker| say(" with ", &Quoted(maker)))?;
                if *keeping { say(" keeping its state", &"") } else { Ok(()) }
            }
            Self::Rename { stage, to } => {
                say("rename ", &Quoted(stage))?;
                say(" to ", &Quoted(to))
            }
            Self::Move { stage, to } => {
                say("move ", &Quoted(stage))?;
                say(" ", to)
            }
            Self::Attach { target, switch } => {
                say("attach ", target)?;
                say(" to ", &Quoted(switch))
            }
            Self::Detach { target, switch } => {
                say("detach ", &Quoted(target))?;
                say(" from ", &Quoted(switch))
            }
            Self::Tap { stage, tap } => {
                say("tap ", &Quoted(stage))?;
                say(" with ", tap)
            }
            Self::Workers { stage, count } if is_error => {
                say("give ", &Quoted(stage))?;
                say(" ", count)?;
                say(if *count == 1 { " worker" } else { " workers" }, &"")
            }
            Self::Workers { stage, count } => {
                say("workers ", stage)?;
                say(" ", count)
            }
            Self::Pause => say("pause", &""),
            Self::Resume => say("resume", &""),
        }
    }
}

/// Changes in a line, as an edit prints them.
pub(crate) fn line(changes: &[Change]) -> String {
    changes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// As its text.
#[cfg(feature = "serde")]
impl serde::Serialize for Change {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
