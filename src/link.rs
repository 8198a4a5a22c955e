//! The typed chain: how an item, an edit and the end of the stream pass.
//!
//! # Layout
//!
//! A stage that gives the type it takes can come and go while the pipeline runs; one that turns a type into another
//! cannot, because nothing would fit without it. So a chain is a row of *runs*: a run is a linked list of [`Node`]s whose
//! links all carry one type, `Box<dyn Link<B, B>>`, headed by the node that turned the type before into `B`. Runs of
//! different types are put together by [`Join`]s.
//!
//! This is what makes both halves of the speed possible. A node owns its stage (no second box) and the link behind it,
//! takes the item by value and ends in a call of the next node, so a hop is one indirect call, and the last node returns
//! the output itself. And a node to be put in at run time needs to know one type only, `B`, so whoever calls `insert`
//! builds the very node that the builder would have built.
//!
//! # Three ways through
//!
//! [`Link::call`] takes one item through a chain of stages that give at most one output. [`Link::batch`] takes any number
//! through any stages: a whole batch through one stage, then through the next. [`Link::finish`] and [`Link::drain`] let
//! stages give what they hold back. Edits do not pass through the links' types: they take a chain apart into [`Knot`]s and
//! put it together again (`chain.rs`), which happens between two cycles and costs the data path nothing.
//!
//! # Panics in stages
//!
//! In `call` they unwind to the pipeline. In `batch` they are caught at the node, so that what is ahead of the panicking
//! item still comes out; the pipeline resumes the unwinding at the end.

use std::any::Any;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::chain::{AnyChain, AnySwitch};
use crate::cycle::{Cycle, Site, guarded};
use crate::model::Step;
use crate::name::{Path, Type};
use crate::stage::{Output, Stage};

/// A chain of stages from `A` to `B`, or a part of one.
pub(crate) trait Link<A, B>: Send {
    /// Takes one item through; only where [`Status::single`] holds. Nothing means dropped or failed, and accounted for.
    fn call(&mut self, item: A, cx: &mut Cycle) -> Option<B>;
    /// Takes all `items` through; outputs are added to `out`.
    fn batch(&mut self, items: &mut Vec<A>, out: &mut Vec<B>, cx: &mut Cycle);
    /// The end of the stream: every stage gives what it holds back.
    fn finish(&mut self, out: &mut Vec<B>, cx: &mut Cycle);
    /// The stage at `at` (and the rest of the way inside it) gives what it holds back, and that goes on from there.
    fn drain(&mut self, at: usize, rest: &[Step], out: &mut Vec<B>, cx: &mut Cycle);
    fn knot(&mut self, at: usize) -> Option<&mut dyn Knot>;
    fn status(&self, status: &mut Status);
    /// Takes the chain apart, first stage first.
    fn unlink(self: Box<Self>, parts: &mut Vec<Box<dyn Knot>>);
    /// Takes the first node off.
    fn pop(self: Box<Self>) -> Popped<B>;
}

/// A node, and the run that was behind it.
pub(crate) type Popped<B> = (Option<Box<dyn Knot>>, Option<Box<dyn Link<B, B>>>);

/// What the engine may do with a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Status {
    /// No stage gives more than one output, so that [`Link::call`] works.
    pub(crate) single: bool,
    /// No item fails and no route changes by itself, so that a batch has the same effect as its items one by one.
    pub(crate) steady: bool,
    /// A switch that every item passes, and that has no target.
    pub(crate) blocked: Option<Path>,
}

impl Status {
    pub(crate) const CLEAR: Self = Self { single: true, steady: true, blocked: None };

    pub(crate) fn and(&mut self, other: Self) {
        self.single &= other.single;
        self.steady &= other.steady;
        if self.blocked.is_none() {
            self.blocked = other.blocked;
        }
    }
}

/// A link whose types are forgotten; they come back by downcasts, on the cold path only.
pub(crate) trait Knot: Send {
    fn site(&self) -> &Site;
    fn site_mut(&mut self) -> &mut Site;
    /// The node as a `Box<dyn Link<A, B>>`, in a box.
    fn into_link(self: Box<Self>) -> Box<dyn Any + Send>;
    /// Whether the node gives another type than it takes.
    fn turns(&self) -> bool;
    /// Links the run behind the node: a boxed `Box<dyn Link<B, B>>`.
    fn set_next(&mut self, next: Option<Box<dyn Any + Send>>);
    fn joiner(&mut self) -> &mut Option<Joiner>;
    /// What the stage holds back, as last told.
    fn held(&self) -> i64;
    /// The stage itself.
    fn into_stage(self: Box<Self>) -> Box<dyn Any + Send>;
    fn chain(&mut self) -> Option<&mut dyn AnyChain>;
    fn switch(&mut self) -> Option<&mut dyn AnySwitch>;
}

