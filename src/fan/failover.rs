//! Failover: an item that its target could not process goes to the next.

use std::sync::Arc;

use super::Fan;
use crate::cycle::{Cycle, Site};
use crate::pick::Choice;

impl<A: Send + 'static, B: Send + 'static> Fan<A, B> {
    /// After target number `target` was given an item under failover: leaves it out where it failed, and gives the item
    /// back where it is still what it was.
    pub(super) fn failed_over(&mut self, target: usize, failures: usize, cx: &mut Cycle) -> Option<A> {
        if cx.failures.len() == failures {
            self.pick.mark(target, None);
            return None;
        }
        let last = cx.failures.last()?;
        self.pick.mark(target, Some((cx.number, last.error().to_string().into())));
        let failed_at = last.stage().clone();
        let [_, _, within @ ..] = failed_at.names() else { return None };
        if cx.failures.len() != failures + 1 {
            return None;
        }
        let mut knot = self.target(target)?.first()?;
        for name in within {
            knot = knot.chain()?.first().filter(|first| first.site().name == *name)?;
        }
        let counts = Arc::clone(&knot.site().counts);
        match cx.failures.pop()?.into_item::<A>() {
            Ok(item) => {
                cx.ledger.unfail(&counts, 1);
                cx.gone -= 1;
                if let Some(trace) = &mut cx.trace {
                    trace.take_back();
                }
                Some(item)
            }
            Err(failure) => {
                cx.failures.push(failure);
                None
            }
        }
    }

    /// The one item in `run` to target number `target`, and to the next ones as long as it comes back.
    pub(super) fn over(&mut self, mut target: usize, out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        loop {
            let failures = cx.failures.len();
            self.dispatch(target, out, cx, site);
            let Some(item) = self.failed_over(target, failures, cx) else { return };
            match self.choose(&item, cx, site) {
                Choice::To(next) => {
                    target = next;
                    self.run.push(item);
                }
                why => return Self::strand(item, why, cx, site),
            }
        }
    }
}
