//! The executor: one thread, and a seed that chooses among the tasks that are ready.
//!
//! A task is polled when it was woken, and not otherwise, except for what some seeds do to it that every future has to bear:
//! with one half of the seeds a task that sleeps is now and then polled for no reason, and with one half each poll
//! brings a new waker, after which the earlier ones of the task wake nobody. When no task is ready, time jumps; when
//! nobody waits for time either, the run is over. No task is polled for no reason then: that would hide a lost wake-up.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::awake::Awake;
use super::clock::Clock;
use super::seed::Rng;

/// One simulation.
pub(crate) struct Sim {
    seed: u64,
    rng: Rng,
    clock: Clock,
    tasks: Vec<Task>,
    awake: Awake,
    spurious: usize,
    fresh: bool,
    limit: u64,
    steps: u64,
}

struct Task {
    name: &'static str,
    /// `None` once it has ended.
    future: Option<Pin<Box<dyn Future<Output = ()>>>>,
    waker: Waker,
}

impl Sim {
    /// Its choices follow from `seed` alone, and take nothing from an `Rng::new(seed)` that plans are drawn from.
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Rng::new(seed ^ 0x5349_4d00_0000_0000);
        let (spurious, fresh) = (if rng.once_in(2) { 8 } else { 0 }, rng.once_in(2));
        let (clock, tasks, awake) = (Clock::default(), Vec::new(), Awake::default());
        Self { seed, rng, clock, tasks, awake, spurious, fresh, limit: 100_000, steps: 0 }
    }

    /// How often a task that sleeps is polled for no reason: at one step of `every`, never if that is 0.
    pub(crate) fn spurious(mut self, every: usize) -> Self {
        self.spurious = every;
        self
    }

    /// Whether each poll brings a waker of its own, and those of earlier polls wake nobody.
    pub(crate) fn fresh_wakers(mut self, fresh: bool) -> Self {
        self.fresh = fresh;
        self
    }

    /// How many steps one run may take; 100,000 if nothing is said.
    pub(crate) fn limit(mut self, steps: u64) -> Self {
        self.limit = steps;
        self
    }

    pub(crate) fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// A task, ready to be polled first in the next `run`. It lives until it ends or the simulation is dropped.
    pub(crate) fn spawn<T: 'static>(
        &mut self,
        name: &'static str,
        future: impl Future<Output = T> + 'static,
    ) -> Output<T> {
        let output = Output(Rc::default());
        let place = output.0.clone();
        let future = Box::pin(async move {
            let value = future.await;
            *place.borrow_mut() = Some(value);
        });
        let (_, waker) = self.awake.enter();
        self.tasks.push(Task { name, future: Some(future), waker });
        output
    }

    /// Runs until no task can run and nobody waits for time. May be called again, after something outside woke a task or one
    /// was spawned.
    ///
    /// # Panics
    ///
    /// When the run takes more steps than its limit; and with a task that panics.
    pub(crate) fn run(&mut self) -> Outcome {
        let last = self.steps + self.limit;
        while let Some(task) = self.choose() {
            self.steps += 1;
            let name = self.tasks[task].name;
            assert!(self.steps <= last, "seed {}: no rest after {} steps; next is {name:?}", self.seed, self.limit);
            self.poll(task);
        }
        let asleep = self.tasks.iter().filter(|task| task.future.is_some()).map(|task| task.name).collect();
        Outcome { asleep, steps: self.steps }
    }

    /// Runs, and no task may be left asleep.
    ///
    /// # Panics
    ///
    /// As `run`; and with the names of the tasks that sleep for ever.
    #[track_caller]
    pub(crate) fn finish(&mut self) {
        let asleep = self.run().asleep;
        assert!(asleep.is_empty(), "seed {}, time {:?}: asleep for ever: {asleep:?}", self.seed, self.clock.now());
    }

    /// The task to poll next; `None` when there will be none.
    fn choose(&mut self) -> Option<usize> {
        let mut ready = self.awake.ready();
        while ready.is_empty() {
            if !self.clock.jump() {
                return None;
            }
            ready = self.awake.ready();
        }
        if self.rng.once_in(self.spurious) {
            let asleep = |task: &usize| self.tasks[*task].future.is_some() && !ready.contains(task);
            let asleep: Vec<usize> = (0..self.tasks.len()).filter(asleep).collect();
            if !asleep.is_empty() {
                return Some(*self.rng.pick(&asleep));
            }
        }
        Some(*self.rng.pick(&ready))
    }

    fn poll(&mut self, number: usize) {
        self.awake.take(number);
        let waker = if self.fresh { self.awake.renew(number) } else { self.tasks[number].waker.clone() };
        let task = &mut self.tasks[number];
        // Out of its place while it runs: if it panics, it is not polled again.
        let mut future = task.future.take().expect("a task that has ended wakes nobody");
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => task.future = Some(future),
            Poll::Ready(()) => {
                drop(future);
                self.awake.end(number);
            }
        }
    }
}

/// How things stand when nothing can run.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The tasks that have not ended and that nobody will wake, in the order in which they were spawned.
    pub(crate) asleep: Vec<&'static str>,
    /// Polls since the simulation began.
    pub(crate) steps: u64,
}

/// What a task gave, once it has ended.
#[derive(Debug)]
pub(crate) struct Output<T>(Rc<RefCell<Option<T>>>);

impl<T> Output<T> {
    /// `None` while the task runs, and if the output was taken before.
    pub(crate) fn take(&self) -> Option<T> {
        self.0.borrow_mut().take()
    }
}
