//! The body of a source, and its handle.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::rc::Rc;

use futures::FutureExt;
use genawaiter::GeneratorState;

use super::{Resume, State};
use crate::error::{BodyError, NoReply};

/// The handle of a source's body: every [`send`](Outlet::send) is one cycle.
pub struct Outlet<In, Out> {
    co: genawaiter::rc::Co<In>,
    slot: Rc<Slot<Out>>,
}

/// What a source's body is answered.
pub(crate) type Reply<Out> = Result<Out, NoReply<Out>>;

struct Slot<Out> {
    reply: RefCell<Option<Reply<Out>>>,
    running: Cell<bool>,
}

impl<In, Out> Outlet<In, Out> {
    /// Sends `item` in the next cycle, to the target that the route then names, and waits for the reply.
    ///
    /// Nothing is sent before the future is awaited, nor if it is dropped before. While the pipeline holds its items back
    /// the source keeps this one in hand.
    ///
    /// # Errors
    ///
    /// [`NoReply`] when the cycle did not give exactly one output; [`BodyError::Escaped`] where the handle was carried out
    /// of its body.
    pub async fn send(&mut self, item: In) -> Reply<Out> {
        if !self.slot.running.get() {
            return Err(NoReply::Body(BodyError::Escaped));
        }
        self.co.yield_(item).await;
        self.slot.reply.take().unwrap_or(Err(NoReply::Body(BodyError::Escaped)))
    }
}

impl<In, Out> fmt::Debug for Outlet<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").finish_non_exhaustive()
    }
}

/// A source's body, one resume at a time.
pub(crate) struct Asking<In, Out, R> {
    resume: Box<dyn FnMut() -> Resume<In, R>>,
    slot: Rc<Slot<Out>>,
    state: State,
}

impl<In: 'static, Out: 'static, R: 'static> Asking<In, Out, R> {
    pub(crate) fn new<F>(body: impl FnOnce(Outlet<In, Out>) -> F) -> Self
    where
        F: Future<Output = R> + 'static,
    {
        let slot = Rc::new(Slot { reply: RefCell::new(None), running: Cell::new(false) });
        let theirs = Rc::clone(&slot);
        let mut coroutine = genawaiter::rc::Gen::new(|co| body(Outlet { co, slot: theirs }));
        let resume = Box::new(move || coroutine.async_resume().now_or_never());
        Self { resume, slot, state: State::Idle }
    }

    /// Resumes the body with the reply to its last item; it gives the next item, or its result.
    pub(crate) fn resume(&mut self, reply: Option<Reply<Out>>) -> Result<GeneratorState<In, R>, BodyError> {
        self.state.enter()?;
        if reply.is_some() {
            self.slot.reply.replace(reply);
        }
        self.slot.running.set(true);
        let resumed = (self.resume)();
        self.slot.running.set(false);
        self.state = State::Idle;
        match resumed {
            Some(GeneratorState::Complete(result)) => {
                self.state = State::Done;
                Ok(GeneratorState::Complete(result))
            }
            Some(yielded) => Ok(yielded),
            None => Err(BodyError::Foreign),
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }
}
