//! The local engine: how a pipeline runs in the thread that calls it.
//!
//! Between two cycles the engine is in one of three states, kept in two fields. `hold` says why no item is accepted, if
//! none is. `quick` is the board's sequence number for which the next item may take the quick way, or one that the board
//! never has: so that the one compare of the quick way answers for everything else as well (edits, holds, traces, outputs
//! that wait, stages that need the general way).

mod apply;
mod current;
mod flow;
mod many;
mod nest;
mod poll;
mod quick;
mod spawned;

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

use crate::chain::Chain;
use crate::control::{Alive, Committed, Shared};
use crate::cycle::{Cycle, Harm};
use crate::error::{CallError, Held, Hold, SendError};
use crate::knot::Knot;
use crate::ledger::Counts;
use crate::name::Type;
use crate::trace::{Detail, SharedLog};

pub(crate) use current::Current;

/// A sequence number that the board never has.
const NEVER: u64 = u64::MAX;

pub(crate) struct Engine<In, Out> {
    quick: u64,
    seen: u64,
    pub(crate) chain: Chain<In, Out>,
    /// What the builder has added since the chain was put together.
    pub(crate) parts: Vec<Box<dyn Knot>>,
    /// How many of the parts were in the chain before.
    known: usize,
    cx: Cycle,
    hold: Option<Hold>,
    steady: bool,
    /// Whether the quick way would be open if nothing else stood against it.
    single: bool,
    /// Whether items take the quick way and then tell the recorder of it.
    told: bool,
    /// Whether all items go one way; see [`Status`](crate::link::Status).
    fixed: bool,
    /// Whether every stage gives exactly one output.
    exact: bool,
    /// How many items may be accepted as one packet, while tasks run the pipeline.
    grain: usize,
    finished: bool,
    paused: bool,
    /// Items of the cycle under way.
    pub(crate) inbox: Vec<In>,
    /// Outputs to be handed out.
    out: Vec<Out>,
    /// Outputs that could not be handed out, because whoever got them panicked; they come first.
    late: Vec<Out>,
    /// How many of `out` (or `late`) were counted as in flight.
    queued: usize,
    /// Edits being applied; trades places with the control side's queue, so that both keep their memory.
    edits: VecDeque<Committed>,
    log: Option<SharedLog>,
    pub(crate) shared: Arc<Shared>,
    /// Whether an item may take the quick way as soon as there is room for it, while tasks run the pipeline.
    direct: bool,
    /// The board's sequence number for which that is so and nothing is inside that has to be seen to, or [`NEVER`].
    clear: u64,
    /// While tasks run the pipeline.
    pub(crate) current: Option<Box<Current<In, Out>>>,
    /// Goes with the engine.
    alive: Alive,
}

impl<In: Send + 'static, Out: Send + 'static> Engine<In, Out> {
    pub(crate) fn new(chain: Chain<In, Out>, cx: Cycle, shared: Arc<Shared>) -> Self {
        Self {
            quick: NEVER,
            seen: NEVER,
            chain,
            parts: Vec::new(),
            known: 0,
            cx,
            hold: None,
            steady: false,
            single: false,
            told: false,
            fixed: false,
            exact: false,
            grain: 1,
            finished: false,
            paused: false,
            inbox: Vec::new(),
            out: Vec::new(),
            late: Vec::new(),
            queued: 0,
            edits: VecDeque::new(),
            log: None,
            alive: Alive(Arc::clone(&shared)),
            direct: false,
            clear: NEVER,
            current: None,
            shared,
        }
    }

