//! The pipeline as a task runs it: items wait inside, and so does the task.
//!
//! Whoever polls has all go on as far as it can: edits that were committed, packets at boundaries from the last to the
//! first, deadlines. Room in front is known before an item is taken, and edits are looked at once more after it was:
//! *reserve, take the item, read the route, send*. An item that came when the route had changed, and has no room on the
//! new one, waits in hand; it has not been accepted then, and whatever is committed meanwhile governs it.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Context;

use super::Engine;
use crate::control::Committed;
use crate::error::{FlowError, Hold};
use crate::failure::Failure;
use crate::knot::{Departing, Eviction, Reach, Travels, Turn};
use crate::outlet::Outlet;
use crate::packet::{Mark, Message, Packet};
use crate::receipt::Cut;

/// What an engine has in addition while tasks run it.
pub(crate) struct Current<In, Out> {
    travels: Travels,
    outlet: Outlet<Out>,
    /// Outputs to be handed out.
    ready: VecDeque<Out>,
    /// Failures that nobody has dealt with.
    failures: VecDeque<Failure>,
    /// An item that was not accepted yet.
    pub(crate) hand: Option<In>,
    /// Whether outputs are not handed out, because there is nothing in them.
    sinks: bool,
    /// Whether the end of the stream was told, and whether it has come out.
    pub(crate) ending: bool,
    pub(crate) ended: bool,
    /// The number of the last flush that was asked for, and of the last that is through.
    flush: (u64, u64),
    /// Whether something was accepted since it was asked for.
    dirty: bool,
    /// What has been said of why no item will be accepted.
    told: Option<Hold>,
    /// Grows whenever something has gone on.
    pub(crate) progress: u64,
}

impl<In, Out> Current<In, Out> {
    fn new(sinks: bool) -> Self {
        Self {
            travels: Travels::default(),
            outlet: Outlet::new(1),
            ready: VecDeque::new(),
            failures: VecDeque::new(),
            hand: None,
            sinks,
            ending: false,
            ended: false,
            flush: (0, 0),
            dirty: false,
            told: None,
            progress: 0,
        }
    }

    /// Whether an edit is on its way that has something to change further on.
    pub(super) fn is_crossed(&self) -> bool {
        self.travels.any_under_way()
    }

    /// Whether something has to be seen to before the next item.
    pub(super) fn waits(&self) -> bool {
        self.has_news() || self.hand.is_some() || self.ending || !self.travels.is_empty()
    }

    /// Whether something is there for whoever takes the outputs.
    pub(crate) fn has_news(&self) -> bool {
        !self.ready.is_empty() || !self.failures.is_empty()
    }
}

impl<In: Send + 'static, Out: Send + 'static> Engine<In, Out> {
    /// From now on tasks run the pipeline. Where there is nothing in its outputs, they are not handed out.
    pub(crate) fn current(&mut self, sinks: bool) -> &mut Current<In, Out> {
        if self.current.is_none() {
            self.begin_to_flow(sinks);
        }
        self.current.get_or_insert_with(|| Box::new(Current::new(sinks)))
    }

    #[cold]
    fn begin_to_flow(&mut self, sinks: bool) {
        // What was committed up to here finds nothing inside.
        loop {
            let _ = self.get_ready();
            let mut control = self.shared.board.lock();
            if control.waiting.is_empty() {
                control.flowing = true;
                if let Some(recorder) = &mut self.cx.trace {
                    recorder.know(control.revision, control.places());
                }
                break;
            }
        }
        self.shared.ledger.flow();
        self.cx.flowing = true;
        let mut current = Current::new(sinks);
        current.ready.extend(self.out.drain(..).chain(self.late.drain(..)));
        current.failures.extend(self.cx.failures.drain(..));
        self.queued = 0;
        (current.ending, current.ended) = (self.finished, self.finished);
        self.current = Some(Box::new(current));
        self.review();
    }

