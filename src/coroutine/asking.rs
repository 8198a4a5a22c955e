//! The body of a source, and its handle.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use genawaiter::GeneratorState;

use super::{Resume, State, poll_once};
use crate::error::{BodyError, NoReply};

/// The handle of a source's body: every [`send`](Outlet::send) is one cycle.
pub struct Outlet<In, Out> {
    co: genawaiter::rc::Co<()>,
    slot: Rc<Slot<In, Out>>,
}

/// What passes between a body and its source. The generator itself is told only that something does.
struct Slot<In, Out> {
    item: Cell<Option<In>>,
    output: Cell<Option<Out>>,
    /// Why there is no output.
    refused: Cell<Option<NoReply<Out>>>,
    state: Cell<State>,
    /// Whether the generator was told to yield, which it must be once at the most between two resumes. Who waits does so
    /// until the next.
    yielded: Cell<bool>,
}

/// A send under way: by hand and not an `async fn`, because every item of a source passes here.
struct Sending<'a, In, Out> {
    outlet: &'a Outlet<In, Out>,
    /// Gone with the first poll.
    item: Option<In>,
}

impl<In, Out> Unpin for Sending<'_, In, Out> {}

impl<In, Out> Future for Sending<'_, In, Out> {
    type Output = Result<Out, NoReply<Out>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let slot = &*self.outlet.slot;
        if let Some(item) = self.item.take() {
            if slot.state.get() != State::Running {
                return Poll::Ready(Err(NoReply::Body(BodyError::Escaped)));
            }
            slot.item.set(Some(item));
            if !slot.yielded.replace(true) {
                drop(self.outlet.co.yield_(()));
            }
        }
        if slot.yielded.get() {
            return Poll::Pending;
        }
        // Nothing was said where a stage panicked.
        Poll::Ready(slot.output.take().ok_or_else(|| slot.refused.take().unwrap_or(NoReply::Failed)))
    }
}

/// Takes the item back where the send is given up before the source has taken it.
impl<In, Out> Drop for Sending<'_, In, Out> {
    #[inline]
    fn drop(&mut self) {
        self.outlet.slot.item.take();
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
    pub fn send(&mut self, item: In) -> impl Future<Output = Result<Out, NoReply<Out>>> + use<'_, In, Out> {
        Sending { outlet: self, item: Some(item) }
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
            output: Cell::new(None),
            refused: Cell::new(None),
            state: Cell::new(State::Idle),
            yielded: Cell::new(false),
        });
        let theirs = Rc::clone(&slot);
        let mut coroutine = genawaiter::rc::Gen::new(|co| body(Outlet { co, slot: theirs }));
        let resume = Box::new(move || poll_once(coroutine.async_resume()));
        Self { resume, slot }
    }

    /// Lays down the output that the body's last item gave, for the next resume.
    #[inline]
    pub(crate) fn answer(&mut self, output: Out) {
        self.slot.output.set(Some(output));
    }

    /// Lays down why the body's last item gave no output.
    pub(crate) fn refuse(&mut self, refusal: NoReply<Out>) {
        self.slot.refused.set(Some(refusal));
    }

    /// Looks at what was laid down.
    pub(crate) fn answered<T>(&self, look: impl FnOnce(Option<&Out>, Option<&NoReply<Out>>) -> T) -> T {
        /// Puts it back, whatever happens.
        struct Back<'a, T>(&'a Cell<Option<T>>, Option<T>);
        impl<T> Drop for Back<'_, T> {
            fn drop(&mut self) {
                self.0.set(self.1.take());
            }
        }
        let output = Back(&self.slot.output, self.slot.output.take());
        let refused = Back(&self.slot.refused, self.slot.refused.take());
        look(output.1.as_ref(), refused.1.as_ref())
    }

    /// Resumes the body with the reply to its last item; it gives the next item, or its result.
    #[inline]
    pub(crate) fn resume(&mut self) -> Result<GeneratorState<In, R>, BodyError> {
        let slot = &*self.slot;
        slot.state.set(slot.state.get().entered()?);
        slot.yielded.set(false);
        let resumed = (self.resume)();
        slot.state.set(State::Idle);
        // A reply that the body did not wait for is not one to its next item.
        slot.output.set(None);
        slot.refused.set(None);
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
