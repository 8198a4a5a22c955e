//! A pipeline as a stage of another.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Context;

use super::Chain;
use crate::cycle::{Cycle, Site, guarded, inside};
use crate::failure::Failure;
use crate::knot::{AnyChain, Eviction, Flow, HowFar, Spot, Travels, Turn, Wait};
use crate::link::{Recount, Status, Work};
use crate::name::{NodeId, Path};
use crate::outlet::Outlet;
use crate::packet::{Mark, Message, Slip};
use crate::roster::{NoThread, Roster};
use crate::trace::Recorder;

/// A pipeline as a stage of another.
pub(crate) struct Nested<A, B> {
    chain: Chain<A, B>,
    /// Outputs that it had not handed out when it ran alone; they come first.
    late: Vec<B>,
    /// What has come out of its boundaries.
    outlet: Outlet<B>,
    /// Whether it takes a packet, as far as that is known.
    ready: bool,
    /// Whether it is one stage only, which has the name of the place: then it is no pipeline inside the other.
    flat: bool,
}

impl<A: Send + 'static, B: Send + 'static> Nested<A, B> {
    pub(crate) fn new(mut chain: Chain<A, B>, late: Vec<B>, site: &Site) -> Self {
        chain.owner = Some(site.id);
        Self { chain, late, outlet: Outlet::new(1), ready: false, flat: false }
    }

    /// A chain of one stage, which is at the place itself.
    pub(crate) fn flat(chain: Chain<A, B>) -> Self {
        Self { chain, late: Vec::new(), outlet: Outlet::new(1), ready: false, flat: true }
    }

    /// How many pipelines deeper its stages are.
    pub(crate) fn depth(&self) -> u32 {
        (!self.flat).into()
    }

    /// Lets go of the chain, to be run elsewhere. Until it is back, this is only to be asked for what has come out.
    pub(crate) fn lend(&mut self) -> Chain<A, B> {
        let husk = self.chain.husk();
        std::mem::replace(&mut self.chain, husk)
    }

    /// Takes the chain back.
    pub(crate) fn restore(&mut self, mut chain: Chain<A, B>) {
        std::mem::swap(&mut chain.on_failure, &mut self.chain.on_failure);
        self.chain = chain;
    }

    /// Whether there are boundaries inside.
    pub(crate) fn flows(&self) -> bool {
        self.chain.flows()
    }

    /// Whether the chain is lent.
    pub(crate) fn is_lent(&self) -> bool {
        self.chain.is_open()
    }

    /// Outputs that are to come first.
    pub(crate) fn add_late(&mut self, late: Vec<B>) {
        self.late.extend(late);
    }

    /// Outputs that it had not handed out when it ran alone.
    pub(crate) fn take_late(&mut self) -> Vec<B> {
        std::mem::take(&mut self.late)
    }

    pub(crate) fn chain_mut(&mut self) -> &mut Chain<A, B> {
        &mut self.chain
    }

    fn deeper<R>(&mut self, cx: &mut Cycle, site: &Site, work: impl FnOnce(&mut Self, &mut Cycle) -> R) -> R {
        if self.flat {
            return work(self, cx);
        }
        let broken = cx.broken.len();
        let result = cx.deeper(|cx| work(self, cx));
        cx.broken.iter_mut().skip(broken).for_each(|broken| broken.path.prefix(&site.name));
        result
    }

    /// Deals with the failures that a packet, which has come out, brings from inside.
    pub(crate) fn settle_packet(&mut self, slip: &mut Slip, cx: &mut Cycle, site: &Site) {
        if self.flat {
            return;
        }
        let level = cx.level;
        let (mut inside, before): (Vec<Failure>, Vec<Failure>) =
            std::mem::take(&mut slip.failures).into_iter().partition(|failure| failure.is_below(level));
        slip.failures = before;
        inside.iter_mut().for_each(|failure| failure.prefix(&site.name));
        slip.come_out(level, &site.name);
        slip.each &= inside.is_empty() || self.chain.on_failure.is_stop();
        let settled = catch_unwind(AssertUnwindSafe(|| self.chain.on_failure.settle(&mut inside, 0)));
        if let Err(panic) = settled {
            cx.broke(site);
            cx.panic.get_or_insert(panic);
        }
        slip.failures.append(&mut inside);
    }

    fn catch_up(&mut self, out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        let late = self.late.len();
        if late > 0 {
            out.append(&mut self.late);
            cx.settle(site, 0, late, -(late as i64));
            cx.used_up = true;
        }
    }

    fn settled<R>(&mut self, cx: &mut Cycle, site: &Site, run: impl FnOnce(&mut Chain<A, B>, &mut Cycle) -> R) -> R {
        if self.flat {
            return run(&mut self.chain, cx);
        }
        let from = cx.failures.len();
        let result = inside(cx, &site.name, |cx| {
            if let Some(trace) = &mut cx.trace {
                trace.enter();
            }
            let result = run(&mut self.chain, cx);
            if let Some(trace) = &mut cx.trace {
                trace.leave();
            }
            result
        });
        self.settle(from, cx, site);
        result
    }

    /// Deals with the failures from number `from` on, where that is this pipeline's business.
    fn settle(&mut self, from: usize, cx: &mut Cycle, site: &Site) {
        if cx.failures.len() > from && !self.chain.on_failure.is_stop() {
            cx.whole = usize::MAX;
            // Which items have failed is not known any more.
            cx.each = false;
            guarded(cx, site, |cx| self.chain.on_failure.settle(&mut cx.failures, from));
        }
    }
}

