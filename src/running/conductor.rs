//! The conductor: the thread that runs a spawned pipeline.
//!
//! It does what a task does that polls a pipeline (`engine/flow.rs`), and sleeps when nothing can go on: until an item or an
//! edit comes, there is room for outputs, or something inside has gone on. Items are taken out of the door at any time, but
//! count as in it until they are accepted, which is when there is room for them in front of the pipeline on the route of
//! then. So what waits in the door belongs to no revision yet, and a stalled target traps nothing.
//!
//! A panic of a stage is caught here. The pipeline is poisoned then, as any is, until an edit mends it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::orders::{HowFar, Orders, Request};
use super::queue::{Feeder, Place, Taker};
use crate::engine::Engine;
use crate::error::{Closed, FlowError, FlushError, Hold, Panic};
use crate::failure::Failure;
use crate::name::{Name, NodeId, Type};

/// How often a pipeline that panics while it is given up is asked again.
const PATIENCE: usize = 256;

/// What comes out of a pipeline.
pub(super) type News<Out> = Result<Out, FlowError>;

/// The ends that the conductor has: where items come from, and where outputs go.
pub(super) type Inside<In, Out> = (Taker<In>, Feeder<News<Out>>);

/// What becomes of a pipeline when no more items come, and when it is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tenure {
    /// It ends, and what is inside is given up.
    Owned,
    /// It is flushed, and what is inside stays.
    Lent,
}

/// What is left at the end.
pub(super) struct Left<In, Out> {
    /// Items that were not accepted.
    pub(super) items: Vec<In>,
    /// Outputs that had not come to the exit.
    pub(super) outputs: Vec<Out>,
    pub(super) failures: Vec<Failure>,
    /// A panic that no edit has mended.
    pub(super) panic: Option<Panic>,
    /// The threads that have not come home.
    pub(super) blocked: Vec<String>,
    /// Whether it was stopped, and has not come to its end.
    pub(super) stopped: bool,
}

/// See the module's documentation.
pub(super) struct Conductor<'e, In, Out> {
    engine: &'e mut Engine<In, Out>,
    tenure: Tenure,
    name: Name,
    door: Taker<In>,
    exit: Feeder<News<Out>>,
    place: Place,
    /// Whether there was no room for outputs.
    full: bool,
    orders: Arc<Orders>,
    /// Items that were taken out of the door, and not accepted.
    waiting: Vec<In>,
    /// How many were taken out.
    taken: u64,
    /// Whether no more will come.
    ended: bool,
    joined: bool,
    requests: Vec<Request>,
    /// Those of stages that are still there, and of what is no stage.
    panics: Vec<(Option<NodeId>, Panic)>,
    /// How many stages have panicked before.
    breaks: u64,
}

impl<'e, In: Send + 'static, Out: Send + 'static> Conductor<'e, In, Out> {
    pub(super) fn new(
        engine: &'e mut Engine<In, Out>,
        tenure: Tenure,
        name: Name,
        (door, exit): Inside<In, Out>,
        orders: Arc<Orders>,
    ) -> Self {
        let hand = engine.spawned(Type::of::<Out>() == Type::of::<()>());
        let breaks = engine.breaks();
        Self {
            engine,
            tenure,
            name,
            door,
            exit,
            place: Place::default(),
            full: false,
            orders,
            waiting: hand.into_iter().collect(),
            taken: 0,
            ended: false,
            joined: tenure == Tenure::Lent,
            requests: Vec::new(),
            panics: Vec::new(),
            breaks,
        }
    }

    /// Goes on with everything; whether anything has.
    fn go_on(&mut self, task: &mut Context<'_>) -> Result<bool, Closed> {
        self.obey()?;
        let mut moved = self.hand_out(task)?;
        moved |= self.guarded(|engine, _| engine.drive(task));
        moved |= self.hand_out(task)?;
        self.fetch(task);
        let before = self.waiting.len();
        if !self.engine.has_news() {
            moved |= self.guarded(|engine, waiting| engine.accept_from(waiting));
        }
        moved |= self.waiting.len() != before;
        if self.ended && self.waiting.is_empty() && self.engine.poisoned().is_none() {
            moved |= self.finish();
        }
        // Whoever is answered sees a pipeline that has done.
        self.engine.rests(self.full && self.engine.has_news());
        if !self.requests.is_empty() {
            self.door.hold(self.waiting.len());
        }
        Ok(moved | self.answer(moved))
    }

