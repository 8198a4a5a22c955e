//! A stage in its place in a chain.

mod end;
mod gate;
mod knot;

use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Context;

use crate::cycle::{Cycle, Site};
use crate::knot::{Eviction, Joiner, Knot, Spot, Travels, Turn};
use crate::link::{Link, Popped, Recount, Status, Work};
use crate::name::{NodeId, Path};
use crate::outlet::Outlet;
use crate::packet::{Mark, Message};
use crate::trace::Recorder;

use end::{flush, lost};

/// A stage in its place.
// In this order, so that a pointer to the node is one to its site (a register less in `call`), and what every item needs
// is close together.
#[repr(C)]
pub(crate) struct Node<W, A, B> {
    site: Site,
    next: Option<Box<dyn Link<B, B>>>,
    work: W,
    made: Vec<B>,
    joiner: Option<Joiner>,
    takes: PhantomData<fn(A)>,
}

impl<W, A, B> Node<W, A, B> {
    pub(crate) fn new(site: Site, work: W) -> Self {
        Self { site, work, next: None, made: Vec::new(), joiner: None, takes: PhantomData }
    }

    /// One item through this node and those behind.
    #[inline(always)]
    fn through(&mut self, item: A, cx: &mut Cycle) -> Option<B>
    where
        W: Work<A, B>,
    {
        let made = self.work.one(item, cx, &self.site)?;
        match &mut self.next {
            Some(next) => next.call(made, cx),
            None => Some(made),
        }
    }

    /// The same, out of line.
    #[inline(never)]
    fn through_and_on(&mut self, item: A, cx: &mut Cycle) -> Option<B>
    where
        W: Work<A, B>,
    {
        self.through(item, cx)
    }

    /// One batch through this node alone; a panic ends it and loses what comes behind.
    fn run(&mut self, items: &mut Vec<A>, out: Option<&mut Vec<B>>, cx: &mut Cycle)
    where
        W: Work<A, B>,
        A: Send + 'static,
    {
        let Self { site, work, made, .. } = self;
        let out = out.unwrap_or(made);
        if cx.flowing && cx.is_broken(site.id) {
            return cx.turn_away(items, 0, site);
        }
        let (taken, gone, before) = (items.len(), cx.gone, out.len());
        cx.whole = usize::MAX;
        if let Some(trace) = &mut cx.trace
            && work.is_plain()
            && !items.is_empty()
        {
            trace.stage(site.id);
        }
        let caught = catch_unwind(AssertUnwindSafe(|| work.many(items, out, cx, site)));
        if let Err(panic) = caught {
            if !cx.flowing {
                items.clear();
            }
            // What it had not come to is handed back.
            let begun = taken.saturating_sub(items.len());
            lost(site, out, before, begun, gone, &*panic, cx);
            cx.panic.get_or_insert(panic);
            cx.turn_away(items, out.len() - before, site);
        }
        if !W::GATE {
            cx.pass();
        }
    }
}

