//! What goes along with an item: which cycle it is, and what has befallen it so far.

mod hand;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::failure::Failure;
use crate::ledger::{Counts, LedgerCell};
use crate::name::{Name, NodeId, Path};
use crate::packet::{Missing, Ticket};
use crate::roster::Watch;
use crate::stage::Faults;
use crate::trace::{Lost, Recorder};

/// A stage's identity on the data side.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) id: NodeId,
    pub(crate) name: Name,
    pub(crate) counts: Arc<Counts>,
}

impl Site {
    /// The same place, for another stage.
    pub(crate) fn again(&self) -> Self {
        Self { id: self.id, name: self.name.clone(), counts: Arc::clone(&self.counts) }
    }
}

/// A stage that panicked.
#[derive(Debug, Clone)]
pub(crate) struct Broken {
    pub(crate) id: NodeId,
    pub(crate) path: Path,
    pub(crate) counts: Arc<Counts>,
    pub(crate) harm: Harm,
}

/// What comes of a panic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Harm {
    /// What comes to the stage fails, and the pipeline takes no item.
    Poison,
    /// An edit on its way takes the stage out. What comes to it until then fails.
    Leaving,
    /// It was that of one worker of several: the others go on.
    Part,
    /// There was none: what the stage runs has not come home from its thread. What comes to it fails, and the pipeline takes
    /// no item.
    Away,
}

/// The state of the cycle under way; one per pipeline, used again for every cycle.
pub(crate) struct Cycle {
    /// Cycles before this one, so the number of this one's (first) item.
    pub(crate) number: u64,
    pub(crate) revision: u64,
    /// Items that this cycle takes in: 1, but for batches, and for what is done between cycles.
    pub(crate) items: u64,
    /// Whether the ledger is open: something else happened than one output for the item.
    pub(crate) irregular: bool,
    /// Whether a switch has used up its route, so that what the pipeline accepts has to be looked at again.
    pub(crate) used_up: bool,
    /// Items that were dropped, merged, failed or held so far, less those that were made.
    pub(crate) gone: i64,
    /// How many outputs were whole when the stage under way took its item.
    pub(crate) whole: usize,
    pub(crate) faults: Faults,
    /// The counts of stages that were given new ones.
    pub(crate) renewed: BTreeMap<NodeId, Arc<Counts>>,
    pub(crate) failures: Vec<Failure>,
    pub(crate) broken: Vec<Broken>,
    /// How many stages have panicked so far.
    pub(crate) breaks: u64,
    pub(crate) panic: Option<Box<dyn Any + Send>>,
    /// The stage whose panic that is, if it came at the stage's end: nobody can mend it by taking the stage out.
    pub(crate) ended: Option<Box<(NodeId, Path)>>,
    pub(crate) trace: Option<Box<Recorder>>,
    pub(crate) ledger: Arc<LedgerCell>,
    /// Whether packets wait at boundaries: tasks run the pipeline.
    pub(crate) flowing: bool,
    /// Whether each item of the packet in hand was accepted in a cycle of its own.
    pub(crate) each: bool,
    /// Whether packets may be of many items that were accepted at once.
    pub(crate) spawned: bool,
    /// Whether a panic is nobody's who called: the item that a stage panicked on is told of as a failure.
    pub(crate) tells: bool,
    /// Whether an item that took the quick way is still to be told of for that.
    pub(crate) untold: bool,
    /// Where the packet in hand is missed.
    pub(crate) ticket: Option<Ticket>,
    /// Whether a boundary has taken the packet in hand.
    pub(crate) parked: bool,
    /// Whether the mark of an edit has come to the head of a boundary's queue.
    pub(crate) arrived: bool,
    /// How many pipelines and switches the stage under way is inside.
    pub(crate) level: u32,
    /// What is seen of the thread that this runs on, where it is one of a pipeline's own.
    pub(crate) watch: Option<Arc<Watch>>,
}

impl Cycle {
    pub(crate) fn new(ledger: Arc<LedgerCell>) -> Self {
        Self {
            number: 0,
            revision: 0,
            items: 1,
            irregular: false,
            used_up: false,
            gone: 0,
            whole: 0,
            faults: Faults::default(),
            renewed: BTreeMap::new(),
            failures: Vec::new(),
            broken: Vec::new(),
            breaks: 0,
            panic: None,
            ended: None,
            trace: None,
            ledger,
            flowing: false,
            spawned: false,
            tells: false,
            untold: false,
            each: false,
            ticket: None,
            parked: false,
            arrived: false,
            level: 0,
            watch: None,
        }
    }

