//! Links that are no stages: two runs put together, and the chain of no stages.

use std::any::Any;
use std::task::Context;

use crate::cycle::Cycle;
use crate::knot::{Eviction, Knot, Spot, Travels, Turn};
use crate::link::{Link, Popped, Recount, Status};
use crate::name::{NodeId, Path};
use crate::outlet::Outlet;
use crate::packet::{Mark, Message};
use crate::trace::Recorder;

/// The [`Joiner`] for a stage `Mid -> Out` of a chain that begins with `In`.
pub(crate) fn join<In: Send + 'static, Mid: Send + 'static, Out: Send + 'static>(
    head: Box<dyn Any + Send>,
    tail: Box<dyn Any + Send>,
) -> Option<Box<dyn Any + Send>> {
    let head = *head.downcast::<Box<dyn Link<In, Mid>>>().ok()?;
    let tail = *tail.downcast::<Box<dyn Link<Mid, Out>>>().ok()?;
    let join: Box<dyn Link<In, Out>> = Box::new(Join { head, tail, middle: Vec::new(), between: Outlet::new(1) });
    Some(Box::new(join))
}

/// Two runs of different types, one behind the other.
struct Join<In, Mid, Out> {
    head: Box<dyn Link<In, Mid>>,
    tail: Box<dyn Link<Mid, Out>>,
    middle: Vec<Mid>,
    /// What comes from the head's boundaries.
    between: Outlet<Mid>,
}

impl<In, Mid, Out> Join<In, Mid, Out> {
    /// Gives the tail what has come from the head; whether there was anything.
    fn carry(&mut self, out: &mut Outlet<Out>, cx: &mut Cycle, travels: &mut Travels) -> bool {
        let mut carried = false;
        while let Some(message) = self.between.pop() {
            carried = true;
            match message {
                Message::Mark(mark) => self.tail.mark(mark, out, cx, travels),
                Message::Packet(packet) => {
                    self.middle.extend(cx.go_on_with(packet));
                    self.tail.batch(&mut self.middle, &mut out.made, cx);
                    self.middle.clear();
                    out.take_in(cx);
                }
            }
        }
        carried
    }

    /// Gives the tail what the head's stages have given, if anything.
    fn carry_given(&mut self, out: &mut Vec<Out>, cx: &mut Cycle) {
        if !self.middle.is_empty() {
            self.tail.batch(&mut self.middle, out, cx);
            self.middle.clear();
        }
    }
}

impl<In, Mid, Out> Link<In, Out> for Join<In, Mid, Out>
where
    In: Send + 'static,
    Mid: Send + 'static,
    Out: Send + 'static,
{
    fn call(&mut self, item: In, cx: &mut Cycle) -> Option<Out> {
        let item = self.head.call(item, cx)?;
        self.tail.call(item, cx)
    }

    fn batch(&mut self, items: &mut Vec<In>, out: &mut Vec<Out>, cx: &mut Cycle) {
        self.head.batch(items, &mut self.middle, cx);
        if !cx.parked && (!self.middle.is_empty() || cx.is_missed()) {
            self.tail.batch(&mut self.middle, out, cx);
            self.middle.clear();
        }
    }

    fn poll(&mut self, out: &mut Outlet<Out>, cx: &mut Cycle, turn: &mut Turn<'_, '_>) -> bool {
        loop {
            let open = self.tail.poll(out, cx, turn);
            self.between.set_room(open.into());
            let ready = self.head.poll(&mut self.between, cx, turn);
            if !self.carry(out, cx, turn.travels) {
                return ready;
            }
        }
    }

    fn is_clear(&mut self, task: &mut Context<'_>) -> bool {
        self.head.is_clear(task) && self.tail.is_clear(task)
    }

    fn has_room(&mut self) -> Option<bool> {
        self.head.has_room().or_else(|| self.tail.has_room())
    }

    fn mark(&mut self, mark: Mark, out: &mut Outlet<Out>, cx: &mut Cycle, travels: &mut Travels) {
        self.head.mark(mark, &mut self.between, cx, travels);
        self.carry(out, cx, travels);
    }

    fn evict(&mut self, eviction: &mut Eviction, cx: &mut Cycle) {
        self.head.evict(eviction, cx);
        self.tail.evict(eviction, cx);
    }

    fn finish(&mut self, out: &mut Vec<Out>, cx: &mut Cycle) {
        self.head.finish(&mut self.middle, cx);
        self.carry_given(out, cx);
        self.tail.finish(out, cx);
    }

    fn drain(&mut self, id: NodeId, rest: &[Spot], out: &mut Vec<Out>, cx: &mut Cycle) {
        if self.head.knot(id).is_none() {
            return self.tail.drain(id, rest, out, cx);
        }
        self.head.drain(id, rest, &mut self.middle, cx);
        self.carry_given(out, cx);
    }

    fn first(&mut self) -> Option<&mut dyn Knot> {
        self.head.first()
    }

    fn nth(&mut self, at: &mut usize) -> Option<&mut dyn Knot> {
        match self.head.nth(at) {
            None => self.tail.nth(at),
            found => found,
        }
    }

    fn knot(&mut self, id: NodeId) -> Option<&mut dyn Knot> {
        self.head.knot(id).or_else(|| self.tail.knot(id))
    }

    fn recount(&mut self, how: Recount, cx: &mut Cycle) {
        self.head.recount(how, cx);
        self.tail.recount(how, cx);
    }

    fn status(&self, status: &mut Status) {
        self.head.status(status);
        self.tail.status(status);
    }

    fn way(&self, trace: &mut Recorder) {
        self.head.way(trace);
        if !trace.is_over() {
            self.tail.way(trace);
        }
    }

    fn locate(&self, id: NodeId) -> Option<Path> {
        self.head.locate(id).or_else(|| self.tail.locate(id))
    }

    fn unlink(self: Box<Self>, parts: &mut Vec<Box<dyn Knot>>) {
        self.head.unlink(parts);
        self.tail.unlink(parts);
    }

    fn pop(self: Box<Self>) -> Popped<Out> {
        (None, None)
    }
}

