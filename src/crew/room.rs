//! A chain while it is lent to a thread, with all that it needs to run there.
//!
//! Nothing in it is shared with the pipeline: what happens to items is noted, and goes along with the next packet that comes
//! out, so that it is entered at the pipeline's own end of the queue, in order.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Context;
use std::time::Instant;

use super::desk::{Desk, FEW};
use crate::chain::Chain;
use crate::cycle::{Broken, Cycle, Harm};
use crate::knot::{Travels, Turn};
use crate::ledger::Note;
use crate::name::NodeId;
use crate::outlet::Outlet;
use crate::packet::{Items, Message, Packet};
use crate::roster::{Does, Watch};

/// See the module's documentation.
pub(crate) struct Room<A, B> {
    pub(super) chain: Chain<A, B>,
    cx: Cycle,
    outlet: Outlet<B>,
    /// No edit ever travels here.
    travels: Travels,
    inbox: Vec<A>,
    /// Whether no stage gives more than one output.
    single: bool,
    /// Whether there are boundaries inside.
    flows: bool,
    /// What has come of the panics that are known outside.
    known: Vec<Harm>,
    /// How many pipelines deeper than the stage that threads work for it is.
    deeper: u32,
    /// How many items are taken from the desk at a time.
    few: usize,
    notes: Vec<Note>,
}

/// How many nanoseconds' worth of items is taken at a time.
const PORTION: usize = 2000;

/// What there is to say beside a packet.
pub(crate) struct Remarks {
    pub(super) notes: Vec<Note>,
    /// Stages that have panicked.
    pub(super) broken: Vec<Broken>,
    /// Those of which it is known by now that they poison the pipeline.
    pub(super) worse: Vec<NodeId>,
    pub(super) panic: Option<Box<dyn Any + Send>>,
    /// Whether a switch has used up its route.
    pub(super) used_up: bool,
}

impl Remarks {
    /// Nothing but what happened to items.
    pub(super) fn of(notes: Vec<Note>) -> Self {
        Self { notes, broken: Vec::new(), worse: Vec::new(), panic: None, used_up: false }
    }
}

impl<A: Send + 'static, B: Send + 'static> Room<A, B> {
    /// The chain, `deeper` by so many pipelines than where `cx` is now.
    pub(super) fn new(chain: Chain<A, B>, cx: &Cycle, deeper: u32) -> Self {
        let (single, flows) = (chain.status().single, chain.flows());
        let cx = cx.afar(deeper);
        let known = cx.broken.iter().map(|broken| broken.harm).collect();
        let (outlet, travels, inbox) = (Outlet::new(usize::MAX), Travels::default(), Vec::new());
        Self { chain, cx, outlet, travels, inbox, single, flows, known, deeper, few: 1, notes: Vec::new() }
    }

    /// Has it seen from outside what the thread does with packets that have waited inside.
    pub(super) fn watch(&mut self, watch: &Arc<Watch>) {
        self.cx.watch = Some(Arc::clone(watch));
    }

    pub(super) fn has_room(&mut self) -> bool {
        !self.flows || self.chain.has_room()
    }

    /// Lets what is inside go on.
    pub(super) fn poll(&mut self, task: &mut Context<'_>) {
        if self.flows {
            let mut turn = Turn { travels: &mut self.travels, task };
            self.chain.poll(&mut self.outlet, &mut self.cx, &mut turn);
            if let Some(watch) = &self.cx.watch {
                watch.say(Does::Nothing);
            }
        }
    }

    /// The next packet that has come out.
    pub(super) fn pop(&mut self) -> Option<Packet<B>> {
        loop {
            match self.outlet.pop()? {
                Message::Packet(packet) => return Some(packet),
                Message::Mark(_) => debug_assert!(false, "marks pass at home"),
            }
        }
    }

    /// What there is to say, if anything.
    pub(super) fn remarks(&mut self) -> Option<Box<Remarks>> {
        let cx = &mut self.cx;
        let mut notes = std::mem::take(&mut self.notes);
        notes.extend(cx.ledger.take_notes());
        let (panic, used_up) = (cx.panic.take(), std::mem::take(&mut cx.used_up));
        if notes.is_empty() && panic.is_none() && !used_up && cx.broken.len() == self.known.len() {
            return None;
        }
        let broken = cx.broken[self.known.len()..].to_vec();
        // The last worker of a stage has gone.
        let worse = |(broken, known): (&Broken, &Harm)| {
            (broken.harm != *known && broken.harm == Harm::Poison).then_some(broken.id)
        };
        let worse = cx.broken.iter().zip(&self.known).filter_map(worse).collect();
        self.known.clear();
        self.known.extend(cx.broken.iter().map(|broken| broken.harm));
        Some(Box::new(Remarks { notes, broken, worse, panic, used_up }))
    }

