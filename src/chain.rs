//! A chain as a whole, and how an edit changes it.
//!
//! Edits reach the data side as [`Act`]s with the way to the place ([`Spot`]s). They were checked against the model, so
//! they cannot fail here. A structural act takes the chain apart, changes the row of its parts, and links them again, last
//! to first: in time linear in the chain's length, without recursion, between two cycles.

mod flow;
mod nested;
mod stretch;
mod transfer;

use std::any::Any;
use std::sync::Arc;

use crate::cycle::{Cycle, Site};
use crate::failure::{Failure, OnFailure};
use crate::join::Pass;
use crate::knot::{Act, AnyChain, Joiner, Knot, Remake, Spot, Taken};
use crate::link::{Link, Recount, Status};
use crate::name::{NodeId, Path};
use crate::packet::Line;
use crate::roster::{NoThread, Roster};
use crate::trace::Recorder;

pub(crate) use flow::{edit_inside, takes_mark};
pub(crate) use nested::Nested;
pub(crate) use stretch::part;
use transfer::{lift_from, put_into, transfer};
pub(crate) use transfer::{lift_inside, put_inside};

/// A chain of stages from `A` to `B`.
pub(crate) struct Chain<A, B> {
    link: Option<Box<dyn Link<A, B>>>,
    /// Makes the chain of no stages; it fits where `A` is `B`, and a chain gets empty only there.
    pass: fn() -> Box<dyn Any + Send>,
    pub(crate) on_failure: OnFailure,
    /// The stage that it is the inside of; none for the outermost.
    owner: Option<NodeId>,
    /// Whether there are boundaries in it.
    flows: bool,
    /// What waits in front of it until it is empty, an edit first.
    held: Line<A>,
}

impl<T: Send + 'static> Chain<T, T> {
    pub(crate) fn new() -> Self {
        let pass: fn() -> Box<dyn Any + Send> = || {
            let pass: Box<dyn Link<T, T>> = Box::new(Pass);
            Box::new(pass)
        };
        let (on_failure, held) = (OnFailure::stop(), Line::default());
        Self { link: None, pass, on_failure, owner: None, flows: false, held }
    }
}

impl<A: Send + 'static, B: Send + 'static> Chain<A, B> {
    /// A chain that begins as this one does and is not put together yet; the parts of this one go into `parts`.
    pub(crate) fn reopen<C>(mut self, parts: &mut Vec<Box<dyn Knot>>) -> Chain<A, C> {
        parts.splice(0..0, self.disassemble());
        let (pass, held) = (self.pass, std::mem::take(&mut self.held));
        Chain { link: None, pass, on_failure: std::mem::take(&mut self.on_failure), owner: None, flows: false, held }
    }

    /// What stands for this chain while that is elsewhere: it keeps the handler of failures.
    pub(crate) fn husk(&mut self) -> Self {
        let (pass, on_failure) = (self.pass, std::mem::take(&mut self.on_failure));
        Self { link: None, pass, on_failure, owner: self.owner, flows: false, held: Line::default() }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.link.is_none()
    }

    fn disassemble(&mut self) -> Vec<Box<dyn Knot>> {
        let mut parts = Vec::new();
        if let Some(link) = self.link.take() {
            link.unlink(&mut parts);
        }
        parts
    }

    /// Links the parts, which are all there are.
    pub(crate) fn assemble(&mut self, parts: Vec<Box<dyn Knot>>) {
        // Runs, last to first: what turns a type heads a run, and so does the first part.
        let mut heads: Vec<(Option<Joiner>, Box<dyn Any + Send>)> = Vec::new();
        let mut behind: Option<Box<dyn Any + Send>> = None;
        for mut part in parts.into_iter().rev() {
            part.set_next(behind.take());
            let joiner = *part.joiner();
            if part.turns() {
                heads.push((joiner, part.into_link()));
            } else {
                behind = Some(part.into_link());
            }
        }
        let mut whole = behind;
        for (joiner, head) in heads.into_iter().rev() {
            whole = match (whole, joiner) {
                (None, _) => Some(head),
                (Some(before), Some(join)) => join(before, head),
                (Some(_), None) => None,
            };
        }
        let whole = whole.unwrap_or_else(self.pass);
        self.link = whole.downcast::<Box<dyn Link<A, B>>>().ok().map(|link| *link);
        debug_assert!(self.link.is_some(), "the parts of a chain fit together");
        self.look();
    }

