//! A generator as the controller of a switch.

use std::fmt;
use std::future::Future;

use futures::FutureExt;
use genawaiter::GeneratorState;

use super::{Resume, State};
use crate::error::BodyError;

/// The handle of a generator that controls a switch: it names the target of every cycle.
pub struct Turn {
    co: genawaiter::sync::Co<String>,
}

impl Turn {
    /// Sends the next item to `target`; returns when the item after it wants a target.
    pub async fn to(&mut self, target: impl Into<String>) {
        self.co.yield_(target.into()).await;
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

/// A generator as the controller: asked once per cycle, gives a name, or `None` when it has returned.
pub(crate) struct Naming {
    resume: Box<dyn FnMut() -> Resume<String, ()> + Send>,
    state: State,
}

impl Naming {
    pub(crate) fn new<F>(body: impl FnOnce(Turn) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let mut coroutine = genawaiter::sync::Gen::new(|co| body(Turn { co }));
        Self { resume: Box::new(move || coroutine.async_resume().now_or_never()), state: State::Idle }
    }

    pub(crate) fn next(&mut self) -> Result<String, BodyError> {
        self.state.enter()?;
        let resumed = (self.resume)();
        self.state = State::Idle;
        match resumed {
            Some(GeneratorState::Yielded(name)) => Ok(name),
            Some(GeneratorState::Complete(())) => {
                self.state = State::Done;
                Err(BodyError::Returned)
            }
            None => Err(BodyError::Foreign),
        }
    }
}
