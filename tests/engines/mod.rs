//! One test on every engine: a pipeline in the thread that calls it, one that a task runs, polled by hand, and one that runs
//! on a thread of its own.
//!
//! A [`Run`] is asked as a pipeline is. The others give what they have, whichever item that comes of; so one item goes in
//! after all that came of the one before is out.

#![allow(dead_code)] // each test file that has this module uses a part of it

use std::fmt;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use coroute::{
    CallError, Controller, Failure, FinishError, Flow, FlowError, FlushError, Hold, JoinError, Ledger, Pipeline,
    Running, SendError, Topology,
};
use futures::{Sink, Stream};

/// Runs `test` on every engine. What it asserts of snapshots has to be the same on all.
pub(crate) fn each_engine(test: impl Fn(Engine)) {
    insta::allow_duplicates! {
        [Engine::Local, Engine::Flow, Engine::Threads].into_iter().for_each(test);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Local,
    Flow,
    Threads,
}

impl Engine {
    pub(crate) fn run<In: Send + 'static, Out: Send + 'static>(self, pipeline: Pipeline<In, Out>) -> Run<In, Out> {
        match self {
            Self::Local => Run::Local(Box::new(pipeline)),
            Self::Flow => Run::Flow { flow: Box::new(pipeline.flow()), told: None },
            Self::Threads => Run::Threads(Box::new(Threads::new(pipeline))),
        }
    }
}

/// A pipeline that runs.
pub(crate) enum Run<In, Out> {
    Local(Box<Pipeline<In, Out>>),
    /// With what was said last of why nothing will be accepted.
    Flow {
        flow: Box<Flow<In, Out>>,
        told: Option<Hold>,
    },
    Threads(Box<Threads<In, Out>>),
}

/// A pipeline on a thread of its own.
pub(crate) struct Threads<In, Out> {
    controller: Controller,
    /// None when it has ended.
    running: Option<Running<In, Out>>,
    /// What was said last of why nothing will be accepted.
    told: Option<Hold>,
}

/// Why an item was not sent, or what came of it instead of outputs.
pub(crate) enum Stop<In> {
    /// Said of a flow only where an edit has to mend something.
    Held(In, Option<Hold>),
    Failed(Vec<Failure>),
}

impl<In> fmt::Debug for Stop<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(_, why) => write!(f, "held: {why:?}"),
            Self::Failed(failures) => write!(f, "failed: {failures:?}"),
        }
    }
}

/// As the pipeline says it.
impl<In> fmt::Display for Stop<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held(_, Some(why)) => why.fmt(f),
            Self::Held(_, None) => f.write_str("there is no room"),
            Self::Failed(failures) => failures.iter().try_for_each(|failure| failure.fmt(f)),
        }
    }
}

impl<In: Send + 'static, Out: Send + 'static> Run<In, Out> {
    pub(crate) fn controller(&self) -> Controller {
        match self {
            Self::Local(pipeline) => pipeline.controller(),
            Self::Flow { flow, .. } => flow.controller(),
            Self::Threads(threads) => threads.controller.clone(),
        }
    }

    pub(crate) fn ledger(&self) -> Ledger {
        self.controller().ledger()
    }

    pub(crate) fn topology(&self) -> Topology {
        self.controller().topology()
    }

    pub(crate) fn apply(&mut self) {
        match self {
            Self::Local(pipeline) => pipeline.apply(),
            // What is set free by it stays inside.
            Self::Flow { flow, .. } => drop(poll(|task| Pin::new(&mut **flow).poll_ready(task))),
            Self::Threads(threads) => drop(threads.hold()),
        }
    }

    pub(crate) fn send(&mut self, item: In, mut emit: impl FnMut(Out)) -> Result<(), Stop<In>> {
        let (flow, told) = match self {
            Self::Local(pipeline) => {
                return pipeline.send(item, emit).map_err(|error| match error {
                    SendError::Held(held) => Stop::Held(held.item, Some(held.why)),
                    SendError::Failed(failures) => Stop::Failed(failures),
                    _ => unreachable!("no other error"),
                });
            }
            Self::Threads(threads) => return threads.send(item, &mut emit),
            Self::Flow { flow, told } => (&mut **flow, told),
        };
        let mut failures = take(flow, told, &mut emit);
        match poll(|task| Pin::new(&mut *flow).poll_ready(task)) {
            Poll::Ready(Ok(())) => *told = None,
            Poll::Ready(Err(FlowError::Held(why))) => return Err(Stop::Held(item, Some(*why))),
            Poll::Ready(Err(error)) => panic!("failures were taken: {error}"),
            Poll::Pending => return Err(Stop::Held(item, told.clone())),
        }
        Pin::new(&mut *flow).start_send(item).expect("there is room");
        failures.extend(take(flow, told, &mut emit));
        if failures.is_empty() { Ok(()) } else { Err(Stop::Failed(failures)) }
    }

    /// Sends one by one, as far as that goes.
    pub(crate) fn send_all(
        &mut self,
        items: impl IntoIterator<Item = In>,
        mut emit: impl FnMut(Out),
    ) -> Result<(), Stop<In>> {
        items.into_iter().try_for_each(|item| self.send(item, &mut emit))
    }

