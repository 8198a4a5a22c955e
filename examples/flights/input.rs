//! Where the flights come from, as the command line says.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use lexopt::prelude::*;

pub(crate) const USAGE: &str = "\
Streams a month of flights through a pipeline and changes its route meanwhile.

Usage: flights [[--input] FILE]

  -i, --input FILE   another file of the same form; `-` is the standard input
  -h, --help         this text
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    File(PathBuf),
    Standard,
    Help,
}

impl Input {
    /// Reads the command line, without the program's name; the month that is shipped if it names no file.
    pub(crate) fn from_args<I>(args: I) -> Result<Self, lexopt::Error>
    where
        I: IntoIterator,
        I::Item: Into<std::ffi::OsString>,
    {
        let mut parser = lexopt::Parser::from_args(args);
        let mut input = None;
        while let Some(arg) = parser.next()? {
            let file = match arg {
                Short('h') | Long("help") => return Ok(Self::Help),
                Short('i') | Long("input") => parser.value()?,
                Value(file) => file,
                unknown => return Err(unknown.unexpected()),
            };
            if input.is_some() {
                return Err("one input at a time".into());
            }
            input = Some(if file == "-" { Self::Standard } else { Self::File(file.into()) });
        }
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/flights-2013-01.csv");
        Ok(input.unwrap_or_else(|| Self::File(shipped.into())))
    }

    /// Opens it, and says how many bytes it has where that is known.
    pub(crate) fn open(&self) -> Result<(Box<dyn Read>, Option<u64>), String> {
        let path = match self {
            Self::Help => return Ok((Box::new(io::empty()), None)),
            Self::Standard => return Ok((Box::new(io::stdin().lock()), None)),
            Self::File(path) => path,
        };
        let opened = File::open(path).and_then(|file| {
            let about = file.metadata()?;
            if about.is_dir() { Err(io::ErrorKind::IsADirectory.into()) } else { Ok((file, about)) }
        });
        let (file, about) = opened.map_err(|error| format!("cannot open {}: {error}", path.display()))?;
        // A pipe or a device has no length to speak of.
        Ok((Box::new(file), about.is_file().then_some(about.len())))
    }
}
