//! Many items at a time, where nothing waits in the targets.
//!
//! Where a target panics, those behind are lost with the batch in a pipeline that is called. While tasks or threads run it,
//! they go on: the other targets take theirs, and that one fails what comes to it.

use std::vec::Drain;

use super::Fan;
use crate::cycle::{Cycle, Site};
use crate::pick::Choice;
use crate::route::PolicyKind;

impl<A: Send + 'static, B: Send + 'static> Fan<A, B> {
    pub(super) fn send_to_all(&mut self, items: &mut Drain<'_, A>, out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        cx.each = false;
        let count = self.routed.len();
        let broken = cx.broken.len();
        while let Some(item) = items.next() {
            cx.settle(site, 1, count, 0);
            let mut item = Some(item);
            for target in 0..count {
                let copy = if target + 1 == count { item.take() } else { self.copy(item.as_ref(), cx, site) };
                self.run.extend(copy);
                self.dispatch(target, out, cx, site);
                if ends(broken, cx) {
                    let unsent = (count - target - 1) + items.len();
                    return cx.failed(&site.counts, unsent as u64);
                }
            }
        }
    }

    /// Sends off the run for `before`, if the next item goes to another target, and keeps the reason why it does.
    #[cold]
    fn turn(&mut self, before: Option<usize>, target: usize, out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        if before == Some(target) {
            return;
        }
        // By the time that the run is full, the route may have chosen for others.
        let why = cx.trace.as_ref().is_some_and(|trace| trace.asks_why()).then(|| self.pick.reason(target));
        if let Some(before) = before {
            self.dispatch_run(before, out, cx, site);
        }
        self.why = why;
    }

    /// Sends off the run, which is of cycles of its own.
    pub(super) fn dispatch_run(&mut self, target: usize, out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        let number = cx.number;
        if cx.each {
            cx.number += self.sent as u64;
        }
        self.sent += self.run.len();
        self.dispatch(target, out, cx, site);
        cx.number = number;
    }

    pub(super) fn by_policy(&mut self, items: &mut Drain<'_, A>, out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        let failover = self.pick.is(PolicyKind::Failover);
        self.sent = 0;
        cx.each &= items.len() < 2 || cx.failures.is_empty();
        let broken = cx.broken.len();
        while let Some(item) = items.next() {
            let choice = self.choose(&item, cx, site);
            let Choice::To(target) = choice else {
                if let Some(target) = self.waiting.take() {
                    self.dispatch_run(target, out, cx, site);
                }
                if ends(broken, cx) {
                    return cx.failed(&site.counts, 1 + items.len() as u64);
                }
                Self::strand(item, choice, cx, site);
                continue;
            };
            let before = self.waiting.replace(target);
            if cx.trace.is_some() {
                self.turn(before, target, out, cx, site);
            } else if let Some(before) = before
                && before != target
            {
                self.dispatch_run(before, out, cx, site);
            }
            self.run.push(item);
            if failover {
                self.waiting = None;
                self.over(target, out, cx, site);
            }
            if ends(broken, cx) {
                self.waiting = None;
                let unsent = items.len() + std::mem::take(&mut self.run).len();
                return cx.failed(&site.counts, unsent as u64);
            }
        }
        if let Some(target) = self.waiting.take() {
            self.dispatch_run(target, out, cx, site);
        }
    }
}

/// Whether the batch ends here, because another stage has panicked than the first so many.
fn ends(broken: usize, cx: &Cycle) -> bool {
    !cx.flowing && cx.broken.len() > broken
}
