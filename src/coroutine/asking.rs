//! The body of a source, and its handle.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::task::Poll;

use genawaiter::GeneratorState;

use super::{Resume, State, poll_once};
use crate::error::{BodyError, NoReply};

/// The handle of a source's body: every [`send`](Outlet::send) is one cycle.
pub struct Outlet<In, Out> {
    co: genawaiter::rc::Co<()>,
    slot: Rc<Slot<In, Out>>,
}

/// What a source's body is answered.
type Reply<Out> = Result<Out, NoReply<Out>>;

/// What passes between a body and its source. The generator itself is told only that something does.
struct Slot<In, Out> {
    item: Cell<Option<In>>,
    reply: Cell<Option<Reply<Out>>>,
    state: Cell<State>,
    /// Whether the generator was told to yield, which it must be once at the most between two resumes. Who waits does so
    /// until the next.
    yielded: Cell<bool>,
}

/// Takes the item back where the send is given up before the source has taken it.
struct Offer<'a, In, Out>(&'a Slot<In, Out>);

impl<In, Out> Drop for Offer<'_, In, Out> {
    fn drop(&mut self) {
        self.0.item.take();
    }
}

impl<In, Out> Outlet<In, Out> {
    /// Sends `item` in the next cycle, to the target that the route then names, and waits for the reply.
    ///
    /// Nothing is sent before the future is awaited, nor if it is dropped before the body is suspended. While the pipeline
    /// holds its items back the source keeps this one in hand.
    ///
    /// # Errors
    ///
    /// [`NoReply`] when the cycle did not give exactly one output; [`BodyError::Escaped`] where the handle was carried out
    /// of its body.
    pub async fn send(&mut self, item: In) -> Reply<Out> {
        let slot = &*self.slot;
        if slot.state.get() != State::Running {
            return Err(NoReply::Body(BodyError::Escaped));
        }
        slot.item.set(Some(item));
        let offer = Offer(slot);
        if !slot.yielded.replace(true) {
            drop(self.co.yield_(()));
        }
        poll_fn(|_| if slot.yielded.get() { Poll::Pending } else { Poll::Ready(()) }).await;
        // The source has the item.
        std::mem::forget(offer);
        // No reply was left where a stage panicked.
        slot.reply.take().unwrap_or(Err(NoReply::Failed))
    }
}

impl<In, Out> fmt::Debug for Outlet<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").finish_non_exhaustive()
    }
}

/// A source's body, one resume at a time.
pub(crate) struct Asking<In, Out, R> {
    resume: Box<dyn FnMut() -> Resume<R>>,
    slot: Rc<Slot<In, Out>>,
}

impl<In: 'static, Out: 'static, R: 'static> Asking<In, Out, R> {
    pub(crate) fn new<F>(body: impl FnOnce(Outlet<In, Out>) -> F) -> Self
    where
        F: Future<Output = R> + 'static,
    {
        let slot = Rc::new(Slot {
            item: Cell::new(None),
            reply: Cell::new(None),
            state: Cell::new(State::Idle),
            yielded: Cell::new(false),
        });
        let theirs = Rc::clone(&slot);
        let mut coroutine = genawaiter::rc::Gen::new(|co| body(Outlet { co, slot: theirs }));
        let resume = Box::new(move || poll_once(coroutine.async_resume()));
        Self { resume, slot }
    }

    /// Lays down the reply to the body's last item, for the next resume.
    #[inline]
    pub(crate) fn answer(&mut self, reply: Reply<Out>) {
        self.slot.reply.set(Some(reply));
    }

    /// Looks at the reply that was laid down.
    pub(crate) fn answered<T>(&self, look: impl FnOnce(Option<&Reply<Out>>) -> T) -> T {
        /// Puts it back, whatever happens.
        struct Back<'a, T>(&'a Cell<Option<T>>, Option<T>);
        impl<T> Drop for Back<'_, T> {
            fn drop(&mut self) {
                self.0.set(self.1.take());
            }
        }
        let reply = Back(&self.slot.reply, self.slot.reply.take());
        look(reply.1.as_ref())
    }

    /// Resumes the body with the reply to its last item; it gives the next item, or its result.
    #[inline]
    pub(crate) fn resume(&mut self) -> Result<GeneratorState<In, R>, BodyError> {
        let slot = &*self.slot;
        slot.state.set(slot.state.get().entered()?);
        slot.yielded.set(false);
        let resumed = (self.resume)();
        slot.state.set(State::Idle);
        match resumed {
            // Without an item the send was given up, and the body waits for something else.
            Poll::Ready(GeneratorState::Yielded(())) => {
                slot.item.take().map(GeneratorState::Yielded).ok_or(BodyError::Foreign)
            }
            Poll::Ready(GeneratorState::Complete(result)) => {
                slot.state.set(State::Done);
                Ok(GeneratorState::Complete(result))
            }
            Poll::Pending => Err(BodyError::Foreign),
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.slot.state.get() == State::Done
    }
}