/// Puts a chain `In -> Mid` and a link `Mid -> Out` together. Both, and the result, are boxed `Box<dyn Link<_, _>>`s.
pub(crate) type Joiner = fn(Box<dyn Any + Send>, Box<dyn Any + Send>) -> Option<Box<dyn Any + Send>>;

/// The [`Joiner`] for a stage `Mid -> Out` of a chain that begins with `In`.
pub(crate) fn join<In: Send + 'static, Mid: Send + 'static, Out: Send + 'static>(
    head: Box<dyn Any + Send>,
    tail: Box<dyn Any + Send>,
) -> Option<Box<dyn Any + Send>> {
    let mut head = *head.downcast::<Box<dyn Link<In, Mid>>>().ok()?;
    let tail = *tail.downcast::<Box<dyn Link<Mid, Out>>>().ok()?;
    let mut length = 0;
    while head.knot(length).is_some() {
        length += 1;
    }
    let join: Box<dyn Link<In, Out>> = Box::new(Join { head, length, tail, middle: Vec::new() });
    Some(Box::new(join))
}

/// What a node does with items: a stage of the user's, a nested pipeline, a switch.
pub(crate) trait Work<A, B>: Send + 'static {
    fn one(&mut self, item: A, cx: &mut Cycle, site: &Site) -> Option<B>;
    fn many(&mut self, items: &mut Vec<A>, out: &mut Vec<B>, cx: &mut Cycle, site: &Site);
    fn finish(&mut self, out: &mut Vec<B>, cx: &mut Cycle, site: &Site);
    /// The stage that `rest` leads to, inside this one, gives what it holds back; `rest` is not empty.
    fn drain(&mut self, rest: &[Step], out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        let _ = (rest, out, cx, site);
    }
    fn status(&self, site: &Site) -> Status;
    fn held(&self) -> i64;
    fn into_stage(self) -> Box<dyn Any + Send>;
    fn chain(&mut self) -> Option<&mut dyn AnyChain> {
        None
    }
    fn switch(&mut self) -> Option<&mut dyn AnySwitch> {
        None
    }
    /// Whether a trace shows the node itself, and not only what is inside.
    fn is_plain(&self) -> bool {
        true
    }
}

/// A stage in its place.
pub(crate) struct Node<W, A, B> {
    site: Site,
    work: W,
    next: Option<Box<dyn Link<B, B>>>,
    made: Vec<B>,
    joiner: Option<Joiner>,
    takes: PhantomData<fn(A)>,
}

impl<W, A, B> Node<W, A, B> {
    pub(crate) fn new(site: Site, work: W) -> Self {
        Self { site, work, next: None, made: Vec::new(), joiner: None, takes: PhantomData }
    }

    /// One batch through this node alone; a panic ends it and loses what comes behind.
    fn run(&mut self, items: &mut Vec<A>, out: Option<&mut Vec<B>>, cx: &mut Cycle)
    where
        W: Work<A, B>,
    {
        let Self { site, work, made, .. } = self;
        let out = out.unwrap_or(made);
        let (taken, gone, before) = (items.len() as i64, cx.gone, out.len());
        cx.whole = 0;
        if let Some(trace) = &mut cx.trace
            && work.is_plain()
        {
            trace.stage(&site.name);
        }
        let caught = catch_unwind(AssertUnwindSafe(|| work.many(items, out, cx, site)));
        if let Err(panic) = caught {
            items.clear();
            cx.panic.get_or_insert(panic);
            lost(site, out, before, taken, gone, cx);
        }
    }
}

/// What a stage gives at its end (or all the stages inside it); a panic ends it, and what it had emitted then is void.
fn flush<W: Work<A, B>, A, B>(work: &mut W, site: &Site, rest: &[Step], out: &mut Vec<B>, cx: &mut Cycle) {
    let before = out.len();
    let flushed = catch_unwind(AssertUnwindSafe(|| {
        if rest.is_empty() { work.finish(out, cx, site) } else { work.drain(rest, out, cx, site) }
    }));
    if let Err(panic) = flushed {
        out.truncate(before);
        cx.faults.take();
        cx.panic.get_or_insert(panic);
    }
}

/// A stage panicked: what it had in hand, and what was behind that in the batch, is counted as failed.
#[cold]
fn lost<B>(site: &Site, out: &mut Vec<B>, before: usize, taken: i64, gone: i64, cx: &mut Cycle) {
    if cx.whole > before {
        out.truncate(cx.whole);
    }
    cx.faults.take();
    let rest = taken - (cx.gone - gone) - (out.len() - before) as i64;
    if rest > 0 {
        cx.failed(&site.counts, rest.unsigned_abs());
    }
}

