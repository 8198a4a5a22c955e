//! The end of a stage: of its stream, or by a panic.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::cycle::{Cycle, Site};
use crate::knot::Spot;
use crate::link::Work;

/// What a stage gives at its end (or all the stages inside it); a panic ends it, and what it had emitted then is void.
pub(super) fn flush<W: Work<A, B>, A, B>(work: &mut W, site: &Site, rest: &[Spot], out: &mut Vec<B>, cx: &mut Cycle) {
    let before = out.len();
    cx.whole = usize::MAX;
    let flushed = catch_unwind(AssertUnwindSafe(|| {
        if rest.is_empty() { work.finish(out, cx, site) } else { work.drain(rest, out, cx, site) }
    }));
    if let Err(panic) = flushed {
        if cx.whole != usize::MAX {
            out.truncate(cx.whole.max(before));
        }
        cx.faults.take();
        if cx.panic.is_none() {
            cx.ended = cx.broken.last().map(|broken| Box::new((broken.id, broken.path.clone())));
        }
        cx.panic.get_or_insert(panic);
    }
}

/// A stage panicked: what it had in hand, and what was behind that in the batch, is counted as failed.
#[cold]
pub(super) fn lost<B>(
    site: &Site,
    out: &mut Vec<B>,
    before: usize,
    taken: usize,
    gone: i64,
    panic: &(dyn Any + Send),
    cx: &mut Cycle,
) {
    if cx.whole != usize::MAX {
        out.truncate(cx.whole.max(before));
    }
    cx.faults.take();
    let rest = taken as i64 - (cx.gone - gone) - (out.len() - before) as i64;
    if rest > 0 {
        cx.panicked_on(site, rest.unsigned_abs(), out.len() - before, panic);
    }
}
