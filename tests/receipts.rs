//! Receipts: who waits is woken, once; the rule of an edit goes where the edit goes.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use coroute::{Controller, Edit, InFlight, Pipeline, Receipt, Refusal, Retired, Switch, TakeError};
use futures::executor::block_on;

/// Counts how often it was woken.
#[derive(Default)]
struct Task(AtomicUsize);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Task {
    fn new() -> Arc<Self> {
        Arc::default()
    }

    fn woken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn poll<F: Future + Unpin>(self: &Arc<Self>, future: &mut F) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))))
    }
}

fn add() -> Pipeline<i64, i64> {
    Pipeline::new("p").stage("add", |x: i64| x + 1)
}

fn two_ways() -> Pipeline<i64, i64> {
    Switch::new("s").target("a", |x: i64| x).target("b", |x: i64| -x).route("a").into_pipeline()
}

fn first_new(receipt: &Receipt) -> Option<u64> {
    receipt.cut().map(|cut| cut.first_new)
}

#[test]
fn g9_every_task_that_waits_is_woken_once() {
    let mut pipeline = add();
    assert_eq!(pipeline.call(1).unwrap(), 2);
    let receipt = pipeline.controller().remove("add").unwrap();
    let tasks: Vec<_> = (0..5).map(|_| Task::new()).collect();
    let mut applied: Vec<_> = tasks.iter().map(|_| receipt.applied()).collect();
    let mut retired: Vec<_> = tasks.iter().map(|_| receipt.retired()).collect();
    for (at, task) in tasks.iter().enumerate() {
        assert!(task.poll(&mut applied[at]).is_pending() && task.poll(&mut retired[at]).is_pending());
    }
    assert!(!receipt.is_retired());
    pipeline.apply();
    assert!(receipt.is_retired());
    for (at, task) in tasks.iter().enumerate() {
        assert_eq!(task.woken(), 2, "once for each of its futures");
        let cut = task.poll(&mut applied[at]);
        assert_eq!((cut, task.poll(&mut retired[at])), (Poll::Ready(receipt.cut()), cut));
    }
    pipeline.controller().push_back("neg", |x: i64| -x).unwrap();
    assert_eq!(pipeline.call(1).unwrap(), -1);
    assert!(tasks.iter().all(|task| task.woken() == 2));
}

#[test]
fn g5_a_future_that_is_polled_again_keeps_one_waker_and_a_dropped_one_none() {
    let mut pipeline = add();
    let receipt = pipeline.controller().remove("add").unwrap();
    let (first, second, other) = (Task::new(), Task::new(), Task::new());
    let mut future = receipt.retired();
    for _ in 0..100 {
        assert!(first.poll(&mut future).is_pending());
    }
    assert_eq!(Arc::strong_count(&first), 2);
    assert!(second.poll(&mut future).is_pending());
    assert_eq!((Arc::strong_count(&first), Arc::strong_count(&second)), (1, 2), "the future has moved to another task");

    let mut dropped = receipt.retired();
    assert!(other.poll(&mut dropped).is_pending());
    assert_eq!(Arc::strong_count(&other), 2);
    drop(dropped);
    assert_eq!(Arc::strong_count(&other), 1);

    pipeline.apply();
    assert_eq!((first.woken(), second.woken(), other.woken()), (0, 1, 0));
    assert!(second.poll(&mut future).is_ready());
    assert_eq!(Arc::strong_count(&second), 1);
}

#[test]
fn g9_threads_and_tasks_wait_side_by_side() {
    let mut pipeline = add();
    let receipt = Arc::new(pipeline.controller().remove("add").unwrap());
    let waits: [fn(&Receipt) -> Option<u64>; 4] = [
        |receipt| receipt.wait().map(|cut| cut.first_new),
        |receipt| receipt.wait_retired().map(|cut| cut.first_new),
        |receipt| block_on(receipt.applied()).map(|cut| cut.first_new),
        |receipt| block_on(receipt.retired()).map(|cut| cut.first_new),
    ];
    let waiting: Vec<_> = waits
        .into_iter()
        .map(|wait| {
            let receipt = Arc::clone(&receipt);
            thread::spawn(move || wait(&receipt))
        })
        .collect();
    pipeline.apply();
    for thread in waiting {
        assert_eq!(thread.join().unwrap(), Some(0));
    }
}

#[test]
fn g9_who_waits_for_a_pipeline_that_is_dropped_is_woken() {
    let pipeline = add();
    let receipt = pipeline.controller().remove("add").unwrap();
    let task = Task::new();
    let (mut applied, mut retired) = (receipt.applied(), receipt.retired());
    assert!(task.poll(&mut applied).is_pending() && task.poll(&mut retired).is_pending());
    drop(pipeline);
    assert_eq!(task.woken(), 2);
    assert_eq!((task.poll(&mut applied), task.poll(&mut retired)), (Poll::Ready(None), Poll::Ready(None)));
    assert_eq!((receipt.wait_retired(), receipt.is_retired()), (None, false));
    let error = receipt.take::<fn(i64) -> i64>("add").unwrap_err();
    assert!(matches!(error, TakeError::Gone { .. }), "{error}");
}

