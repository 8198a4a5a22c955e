//! A stage that threads work for: one that runs a pipeline, or several that run a stage each.
//!
//! While the pipeline is spawned it is a boundary. A packet gets an entry at the [meeting point](crate::meet) and goes to a
//! *member*, or a part of it to each of several; what comes back is put in order there by its ticket. A mark goes behind the
//! packets, into the members that it concerns: their chains are called home for it, so that it passes through them here as
//! it passes through any pipeline inside another, and with the next packet they are lent out again. An edit that changes
//! nothing inside only takes its place among the packets. So what an edit does is the same code for all engines, and a
//! thread runs nothing but packets.
//!
//! Called in one thread, or polled by a task, the members stay at home and run in place.

mod deal;
mod desk;
mod flow;
mod leave;
mod member;
mod post;
mod room;
mod shop;

use std::any::Any;
use std::collections::VecDeque;
use std::iter;
use std::sync::Arc;
use std::task::Context;

use smallvec::SmallVec;

use crate::chain::{Chain, Nested};
use crate::cycle::{Cycle, Site};
use crate::knot::{AnyChain, Flow, Spot, Taken};
use crate::link::{Recount, Status, Work};
use crate::meet::{Meeting, Order};
use crate::name::{NodeId, Path};
use crate::packet::{Message, Packet, Slip, Ticket};
use crate::roster::{NoThread, Roster, Stock};
use crate::trace::Recorder;

pub(crate) use deal::Deal;
use deal::Runs;
use member::Came;
pub(crate) use member::Member;
use shop::Place;
pub(crate) use shop::{Counter, Options, Shop};

/// See the module's documentation.
pub(crate) struct Crew<A, B> {
    members: Vec<Member<A, B>>,
    /// Those that are not dealt to any more and have something inside.
    leaving: Vec<Member<A, B>>,
    meet: Meeting<B>,
    deal: Deal<A>,
    /// What has become of packets until their workers quit.
    halves: Vec<Packet<B>>,
    came: VecDeque<Came<A, B>>,
    /// What may be inside, and how much is.
    stock: Arc<Stock>,
    unordered: bool,
    /// Whether the members are workers, each with a stage of its own, and not the one that runs a pipeline.
    workers: bool,
    /// What makes more of them.
    shop: Option<Arc<dyn Counter>>,
    /// Whether the pipeline is spawned.
    staffed: bool,
}

impl<A: Send + 'static, B: Send + 'static> Crew<A, B> {
    /// One that runs a pipeline.
    pub(crate) fn of_one(chain: Chain<A, B>, late: Vec<B>, capacity: usize, site: &Site) -> Self {
        Self::new(vec![Member::new(Nested::new(chain, late, site))], Deal::ByLoad, capacity, false, false)
    }

    /// Several that run a stage each; `shop` makes more of them.
    pub(crate) fn of_workers(
        mut members: Vec<Member<A, B>>,
        options: Options<A>,
        shop: Arc<dyn Counter>,
        site: &Site,
    ) -> Self {
        members.iter_mut().for_each(|member| place(member, site));
        let Options { deal, capacity, unordered } = options;
        Self { shop: Some(shop), ..Self::new(members, deal, capacity, unordered, true) }
    }

    fn new(members: Vec<Member<A, B>>, deal: Deal<A>, capacity: usize, unordered: bool, workers: bool) -> Self {
        let mut meet = Meeting::of_a_stage();
        meet.set_order(if unordered { Order::Free } else { Order::Kept });
        Self {
            members,
            leaving: Vec::new(),
            meet,
            deal,
            halves: Vec::new(),
            came: VecDeque::new(),
            stock: Arc::new(Stock::new(capacity)),
            unordered,
            workers,
            shop: None,
            staffed: false,
        }
    }

    /// The one that works where no thread does.
    fn alone(&self) -> Option<&Nested<A, B>> {
        self.members.first().map(|member| &member.home)
    }

    fn alone_mut(&mut self) -> Option<&mut Nested<A, B>> {
        self.members.first_mut().map(|member| &mut member.home)
    }

