//! What a `Tide` and its gauges share: the plan, how far it has come, and the records.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use super::super::clock::Clock;
use super::super::wait::{Pause, Wait, pause};
use super::{Ebb, TideError, Turn};

#[derive(Debug)]
pub(super) struct State<T> {
    clock: Clock,
    turns: VecDeque<Turn>,
    pub(super) ebbs: VecDeque<Ebb>,
    pub(super) close: Ebb,
    pub(super) capacity: usize,
    pub(super) gate: Gate,
    /// The turn that waits.
    entry: Option<(Turn, Pause)>,
    /// The turn that the item will get for which `poll_ready` was ready.
    admitted: Option<Turn>,
    /// How many items the flush settles that goes on.
    flush: Option<(usize, Pause)>,
    closing: Option<Pause>,
    broken: bool,
    close_begun: bool,
    pub(super) got: Vec<(Duration, T)>,
    pub(super) settled: usize,
    pub(super) closed: bool,
    pub(super) dropped: bool,
}

impl<T> State<T> {
    pub(super) fn new(clock: &Clock, turns: VecDeque<Turn>) -> Self {
        Self {
            clock: clock.clone(),
            turns,
            ebbs: VecDeque::new(),
            close: Ebb::After(Wait::No),
            capacity: usize::MAX,
            gate: Gate::default(),
            entry: None,
            admitted: None,
            flush: None,
            closing: None,
            broken: false,
            close_begun: false,
            got: Vec::new(),
            settled: 0,
            closed: false,
            dropped: false,
        }
    }

    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TideError<T>>> {
        assert!(!self.close_begun, "`poll_ready` after `poll_close`");
        self.check("poll_ready")?;
        if self.admitted.is_some() {
            return Poll::Ready(Ok(()));
        }
        if self.got.len() - self.settled >= self.capacity {
            ready!(self.poll_flush(cx))?;
        }
        if self.entry.is_none() {
            let turn = self.turns.pop_front().unwrap_or(Turn::Take(Wait::No));
            let wait = match turn {
                Turn::Take(wait) => wait,
                Turn::Lose | Turn::Return => Wait::No,
                Turn::Deny | Turn::Break => {
                    self.broken = turn == Turn::Break;
                    return Poll::Ready(Err(TideError { call: "poll_ready", item: None }));
                }
            };
            self.entry = Some((turn, pause(&self.clock, wait)));
        }
        if let Some((_, pause)) = &mut self.entry {
            ready!(self.gate.poll(pause, cx));
        }
        self.admitted = self.entry.take().map(|(turn, _)| turn);
        Poll::Ready(Ok(()))
    }

    pub(super) fn start_send(&mut self, item: T) -> Result<(), TideError<T>> {
        assert!(!self.close_begun, "`start_send` after `poll_close`");
        self.check("start_send")?;
        let turn = self.admitted.take().expect("`start_send` without a `poll_ready` that was ready");
        match turn {
            Turn::Lose => Err(TideError { call: "start_send", item: None }),
            Turn::Return => Err(TideError { call: "start_send", item: Some(item) }),
            _ => {
                self.got.push((self.clock.now(), item));
                Ok(())
            }
        }
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TideError<T>>> {
        self.check("poll_flush")?;
        // An item that came while a flush went on takes another one.
        while self.settled < self.got.len() {
            if self.flush.is_none() {
                let ebb = self.ebbs.pop_front().unwrap_or(Ebb::After(Wait::No));
                self.flush = Some((self.got.len(), self.begin(ebb, "poll_flush")?));
            }
            if let Some((count, pause)) = &mut self.flush {
                ready!(self.gate.poll(pause, cx));
                self.settled = *count;
            }
            self.flush = None;
        }
        Poll::Ready(Ok(()))
    }

    pub(super) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TideError<T>>> {
        self.close_begun = true;
        self.check("poll_close")?;
        ready!(self.poll_flush(cx))?;
        if self.closed {
            return Poll::Ready(Ok(()));
        }
        if self.closing.is_none() {
            let ebb = std::mem::replace(&mut self.close, Ebb::After(Wait::No));
            self.closing = Some(self.begin(ebb, "poll_close")?);
        }
        if let Some(pause) = &mut self.closing {
            ready!(self.gate.poll(pause, cx));
        }
        self.closed = true;
        Poll::Ready(Ok(()))
    }

    /// The records stay; nobody waits any more.
    pub(super) fn drop_sink(&mut self) {
        self.dropped = true;
        (self.entry, self.flush, self.closing) = (None, None, None);
        self.gate = Gate::default();
    }

    fn begin(&self, ebb: Ebb, call: &'static str) -> Result<Pause, TideError<T>> {
        match ebb {
            Ebb::After(wait) => Ok(pause(&self.clock, wait)),
            Ebb::Fail => Err(TideError { call, item: None }),
        }
    }

    fn check(&self, call: &'static str) -> Result<(), TideError<T>> {
        if self.broken { Err(TideError { call, item: None }) } else { Ok(()) }
    }
}

/// Where the sink stands still until it is told to go on.
#[derive(Debug, Default)]
pub(super) struct Gate {
    /// How many standstills are to end at once.
    resumes: usize,
    waker: Option<Waker>,
}

impl Gate {
    /// Lets one standstill end. Its task is to be woken.
    pub(super) fn open(&mut self) -> Option<Waker> {
        self.resumes += 1;
        self.waker.take()
    }

    pub(super) fn is_waited_for(&self) -> bool {
        self.waker.is_some()
    }

    fn poll(&mut self, pause: &mut Pause, cx: &mut Context<'_>) -> Poll<()> {
        if !matches!(pause, Pause::Ever) {
            return Pin::new(pause).poll(cx);
        }
        if self.resumes == 0 {
            self.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        self.resumes -= 1;
        Poll::Ready(())
    }
}
