//! What streams and sinks ask of an engine.

use std::task::{Context, Poll};

use super::Engine;
use crate::error::{FlowError, Hold};
use crate::failure::Failure;

/// What a look at the engine has found.
enum Seen {
    /// What was waited for.
    Enough,
    /// Something that can go on at once.
    More,
    Nothing,
}

impl<In: Send + 'static, Out: Send + 'static> Engine<In, Out> {
    /// The next output; items are pulled as long as there is room, and the end is told when there are no more.
    #[inline]
    pub(crate) fn poll_output(
        &mut self,
        task: &mut Context<'_>,
        mut pull: impl FnMut(&mut Context<'_>) -> Poll<Option<In>>,
    ) -> Poll<Option<Result<Out, FlowError>>> {
        while self.is_quick() {
            match pull(task) {
                Poll::Ready(Some(item)) => {
                    // What was committed while the item came governs it.
                    if !self.is_quick() {
                        self.keep(item);
                        break;
                    }
                    if let Some(out) = self.quick(item) {
                        return Poll::Ready(Some(Ok(out)));
                    }
                    self.quick_failed();
                }
                Poll::Ready(None) => {
                    self.end();
                }
                Poll::Pending if self.sleeps(task) => return Poll::Pending,
                Poll::Pending => {}
            }
        }
        self.poll_output_in_general(task, pull)
    }

    fn poll_output_in_general(
        &mut self,
        task: &mut Context<'_>,
        mut pull: impl FnMut(&mut Context<'_>) -> Poll<Option<In>>,
    ) -> Poll<Option<Result<Out, FlowError>>> {
        loop {
            if let Some(news) = self.next_news() {
                return Poll::Ready(Some(news));
            }
            let open = self.go_on(task);
            if let Some(news) = self.next_news() {
                return Poll::Ready(Some(news));
            }
            let Some(current) = &self.current else { return Poll::Ready(None) };
            if current.ended || matches!(self.hold, Some(Hold::Build(_))) {
                return Poll::Ready(None);
            }
            let mut open = open && !current.ending;
            let mut taken = false;
            while open {
                match self.in_hand().map_or_else(|| pull(task), |item| Poll::Ready(Some(item))) {
                    Poll::Ready(Some(item)) => {
                        self.offer(item);
                        (taken, open) = (true, self.wants_more());
                    }
                    Poll::Ready(None) => {
                        self.end();
                        (taken, open) = (true, false);
                    }
                    Poll::Pending => break,
                }
            }
            if !taken && self.sleeps(task) {
                return Poll::Pending;
            }
        }
    }

    /// Whether there is room for an item.
    #[inline]
    pub(crate) fn poll_room(&mut self, task: &mut Context<'_>) -> Poll<Result<(), FlowError>> {
        if self.is_clear(task) {
            return Poll::Ready(Ok(()));
        }
        self.poll_room_in_general(task)
    }

    fn poll_room_in_general(&mut self, task: &mut Context<'_>) -> Poll<Result<(), FlowError>> {
        self.poll_until(task, |engine, open| match (engine.is_over(), open) {
            (true, _) => Err(FlowError::Held(Box::new(Hold::Finished))),
            (false, true) => Ok(Seen::Enough),
            (false, false) => Ok(Seen::Nothing),
        })
    }

    /// Lets all go on until `look` has seen enough, when nothing is in hand; it is told whether an item would be accepted.
    fn poll_until(
        &mut self,
        task: &mut Context<'_>,
        look: impl Fn(&mut Self, bool) -> Result<Seen, FlowError>,
    ) -> Poll<Result<(), FlowError>> {
        loop {
            let open = self.go_on(task);
            if let Some(error) = self.next_error() {
                return Poll::Ready(Err(error));
            }
            match self.in_hand() {
                Some(item) if open => {
                    self.offer(item);
                    continue;
                }
                Some(item) => self.keep(item),
                None => match look(self, open) {
                    Err(error) => return Poll::Ready(Err(error)),
                    Ok(Seen::Enough) => return Poll::Ready(Ok(())),
                    Ok(Seen::More) => continue,
                    Ok(Seen::Nothing) => {}
                },
            }
            if self.sleeps(task) {
                return Poll::Pending;
            }
        }
    }

    /// Takes an item for which there was room. Where an edit has changed that meanwhile, it waits in hand.
    #[inline]
    pub(crate) fn offer(&mut self, item: In) {
        if self.shared.board.sequence() == self.clear {
            return self.accept_quick(item);
        }
        self.offer_in_general(item);
    }

    /// The same, from a sink's user.
    #[inline]
    pub(crate) fn offer_if_open(&mut self, item: In) -> Result<(), FlowError> {
        if self.shared.board.sequence() == self.clear {
            self.accept_quick(item);
            return Ok(());
        }
        if self.current.as_ref().is_some_and(|current| current.ending) {
            return Err(FlowError::Held(Box::new(Hold::Finished)));
        }
        self.offer_in_general(item);
        Ok(())
    }

    fn offer_in_general(&mut self, item: In) {
        // What was committed up to here governs it.
        let (before, open) = (self.seen, self.current.as_ref().is_some_and(|current| current.open));
        if self.ready().is_ok() && ((self.seen == before && open) || self.has_room()) {
            self.accept(item);
        } else {
            self.keep(item);
        }
    }

    /// Whether all that was accepted has come out, and was flushed by the sinks.
    pub(crate) fn poll_flushed(&mut self, task: &mut Context<'_>) -> Poll<Result<(), FlowError>> {
        self.poll_until(task, |engine, _| match (engine.flush(), engine.is_flushed()) {
            (true, _) => Ok(Seen::More),
            (false, true) => Ok(Seen::Enough),
            (false, false) => Ok(Seen::Nothing),
        })
    }

    /// Has what was accepted come out, with all that it became.
    pub(crate) fn poll_reply(
        &mut self,
        task: &mut Context<'_>,
        outputs: &mut Vec<Out>,
        failures: &mut Vec<Failure>,
    ) -> Poll<Result<(), FlowError>> {
        loop {
            self.flush();
            let open = self.go_on(task);
            let any = match self.take_news(outputs, failures) {
                Ok(any) => any,
                Err(held) => return Poll::Ready(Err(held)),
            };
            match self.in_hand() {
                Some(item) if open => {
                    self.offer(item);
                    continue;
                }
                Some(item) => self.keep(item),
                None if self.is_flushed() && !any => return Poll::Ready(Ok(())),
                None => {}
            }
            if !any && self.sleeps(task) {
                return Poll::Pending;
            }
        }
    }

    /// Tells the end of the stream; ready when it has come out, and the sinks are closed. A poisoned pipeline does not end.
    pub(crate) fn poll_closed(&mut self, task: &mut Context<'_>) -> Poll<Result<(), FlowError>> {
        self.poll_until(task, |engine, _| {
            if engine.is_over() {
                return Ok(Seen::Enough);
            }
            // An edit has to mend it first, as before `finish`.
            let poisoned = matches!(engine.hold, Some(Hold::Poisoned { .. } | Hold::Away { .. }));
            Ok(if !poisoned && engine.end() { Seen::More } else { Seen::Nothing })
        })
    }

    /// Sees to it that the task is woken by an edit, having found no item to take; never ready.
    pub(crate) fn poll_rest<R>(&mut self, task: &mut Context<'_>) -> Poll<Result<R, FlowError>> {
        loop {
            if self.sleeps(task) {
                return Poll::Pending;
            }
            self.go_on(task);
            if let Some(error) = self.next_error() {
                return Poll::Ready(Err(error));
            }
        }
    }

    fn in_hand(&mut self) -> Option<In> {
        self.current.as_mut()?.hand.take()
    }

    fn keep(&mut self, item: In) {
        // Two that were sent without asking for room: the one before goes beyond the room, rather than nowhere.
        if let Some(before) = self.in_hand() {
            self.accept(before);
        }
        if let Some(current) = &mut self.current {
            current.hand = Some(item);
        }
        (self.quick, self.clear) = (super::NEVER, super::NEVER);
    }

    /// Whether the end has come out.
    pub(crate) fn is_over(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.ended)
    }

    /// Has the task woken by the next edit. Not if there is one already.
    pub(crate) fn sleeps(&mut self, task: &mut Context<'_>) -> bool {
        self.shared.board.poll_changed(self.seen, task).is_pending()
    }
}
