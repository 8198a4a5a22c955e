//! The switch on the data side: who gets an item, and how it gets there.

mod act;
mod batch;
mod branching;
mod failover;
mod flow;
mod outlook;
mod patience;
mod wait;

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Context;

use smallvec::SmallVec;

use crate::cycle::{Cycle, Site, guarded, inside};
use crate::knot::{AnySwitch, Flow, Knot, Spot};
use crate::link::{Link, Recount, Status, Work};
use crate::name::{NodeId, Path};
use crate::pick::{Choice, Pick};
use crate::roster::{NoThread, Roster};
use crate::route::{PolicyKind, Route};
use crate::stage::BoxError;
use crate::trace::{Reason, Recorder};

use branching::Branching;
pub(crate) use patience::{Patience, Sleep};

/// The switch on the data side.
pub(crate) struct Fan<A, B> {
    /// The one target, where the policy is that simple: out of its slot meanwhile, so that an item finds it at once.
    live: Option<Box<dyn Link<A, B>>>,
    slots: Vec<Option<Box<dyn Link<A, B>>>>,
    pick: Pick<A>,
    /// The slots of the route's targets.
    routed: SmallVec<[u32; 4]>,
    pub(crate) clone: Option<fn(&A) -> A>,
    /// Which of them the last item of a quick cycle went to, where there is a choice.
    chosen: usize,
    /// The entry of the first packet that goes by the route.
    since: u64,
    /// The cycle that used up a route for one item only.
    spent: Option<u64>,
    /// Items on their way to one target.
    run: Vec<A>,
    /// How many items of the batch went ahead of them.
    sent: usize,
    /// The route's target that they are on their way to.
    waiting: Option<usize>,
    /// Why the first of them is, while that is recorded.
    why: Option<Reason>,
    /// The slots in the order of attachment.
    order: Vec<u32>,
    /// The targets that have boundaries, and how many items those take.
    rooms: BTreeMap<u32, usize>,
    /// How many all of them do.
    room: usize,
    /// While there are any.
    branching: Option<Box<Branching<A, B>>>,
    /// Whether what comes out of the targets may do so in any order: because the user says so, or nothing comes behind.
    pub(crate) unordered: bool,
    loose: bool,
    pub(crate) patience: Option<Patience>,
}

impl<A: Send + 'static, B: Send + 'static> Fan<A, B> {
    pub(crate) fn new(route: Route) -> Self {
        Self {
            live: None,
            slots: Vec::new(),
            pick: Pick::new(route),
            routed: SmallVec::new(),
            clone: None,
            chosen: 0,
            since: 0,
            spent: None,
            run: Vec::new(),
            sent: 0,
            waiting: None,
            why: None,
            order: Vec::new(),
            rooms: BTreeMap::new(),
            room: 0,
            branching: None,
            unordered: false,
            loose: false,
            patience: None,
        }
    }

    pub(crate) fn route(&mut self, route: Route, slots: SmallVec<[u32; 4]>) {
        self.stow();
        self.pick = Pick::new(route);
        self.routed = slots;
        self.spent = None;
        self.since = self.branching.as_ref().map_or(0, |branching| branching.meet.next());
        self.lead();
    }

    /// Puts the live target back into its slot.
    fn stow(&mut self) {
        if let Some(link) = self.live.take()
            && let Some(place) = self.routed.first().and_then(|slot| self.slots.get_mut(*slot as usize))
        {
            *place = Some(link);
        }
    }

    /// Takes the live target out of its slot, where the policy is that simple.
    fn lead(&mut self) {
        if self.live.is_none()
            && self.pick.is(PolicyKind::One)
            && let Some(place) = self.routed.first().and_then(|slot| self.slots.get_mut(*slot as usize))
        {
            self.live = place.take();
        }
    }

    /// Attaches a target behind the others.
    pub(crate) fn attach(&mut self, slot: u32, knot: Box<dyn Knot>) {
        self.order.push(slot);
        self.put(slot, knot);
        self.look(slot);
    }