    /// Runs the engine; remembers the panic of a stage. Whether there was one.
    fn guarded(&mut self, run: impl FnOnce(&mut Engine<In, Out>, &mut Vec<In>)) -> bool {
        let Self { engine, waiting, .. } = self;
        let caught = catch_unwind(AssertUnwindSafe(|| run(engine, waiting)));
        caught.map_err(|panic| self.broke(panic)).is_err()
    }

    fn broke(&mut self, panic: Box<dyn Any + Send>) {
        self.engine.tell_of(&*panic);
        self.forget_mended();
        let ended = self.engine.take_ended();
        let Self { engine, panics, breaks, .. } = self;
        let of_a_stage = std::mem::replace(breaks, engine.breaks()) != engine.breaks();
        let is_new = |id: NodeId| {
            let known = panics.iter().filter(|(known, _)| *known == Some(id)).count();
            known < engine.broken().filter(|(known, _)| *known == id).count()
        };
        let broken = engine.broken().find(|(id, _)| is_new(*id)).map(|(id, path)| (id, path.clone()));
        if let Some(path) = ended {
            // It panicked as it left.
            return panics.push((None, Panic::new(path, panic)));
        }
        match broken {
            Some((id, path)) => panics.push((Some(id), Panic::new(path, panic))),
            // An edit has mended it meanwhile.
            None if of_a_stage => {}
            None => panics.push((None, Panic::new(self.name.clone().into(), panic))),
        }
    }

    /// What an edit has mended is of no matter any more.
    fn forget_mended(&mut self) {
        let Self { engine, panics, .. } = self;
        panics.retain(|(id, _)| id.is_none_or(|id| engine.broken().any(|(known, _)| known == id)));
    }

    /// Looks at what was asked for.
    fn obey(&mut self) -> Result<(), Closed> {
        let Self { orders, requests, joined, .. } = self;
        orders
            .look(|state| {
                *joined |= state.joined;
                requests.append(&mut state.requests);
                state.stop.take().map_or(Ok(()), Err)
            })
            .unwrap_or(Ok(()))
    }

    /// Gives outputs to the exit as far as there is room.
    fn hand_out(&mut self, task: &mut Context<'_>) -> Result<bool, Closed> {
        let Self { engine, exit, place, full, .. } = self;
        let mut moved = false;
        *full = false;
        while engine.has_news() {
            let put = engine.hand_out_all(|news| exit.put_some(news, place));
            moved |= put.unwrap_or(Ok(0))? > 0;
            if engine.has_news() && exit.poll_room(place, task).is_pending() {
                *full = true;
                return Ok(moved);
            }
        }
        if engine.poisoned().is_some()
            && exit.poll_room(place, task).is_ready()
            && let Some(held) = engine.lasting()
        {
            moved = true;
            if exit.put(Err(held), place).is_err() {
                return Err(Closed::NoReceiver);
            }
        }
        Ok(moved)
    }

    /// Sees what is in the door.
    fn fetch(&mut self, task: &mut Context<'_>) {
        if !self.waiting.is_empty() {
            return self.door.hold_about(self.waiting.len());
        }
        match self.door.poll_take(&mut self.waiting, 0, task) {
            Poll::Ready(true) => self.taken += self.waiting.len() as u64,
            Poll::Ready(false) => self.ended = true,
            Poll::Pending => {}
        }
    }

    /// No more items come; whether that was not known.
    fn finish(&mut self) -> bool {
        let mut first = false;
        match self.tenure {
            Tenure::Owned => self.guarded(|engine, _| first = engine.end()),
            Tenure::Lent => self.guarded(|engine, _| {
                let before = engine.flushes().0;
                first = engine.ask_flush() != before;
            }),
        };
        first
    }