/// The chain of no stages.
pub(crate) struct Pass;

impl<T: Send + 'static> Link<T, T> for Pass {
    fn call(&mut self, item: T, _: &mut Cycle) -> Option<T> {
        Some(item)
    }

    fn batch(&mut self, items: &mut Vec<T>, out: &mut Vec<T>, _: &mut Cycle) {
        out.append(items);
    }

    fn poll(&mut self, out: &mut Outlet<T>, _: &mut Cycle, _: &mut Turn<'_, '_>) -> bool {
        out.is_open()
    }

    fn is_clear(&mut self, _: &mut Context<'_>) -> bool {
        true
    }

    fn has_room(&mut self) -> Option<bool> {
        None
    }

    fn mark(&mut self, mark: Mark, out: &mut Outlet<T>, _: &mut Cycle, _: &mut Travels) {
        out.mark(mark);
    }

    fn evict(&mut self, _: &mut Eviction, _: &mut Cycle) {}

    fn finish(&mut self, _: &mut Vec<T>, _: &mut Cycle) {}

    fn drain(&mut self, _: NodeId, _: &[Spot], _: &mut Vec<T>, _: &mut Cycle) {}

    fn first(&mut self) -> Option<&mut dyn Knot> {
        None
    }

    fn nth(&mut self, _: &mut usize) -> Option<&mut dyn Knot> {
        None
    }

    fn knot(&mut self, _: NodeId) -> Option<&mut dyn Knot> {
        None
    }

    fn status(&self, _: &mut Status) {}

    fn way(&self, _: &mut Recorder) {}

    fn locate(&self, _: NodeId) -> Option<Path> {
        None
    }

    fn recount(&mut self, _: Recount, _: &mut Cycle) {}

    fn unlink(self: Box<Self>, _: &mut Vec<Box<dyn Knot>>) {}

    fn pop(self: Box<Self>) -> Popped<T> {
        (None, None)
    }
}

/// Polls a link that is in no chain, so that nobody else takes the marks of edits from its head.
pub(crate) fn poll_alone<A, B>(
    link: &mut dyn Link<A, B>,
    out: &mut Outlet<B>,
    cx: &mut Cycle,
    turn: &mut Turn<'_, '_>,
) -> bool {
    let outside = std::mem::take(&mut cx.arrived);
    let ready = loop {
        let ready = link.poll(out, cx, turn);
        let wait = link.first().and_then(|knot| knot.wait());
        match wait.and_then(|(wait, _)| wait.head_edit().map(|revision| (wait, revision))) {
            Some((wait, revision)) => {
                wait.pass_edit();
                out.mark(Mark::Edit(revision));
            }
            None => break ready,
        }
    };
    cx.arrived = outside;
    ready
}
