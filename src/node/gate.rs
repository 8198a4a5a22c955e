//! Where a stage that has items inside leaves a chain, until they are out.
//!
//! New items go on in the stage that comes in its place (or through nothing, where it was removed), at the same time; what
//! that makes of them waits behind what is still to come from the old one. There may be several old ones, in the order in
//! which they left. When the last is empty, the gate goes, and its place is that of the new stage.

use std::any::Any;
use std::collections::VecDeque;

use crate::chain::{edit_inside, part, takes_mark};
use crate::cycle::{Cycle, Site};
use crate::join::{Pass, poll_alone};
use crate::knot::{
    AnyChain, AnySwitch, Eviction, Exchange, Flow, HowFar, Knot, Leave, Reach, Taken, Travels, Turn, Wait,
};
use crate::link::{Link, Recount, Status, Work};
use crate::name::{Name, NodeId, Path};
use crate::outlet::Outlet;
use crate::packet::{Mark, Message};
use crate::roster::{NoThread, Roster};
use crate::trace::Recorder;

use super::Node;

/// See the module's documentation.
struct Gate<A, B> {
    elders: VecDeque<Elder<A, B>>,
    /// What has come from the first of them.
    old: Outlet<B>,
    now: Box<dyn Link<A, B>>,
    /// Whether that is a stage, and not the place of one that was removed.
    stands: bool,
    /// What has come from it.
    new: Outlet<B>,
    ready: bool,
    capacity: usize,
}

struct Elder<A, B> {
    link: Box<dyn Link<A, B>>,
    leave: Leave,
}

/// Puts a gate in the place of `leaver`; `by` comes instead, or nothing.
pub(super) fn gated<A: Send + 'static, B: Send + 'static, W: Work<A, B>>(
    mut leaver: Box<Node<W, A, B>>,
    by: Option<Box<dyn Knot>>,
    leave: Leave,
    cx: &mut Cycle,
    travels: &mut Travels,
) -> Box<dyn Knot> {
    let capacity = leaver.work.flow().map_or(1, |flow| flow.capacity()).max(1);
    let Some((site, stands, now)) = comes(by, &leaver.site) else { return leaver };
    let joiner = leaver.joiner.take();
    let mut link: Box<dyn Link<A, B>> = leaver;
    let mut old = Outlet::new(1);
    link.mark(Mark::Leave(leave.revision), &mut old, cx, travels);
    travels.leaves(leave.revision);
    let (elders, new) = (VecDeque::from([Elder { link, leave }]), Outlet::new(usize::MAX));
    let mut node = Node::new(site, Gate { elders, old, now, stands, new, ready: false, capacity });
    *node.joiner() = joiner;
    Box::new(node)
}

/// What comes in a place: its site, whether it is a stage, and its link.
type Comer<A, B> = (Site, bool, Box<dyn Link<A, B>>);

/// What comes in `place`. Nothing only if that is of other types, which were compared when the edit was committed.
fn comes<A: Send + 'static, B: Send + 'static>(by: Option<Box<dyn Knot>>, place: &Site) -> Option<Comer<A, B>> {
    let (site, stands, link) = match by {
        Some(knot) => (knot.site().again(), true, knot.into_link()),
        None => {
            // What is removed gives what it takes.
            let pass: Box<dyn Link<A, A>> = Box::new(Pass);
            let site = Site { id: NodeId::next(), ..place.again() };
            (site, false, Box::new(pass) as Box<dyn Any + Send>)
        }
    };
    let link = link.downcast::<Box<dyn Link<A, B>>>().ok()?;
    Some((site, stands, *link))
}

impl<A: Send + 'static, B: Send + 'static> Gate<A, B> {
    /// What has come out of an old stage, as long as there is one. One that has nothing inside any more goes.
    fn pop_old(&mut self, cx: &mut Cycle, travels: &mut Travels) -> Option<Message<B>> {
        while let Some(elder) = self.elders.front() {
            if self.old.line().head_edit().is_some() {
                return None;
            }
            let message = self.old.pop()?;
            if !matches!(message, Message::Mark(Mark::Leave(revision)) if revision == elder.leave.revision) {
                return Some(message);
            }
            let Some(Elder { link, leave }) = self.elders.pop_front() else { break };
            part(link.pop().0, leave, cx, travels);
        }
        None
    }
}

impl<A: Send + 'static, B: Send + 'static> Work<A, B> for Gate<A, B> {
    const GATE: bool = true;

    fn one(&mut self, _: A, _: &mut Cycle, _: &Site) -> Option<B> {
        // Never called: it is not single.
        None
    }

    fn many(&mut self, items: &mut Vec<A>, _: &mut Vec<B>, cx: &mut Cycle, _: &Site) {
        self.now.batch(items, &mut self.new.made, cx);
        self.new.take_in(cx);
        cx.parked = true;
    }

    fn finish(&mut self, _: &mut Vec<B>, _: &mut Cycle, _: &Site) {}

    fn status(&self, _: &Site) -> Status {
        let mut status = Status::CLEAR;
        self.now.status(&mut status);
        Status { single: false, steady: false, fixed: false, exact: false, ..status }
    }

    fn way(&self, _: &Site, trace: &mut Recorder) {
        self.now.way(trace);
    }

    fn locate(&self, id: NodeId) -> Option<Path> {
        self.now.locate(id)
    }

