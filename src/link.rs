//! The typed chain: how an item, an edit and the end of the stream pass.
//!
//! # Layout
//!
//! A stage that gives the type it takes can come and go while the pipeline runs; one that turns a type into another
//! cannot, because nothing would fit without it. So a chain is a row of *runs*: a run is a linked list of [`Node`](crate::node::Node)s whose
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
use std::task::Context;

use crate::cycle::{Cycle, Site};
use crate::knot::{AnyChain, AnySwitch, Eviction, Exchange, Flow, Knot, Spot, Taken, Travels, Turn};
use crate::name::{Name, NodeId, Path};
use crate::outlet::Outlet;
use crate::packet::Mark;
use crate::roster::{NoThread, Roster};
use crate::trace::Recorder;

/// A chain of stages from `A` to `B`, or a part of one.
pub(crate) trait Link<A, B>: Send {
    /// Takes one item through; only where [`Status::single`] holds. Nothing means dropped or failed, and accounted for.
    fn call(&mut self, item: A, cx: &mut Cycle) -> Option<B>;
    /// Takes all `items` through; outputs are added to `out`.
    fn batch(&mut self, items: &mut Vec<A>, out: &mut Vec<B>, cx: &mut Cycle);
    /// The end of the stream: every stage gives what it holds back.
    fn finish(&mut self, out: &mut Vec<B>, cx: &mut Cycle);
    /// The stage `id` (or that at the end of the rest of the way inside it) gives what it holds back, and that goes on from
    /// there; nothing happens where it is not in this part.
    fn drain(&mut self, id: NodeId, rest: &[Spot], out: &mut Vec<B>, cx: &mut Cycle);
    /// The first stage.
    fn first(&mut self) -> Option<&mut dyn Knot>;
    /// The stage `at` places further on; `at` is counted down.
    fn nth(&mut self, at: &mut usize) -> Option<&mut dyn Knot>;
    /// The stage `id`, if it is in this part: those inside its stages are not looked at.
    fn knot(&mut self, id: NodeId) -> Option<&mut dyn Knot>;
    fn status(&self, status: &mut Status);
    /// Tells the way of the last item that was called through, up to where it ended.
    fn way(&self, trace: &mut Recorder);
    /// The path of a stage that an item can come to; looked for first on the way of the last item that was called through.
    fn locate(&self, id: NodeId) -> Option<Path>;
    /// What the stages hold comes to be in the pipeline, leaves it, or is counted nowhere from now on.
    fn recount(&mut self, how: Recount, cx: &mut Cycle);
    /// Lets what waits at boundaries go on as far as it can, last boundary first; what comes out goes into `out`, one
    /// message at a time as long as that is open. Whether a packet would be taken in front. Registers the task for
    /// everything that has to be waited for.
    fn poll(&mut self, out: &mut Outlet<B>, cx: &mut Cycle, turn: &mut Turn<'_, '_>) -> bool;
    /// Whether an item can be [called](Link::call) through at once, on the way that it would take, with nothing waiting
    /// there. Where a sink is not ready that is told to wake the task; it may be `false` for other reasons.
    fn is_clear(&mut self, task: &mut Context<'_>) -> bool;
    /// Whether a packet would be taken in front, as far as that is known since the last [`poll`](Link::poll). `None` where
    /// it may pass all boundaries that there are: it is up to what stands behind.
    fn has_room(&mut self) -> Option<bool>;
    /// Sends a mark, other than that of an edit, through: up to the first boundary, and behind what is inside there.
    fn mark(&mut self, mark: Mark, out: &mut Outlet<B>, cx: &mut Cycle, travels: &mut Travels);
    /// See [`Wait::evict`](crate::knot::Wait::evict).
    fn evict(&mut self, eviction: &mut Eviction, cx: &mut Cycle);
    /// Takes the chain apart, first stage first.
    fn unlink(self: Box<Self>, parts: &mut Vec<Box<dyn Knot>>);
    /// Takes the first node off.
    fn pop(self: Box<Self>) -> Popped<B>;
}

/// What becomes of the count of what stages hold back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Recount {
    /// They have come into the pipeline.
    Enter,
    /// They have left it.
    Leave,
    /// The pipeline becomes a part of another, whose ledger knows nothing of them yet.
    Forget,
    /// The pipeline was a part of another, which keeps the counts: here are new ones, in [`Cycle::renewed`].
    Renew,
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
    /// No switch on the routes has a choice.
    pub(crate) fixed: bool,
    /// Every stage gives exactly one output.
    pub(crate) exact: bool,
    /// Whether all that may still be so when switches are routed to others of their targets.
    pub(crate) alike: bool,
    /// A switch that every item passes, and that has no target.
    pub(crate) blocked: Option<Path>,
    /// While tasks run the pipeline, packets may be parked on the way, so that [`Link::call`] does not work then.
    pub(crate) parks: bool,
    /// A stage that only works while tasks run the pipeline.
    pub(crate) waits: Option<Path>,
}