    /// Gives each member a thread.
    fn hire(&mut self, site: &Site, roster: &Roster) -> Result<(), NoThread> {
        let stock = Arc::clone(&self.stock);
        let place = Place { id: site.id, name: site.name.clone(), stock, roster: roster.clone() };
        for (number, member) in self.members.iter_mut().enumerate() {
            if !member.is_staffed() {
                place.hire(member, self.workers.then_some(number))?;
            }
        }
        if let Some(shop) = &self.shop {
            shop.open(place);
        }
        // What came out before threads worked for it comes first.
        let late: Vec<B> = self.members.iter_mut().flat_map(|member| member.home.take_late()).collect();
        if !late.is_empty() {
            self.meet.extra(0, Packet { slip: Slip::default(), items: late.into_iter().collect() });
        }
        self.staffed = true;
        Ok(())
    }

    /// Lets go of the threads. A worker that does not come home is one no more; without any, and without the chain of the
    /// one that runs a pipeline, the stage is lost.
    fn dismiss(&mut self, site: &Site, roster: &Roster) {
        let before = self.members.len();
        let home: SmallVec<[bool; 8]> = self.members.iter_mut().map(Member::dismiss).collect();
        if self.workers {
            let mut home = home.iter();
            self.members.retain(|_| home.next() != Some(&false));
        }
        self.leaving.retain_mut(|member| member.dismiss());
        let lost = if self.workers { self.members.is_empty() && before > 0 } else { home.contains(&false) };
        if lost {
            roster.lose(site.id);
        }
        self.staffed = false;
    }

    /// Lets it be seen from outside how much is inside.
    fn show(&self) {
        self.stock.set(self.meet.weight());
    }

    /// One packet to the members.
    fn deal(&mut self, items: &mut Vec<A>, cx: &mut Cycle, site: &Site) {
        if self.members.is_empty() {
            // The last of them has quit.
            return cx.turn_away(items, 0, site);
        }
        let count = items.len();
        // What the user's code chooses comes first: a panic in it leaves the packet in hand.
        let loads: SmallVec<[usize; 8]> = self.members.iter().map(Member::load).collect();
        let runs = self.deal.runs(items, &loads, cx, site);
        cx.let_wait(site, count);
        // Where some have failed, the parts do not begin at the cycles that their places say.
        cx.each &= cx.failures.is_empty();
        let mut slip = cx.put_down();
        let (number, revision) = (slip.number, slip.revision);
        if self.unordered && slip.each && slip.ticket.is_none() && slip.trace.is_none() {
            // None has to wait for the others.
            for run in runs {
                let slip = slip.split_off(run.1.len());
                self.enter(slip, iter::once(run).collect(), cx, site);
            }
        } else {
            self.enter(slip, runs, cx, site);
        }
        (cx.number, cx.revision) = (number, revision);
        cx.parked = true;
        self.show();
    }

    /// A packet that goes on in these parts, and comes out whole.
    fn enter(&mut self, slip: Slip, runs: Runs<A>, cx: &Cycle, site: &Site) {
        // What fails here may go to another target of the switch around this.
        let passed = slip.ticket.is_none_or(|ticket| ticket.passed);
        let lengths = runs.iter().map(|(_, run)| run.len());
        let weight = lengths.clone().sum::<usize>().max(1);
        let parts = slip.parts(Ticket::all(self.meet.next(), passed).zip(lengths));
        self.meet.begin(slip, runs.len(), weight);
        for ((to, items), slip) in runs.into_iter().zip(parts) {
            self.send(to, Packet { slip, items }, cx, site);
        }
    }

    /// A part of a packet to a member.
    fn send(&mut self, to: usize, packet: Packet<A>, cx: &Cycle, site: &Site) {
        let Some(member) = self.members.get_mut(to) else { return };
        let sent = if member.line.is_empty() { member.send(packet, cx, site) } else { Err(packet) };
        if let Err(packet) = sent {
            member.line.push(Message::Packet(packet));
        }
        member.show();
    }
}

/// Has the stage of a worker be the one at `site`.
fn place<A: Send + 'static, B: Send + 'static>(member: &mut Member<A, B>, site: &Site) {
    if let Some(knot) = member.home.chain_mut().first() {
        *knot.site_mut() = site.again();
    }
}

