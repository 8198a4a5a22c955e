//! What a script is played on: a pipeline, what can be put in, and what flows.

use std::error::Error;
use std::io::{BufRead, BufReader, Read};
use std::sync::{Arc, Mutex, PoisonError};

use coroute::{Library, Pipeline, Recording};

/// Items, or why there are no more.
pub(crate) type Items<In> = Box<dyn Iterator<Item = Result<In, Box<dyn Error>>>>;

/// What a script is played on.
pub(crate) struct Scene<In, Out> {
    pub(crate) pipeline: Pipeline<In, Out>,
    pub(crate) library: Library,
    pub(crate) items: Items<In>,
    pub(crate) recording: Recording,
    pub(crate) notes: Notes,
}

/// What taps have noted down.
#[derive(Clone, Default)]
pub(crate) struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    pub(crate) fn add(&self, note: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(note);
    }

    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The lines of a text with their numbers, from 1.
pub(crate) fn lines(input: impl Read + 'static) -> impl Iterator<Item = Result<(u64, String), Box<dyn Error>>> {
    (1..).zip(BufReader::new(input).lines()).map(|(number, line)| match line {
        Ok(line) => Ok((number, line)),
        Err(error) => Err(format!("cannot read line {number} of the input: {error}").into()),
    })
}
