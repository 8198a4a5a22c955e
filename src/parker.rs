//! Runs a future on the thread that waits for it, which sleeps while the future does.
//!
//! A thread with nothing to do first lets others run, at most [`YIELDS`] times, and then parks: to wake it takes microseconds
//! then, before that a store. It yields, and does not spin: where cores are few, whom it waits for gets this one; where they are
//! not, what it waits for heaps up meanwhile and is found at once. How often it yields is learnt: more after a short sleep,
//! less after a long one, so that a thread which is seldom needed parks soon.
//!
//! # The protocol
//!
//! A waker swaps `TOLD` into the state, and unparks the thread only if it found `PARKED` there. The thread swaps `IDLE` in
//! when it finds `TOLD`, and polls again; it parks by one step from `IDLE` to `PARKED`, which fails when it was told
//! meanwhile. Invariant: *a wake after a poll began is followed by another poll, which sees what was done before the wake.* So
//! the state is never just stored: that would cover a second wake up without having seen what came before it. A thread may
//! be unparked by others for reasons of their own; it then parks again.

#[cfg(loom)]
use loom::{
    sync::atomic::{AtomicU8, Ordering},
    thread::{self, Thread},
};
#[cfg(not(loom))]
use std::{
    sync::atomic::{AtomicU8, Ordering},
    thread::{self, Thread},
};

#[cfg(not(loom))]
use std::cell::Cell;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};

/// How often a thread yields before it parks, at most.
const YIELDS: u8 = if cfg!(loom) { 1 } else { 16 };

/// A sleep shorter than this had better been spent in yielding.
const SHORT: Duration = Duration::from_micros(20);

const IDLE: u8 = 0;
const TOLD: u8 = 1;
const PARKED: u8 = 2;

/// What wakes one thread; see the module's documentation.
#[derive(Debug)]
pub(crate) struct Parker {
    thread: Thread,
    state: AtomicU8,
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(TOLD, Ordering::AcqRel) == PARKED {
            self.thread.unpark();
        }
    }
}

impl Parker {
    /// Of the thread that calls.
    fn new() -> Arc<Self> {
        Arc::new(Self { thread: thread::current(), state: AtomicU8::new(IDLE) })
    }

    /// Whether there was a wake since the last time; forgets it.
    fn take_told(&self) -> bool {
        self.state.load(Ordering::Relaxed) == TOLD && self.state.swap(IDLE, Ordering::Acquire) == TOLD
    }

    /// Returns after a wake, or when `deadline` has passed; gives how often to yield the next time.
    fn wait(&self, yields: u8, deadline: Option<Instant>) -> u8 {
        for _ in 0..yields {
            if self.take_told() {
                return yields;
            }
            thread::yield_now();
        }
        if self.state.compare_exchange(IDLE, PARKED, Ordering::Relaxed, Ordering::Relaxed).is_err() {
            self.state.swap(IDLE, Ordering::Acquire);
            return yields;
        }
        let began = Instant::now();
        loop {
            let now = Instant::now();
            match deadline {
                None => thread::park(),
                Some(deadline) if now < deadline => park_timeout(deadline - now),
                Some(_) => break,
            }
            if self.state.load(Ordering::Relaxed) != PARKED {
                break;
            }
        }
        self.state.swap(IDLE, Ordering::Acquire);
        if began.elapsed() < SHORT { (yields * 2).min(YIELDS) } else { (yields / 2).max(1) }
    }

    /// `None` when `deadline` has passed and the future still waits.
    fn run<F: Future>(self: &Arc<Self>, mut future: Pin<&mut F>, deadline: Option<Instant>) -> Option<F::Output> {
        let waker = Waker::from(Arc::clone(self));
        let mut task = Context::from_waker(&waker);
        let mut yields = YIELDS;
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut task) {
                return Some(output);
            }
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return None;
            }
            yields = self.wait(yields, deadline);
        }
    }
}

#[cfg(not(loom))]
fn park_timeout(time: Duration) {
    thread::park_timeout(time);
}

/// There is no time in a model.
#[cfg(loom)]
fn park_timeout(_: Duration) {
    thread::park();
}

