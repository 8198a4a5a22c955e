//! Where the flights come from and what they run on, as the command line says.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use lexopt::prelude::*;

use super::engine::Which;

pub(crate) const USAGE: &str = "\
Streams a month of flights through a pipeline and changes its route meanwhile.

Usage: flights [--engine ENGINE] [[--input] FILE]

  -e, --engine ENGINE  what the pipeline runs on: local (this thread), async (a
                       task) or threads; the output is the same to the byte
  -i, --input FILE     another file of the same form; `-` is the standard input
  -h, --help           this text
";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Args {
    pub(crate) input: Input,
    pub(crate) engine: Which,
}

/// Where the flights come from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Input {
    File(PathBuf),
    Standard,
    Help,
}

impl Args {
    /// Reads the command line, without the program's name; the month that is shipped if it names no file.
    pub(crate) fn read<I>(args: I) -> Result<Self, lexopt::Error>
    where
        I: IntoIterator,
        I::Item: Into<std::ffi::OsString>,
    {
        let mut parser = lexopt::Parser::from_args(args);
        let (mut input, mut engine) = (None, Which::default());
        while let Some(arg) = parser.next()? {
            let file = match arg {
                Short('h') | Long("help") => return Ok(Self { input: Input::Help, engine }),
                Short('e') | Long("engine") => {
                    engine = parser.value()?.parse()?;
                    continue;
                }
                Short('i') | Long("input") => parser.value()?,
                Value(file) => file,
                unknown => return Err(unknown.unexpected()),
            };
            if input.is_some() {
                return Err("one input at a time".into());
            }
            input = Some(if file == "-" { Input::Standard } else { Input::File(file.into()) });
        }
        let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/flights-2013-01.csv");
        Ok(Self { input: input.unwrap_or_else(|| Input::File(shipped.into())), engine })
    }
}

impl Input {
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