    /// Puts a target into a slot.
    fn put(&mut self, slot: u32, knot: Box<dyn Knot>) {
        let at = slot as usize;
        if self.slots.len() <= at {
            self.slots.resize_with(at + 1, || None);
        }
        self.slots[at] = knot.into_link().downcast::<Box<dyn Link<A, B>>>().ok().map(|link| *link);
    }

    fn detach(&mut self, slot: u32) -> Option<Box<dyn Knot>> {
        self.slots.get_mut(slot as usize)?.take()?.pop().0
    }

    /// The link of a slot.
    fn slot(&mut self, slot: u32) -> Option<&mut Box<dyn Link<A, B>>> {
        match &mut self.live {
            Some(live) if self.routed.first() == Some(&slot) => Some(live),
            _ => self.slots.get_mut(slot as usize)?.as_mut(),
        }
    }

    /// The link of the route's target number `target`.
    fn target(&mut self, target: usize) -> Option<&mut Box<dyn Link<A, B>>> {
        let slot = *self.routed.get(target)?;
        self.slot(slot)
    }

    /// Chooses for `item`, and follows up what the choice does to the route itself.
    fn choose(&mut self, item: &A, cx: &mut Cycle, site: &Site) -> Choice {
        let number = cx.number;
        if self.pick.is(PolicyKind::Once) {
            if self.spent.is_some_and(|cycle| cycle != number) {
                return Choice::Nowhere;
            }
            self.spent = Some(number);
            cx.used_up = true;
        }
        let pick = &mut self.pick;
        let choice = guarded(cx, site, |_| pick.choose(item, number));
        if matches!(choice, Choice::Stuck(_)) {
            self.pick.hold();
            cx.used_up = true;
        }
        choice
    }

    /// The item cannot go anywhere.
    #[cold]
    fn strand(item: A, why: Choice, cx: &mut Cycle, site: &Site) {
        let error: BoxError = match why {
            Choice::Stuck(error) => Box::new(error),
            Choice::Stranger(name) => format!("the generator named {name:?}, which is not in its route").into(),
            _ => "no target takes the item; route the switch elsewhere".into(),
        };
        cx.faults.add(item, error);
        cx.absent(site);
    }

    /// One item by a policy that is neither simple nor changes by itself.
    fn one_by_policy(&mut self, item: A, cx: &mut Cycle, site: &Site) -> Option<B> {
        let target = match self.choose(&item, cx, site) {
            Choice::To(target) => target,
            Choice::All => 0,
            why => {
                Self::strand(item, why, cx, site);
                return None;
            }
        };
        self.chosen = target;
        self.target(target)?.call(item, cx)
    }

    /// Sends what is in `run` to target number `target`, where nothing waits.
    fn dispatch(&mut self, target: usize, out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        // For a switch around this one that is past a stage.
        let ticket = cx.ticket;
        cx.pass();
        self.hand(target, out, cx, site);
        cx.ticket = ticket;
    }

    /// Sends what is in `run` to target number `target`.
    fn hand(&mut self, target: usize, out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        let mut run = std::mem::take(&mut self.run);
        if let Some(trace) = &mut cx.trace
            && let Some(name) = self.pick.names.get(target)
        {
            let why = self.why.take();
            // A target that no item comes to is not on the way.
            if !run.is_empty() {
                trace.target(site.id, name, target);
                trace.reason(|| why.unwrap_or_else(|| self.pick.reason(target)));
            }
            trace.enter();
        }
        if let Some(link) = self.target(target) {
            inside(cx, &site.name, |cx| link.batch(&mut run, out, cx));
        }
        if let Some(trace) = &mut cx.trace {
            trace.leave();
        }
        run.clear();
        self.run = run;
    }

    fn copy(&self, item: Option<&A>, cx: &mut Cycle, site: &Site) -> Option<A> {
        let (clone, item) = (self.clone?, item?);
        guarded(cx, site, |_| Some(clone(item)))
    }
}

impl<A: Send + 'static, B: Send + 'static> Work<A, B> for Fan<A, B> {
    #[inline]
    fn one(&mut self, item: A, cx: &mut Cycle, site: &Site) -> Option<B> {
        if let Some(link) = &mut self.live {
            return link.call(item, cx);
        }
        self.one_by_policy(item, cx, site)
    }