    /// The one output of an item.
    pub(crate) fn call(&mut self, item: In) -> Result<Out, Stop<In>> {
        if let Self::Local(pipeline) = self {
            return pipeline.call(item).map_err(|error| match error {
                CallError::Held(held) => Stop::Held(held.item, Some(held.why)),
                CallError::Failed(failures) => Stop::Failed(failures),
                _ => panic!("there is not one output"),
            });
        }
        let mut outputs = Vec::new();
        self.send(item, |output| outputs.push(output))?;
        assert_eq!(outputs.len(), 1, "there is not one output");
        Ok(outputs.remove(0))
    }

    pub(crate) fn finish(&mut self, mut emit: impl FnMut(Out)) -> Result<(), Vec<Failure>> {
        let (flow, told) = match self {
            Self::Local(pipeline) => {
                return pipeline.finish(emit).map_err(|error| match error {
                    FinishError::Failed(failures) => failures,
                    error => panic!("{error}"),
                });
            }
            Self::Threads(threads) => return threads.finish(&mut emit),
            Self::Flow { flow, told } => (&mut **flow, told),
        };
        let mut failures = Vec::new();
        loop {
            failures.extend(take(flow, told, &mut emit));
            match poll(|task| Pin::new(&mut *flow).poll_close(task)) {
                Poll::Ready(Ok(())) => break,
                Poll::Ready(Err(FlowError::Failed(failure))) => failures.push(*failure),
                other => panic!("{other:?}"),
            }
        }
        failures.extend(take(flow, told, &mut emit));
        if failures.is_empty() { Ok(()) } else { Err(failures) }
    }
}

fn poll<R>(poll: impl FnOnce(&mut Context<'_>) -> R) -> R {
    poll(&mut Context::from_waker(Waker::noop()))
}

/// All that a flow has to give; the failures come back.
fn take<In: Send + 'static, Out: Send + 'static>(
    flow: &mut Flow<In, Out>,
    told: &mut Option<Hold>,
    emit: &mut impl FnMut(Out),
) -> Vec<Failure> {
    let mut failures = Vec::new();
    while let Poll::Ready(Some(news)) = poll(|task| Pin::new(&mut *flow).poll_next(task)) {
        match news {
            Ok(output) => emit(output),
            Err(FlowError::Failed(failure)) => failures.push(*failure),
            Err(FlowError::Held(why)) => *told = Some(*why),
            Err(error) => panic!("{error}"),
        }
    }
    failures
}

impl<In: Send + 'static, Out: Send + 'static> Threads<In, Out> {
    fn new(pipeline: Pipeline<In, Out>) -> Self {
        let controller = pipeline.controller();
        Self { controller, running: Some(pipeline.spawn().unwrap()), told: None }
    }

    /// Why nothing is accepted, if so; all edits are applied by then.
    fn hold(&self) -> Option<Hold> {
        let Some(running) = &self.running else { return Some(Hold::Finished) };
        match running.ready() {
            Ok(()) => None,
            Err(FlushError::Held(why)) => Some(why),
            Err(error) => panic!("{error}"),
        }
    }

    fn send(&mut self, item: In, emit: &mut impl FnMut(Out)) -> Result<(), Stop<In>> {
        if let Some(why) = self.hold() {
            return Err(Stop::Held(item, Some(why)));
        }
        let Some(running) = &mut self.running else { return Err(Stop::Held(item, Some(Hold::Finished))) };
        running.send(item).unwrap();
        running.flush().unwrap();
        // A panic has been told of by this.
        let _ = self.hold();
        let failures = self.take(emit);
        if failures.is_empty() { Ok(()) } else { Err(Stop::Failed(failures)) }
    }

    /// All that has come out; the failures come back. The panic of a stage goes on here, as it does in a pipeline in this
    /// thread: it is had by ending the pipeline, which is spawned again.
    fn take(&mut self, emit: &mut impl FnMut(Out)) -> Vec<Failure> {
        let mut failures = Vec::new();
        let Some(mut running) = self.running.take() else { return failures };
        let mut told = None;
        while let Ok(news) = running.try_recv() {
            match news {
                Ok(output) => emit(output),
                Err(FlowError::Failed(failure)) => failures.push(*failure),
                Err(FlowError::Held(why)) => told = Some(*why),
                Err(error) => panic!("{error}"),
            }
        }
        if told.is_none() || told == self.told {
            self.running = Some(running);
            return failures;
        }
        self.told = told;
        match running.abort() {
            Err(JoinError::Panicked { payload, finished, .. }) => {
                self.running = Some(finished.pipeline.spawn().unwrap());
                resume_unwind(payload);
            }
            Err(error) => panic!("{error}"),
            Ok(_) => panic!("nothing has panicked"),
        }
    }

    fn finish(&mut self, emit: &mut impl FnMut(Out)) -> Result<(), Vec<Failure>> {
        let finished = self.running.take().expect("it runs").finish().unwrap();
        finished.outputs.into_iter().for_each(emit);
        if finished.failures.is_empty() { Ok(()) } else { Err(finished.failures) }
    }
}
