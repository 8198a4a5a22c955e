//! The pipeline as a thread of its own runs it: items are accepted, and outputs handed out, many at a time.
//!
//! It is the pipeline as a task runs it (`flow.rs`). Where it makes no difference (no item can fail, no route changes by
//! itself, nothing is recorded item by item, no edit is under way) up to [`grain`](Engine::grain) items are accepted as one
//! packet; else they are one by one. Either way an item is accepted when it is known that there is room for it, under the
//! revision of then.

use std::any::Any;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::current::AHEAD;
use super::many::BATCH;
use super::{Engine, NEVER};
use crate::cycle::{Broken, Harm};
use crate::error::{FlowError, Hold};
use crate::name::{Name, NodeId, Path};
use crate::packet::Missing;
use crate::parker::block_on;
use crate::roster::{Does, Gauge, NoThread, Seat, Watch};
use crate::trace::Detail;

/// How long the end of a pipeline waits, at the most, for edits that a thread may hold up for ever.
const PATIENCE: Duration = Duration::from_millis(20);

impl<In: Send + 'static, Out: Send + 'static> Engine<In, Out> {
    /// From now on a thread runs the pipeline; gives an item that a task had in hand. Where there is nothing in its outputs,
    /// they are not handed out.
    pub(crate) fn spawned(&mut self, sinks: bool) -> Option<In> {
        let current = self.current(sinks);
        (current.sinks, current.spawned) = (sinks, true);
        let hand = current.hand.take();
        (self.cx.spawned, self.cx.tells) = (true, true);
        if self.cx.panic.is_none() {
            self.cx.ended = None;
        }
        self.review();
        hand
    }

    /// Starts the threads that its stages are to have, also those that are committed from now on; or lets go of them.
    ///
    /// # Errors
    ///
    /// Where the system has no thread for one; then it has none at all.
    pub(crate) fn staff(&mut self, hire: bool) -> Result<(), NoThread> {
        let roster = {
            let mut control = self.shared.board.lock();
            control.threaded = hire;
            control.roster.clone()
        };
        // What was committed before has its threads by this.
        let _ = self.ready();
        let staffed = self.chain.staff(hire, &roster);
        self.lose(roster.take_lost());
        self.review();
        if hire && staffed.is_err() {
            self.staff(false)?;
        }
        staffed
    }

