//! The command line.

use std::ffi::OsString;

use lexopt::prelude::*;

pub(crate) const USAGE: &str = "\
Tails a growing file and ships its lines to two receivers over TCP; one of them dies, the other stops reading.

Usage: ship [--lines N] [--seed N]

  -n, --lines N   how many lines are written to the file (4000)
  -s, --seed N    in which pieces they are written (0)
  -h, --help      this text
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Args {
    pub(crate) lines: u64,
    pub(crate) seed: u64,
}

impl Args {
    /// Reads the command line, without the program's name; `None` if it asks for help.
    pub(crate) fn read<I>(args: I) -> Result<Option<Self>, lexopt::Error>
    where
        I: IntoIterator,
        I::Item: Into<OsString>,
    {
        let mut parser = lexopt::Parser::from_args(args);
        let mut read = Self { lines: 4000, seed: 0 };
        while let Some(arg) = parser.next()? {
            match arg {
                Short('h') | Long("help") => return Ok(None),
                Short('n') | Long("lines") => read.lines = parser.value()?.parse()?,
                Short('s') | Long("seed") => read.seed = parser.value()?.parse()?,
                unknown => return Err(unknown.unexpected()),
            }
        }
        Ok(Some(read))
    }
}
