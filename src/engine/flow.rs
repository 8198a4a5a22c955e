//! The pipeline as a task runs it: items wait inside, and so does the task.
//!
//! Whoever polls has all go on as far as it can: edits that were committed, packets at boundaries from the last to the
//! first, deadlines. Room in front is known before an item is taken, and edits are looked at once more after it was:
//! *reserve, take the item, read the route, send*. An item that came when the route had changed, and has no room on the
//! new one, waits in hand; it has not been accepted then, and whatever is committed meanwhile governs it.

use std::task::{Context, Waker};

use super::Engine;
use super::current::{AHEAD, Current};
use crate::control::Committed;
use crate::error::FlowError;
use crate::failure::Failure;
use crate::knot::{Departing, Eviction, Late, Reach, Turn};
use crate::packet::Mark;
use crate::receipt::Cut;

impl<In: Send + 'static, Out: Send + 'static> Engine<In, Out> {
    /// From now on tasks run the pipeline. Where there is nothing in its outputs, they are not handed out.
    #[inline]
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
            // A recording that begins meanwhile knows nothing of waiting either.
            if control.waiting.is_empty() && self.shared.board.sequence() == self.seen {
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
        current.news.extend(self.out.drain(..).chain(self.late.drain(..)).map(Ok));
        current.failed(self.cx.failures.drain(..));
        self.queued = 0;
        (current.ending, current.ended) = (self.finished, self.finished);
        self.current = Some(Box::new(current));
        self.review();
    }

    /// Grows whenever something has gone on.
    pub(crate) fn progress(&mut self) -> u64 {
        let accepted = self.cx.number;
        self.current(false).progress + accepted
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
        if let (Some(recorder), Some(changes)) = (&mut cx.trace, edit.words) {
            recorder.edit(cx.number, revision, changes, edit.places);
            if chain.is_idle() {
                recorder.settled(revision);
            }
        }
        let drains = if current.ending { Vec::new() } else { edit.drains };
        let departing = Departing { revision, drains, acts: edit.acts.into_vec(), cell, rule: edit.rule };
        current.travels.begin(departing, cx);
        let before = cx.begin(0);
        chain.mark(Mark::Edit(revision), &mut current.outlet, cx, &mut current.travels);
        current.travels.settle(revision);
        current.collect(chain, cx);
        cx.end(before, 0);
        cx.revision = revision;
    }

    /// Gives up what waits inside: outputs that were ready, and the items that can be had, as failures.
    pub(crate) fn abort(&mut self, outputs: &mut Vec<Out>, failures: &mut Vec<Failure>) {
        let mut task = Context::from_waker(Waker::noop());
        let (mut before, mut done) = (None, false);
        // What is done with goes on as far as it can, and is given up where it is stuck.
        loop {
            if before == Some(self.progress()) {
                if std::mem::replace(&mut done, true) {
                    return;
                }
            } else {
                done = false;
            }
            before = Some(self.progress());
            let bracket = self.cx.begin(0);
            let mut eviction = Eviction { revision: None, late: Late::Fail, done, reach: Reach::All };
            self.chain.evict(&mut eviction, &mut self.cx);
            self.cx.end(bracket, 0);
            self.go_on(&mut task);
            // Why nothing will be accepted is of no matter any more.
            let _ = self.take_news(outputs, failures);
        }
    }

    /// Whether an item would be accepted, as far as that can be known without looking at all that is inside, because
    /// nothing is.
    #[inline]
    pub(crate) fn is_clear(&mut self, task: &mut Context<'_>) -> bool {
        self.shared.board.sequence() == self.clear && self.chain.is_clear(task)
    }

    /// Lets all that is inside go on as far as it can. Whether an item would be accepted.
    pub(super) fn go_on(&mut self, task: &mut Context<'_>) -> bool {
        let open = self.go_on_as_far_as_it_can(task);
        if let Some(current) = &mut self.current {
            current.open = open;
        }
        open
    }

