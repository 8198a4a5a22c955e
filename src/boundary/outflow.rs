//! A `futures::Sink` at the end of a way.

mod wait;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::Sink;

use crate::cycle::{Cycle, Site, guarded};
use crate::knot::{Flow, Travels, Turn, Wait};
use crate::link::{Recount, Status, Work};
use crate::packet::{Items, Line, Mark, Message, Packet};
use crate::stage::BoxError;

/// The error that a sink gives, and the item if that is in it.
pub(crate) type GiveBack<T, E> = fn(E) -> (BoxError, Option<T>);

/// A sink, and what could not be sent to it at once.
pub(crate) struct Outflow<S, T, E> {
    sink: Pin<Box<S>>,
    give_back: GiveBack<T, E>,
    ready: bool,
    /// Whether something was sent since the last flush.
    dirty: bool,
    /// Whether a flush is wanted that no mark stands for.
    owes: bool,
    /// Whether nothing is there but the sink itself, which may take items.
    calm: bool,
    /// Whether it was closed, and is not to be asked for anything any more.
    closed: bool,
    /// Why it takes nothing; told with the next item, which it does not get.
    broken: Option<BoxError>,
    line: Line<T>,
    /// The packet that is being sent, and how many of its items were.
    sending: Option<(Packet<T>, usize)>,
    /// What comes out next, if that is ready to.
    done: Option<Message<()>>,
    /// Flushes that were asked for; items go on being sent meanwhile.
    flushing: Vec<Mark>,
    /// Those that are through.
    flushed: Vec<Mark>,
    /// A failure of no item, which comes out before that.
    report: Option<Packet<()>>,
    /// A panic of the sink that nobody knows of yet.
    panic: Option<Box<dyn Any + Send>>,
}

impl<S, T, E> Outflow<S, T, E>
where
    S: Sink<T, Error = E> + Send + 'static,
    T: Send + 'static,
    E: 'static,
{
    pub(crate) fn new(sink: S, give_back: GiveBack<T, E>) -> Self {
        let (ready, dirty, closed, broken, line) = (false, false, false, None, Line::default());
        Self {
            sink: Box::pin(sink),
            give_back,
            ready,
            dirty,
            closed,
            owes: false,
            calm: false,
            broken,
            line,
            sending: None,
            done: None,
            flushing: Vec::new(),
            flushed: Vec::new(),
            report: None,
            panic: None,
        }
    }

    fn has_nothing(&self) -> bool {
        self.line.is_empty() && self.sending.is_none() && self.done.is_none() && self.report.is_none()
    }

    /// Whether an item can be sent, or is to fail at once.
    fn is_ready(&self) -> bool {
        self.ready || self.broken.is_some()
    }

    /// Calls the sink. A panic in it is kept for the pipeline's caller; then there is no result.
    fn ask<R>(&mut self, cx: &mut Cycle, site: &Site, ask: impl FnOnce(Pin<&mut S>) -> R) -> Option<R> {
        let sink = self.sink.as_mut();
        let asked = match self.panic.take() {
            None => catch_unwind(AssertUnwindSafe(|| ask(sink))),
            Some(panic) => Err(panic),
        };
        match asked {
            Ok(result) => Some(result),
            Err(panic) => {
                cx.broke(site);
                cx.panic.get_or_insert(panic);
                self.broken = Some("the sink panicked".into());
                None
            }
        }
    }

    /// Sends one item to a sink that is ready.
    fn send(&mut self, item: T, cx: &mut Cycle, site: &Site) -> Option<()> {
        if let Some(error) = self.broken.take() {
            cx.faults.add(item, error);
            cx.absent(site);
            return None;
        }
        self.ready = false;
        let sink = self.sink.as_mut();
        match guarded(cx, site, |_| sink.start_send(item)) {
            Ok(()) => {
                self.dirty = true;
                Some(())
            }
            Err(error) => {
                match (self.give_back)(error) {
                    (error, Some(item)) => cx.faults.add(item, error),
                    (error, None) => cx.faults.add((), error),
                }
                cx.absent(site);
                None
            }
        }
    }

    /// Sends what is left of a packet; whether that was all of it.
    fn send_on(&mut self, cx: &mut Cycle, site: &Site, turn: &mut Turn<'_, '_>) -> bool {
        let Some((mut packet, mut sent)) = self.sending.take() else { return true };
        while !packet.items.is_empty() {
            self.get_ready(cx, site, turn);
            if !self.is_ready() {
                self.sending = Some((packet, sent));
                return false;
            }
            let item = packet.items.remove(0);
            cx.within(&mut packet.slip, |cx| {
                cx.settle(site, 0, 1, -1);
                let made = catch_unwind(AssertUnwindSafe(|| self.send(item, cx, site)));
                match made {
                    Ok(made) => sent += usize::from(made.is_some()),
                    Err(panic) => {
                        cx.panic.get_or_insert(panic);
                        cx.faults.add((), "the sink panicked on it".into());
                        cx.settle(site, 1, 0, 0);
                    }
                }
            });
        }
        self.done = Some(Message::Packet(Packet { slip: packet.slip, items: Items::from_elem((), sent) }));
        true
    }

    fn get_ready(&mut self, cx: &mut Cycle, site: &Site, turn: &mut Turn<'_, '_>) {
        if self.is_ready() || self.closed {
            return;
        }
        match self.ask(cx, site, |sink| sink.poll_ready(turn.task)) {
            Some(Poll::Ready(Ok(()))) => self.ready = true,
            Some(Poll::Ready(Err(error))) => self.broken = Some((self.give_back)(error).0),
            Some(Poll::Pending) | None => {}
        }
    }

    /// Does what a mark asks for; whether that is done.
    fn obey(&mut self, mark: Mark, cx: &mut Cycle, site: &Site, turn: &mut Turn<'_, '_>) -> bool {
        let done = match mark {
            Mark::Edit(_) => return true,
            Mark::Flush(_) | Mark::Left(_) | Mark::Leave(_) if !self.dirty => return true,
            Mark::Flush(_) | Mark::Left(_) | Mark::Leave(_) => self.ask(cx, site, |sink| sink.poll_flush(turn.task)),
            Mark::End => self.ask(cx, site, |sink| sink.poll_close(turn.task)),
        };
        match done {
            Some(Poll::Pending) => return false,
            Some(Poll::Ready(Err(error))) => {
                let (error, item) = (self.give_back)(error);
                cx.report(site, item.map(|item| Box::new(item) as Box<dyn Any + Send>), error);
                self.report = Some(Packet { slip: cx.put_down(), items: Items::new() });
            }
            Some(Poll::Ready(Ok(()))) | None => {}
        }
        (self.dirty, self.ready) = (false, false);
        self.closed |= mark == Mark::End;
        true
    }

    /// Sends, flushes and closes as far as it can.
    fn go_on(&mut self, cx: &mut Cycle, site: &Site, turn: &mut Turn<'_, '_>) {
        self.owes = self.owes && !self.obey(Mark::Flush(0), cx, site, turn);
        if let Some(mark) = self.flushing.first().copied()
            && self.obey(mark, cx, site, turn)
        {
            self.flushed.append(&mut self.flushing);
        }
        while self.done.is_none() && self.send_on(cx, site, turn) && self.done.is_none() {
            match self.line.head() {
                Some(Message::Packet(_)) => {
                    if let Some(Message::Packet(packet)) = self.line.pop() {
                        self.sending = Some((packet, 0));
                    }
                }
                Some(Message::Mark(mark)) => {
                    let mark = *mark;
                    let done = self.obey(mark, cx, site, turn);
                    if !done && !mark.is_flush() {
                        return;
                    }
                    self.line.pop();
                    if done {
                        // What is flushed now is so for those, too, that wait for it; they come out first.
                        if !matches!(mark, Mark::Edit(_)) {
                            self.flushed.append(&mut self.flushing);
                        }
                        self.done = Some(Message::Mark(mark));
                    } else {
                        self.flushing.push(mark);
                    }
                }
                None => return self.get_ready(cx, site, turn),
            }
        }
    }
}

