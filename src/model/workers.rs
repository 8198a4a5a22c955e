//! A stage that several workers share, and what makes more of them.

use std::any::Any;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::error::Refusal;

/// A stage that several workers share.
#[derive(Clone)]
pub(crate) struct Workers {
    pub(crate) count: usize,
    /// The capacity of the queue in front of them, in items.
    pub(crate) capacity: usize,
    /// Whether items with the same key go to the same worker.
    pub(crate) keyed: bool,
    /// Whether outputs come as they are ready.
    pub(crate) unordered: bool,
    pub(crate) workshop: Arc<dyn Workshop>,
}

/// Makes the workers of a stage; shared by the control side, where a change of their number makes new ones, and the data
/// side. It runs code of the user's, so it is never asked while the model is locked.
pub(crate) trait Workshop: Send + Sync {
    /// The workers of these numbers, a boxed `Vec` of the data side's own type; with `staffed`, each has its thread already.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoThread`].
    fn make(&self, numbers: Range<usize>, staffed: bool) -> Result<Box<dyn Any + Send>, Refusal>;
    /// How many workers have panicked and were not replaced.
    fn lost(&self) -> usize {
        0
    }
}

impl fmt::Debug for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, capacity, keyed, unordered, .. } = self;
        f.debug_struct("Workers")
            .field("count", count)
            .field("capacity", capacity)
            .field("keyed", keyed)
            .field("unordered", unordered)
            .finish_non_exhaustive()
    }
}
