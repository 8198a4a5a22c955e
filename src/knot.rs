//! The data side as edits see it: links, chains and switches without their types.
//!
//! Types come back by downcasts, which were made sure of when the edit was committed, and only where edits are applied.
//!
//! Places are told by ids ([`Spot`]), which no edit shifts and which are never given twice.

mod eviction;
mod travel;

use std::any::Any;

use smallvec::SmallVec;

use crate::cycle::{Cycle, Site};
use crate::name::{Name, NodeId};
use crate::roster::{NoThread, Roster};
use crate::route::Route;

pub(crate) use eviction::{Eviction, HowFar, Reach};
pub(crate) use travel::{Departing, Ending, Flow, Late, Leave, Travels, Turn, Wait};

/// A link whose types are forgotten; they come back by downcasts, on the cold path only.
pub(crate) trait Knot: Send {
    fn site(&self) -> &Site;
    fn site_mut(&mut self) -> &mut Site;
    fn rename(&mut self, to: Name);
    /// The node as a `Box<dyn Link<A, B>>`, in a box.
    fn into_link(self: Box<Self>) -> Box<dyn Any + Send>;
    /// Whether the node gives another type than it takes.
    fn turns(&self) -> bool;
    /// Whether items go through it together as they would one by one: each becomes one output, none fails, waits, or has a
    /// choice.
    fn is_plain(&self) -> bool;
    /// Links the run behind the node: a boxed `Box<dyn Link<B, B>>`.
    fn set_next(&mut self, next: Option<Box<dyn Any + Send>>);
    fn joiner(&mut self) -> &mut Option<Joiner>;
    /// What the stage holds comes into the pipeline (or, if not `enters`, leaves it).
    fn carry(&mut self, enters: bool, cx: &mut Cycle);
    /// What a stage of the user's holds back, as last told.
    fn held(&self) -> i64;
    /// The stage itself.
    fn into_stage(self: Box<Self>) -> Box<dyn Any + Send>;
    /// The boundary that it is, or has inside.
    fn wait(&mut self) -> Option<(&mut dyn Wait, &Site)>;
    /// A gate in its place, behind which it stays until what is inside is out; `by` comes instead, or nothing.
    fn gated(
        self: Box<Self>,
        by: Option<Box<dyn Knot>>,
        leave: Leave,
        cx: &mut Cycle,
        travels: &mut Travels,
    ) -> Box<dyn Knot>;
    /// What `by` gives for the stage comes in its place. From behind a gate that is the one that stands there already; those
    /// that still leave stay as they are.
    fn exchange(self: Box<Self>, by: Exchange<'_>) -> Option<Box<dyn Knot>>;
    /// What stays where a gate is not needed any more.
    fn ungated(self: Box<Self>) -> Option<Box<dyn Knot>>;
    /// Starts the threads of the stage and of all inside it; or lets go of them, if not `hire`.
    ///
    /// # Errors
    ///
    /// That of the system, which has no thread for one; those before it have theirs.
    fn staff(&mut self, hire: bool, roster: &Roster) -> Result<(), NoThread>;
    fn chain(&mut self) -> Option<&mut dyn AnyChain>;
    fn switch(&mut self) -> Option<&mut dyn AnySwitch>;
    /// There are to be `count` workers: those in `made` come, a boxed `Vec` of the data side's own type, or those of the
    /// highest numbers leave. What is inside is theirs who have it.
    fn workers(&mut self, count: usize, made: Box<dyn Any + Send>, taken: &mut Taken, cx: &mut Cycle);
}

/// Takes a stage, and gives what comes instead, if anything does.
pub(crate) type Exchange<'a> = Box<dyn FnOnce(Box<dyn Knot>) -> Option<Box<dyn Knot>> + 'a>;

/// Puts a chain `In -> Mid` and a link `Mid -> Out` together. Both, and the result, are boxed `Box<dyn Link<_, _>>`s.
pub(crate) type Joiner = fn(Box<dyn Any + Send>, Box<dyn Any + Send>) -> Option<Box<dyn Any + Send>>;

/// A stage in its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) id: NodeId,
    /// The slot of a switch's target; `None` for a stage of a pipeline.
    pub(crate) slot: Option<u32>,
}

