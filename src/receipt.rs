//! What a commit gives back: the revision, the cut, and the stages that were taken out.

mod cell;
#[cfg(test)]
mod tests;

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::error::TakeError;
use crate::knot::Knot;
use crate::model::Entry;
use crate::name::Type;
use cell::{Moment, Seat};

pub(crate) use cell::Cell;

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
/// An edit comes to two moments, and a receipt tells of both:
///
/// - *applied*, at the pipeline's next cycle: from then on the receipt knows the [`Cut`];
/// - *retired*, when all items have left what the edit takes out or leaves, and the stages that it took out are in the
///   receipt, each with its state. Where nothing is in flight between two cycles, as in a pipeline that is called, and where
///   the edit takes out and leaves nothing, that is the same moment.
///
/// A receipt may be dropped: the edit stays committed.
///
/// | to | blocks the thread | is awaited | looks |
/// | --- | --- | --- | --- |
/// | know the cut | [`wait`](Receipt::wait) | [`applied`](Receipt::applied) | [`cut`](Receipt::cut) |
/// | know that the old part is done | [`wait_retired`](Receipt::wait_retired) | [`retired`](Receipt::retired) | [`is_retired`](Receipt::is_retired) |
///
/// Any number of threads and tasks may wait.
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

    /// Whether the edit is applied, all that it took out or leaves has drained, and the receipt has what was taken out.
    #[must_use]
    pub fn is_retired(&self) -> bool {
        self.cell.lock().is_retired()
    }

    /// Blocks the thread until the edit has been applied; `None` if the pipeline is dropped before that.
    ///
    /// Do not call it on the thread that runs the pipeline, which would wait for itself.
    #[must_use]
    pub fn wait(&self) -> Option<Cut> {
        self.cell.wait(Moment::Applied)
    }

    /// Blocks the thread until the edit is [retired](Receipt::is_retired); `None` if the pipeline is dropped before that, even
    /// if the edit was applied ([`cut`](Receipt::cut) knows).
    ///
    /// Do not call it on the thread that runs the pipeline, which would wait for itself.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Cut, Pipeline};
    ///
    /// let mut pipeline = Pipeline::new("p").stage("neg", (|x| -x) as fn(i64) -> i64);
    /// let controller = pipeline.controller();
    /// let editor = std::thread::spawn(move || {
    ///     let receipt = controller.remove("neg").unwrap();
    ///     receipt.wait_retired().expect("the pipeline is there still");
    ///     receipt.take::<fn(i64) -> i64>("neg").unwrap()
    /// });
    /// while !editor.is_finished() {
    ///     pipeline.apply();
    /// }
    /// assert_eq!(editor.join().unwrap()(4), -4);
    /// assert_eq!(pipeline.call(4)?, 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn wait_retired(&self) -> Option<Cut> {
        self.cell.wait(Moment::Retired)
    }

    /// Waits, as a task, until the edit has been applied; `None` if the pipeline is dropped before that.
    ///
    /// The task is woken once, then, or when the pipeline is dropped. Any number of tasks can wait, each by a future of its
    /// own. Dropping the future half-way changes nothing, and lets go of its waker.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Pipeline;
    /// # use futures::executor::block_on;
    ///
    /// let mut pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1);
    /// let receipt = pipeline.controller().remove("add")?;
    /// assert_eq!(pipeline.call(1)?, 1);
    /// # block_on(async {
    /// assert_eq!(receipt.applied().await.map(|cut| cut.first_new), Some(0));
    /// # });
    ///
    /// let late = pipeline.controller().pause()?;
    /// drop(pipeline);
    /// # block_on(async {
    /// assert_eq!(late.applied().await, None);
    /// # });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn applied(&self) -> Applied<'_> {
        Applied(Seat::new(&self.cell, Moment::Applied))
    }

    /// Waits, as a task, until the edit is [retired](Receipt::is_retired); `None` if the pipeline is dropped before that, even
    /// if the edit was applied ([`cut`](Receipt::cut) knows).
    ///
    /// In all else it is like [`applied`](Receipt::applied). An [`InFlight`](crate::InFlight) rule says how long items may
    /// take to leave.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Pipeline;
    /// # use futures::executor::block_on;
    ///
    /// let mut pipeline = Pipeline::new("p").stage("neg", (|x| -x) as fn(i64) -> i64);
    /// let receipt = pipeline.controller().remove("neg")?;
    /// pipeline.apply();
    /// # block_on(async {
    /// receipt.retired().await.expect("the pipeline is there still");
    /// # });
    /// assert_eq!(receipt.take::<fn(i64) -> i64>("neg")?(4), -4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn retired(&self) -> Retired<'_> {
        Retired(Seat::new(&self.cell, Moment::Retired))
    }

    /// Hands over a stage that the edit removed, replaced or detached, by the path it had. A pipeline, a switch, or a
    /// stage whose type has no name comes by [`take_pipeline`](Receipt::take_pipeline).
    ///
    /// What the stage held back was let go into the pipeline before, as at the end of the stream.
    ///
    /// # Errors
    ///
    /// [`TakeError`] when the edit is not applied yet, the stage has not drained yet, the edit took nothing of that path, the
    /// stage is not an `S` (it stays in the receipt then), or the pipeline was dropped before the stage had come.
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
            let path = path.to_owned();
            return Err(if state.gone { TakeError::Gone { path } } else { TakeError::NotApplied { path } });
        }
        let unknown = || TakeError::Unknown { path: path.to_owned() };
        let at = state.entries.iter().position(|(known, _)| known.to_string() == path).ok_or_else(unknown)?;
        let entry = &state.entries[at].1;
        let stage = state.stages.iter().position(|(id, _)| *id == entry.id);
        let stage = stage.ok_or_else(|| match state.is_retired() {
            true => unknown(),
            false if state.gone => TakeError::Gone { path: path.to_owned() },
            false => TakeError::NotRetired { path: path.to_owned() },
        })?;
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
pub struct Applied<'a>(Seat<'a>);

impl Future for Applied<'_> {
    type Output = Option<Cut>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Cut>> {
        Pin::new(&mut self.0).poll(cx)
    }
}

/// See [`Receipt::retired`].
#[derive(Debug)]
#[must_use = "futures do nothing unless awaited"]
pub struct Retired<'a>(Seat<'a>);

impl Future for Retired<'_> {
    type Output = Option<Cut>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Cut>> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl fmt::Debug for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receipt").field("revision", &self.revision).field("cut", &self.cut()).finish()
    }
}