impl<A: Send + 'static, B: Send + 'static> Work<A, B> for Crew<A, B> {
    fn one(&mut self, item: A, cx: &mut Cycle, site: &Site) -> Option<B> {
        let to = self.deal.one(&item, self.members.len(), cx, site);
        self.members.get_mut(to)?.home.one(item, cx, site)
    }

    fn many(&mut self, items: &mut Vec<A>, out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        if self.staffed && cx.flowing {
            return self.deal(items, cx, site);
        }
        if !self.deal.is_by_key() || self.members.len() < 2 {
            if let Some(alone) = self.alone_mut() {
                alone.many(items, out, cx, site);
            }
            return;
        }
        let loads = vec![0; self.members.len()];
        for (to, run) in self.deal.runs(items, &loads, cx, site) {
            let mut run: Vec<A> = run.into_vec();
            if let Some(member) = self.members.get_mut(to) {
                member.home.many(&mut run, out, cx, site);
            }
        }
    }

    fn finish(&mut self, out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        self.members.iter_mut().for_each(|member| member.home.finish(out, cx, site));
    }

    fn drain(&mut self, rest: &[Spot], out: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        if let Some(member) = self.members.first_mut()
            && member.come_home()
        {
            member.home.drain(rest, out, cx, site);
        }
    }

    fn status(&self, site: &Site) -> Status {
        let status = self.members.first().map_or(Status::CLEAR, |member| member.status(site));
        if self.staffed { Status { parks: true, waits: None, ..status } } else { status }
    }

    fn way(&self, site: &Site, trace: &mut Recorder) {
        if let Some(alone) = self.alone() {
            alone.way(site, trace);
        }
    }

    fn locate(&self, id: NodeId) -> Option<Path> {
        self.alone()?.locate(id)
    }

    fn recount(&mut self, how: Recount, cx: &mut Cycle, site: &Site) {
        for member in &mut self.members {
            if !member.come_home() {
                continue;
            }
            match how {
                // The stages of workers are at the place itself.
                Recount::Renew if self.workers => place(member, site),
                how => member.home.recount(how, cx, site),
            }
        }
        if how == Recount::Leave {
            // What leaves the pipeline needs no threads any more.
            for member in self.members.iter_mut().chain(&mut self.leaving) {
                let _ = member.dismiss();
            }
            self.staffed = false;
        }
    }

    fn into_stage(mut self) -> Box<dyn Any + Send> {
        let alone = self.members.pop().filter(|_| !self.workers);
        match alone.map(|mut member| (member.come_home(), member)) {
            Some((true, member)) => member.home.into_stage(),
            _ => Box::new(()),
        }
    }

    fn flow(&mut self) -> Option<&mut dyn Flow<B>> {
        if self.staffed { Some(self) } else { self.alone_mut()?.flow() }
    }

    fn is_clear(&mut self, task: &mut Context<'_>) -> bool {
        !self.staffed && self.alone_mut().is_none_or(|alone| alone.is_clear(task))
    }

    fn chain(&mut self) -> Option<&mut dyn AnyChain> {
        let member = self.members.first_mut().filter(|_| !self.workers)?;
        if member.come_home() { member.home.chain() } else { None }
    }

    fn staff(&mut self, hire: bool, site: &Site, roster: &Roster) -> Result<(), NoThread> {
        // Threads inside of threads first: their chains are at home now.
        for member in &mut self.members {
            if member.come_home() {
                member.home.staff(hire, site, roster)?;
            }
        }
        match hire {
            true => self.hire(site, roster),
            false => {
                self.dismiss(site, roster);
                Ok(())
            }
        }
    }

    fn workers(&mut self, count: usize, made: Box<dyn Any + Send>, _: &mut Taken, cx: &mut Cycle, site: &Site) {
        let mut made = made.downcast::<Vec<Member<A, B>>>().map_or_else(|_| Vec::new(), |made| *made);
        made.iter_mut().for_each(|member| place(member, site));
        self.members.append(&mut made);
        if count < self.members.len() {
            let leaving = self.members.split_off(count);
            self.leave(leaving, cx, site);
        }
        if let Some(shop) = &self.shop {
            shop.complete();
        }
        if !self.members.is_empty() {
            // They take the place of those that have quit.
            cx.broken.retain(|broken| broken.id != site.id);
        }
        cx.used_up = true;
    }

    fn is_plain(&self) -> bool {
        false
    }
}