    /// Looks whether there are boundaries in it.
    fn look(&mut self) {
        self.flows = !self.none(|knot| knot.wait().is_some());
    }

    pub(crate) fn flows(&self) -> bool {
        self.flows
    }

    /// See [`Knot::staff`].
    pub(crate) fn staff(&mut self, hire: bool, roster: &Roster) -> Result<(), NoThread> {
        let mut staffed = Ok(());
        self.none(|knot| {
            staffed = knot.staff(hire, roster);
            staffed.is_err()
        });
        self.look();
        staffed
    }

    /// See [`Link::recount`].
    pub(crate) fn recount(&mut self, how: Recount, cx: &mut Cycle) {
        if let Some(link) = &mut self.link {
            link.recount(how, cx);
        }
    }

    /// What the engine may do with the chain now; in time linear in the stages on the routes that are live.
    pub(crate) fn status(&self) -> Status {
        let mut status = Status::CLEAR;
        if let Some(link) = &self.link {
            link.status(&mut status);
        }
        status
    }

    #[inline]
    pub(crate) fn call(&mut self, item: A, cx: &mut Cycle) -> Option<B> {
        self.link.as_mut()?.call(item, cx)
    }

    pub(crate) fn batch(&mut self, items: &mut Vec<A>, out: &mut Vec<B>, cx: &mut Cycle) {
        if let Some(link) = &mut self.link {
            link.batch(items, out, cx);
        }
    }

    pub(crate) fn finish(&mut self, out: &mut Vec<B>, cx: &mut Cycle) {
        if let Some(link) = &mut self.link {
            link.finish(out, cx);
        }
    }

    /// The stage at the end of `way` gives what it holds back; that goes on through the chain as it is.
    pub(crate) fn drain(&mut self, way: &[Spot], out: &mut Vec<B>, cx: &mut Cycle) {
        if let (Some(link), Some((first, rest))) = (&mut self.link, way.split_first()) {
            link.drain(first.id, rest, out, cx);
        }
    }

    fn stage(&mut self, id: NodeId) -> Option<&mut dyn Knot> {
        self.link.as_mut()?.knot(id)
    }

    fn change(&mut self, act: Act, taken: &mut Taken, cx: &mut Cycle) {
        let act = match act {
            Act::Rename { at, to } => {
                if let Some(knot) = self.stage(at.id) {
                    knot.rename(to);
                }
                return;
            }
            Act::Workers { at, count, made } => {
                if let Some(knot) = self.stage(at.id) {
                    knot.workers(count, made, taken, cx);
                }
                return;
            }
            act => act,
        };
        let mut parts = self.disassemble();
        let made = rearrange(&mut parts, act, taken, cx);
        debug_assert!(made.is_some(), "an act was sent to a chain that it is not for");
        self.assemble(parts);
    }
}

/// Carries out `act` among the parts of a chain; `None`, and nothing is done, where it is not for this chain.
fn rearrange(parts: &mut Vec<Box<dyn Knot>>, act: Act, taken: &mut Taken, cx: &mut Cycle) -> Option<()> {
    let find = |parts: &[Box<dyn Knot>], id| parts.iter().position(|part| part.site().id == id);
    let in_front = |parts: &[Box<dyn Knot>], before: Option<NodeId>| match before {
        Some(id) => find(parts, id),
        None => Some(parts.len()),
    };
    match act {
        Act::Insert { before, mut knot } => {
            let at = in_front(parts, before)?;
            knot.carry(true, cx);
            parts.insert(at, knot);
        }
        Act::Remove { id } => retire(parts.remove(find(parts, id)?), taken, cx),
        Act::Move { id, before } => {
            let (from, to) = (find(parts, id)?, in_front(parts, before)?);
            let part = parts.remove(from);
            parts.insert(if to > from { to - 1 } else { to }, part);
        }
        Act::Transfer { id, from, to, before } => transfer(parts, id, (&from, &to), before)?,
        Act::Replace { at, mut knot } => {
            let at = find(parts, at.id)?;
            knot.carry(true, cx);
            *knot.joiner() = parts[at].joiner().take();
            let old = std::mem::replace(&mut parts[at], knot);
            retire(old, taken, cx);
        }
        Act::HandOver { at, id, make } => {
            let at = find(parts, at.id)?;
            let mut old = parts.remove(at);
            let joiner = old.joiner().take();
            let mut new = hand_over(old, id, make, cx);
            *new.joiner() = joiner;
            parts.insert(at, new);
        }
        Act::Rename { .. } | Act::Workers { .. } | Act::Route { .. } | Act::Attach { .. } | Act::Detach { .. } => {
            return None;
        }
    }
    Some(())
}

