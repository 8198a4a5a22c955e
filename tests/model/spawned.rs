//! The crate's pipeline on a thread of its own.
//!
//! It takes edits when they come, and items one after the other: each call asks whether an item would be taken, sends it, and
//! waits until all that became of it is out. What comes between two cycles is kept here until the next.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use coroute::{
    Ends, FlowError, FlushError, Handle, Hold, JoinError, Pipeline, Receipt, Receiver, SendError, Sender, Unsent,
};
use futures::Stream;

use crate::build::{Fault, is_of_a_panic, take_notes};
use crate::engine::{Calls, End, Seen};
use crate::real::Runs;
use crate::waits::Waits;

/// So long nothing happens only where nothing ever will. A script that hangs has to be told.
const PATIENCE: Duration = Duration::from_secs(40);

/// See the module's documentation.
pub(crate) struct Spawned {
    state: State,
    out: Vec<i64>,
    faults: Vec<Fault>,
    panicked: bool,
}

enum State {
    Runs(Box<Parts>),
    Ended(Box<Pipeline<i64, i64>>),
    /// While it is ended.
    Between,
}

struct Parts {
    sender: Sender<i64>,
    receiver: Receiver<i64>,
    handle: Handle<i64, i64>,
}

impl Spawned {
    /// Waits for what `future` makes of the sending end; what comes out meanwhile is kept. `None` when it has ended.
    fn until<F: Future>(&mut self, future: impl FnOnce(Sender<i64>) -> F) -> Option<F::Output> {
        let State::Runs(parts) = &mut self.state else { return None };
        let mut came = Vec::new();
        let mut future = pin!(future(parts.sender.clone()));
        let done = wait(|task| {
            loop {
                if let Poll::Ready(done) = future.as_mut().poll(task) {
                    return Poll::Ready(done);
                }
                match Pin::new(&mut parts.receiver).poll_next(task) {
                    Poll::Ready(Some(news)) => came.push(news),
                    Poll::Ready(None) | Poll::Pending => return Poll::Pending,
                }
            }
        });
        while let Ok(news) = parts.receiver.try_recv() {
            came.push(news);
        }
        came.into_iter().for_each(|news| self.hear(news));
        Some(done)
    }

    fn hear(&mut self, news: Result<i64, FlowError>) {
        match news {
            Ok(item) => self.out.push(item),
            Err(FlowError::Failed(failure)) if is_of_a_panic(&failure) => {}
            Err(FlowError::Failed(failure)) => self.faults.push((*failure).into()),
            Err(FlowError::Held(_)) => self.panicked = true,
            Err(_) => unreachable!("no other error"),
        }
    }

    /// Why no item is taken by what was committed up to here, if none is; all that was sent is accepted else.
    fn hold(&mut self) -> Option<Hold> {
        match self.until(|sender| async move { sender.ready_async().await }) {
            None => match &mut self.state {
                State::Ended(pipeline) => match pipeline.send(0, drop) {
                    Err(SendError::Held(held)) => Some(held.why),
                    other => unreachable!("it has ended: {other:?}"),
                },
                _ => unreachable!("it is always put back"),
            },
            Some(Ok(())) => None,
            Some(Err(FlushError::Held(hold))) => Some(hold),
            Some(Err(error)) => unreachable!("it runs: {error}"),
        }
    }

    fn put_in(&mut self, item: i64) {
        let sent = self.until(|sender| async move { sender.send_async(item).await });
        sent.expect("it runs").expect("it takes items");
    }

    /// Waits until all that was sent is through.
    fn flush(&mut self) {
        self.until(|sender| async move { sender.flush_async().await }).into_iter().for_each(|flushed| {
            flushed.expect("it takes what was sent");
        });
    }

    /// Why no item is taken between two cycles; a panic by then is of a stage that an edit has changed or taken out.
    fn idle(&mut self) -> Option<Hold> {
        let panicked = self.panicked;
        let hold = self.hold();
        self.panicked = panicked;
        hold
    }

    /// A cycle, if the item is taken.
    fn offer(&mut self, item: i64) -> Result<(), End> {
        if let Some(hold) = self.idle() {
            return Err(End::Held(hold));
        }
        self.put_in(item);
        self.flush();
        // A panic has been told of by then.
        self.hold();
        Ok(())
    }

    fn seen(&mut self, rest: Vec<i64>) -> Seen {
        let out = std::mem::take(&mut self.out);
        let end = match std::mem::take(&mut self.panicked) {
            true => End::Panicked,
            false if self.faults.is_empty() => End::Fine,
            false => End::Failed(std::mem::take(&mut self.faults)),
        };
        Seen { out, end, rest, notes: take_notes() }
    }

