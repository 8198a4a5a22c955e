//! The crate's pipeline as a task runs it: a flow, polled by hand.
//!
//! A flow gives outputs and failures when they are there, a call of the reference's with the cycle that they belong to. So
//! what comes between two cycles is kept here until the next.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use coroute::{Flow, FlowError, Hold, Pipeline, Receipt, ThroughExt};
use futures::{Sink, Stream, stream};

use crate::build::{Fault, take_notes};
use crate::engine::{Calls, End, Seen};
use crate::real::Runs;
use crate::waits::Waits;

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
    /// Puts down what `outputs` give until there is nothing more, and the task would sleep.
    fn take(&mut self, outputs: &mut impl Outputs, task: &Task, mut stop: impl FnMut()) {
        while let Some(came) = self.take_one(outputs, task) {
            if came == Came::Amiss {
                stop();
            }
        }
    }

    /// Puts down what comes next; `None` where the task would sleep.
    fn take_one(&mut self, outputs: &mut impl Outputs, task: &Task) -> Option<Came> {
        loop {
            match catch_unwind(AssertUnwindSafe(|| task.poll(|cx| Pin::new(&mut *outputs).poll_next(cx)))) {
                Ok(Poll::Ready(Some(Ok(item)))) => {
                    self.out.push(item);
                    return Some(Came::Output);
                }
                Ok(Poll::Ready(Some(Err(error)))) => {
                    self.hear(error);
                    return Some(Came::Amiss);
                }
                Ok(Poll::Pending) if task.is_woken() => {}
                Ok(Poll::Ready(None) | Poll::Pending) => return None,
                Err(_) => {
                    self.panicked = true;
                    return Some(Came::Amiss);
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

trait Outputs: Stream<Item = Result<i64, FlowError>> + Unpin {}

impl<St: Stream<Item = Result<i64, FlowError>> + Unpin> Outputs for St {}

/// What a poll gave.
#[derive(Debug, PartialEq)]
enum Came {
    Output,
    Amiss,
}

/// A task that knows whether it was woken since it was polled last.
#[derive(Clone, Default)]
struct Task(Arc<Woken>);

#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Task {
    fn poll<R>(&self, poll: impl FnOnce(&mut Context<'_>) -> R) -> R {
        self.0.0.store(false, Ordering::Relaxed);
        poll(&mut Context::from_waker(&Waker::from(Arc::clone(&self.0))))
    }

    fn is_woken(&self) -> bool {
        self.0.0.load(Ordering::Relaxed)
    }
}

/// See the module's documentation.
pub(crate) struct Flowing {
    /// None while it is made another kind of flow.
    flow: Option<Flow<i64, i64>>,
    kept: Kept,
    task: Task,
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

    /// Lets it go on until nothing does any more.
    fn settle(&mut self) {
        let flow = self.flow.as_mut().expect("it is always put back");
        self.kept.take(flow, &self.task, || ());
    }

    /// Lets it go on until something comes out; whether anything did.
    fn take_one(&mut self) -> bool {
        let flow = self.flow.as_mut().expect("it is always put back");
        self.kept.take_one(flow, &self.task).is_some()
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
        let task = self.task.clone();
        match task.poll(|cx| self.flow().poll_ready(cx)) {
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

    /// Puts up to `left` items in as a stream does, and takes what comes out; those that are not taken come back.
    fn through(&mut self, items: &[i64], left: usize, stops: bool) -> Vec<i64> {
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
        let pipeline = self.flow.take().expect("it is always put back").into_pipeline();
        let mut through = source.through(pipeline);
        self.kept.take(&mut through, &self.task, || {
            if stops {
                items.borrow_mut().left = 0;
            }
        });
        self.flow = Some(through.into_parts().1.flow());
        let items = items.borrow();
        items.items.iter().copied().collect()
    }

    fn send_many(&mut self, items: &[i64]) -> Seen {
        self.idle();
        // What was kept ends the call after the first item.
        let left = if self.kept.is_empty() { usize::MAX } else { 1 };
        let (wanted, rest) = (items.len(), self.through(items, left, true));
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
        let task = self.task.clone();
        let end = match task.poll(|cx| self.flow().poll_ready(cx)) {
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
        Self { flow: Some(pipeline.flow()), kept: Kept::default(), task: Task::default() }
    }

    fn withheld(&self) -> i64 {
        self.kept.out.len() as i64
    }
}

impl Waits for Flowing {
    fn put(&mut self, item: i64, _: bool) -> bool {
        let task = self.task.clone();
        loop {
            match task.poll(|cx| self.flow().poll_ready(cx)) {
                Poll::Ready(Ok(())) => {
                    self.flow().start_send(item).expect("there is room");
                    return true;
                }
                Poll::Ready(Err(FlowError::Held(_))) => return false,
                Poll::Ready(Err(error)) => self.kept.hear(error),
                Poll::Pending if task.is_woken() || self.take_one() => {}
                Poll::Pending => return false,
            }
        }
    }

    /// As a stream does.
    fn put_all(&mut self, items: &[i64], _: bool) -> Vec<i64> {
        self.through(items, usize::MAX, false)
    }

    fn take_one(&mut self) {
        self.take_one();
    }

    fn hold(&mut self) -> Option<Option<Hold>> {
        None
    }

    fn settle(&mut self, _: &[Receipt]) {
        self.settle();
    }

    fn seen_so_far(&mut self) -> Seen {
        self.seen(Vec::new())
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
        let task = self.task.clone();
        let end = loop {
            match catch_unwind(AssertUnwindSafe(|| task.poll(|cx| self.flow().poll_close(cx)))) {
                Ok(Poll::Ready(Ok(()))) => break None,
                Ok(Poll::Ready(Err(FlowError::Held(hold)))) => break Some(End::Held(*hold)),
                Ok(Poll::Ready(Err(error))) => self.kept.hear(error),
                Ok(Poll::Pending) if task.is_woken() || self.take_one() => {}
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