/// The stages around a place, from the outermost inwards.
pub(crate) type Way = SmallVec<[Spot; 4]>;

/// A change of the data side at one place.
pub(crate) enum Act {
    /// In front of the stage `before`, or behind all.
    Insert {
        before: Option<NodeId>,
        knot: Box<dyn Knot>,
    },
    Remove {
        id: NodeId,
    },
    /// In front of the stage `before`, or behind all.
    Move {
        id: NodeId,
        before: Option<NodeId>,
    },
    /// From the chain that `from` leads to, to the one that `to` does: in front of the stage `before`, or behind all.
    Transfer {
        id: NodeId,
        from: Way,
        to: Way,
        before: Option<NodeId>,
    },
    Replace {
        at: Spot,
        knot: Box<dyn Knot>,
    },
    /// The new stage, whose id is `id`, is made of the one at `at`.
    HandOver {
        at: Spot,
        id: NodeId,
        make: Remake,
    },
    Rename {
        at: Spot,
        to: Name,
    },
    Route {
        route: Route,
        slots: SmallVec<[u32; 4]>,
    },
    Attach {
        slot: u32,
        knot: Box<dyn Knot>,
    },
    Detach {
        slot: u32,
    },
    /// So many workers from now on, new ones among them.
    Workers {
        at: Spot,
        count: usize,
        made: Box<dyn Any + Send>,
    },
}

impl Act {
    /// Whether it moves a stage.
    pub(crate) fn moves(&self) -> bool {
        matches!(self, Self::Move { .. } | Self::Transfer { .. })
    }

    /// Whether items that may go on together may still do so behind it; `alike` says so of the targets of switches.
    fn is_plain(&self, alike: bool) -> bool {
        match self {
            Self::Insert { knot, .. } | Self::Replace { knot, .. } | Self::Attach { knot, .. } => knot.is_plain(),
            Self::Remove { .. }
            | Self::Move { .. }
            | Self::Rename { .. }
            | Self::Detach { .. }
            | Self::Workers { .. } => true,
            // What comes to be on the way of items, and has not been before, is not known here.
            Self::Transfer { .. } | Self::HandOver { .. } => false,
            Self::Route { route, .. } => alike && route.is_even(),
        }
    }

    /// Whether something leaves the pipeline by it, or is left by a route.
    pub(crate) fn leaves(&self) -> bool {
        matches!(self, Self::Remove { .. } | Self::Replace { .. } | Self::Route { .. } | Self::Detach { .. })
    }
}

/// Makes the new stage of the old one, in its place; the number is that of the items it holds. Where that panics, what comes back is a stage that fails every item.
pub(crate) type Remake = Box<dyn FnOnce(Box<dyn Any + Send>, Site, i64) -> Remade + Send>;

/// The new stage, and the panic that there was instead.
pub(crate) type Remade = (Box<dyn Knot>, Option<Box<dyn Any + Send>>);

/// What an edit took out, for the receipt.
pub(crate) type Taken = Vec<(NodeId, Box<dyn Knot>)>;

/// A chain whose types are forgotten.
pub(crate) trait AnyChain {
    /// The first stage.
    fn first(&mut self) -> Option<&mut dyn Knot>;
    /// Carries out `act` in the chain that `within` leads to from here.
    fn act(&mut self, within: &[Spot], act: Act, taken: &mut Taken, cx: &mut Cycle);
    /// Takes the stage `id` out of the chain that `within` leads to from here.
    fn lift(&mut self, within: &[Spot], id: NodeId) -> Option<Box<dyn Knot>>;
    /// Puts a stage into the chain that `within` leads to from here: in front of the stage `before`, or behind all.
    fn put(&mut self, within: &[Spot], before: Option<NodeId>, knot: Box<dyn Knot>);
}

/// A switch whose types are forgotten.
pub(crate) trait AnySwitch {
    fn act(&mut self, within: &[Spot], act: Act, taken: &mut Taken, cx: &mut Cycle, id: NodeId);
    /// See [`AnyChain::lift`].
    fn lift(&mut self, within: &[Spot], id: NodeId) -> Option<Box<dyn Knot>>;
    /// See [`AnyChain::put`].
    fn put(&mut self, within: &[Spot], before: Option<NodeId>, knot: Box<dyn Knot>);
}
