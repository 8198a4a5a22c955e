//! Runs a future in the calling thread.
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
struct P(Thread, AtomicBool);
impl Wake for P {
    fn wake(self: Arc<Self>) {
        self.1.store(true, Ordering::Release);
        self.0.unpark();
    }
}
pub(crate) fn block_on<F: Future>(f: F) -> F::Output {
    let p = Arc::new(P(thread::current(), AtomicBool::new(false)));
    let w = Waker::from(p.clone());
    let mut cx = Context::from_waker(&w);
    let mut f = pin!(f);
    loop {
        if let Poll::Ready(r) = f.as_mut().poll(&mut cx) {
            return r;
        }
        while !p.1.swap(false, Ordering::Acquire) {
            thread::park();
        }
    }
}