    fn recount(&mut self, how: Recount, cx: &mut Cycle, _: &Site) {
        self.elders.iter_mut().for_each(|elder| elder.link.recount(how, cx));
        self.now.recount(how, cx);
    }

    fn into_stage(self) -> Box<dyn Any + Send> {
        match self.now.pop().0 {
            Some(knot) => knot.into_stage(),
            None => Box::new(()),
        }
    }

    fn flow(&mut self) -> Option<&mut dyn Flow<B>> {
        Some(self)
    }

    fn rename(&mut self, to: &Name) {
        if let Some(now) = self.now.first().filter(|_| self.stands) {
            now.rename(to.clone());
        }
    }

    fn exchange(self, site: Site, by: Exchange<'_>) -> Option<Box<dyn Knot>> {
        let (site, stands, now) = comes(by(self.now.pop().0?), &site)?;
        Some(Box::new(Node::new(site, Gate { stands, now, ..self })))
    }

    fn ungated(self) -> Option<Box<dyn Knot>> {
        if self.stands { self.now.pop().0 } else { None }
    }

    fn staff(&mut self, hire: bool, _: &Site, roster: &Roster) -> Result<(), NoThread> {
        let knots = self.elders.iter_mut().map(|elder| &mut elder.link).chain([&mut self.now]);
        knots.filter_map(|link| link.first()).try_for_each(|knot| knot.staff(hire, roster))
    }

    fn chain(&mut self) -> Option<&mut dyn AnyChain> {
        self.now.first()?.chain()
    }

    fn switch(&mut self) -> Option<&mut dyn AnySwitch> {
        self.now.first()?.switch()
    }

    fn workers(&mut self, count: usize, made: Box<dyn Any + Send>, taken: &mut Taken, cx: &mut Cycle, _: &Site) {
        if let Some(now) = self.now.first() {
            now.workers(count, made, taken, cx);
        }
    }

    fn is_plain(&self) -> bool {
        false
    }
}

impl<A: Send + 'static, B: Send + 'static> Wait for Gate<A, B> {
    fn is_idle(&mut self) -> bool {
        false
    }

    fn has_room(&mut self) -> bool {
        self.ready && self.new.line().weight() < self.capacity && self.now.has_room() != Some(false)
    }

    fn capacity(&mut self) -> usize {
        self.capacity
    }

    fn mark(&mut self, mark: Mark, cx: &mut Cycle, _: &Site, travels: &mut Travels) {
        let Mark::Edit(revision) = mark else {
            return self.now.mark(mark, &mut self.new, cx, travels);
        };
        let now = self.now.first().filter(|_| self.stands);
        if !now.is_some_and(|now| edit_inside(now, revision, cx, travels)) {
            self.new.mark(mark);
        }
    }

    fn drain(&mut self, revision: u64, cx: &mut Cycle, travels: &mut Travels) {
        let due = travels.due(revision);
        if let Some(now) = self.now.first().filter(|_| self.stands)
            && !takes_mark(now, &due)
        {
            let id = now.site().id;
            for rest in travels.drains(revision, id) {
                self.now.drain(id, &rest, &mut self.new.made, cx);
                self.new.take_in(cx);
            }
        }
    }

    fn head_edit(&self) -> Option<u64> {
        if self.elders.is_empty() { self.new.line().head_edit() } else { self.old.line().head_edit() }
    }

    fn pass_edit(&mut self) {
        if self.elders.is_empty() {
            self.new.pop()
        } else {
            self.old.pop()
        };
    }

    fn is_weightless(&self) -> bool {
        if self.elders.is_empty() { self.new.line().is_weightless() } else { self.old.line().is_weightless() }
    }

    fn evict(&mut self, eviction: &mut Eviction, cx: &mut Cycle, site: &Site) {
        let reach = eviction.reach;
        for elder in &mut self.elders {
            if eviction.revision == Some(elder.leave.revision) || reach != Reach::Outside {
                eviction.reach = Reach::All;
            }
            elder.link.evict(eviction, cx);
            eviction.empty_line(self.old.line_mut(), HowFar::Done, cx, site);
            eviction.reach = reach;
        }
        self.now.evict(eviction, cx);
        if reach == Reach::All {
            eviction.empty_line(self.new.line_mut(), HowFar::Done, cx, site);
        }
    }

    fn loosen(&mut self, loose: bool) {
        if let Some((wait, _)) = self.now.first().and_then(|knot| knot.wait()) {
            wait.loosen(loose);
        }
    }

    fn is_spent(&self) -> bool {
        self.elders.is_empty() && self.new.is_empty()
    }
}

impl<A: Send + 'static, B: Send + 'static> Flow<B> for Gate<A, B> {
    fn drive(&mut self, cx: &mut Cycle, _: &Site, turn: &mut Turn<'_, '_>) {
        if let Some(elder) = self.elders.front_mut() {
            poll_alone(&mut *elder.link, &mut self.old, cx, turn);
        }
        self.ready = poll_alone(&mut *self.now, &mut self.new, cx, turn);
    }

    fn pop(&mut self, cx: &mut Cycle, _: &Site, travels: &mut Travels) -> Option<Message<B>> {
        if let Some(message) = self.pop_old(cx, travels) {
            return Some(message);
        }
        if !self.elders.is_empty() || self.new.line().head_edit().is_some() {
            return None;
        }
        self.new.pop()
    }
}