/// Runs `future` to its end.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    run(future, None).expect("without a deadline, a future runs to its end")
}

/// Runs `future` until it ends or `deadline` has passed, if there is one; polls it at least once. `None` when it has not
/// ended: it is dropped then.
pub(crate) fn block_on_until<F: Future>(future: F, deadline: Option<Instant>) -> Option<F::Output> {
    run(future, deadline)
}

/// When so much time will have passed; never, for a time that no clock reaches.
pub(crate) fn deadline(within: Duration) -> Option<Instant> {
    Instant::now().checked_add(within)
}

#[cfg(not(loom))]
fn run<F: Future>(future: F, deadline: Option<Instant>) -> Option<F::Output> {
    thread_local! {
        /// The parker of this thread, while none of its futures runs: one inside another has a parker of its own, or it
        /// would take the other's wakes.
        static PARKER: Cell<Option<Arc<Parker>>> = const { Cell::new(None) };
    }
    let parker = PARKER.try_with(Cell::take).ok().flatten().unwrap_or_else(Parker::new);
    let output = parker.run(pin!(future), deadline);
    // There is none left where a thread ends.
    let _ = PARKER.try_with(|place| place.set(Some(parker)));
    output
}

/// A thread of a model has no past.
#[cfg(loom)]
fn run<F: Future>(future: F, deadline: Option<Instant>) -> Option<F::Output> {
    Parker::new().run(pin!(future), deadline)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::future::{pending, poll_fn, ready};
    use std::sync::mpsc;

    /// Longer than any test takes.
    fn far() -> Option<Instant> {
        deadline(Duration::from_secs(60))
    }

    /// Waits once, and has `wake` see to it that this ends.
    fn once(mut wake: impl FnMut(&Waker)) -> impl Future<Output = u8> {
        let mut polls = 0;
        poll_fn(move |task| {
            polls += 1;
            if polls == 2 {
                return Poll::Ready(polls);
            }
            wake(task.waker());
            Poll::Pending
        })
    }

    #[test]
    fn a_thread_is_woken_by_another_and_by_itself() {
        let (sender, wakers) = mpsc::channel::<Waker>();
        let other = thread::spawn(move || wakers.iter().for_each(Waker::wake));
        for _ in 0..200 {
            let sender = sender.clone();
            let woken = once(move |waker| sender.send(waker.clone()).unwrap());
            assert_eq!(block_on_until(woken, far()), Some(2));
            assert_eq!(block_on_until(once(Waker::wake_by_ref), far()), Some(2));
        }
        drop(sender);
        other.join().unwrap();
    }

    #[test]
    fn a_future_inside_another_leaves_it_its_wake() {
        let outer = once(|waker| {
            waker.wake_by_ref();
            assert_eq!(block_on(once(Waker::wake_by_ref)), 2);
        });
        assert_eq!(block_on_until(outer, far()), Some(2));
    }

    #[test]
    fn being_unparked_by_others_is_no_wake() {
        let mut polls = 0;
        let deadline = Instant::now() + Duration::from_millis(2);
        let waits = poll_fn(|_| {
            polls += 1;
            thread::current().unpark();
            Poll::<()>::Pending
        });
        assert_eq!(block_on_until(waits, Some(deadline)), None);
        assert!(Instant::now() >= deadline);
        assert_eq!(polls, 2, "once in the beginning, once at the deadline");
    }

    #[test]
    fn a_deadline_that_has_passed_leaves_one_poll() {
        let past = Some(Instant::now());
        assert_eq!(block_on_until(ready(1), past), Some(1));
        assert_eq!(block_on_until(pending::<()>(), past), None);
        assert_eq!(block_on_until(once(Waker::wake_by_ref), past), None);
    }

    #[test]
    fn a_panic_leaves_the_thread_able_to_wait() {
        let panics = std::panic::catch_unwind(|| block_on(async { panic!("a stage") }));
        assert!(panics.is_err());
        assert_eq!(block_on_until(once(Waker::wake_by_ref), far()), Some(2));
    }
}