    /// An edit sets out: behind all items that were accepted, ahead of all that will be.
    pub(super) fn depart(&mut self, edit: Committed) {
        let Self { chain, cx, current, .. } = self;
        let Some(current) = current else { return };
        current.progress += 1;
        let (revision, mut cells) = (edit.revision, edit.cells.into_iter());
        let cut = Cut { last_old: cx.number.checked_sub(1), first_new: cx.number };
        let Some(cell) = cells.next() else { return };
        cell.begin(cut, 1);
        cells.for_each(|cell| cell.apply(cut, Vec::new()));
        let idle = chain.is_idle();
        if let (Some(recorder), Some(changes)) = (&mut cx.trace, edit.words) {
            recorder.edit(cx.number, revision, changes, edit.places);
            if idle {
                recorder.settled(revision);
            }
        }
        let drains = if current.ending { Vec::new() } else { edit.drains };
        let departing = Departing { revision, drains, acts: edit.acts.into_vec(), cell, rule: edit.rule };
        current.travels.begin(departing, cx);
        let before = cx.begin(0);
        chain.mark(Mark::Edit(revision), &mut current.outlet, cx, &mut current.travels);
        current.travels.settle(revision);
        cx.end(before, 0);
        cx.revision = revision;
        self.collect();
    }

    /// Lets all that is inside go on as far as it can. Whether an item would be accepted.
    pub(super) fn go_on(&mut self, task: &mut Context<'_>) -> bool {
        loop {
            let held = self.get_ready().is_err();
            let ready = self.poll_chain(task);
            let Some(current) = &mut self.current else { return false };
            let late = current.travels.late(task);
            if let Some((revision, late)) = late {
                let before = self.cx.begin(0);
                let mut eviction = Eviction { revision: Some(revision), late, reach: Reach::Outside };
                self.chain.evict(&mut eviction, &mut self.cx);
                self.cx.end(before, 0);
                continue;
            }
            let settled = std::mem::take(&mut current.travels.settled) || std::mem::take(&mut self.cx.used_up);
            current.travels.full.drain(..).for_each(|cell| self.shared.let_go(cell));
            if settled || self.cx.panic.is_some() {
                let panic = self.cx.panic.take();
                self.place_broken();
                self.review();
                self.cx.panic = panic;
                self.unwind();
                continue;
            }
            if self.shared.board.sequence() == self.seen {
                return ready && !held && self.hold.is_none();
            }
        }
    }

    /// Polls the boundaries until nothing more comes out, or something is there to be handed out.
    fn poll_chain(&mut self, task: &mut Context<'_>) -> bool {
        loop {
            let Self { chain, cx, current, .. } = self;
            let Some(current) = current else { return false };
            let room = current.sinks || !current.has_news();
            if !chain.flows() {
                return room;
            }
            current.outlet.set_room(room.into());
            let before = cx.begin(0);
            let ready = chain.poll(&mut current.outlet, cx, &mut Turn { travels: &mut current.travels, task });
            cx.end(before, 0);
            if !self.collect() {
                return ready;
            }
        }
    }

    /// Takes what has come out of the chain; whether there was anything.
    fn collect(&mut self) -> bool {
        let Self { chain, cx, current, .. } = self;
        let Some(current) = current else { return false };
        let before = (cx.number, cx.revision);
        let mut any = false;
        while let Some(message) = current.outlet.pop() {
            any = true;
            current.progress += 1;
            match message {
                Message::Mark(Mark::Flush(number)) => current.flush.1 = number,
                Message::Mark(Mark::End) => current.ended = true,
                Message::Mark(Mark::Edit(_) | Mark::Leave(_)) => {}
                Message::Packet(Packet { slip, items }) => {
                    let (number, revision) = (slip.number, slip.revision);
                    cx.take_up(slip);
                    if let Some(recorder) = &mut cx.trace {
                        recorder.close_parked(number, revision, &items);
                    }
                    cx.fail_again();
                    if current.sinks {
                        cx.hand_out(items.len() as u64);
                    } else {
                        current.ready.extend(items);
                    }
                    let mut failures = std::mem::take(&mut cx.failures);
                    let settled = catch_unwind(AssertUnwindSafe(|| chain.on_failure.settle(&mut failures, 0)));
                    if let Err(panic) = settled {
                        cx.panic.get_or_insert(panic);
                    }
                    current.failures.extend(failures);
                }
            }
        }
        if any && current.ended {
            self.finished = true;
            cx.used_up = true;
        }
        cx.put_nothing(before.0, before.1);
        any
    }