/// Puts the stage that was taken out where the receipt finds it; what it still holds leaves the pipeline with it.
pub(crate) fn retire(mut old: Box<dyn Knot>, taken: &mut Taken, cx: &mut Cycle) {
    old.carry(false, cx);
    taken.push((old.site().id, old));
}

/// Lets `make` turn the old stage into the new one; the items it holds go with it.
pub(crate) fn hand_over(old: Box<dyn Knot>, id: NodeId, make: Remake, cx: &mut Cycle) -> Box<dyn Knot> {
    let held = old.held();
    let site = Site { id, name: old.site().name.clone(), counts: Arc::clone(&old.site().counts) };
    let (mut new, panic) = make(old.into_stage(), site, held);
    match panic {
        None => new.carry(true, cx),
        Some(panic) => {
            cx.settle(new.site(), 0, 0, -held);
            cx.broke(new.site());
            cx.panic.get_or_insert(panic);
        }
    }
    new
}

impl<A: Send + 'static, B: Send + 'static> AnyChain for Chain<A, B> {
    fn first(&mut self) -> Option<&mut dyn Knot> {
        self.link.as_mut()?.first()
    }

    fn act(&mut self, within: &[Spot], act: Act, taken: &mut Taken, cx: &mut Cycle) {
        let Some((first, rest)) = within.split_first() else {
            return self.change(act, taken, cx);
        };
        if let Some(knot) = self.stage(first.id) {
            act_inside(knot, rest, act, taken, cx);
        }
        self.look();
    }

    fn lift(&mut self, within: &[Spot], id: NodeId) -> Option<Box<dyn Knot>> {
        let lifted = match within.split_first() {
            Some((first, rest)) => lift_inside(self.stage(first.id)?, rest, id),
            None => {
                let mut parts = self.disassemble();
                let lifted = lift_from(&mut parts, &[], id);
                self.assemble(parts);
                lifted
            }
        };
        self.look();
        lifted
    }

    fn put(&mut self, within: &[Spot], before: Option<NodeId>, knot: Box<dyn Knot>) {
        match within.split_first() {
            Some((first, rest)) => {
                if let Some(part) = self.stage(first.id) {
                    put_inside(part, rest, before, knot);
                }
            }
            None => {
                let mut parts = self.disassemble();
                put_into(&mut parts, &[], before, knot);
                self.assemble(parts);
            }
        }
        self.look();
    }
}

/// Carries out `act` somewhere inside `knot`.
pub(crate) fn act_inside(knot: &mut dyn Knot, within: &[Spot], act: Act, taken: &mut Taken, cx: &mut Cycle) {
    let id = knot.site().id;
    if let Some(switch) = knot.switch() {
        switch.act(within, act, taken, cx, id);
    } else if let Some(chain) = knot.chain() {
        chain.act(within, act, taken, cx);
    }
}

impl<A, B> Chain<A, B> {
    /// See [`Link::way`].
    pub(crate) fn way(&self, trace: &mut Recorder) {
        if let Some(link) = &self.link {
            link.way(trace);
        }
    }

    /// See [`Link::locate`].
    pub(crate) fn locate(&self, id: NodeId) -> Option<Path> {
        self.link.as_ref()?.locate(id)
    }

    /// Says where the failures of the last item that was called through happened.
    #[cold]
    pub(crate) fn place(&self, failures: &mut [Failure], outside: impl Fn(&mut Path)) {
        for failure in failures {
            if let Some(mut path) = self.locate(failure.id()) {
                outside(&mut path);
                failure.place(path);
            }
        }
    }
}

/// Taking a chain apart by the recursion that dropping it would be takes stack for each stage; this does not.
impl<A, B> Drop for Chain<A, B> {
    fn drop(&mut self) {
        if let Some(link) = self.link.take() {
            let mut parts = Vec::new();
            link.unlink(&mut parts);
        }
    }
}