    fn many(&mut self, items: &mut Vec<A>, out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        if cx.flowing && self.branching.is_some() {
            return self.branch(items, out, cx, site);
        }
        // What a panic may have left there was counted as failed.
        self.run.clear();
        if self.live.is_some() {
            self.run.append(items);
            self.dispatch(0, out, cx, site);
        } else {
            self.waiting = None;
            let mut rest = items.drain(..);
            let sent = catch_unwind(AssertUnwindSafe(|| match self.pick.is(PolicyKind::All) {
                true => self.send_to_all(&mut rest, out, cx, site),
                false => self.by_policy(&mut rest, out, cx, site),
            }));
            if let Err(panic) = sent {
                // What it had not come to is handed back.
                let rest: Vec<A> = rest.collect();
                items.extend(rest);
                if let Some(target) = self.waiting.take() {
                    self.dispatch_run(target, out, cx, site);
                }
                cx.whole = usize::MAX;
                resume_unwind(panic);
            }
        }
    }

    /// Every target, in the order of attachment.
    fn finish(&mut self, out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        self.stow();
        for slot in &self.order {
            if let Some(Some(link)) = self.slots.get_mut(*slot as usize) {
                inside(cx, &site.name, |cx| link.finish(out, cx));
            }
        }
        self.lead();
    }

    fn drain(&mut self, rest: &[Spot], out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        if let Some((Spot { id, slot: Some(slot) }, rest)) = rest.split_first()
            && let Some(link) = self.slot(*slot)
        {
            inside(cx, &site.name, |cx| link.drain(*id, rest, out, cx));
        }
    }

    fn way(&self, site: &Site, trace: &mut Recorder) {
        let at = if self.live.is_some() { 0 } else { self.chosen };
        let stowed = || self.slots.get(*self.routed.get(at)? as usize)?.as_ref();
        let Some(name) = self.pick.names.get(at) else { return };
        // An item that found no target ended at the switch itself.
        if trace.is_last(site.id) {
            return;
        }
        trace.target(site.id, name, at);
        trace.enter();
        if let Some(link) = self.live.as_ref().or_else(stowed) {
            link.way(trace);
        }
        trace.leave();
    }

    fn locate(&self, id: NodeId) -> Option<Path> {
        if let Some(live) = &self.live {
            return live.locate(id);
        }
        let chosen = self.routed.get(self.chosen).into_iter();
        let mut routed = chosen.chain(&self.routed).filter_map(|slot| self.slots.get(*slot as usize)?.as_ref());
        routed.find_map(|link| link.locate(id))
    }

    fn status(&self, site: &Site) -> Status {
        self.outlook(site)
    }

    fn recount(&mut self, how: Recount, cx: &mut Cycle, _: &Site) {
        for link in self.slots.iter_mut().flatten().chain(&mut self.live) {
            link.recount(how, cx);
        }
    }

    fn into_stage(self) -> Box<dyn Any + Send> {
        Box::new(self)
    }

    fn is_clear(&mut self, task: &mut Context<'_>) -> bool {
        if self.branching.as_ref().is_some_and(|branching| !branching.is_idle()) {
            return false;
        }
        match &mut self.live {
            Some(live) => live.is_clear(task),
            None => (0..self.routed.len()).all(|target| self.target(target).is_none_or(|link| link.is_clear(task))),
        }
    }

    fn flow(&mut self) -> Option<&mut dyn Flow<B>> {
        if self.branching.is_some() { Some(self) } else { None }
    }

    fn staff(&mut self, hire: bool, _: &Site, roster: &Roster) -> Result<(), NoThread> {
        for slot in self.order.clone() {
            if let Some(knot) = self.slot(slot).and_then(|link| link.first()) {
                knot.staff(hire, roster)?;
            }
            self.look(slot);
        }
        Ok(())
    }

    fn switch(&mut self) -> Option<&mut dyn AnySwitch> {
        Some(self)
    }

    fn is_plain(&self) -> bool {
        false
    }
}
