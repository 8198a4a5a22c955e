//! The quick way: one item through stages that give at most one output each, with no edit and nothing else in between.

use super::{Engine, NEVER};
use crate::chain::Chain;
use crate::cycle::Cycle;
use crate::error::SendError;
use crate::failure::Failure;
use crate::trace::Recorder;

/// Counts the item as failed when the quick way is left by a panic; costs nothing when it is not.
struct Unwinding<'a, In, Out>(&'a mut Engine<In, Out>);

impl<In, Out> Drop for Unwinding<'_, In, Out> {
    // In line, so that the guard itself is nowhere in memory.
    #[inline(always)]
    fn drop(&mut self) {
        self.0.unwound();
    }
}

/// Tells the recorder of an item that went the quick way, and whose cycle is closed.
#[inline]
fn tell<In, Out>(chain: &Chain<In, Out>, cx: &mut Cycle, outputs: u64, fixed: bool) {
    if let Some(trace) = &mut cx.trace {
        let walk = |trace: &mut Recorder| chain.way(trace);
        trace.close_quick(cx.number - 1, cx.revision, outputs, fixed, walk, |id| chain.locate(id));
    }
}

impl<In, Out> Engine<In, Out> {
    #[cold]
    #[inline(never)]
    fn unwound(&mut self) {
        let Self { chain, cx, quick, seen, clear, fixed, .. } = self;
        chain.place(&mut cx.failures, |_| ());
        for broken in &mut cx.broken {
            broken.path = chain.locate(broken.id).unwrap_or(std::mem::take(&mut broken.path));
        }
        cx.unwound();
        tell(chain, cx, 0, *fixed);
        (*quick, *seen, *clear) = (NEVER, NEVER, NEVER);
    }
}

impl<In: Send + 'static, Out: Send + 'static> Engine<In, Out> {
    #[inline]
    pub(crate) fn is_quick(&self) -> bool {
        self.shared.board.sequence() == self.quick
    }

    /// One item the quick way. Where it gives nothing the cycle is not closed yet; see [`nothing`](Self::nothing).
    #[inline]
    pub(crate) fn quick(&mut self, item: In) -> Option<Out> {
        let guard = Unwinding(self);
        let Self { chain, cx, .. } = &mut *guard.0;
        let made = chain.call(item, cx);
        std::mem::forget(guard);
        let made = made?;
        // An item that comes out this way was not dropped, failed or multiplied on it.
        debug_assert!(!self.cx.irregular);
        self.cx.number += 1;
        self.cx.ledger.accept(self.cx.number);
        Some(made)
    }

    /// Whether the next item's row is one that it needs the general way for.
    pub(super) fn is_whole(&self) -> bool {
        self.cx.trace.as_ref().is_some_and(|trace| trace.is_whole(self.cx.number))
    }

    /// One item the quick way, with its way recorded; see [`quick`](Self::quick).
    pub(super) fn quick_and_told(&mut self, item: In) -> Option<Out> {
        if let Some(trace) = &mut self.cx.trace {
            trace.begin(self.cx.number, true);
        }
        let made = self.quick(item);
        if made.is_some() {
            tell(&self.chain, &mut self.cx, 1, self.fixed);
        }
        made
    }

    /// The same for a caller who takes any number of outputs.
    pub(super) fn send_told(&mut self, item: In, mut emit: impl FnMut(Out)) -> Result<(), SendError<In>> {
        match self.quick_and_told(item) {
            Some(out) => {
                emit(out);
                Ok(())
            }
            None => self.nothing().map_err(SendError::Failed),
        }
    }

    /// Closes the cycle of an item for which the quick way gave nothing, and says whether it failed.
    #[cold]
    #[inline(never)]
    pub(crate) fn nothing(&mut self) -> Result<(), Vec<Failure>> {
        self.cx.close(0, 0);
        if self.told {
            tell(&self.chain, &mut self.cx, 0, self.fixed);
        }
        if !self.cx.failures.is_empty() {
            self.chain.place(&mut self.cx.failures, |_| ());
        }
        self.after();
        match self.cx.failures.is_empty() {
            true => Ok(()),
            false => Err(std::mem::take(&mut self.cx.failures)),
        }
    }
}
