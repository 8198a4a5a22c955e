//! Where items wait: buffers, sinks, and stages whose work takes time.
//!
//! A boundary takes a packet in its place in the chain ([`Work::many`](crate::link::Work::many) parks it) and gives it on
//! when it is polled ([`Flow`](crate::knot::Flow)). It takes no packet while it has no room, so that what waits in it is
//! bounded by its capacity; only what one packet has become may go beyond it.

mod buffer;
mod outflow;
mod task;
mod tasks;

use std::any::Any;

use crate::cycle::{Cycle, Site};
use crate::knot::{Eviction, Late};
use crate::stage::BoxError;

pub(crate) use buffer::Buffer;
pub(crate) use outflow::{GiveBack, Outflow};
pub(crate) use task::{Lost, Tag};
pub(crate) use tasks::Tasks;

/// Gives up one item that waits at a boundary: where it can be had it is handed back, or sent again.
fn give_up(item: Option<Box<dyn Any + Send>>, eviction: &Eviction, begun: bool, cx: &mut Cycle, site: &Site) {
    let error = || -> BoxError { eviction.reason(begun).into() };
    match (eviction.late, item) {
        (Late::Drop, _) => cx.settle(site, 1, 0, 0),
        (_, None) => {
            cx.faults.add((), error());
            cx.settle(site, 1, 0, 0);
        }
        (Late::Fail, Some(item)) => {
            cx.faults.add_boxed(item, error());
            cx.settle(site, 1, 0, 0);
        }
        (Late::Resend, Some(item)) => cx.send_again(site, item, error()),
    }
}
