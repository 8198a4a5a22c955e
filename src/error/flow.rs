//! What a pipeline that a task runs has to say.

use std::error::Error;
use std::fmt;

use super::Hold;
use crate::failure::Failure;

/// What came of an item, or of all, instead of outputs. The stream goes on behind it.
#[derive(Debug)]
#[non_exhaustive]
pub enum FlowError {
    /// An item failed, and the pipeline's [`OnFailure`](crate::OnFailure) leaves it to the caller; the item is in it, where
    /// it can be had.
    Failed(Box<Failure>),
    /// The pipeline takes no item any more, until it is edited ([`Hold::Poisoned`]), or at all ([`Hold::Finished`],
    /// [`Hold::Build`]). A stream says it once, a sink every time that it is asked.
    Held(Box<Hold>),
}

impl fmt::Display for FlowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(failure) => failure.fmt(f),
            Self::Held(hold) => hold.fmt(f),
        }
    }
}

impl From<Failure> for FlowError {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

impl Error for FlowError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Failed(failure) => failure.source(),
            Self::Held(_) => None,
        }
    }
}
