//! What a commit gives back: the revision, the cut, and the stages that were taken out.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use futures::task::AtomicWaker;

use crate::error::TakeError;
use crate::knot::{Knot, Taken};
use crate::model::Entry;
use crate::name::{Path, Type};

/// Where an edit took effect in the stream of items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Cut {
    /// The last item that was processed without the edit, as its cycle (0 for the first item); `None` if there was none.
    pub last_old: Option<u64>,
    /// The first item that the edit governs, as its cycle; it may not have come yet.
    pub first_new: u64,
}

/// The proof of a commit.
///
/// The edit is applied at the pipeline's next cycle; from then on the receipt knows the [`Cut`], and has the stages that
/// the edit took out, each with its state. A receipt may be dropped: the edit stays committed.
///
/// To wait for the cut there are [`wait`](Receipt::wait), which blocks, and [`applied`](Receipt::applied), which is awaited.
///
/// # Examples
///
/// ```
/// use coroute::{Output, Pipeline, Stage};
///
/// #[derive(Debug)]
/// struct Count(u64);
///
/// impl Stage<i64> for Count {
///     type Out = i64;
///     fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
///         self.0 += 1;
///         out.emit(item);
///     }
/// }
///
/// let mut pipeline = Pipeline::new("p").stage("count", Count(0));
/// pipeline.send_all(0..7, |_| ())?;
/// let receipt = pipeline.controller().remove("count")?;
/// assert_eq!(receipt.cut(), None, "applied at the next cycle");
/// pipeline.call(7)?;
/// assert_eq!(receipt.cut().unwrap().first_new, 7);
/// assert_eq!(receipt.take::<Count>("count")?.0, 7);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Receipt {
    revision: u64,
    cell: Arc<Cell>,
}

/// What pipeline and receipt share.
pub(crate) struct Cell {
    state: Mutex<State>,
    changed: Condvar,
    waker: AtomicWaker,
}

#[derive(Default)]
struct State {
    cut: Option<Cut>,
    /// Whether a thread waits; a condition variable that is notified in vain still asks the operating system.
    awaited: bool,
    /// Whether the pipeline was dropped before.
    gone: bool,
    /// The entries that the edit took out of the model, with the path they had.
    entries: Vec<(Path, Entry)>,
    stages: Taken,
}

impl Cell {
    pub(crate) fn new(entries: Vec<(Path, Entry)>) -> Self {
        let state = State { entries, ..State::default() };
        Self { state: Mutex::new(state), changed: Condvar::new(), waker: AtomicWaker::new() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn apply(&self, cut: Cut, taken: Taken) {
        let mut state = self.lock();
        state.cut = Some(cut);
        state.stages = taken;
        let awaited = state.awaited;
        drop(state);
        if awaited {
            self.changed.notify_all();
        }
        self.waker.wake();
    }

    /// The edit will not be applied.
    pub(crate) fn abandon(&self) {
        self.lock().gone = true;
        self.changed.notify_all();
        self.waker.wake();
    }

    /// Whether it keeps something whose end may be costly.
    pub(crate) fn is_full(&self) -> bool {
        let state = self.lock();
        !(state.stages.is_empty() && state.entries.is_empty())
    }
}

impl Receipt {
    pub(crate) fn new(revision: u64, cell: Arc<Cell>) -> Self {
        Self { revision, cell }
    }

    /// The revision that the edit made: 1 for a pipeline's first.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Where the edit took effect; `None` as long as it has not.
    #[must_use]
    pub fn cut(&self) -> Option<Cut> {
        self.cell.lock().cut
    }

    /// Blocks the thread until the edit has been applied; `None` if the pipeline is dropped before that.
    ///
    /// Do not call it on the thread that runs the pipeline, which would wait for itself.
    #[must_use]
    pub fn wait(&self) -> Option<Cut> {
        let mut state = self.cell.lock();
        loop {
            if state.cut.is_some() || state.gone {
                return state.cut;
            }
            state.awaited = true;
            state = self.cell.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Waits, as a task, until the edit has been applied; `None` if the pipeline is dropped before that. It is woken once, then; one task at a time can wait. Dropping the
    /// future half-way changes nothing.
    pub fn applied(&self) -> Applied<'_> {
        Applied(self)
    }

    /// Hands over a stage that the edit removed, replaced or detached, by the path it had. A pipeline, a switch, or a
    /// stage whose type has no name comes by [`take_pipeline`](Receipt::take_pipeline).
    ///
    /// What the stage held back was let go into the pipeline before, as at the end of the stream.
    ///
    /// # Errors
    ///
    /// [`TakeError`] when the edit is not applied yet, took nothing of that path, or the stage is not an `S`; the stage
    /// stays in the receipt then.
    pub fn take<S: 'static>(&self, path: impl AsRef<str>) -> Result<S, TakeError> {
        let (knot, _) = self.take_if(path.as_ref(), Type::of::<S>(), |entry| entry.state == Type::of::<S>())?;
        let unknown = |_| TakeError::Unknown { path: path.as_ref().to_owned() };
        knot.into_stage().downcast().map(|stage| *stage).map_err(unknown)
    }

    /// A stage from `In` to `Out`, for whoever knows what to make of it.
    pub(crate) fn take_knot<In: 'static, Out: 'static>(
        &self,
        path: &str,
        asked: Type,
    ) -> Result<(Box<dyn Knot>, Entry), TakeError> {
        let types = (Type::of::<In>(), Type::of::<Out>());
        self.take_if(path, asked, |entry| (entry.input, entry.output) == types)
    }

    fn take_if(
        &self,
        path: &str,
        asked: Type,
        fits: impl FnOnce(&Entry) -> bool,
    ) -> Result<(Box<dyn Knot>, Entry), TakeError> {
        let mut state = self.cell.lock();
        if state.cut.is_none() {
            return Err(TakeError::NotApplied { path: path.to_owned() });
        }
        let unknown = || TakeError::Unknown { path: path.to_owned() };
        let at = state.entries.iter().position(|(known, _)| known.to_string() == path).ok_or_else(unknown)?;
        let entry = &state.entries[at].1;
        let stage = state.stages.iter().position(|(id, _)| *id == entry.id).ok_or_else(unknown)?;
        if !fits(entry) {
            return Err(TakeError::Mismatch { path: path.to_owned(), asked, found: entry.state });
        }
        let (_, entry) = state.entries.swap_remove(at);
        let (_, knot) = state.stages.swap_remove(stage);
        Ok((knot, entry))
    }
}

/// See [`Receipt::applied`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Applied<'a>(&'a Receipt);

impl Future for Applied<'_> {
    type Output = Option<Cut>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Cut>> {
        // Register, then look: an edit that is applied in between wakes the task again.
        self.0.cell.waker.register(cx.waker());
        let state = self.0.cell.lock();
        if state.cut.is_some() || state.gone { Poll::Ready(state.cut) } else { Poll::Pending }
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").field("revision", &self.revision).field("cut", &self.cut()).finish()
    }
}