    fn send_many(&mut self, items: &[i64]) -> Seen {
        for (at, item) in items.iter().enumerate() {
            if let Err(end) = self.offer(*item) {
                let out = if at == 0 { Vec::new() } else { std::mem::take(&mut self.out) };
                return Seen { out, end, rest: items[at..].to_vec(), notes: take_notes() };
            }
            if self.panicked || !self.faults.is_empty() {
                return self.seen(items[at + 1..].to_vec());
            }
        }
        self.idle();
        let out = if items.is_empty() { Vec::new() } else { std::mem::take(&mut self.out) };
        Seen { out, end: End::Fine, rest: Vec::new(), notes: take_notes() }
    }
}

impl Runs for Spawned {
    const FLOWS: bool = true;
    const PROMPT: bool = true;

    fn new(pipeline: Pipeline<i64, i64>) -> Self {
        // Little room, so that there is much to wait for.
        let running = pipeline.spawn_with(Ends { door: 3, exit: 2 }).expect("there are threads");
        let (sender, receiver, handle) = running.split();
        let state = State::Runs(Box::new(Parts { sender, receiver, handle }));
        Self { state, out: Vec::new(), faults: Vec::new(), panicked: false }
    }

    fn withheld(&self) -> i64 {
        self.out.len() as i64
    }

    fn catch_up(&mut self) {
        self.idle();
    }
}

impl Waits for Spawned {
    const TOGETHER: bool = true;

    fn put(&mut self, item: i64, wanted: bool) -> bool {
        if !wanted {
            return self.hold().is_none();
        }
        self.put_in(item);
        true
    }

    fn put_all(&mut self, items: &[i64], wanted: bool) -> Vec<i64> {
        if !wanted && self.hold().is_some() {
            return items.to_vec();
        }
        let items = items.to_vec();
        let sent = self.until(|sender| async move {
            for item in items {
                sender.send_async(item).await?;
            }
            Ok::<(), Unsent<i64>>(())
        });
        sent.expect("it runs").expect("it takes items");
        Vec::new()
    }

    fn take_one(&mut self) {
        self.hold();
    }

    fn hold(&mut self) -> Option<Option<Hold>> {
        Some(self.hold())
    }

    fn settle(&mut self, receipts: &[Receipt]) {
        self.hold();
        self.flush();
        for receipt in receipts {
            self.until(|_| receipt.retired());
        }
        self.flush();
    }

    fn seen_so_far(&mut self) -> Seen {
        self.seen(Vec::new())
    }
}

impl Calls for Spawned {
    fn send(&mut self, item: i64, emit_panics: bool) -> Seen {
        if let Err(end) = self.offer(item) {
            return Seen { out: Vec::new(), end, rest: vec![item], notes: take_notes() };
        }
        if emit_panics && !self.out.is_empty() {
            // Whoever takes the outputs goes after the first.
            self.panicked = false;
            let out = vec![self.out.remove(0)];
            return Seen { out, end: End::Panicked, rest: Vec::new(), notes: take_notes() };
        }
        self.seen(Vec::new())
    }

    fn call(&mut self, item: i64) -> Seen {
        if let Err(end) = self.offer(item) {
            return Seen { out: Vec::new(), end, rest: vec![item], notes: take_notes() };
        }
        if std::mem::take(&mut self.panicked) {
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
        match self.idle() {
            // Its end is only waited for where it can come.
            Some(hold @ Hold::Poisoned { .. }) => {
                return Seen { out: Vec::new(), end: End::Held(hold), rest: Vec::new(), notes: take_notes() };
            }
            Some(Hold::Finished) => return self.seen(Vec::new()),
            _ => {}
        }
        let State::Runs(parts) = std::mem::replace(&mut self.state, State::Between) else { unreachable!("it runs") };
        let Parts { sender, mut receiver, handle } = *parts;
        drop(sender);
        while let Some(news) = wait(|task| Pin::new(&mut receiver).poll_next(task)) {
            self.hear(news);
            if self.panicked {
                break;
            }
        }
        self.panicked = false;
        let finished = match handle.join() {
            Ok(finished) => finished,
            Err(JoinError::Panicked { finished, .. }) => {
                self.panicked = true;
                *finished
            }
            Err(error) => panic!("{error}"),
        };
        assert_eq!(finished.items, [], "all that was sent was accepted");
        self.out.extend(finished.outputs);
        let failures = finished.failures.into_iter().filter(|failure| !is_of_a_panic(failure));
        self.faults.extend(failures.map(Fault::from));
        self.state = State::Ended(Box::new(finished.pipeline));
        self.seen(Vec::new())
    }
}

/// Whoever drops it sees it gone.
impl Drop for Spawned {
    fn drop(&mut self) {
        if let State::Runs(parts) = std::mem::replace(&mut self.state, State::Between)
            && !thread::panicking()
        {
            drop((parts.sender, parts.receiver));
            drop(parts.handle.join());
        }
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn wait<R>(mut poll: impl FnMut(&mut Context<'_>) -> Poll<R>) -> R {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let begun = Instant::now();
    loop {
        if let Poll::Ready(done) = poll(&mut Context::from_waker(&waker)) {
            return done;
        }
        assert!(begun.elapsed() < PATIENCE, "it hangs");
        thread::park_timeout(PATIENCE);
    }
}
