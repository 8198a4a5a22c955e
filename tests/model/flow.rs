//! The crate's pipeline as a task runs it: a flow, polled by hand.
//!
//! A flow gives outputs and failures when they are there, a call of the reference's with the cycle that they belong to. So
//! what comes between two cycles is kept here until the next.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use coroute::{Flow, FlowError, Hold, Pipeline, ThroughExt};
use futures::{Sink, Stream, stream};

use crate::build::{Fault, take_notes};
use crate::engine::{Calls, End, Seen};
use crate::real::Runs;

/// What has come out and was in no call yet.
#[derive(Default)]
struct Kept {
    out: Vec<i64>,
    faults: Vec<Fault>,
    panicked: bool,
    /// What was said last of why nothing will be accepted.
    told: Option<Hold>,
}

impl Kept {
    /// Puts down what `outputs` give until there is nothing more for now.
    fn take(&mut self, outputs: &mut (impl Stream<Item = Result<i64, FlowError>> + Unpin), mut stop: impl FnMut()) {
        let mut task = Context::from_waker(Waker::noop());
        loop {
            match catch_unwind(AssertUnwindSafe(|| Pin::new(&mut *outputs).poll_next(&mut task))) {
                Ok(Poll::Ready(Some(Ok(item)))) => self.out.push(item),
                Ok(Poll::Ready(Some(Err(error)))) => {
                    stop();
                    self.hear(error);
                }
                Ok(Poll::Ready(None) | Poll::Pending) => return,
                Err(_) => {
                    stop();
                    self.panicked = true;
                }
            }
        }
    }

    fn hear(&mut self, error: FlowError) {
        match error {
            FlowError::Failed(failure) => self.faults.push((*failure).into()),
            FlowError::Held(hold) => self.told = Some(*hold),
            _ => unreachable!("no other error"),
        }
    }

    fn is_empty(&self) -> bool {
        self.faults.is_empty() && !self.panicked
    }
}

/// See the module's documentation.
pub(crate) struct Flowing {
    /// None while it is made another kind of flow.
    flow: Option<Flow<i64, i64>>,
    kept: Kept,
}

/// Items that are given as long as nothing has gone wrong.
struct Items {
    items: VecDeque<i64>,
    /// How many may still be taken.
    left: usize,
}

impl Flowing {
    fn flow(&mut self) -> Pin<&mut Flow<i64, i64>> {
        Pin::new(self.flow.as_mut().expect("it is always put back"))
    }

    fn settle(&mut self) {
        let flow = self.flow.as_mut().expect("it is always put back");
        self.kept.take(flow, || ());
    }

    /// Lets it go on between two cycles.
    fn idle(&mut self) {
        let told = self.kept.told.clone();
        self.settle();
        // Where a stage that is still there has panicked, that is what is said, and not that one did that has left.
        self.kept.panicked &= self.kept.told == told;
    }

    /// Sends an item, if it is taken.
    fn offer(&mut self, item: i64) -> Result<(), End> {
        self.idle();
        let mut task = Context::from_waker(Waker::noop());
        match self.flow().poll_ready(&mut task) {
            Poll::Ready(Ok(())) => {
                self.kept.told = None;
                let sent = catch_unwind(AssertUnwindSafe(|| self.flow().start_send(item)));
                self.kept.panicked |= sent.is_err();
                self.settle();
                Ok(())
            }
            Poll::Ready(Err(FlowError::Held(hold))) => Err(End::Held(*hold)),
            Poll::Ready(Err(error)) => unreachable!("failures were taken: {error}"),
            Poll::Pending => Err(End::Waits(self.kept.told.clone())),
        }
    }

    fn seen(&mut self, rest: Vec<i64>) -> Seen {
        let out = std::mem::take(&mut self.kept.out);
        let end = match std::mem::take(&mut self.kept.panicked) {
            true => End::Panicked,
            false if self.kept.faults.is_empty() => End::Fine,
            false => End::Failed(std::mem::take(&mut self.kept.faults)),
        };
        Seen { out, end, rest, notes: take_notes() }
    }