    /// Takes no more edits for threads, and lets those that are under way come to their end: threads have to give back what
    /// these take out. But for one that waits for anything else, as a sink that takes nothing, or a thread that is stuck.
    pub(crate) fn end_edits(&mut self) {
        self.shared.board.lock().threaded = false;
        let (mut panic, began) = (None, Instant::now());
        block_on(poll_fn(|task| {
            let caught = catch_unwind(AssertUnwindSafe(|| self.go_on(task)));
            if let Err(payload) = caught {
                // It goes on to whoever calls the pipeline next.
                panic.get_or_insert(payload);
                task.waker().wake_by_ref();
                return Poll::Pending;
            }
            if self.current.as_ref().is_none_or(|current| current.travels.is_empty()) {
                return Poll::Ready(());
            }
            let roster = self.shared.board.lock().roster.clone();
            if roster.has_recalled() {
                return Poll::Pending;
            }
            if roster.has_forsaken() && began.elapsed() < PATIENCE {
                // Others may be on their way.
                std::thread::yield_now();
                task.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(())
        }));
        self.cx.panic = self.cx.panic.take().or(panic);
    }

    /// What these stages run is with threads that have not come home: an edit has to replace or remove them.
    fn lose(&mut self, stages: Vec<NodeId>) {
        let control = self.shared.board.lock();
        for id in stages {
            if let Some(path) = control.plan.path_of(id)
                && let Ok((_, entry)) = control.plan.find(&path)
                && !self.cx.is_broken(id)
            {
                self.cx.broken.push(Broken { id, counts: Arc::clone(&entry.counts), path, harm: Harm::Away });
            }
        }
    }

    /// Has it seen from outside what the thread does that runs the pipeline, between the queues `door` and `exit`; until
    /// [`unseen`](Self::unseen).
    pub(crate) fn seen_as(&mut self, thread: &Name, door: Arc<dyn Gauge>, exit: Arc<dyn Gauge>) {
        let seat = Seat::Pipeline { name: thread.clone(), door, exit };
        let watch = Arc::new(Watch::new(seat, thread.to_string()));
        self.shared.board.lock().roster.add(&watch, None);
        self.cx.watch = Some(watch);
    }

    /// No thread runs it any more.
    pub(crate) fn unseen(&mut self) {
        (self.cx.watch, self.cx.tells) = (None, false);
    }

    /// The thread has nothing to do, unless it `waits` for room at the exit.
    pub(crate) fn rests(&self, waits: bool) {
        if let Some(watch) = &self.cx.watch {
            watch.say(if waits { Does::Waits } else { Does::Nothing });
        }
    }

    /// How many items may be accepted as one packet. What a packet becomes may go beyond the capacities inside, so that it
    /// has no more items than the least of these.
    pub(super) fn grain(&mut self, single: bool, alike: bool, recorded: Detail) -> usize {
        if !self.steady || !self.current.as_ref().is_some_and(|current| current.spawned) {
            return 1;
        }
        let most = if single { BATCH } else { AHEAD };
        match self.chain.flows() {
            false => most,
            true if recorded != Detail::Edits => 1,
            true if self.current.as_ref().is_some_and(|current| current.travels.any_parts_items(alike)) => 1,
            true => self.chain.grain().clamp(1, most),
        }
    }

    /// Lets all that is inside go on as far as it can.
    pub(crate) fn drive(&mut self, task: &mut Context<'_>) {
        self.go_on(task);
    }

    /// Accepts of `items`, first to last, those for which there is room, until something has to be seen to.
    pub(crate) fn accept_from(&mut self, items: &mut Vec<In>) {
        while !items.is_empty() && self.takes() {
            if self.grain == 1 {
                self.accept_each(items);
                continue;
            }
            let count = self.grain.min(items.len());
            if let Some(watch) = &self.cx.watch {
                watch.say(Does::Works(self.cx.number, count));
            }
            if count == items.len() {
                std::mem::swap(&mut self.inbox, items);
            } else {
                self.inbox.extend(items.drain(..count));
            }
            if self.chain.flows() { self.accept_packet() } else { self.accept_at_once() }
        }
    }

    /// The same one by one, as long as it has to be so.
    fn accept_each(&mut self, items: &mut Vec<In>) {
        /// Those that are left stay, also when a stage panics.
        struct Rest<'a, In>(&'a mut Vec<In>, VecDeque<In>);
        impl<In> Drop for Rest<'_, In> {
            fn drop(&mut self) {
                *self.0 = std::mem::take(&mut self.1).into();
            }
        }
        let rest = VecDeque::from(std::mem::take(items));
        let mut rest = Rest(items, rest);
        while self.grain == 1
            && self.takes()
            && let Some(item) = rest.1.pop_front()
        {
            if let Some(watch) = &self.cx.watch {
                watch.say(Does::Works(self.cx.number, 1));
            }
            self.accept(item);
        }
    }

    /// Whether the next item would be accepted, by what was committed up to here.
    fn takes(&mut self) -> bool {
        let (before, open) = (self.seen, self.current.as_ref().is_some_and(|current| current.open));
        if self.cx.used_up || self.cx.panic.is_some() || self.ready().is_err() {
            return false;
        }
        let ending = self.current.as_ref().is_none_or(|current| current.ending);
        !ending && ((self.seen == before && open) || self.has_room())
    }

    /// Takes what is in the inbox through a pipeline in which nothing waits.
    fn accept_at_once(&mut self) {
        let (mut items, mut out) = (std::mem::take(&mut self.inbox), std::mem::take(&mut self.out));
        self.cx.each = self.exact && items.len() > 1;
        let first = self.cx.number;
        self.batch(&mut items, &mut out, 0);
        let each = std::mem::take(&mut self.cx.each);
        let missing = (each && !self.cx.failures.is_empty()).then(|| Missing::of(first, &self.cx.failures));
        self.after();
        self.clear = NEVER;
        if let Some(current) = &mut self.current {
            current.open = false;
            if current.sinks {
                out.clear();
            } else {
                self.cx.undeliver(out.len());
                if !self.cx.failures.is_empty() {
                    current.mix(std::mem::take(&mut out), self.cx.failures.drain(..).collect(), missing);
                }
                current.news.extend(out.drain(..).map(Ok));
            }
            current.failed(self.cx.failures.drain(..));
        }
        (self.inbox, self.out) = (items, out);
    }

    /// Lets `take` have what is to be handed out, in order; what it leaves stays. Outputs that it takes count as delivered.
    pub(crate) fn hand_out_all<R>(&mut self, take: impl FnOnce(&mut Vec<Result<Out, FlowError>>) -> R) -> Option<R> {
        let outputs = |mixed: bool, news: &[Result<Out, FlowError>]| match mixed {
            true => news.iter().filter(|news| news.is_ok()).count() as u64,
            false => news.len() as u64,
        };
        let current = self.current.as_mut()?;
        // No item is moved for this: what comes first is first in the memory, too, when all was taken the last time.
        let mut news = Vec::from(std::mem::take(&mut current.news));
        let before = outputs(current.mixed, &news);
        let result = take(&mut news);
        let taken = before - outputs(current.mixed, &news);
        current.mixed &= !news.is_empty();
        current.news = news.into();
        if taken > 0 {
            self.cx.hand_out(taken);
        }
        self.quicken();
        Some(result)
    }

    pub(crate) fn has_news(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.has_news())
    }

    /// Whether nothing is inside that could go on.
    pub(crate) fn is_idle(&mut self) -> bool {
        !self.has_news() && self.chain.is_idle()
    }

    /// Why no item will be accepted until an edit has mended it, if that has not been said.
    pub(crate) fn lasting(&mut self) -> Option<FlowError> {
        if self.has_news() { None } else { self.next_news()?.err() }
    }

    /// Why no item is accepted by what was committed up to the last look.
    pub(crate) fn shut(&self) -> Option<&Hold> {
        self.hold.as_ref()
    }

    /// Whether an edit has to mend the pipeline.
    pub(crate) fn poisoned(&self) -> Option<&Hold> {
        self.hold.as_ref().filter(|hold| hold.lasts())
    }

    /// The stages that have panicked and are still there; with workers, once for each panic.
    pub(crate) fn broken(&self) -> impl Iterator<Item = (NodeId, &Path)> {
        let there = self.cx.broken.iter().filter(|broken| broken.harm != Harm::Leaving);
        there.map(|broken| (broken.id, &broken.path))
    }

    /// What was handed out, and nobody has taken, comes first next time.
    pub(crate) fn put_back(&mut self, mut news: Vec<Result<Out, FlowError>>) {
        let Some(current) = &mut self.current else { return };
        // Why nothing is accepted is said anew.
        news.retain(|news| !matches!(news, Err(FlowError::Held(_))));
        self.cx.undeliver(news.iter().filter(|news| news.is_ok()).count());
        news.extend(current.news.drain(..));
        current.mixed = true;
        current.news = news.into();
        (self.quick, self.clear) = (NEVER, NEVER);
    }

    /// A panic has come out of the engine: if it did so the quick way, the item in hand is told of now.
    pub(crate) fn tell_of(&mut self, panic: &(dyn Any + Send)) {
        let cx = &mut self.cx;
        if !std::mem::take(&mut cx.untold) {
            return;
        }
        // Its cycle is closed.
        cx.number -= 1;
        cx.report_broken(panic);
        cx.number += 1;
        self.after();
        if let Some(current) = &mut self.current {
            current.failed(self.cx.failures.drain(..));
        }
    }

    /// The stage that the panic which came out last is of, if it was at the stage's end and that has left.
    pub(crate) fn take_ended(&mut self) -> Option<Path> {
        let (id, path) = *self.cx.ended.take()?;
        (!self.broken().any(|(broken, _)| broken == id)).then_some(path)
    }

    /// How many stages have panicked so far.
    pub(crate) fn breaks(&self) -> u64 {
        self.cx.breaks
    }

    /// Asks for a flush, if something was accepted since the last; the number of the last that was asked for.
    pub(crate) fn ask_flush(&mut self) -> u64 {
        self.flush();
        self.current.as_ref().map_or(0, |current| current.flush.0)
    }

    /// The numbers of the last flush that was asked for, and of the last that is through.
    pub(crate) fn flushes(&self) -> (u64, u64) {
        self.current.as_ref().map_or((0, 0), |current| current.flush)
    }
}
