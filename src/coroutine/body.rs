//! A stage whose body is a coroutine.

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use genawaiter::GeneratorState;

use super::{Resume, State, poll_once};
use crate::error::BodyError;
use crate::stage::{Output, Stage};

/// A stage whose body is a coroutine: it receives items, emits what it likes, and sees the end of the stream.
///
/// The body runs when an item comes, until it asks for the next one. When [`recv`](Io::recv) gives `None` it emits what
/// it still has and returns; a body that returns earlier makes every later item fail.
///
/// # Examples
///
/// ```
/// use coroute::{Pipeline, body};
///
/// let pairs = body(|mut io| async move {
///     while let Some(first) = io.recv().await {
///         io.hold(1);
///         let second = io.recv().await.unwrap_or(0);
///         io.hold(0);
///         io.emit(first + second);
///     }
/// });
/// let mut pipeline = Pipeline::new("sums").stage("pairs", pairs);
/// let mut sums: Vec<i64> = Vec::new();
/// pipeline.send_all([1, 2, 3], |sum| sums.push(sum))?;
/// pipeline.finish(|sum| sums.push(sum))?;
/// assert_eq!(sums, [3, 3]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn body<In, Out, F>(body: impl FnOnce(Io<In, Out>) -> F) -> Body<In, Out>
where
    In: Send + 'static,
    Out: Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let shared = Arc::new(Mutex::new(Exchange::default()));
    let theirs = Arc::clone(&shared);
    let mut coroutine = genawaiter::sync::Gen::new(|co| {
        body(Io { shared: theirs, co, inbox: VecDeque::new(), outbox: Vec::new(), end: End::NotYet })
    });
    let resume = Box::new(move || poll_once(coroutine.async_resume()));
    Body { shared, resume, state: State::Idle }
}

/// See [`body`].
pub struct Body<In, Out> {
    shared: Arc<Mutex<Exchange<In, Out>>>,
    resume: Box<dyn FnMut() -> Resume<()> + Send>,
    state: State,
}

/// What passes between a body and its stage: whole queues, so that the lock is taken per resume and not per item.
struct Exchange<In, Out> {
    inbox: VecDeque<In>,
    outbox: Vec<Out>,
    held: usize,
    ended: bool,
    /// The body was told of the end and asks on.
    greedy: bool,
    running: bool,
    /// Whether the generator was told to yield, which it must be once at the most between two resumes. Who waits does so
    /// until the next.
    yielded: bool,
}

impl<In, Out> Default for Exchange<In, Out> {
    fn default() -> Self {
        Self {
            inbox: VecDeque::new(),
            outbox: Vec::new(),
            held: 0,
            ended: false,
            greedy: false,
            running: false,
            yielded: false,
        }
    }
}

/// The handle of a [`body`]: items in, items out.
pub struct Io<In, Out> {
    shared: Arc<Mutex<Exchange<In, Out>>>,
    co: genawaiter::sync::Co<()>,
    inbox: VecDeque<In>,
    outbox: Vec<Out>,
    end: End,
}

#[derive(PartialEq)]
enum End {
    NotYet,
    Seen,
    Told,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<In, Out> Io<In, Out> {
    /// Waits for the next item; `None` is the end of the stream, or that the stage is about to be taken out.
    ///
    /// Dropping the returned future before it is done loses nothing. Outside of its body the handle receives nothing.
    pub async fn recv(&mut self) -> Option<In> {
        loop {
            if let Some(item) = self.inbox.pop_front() {
                return Some(item);
            }
            self.exchange()?;
            if self.inbox.is_empty() {
                match self.end {
                    End::NotYet => self.pause().await,
                    End::Seen => {
                        self.end = End::Told;
                        return None;
                    }
                    // The stage finds a body that neither yields nor returns, and says so.
                    End::Told => {
                        lock(&self.shared).greedy = true;
                        std::future::pending().await
                    }
                }
            }
        }
    }

    /// Suspends the body until the next resume.
    async fn pause(&self) {
        if !std::mem::replace(&mut lock(&self.shared).yielded, true) {
            drop(self.co.yield_(()));
        }
        poll_fn(|_| if lock(&self.shared).yielded { Poll::Pending } else { Poll::Ready(()) }).await;
    }

    /// Gives `item` on, after all that was emitted before.
    pub fn emit(&mut self, item: Out) {
        self.outbox.push(item);
    }

    /// Says how many items the body holds back now, for the ledger's count of items in flight.
    pub fn hold(&mut self, items: usize) {
        lock(&self.shared).held = items;
    }

    /// Swaps what there is on both sides, if the body is running.
    fn exchange(&mut self) -> Option<()> {
        let mut shared = lock(&self.shared);
        if !shared.running {
            return None;
        }
        shared.outbox.append(&mut self.outbox);
        std::mem::swap(&mut shared.inbox, &mut self.inbox);
        if shared.ended && self.end == End::NotYet {
            self.end = End::Seen;
        }
        Some(())
    }
}

impl<In, Out> Drop for Io<In, Out> {
    fn drop(&mut self) {
        lock(&self.shared).outbox.append(&mut self.outbox);
    }
}

impl<In, Out> Body<In, Out> {
    fn resume(&mut self) -> Result<(), BodyError> {
        self.state.enter()?;
        {
            let mut shared = lock(&self.shared);
            shared.yielded = false;
            shared.running = true;
        }
        let resumed = (self.resume)();
        lock(&self.shared).running = false;
        match resumed {
            Poll::Ready(GeneratorState::Yielded(())) => self.state = State::Idle,
            Poll::Ready(GeneratorState::Complete(())) => self.state = State::Done,
            Poll::Pending => {
                self.state = State::Idle;
                return Err(if lock(&self.shared).greedy { BodyError::AfterEnd } else { BodyError::Foreign });
            }
        }
        Ok(())
    }

    /// Runs the body on what is in the inbox; what it did not take is handed back with the reason.
    fn run(&mut self, out: &mut Output<'_, Out>) -> Result<(), (Option<In>, BodyError)> {
        let resumed = self.resume();
        let mut shared = lock(&self.shared);
        shared.outbox.drain(..).for_each(|made| out.emit(made));
        let left = shared.inbox.pop_front();
        match resumed {
            Err(error) => Err((left, error)),
            Ok(()) if left.is_some() => Err((left, BodyError::Returned)),
            Ok(()) => Ok(()),
        }
    }
}

impl<In: Send + 'static, Out: Send + 'static> Stage<In> for Body<In, Out> {
    type Out = Out;

    fn process(&mut self, item: In, out: &mut Output<'_, Out>) {
        lock(&self.shared).inbox.push_back(item);
        match self.run(out) {
            Ok(()) => {}
            Err((Some(item), error)) => out.fail(item, error),
            // The body has the item, and cannot go on.
            Err((None, error)) => out.fail((), error),
        }
    }

    /// Tells the body of the end of the stream. A body that does not return then is left as it is.
    fn finish(&mut self, out: &mut Output<'_, Out>) {
        lock(&self.shared).ended = true;
        if self.state == State::Idle {
            // Nothing is in the inbox now, so no item can be lost.
            let _ = self.run(out);
        }
    }

    fn held(&self) -> usize {
        lock(&self.shared).held
    }
}

impl<In, Out> fmt::Debug for Body<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("state", &self.state).finish_non_exhaustive()
    }
}

impl<In, Out> fmt::Debug for Io<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Io").finish_non_exhaustive()
    }
}