impl<S, T, E> Work<T, ()> for Outflow<S, T, E>
where
    S: Sink<T, Error = E> + Send + 'static,
    T: Send + 'static,
    E: 'static,
{
    fn one(&mut self, item: T, cx: &mut Cycle, site: &Site) -> Option<()> {
        self.send(item, cx, site)
    }

    fn many(&mut self, items: &mut Vec<T>, out: &mut Vec<()>, cx: &mut Cycle, site: &Site) {
        if self.has_nothing() && self.is_ready() && items.len() == 1 {
            let sent = items.pop().and_then(|item| self.send(item, cx, site));
            return out.extend(sent);
        }
        self.calm = false;
        cx.let_wait(site, items.len());
        self.line.push(Message::Packet(Packet { slip: cx.put_down(), items: items.drain(..).collect() }));
        cx.parked = true;
    }

    fn finish(&mut self, _: &mut Vec<()>, _: &mut Cycle, _: &Site) {}

    fn status(&self, site: &Site) -> Status {
        Status {
            waits: Some(site.name.clone().into()),
            steady: false,
            exact: false,
            parks: !self.has_nothing(),
            ..Status::CLEAR
        }
    }

    fn held(&self) -> i64 {
        let sending = self.sending.as_ref().map_or(0, |(packet, _)| packet.items.len());
        (self.line.items() + sending) as i64
    }

    fn recount(&mut self, how: Recount, cx: &mut Cycle, site: &Site) {
        if how == Recount::Leave {
            cx.settle(site, 0, 0, -Work::held(self));
        }
    }

    fn into_stage(self) -> Box<dyn Any + Send> {
        Box::new(self.sink)
    }

    fn is_clear(&mut self, task: &mut Context<'_>) -> bool {
        if !self.calm {
            return false;
        }
        if !self.ready {
            let sink = self.sink.as_mut();
            match catch_unwind(AssertUnwindSafe(|| sink.poll_ready(task))) {
                Ok(Poll::Ready(Ok(()))) => self.ready = true,
                Ok(Poll::Ready(Err(error))) => {
                    self.calm = false;
                    self.broken = Some((self.give_back)(error).0);
                }
                Ok(Poll::Pending) => {}
                Err(panic) => {
                    self.calm = false;
                    self.panic = Some(panic);
                }
            }
        }
        self.ready
    }

    fn flow(&mut self) -> Option<&mut dyn Flow<()>> {
        Some(self)
    }
}

impl<S, T, E> Flow<()> for Outflow<S, T, E>
where
    S: Sink<T, Error = E> + Send + 'static,
    T: Send + 'static,
    E: 'static,
{
    fn drive(&mut self, cx: &mut Cycle, site: &Site, turn: &mut Turn<'_, '_>) {
        self.go_on(cx, site, turn);
        self.calm = self.is_idle() && self.broken.is_none() && self.panic.is_none() && !self.closed;
    }

    fn pop(&mut self, _: &mut Cycle, _: &Site, _: &mut Travels) -> Option<Message<()>> {
        if let Some(report) = self.report.take() {
            return Some(Message::Packet(report));
        }
        if !self.flushed.is_empty() {
            return Some(Message::Mark(self.flushed.remove(0)));
        }
        if self.head_edit().is_some() {
            return None;
        }
        self.done.take()
    }
}
