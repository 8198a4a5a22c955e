//! Items that a stage could not process, and what becomes of them.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex};

use crate::ledger::Counts;
use crate::name::{Name, NodeId, Path};
use crate::stage::{BoxError, Fault};

/// An item that failed: where, when, under which revision, why, and the item itself as that stage had got it.
pub struct Failure {
    id: NodeId,
    stage: Path,
    cycle: u64,
    revision: u64,
    /// What the pipelines and switches around the stage have to know, if there are any.
    inside: Option<Box<Inside>>,
    error: BoxError,
    // A mutex only because the error has to be `Sync`; it is never locked.
    item: Mutex<Box<dyn Any + Send>>,
}

/// What is of interest to those around the stage that failed.
#[derive(Default)]
struct Inside {
    /// How many pipelines and switches the path does not name yet.
    level: u32,
    /// Whether the item is to be sent another way, if there is one.
    again: bool,
    /// The counts of the stage, if that is the first which the item came to in a switch's target: it is as it was.
    first: Option<Arc<Counts>>,
}

impl Failure {
    pub(crate) fn new(id: NodeId, stage: &Name, (cycle, revision, level): (u64, u64, u32), fault: Fault) -> Self {
        let item = Mutex::new(fault.item);
        let inside = (level > 0).then(|| Box::new(Inside { level, ..Inside::default() }));
        Self { id, stage: stage.clone().into(), cycle, revision, inside, error: fault.error, item }
    }

    /// The stage that could not process the item.
    #[must_use]
    pub fn stage(&self) -> &Path {
        &self.stage
    }

    /// The cycle in which it failed: 0 for the first item that the pipeline accepted.
    #[must_use]
    pub fn cycle(&self) -> u64 {
        self.cycle
    }

    /// The revision under which it was processed.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Why it failed.
    #[must_use]
    pub fn error(&self) -> &(dyn std::error::Error + Send + Sync + 'static) {
        &*self.error
    }

    /// A look at the item; `None` where it is not a `T`.
    pub fn item<T: 'static>(&mut self) -> Option<&T> {
        self.item.get_mut().unwrap_or_else(|poisoned| poisoned.into_inner()).downcast_ref()
    }

    /// The item, as the stage that failed had got it.
    ///
    /// # Errors
    ///
    /// The failure itself when the item is not a `T`.
    pub fn into_item<T: 'static>(self) -> Result<T, Self> {
        let item = self.item.into_inner().unwrap_or_else(|poisoned| poisoned.into_inner());
        match item.downcast() {
            Ok(item) => Ok(*item),
            Err(item) => Err(Self { item: Mutex::new(item), ..self }),
        }
    }

    pub(crate) fn id(&self) -> NodeId {
        self.id
    }

    /// Says where the stage is.
    pub(crate) fn place(&mut self, stage: Path) {
        self.stage = stage;
    }

    pub(crate) fn prefix(&mut self, name: &Name) {
        self.stage.prefix(name);
        if let Some(inside) = &mut self.inside {
            inside.level = inside.level.saturating_sub(1);
        }
    }

    /// Whether it happened further inside than `level`.
    pub(crate) fn is_below(&self, level: u32) -> bool {
        self.inside.as_ref().is_some_and(|inside| inside.level > level)
    }

    pub(crate) fn send_again(&mut self) {
        self.inside.get_or_insert_default().again = true;
    }

    pub(crate) fn stay(&mut self) {
        if let Some(inside) = &mut self.inside {
            inside.again = false;
        }
    }

    /// The stage is the first that the item came to in a target.
    pub(crate) fn is_at_first(&mut self, counts: &Arc<Counts>) {
        self.inside.get_or_insert_default().first = Some(Arc::clone(counts));
    }

    /// The counts of the stage, if it is that.
    pub(crate) fn first(&self) -> Option<&Arc<Counts>> {
        self.inside.as_ref()?.first.as_ref()
    }

    /// It has come out of the switch.
    pub(crate) fn come_out(&mut self) {
        if let Some(inside) = &mut self.inside {
            inside.first = None;
        }
    }

    pub(crate) fn is_to_be_sent_again(&self) -> bool {
        self.inside.as_ref().is_some_and(|inside| inside.again)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stage, cycle, revision, error, .. } = self;
        write!(f, "stage {stage:?} failed on cycle {cycle}, revision {revision}: {error}")
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Failure({self})")
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.error)
    }
}

/// What a pipeline does with failures; the ledger counts every one of them whatever is done.
///
/// # Examples
///
/// ```
/// use std::sync::mpsc;
/// use coroute::{OnFailure, Pipeline, try_stage};
///
/// let (letters, dead) = mpsc::channel();
/// let mut parse = Pipeline::new("parse")
///     .stage("int", try_stage(|s: &&'static str| s.parse::<i64>()))
///     .on_failure(OnFailure::dead_letter(move |failure| letters.send(failure).unwrap()));
/// let mut ints = Vec::new();
/// parse.send_all(["1", "x", "3"], |int| ints.push(int))?;
/// assert_eq!(ints, [1, 3]);
/// assert_eq!(dead.recv()?.into_item::<&str>().unwrap(), "x");
/// assert_eq!(parse.ledger().failed(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct OnFailure(Way);

#[derive(Default)]
enum Way {
    #[default]
    Stop,
    Skip,
    DeadLetter(Box<dyn FnMut(Failure) + Send>),
}

impl OnFailure {
    /// The cycle returns the failure as its error, with the item; the caller decides. This is the default.
    #[must_use]
    pub fn stop() -> Self {
        Self::default()
    }

    /// The failure is counted and the item dropped.
    #[must_use]
    pub fn skip() -> Self {
        Self(Way::Skip)
    }

    /// Each failure goes to `sink`, item included, and the stream goes on.
    ///
    /// `sink` is called at the end of the cycle, in the order of the failures; a panic in it reaches the caller.
    #[must_use]
    pub fn dead_letter(sink: impl FnMut(Failure) + Send + 'static) -> Self {
        Self(Way::DeadLetter(Box::new(sink)))
    }

    pub(crate) fn is_stop(&self) -> bool {
        matches!(self.0, Way::Stop)
    }

    /// Deals with the failures from number `from` on; under [`stop`](OnFailure::stop) they stay.
    pub(crate) fn settle(&mut self, failures: &mut Vec<Failure>, from: usize) {
        match &mut self.0 {
            Way::Stop => {}
            Way::Skip => failures.truncate(from),
            Way::DeadLetter(sink) => failures.drain(from..).for_each(sink),
        }
    }
}

impl fmt::Debug for OnFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Way::Stop => "OnFailure::stop",
            Way::Skip => "OnFailure::skip",
            Way::DeadLetter(_) => "OnFailure::dead_letter",
        })
    }
}