    fn go_on_as_far_as_it_can(&mut self, task: &mut Context<'_>) -> bool {
        loop {
            let held = self.ready().is_err();
            let ready = self.poll_chain(task);
            let Some(current) = &mut self.current else { return false };
            let stuck = !current.has_news();
            if let Some(mut eviction) = current.travels.late(stuck, task) {
                let before = self.cx.begin(0);
                self.chain.evict(&mut eviction, &mut self.cx);
                self.cx.end(before, 0);
                continue;
            }
            let settled = std::mem::take(&mut current.travels.settled) || std::mem::take(&mut self.cx.used_up);
            current.travels.full.drain(..).for_each(|cell| self.shared.let_go(cell));
            if settled || self.cx.panic.is_some() {
                self.place_broken();
                let panic = self.cx.panic.take();
                self.review();
                self.cx.panic = panic;
                self.unwind();
                continue;
            }
            if self.shared.board.sequence() == self.seen {
                let calm = self.direct && self.current.as_ref().is_some_and(|current| current.is_calm());
                self.clear = if calm { self.seen } else { super::NEVER };
                return ready && !held && self.hold.is_none();
            }
        }
    }

    /// Polls the boundaries until nothing more comes out, or something is there to be handed out.
    fn poll_chain(&mut self, task: &mut Context<'_>) -> bool {
        let Self { chain, cx, current, .. } = self;
        let Some(current) = current else { return false };
        if !chain.flows() {
            return current.sinks || !current.has_news();
        }
        let before = cx.begin(0);
        let ready = loop {
            let room = if current.sinks { AHEAD } else { AHEAD.saturating_sub(current.news.len()) };
            current.outlet.set_room(room);
            current.outlet.set_space(if current.spawned { room } else { usize::MAX });
            let ready = chain.poll(&mut current.outlet, cx, &mut Turn { travels: &mut current.travels, task });
            if !current.collect(chain, cx) || current.has_news() {
                break ready;
            }
        };
        cx.end(before, 0);
        self.finished |= current.ended;
        ready
    }

    /// Takes an item; there is room for it.
    pub(super) fn accept(&mut self, item: In) {
        if self.direct {
            return self.accept_quick(item);
        }
        self.inbox.push(item);
        self.accept_packet();
    }

    /// Takes what is in the inbox as one packet; there is room for it.
    pub(super) fn accept_packet(&mut self) {
        self.clear = super::NEVER;
        let Some(current) = &mut self.current else { return };
        current.open = false;
        let Self { chain, cx, inbox, exact, .. } = self;
        let before = cx.begin(inbox.len() as u64);
        cx.each = *exact && inbox.len() > 1;
        if let Some(recorder) = &mut cx.trace {
            recorder.begin(cx.number, false);
        }
        chain.take(inbox, &mut current.outlet.made, cx);
        inbox.clear();
        current.outlet.take_in(cx);
        current.collect(chain, cx);
        cx.end(before, 0);
    }

    /// Takes an item the quick way.
    #[inline]
    pub(super) fn accept_quick(&mut self, item: In) {
        match self.quick(item) {
            Some(out) => self.take_output(out),
            None => self.quick_failed(),
        }
    }

    /// Closes the cycle of an item for which the quick way gave nothing.
    pub(super) fn quick_failed(&mut self) {
        let failed = self.nothing();
        if let (Err(failures), Some(current)) = (failed, &mut self.current) {
            current.failed(failures);
        }
        self.review();
    }

    /// Whether the front of the chain takes a packet, as far as is known without polling it.
    pub(super) fn has_room(&mut self) -> bool {
        let room = self.current.as_ref().is_some_and(|current| current.sinks || current.news.len() < AHEAD);
        room && self.chain.has_room()
    }

    /// Whether another item can be taken before anything is polled again.
    pub(super) fn wants_more(&mut self) -> bool {
        let idle = self.current.as_ref().is_some_and(|current| !current.has_news() && current.hand.is_none());
        // What the last one used up or broke has to be seen to first.
        idle && !(self.cx.used_up || self.cx.panic.is_some())
            && self.hold.is_none()
            && self.shared.board.sequence() == self.seen
            && self.chain.has_room()
    }

