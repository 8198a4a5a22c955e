//! Scripts as text.

use std::fmt;

use super::{Comparison, Condition, Count, Expectation, Script, Statement};
use crate::change::{Change, line};
use crate::name::{Name, Path};

/// Words that mean something in front of a pipeline's stages, so that a stage of that name stands in quotation marks.
const STAGES_WORDS: [&str; 2] = ["of", "none"];

impl fmt::Display for Script {
    /// A statement a line, each with its line's end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.statements.iter().try_for_each(|statement| writeln!(f, "{statement}"))
    }
}

/// One change as it is, and any other number of them as a block.
struct Block<'a>(&'a [Change]);

impl fmt::Display for Block<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            [] => f.write_str("{ }"),
            [change] => change.fmt(f),
            changes => write!(f, "{{ {} }}", line(changes)),
        }
    }
}

/// ` of PATH`, where there is one.
struct Of<'a>(Option<&'a Path>);

impl fmt::Display for Of<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |path| write!(f, " of {path}"))
    }
}

impl fmt::Display for Statement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At { cycle, changes } => write!(f, "at {cycle} {}", Block(changes)),
            Self::Every { period, from, to, changes } => {
                write!(f, "every {period} ")?;
                if from != period {
                    write!(f, "from {from} ")?;
                }
                to.iter().try_for_each(|to| write!(f, "to {to} "))?;
                Block(changes).fmt(f)
            }
            Self::When { condition, changes } => write!(f, "when {condition} {}", Block(changes)),
            Self::Expect { at: Some(cycle), what } => write!(f, "expect at {cycle} {what}"),
            Self::Expect { at: None, what } => write!(f, "expect {what}"),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{} {} {}", self.count, Of(self.of.as_ref()), self.is, self.number)
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sign())
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Route { switch, route } => write!(f, "{switch} -> {route}"),
            Self::Count(condition) => condition.fmt(f),
            Self::Stages { of, names } => {
                write!(f, "stages{} ", Of(of.as_ref()))?;
                stages(f, names)
            }
            Self::Has(path) => write!(f, "has {path}"),
            Self::No(path) => write!(f, "no {path}"),
            Self::Paused(true) => f.write_str("paused"),
            Self::Paused(false) => f.write_str("running"),
        }
    }
}

fn stages(f: &mut fmt::Formatter<'_>, names: &[Name]) -> fmt::Result {
    let Some((first, rest)) = names.split_first() else { return f.write_str("none") };
    if STAGES_WORDS.contains(&first.as_str()) {
        write!(f, "{first:?}")?;
    } else {
        write!(f, "{first}")?;
    }
    rest.iter().try_for_each(|name| write!(f, " > {name}"))
}
