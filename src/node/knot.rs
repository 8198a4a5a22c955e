//! A stage in its place, as edits see it.

use std::any::Any;

use super::Node;
use super::gate::gated;
use crate::cycle::{Cycle, Site};
use crate::knot::{AnyChain, AnySwitch, Exchange, Joiner, Knot, Leave, Taken, Travels, Wait};
use crate::link::{Link, Recount, Status, Work};
use crate::name::{Name, Type};
use crate::roster::{NoThread, Roster};

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

    fn rename(&mut self, to: Name) {
        self.work.rename(&to);
        self.site.name = to;
    }

    fn into_link(self: Box<Self>) -> Box<dyn Any + Send> {
        let link: Box<dyn Link<A, B>> = self;
        Box::new(link)
    }

    fn turns(&self) -> bool {
        Type::of::<A>() != Type::of::<B>()
    }

    fn is_plain(&self) -> bool {
        self.work.status(&self.site) == Status::CLEAR
    }

    fn set_next(&mut self, next: Option<Box<dyn Any + Send>>) {
        self.next = next.and_then(|next| next.downcast::<Box<dyn Link<B, B>>>().ok()).map(|next| *next);
    }

    fn joiner(&mut self) -> &mut Option<Joiner> {
        &mut self.joiner
    }

    fn carry(&mut self, enters: bool, cx: &mut Cycle) {
        let how = if enters { Recount::Enter } else { Recount::Leave };
        self.work.recount(how, cx, &self.site);
    }

    fn held(&self) -> i64 {
        self.work.held()
    }

    fn into_stage(self: Box<Self>) -> Box<dyn Any + Send> {
        self.work.into_stage()
    }

    fn wait(&mut self) -> Option<(&mut dyn Wait, &Site)> {
        let flow = self.work.flow()?;
        Some((flow, &self.site))
    }

    fn gated(
        self: Box<Self>,
        by: Option<Box<dyn Knot>>,
        leave: Leave,
        cx: &mut Cycle,
        travels: &mut Travels,
    ) -> Box<dyn Knot> {
        gated(self, by, leave, cx, travels)
    }

    fn exchange(mut self: Box<Self>, by: Exchange<'_>) -> Option<Box<dyn Knot>> {
        let joiner = self.joiner.take();
        let mut new = if W::GATE { self.work.exchange(self.site, by) } else { by(self) }?;
        *new.joiner() = joiner;
        Some(new)
    }

    fn ungated(self: Box<Self>) -> Option<Box<dyn Knot>> {
        let Self { work, joiner, .. } = *self;
        let mut now = work.ungated()?;
        *now.joiner() = joiner;
        Some(now)
    }

    fn staff(&mut self, hire: bool, roster: &Roster) -> Result<(), NoThread> {
        self.work.staff(hire, &self.site, roster)
    }

    fn chain(&mut self) -> Option<&mut dyn AnyChain> {
        self.work.chain()
    }

    fn switch(&mut self) -> Option<&mut dyn AnySwitch> {
        self.work.switch()
    }

    fn workers(&mut self, count: usize, made: Box<dyn Any + Send>, taken: &mut Taken, cx: &mut Cycle) {
        self.work.workers(count, made, taken, cx, &self.site);
    }
}
