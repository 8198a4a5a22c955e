//! Coroutine bodies on `genawaiter`, with errors where it would panic.
//!
//! Three shapes, all of them `async` blocks that are resumed by hand and never by an executor:
//!
//! | shape | handle | runs on | a resume costs |
//! | --- | --- | --- | --- |
//! | [`body`]: a stage that receives and emits | [`Io`] | any thread (`genawaiter::sync`) | once per item, or per batch |
//! | the body of a [`Source`](crate::Source) | [`Outlet`] | its own thread (`genawaiter::rc`) | once per cycle |
//! | the controller of a switch, [`Route::generator`](crate::Route::generator) | [`Turn`] | any thread (`sync`) | once per cycle |
//!
//! What a bare generator does not forgive comes out as a [`BodyError`] here. The handles are not the generator's own: a
//! value waits in a slot of ours, the body is polled exactly once per resume, and a poll that neither yields nor returns
//! is told apart from both. Every handle's method takes `&mut self` and is lazy, so two sends at once do not compile.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use genawaiter::GeneratorState;

use crate::error::{BodyError, NoReply};
use crate::stage::{Output, Stage};

/// How a resume ended: the body yielded, returned, or waits for something else.
type Resume<Y, R> = Option<GeneratorState<Y, R>>;

/// Where a body is; set before each resume, so that a panic leaves `Running` behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Running,
    Done,
}

impl State {
    /// Marks the body as running.
    fn enter(&mut self) -> Result<(), BodyError> {
        match self {
            Self::Idle => *self = Self::Running,
            Self::Running => return Err(BodyError::Panicked),
            Self::Done => return Err(BodyError::Returned),
        }
        Ok(())
    }
}

// ---- a stage -------------------------------------------------------------------------------------------------------

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
    let resume = Box::new(move || coroutine.async_resume().now_or_never());
    Body { shared, resume, state: State::Idle }
}

/// See [`body`].
pub struct Body<In, Out> {
    shared: Arc<Mutex<Exchange<In, Out>>>,
    resume: Box<dyn FnMut() -> Resume<(), ()> + Send>,
    state: State,
}

/// What passes between a body and its stage: whole queues, so that the lock is taken per resume and not per item.
struct Exchange<In, Out> {
    inbox: VecDeque<In>,
    outbox: Vec<Out>,
    held: usize,
    ended: bool,
}

impl<In, Out> Default for Exchange<In, Out> {
    fn default() -> Self {
        Self { inbox: VecDeque::new(), outbox: Vec::new(), held: 0, ended: false }
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
    /// Dropping the returned future before it is done loses nothing.
    pub async fn recv(&mut self) -> Option<In> {
        loop {
            if let Some(item) = self.inbox.pop_front() {
                return Some(item);
            }
            self.exchange();
            if self.inbox.is_empty() {
                match self.end {
                    End::NotYet => self.co.yield_(()).await,
                    End::Seen => {
                        self.end = End::Told;
                        return None;
                    }
                    // The stage finds a body that neither yields nor returns, and says so.
                    End::Told => std::future::pending().await,
                }
            }
        }
    }

    /// Gives `item` on, after all that was emitted before.
    pub fn emit(&mut self, item: Out) {
        self.outbox.push(item);
    }

    /// Says how many items the body holds back now, for the ledger's count of items in flight.
    pub fn hold(&mut self, items: usize) {
        lock(&self.shared).held = items;
    }

    fn exchange(&mut self) {
        let mut shared = lock(&self.shared);
        shared.outbox.append(&mut self.outbox);
        std::mem::swap(&mut shared.inbox, &mut self.inbox);
        if shared.ended && self.end == End::NotYet {
            self.end = End::Seen;
        }
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
        match (self.resume)() {
            Some(GeneratorState::Yielded(())) => self.state = State::Idle,
            Some(GeneratorState::Complete(())) => self.state = State::Done,
            None => {
                self.state = State::Idle;
                return Err(if lock(&self.shared).ended { BodyError::AfterEnd } else { BodyError::Foreign });
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
            Ok(()) | Err((None, _)) => {}
            Err((Some(item), error)) => out.fail(item, error),
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

// ---- a source ------------------------------------------------------------------------------------------------------

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

// ---- the controller of a switch ------------------------------------------------------------------------------------

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
