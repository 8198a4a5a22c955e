//! Stands in for the real one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

struct Parker {
    thread: Thread,
    state: AtomicU8,
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(2, Ordering::AcqRel) == 1 {
            self.thread.unpark();
        }
    }
}

impl Parker {
    fn told(&self) -> bool {
        self.state.load(Ordering::Acquire) == 2 && {
            self.state.store(0, Ordering::Relaxed);
            true
        }
    }
    fn park(&self) {
        for _ in 0..100 {
            if self.told() {
                return;
            }
            std::hint::spin_loop();
        }
        for _ in 0..4 {
            if self.told() {
                return;
            }
            thread::yield_now();
        }
        if self.state.compare_exchange(0, 1, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            while self.state.load(Ordering::Acquire) == 1 {
                thread::park();
            }
        }
        self.state.store(0, Ordering::Relaxed);
    }
}

pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let parker = Arc::new(Parker { thread: thread::current(), state: AtomicU8::new(0) });
    let waker = Waker::from(Arc::clone(&parker));
    let mut task = Context::from_waker(&waker);
    let mut future = std::pin::pin!(future);
    loop {
        match future.as_mut().poll(&mut task) {
            Poll::Ready(output) => return output,
            Poll::Pending => parker.park(),
        }
    }
}
