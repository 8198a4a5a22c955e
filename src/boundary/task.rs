//! What an async stage knows of the packets in it, and of the futures for their items.

use std::any::Any;

use smallvec::SmallVec;

use crate::packet::{Mark, Slip};
use crate::stage::BoxError;

/// What stands in the queue of a stage.
pub(super) enum Entry<A, B> {
    Packet {
        slip: Slip,
        places: SmallVec<[Place<A, B>; 1]>,
        missing: usize,
    },
    Mark(Mark),
    /// A packet that has come out before others.
    Gone,
}

/// An item's place in a packet.
pub(super) enum Place<A, B> {
    Waiting(A),
    /// A future works on it; the clone is there to be handed back.
    Begun(Option<A>),
    Made(B),
    Lost,
}

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
