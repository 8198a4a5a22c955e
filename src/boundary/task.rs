//! One item's future, as the stage and its queue know it.

use std::any::Any;

use crate::stage::BoxError;

/// Which item a future is for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tag {
    pub(super) entry: u64,
    pub(super) at: usize,
}

/// What became of an item.
pub(crate) type Done<A, B> = (Tag, Result<B, Lost<A>>);

/// An item that no output was made of.
pub(crate) enum Lost<A> {
    /// It failed, and is handed back if the stage had it.
    Failed(BoxError, Option<A>),
    Panicked(Box<dyn Any + Send>),
}
