//! Stages as the crate takes them, from those of the model.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use coroute::{AsyncStage, Failure, OnFailure, Output, Pipeline, Route, SinkStage, Stage, Switch, TryAsyncStage};
use coroute::{async_stage, sink, try_async_stage};
use futures::Sink;

use super::edits::World;
use super::hop::dice;
use super::item::{End, Item, Log};
use super::model::{Fork, Kind, Node, Policy, Tides, Way, Work};
use crate::sim::clock::Clock;
use crate::sim::seed::Rng;
use crate::sim::tide::{Ebb, Gauge, Tide, TideError, Turn};
use crate::sim::wait::{Wait, pause};

/// The sinks that were ever made.
pub(crate) type Gauges = Arc<Mutex<Vec<(u32, Gauge<Item>)>>>;

/// Makes stages.
#[derive(Debug, Clone)]
pub(crate) struct Maker {
    pub(crate) log: Log,
    pub(crate) clock: Clock,
    pub(crate) gauges: Gauges,
    pub(crate) world: Weak<Mutex<World>>,
}

/// Has `$body` with the stage that `$node` says, which gives on what it takes.
macro_rules! with_stage {
    ($maker:expr, $node:expr, $stage:ident => $body:expr) => {
        match &$node.kind {
            Kind::Map { closure: true, .. } => {
                let $stage = $maker.closure($node.uid);
                $body
            }
            Kind::Async(work) if work.fails => {
                let $stage = $maker.try_work($node.uid, *work);
                $body
            }
            Kind::Async(work) => {
                let $stage = $maker.work($node.uid, *work);
                $body
            }
            Kind::Buffer(capacity) => {
                let $stage = coroute::buffer::<Item>(*capacity);
                $body
            }
            Kind::Pipe(nodes) => {
                let $stage = $maker.pipe(&$node.name, nodes);
                $body
            }
            Kind::Switch(fork) => {
                let $stage = $maker.switch(&$node.name, fork);
                $body
            }
            _ => {
                let $stage = $maker.step($node);
                $body
            }
        }
    };
}

/// The same where nothing comes out.
macro_rules! with_end {
    ($maker:expr, $node:expr, $stage:ident => $body:expr) => {
        match &$node.kind {
            Kind::Pipe(nodes) => {
                let $stage = $maker.end_pipe(&$node.name, nodes);
                $body
            }
            Kind::Switch(fork) => {
                let $stage = $maker.end_switch(&$node.name, fork);
                $body
            }
            Kind::Sink(tides) => {
                let $stage = $maker.sink($node.uid, *tides);
                $body
            }
            _ => unreachable!("a stage is no end"),
        }
    };
}

pub(crate) use {with_end, with_stage};

macro_rules! options {
    ($maker:expr, $stage:ident, $work:expr) => {
        if !$work.ordered {
            $stage = $stage.unordered();
        }
        if $work.cloned {
            $stage = $stage.cloned();
        }
        if $work.within {
            let clock = $maker.clock.clone();
            $stage = $stage.within(Duration::from_millis(10), move |within| clock.sleep(within));
        }
    };
}
impl Maker {
    pub(crate) fn pipe(&self, name: &str, nodes: &[Node]) -> Pipeline<Item, Item> {
        nodes
            .iter()
            .fold(Pipeline::new(name), |pipe, node| with_stage!(self, node, stage => pipe.stage(&node.name, stage)))
    }

    pub(crate) fn end_pipe(&self, name: &str, nodes: &[Node]) -> Pipeline<Item, ()> {
        let (end, nodes) = nodes.split_last().unwrap();
        let pipe = self.pipe(name, nodes);
        with_end!(self, end, stage => pipe.stage(&end.name, stage))
    }

    pub(crate) fn switch(&self, name: &str, fork: &Fork) -> Switch<Item, Item> {
        let switch = fork
            .targets
            .iter()
            .fold(Switch::new(name), |switch, node| with_stage!(self, node, stage => switch.target(&node.name, stage)));
        self.finish(switch, fork)
    }

