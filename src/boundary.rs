//! Where items wait: buffers, sinks, and stages whose work takes time.
//!
//! A boundary takes a packet in its place in the chain ([`Work::many`](crate::link::Work::many) parks it) and gives it on
//! when it is polled ([`Flow`](crate::knot::Flow)). It takes no packet while it has no room, so that what waits in it is
//! bounded by its capacity; only what one packet has become may go beyond it.

mod buffer;
mod outflow;
mod task;
mod tasks;

pub(crate) use buffer::Buffer;
pub(crate) use outflow::{GiveBack, Outflow};
pub(crate) use task::{Lost, Tag};
pub(crate) use tasks::Tasks;