impl<W, A, B> Link<A, B> for Node<W, A, B>
where
    W: Work<A, B>,
    A: Send + 'static,
    B: Send + 'static,
{
    fn call(&mut self, item: A, cx: &mut Cycle) -> Option<B> {
        if self.work.is_plain() {
            return self.through(item, cx);
        }
        // What has stages inside often is the last of its chain, and ends in a jump to the first of them.
        if self.next.is_none() {
            return self.work.one(item, cx, &self.site);
        }
        self.through_and_on(item, cx)
    }

    fn batch(&mut self, items: &mut Vec<A>, out: &mut Vec<B>, cx: &mut Cycle) {
        if self.next.is_none() {
            return self.run(items, Some(out), cx);
        }
        self.run(items, None, cx);
        if let Some(next) = &mut self.next
            && !cx.parked
            && (!self.made.is_empty() || cx.is_missed())
        {
            next.batch(&mut self.made, out, cx);
            self.made.clear();
        }
    }

    fn poll(&mut self, out: &mut Outlet<B>, cx: &mut Cycle, turn: &mut Turn<'_, '_>) -> bool {
        loop {
            let open = match &mut self.next {
                Some(next) => next.poll(out, cx, turn),
                None => out.is_open(),
            };
            let Some(flow) = self.work.flow() else { return open };
            flow.drive(cx, &self.site, turn);
            cx.arrived |= flow.head_edit().is_some() || flow.is_spent();
            let mut message = if open || flow.is_weightless() { flow.pop(cx, &self.site, turn.travels) } else { None };
            if let Some(Message::Packet(packet)) = &mut message
                && !W::GATE
            {
                packet.slip.pass();
            }
            let has_room = flow.has_room() && (open || !flow.passes());
            match (message, &mut self.next) {
                (None, _) => return has_room,
                (Some(Message::Mark(mark)), None) => out.mark(mark),
                (Some(Message::Mark(mark)), Some(next)) => next.mark(mark, out, cx, turn.travels),
                (Some(Message::Packet(packet)), None) => out.pass(packet),
                (Some(Message::Packet(packet)), Some(next)) => {
                    self.made.extend(cx.go_on_with(packet));
                    next.batch(&mut self.made, &mut out.made, cx);
                    self.made.clear();
                    out.take_in(cx);
                }
            }
        }
    }

    fn is_clear(&mut self, task: &mut Context<'_>) -> bool {
        self.work.is_clear(task) && self.next.as_mut().is_none_or(|next| next.is_clear(task))
    }

    fn has_room(&mut self) -> Option<bool> {
        if let Some(flow) = self.work.flow()
            && let (has_room, passes) = (flow.has_room(), flow.passes())
            && !(has_room && passes)
        {
            return Some(has_room);
        }
        self.next.as_mut().and_then(|next| next.has_room())
    }

    fn mark(&mut self, mark: Mark, out: &mut Outlet<B>, cx: &mut Cycle, travels: &mut Travels) {
        if let Some(flow) = self.work.flow() {
            return flow.mark(mark, cx, &self.site, travels);
        }
        if mark.ends() {
            travels.take_up_end(mark, cx);
            match &mut self.next {
                None => flush(&mut self.work, &self.site, &[], &mut out.made, cx),
                Some(next) => {
                    flush(&mut self.work, &self.site, &[], &mut self.made, cx);
                    next.batch(&mut self.made, &mut out.made, cx);
                    self.made.clear();
                }
            }
            out.take_in(cx);
        }
        match &mut self.next {
            None => out.mark(mark),
            Some(next) => next.mark(mark, out, cx, travels),
        }
    }

    fn evict(&mut self, eviction: &mut Eviction, cx: &mut Cycle) {
        if let Some(flow) = self.work.flow() {
            flow.evict(eviction, cx, &self.site);
        }
        if let Some(next) = &mut self.next {
            next.evict(eviction, cx);
        }
    }

    fn finish(&mut self, out: &mut Vec<B>, cx: &mut Cycle) {
        match &mut self.next {
            None => flush(&mut self.work, &self.site, &[], out, cx),
            Some(next) => {
                flush(&mut self.work, &self.site, &[], &mut self.made, cx);
                if !self.made.is_empty() {
                    next.batch(&mut self.made, out, cx);
                    self.made.clear();
                }
                next.finish(out, cx);
            }
        }
    }

    fn drain(&mut self, id: NodeId, rest: &[Spot], out: &mut Vec<B>, cx: &mut Cycle) {
        match (self.site.id == id, &mut self.next) {
            (true, None) => flush(&mut self.work, &self.site, rest, out, cx),
            (true, Some(next)) => {
                flush(&mut self.work, &self.site, rest, &mut self.made, cx);
                if !self.made.is_empty() {
                    next.batch(&mut self.made, out, cx);
                    self.made.clear();
                }
            }
            (false, Some(next)) => next.drain(id, rest, out, cx),
            (false, None) => {}
        }
    }

    fn first(&mut self) -> Option<&mut dyn Knot> {
        Some(self)
    }

    fn nth(&mut self, at: &mut usize) -> Option<&mut dyn Knot> {
        match at.checked_sub(1) {
            None => Some(self),
            Some(rest) => {
                *at = rest;
                self.next.as_mut()?.nth(at)
            }
        }
    }

    fn knot(&mut self, id: NodeId) -> Option<&mut dyn Knot> {
        if self.site.id == id { Some(self) } else { self.next.as_mut()?.knot(id) }
    }

    fn recount(&mut self, how: Recount, cx: &mut Cycle) {
        match how {
            Recount::Forget => self.site.counts.forget(),
            Recount::Renew => {
                self.site.counts = Arc::default();
                cx.renewed.insert(self.site.id, Arc::clone(&self.site.counts));
            }
            Recount::Enter | Recount::Leave => {}
        }
        self.work.recount(how, cx, &self.site);
        if let Some(next) = &mut self.next {
            next.recount(how, cx);
        }
    }

    fn status(&self, status: &mut Status) {
        status.and(self.work.status(&self.site));
        if let Some(next) = &self.next {
            next.status(status);
        }
    }

    fn way(&self, trace: &mut Recorder) {
        self.work.way(&self.site, trace);
        if !trace.ends_at(self.site.id)
            && let Some(next) = &self.next
        {
            next.way(trace);
        }
    }

    fn locate(&self, id: NodeId) -> Option<Path> {
        if self.site.id == id {
            return Some(self.site.name.clone().into());
        }
        match self.work.locate(id) {
            Some(mut path) => {
                path.prefix(&self.site.name);
                Some(path)
            }
            None => self.next.as_ref()?.locate(id),
        }
    }

    fn unlink(mut self: Box<Self>, parts: &mut Vec<Box<dyn Knot>>) {
        let mut next = self.next.take();
        parts.push(self);
        while let Some(link) = next {
            let (knot, behind) = link.pop();
            parts.extend(knot);
            next = behind;
        }
    }

    fn pop(mut self: Box<Self>) -> Popped<B> {
        let next = self.next.take();
        (Some(self), next)
    }
}
