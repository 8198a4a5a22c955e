//! What is to be recorded, and how much of it is kept.

use std::any::Any;
use std::error::Error;
use std::fmt;

use crate::name::Type;

/// How many bytes a recording takes at the most, if nothing else was said.
const BUDGET: usize = 16 << 20;

/// What is to be recorded of a pipeline, and how much of it is kept; see
/// [`Controller::record`](crate::Controller::record).
///
/// | recording | rows | what an item costs |
/// | --- | --- | --- |
/// | [`edits`](Recording::edits) | the edits | nothing |
/// | [`runs`](Recording::runs) | and items that went one way, together | some nanoseconds |
/// | [`items`](Recording::items) | and each item, with the reason for its way | some tens of nanoseconds, and memory |
///
/// It takes at most 16 MiB, or the [`budget`](Recording::budget) it was given: then it ends, and counts what comes later.
/// With [`last`](Recording::last), it drops its oldest rows instead.
///
/// Items that could go different ways are sent one by one while they are recorded, also where they come as a batch. The
/// outcome is the same, but for a stage that panics: it takes no items of the batch with it then.
///
/// # Examples
///
/// ```
/// use coroute::{Pipeline, Recording};
///
/// let mut pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1);
/// let controller = pipeline.controller();
/// controller.record(Recording::runs())?;
/// pipeline.send_all(0..1000, |_| ())?;
/// assert_eq!(controller.trace().to_string(), "cycles 0..=999  r0  add  1000 items\n");
///
/// controller.record(Recording::items().every(500).debug::<i64>())?;
/// pipeline.send_all(1000..2001, |_| ())?;
/// assert_eq!(
///     controller.trace().to_string(),
///     "(every 500th item)\ncycle 1000  r0  add  -> 1 [1001]\ncycle 1500  r0  add  -> 1 [1501]\n\
///      cycle 2000  r0  add  -> 1 [2001]\n"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a recording begins when a controller gets it"]
pub struct Recording {
    pub(super) detail: Detail,
    pub(super) last: Option<usize>,
    pub(super) every: u64,
    pub(super) budget: usize,
    pub(super) values: Option<Values>,
}

/// How much is recorded of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detail {
    Edits,
    Runs,
    Items,
}

/// What makes a text of an output.
pub(super) struct Values {
    output: Type,
    pub(super) show: Box<dyn Any + Send>,
}

/// A [`Values`] of known type.
pub(super) type Show<Out> = Box<dyn FnMut(&Out) -> String + Send>;

impl Recording {
    fn new(detail: Detail) -> Self {
        Self { detail, last: None, every: 1, budget: BUDGET, values: None }
    }

    /// The edits only: what a [journal](crate::Script) needs.
    pub fn edits() -> Self {
        Self::new(Detail::Edits)
    }

    /// The edits, and the items by the way they went: those that went one way under one revision share a row.
    pub fn runs() -> Self {
        Self::new(Detail::Runs)
    }

    /// The edits, and each item by itself.
    pub fn items() -> Self {
        Self::new(Detail::Items)
    }

    /// Keeps the last `rows` rows only.
    pub fn last(self, rows: usize) -> Self {
        Self { last: Some(rows), ..self }
    }

    /// Records the items whose cycle is a multiple of `cycles` only; 0 is taken as 1.
    pub fn every(self, cycles: u64) -> Self {
        Self { every: cycles.max(1), ..self }
    }

    /// Keeps to about so many bytes.
    pub fn budget(self, bytes: usize) -> Self {
        Self { budget: bytes, ..self }
    }

    /// Has each output in the rows of items, as `show` prints it.
    ///
    /// `show` runs on the pipeline's thread; where it panics, the row says so and the item goes on.
    pub fn values<Out: 'static>(self, show: impl FnMut(&Out) -> String + Send + 'static) -> Self {
        let show: Show<Out> = Box::new(show);
        Self { values: Some(Values { output: Type::of::<Out>(), show: Box::new(show) }), ..self }
    }

    /// Has each output in the rows of items, as `Debug` prints it.
    pub fn debug<Out: fmt::Debug + 'static>(self) -> Self {
        self.values(|output: &Out| format!("{output:?}"))
    }

    /// Says whether the recording can be made of a pipeline that gives `gives`.
    pub(crate) fn check(self, gives: Type) -> Result<Self, RecordError> {
        match &self.values {
            Some(values) if values.output != gives => {
                Err(RecordError { shows: values.output, gives, recording: Box::new(std::sync::Mutex::new(self)) })
            }
            _ => Ok(self),
        }
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("detail", &self.detail)
            .field("last", &self.last)
            .field("every", &self.every)
            .field("budget", &self.budget)
            .finish_non_exhaustive()
    }
}

/// A recording that was refused: it shows outputs of another type than the pipeline gives.
pub struct RecordError {
    shows: Type,
    gives: Type,
    // A mutex only because the error has to be `Sync`; it is never locked.
    recording: Box<std::sync::Mutex<Recording>>,
}

impl RecordError {
    /// The recording.
    pub fn into_recording(self) -> Recording {
        self.recording.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { shows, gives, .. } = self;
        write!(f, "cannot record values: they are shown as {shows}, and the pipeline gives {gives}; show `&{gives}`")
    }
}

impl fmt::Debug for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordError({self})")
    }
}

impl Error for RecordError {}