impl<A: Send + 'static, B: Send + 'static> Work<A, B> for Nested<A, B> {
    #[inline]
    fn one(&mut self, item: A, cx: &mut Cycle, site: &Site) -> Option<B> {
        if self.chain.on_failure.is_stop() {
            return self.chain.call(item, cx);
        }
        let made = self.chain.call(item, cx);
        if made.is_none() {
            let flat = self.flat;
            self.chain.place(&mut cx.failures, |path| {
                if !flat {
                    path.prefix(&site.name)
                }
            });
            self.settle(0, cx, site);
        }
        made
    }

    fn many(&mut self, items: &mut Vec<A>, out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        self.catch_up(out, cx, site);
        self.settled(cx, site, |chain, cx| chain.take(items, out, cx));
        if !cx.parked && !self.outlet.is_empty() {
            // Others wait to come out first.
            self.outlet.made.append(out);
            self.outlet.take_in(cx);
            cx.parked = true;
        }
    }

    fn finish(&mut self, out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        self.catch_up(out, cx, site);
        self.settled(cx, site, |chain, cx| chain.finish(out, cx));
    }

    fn drain(&mut self, rest: &[Spot], out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        self.catch_up(out, cx, site);
        self.settled(cx, site, |chain, cx| chain.drain(rest, out, cx));
    }

    fn way(&self, _: &Site, trace: &mut Recorder) {
        if self.flat {
            return self.chain.way(trace);
        }
        trace.enter();
        self.chain.way(trace);
        trace.leave();
    }

    fn locate(&self, id: NodeId) -> Option<Path> {
        self.chain.locate(id)
    }

    fn status(&self, site: &Site) -> Status {
        let mut status = self.chain.status();
        if let Some(path) = status.blocked.as_mut().filter(|_| !self.flat) {
            path.prefix(&site.name);
        }
        status.single &= self.late.is_empty();
        status
    }

    fn recount(&mut self, how: Recount, cx: &mut Cycle, site: &Site) {
        let late = self.late.len() as i64;
        match how {
            Recount::Enter => cx.settle(site, 0, 0, late),
            Recount::Leave => {
                cx.settle(site, 0, 0, -late);
                self.late.clear();
            }
            Recount::Forget | Recount::Renew => {}
        }
        self.chain.recount(how, cx);
    }

    fn into_stage(mut self) -> Box<dyn Any + Send> {
        self.chain.owner = None;
        Box::new(self.chain)
    }

    fn is_clear(&mut self, task: &mut Context<'_>) -> bool {
        self.outlet.is_empty() && self.chain.is_clear(task)
    }

    fn flow(&mut self) -> Option<&mut dyn Flow<B>> {
        // What has come out of the last boundary is still to be given when that is gone.
        if self.chain.flows() || !self.outlet.is_empty() { Some(self) } else { None }
    }

    fn staff(&mut self, hire: bool, _: &Site, roster: &Roster) -> Result<(), NoThread> {
        self.chain.staff(hire, roster)
    }

    fn chain(&mut self) -> Option<&mut dyn AnyChain> {
        Some(&mut self.chain)
    }

    fn is_plain(&self) -> bool {
        false
    }
}

impl<A: Send + 'static, B: Send + 'static> Wait for Nested<A, B> {
    fn is_idle(&mut self) -> bool {
        self.outlet.is_empty() && self.chain.is_idle()
    }

    fn lingers(&mut self) -> bool {
        !self.outlet.is_empty() || self.chain.lingers()
    }

    fn has_room(&mut self) -> bool {
        self.ready && self.chain.has_room()
    }

    fn passes(&mut self) -> bool {
        self.chain.passes()
    }

    fn capacity(&mut self) -> usize {
        self.chain.capacity()
    }

    fn grain(&mut self) -> usize {
        self.chain.grain()
    }

    fn mark(&mut self, mark: Mark, cx: &mut Cycle, site: &Site, travels: &mut Travels) {
        self.deeper(cx, site, |this, cx| this.chain.mark(mark, &mut this.outlet, cx, travels));
    }

    fn head_edit(&self) -> Option<u64> {
        self.outlet.line().head_edit()
    }

    fn pass_edit(&mut self) {
        self.outlet.pop();
    }

    fn is_weightless(&self) -> bool {
        self.outlet.line().is_weightless()
    }

    fn evict(&mut self, eviction: &mut Eviction, cx: &mut Cycle, site: &Site) {
        self.deeper(cx, site, |this, cx| this.chain.evict(eviction, cx));
        eviction.empty_line(self.outlet.line_mut(), HowFar::Done, cx, site);
    }

    fn loosen(&mut self, loose: bool) {
        self.chain.loosen(loose);
    }

    fn flush(&mut self) -> bool {
        self.chain.flush()
    }
}

impl<A: Send + 'static, B: Send + 'static> Flow<B> for Nested<A, B> {
    fn drive(&mut self, cx: &mut Cycle, site: &Site, turn: &mut Turn<'_, '_>) {
        self.ready = self.deeper(cx, site, |this, cx| this.chain.poll(&mut this.outlet, cx, turn));
    }

    fn pop(&mut self, cx: &mut Cycle, site: &Site, _: &mut Travels) -> Option<Message<B>> {
        if self.head_edit().is_some() {
            return None;
        }
        let mut message = self.outlet.pop()?;
        if let Message::Packet(packet) = &mut message {
            self.settle_packet(&mut packet.slip, cx, site);
        }
        Some(message)
    }
}
