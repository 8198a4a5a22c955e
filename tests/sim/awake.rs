//! Who is ready, and the wakers that make ready.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

#[derive(Debug, Default)]
struct Tasks {
    /// Without repetitions: a task that is woken twice runs once.
    ready: Vec<usize>,
    /// For each task the number of its waker that counts; `None` once it has ended.
    valid: Vec<Option<u64>>,
}

/// The tasks that are ready, in the order in which they were woken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Awake(Arc<Mutex<Tasks>>);

impl Awake {
    /// The number of a new task, which is ready, and its first waker.
    pub(crate) fn enter(&self) -> (usize, Waker) {
        let mut tasks = self.tasks();
        let task = tasks.valid.len();
        tasks.valid.push(Some(0));
        tasks.ready.push(task);
        (task, self.waker(task, 0))
    }

    /// A new waker of the task; the earlier ones wake nobody from now on.
    pub(crate) fn renew(&self, task: usize) -> Waker {
        let mut tasks = self.tasks();
        let number = tasks.valid[task].expect("only a task that runs gets a waker") + 1;
        tasks.valid[task] = Some(number);
        self.waker(task, number)
    }

    /// The task runs: until it is woken again it is not ready.
    pub(crate) fn take(&self, task: usize) {
        self.tasks().ready.retain(|ready| *ready != task);
    }

    /// The task has ended: nothing makes it ready again.
    pub(crate) fn end(&self, task: usize) {
        self.take(task);
        self.tasks().valid[task] = None;
    }

    pub(crate) fn ready(&self) -> Vec<usize> {
        self.tasks().ready.clone()
    }

    fn waker(&self, task: usize, number: u64) -> Waker {
        Arc::new(Bell { awake: self.clone(), task, number }).into()
    }

    fn tasks(&self) -> MutexGuard<'_, Tasks> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Bell {
    awake: Awake,
    task: usize,
    number: u64,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        let mut tasks = self.awake.tasks();
        if tasks.valid[self.task] == Some(self.number) && !tasks.ready.contains(&self.task) {
            tasks.ready.push(self.task);
        }
    }
}