    /// The state for a part of the pipeline that runs elsewhere, `deeper` by so many pipelines.
    pub(crate) fn afar(&self, deeper: u32) -> Self {
        let mut cx = Self::new(Arc::new(LedgerCell::afar()));
        (cx.flowing, cx.tells) = (true, true);
        cx.items = 0;
        cx.level = self.level + deeper;
        cx.broken.clone_from(&self.broken);
        cx.trace = self.trace.as_ref().map(|recorder| Box::new(recorder.afar()));
        cx
    }

    /// Opens the ledger before the first change of a cycle that is not regular.
    pub(crate) fn open(&mut self) {
        if !self.irregular {
            self.irregular = true;
            self.ledger.open(self.number + self.items, self.items);
        }
    }

    /// Ends the cycle. Of its `outputs`, `queued` were inside before and counted as held.
    pub(crate) fn close(&mut self, outputs: usize, queued: usize) {
        if self.irregular || queued > 0 || outputs as u64 != self.items {
            self.open();
            self.ledger.deliver(outputs as u64);
            self.ledger.queue(-(queued as i64));
            self.ledger.close();
            self.number += self.items;
        } else {
            self.number += self.items;
            self.ledger.accept(self.number);
        }
        self.rest();
    }

    /// Ends what was done between two cycles; `queued` outputs of it wait to be handed out.
    pub(crate) fn close_idle(&mut self, queued: usize) {
        if self.irregular || queued > 0 {
            self.open();
            self.ledger.queue(queued as i64);
            self.ledger.close();
        }
        self.rest();
    }

    /// Outputs that waited to be handed out never will be.
    pub(crate) fn forgo(&mut self, outputs: usize, counts: &Arc<Counts>) {
        self.items = 0;
        self.open();
        self.ledger.queue(-(outputs as i64));
        self.ledger.discard(counts, outputs as u64);
        self.ledger.close();
        self.rest();
    }

    /// Outputs that were counted as delivered could not be handed out.
    pub(crate) fn undeliver(&mut self, outputs: usize) {
        self.items = 0;
        self.open();
        self.ledger.deliver_back(outputs as u64);
        self.ledger.queue(outputs as i64);
        self.ledger.close();
        self.rest();
    }

    fn rest(&mut self) {
        self.items = 1;
        self.irregular = false;
        self.gone = 0;
    }

    /// A panic left the quick way: the one item in hand is counted as failed.
    #[cold]
    pub(crate) fn unwound(&mut self) {
        if self.gone == 0
            && let Some(counts) = self.broken.last().map(|broken| Arc::clone(&broken.counts))
        {
            self.failed(&counts, 1);
            self.untold = self.tells;
        }
        self.close(0, 0);
    }

    #[cold]
    pub(crate) fn failed(&mut self, counts: &Arc<Counts>, items: u64) {
        if items == 0 {
            return;
        }
        self.open();
        self.ledger.fail(counts, items);
        self.gone += items.cast_signed();
    }

    /// A stage took an item and gave nothing: it failed, or it was dropped.
    #[cold]
    pub(crate) fn absent(&mut self, site: &Site) {
        self.settle(site, 1, 0, 0);
    }

    /// Accounts for what a stage made of `taken` items: `made` outputs, `held` more (or fewer) held back, the rest failed
    /// or dropped.
    pub(crate) fn settle(&mut self, site: &Site, taken: usize, made: usize, held: i64) {
        let failed = self.faults.len();
        let gone = taken as i64 - made as i64;
        if gone == 0 && held == 0 && failed == 0 {
            return;
        }
        self.open();
        self.gone += gone;
        if held != 0 {
            self.ledger.hold(&site.counts, held);
        }
        if failed > 0 {
            self.collect(site, failed as u64);
        }
        let rest = gone - held - failed as i64;
        if self.trace.is_some() {
            self.tell(site, held, rest);
        }
        match rest {
            0 => {}
            1.. if held < 0 => self.ledger.merge(&site.counts, rest.unsigned_abs()),
            1.. => self.ledger.discard(&site.counts, rest.unsigned_abs()),
            _ => self.ledger.split(&site.counts, rest.unsigned_abs()),
        }
    }

    /// Accounts for items that come to wait at a boundary. It holds them, but that is no outcome: they will go on.
    pub(crate) fn let_wait(&mut self, site: &Site, items: usize) {
        if items > 0 {
            self.open();
            self.gone += items as i64;
            self.ledger.hold(&site.counts, items as i64);
        }
    }