impl Status {
    pub(crate) const CLEAR: Self = Self {
        single: true,
        steady: true,
        fixed: true,
        exact: true,
        alike: true,
        blocked: None,
        parks: false,
        waits: None,
    };

    /// A stage where packets are parked, and that only works while tasks run the pipeline.
    pub(crate) fn waits(stage: Path) -> Self {
        Self { single: false, steady: false, exact: false, parks: true, waits: Some(stage), ..Self::CLEAR }
    }

    /// Whether items that go through together do as they would one by one, and one comes out for each.
    pub(crate) fn goes_together(&self) -> bool {
        self.steady && self.single && self.exact && self.alike && self.blocked.is_none()
    }

    pub(crate) fn and(&mut self, other: Self) {
        self.single &= other.single;
        self.steady &= other.steady;
        self.fixed &= other.fixed;
        self.exact &= other.exact;
        self.alike &= other.alike;
        self.parks |= other.parks;
        if self.blocked.is_none() {
            self.blocked = other.blocked;
        }
        if self.waits.is_none() {
            self.waits = other.waits;
        }
    }
}

/// What a node does with items: a stage of the user's, a nested pipeline, a switch.
pub(crate) trait Work<A, B>: Send + 'static {
    /// Whether it is a gate: another stage leaves its place.
    const GATE: bool = false;

    fn one(&mut self, item: A, cx: &mut Cycle, site: &Site) -> Option<B>;
    fn many(&mut self, items: &mut Vec<A>, out: &mut Vec<B>, cx: &mut Cycle, site: &Site);
    fn finish(&mut self, out: &mut Vec<B>, cx: &mut Cycle, site: &Site);
    /// The stage that `rest` leads to, inside this one, gives what it holds back; `rest` is not empty.
    fn drain(&mut self, rest: &[Spot], out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        let _ = (rest, out, cx, site);
    }
    fn status(&self, site: &Site) -> Status;
    /// See [`Link::way`].
    fn way(&self, site: &Site, trace: &mut Recorder) {
        trace.stage(site.id);
    }
    /// The path, from here on, of a stage inside this one; see [`Link::locate`].
    fn locate(&self, id: NodeId) -> Option<Path> {
        let _ = id;
        None
    }
    /// What a stage of the user's holds back, as last told.
    fn held(&self) -> i64 {
        0
    }
    /// See [`Link::recount`].
    fn recount(&mut self, how: Recount, cx: &mut Cycle, site: &Site) {
        let _ = (how, cx, site);
    }
    fn into_stage(self) -> Box<dyn Any + Send>;
    /// The boundary that it is, or has inside, if any: then packets may be parked by [`many`](Work::many).
    fn flow(&mut self) -> Option<&mut dyn Flow<B>> {
        None
    }
    /// See [`Link::is_clear`].
    fn is_clear(&mut self, task: &mut Context<'_>) -> bool {
        let _ = task;
        self.flow().is_none()
    }
    /// See [`Knot::rename`].
    fn rename(&mut self, to: &Name) {
        let _ = to;
    }
    /// See [`Knot::exchange`]; called for a gate only.
    fn exchange(self, site: Site, by: Exchange<'_>) -> Option<Box<dyn Knot>>
    where
        Self: Sized,
    {
        let _ = (site, by);
        None
    }
    /// See [`Knot::ungated`].
    fn ungated(self) -> Option<Box<dyn Knot>>
    where
        Self: Sized,
    {
        None
    }
    /// See [`Knot::staff`].
    fn staff(&mut self, hire: bool, site: &Site, roster: &Roster) -> Result<(), NoThread> {
        let _ = (hire, site, roster);
        Ok(())
    }
    fn chain(&mut self) -> Option<&mut dyn AnyChain> {
        None
    }
    fn switch(&mut self) -> Option<&mut dyn AnySwitch> {
        None
    }
    /// See [`Knot::workers`].
    fn workers(&mut self, count: usize, made: Box<dyn Any + Send>, taken: &mut Taken, cx: &mut Cycle, site: &Site) {
        let _ = (count, made, taken, cx, site);
    }
    /// Whether a trace shows the node itself, and not only what is inside.
    fn is_plain(&self) -> bool {
        true
    }
}
