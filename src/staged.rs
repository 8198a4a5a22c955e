//! A stage of the user's at work in its place.

use std::any::Any;

use crate::cycle::{Cycle, Site, guarded};
use crate::link::{Recount, Status, Work};
use crate::stage::{Output, Shape, Stage};

/// A stage of the user's at work.
pub(crate) struct Staged<S> {
    stage: S,
    held: usize,
}

impl<S> Staged<S> {
    pub(crate) fn new<A>(stage: S) -> Self
    where
        S: Stage<A>,
    {
        Self { held: 0, stage }
    }

    /// A stage that has `held` items of the one before it.
    pub(crate) fn heir<A>(stage: S, held: i64) -> Self
    where
        S: Stage<A>,
    {
        Self { held: held.unsigned_abs() as usize, stage }
    }

    /// A batch of which a panic loses the item in hand alone: those behind it stay in `items`.
    #[inline(never)]
    fn each<A>(&mut self, items: &mut Vec<A>, out: &mut Vec<S::Out>, cx: &mut Cycle, site: &Site)
    where
        S: Stage<A>,
    {
        items.reverse();
        let items = Backwards(items);
        out.reserve(items.0.len());
        while let Some(item) = items.0.pop() {
            if S::SHAPE.exact {
                out.extend(guarded(cx, site, |cx| self.stage.apply(item, &mut cx.faults)));
                continue;
            }
            let before = out.len();
            cx.whole = before;
            guarded(cx, site, |cx| self.stage.process(item, &mut Output::new(out, &mut cx.faults)));
            self.settle(1, out.len() - before, cx, site);
        }
    }

    fn settle<A>(&mut self, taken: usize, made: usize, cx: &mut Cycle, site: &Site)
    where
        S: Stage<A>,
    {
        let held = self.stage.held();
        let change = held as i64 - self.held as i64;
        self.held = held;
        cx.settle(site, taken, made, change);
    }
}

/// Items that are taken from the end of their row, first to last; it is put in order again.
struct Backwards<'a, A>(&'a mut Vec<A>);

impl<A> Drop for Backwards<'_, A> {
    fn drop(&mut self) {
        self.0.reverse();
    }
}

impl<S, A> Work<A, S::Out> for Staged<S>
where
    S: Stage<A>,
    A: Send + 'static,
{
    #[inline]
    fn one(&mut self, item: A, cx: &mut Cycle, site: &Site) -> Option<S::Out> {
        let made = guarded(cx, site, |cx| self.stage.apply(item, &mut cx.faults));
        if made.is_none() {
            cx.absent(site);
        }
        made
    }

    fn many(&mut self, items: &mut Vec<A>, out: &mut Vec<S::Out>, cx: &mut Cycle, site: &Site) {
        if cx.flowing && items.len() > 1 {
            return self.each(items, out, cx, site);
        }
        if S::SHAPE.exact {
            return guarded(cx, site, |_| self.stage.batch(items, out));
        }
        for item in items.drain(..) {
            let before = out.len();
            cx.whole = before;
            guarded(cx, site, |cx| self.stage.process(item, &mut Output::new(out, &mut cx.faults)));
            self.settle(1, out.len() - before, cx, site);
        }
    }

    fn finish(&mut self, out: &mut Vec<S::Out>, cx: &mut Cycle, site: &Site) {
        let before = out.len();
        cx.whole = before;
        guarded(cx, site, |cx| self.stage.finish(&mut Output::new(out, &mut cx.faults)));
        self.settle(0, out.len() - before, cx, site);
    }

    fn status(&self, _: &Site) -> Status {
        let Shape { exact, single, infallible: steady } = S::SHAPE;
        Status { single, steady, exact, ..Status::CLEAR }
    }

    fn held(&self) -> i64 {
        self.held as i64
    }

    fn recount(&mut self, how: Recount, cx: &mut Cycle, site: &Site) {
        match how {
            Recount::Enter => self.settle(0, 0, cx, site),
            Recount::Leave => cx.settle(site, 0, 0, -(std::mem::take(&mut self.held) as i64)),
            Recount::Forget | Recount::Renew => self.held = 0,
        }
    }

    fn into_stage(self) -> Box<dyn Any + Send> {
        Box::new(self.stage)
    }
}