    pub(crate) fn end_switch(&self, name: &str, fork: &Fork) -> Switch<Item, ()> {
        let switch = fork
            .targets
            .iter()
            .fold(Switch::new(name), |switch, node| with_end!(self, node, stage => switch.target(&node.name, stage)));
        self.finish(switch, fork)
    }

    fn finish<Out: Send + 'static>(&self, switch: Switch<Item, Out>, fork: &Fork) -> Switch<Item, Out> {
        let mut switch = switch.cloned().route(route(&fork.way));
        if fork.unordered {
            switch = switch.unordered();
        }
        match fork.gate {
            None => switch,
            Some(within) => {
                let clock = self.clock.clone();
                switch.gate_within(within, move |within| clock.sleep(within))
            }
        }
    }

    pub(crate) fn closure(&self, uid: u32) -> impl FnMut(Item) -> Item + Send + use<> {
        let log = self.log.clone();
        move |mut item| {
            log.begin(uid, item.number);
            item.pass(uid, 0);
            item
        }
    }

    pub(crate) fn step(&self, node: &Node) -> Step {
        Step { uid: node.uid, kind: node.kind.clone(), log: self.log.clone(), world: self.world.clone() }
    }

    pub(crate) fn work(&self, uid: u32, work: Work) -> AsyncStage<Item, impl FnMut(Item) -> Boxed<Item> + use<>> {
        let (log, clock) = (self.log.clone(), self.clock.clone());
        let mut stage = async_stage(work.limit, move |mut item: Item| -> Boxed<Item> {
            let (log, clock) = (log.clone(), clock.clone());
            log.begin(uid, item.number);
            Box::pin(async move {
                pause(&clock, wait(dice(uid, item.number, &item.hops))).await;
                log.look(uid, item.number);
                item.pass(uid, 0);
                item
            })
        });
        options!(self, stage, work);
        stage
    }

    pub(crate) fn try_work(
        &self,
        uid: u32,
        work: Work,
    ) -> TryAsyncStage<Item, impl FnMut(Item) -> Boxed<Tried> + use<>> {
        let (log, clock) = (self.log.clone(), self.clock.clone());
        let mut stage = try_async_stage(work.limit, move |mut item: Item| -> Boxed<Result<Item, (Item, String)>> {
            let (log, clock) = (log.clone(), clock.clone());
            log.begin(uid, item.number);
            Box::pin(async move {
                pause(&clock, wait(dice(uid, item.number, &item.hops))).await;
                log.look(uid, item.number);
                if Node::fails(uid, item.number, &item.hops) {
                    return Err((item, format!("planned {uid}")));
                }
                item.pass(uid, 0);
                Ok(item)
            })
        });
        options!(self, stage, work);
        stage
    }

    pub(crate) fn sink(&self, uid: u32, tides: Tides) -> SinkStage<Drain, Item, TideError<Item>> {
        sink(self.drain(uid, tides)).handing_back(|mut error| {
            let item = error.item.take();
            (error.into(), item)
        })
    }

    fn drain(&self, uid: u32, tides: Tides) -> Drain {
        let mut rng = Rng::new(tides.seed);
        let turns: Vec<Turn> = (0..60)
            .map(|_| match rng.below(20) {
                0 if tides.fails => Turn::Deny,
                1 if tides.fails => Turn::Lose,
                2 if tides.fails => Turn::Return,
                3 if tides.fails && rng.once_in(4) => Turn::Break,
                4 if tides.stalls => Turn::Take(Wait::Ever),
                _ => Turn::Take(Wait::random(&mut rng)),
            })
            .collect();
        let mut ebbs: Vec<Ebb> = Wait::randoms(&mut rng, 5).into_iter().map(Ebb::After).collect();
        if tides.fails && rng.once_in(3) {
            ebbs[0] = Ebb::Fail;
        }
        let close = Ebb::After(Wait::random(&mut rng));
        let capacity = 1 + rng.below(4);
        let tide = Tide::new(&self.clock, turns).flushes(ebbs).closes(close).capacity(capacity);
        self.gauges.lock().unwrap().push((uid, tide.gauge()));
        Drain { uid, tide, log: self.log.clone() }
    }
}

