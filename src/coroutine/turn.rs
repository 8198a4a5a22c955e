//! A generator as the controller of a switch.

use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use genawaiter::GeneratorState;

use super::{Resume, State, poll_once};
use crate::error::BodyError;

/// The handle of a generator that controls a switch: it names the target of every cycle.
pub struct Turn {
    co: genawaiter::sync::Co<()>,
    slot: Arc<Mutex<Slot>>,
}

/// What passes between the generator and the switch.
#[derive(Default)]
struct Slot {
    name: Option<String>,
    running: bool,
    /// Whether the generator was told to yield, which it must be once at the most between two resumes.
    yielded: bool,
}

impl Turn {
    /// Sends the next item to `target`; returns when the item after it wants a target.
    ///
    /// A name that is given up, because the future is dropped before the generator is suspended, is replaced by the next.
    /// Outside of its generator the handle does nothing.
    pub async fn to(&mut self, target: impl Into<String>) {
        let again = {
            let mut slot = lock(&self.slot);
            if !slot.running {
                return;
            }
            slot.name = Some(target.into());
            std::mem::replace(&mut slot.yielded, true)
        };
        if !again {
            drop(self.co.yield_(()));
        }
        poll_fn(|_| if lock(&self.slot).yielded { Poll::Pending } else { Poll::Ready(()) }).await;
    }
}

fn lock(slot: &Mutex<Slot>) -> MutexGuard<'_, Slot> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Turn").finish_non_exhaustive()
    }
}

/// A generator as the controller: asked once per cycle, gives a name, or says why it cannot.
pub(crate) struct Naming {
    resume: Box<dyn FnMut() -> Resume<()> + Send>,
    slot: Arc<Mutex<Slot>>,
    state: State,
}

impl Naming {
    pub(crate) fn new<F>(body: impl FnOnce(Turn) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let slot = Arc::default();
        let theirs = Arc::clone(&slot);
        let mut coroutine = genawaiter::sync::Gen::new(|co| body(Turn { co, slot: theirs }));
        let resume = Box::new(move || poll_once(coroutine.async_resume()));
        Self { resume, slot, state: State::Idle }
    }

    pub(crate) fn next(&mut self) -> Result<String, BodyError> {
        self.state.enter()?;
        {
            let mut slot = lock(&self.slot);
            slot.yielded = false;
            slot.running = true;
        }
        let resumed = (self.resume)();
        self.state = State::Idle;
        let mut slot = lock(&self.slot);
        slot.running = false;
        match resumed {
            Poll::Ready(GeneratorState::Yielded(())) => slot.name.take().ok_or(BodyError::Foreign),
            Poll::Ready(GeneratorState::Complete(())) => {
                self.state = State::Done;
                Err(BodyError::Returned)
            }
            Poll::Pending => Err(BodyError::Foreign),
        }
    }
}