    /// Takes a packet through, as far as it gets. Where a stage panics, the item that it had in hand is lost, and has failed;
    /// the others go on, unless the room `quits` then: what comes back was not begun.
    pub(super) fn take(&mut self, packet: Packet<A>, quits: bool, desk: &Desk<A, B>) -> Option<Items<A>> {
        let Packet { slip, items } = packet;
        let (ticket, each, traced) = (slip.ticket, slip.each, slip.trace.is_some());
        self.cx.take_up(slip);
        if let Some(trace) = &mut self.cx.trace {
            // It leaves when it is back.
            (0..self.deeper).for_each(|_| trace.enter());
        }
        if self.flows || items.len() < 2 {
            self.inbox.extend(items);
            self.pass();
            self.outlet.take_in(&mut self.cx);
            return (quits && self.cx.panic.is_some()).then(Items::new);
        }
        let (first, count, began) = (self.cx.number, items.len(), Instant::now());
        desk.lay(ticket, items);
        let mut few = VecDeque::new();
        let mut done = 0;
        loop {
            let Self { cx, outlet, .. } = self;
            let notes = cx.ledger.take_notes();
            desk.exchange(self.few, &mut few, done, &mut outlet.made, notes, &mut cx.failures);
            done = few.len();
            if done == 0 {
                break;
            }
            if let Some(watch) = cx.watch.as_ref().filter(|_| each) {
                watch.say(Does::Works(cx.number, done));
            }
            // This way no stage that has panicked is passed by.
            if self.single && !traced && self.cx.broken.is_empty() {
                self.call(&mut few, each);
            }
            // All, or what is behind an item that a stage has panicked on.
            while !(quits && self.cx.panic.is_some())
                && let Some(item) = few.pop_front()
            {
                self.inbox.push(item);
                self.pass();
                self.cx.number += u64::from(each);
            }
            if quits && self.cx.panic.is_some() {
                break;
            }
        }
        self.cx.number = first;
        let each = (began.elapsed().as_nanos() as usize / count).max(1);
        self.few = (PORTION / each).clamp(1, FEW);
        let Some(hand) = desk.clear() else {
            // Nobody waits for it any more.
            self.outlet.made.clear();
            let _ = (self.cx.put_down(), self.cx.ledger.take_notes());
            return (quits && self.cx.panic.is_some()).then(Items::new);
        };
        self.notes.extend(hand.notes);
        let made = std::mem::replace(&mut self.outlet.made, hand.made);
        self.outlet.made.extend(made);
        let failures = std::mem::replace(&mut self.cx.failures, hand.failures);
        self.cx.failures.extend(failures);
        self.outlet.take_in(&mut self.cx);
        (quits && self.cx.panic.is_some()).then(|| few.into_iter().chain(hand.rest).collect())
    }

    /// Takes what is in the inbox through, stage by stage.
    fn pass(&mut self) {
        let Self { chain, cx, outlet, inbox, .. } = self;
        let broken = cx.broken.len();
        chain.take(inbox, &mut outlet.made, cx);
        inbox.clear();
        if cx.broken.len() > broken {
            locate(chain, cx);
        }
    }

    /// Takes one item after the other through, until a stage panics.
    fn call(&mut self, items: &mut VecDeque<A>, each: bool) {
        let Self { chain, cx, outlet, .. } = self;
        let called = catch_unwind(AssertUnwindSafe(|| {
            while let Some(item) = items.pop_front() {
                cx.gone = 0;
                match chain.call(item, cx) {
                    Some(made) => outlet.made.push(made),
                    None => chain.place(&mut cx.failures, |_| ()),
                }
                cx.number += u64::from(each);
            }
        }));
        if let Err(panic) = called {
            if cx.gone == 0
                && let Some(counts) = cx.broken.last().map(|broken| broken.counts.clone())
            {
                cx.failed(&counts, 1);
            }
            locate(chain, cx);
            cx.report_broken(&*panic);
            cx.panic.get_or_insert(panic);
            cx.number += u64::from(each);
        }
    }
}

/// Says where the last stage is that has panicked.
#[cold]
fn locate<A: Send + 'static, B: Send + 'static>(chain: &Chain<A, B>, cx: &mut Cycle) {
    if let Some(broken) = cx.broken.last_mut()
        && let Some(path) = chain.locate(broken.id)
    {
        broken.path = path;
    }
}