    fn send_many(&mut self, items: &[i64]) -> Seen {
        self.idle();
        // What was kept ends the call after the first item.
        let left = if self.kept.is_empty() { usize::MAX } else { 1 };
        let items = Rc::new(RefCell::new(Items { items: items.iter().copied().collect(), left }));
        let source = Rc::clone(&items);
        let source = stream::poll_fn(move |_| {
            let mut items = source.borrow_mut();
            match items.left.checked_sub(1) {
                Some(left) if !items.items.is_empty() => {
                    items.left = left;
                    Poll::Ready(items.items.pop_front())
                }
                _ => Poll::Pending,
            }
        });
        let wanted = items.borrow().items.len();
        let pipeline = self.flow.take().expect("it is always put back").into_pipeline();
        let mut through = source.through(pipeline);
        self.kept.take(&mut through, || items.borrow_mut().left = 0);
        self.flow = Some(through.into_parts().1.flow());
        let rest: Vec<i64> = items.borrow().items.iter().copied().collect();
        if rest.len() < wanted {
            let waits = self.kept.is_empty() && !rest.is_empty();
            let seen = self.seen(rest);
            return if waits { self.wait(seen) } else { seen };
        }
        if wanted == 0 {
            return Seen { out: Vec::new(), end: End::Fine, rest, notes: take_notes() };
        }
        self.wait(Seen { out: Vec::new(), end: End::Fine, rest, notes: take_notes() })
    }

    /// The next item is not taken.
    fn wait(&mut self, seen: Seen) -> Seen {
        let mut task = Context::from_waker(Waker::noop());
        let end = match self.flow().poll_ready(&mut task) {
            Poll::Ready(Err(FlowError::Held(hold))) => End::Held(*hold),
            Poll::Pending => End::Waits(self.kept.told.clone()),
            other => unreachable!("the stream was not asked for an item: {other:?}"),
        };
        Seen { end, ..seen }
    }
}

impl Runs for Flowing {
    const FLOWS: bool = true;

    fn new(pipeline: Pipeline<i64, i64>) -> Self {
        Self { flow: Some(pipeline.flow()), kept: Kept::default() }
    }

    fn withheld(&self) -> i64 {
        self.kept.out.len() as i64
    }
}

impl Calls for Flowing {
    fn send(&mut self, item: i64, emit_panics: bool) -> Seen {
        if let Err(end) = self.offer(item) {
            return Seen { out: Vec::new(), end, rest: vec![item], notes: take_notes() };
        }
        if emit_panics && !self.kept.out.is_empty() {
            // Whoever takes the outputs goes after the first.
            self.kept.panicked = false;
            let out = vec![self.kept.out.remove(0)];
            return Seen { out, end: End::Panicked, rest: Vec::new(), notes: take_notes() };
        }
        self.seen(Vec::new())
    }

    fn call(&mut self, item: i64) -> Seen {
        if let Err(end) = self.offer(item) {
            return Seen { out: Vec::new(), end, rest: vec![item], notes: take_notes() };
        }
        if std::mem::take(&mut self.kept.panicked) {
            return Seen { out: Vec::new(), end: End::Panicked, rest: Vec::new(), notes: take_notes() };
        }
        let seen = self.seen(Vec::new());
        if seen.out.len() != 1 && seen.end == End::Fine { Seen { end: End::NotOne, ..seen } } else { seen }
    }

    fn send_all(&mut self, items: &[i64]) -> Seen {
        // What a panic unwinds takes the iterator with it.
        let seen = self.send_many(items);
        if seen.end == End::Panicked { Seen { rest: Vec::new(), ..seen } } else { seen }
    }

    fn send_batch(&mut self, items: &[i64]) -> Seen {
        self.send_many(items)
    }

    fn apply(&mut self) -> Seen {
        self.idle();
        Seen { out: Vec::new(), end: End::Fine, rest: Vec::new(), notes: take_notes() }
    }

    fn finish(&mut self) -> Seen {
        self.idle();
        let mut task = Context::from_waker(Waker::noop());
        let end = loop {
            match catch_unwind(AssertUnwindSafe(|| self.flow().poll_close(&mut task))) {
                Ok(Poll::Ready(Ok(()))) => break None,
                Ok(Poll::Ready(Err(FlowError::Held(hold)))) => break Some(End::Held(*hold)),
                Ok(Poll::Ready(Err(error))) => self.kept.hear(error),
                Ok(Poll::Pending) => break Some(End::Waits(self.kept.told.clone())),
                Err(_) => self.kept.panicked = true,
            }
        };
        match end {
            Some(end) => Seen { out: Vec::new(), end, rest: Vec::new(), notes: take_notes() },
            None => {
                self.settle();
                self.seen(Vec::new())
            }
        }
    }
}