    /// Whether everything is through.
    fn is_over(&self) -> bool {
        let (asked, through) = self.engine.flushes();
        let over = self.engine.is_over()
            || (self.tenure == Tenure::Lent && self.ended && self.waiting.is_empty() && asked == through);
        over && !self.engine.has_news()
    }

    /// Answers requests; whether a flush was asked for. Where something has `moved`, it is not known what comes of that.
    fn answer(&mut self, moved: bool) -> bool {
        let accepted = self.taken.saturating_sub(self.waiting.len() as u64);
        let (poisoned, shut) = (self.engine.poisoned().cloned(), self.engine.shut().cloned());
        let mut asked = false;
        for mut request in std::mem::take(&mut self.requests) {
            let (open, waits) = (request.how_far == HowFar::Open, request.count > accepted);
            let answer = match if open { &shut } else { &poisoned } {
                _ if open && moved => None,
                Some(why) if open || waits => Some(Err(FlushError::Held(why.clone()))),
                _ if waits => None,
                _ => {
                    if request.how_far == HowFar::Flushed && request.flush.is_none() {
                        asked = true;
                        self.guarded(|engine, _| request.flush = Some(engine.ask_flush()));
                    }
                    let (_, through) = self.engine.flushes();
                    let under_way = request.flush.is_some_and(|flush| flush > through || self.engine.has_news());
                    (!under_way).then_some(Ok(()))
                }
            };
            match answer {
                Some(answer) => drop(request.answer.send(answer)),
                None => self.requests.push(request),
            }
        }
        asked
    }

    /// Gives up everything.
    fn stop(&mut self, why: Closed) -> Left<In, Out> {
        self.door.close(why.clone());
        self.door.put_back(&mut self.waiting);
        let items = self.door.take_rest();
        let (mut outputs, mut failures) = (Vec::new(), Vec::new());
        if self.tenure == Tenure::Owned {
            let abort = |_: &usize| self.guarded(|engine, _| engine.abort(&mut outputs, &mut failures));
            let _ = (0..PATIENCE).take_while(abort).count();
        }
        Left { stopped: true, ..self.left(why, items, outputs, failures) }
    }

    /// What is left, when the conductor is done.
    fn left(&mut self, why: Closed, items: Vec<In>, outputs: Vec<Out>, failures: Vec<Failure>) -> Left<In, Out> {
        self.forget_mended();
        if let Closed::Panicked { stage } = &why
            && self.panics.is_empty()
        {
            let before: Box<dyn Any + Send> = Box::new("that was before the pipeline was spawned");
            self.panics.push((None, Panic::new(stage.clone(), before)));
        }
        self.orders.end(why);
        let panic = self.panics.drain(..).next().map(|(_, panic)| panic);
        Left { items, outputs, failures, panic, blocked: Vec::new(), stopped: false }
    }
}

impl<In: Send + 'static, Out: Send + 'static> Future for Conductor<'_, In, Out> {
    type Output = Left<In, Out>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let conductor = self.get_mut();
        conductor.orders.register(task.waker());
        loop {
            let moved = match conductor.go_on(task) {
                Ok(moved) => moved,
                Err(why) => return Poll::Ready(conductor.stop(why)),
            };
            if moved {
                continue;
            }
            if conductor.is_over() {
                conductor.door.close(Closed::Finished);
                return Poll::Ready(conductor.left(Closed::Finished, Vec::new(), Vec::new(), Vec::new()));
            }
            if conductor.joined
                && conductor.engine.is_idle()
                && let Some(Hold::Poisoned { stage } | Hold::Away { stage }) = conductor.engine.poisoned()
            {
                let stage = stage.clone();
                return Poll::Ready(conductor.stop(Closed::Panicked { stage }));
            }
            conductor.door.hold(conductor.waiting.len());
            if conductor.engine.sleeps(task) {
                return Poll::Pending;
            }
        }
    }
}

/// Nothing in it is pinned in its place.
impl<In, Out> Unpin for Conductor<'_, In, Out> {}