    /// Tells the end of the stream, once; whether this was the first time.
    pub(crate) fn end(&mut self) -> bool {
        (self.quick, self.clear) = (super::NEVER, super::NEVER);
        let _ = self.ready();
        let Self { chain, cx, current, .. } = self;
        let Some(current) = current else { return false };
        if std::mem::replace(&mut current.ending, true) {
            return false;
        }
        let before = cx.begin(0);
        cx.put_nothing(before.0, before.1);
        chain.mark(Mark::End, &mut current.outlet, cx, &mut current.travels);
        current.collect(chain, cx);
        cx.end(before, 0);
        self.finished |= current.ended;
        true
    }

    /// Asks for a flush, if something was accepted since the last, or an edit has come that may have set something free;
    /// whether that is so.
    pub(super) fn flush(&mut self) -> bool {
        let Self { chain, cx, current, seen, .. } = self;
        let Some(current) = current else { return false };
        let to = (cx.number, *seen);
        if std::mem::replace(&mut current.flushed_to, to) == to {
            return false;
        }
        self.clear = super::NEVER;
        current.flush.0 += 1;
        let before = cx.begin(0);
        cx.put_nothing(before.0, before.1);
        chain.mark(Mark::Flush(current.flush.0), &mut current.outlet, cx, &mut current.travels);
        current.collect(chain, cx);
        cx.end(before, 0);
        true
    }

    pub(super) fn is_flushed(&self) -> bool {
        self.current.as_ref().is_none_or(|current| current.flush.0 == current.flush.1)
    }

    /// An output that came the quick way, and was counted as delivered.
    fn take_output(&mut self, out: Out) {
        let Some(current) = &mut self.current else { return };
        if !current.sinks {
            self.cx.undeliver(1);
            current.news.push_back(Ok(out));
            (self.quick, self.clear) = (super::NEVER, super::NEVER);
        }
    }

    /// Opens the quick way again, when what it was closed for has been taken.
    pub(super) fn quicken(&mut self) {
        if self.direct && !self.chain.flows() && self.current.as_ref().is_some_and(|current| !current.waits()) {
            self.quick = self.seen;
        }
    }

    /// What comes next: an output, a failure that nobody has dealt with, or why nothing will be accepted.
    #[inline]
    pub(super) fn next_news(&mut self) -> Option<Result<Out, FlowError>> {
        let current = self.current.as_mut()?;
        if let Some(news) = current.news.pop_front() {
            current.progress += 1;
            if news.is_ok() {
                self.cx.hand_out(1);
            }
            self.quicken();
            return Some(news);
        }
        let lasting = self.hold.as_ref().filter(|hold| hold.lasts());
        if lasting.is_none() || current.told.as_ref() == lasting {
            return None;
        }
        current.told = lasting.cloned();
        Some(Err(FlowError::Held(Box::new(current.told.clone()?))))
    }

    /// Takes all that is there; whether there was anything. The error is why nothing will be accepted, which comes last.
    pub(super) fn take_news(&mut self, outputs: &mut Vec<Out>, failures: &mut Vec<Failure>) -> Result<bool, FlowError> {
        let mut any = false;
        while let Some(news) = self.next_news() {
            any = true;
            match news {
                Ok(output) => outputs.push(output),
                Err(FlowError::Failed(failure)) => failures.push(*failure),
                Err(held) => return Err(held),
            }
        }
        Ok(any)
    }

    /// The same for whoever takes no outputs; why nothing will be accepted is said every time.
    pub(super) fn next_error(&mut self) -> Option<FlowError> {
        let current = self.current.as_mut()?;
        current.told = None;
        let outputs = matches!(current.news.front(), Some(Ok(_)));
        if outputs { None } else { self.next_news()?.err() }
    }
}