impl<W, A, B> Link<A, B> for Node<W, A, B>
where
    W: Work<A, B>,
    A: Send + 'static,
    B: Send + 'static,
{
    fn call(&mut self, item: A, cx: &mut Cycle) -> Option<B> {
        let made = self.work.one(item, cx, &self.site)?;
        match &mut self.next {
            Some(next) => next.call(made, cx),
            None => Some(made),
        }
    }

    fn batch(&mut self, items: &mut Vec<A>, out: &mut Vec<B>, cx: &mut Cycle) {
        if self.next.is_none() {
            return self.run(items, Some(out), cx);
        }
        self.run(items, None, cx);
        if let Some(next) = &mut self.next
            && !self.made.is_empty()
        {
            next.batch(&mut self.made, out, cx);
            self.made.clear();
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

    fn drain(&mut self, at: usize, rest: &[Step], out: &mut Vec<B>, cx: &mut Cycle) {
        match (at, &mut self.next) {
            (0, None) => flush(&mut self.work, &self.site, rest, out, cx),
            (0, Some(next)) => {
                flush(&mut self.work, &self.site, rest, &mut self.made, cx);
                if !self.made.is_empty() {
                    next.batch(&mut self.made, out, cx);
                    self.made.clear();
                }
            }
            (_, Some(next)) => next.drain(at - 1, rest, out, cx),
            (_, None) => {}
        }
    }

    fn knot(&mut self, at: usize) -> Option<&mut dyn Knot> {
        match at {
            0 => Some(self),
            _ => self.next.as_mut()?.knot(at - 1),
        }
    }

    fn status(&self, status: &mut Status) {
        status.and(self.work.status(&self.site));
        if let Some(next) = &self.next {
            next.status(status);
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

impl<W, A, B> Knot for Node<W, A, B>
where
    W: Work<A, B>,
    A: Send + 'static,
    B: Send + 'static,
{
    fn site(&self) -> &Site {
        &self.site
    }

    fn site_mut(&mut self) -> &mut Site {
        &mut self.site
    }

    fn into_link(self: Box<Self>) -> Box<dyn Any + Send> {
        let link: Box<dyn Link<A, B>> = self;
        Box::new(link)
    }

    fn turns(&self) -> bool {
        Type::of::<A>() != Type::of::<B>()
    }

    fn set_next(&mut self, next: Option<Box<dyn Any + Send>>) {
        self.next = next.and_then(|next| next.downcast::<Box<dyn Link<B, B>>>().ok()).map(|next| *next);
    }

    fn joiner(&mut self) -> &mut Option<Joiner> {
        &mut self.joiner
    }

    fn held(&self) -> i64 {
        self.work.held()
    }

    fn into_stage(self: Box<Self>) -> Box<dyn Any + Send> {
        self.work.into_stage()
    }

    fn chain(&mut self) -> Option<&mut dyn AnyChain> {
        self.work.chain()
    }

    fn switch(&mut self) -> Option<&mut dyn AnySwitch> {
        self.work.switch()
    }
}

/// Two runs of different types, one behind the other.
struct Join<In, Mid, Out> {
    head: Box<dyn Link<In, Mid>>,
    length: usize,
    tail: Box<dyn Link<Mid, Out>>,
    middle: Vec<Mid>,
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
        self.tail.batch(&mut self.middle, out, cx);
        self.middle.clear();
    }

    fn finish(&mut self, out: &mut Vec<Out>, cx: &mut Cycle) {
        self.head.finish(&mut self.middle, cx);
        self.tail.batch(&mut self.middle, out, cx);
        self.middle.clear();
        self.tail.finish(out, cx);
    }

    fn drain(&mut self, at: usize, rest: &[Step], out: &mut Vec<Out>, cx: &mut Cycle) {
        if at >= self.length {
            return self.tail.drain(at - self.length, rest, out, cx);
        }
        self.head.drain(at, rest, &mut self.middle, cx);
        self.tail.batch(&mut self.middle, out, cx);
        self.middle.clear();
    }

    fn knot(&mut self, at: usize) -> Option<&mut dyn Knot> {
        if at < self.length { self.head.knot(at) } else { self.tail.knot(at - self.length) }
    }

    fn status(&self, status: &mut Status) {
        self.head.status(status);
        self.tail.status(status);
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

    fn finish(&mut self, _: &mut Vec<T>, _: &mut Cycle) {}

    fn drain(&mut self, _: usize, _: &[Step], _: &mut Vec<T>, _: &mut Cycle) {}

    fn knot(&mut self, _: usize) -> Option<&mut dyn Knot> {
        None
    }

    fn status(&self, _: &mut Status) {}

    fn unlink(self: Box<Self>, _: &mut Vec<Box<dyn Knot>>) {}

    fn pop(self: Box<Self>) -> Popped<T> {
        (None, None)
    }
}

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
        Self { held: stage.held(), stage }
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
        guarded(cx, site, |cx| self.stage.finish(&mut Output::new(out, &mut cx.faults)));
        self.settle(0, out.len() - before, cx, site);
    }

    fn status(&self, _: &Site) -> Status {
        Status { single: S::SHAPE.single, steady: S::SHAPE.infallible, blocked: None }
    }

    fn held(&self) -> i64 {
        self.held as i64
    }

    fn into_stage(self) -> Box<dyn Any + Send> {
        Box::new(self.stage)
    }
}