    /// The engine with another type of output, for a builder that goes on. Outputs that wait are counted as dropped by
    /// `counts`, those of the stage that comes.
    pub(crate) fn reopen<To: Send + 'static>(mut self, counts: &Arc<Counts>) -> Engine<In, To> {
        let waiting = self.out.len() + self.late.len();
        if waiting > 0 {
            self.cx.forgo(waiting, counts);
        }
        let mut parts = std::mem::take(&mut self.parts);
        let mut known = self.known;
        let chain = if self.chain.is_open() {
            self.chain.reopen(&mut Vec::new())
        } else {
            let chain = self.chain.reopen(&mut parts);
            known = parts.len();
            chain
        };
        Engine {
            quick: NEVER,
            seen: NEVER,
            chain,
            parts,
            known,
            cx: self.cx,
            hold: None,
            steady: false,
            single: false,
            told: false,
            fixed: false,
            exact: false,
            grain: 1,
            finished: self.finished,
            paused: self.paused,
            inbox: self.inbox,
            out: Vec::new(),
            late: Vec::new(),
            queued: 0,
            edits: self.edits,
            log: self.log,
            shared: self.shared,
            direct: false,
            clear: NEVER,
            current: None,
            alive: self.alive,
        }
    }

    /// One item when the quick way was not known to be open, for a caller who wants one output.
    #[cold]
    #[inline(never)]
    pub(crate) fn call(&mut self, item: In) -> Result<Out, CallError<In, Out>> {
        if let Err(why) = self.ready_here() {
            return Err(CallError::Held(Held { item, why }));
        }
        if self.told && !self.is_whole() {
            return self.quick_and_told(item).ok_or_else(|| CallError::nothing(self.nothing()));
        }
        if !self.is_quick() {
            return self.one(item);
        }
        match self.quick(item) {
            Some(out) => Ok(out),
            None => Err(CallError::nothing(self.nothing())),
        }
    }

    /// One item when the quick way was not known to be open.
    #[cold]
    #[inline(never)]
    pub(crate) fn send(&mut self, item: In, emit: impl FnMut(Out)) -> Result<(), SendError<In>> {
        if let Err(why) = self.ready_here() {
            return Err(SendError::Held(Held { item, why }));
        }
        if self.told && !self.is_whole() {
            return self.send_told(item, emit);
        }
        self.inbox.push(item);
        self.turn();
        self.hand_out(emit);
        self.outcome()
    }

    /// One item the general way, for a caller who wants one output.
    #[cold]
    pub(crate) fn one(&mut self, item: In) -> Result<Out, CallError<In, Out>> {
        self.inbox.push(item);
        self.turn();
        if self.cx.panic.is_some() {
            // What came out ahead of the panic waits for the next call.
            self.queued = self.out.len();
            if self.queued > 0 {
                self.cx.undeliver(self.queued);
            }
            self.unwind();
        }
        let mut outputs = std::mem::take(&mut self.out);
        self.unwind();
        match self.outcome::<In>() {
            Err(SendError::Failed(failures)) if outputs.is_empty() => Err(CallError::Failed(failures)),
            Err(SendError::Failed(failures)) => Err(CallError::Partly(failures, outputs)),
            _ => match outputs.pop() {
                Some(output) if outputs.is_empty() => {
                    self.out = outputs;
                    Ok(output)
                }
                last => {
                    outputs.extend(last);
                    Err(CallError::NotOne(outputs))
                }
            },
        }
    }

    /// Applies what was published, and says whether the pipeline takes an item.
    #[inline]
    pub(crate) fn ready(&mut self) -> Result<(), Hold> {
        let done = self.shared.board.sequence() == self.seen && self.late.is_empty() && !self.chain.is_open();
        if done && self.hold.is_none() { Ok(()) } else { self.get_ready() }
    }

    /// The same for an item that is to come out again before the call returns.
    #[inline]
    fn ready_here(&mut self) -> Result<(), Hold> {
        self.ready()?;
        match self.cx.flowing.then(|| self.chain.boundary()).flatten() {
            Some(stage) => Err(Hold::Waits { stage }),
            None => Ok(()),
        }
    }

    #[cold]
    #[inline(never)]
    fn get_ready(&mut self) -> Result<(), Hold> {
        if self.chain.is_open() {
            let mut parts = std::mem::take(&mut self.parts);
            self.cx.items = 0;
            parts.iter_mut().skip(self.known).for_each(|part| part.carry(true, &mut self.cx));
            self.cx.close_idle(0);
            self.known = 0;
            self.chain.assemble(parts);
        }
        if !self.late.is_empty() {
            // `out` is empty: it was being emptied when they came to be late.
            std::mem::swap(&mut self.out, &mut self.late);
        }
        if self.shared.board.sequence() != self.seen {
            self.take();
            self.review();
        }
        self.hold.clone().map_or(Ok(()), Err)
    }

    /// Looks anew at what the pipeline accepts, and by which way.
    fn review(&mut self) {
        let poisoned = self.cx.broken.iter().find_map(|broken| match broken.harm {
            Harm::Poison => Some(Hold::Poisoned { stage: broken.path.clone() }),
            Harm::Away => Some(Hold::Away { stage: broken.path.clone() }),
            Harm::Leaving | Harm::Part => None,
        });
        if poisoned.is_some() && !self.current.as_ref().is_some_and(|current| current.spawned) {
            // The poisoned state reports a panic in what is still there. That of a stage that has left goes on to the
            // caller, when the next cycle is through.
            drop(self.cx.panic.take());
        }
        if self.cx.flowing {
            self.chain.loosen(Type::of::<Out>() == Type::of::<()>());
        }
        let status = self.chain.status();
        let build = self.hold.take().filter(|hold| matches!(hold, Hold::Build(_)));
        self.hold = build
            .or_else(|| self.finished.then_some(Hold::Finished))
            .or(poisoned)
            .or_else(|| self.paused.then_some(Hold::Paused))
            .or(status.blocked.map(|switch| Hold::NoTarget { switch }))
            .or_else(|| status.waits.filter(|_| !self.cx.flowing).map(|stage| Hold::Waits { stage }));
        let recorded = self.cx.trace.as_ref().map_or(Detail::Edits, |trace| trace.detail());
        let each = self.cx.trace.as_ref().is_some_and(|trace| trace.has_each());
        (self.fixed, self.exact) = (status.fixed, status.exact);
        // Items of a batch are told apart where they can go different ways, and where they have rows of their own.
        self.steady = status.steady
            && match recorded {
                Detail::Edits => true,
                Detail::Runs => status.fixed && status.exact,
                Detail::Items => false,
            };
        self.single = status.single && !each && !(status.parks && self.cx.flowing);
        let clear =
            self.hold.is_none() && self.out.is_empty() && self.cx.failures.is_empty() && self.cx.panic.is_none();
        self.told = clear && self.single && recorded != Detail::Edits;
        self.direct = clear && self.single && !self.told;
        self.grain = self.grain(status.single, status.alike, recorded);
        self.clear = NEVER;
        self.quick = if self.direct { self.seen } else { NEVER };
        if let Some(current) = &mut self.current {
            if !self.hold.as_ref().is_some_and(Hold::lasts) {
                current.mended();
            }
            self.direct &= !current.is_crossed();
            self.quick = if self.direct && !self.chain.flows() && !current.waits() { self.seen } else { NEVER };
        }
    }

    /// A cycle, or a batch, of what is in the inbox; the outputs are in `out` then.
    pub(crate) fn turn(&mut self) {
        // Stages' panics are caught in the chain, so both come back.
        let (mut items, mut out) = (std::mem::take(&mut self.inbox), std::mem::take(&mut self.out));
        self.batch(&mut items, &mut out, 0);
        (self.inbox, self.out) = (items, out);
        self.after();
    }

    /// Takes `items` through the chain. `out` had `before` outputs that are not the pipeline's.
    fn batch(&mut self, items: &mut Vec<In>, out: &mut Vec<Out>, before: usize) {
        let Self { chain, cx, queued, .. } = self;
        let (cycle, count, waiting) = (cx.number, items.len() as u64, before + *queued);
        if let Some(trace) = &mut cx.trace {
            trace.begin(cycle, false);
        }
        cx.items = count;
        chain.batch(items, out, cx);
        items.clear();
        cx.close(out.len() - before, *queued);
        *queued = 0;
        if let Some(trace) = &mut cx.trace {
            let place = &|id| chain.locate(id);
            match count {
                0 | 1 => trace.close(cycle, cx.revision, &out[waiting..], place),
                _ => trace.close_batch(cycle..cycle + count, cx.revision, (out.len() - waiting) as u64, place),
            }
        }
    }

    /// What has to follow a cycle that was not quick and regular.
    #[inline]
    fn after(&mut self) {
        if !self.cx.failures.is_empty() || self.cx.used_up || self.cx.panic.is_some() {
            self.look_after();
        }
    }

    #[cold]
    #[inline(never)]
    fn look_after(&mut self) {
        if !self.cx.failures.is_empty() {
            let Self { chain, cx, .. } = self;
            let settled = catch_unwind(AssertUnwindSafe(|| chain.on_failure.settle(&mut cx.failures, 0)));
            if let Err(panic) = settled {
                self.cx.panic.get_or_insert(panic);
            }
        }
        if self.cx.used_up || self.cx.panic.is_some() {
            self.cx.used_up = false;
            let panic = self.cx.panic.take();
            self.review();
            self.cx.panic = panic;
        }
    }

    /// Goes on with the panic of a stage, now that everything is accounted for.
    #[inline]
    fn unwind(&mut self) {
        if let Some(panic) = self.cx.panic.take() {
            resume_unwind(panic);
        }
        if self.quick == NEVER && self.single && !self.told && self.hold.is_none() {
            self.review();
        }
    }

    /// The failures that nobody has dealt with.
    pub(crate) fn outcome<T>(&mut self) -> Result<(), SendError<T>> {
        if self.cx.failures.is_empty() {
            return Ok(());
        }
        Err(SendError::Failed(std::mem::take(&mut self.cx.failures)))
    }
}