#[test]
fn g9_receipts_of_overtaken_edits_are_retired_too() {
    let mut pipeline = two_ways();
    let controller = pipeline.controller();
    let receipts: Vec<_> = (0..1100).map(|_| controller.route("s", "b").unwrap()).collect();
    let task = Task::new();
    let mut overtaken = receipts[1050].retired();
    assert!(task.poll(&mut overtaken).is_pending());
    assert_eq!(pipeline.call(1).unwrap(), -1);
    assert_eq!(task.woken(), 1);
    assert!(receipts.iter().all(|receipt| receipt.is_retired() && first_new(receipt) == Some(0)));
}

/// A waker that, when it goes, drops a future of the same receipt, as the last waker of a task drops the task.
struct Owner {
    _task: Retired<'static>,
}

impl Wake for Owner {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn g6_a_waker_that_owns_its_task_is_dropped_without_the_lock() {
    let mut pipeline = add();
    // Leaked, for a task lives by itself.
    let receipt: &'static Receipt = Box::leak(Box::new(pipeline.controller().remove("add").unwrap()));
    let mut inner = receipt.retired();
    assert!(Task::new().poll(&mut inner).is_pending());
    let owner = Waker::from(Arc::new(Owner { _task: inner }));
    let mut future = receipt.retired();
    assert!(Pin::new(&mut future).poll(&mut Context::from_waker(&owner)).is_pending());
    drop(owner);
    // The last waker goes here, and the future in it; with the lock held this would not return.
    assert!(Task::new().poll(&mut future).is_pending());
    pipeline.apply();
    assert!(receipt.is_retired());
}

/// A deadline that can be looked for: there as long as the count is above 1.
fn deadline(there: &Arc<()>) -> impl Future<Output = ()> + Send + 'static {
    let there = Arc::clone(there);
    std::future::poll_fn(move |_| -> Poll<()> { panic!("polled, {}", Arc::strong_count(&there)) })
}

#[test]
fn g0_a_refused_edit_comes_back_with_its_rule() {
    let mut pipeline = two_ways();
    let controller = pipeline.controller();
    let [first, last] = [Arc::new(()), Arc::new(())];
    let count = |of: &Arc<()>| Arc::strong_count(of) - 1;
    let error = controller
        .edit(|e| {
            e.in_flight(InFlight::fail_after(deadline(&first)))?;
            e.route("s", "b")?;
            e.in_flight(InFlight::resend_after(deadline(&last)))?;
            e.remove("nobody")
        })
        .unwrap_err();
    assert_eq!((count(&first), count(&last)), (0, 1), "the last call counts");
    assert!(matches!(error.refusal(), Refusal::Unknown { .. }), "{error}");
    let edit = error.into_edit();
    assert_eq!((edit.to_string().as_str(), edit.len()), ("route s -> b; remove nobody", 2), "it is no change");
    assert_eq!(count(&last), 1);

    controller.push_back("nobody", |x: i64| x).unwrap();
    let receipt = controller.commit(edit).unwrap();
    assert_eq!(count(&last), 1, "it waits with its edit");
    assert_eq!(pipeline.call(1).unwrap(), -1);
    assert_eq!(count(&last), 0, "nothing is in flight in a pipeline that is called");
    assert!(receipt.is_retired());
}

/// Uses its controller when it is dropped.
struct Nosy(Controller, Arc<AtomicUsize>);

impl Drop for Nosy {
    fn drop(&mut self) {
        assert!(self.0.topology().revision() > 0);
        self.1.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn g5_the_rule_of_an_overtaken_edit_is_dropped_without_the_lock() {
    let pipeline = two_ways();
    let controller = pipeline.controller();
    let dropped = Arc::new(AtomicUsize::new(0));
    for _ in 0..1024 {
        controller.route("s", "a").unwrap();
    }
    for _ in 0..3 {
        let nosy = Nosy(controller.clone(), Arc::clone(&dropped));
        let mut edit = Edit::new();
        edit.route("s", "b").unwrap();
        let overdue = async move {
            let _nosy = nosy;
            std::future::pending::<()>().await;
        };
        edit.in_flight(InFlight::drop_after(overdue)).unwrap();
        // With the lock held this would not return.
        controller.commit(edit).unwrap();
    }
    assert_eq!(dropped.load(Ordering::Relaxed), 2);
}