    /// Makes failures of what a stage could not process. Out of line: what it needs room for, a dropped item should not pay.
    #[cold]
    #[inline(never)]
    fn collect(&mut self, site: &Site, failed: u64) {
        self.ledger.fail(&site.counts, failed);
        for fault in self.faults.take() {
            if let Some(trace) = &mut self.trace {
                trace.lost(site.id, Lost::Failed, Some(fault.error.to_string()));
            }
            let place = (self.number, self.revision, self.level);
            let mut failure = Failure::new(site.id, &site.name, place, fault);
            if self.ticket.is_some_and(|ticket| !ticket.passed) {
                failure.is_at_first(&site.counts);
            }
            self.failures.push(failure);
        }
    }

    /// Has it recorded that a stage holds `held` more items, and gave `rest` fewer than it took.
    #[cold]
    #[inline(never)]
    fn tell(&mut self, site: &Site, held: i64, rest: i64) {
        let Some(trace) = &mut self.trace else { return };
        if held > 0 {
            trace.lost(site.id, Lost::Held, None);
        }
        if rest > 0 {
            trace.lost(site.id, if held < 0 { Lost::Merged } else { Lost::Dropped }, None);
        }
    }

    /// Puts `name` in front of what was reported, but for the first so many failures and broken stages.
    #[cold]
    fn prefix(&mut self, name: &Name, failures: usize, broken: usize) {
        self.failures.iter_mut().skip(failures).for_each(|failure| failure.prefix(name));
        self.broken.iter_mut().skip(broken).for_each(|broken| broken.path.prefix(name));
    }

    /// Whether the stage has panicked and is still there.
    pub(crate) fn is_broken(&self, id: NodeId) -> bool {
        self.broken.iter().any(|broken| broken.id == id && broken.harm != Harm::Part)
    }

    /// A stage that has panicked fails what still comes to it; of the packet in hand, so many have gone on `before`.
    #[cold]
    pub(crate) fn turn_away<T: Send + 'static>(&mut self, items: &mut Vec<T>, before: usize, site: &Site) {
        let number = self.number;
        let missing = self.each.then(|| Missing::of(number, &self.failures));
        for (at, item) in items.drain(..).enumerate() {
            self.number = missing.as_ref().map_or(number, |missing| missing.cycle_of(before + at));
            self.faults.add(item, "the stage has panicked; replace it, or take it out".into());
            self.settle(site, 1, 0, 0);
        }
        self.number = number;
    }

    #[cold]
    pub(crate) fn broke(&mut self, site: &Site) {
        if let Some(trace) = &mut self.trace {
            trace.lost(site.id, Lost::Failed, Some("panicked".to_owned()));
        }
        let path = site.name.clone().into();
        self.breaks += 1;
        self.broken.push(Broken { id: site.id, path, counts: Arc::clone(&site.counts), harm: Harm::Poison });
    }
}

/// Runs code of the user's; where it panics, remembers which stage it was. Costs nothing where it does not.
#[inline(always)]
pub(crate) fn guarded<R>(cx: &mut Cycle, site: &Site, run: impl FnOnce(&mut Cycle) -> R) -> R {
    struct Guard<'a>(&'a mut Cycle, &'a Site);
    impl Drop for Guard<'_> {
        // In line, so that the guard itself stays in registers.
        #[inline(always)]
        fn drop(&mut self) {
            self.0.broke(self.1);
        }
    }
    let guard = Guard(cx, site);
    let result = run(guard.0);
    std::mem::forget(guard);
    result
}

/// Runs a pipeline or target inside the stage `name`, so that what is reported from there has its name in front. The quick
/// way does without, and has those paths looked up; see [`Link::locate`](crate::link::Link::locate).
#[inline(always)]
pub(crate) fn inside<R>(cx: &mut Cycle, name: &Name, run: impl FnOnce(&mut Cycle) -> R) -> R {
    struct Guard<'a>(&'a mut Cycle, &'a Name, usize, usize);
    impl Drop for Guard<'_> {
        fn drop(&mut self) {
            self.0.level -= 1;
            self.0.prefix(self.1, self.2, self.3);
        }
    }
    let (failures, broken) = (cx.failures.len(), cx.broken.len());
    cx.level += 1;
    let guard = Guard(cx, name, failures, broken);
    let result = run(guard.0);
    if guard.0.failures.len() == failures && guard.0.broken.len() == broken {
        guard.0.level -= 1;
        std::mem::forget(guard);
    }
    result
}
