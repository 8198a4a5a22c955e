//! The command line.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use lexopt::prelude::*;

pub(crate) const USAGE: &str = "\
Plays a script of edits on a pipeline while items flow, and shows what that did.

Usage: script [OPTIONS] SCRIPT
       script --list --pipeline NAME

The script is a file of statements such as `at 1000 route model -> v2`. A comment in front of the first statement says
which pipeline it is for: `# pipeline: flights`.

  -p, --pipeline NAME  the pipeline, in place of the one that the script names:
                         flights  a month of flights, its delays forecast and stored
                         text     lines of text, trimmed and rendered
                         sum      numbers through three functions in a row
                         source   numbers to one of two functions
  -i, --input FILE     the lines that flow, in place of those shipped for the pipeline; `-` is the standard input
  -c, --check          only looks for mistakes; nothing flows
  -f, --format FORM    text, if nothing is said; json; mermaid or dot, for the pipeline at the end as a picture
  -l, --list           the pipeline, and what its scripts can put in
  -h, --help           this text

Exit codes: 0, all is well; 1, the script has mistakes, an expectation was not met, or the run stopped in the middle; 2, there
is something wrong with the command line or with a file.
";

/// The pipelines that scripts can be played on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Which {
    Flights,
    Text,
    Sum,
    Source,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Json,
    Mermaid,
    Dot,
}

/// What is to be done.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Task {
    Play,
    Check,
    List,
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) task: Task,
    /// None for `--list` alone.
    pub(crate) script: Option<PathBuf>,
    pub(crate) pipeline: Option<Which>,
    /// None for what is shipped; `-` is the standard input.
    pub(crate) input: Option<PathBuf>,
    pub(crate) form: Form,
}

impl Which {
    const ALL: [(&str, Self); 4] =
        [("flights", Self::Flights), ("text", Self::Text), ("sum", Self::Sum), ("source", Self::Source)];

    pub(crate) fn from_name(name: &str) -> Result<Self, String> {
        one_of(&Self::ALL, name).map_err(|known| format!("there is no pipeline {name:?}; there is {known}"))
    }

    /// The lines that flow if nothing else is said.
    fn shipped(self) -> &'static str {
        match self {
            Self::Flights => concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/flights-2013-01.csv"),
            Self::Text => concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/text.txt"),
            Self::Sum => concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/sum.txt"),
            Self::Source => concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/source.txt"),
        }
    }
}

impl Form {
    const ALL: [(&str, Self); 4] =
        [("text", Self::Text), ("json", Self::Json), ("mermaid", Self::Mermaid), ("dot", Self::Dot)];
}

/// What is called `name`, or the names that there are.
fn one_of<T: Copy>(all: &[(&str, T)], name: &str) -> Result<T, String> {
    let names = || all.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
    all.iter().find(|(known, _)| *known == name).map(|(_, value)| *value).ok_or_else(names)
}

impl Options {
    /// Reads the command line, without the program's name; none if it asks for help.
    pub(crate) fn from_args<A>(args: A) -> Result<Option<Self>, lexopt::Error>
    where
        A: IntoIterator,
        A::Item: Into<OsString>,
    {
        let mut parser = lexopt::Parser::from_args(args);
        let mut options = Self { task: Task::Play, script: None, pipeline: None, input: None, form: Form::Text };
        while let Some(arg) = parser.next()? {
            match arg {
                Short('h') | Long("help") => return Ok(None),
                Short('c') | Long("check") => options.task = Task::Check,
                Short('l') | Long("list") => options.task = Task::List,
                Short('i') | Long("input") => options.input = Some(parser.value()?.into()),
                Short('p') | Long("pipeline") => {
                    options.pipeline = Some(Which::from_name(&parser.value()?.to_string_lossy())?);
                }
                Short('f') | Long("format") => {
                    let form = parser.value()?;
                    let form = form.to_string_lossy();
                    options.form = one_of(&Form::ALL, &form)
                        .map_err(|known| format!("there is no form {form:?}; there is {known}"))?;
                }
                Value(file) if options.script.is_none() => options.script = Some(file.into()),
                Value(_) => return Err("one script at a time".into()),
                unknown => return Err(unknown.unexpected()),
            }
        }
        match options {
            Self { script: None, task: Task::Play | Task::Check, .. } => {
                Err("which script? Name a file, such as examples/scripts/canary.route; --help says more".into())
            }
            Self { script: None, pipeline: None, .. } => Err("a list of what? Add --pipeline NAME".into()),
            options => Ok(Some(options)),
        }
    }

    /// Opens the lines that flow.
    pub(crate) fn open(&self, which: Which) -> Result<Box<dyn Read>, String> {
        let path = match &self.input {
            Some(path) if path.as_os_str() == "-" => return Ok(Box::new(io::stdin().lock())),
            Some(path) => path.clone(),
            None => which.shipped().into(),
        };
        let file = File::open(&path).map_err(|error| format!("cannot open {}: {error}", path.display()))?;
        Ok(Box::new(file))
    }
}
