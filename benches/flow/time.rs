//! Virtual time: a clock that stands still while there is something to run, and then jumps to the next timer.
//!
//! What is measured by it is what waiting comes to: a queue in front of a sink, a drain, a backlog. It is the same on every
//! machine and in every run. What computing costs is not in it; that is measured by the other groups.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use futures::executor::{LocalPool, LocalSpawner};
use futures::stream::{self, BoxStream, StreamExt};
use futures::task::{AtomicWaker, LocalSpawnExt};

/// One microsecond of virtual time.
pub(crate) const MICRO: u64 = 1000;

/// Nanoseconds of virtual time, and who sleeps until when.
#[derive(Clone, Default)]
pub(crate) struct Time {
    now: Arc<AtomicU64>,
    timers: Arc<Mutex<BinaryHeap<Reverse<Timer>>>>,
}

struct Timer {
    at: u64,
    waker: Arc<AtomicWaker>,
}

impl PartialEq for Timer {
    fn eq(&self, other: &Self) -> bool {
        self.at == other.at
    }
}

impl Eq for Timer {}

impl PartialOrd for Timer {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Timer {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

impl Time {
    pub(crate) fn now(&self) -> u64 {
        self.now.load(Ordering::Relaxed)
    }

    pub(crate) fn sleep(&self, nanos: u64) -> Sleep {
        self.sleep_until(self.now() + nanos)
    }

    pub(crate) fn sleep_until(&self, at: u64) -> Sleep {
        Sleep { time: self.clone(), at, waker: None }
    }

    /// A stream with an item after each of these gaps, or as soon after it as it is asked.
    pub(crate) fn arrivals(&self, gap: impl FnMut() -> u64 + Send + 'static) -> BoxStream<'static, u64> {
        let arrivals = stream::unfold((self.clone(), gap, 0, 0), |(time, mut gap, number, before)| async move {
            let at = before + gap();
            time.sleep_until(at).await;
            Some((number, (time, gap, number + 1, at)))
        });
        arrivals.boxed()
    }

    /// Goes to the next timer; `false` if nobody sleeps.
    fn advance(&self) -> bool {
        let Some(Reverse(timer)) = self.timers.lock().unwrap().pop() else { return false };
        self.now.store(timer.at, Ordering::Relaxed);
        timer.waker.wake();
        true
    }
}

/// A future that is ready at a moment.
pub(crate) struct Sleep {
    time: Time,
    at: u64,
    waker: Option<Arc<AtomicWaker>>,
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.time.now() >= self.at {
            return Poll::Ready(());
        }
        if self.waker.is_none() {
            let waker = Arc::new(AtomicWaker::new());
            self.waker = Some(Arc::clone(&waker));
            self.time.timers.lock().unwrap().push(Reverse(Timer { at: self.at, waker }));
        }
        if let Some(waker) = &self.waker {
            waker.register(cx.waker());
        }
        Poll::Pending
    }
}

/// Runs `main` and what it spawns. `None` if nothing is left that could run or wake anything: it can never end.
pub(crate) fn run<F: Future + 'static>(time: &Time, main: impl FnOnce(LocalSpawner) -> F) -> Option<F::Output> {
    let mut pool = LocalPool::new();
    let result = Rc::new(RefCell::new(None));
    let main = main(pool.spawner());
    let slot = Rc::clone(&result);
    pool.spawner().spawn_local(async move { *slot.borrow_mut() = Some(main.await) }).unwrap();
    loop {
        pool.run_until_stalled();
        if let Some(result) = result.borrow_mut().take() {
            return Some(result);
        }
        if !time.advance() {
            return None;
        }
    }
}

/// Numbers that look random, the same in every run (splitmix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// Between 0 and 1, neither of them.
    pub(crate) fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64 + f64::EPSILON / 4.0
    }

    /// A time between two moments that come at random, `mean` on average.
    pub(crate) fn exponential(&mut self, mean: u64) -> u64 {
        (-self.unit().ln() * mean as f64) as u64
    }
}