    /// Takes an item; there is room for it.
    pub(super) fn accept(&mut self, item: In) {
        let Some(current) = &mut self.current else { return };
        current.dirty = true;
        current.progress += 1;
        if self.direct {
            return match self.quick(item) {
                Some(out) => self.take_output(out),
                None => self.quick_failed(),
            };
        }
        self.inbox.push(item);
        let Self { chain, cx, inbox, .. } = self;
        let before = cx.begin(1);
        if let Some(recorder) = &mut cx.trace {
            recorder.begin(cx.number, false);
        }
        chain.take(inbox, &mut current.outlet.made, cx);
        inbox.clear();
        current.outlet.take_in(cx);
        cx.end(before, 0);
        self.collect();
    }

    /// Closes the cycle of an item for which the quick way gave nothing.
    pub(super) fn quick_failed(&mut self) {
        let failed = self.nothing();
        if let (Err(failures), Some(current)) = (failed, &mut self.current) {
            current.failures.extend(failures);
        }
        self.review();
    }

    /// Whether the front of the chain takes a packet, as far as is known without polling it.
    pub(super) fn has_room(&mut self) -> bool {
        !self.chain.flows()
    }

    /// Tells the end of the stream, once; whether this was the first time.
    pub(super) fn end(&mut self) -> bool {
        self.quick = super::NEVER;
        let _ = self.ready();
        let Self { chain, cx, current, .. } = self;
        let Some(current) = current else { return false };
        if std::mem::replace(&mut current.ending, true) {
            return false;
        }
        let before = cx.begin(0);
        cx.put_nothing(before.0, before.1);
        chain.mark(Mark::End, &mut current.outlet, cx, &mut current.travels);
        cx.end(before, 0);
        self.collect();
        true
    }

    /// Asks for a flush, if something was accepted since the last.
    pub(super) fn flush(&mut self) {
        let Self { chain, cx, current, .. } = self;
        let Some(current) = current else { return };
        if !std::mem::take(&mut current.dirty) {
            return;
        }
        current.flush.0 += 1;
        let before = cx.begin(0);
        cx.put_nothing(before.0, before.1);
        chain.mark(Mark::Flush(current.flush.0), &mut current.outlet, cx, &mut current.travels);
        cx.end(before, 0);
        self.collect();
    }

    pub(super) fn is_flushed(&self) -> bool {
        self.current.as_ref().is_none_or(|current| current.flush.0 == current.flush.1)
    }

    /// An output that came the quick way, and was counted as delivered.
    fn take_output(&mut self, out: Out) {
        let Some(current) = &mut self.current else { return };
        if !current.sinks {
            self.cx.undeliver(1);
            current.ready.push_back(out);
        }
    }

    /// The next output.
    pub(super) fn next_output(&mut self) -> Option<Out> {
        let current = self.current.as_mut()?;
        let out = current.ready.pop_front()?;
        current.progress += 1;
        self.cx.hand_out(1);
        Some(out)
    }

    /// What there is to complain of: a failure that nobody has dealt with, or why nothing will be accepted.
    pub(super) fn next_error(&mut self) -> Option<FlowError> {
        let current = self.current.as_mut()?;
        if let Some(failure) = current.failures.pop_front() {
            return Some(FlowError::Failed(Box::new(failure)));
        }
        let lasting = self.hold.as_ref().filter(|hold| matches!(hold, Hold::Poisoned { .. } | Hold::Build(_)));
        if lasting.is_none() || current.told.as_ref() == lasting {
            return None;
        }
        current.told = lasting.cloned();
        Some(FlowError::Held(Box::new(current.told.clone()?)))
    }
}
