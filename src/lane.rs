//! A bounded queue between two threads.
use futures::task::AtomicWaker;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
struct Inner<T> {
    q: Mutex<(VecDeque<T>, bool)>,
    cap: usize,
    rx: AtomicWaker,
    tx: AtomicWaker,
}
pub(crate) struct Feed<T>(Arc<Inner<T>>);
pub(crate) struct Drain<T>(Arc<Inner<T>>);
pub(crate) enum Full<T> {
    Full(T),
}
impl<T> Full<T> {
    pub(crate) fn into_inner(self) -> T {
        let Full::Full(x) = self;
        x
    }
}
pub(crate) fn lane<T>(capacity: usize) -> (Feed<T>, Drain<T>) {
    let i = Arc::new(Inner {
        q: Mutex::new((VecDeque::new(), false)),
        cap: capacity,
        rx: AtomicWaker::new(),
        tx: AtomicWaker::new(),
    });
    (Feed(i.clone()), Drain(i))
}
impl<T> Feed<T> {
    pub(crate) fn push(&self, t: T) -> Result<(), Full<T>> {
        let mut q = self.0.q.lock().unwrap();
        if q.0.len() >= self.0.cap || q.1 {
            return Err(Full::Full(t));
        }
        q.0.push_back(t);
        drop(q);
        self.0.rx.wake();
        Ok(())
    }
    pub(crate) fn poll_room(&self, task: &mut Context<'_>) -> Poll<bool> {
        self.0.tx.register(task.waker());
        let q = self.0.q.lock().unwrap();
        if q.1 {
            Poll::Ready(false)
        } else if q.0.len() < self.0.cap {
            Poll::Ready(true)
        } else {
            Poll::Pending
        }
    }
    pub(crate) fn take_back(&self) -> Option<T> {
        self.0.q.lock().unwrap().0.pop_front()
    }
}
impl<T> Drain<T> {
    pub(crate) fn pop(&self) -> Option<T> {
        let r = self.0.q.lock().unwrap().0.pop_front();
        if r.is_some() {
            self.0.tx.wake();
        }
        r
    }
    pub(crate) fn poll_pop(&self, task: &mut Context<'_>) -> Poll<Option<T>> {
        self.0.rx.register(task.waker());
        if let Some(t) = self.pop() {
            return Poll::Ready(Some(t));
        }
        if self.0.q.lock().unwrap().1 { Poll::Ready(None) } else { Poll::Pending }
    }
}
impl<T> Drop for Feed<T> {
    fn drop(&mut self) {
        self.0.q.lock().unwrap().1 = true;
        self.0.rx.wake();
    }
}
impl<T> Drop for Drain<T> {
    fn drop(&mut self) {
        self.0.q.lock().unwrap().1 = true;
        self.0.tx.wake();
    }
}