pub(crate) type Tried = Result<Item, (Item, String)>;
type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// How long a stage works.
fn wait(dice: u64) -> Wait {
    match dice >> 8 & 3 {
        0 | 1 => Wait::No,
        2 => Wait::Polls(1 + (dice >> 16 & 1) as u32),
        _ => Wait::For(Duration::from_millis(1 + (dice >> 16) % 20)),
    }
}

pub(crate) fn route(way: &Way) -> Route {
    let (id, names) = (way.id, &way.targets);
    match way.policy {
        Policy::One => Route::to(&names[0]),
        Policy::RoundRobin => Route::round_robin(names),
        Policy::Weighted => Route::weighted(names.iter().enumerate().map(|(at, name)| (name, 1 + at as u32))),
        Policy::ByKey => Route::by_key(names, |item: &Item| item.number % 3),
        Policy::When => Route::when(move |item: &Item| when(id, item.number), &names[0], &names[1]),
        Policy::All => Route::all(names),
        Policy::Failover => Route::failover_retry(names, 3),
    }
}

pub(crate) fn when(id: u32, number: u64) -> bool {
    dice(id, number, &[]).is_multiple_of(2)
}

/// A stage that waits for nothing.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) uid: u32,
    kind: Kind,
    log: Log,
    world: Weak<Mutex<World>>,
}

impl Stage<Item> for Step {
    type Out = Item;

    fn process(&mut self, mut item: Item, out: &mut Output<'_, Item>) {
        let (uid, number) = (self.uid, item.number);
        self.log.begin(uid, number);
        match self.kind {
            Kind::Filter if Node::drops(uid, number, &item.hops) => {
                item.pass(uid, 0);
                self.log.leaf(item.ends(End::Dropped));
            }
            Kind::Flat => match Node::copies(uid, number, &item.hops) {
                0 => {
                    item.pass(uid, 0);
                    self.log.leaf(item.ends(End::Dropped));
                }
                copies => {
                    for copy in 0..copies {
                        let mut made = item.clone();
                        made.pass(uid, copy);
                        out.emit(made);
                    }
                    let _ = item.ends(End::Dropped);
                }
            },
            Kind::Try if Node::fails(uid, number, &item.hops) => out.fail(item, format!("planned {uid}")),
            Kind::Map { edits: true, .. } if dice(uid, number, &item.hops).is_multiple_of(5) => {
                item.pass(uid, 0);
                if let Some(world) = self.world.upgrade() {
                    world.lock().unwrap().edit(true);
                }
                out.emit(item);
            }
            _ => {
                item.pass(uid, 0);
                out.emit(item);
            }
        }
    }
}

/// A sink that tells when it is given an item.
#[derive(Debug)]
pub(crate) struct Drain {
    uid: u32,
    tide: Tide<Item>,
    log: Log,
}

impl Sink<Item> for Drain {
    type Error = TideError<Item>;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Pin::new(&mut self.tide).poll_ready(cx)
    }

    fn start_send(mut self: Pin<&mut Self>, item: Item) -> Result<(), Self::Error> {
        self.log.begin(self.uid, item.number);
        Pin::new(&mut self.tide).start_send(item)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Pin::new(&mut self.tide).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Pin::new(&mut self.tide).poll_close(cx)
    }
}

/// Writes down a failure.
pub(crate) fn failed(log: &Log, failure: Failure) {
    let (cycle, error) = (failure.cycle(), failure.error().to_string());
    match failure.into_item::<Item>() {
        Ok(item) => {
            if item.number != cycle {
                log.wrong(format!("the failure of item {} says cycle {cycle}: {error}", item.number));
            }
            log.leaf(item.ends(End::Failed(error)));
        }
        // That of a flush or close is no item's.
        Err(_) if error.starts_with("`poll_flush`") || error.starts_with("`poll_close`") => {}
        Err(failure) => {
            drop(failure);
            log.story().itemless.push(cycle);
        }
    }
}

pub(crate) fn letters(log: &Log) -> OnFailure {
    let log = log.clone();
    OnFailure::dead_letter(move |failure| failed(&log, failure))
}
