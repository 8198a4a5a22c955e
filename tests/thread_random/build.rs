//! The crate's stages for those of the model.

use std::future::poll_fn;
use std::panic::resume_unwind;
use std::task::Poll;

use coroute::{AsyncStage, Output, Pipeline, Route, Stage, Switch, async_stage};

use super::item::{End, Item, Log};
use super::model::{Deal, Fork, Kind, Node, Policy, Way, Work, key};

/// Runs `$body` with the stage that a node stands for.
macro_rules! with_stage {
    ($log:expr, $node:expr, $stage:ident => $body:expr) => {{
        let (log, uid) = ($log.clone(), $node.uid);
        match $node.kind.clone() {
            Kind::Stage(Work::Plain) => {
                let $stage = $crate::build::plain(uid);
                $body
            }
            Kind::Stage(Work::Fuse) => {
                let $stage = $crate::build::fuse(uid, &log);
                $body
            }
            Kind::Stage(Work::Copies) => {
                let $stage = coroute::flat_map($crate::build::copies(uid));
                $body
            }
            Kind::Stage(work) => {
                let $stage = $crate::build::Hand(uid, work);
                $body
            }
            Kind::Crew(crew) => match crew.work {
                Work::Plain => {
                    let maker = move || $crate::build::plain(uid);
                    let $stage = $crate::build::crew!(crew, maker);
                    $body
                }
                Work::Fuse => {
                    let maker = move || $crate::build::fuse(uid, &log);
                    let $stage = $crate::build::crew!(crew, maker);
                    $body
                }
                work => {
                    let maker = move || $crate::build::Hand(uid, work);
                    let $stage = $crate::build::crew!(crew, maker);
                    $body
                }
            },
            Kind::Slow(limit) => {
                let $stage = $crate::build::slow(uid, limit);
                $body
            }
            Kind::Buffer(capacity) => {
                let $stage = coroute::buffer::<Item>(capacity);
                $body
            }
            Kind::Pipe(nodes) => {
                let $stage = $crate::build::pipe(Pipeline::new(&$node.name), &nodes, &log);
                $body
            }
            Kind::Thread(queue, nodes) => {
                let inner = $crate::build::pipe(Pipeline::new(&$node.name), &nodes, &log);
                let $stage = coroute::thread(inner).queue(queue);
                $body
            }
            Kind::Switch(fork) => {
                let $stage = $crate::build::switch(&$node.name, &fork, &log);
                $body
            }
        }
    }};
}

macro_rules! crew {
    ($crew:expr, $maker:expr) => {{
        let stage = coroute::workers($crew.count, $maker).queue($crew.queue);
        match $crew.deal {
            Deal::InOrder => stage,
            Deal::Unordered => stage.unordered(),
            Deal::ByKey => stage.by_key(|item: &Item| key(item.place())),
        }
    }};
}

pub(crate) use {crew, with_stage};

pub(crate) fn plain(uid: u32) -> impl FnMut(Item) -> Item + Clone + Send + 'static {
    move |mut item| {
        item.pass(uid);
        item
    }
}

pub(crate) fn fuse(uid: u32, log: &Log) -> impl FnMut(Item) -> Item + Clone + Send + use<> {
    let log = log.clone();
    move |mut item| {
        if Work::Fuse.copies(uid, item.place(), &item.hops) == 0 {
            log.story().broken.push(uid);
            item.over(End::Broke(uid));
            // Without a word on the screen.
            resume_unwind(Box::new(format!("fuse {uid}")));
        }
        item.pass(uid);
        item
    }
}

pub(crate) fn copies(uid: u32) -> impl FnMut(Item) -> Vec<Item> + Clone + Send + 'static {
    move |item| {
        let copies = Work::Copies.copies(uid, item.place(), &item.hops);
        item.split(uid, copies)
    }
}

/// A stage that may give any number of outputs, or fail.
#[derive(Debug, Clone)]
pub(crate) struct Hand(pub(crate) u32, pub(crate) Work);

impl Stage<Item> for Hand {
    type Out = Item;

    fn process(&mut self, mut item: Item, out: &mut Output<'_, Item>) {
        let Self(uid, work) = *self;
        match work.copies(uid, item.place(), &item.hops) {
            0 if work == Work::Picky => out.fail(item, format!("planned {uid}")),
            copies if work == Work::Copies => item.split(uid, copies).into_iter().for_each(|item| out.emit(item)),
            0 => item.let_go(uid),
            _ => {
                item.pass(uid);
                out.emit(item);
            }
        }
    }
}

type Late = std::pin::Pin<Box<dyn Future<Output = Item> + Send>>;

/// An async stage that is woken some times before it is done.
pub(crate) fn slow(uid: u32, limit: usize) -> AsyncStage<Item, impl FnMut(Item) -> Late + use<>> {
    async_stage(limit, move |mut item: Item| -> Late {
        let mut left = item.place() % 3;
        Box::pin(async move {
            poll_fn(|task| match left.checked_sub(1) {
                None => Poll::Ready(()),
                Some(less) => {
                    left = less;
                    task.waker().wake_by_ref();
                    Poll::Pending
                }
            })
            .await;
            item.pass(uid);
            item
        })
    })
}

pub(crate) fn pipe(pipeline: Pipeline<Item, Item>, nodes: &[Node], log: &Log) -> Pipeline<Item, Item> {
    nodes.iter().fold(pipeline, |pipe, node| with_stage!(log, node, stage => pipe.stage(&node.name, stage)))
}

pub(crate) fn switch(name: &str, fork: &Fork, log: &Log) -> Switch<Item, Item> {
    let switch = fork
        .targets
        .iter()
        .fold(Switch::new(name), |switch, node| with_stage!(log, node, stage => switch.target(&node.name, stage)));
    switch.route(route(&fork.way, &fork.targets))
}

/// Which of two targets such a route chooses.
pub(crate) fn when(id: u32, cycle: u64) -> bool {
    (cycle + u64::from(id)).is_multiple_of(3)
}

/// Which of several.
pub(crate) fn choose(id: u32, cycle: u64, targets: usize) -> usize {
    ((cycle * 3 + u64::from(id)) % targets as u64) as usize
}

pub(crate) fn route(way: &Way, targets: &[Node]) -> Route {
    let name = |uid: &u32| targets.iter().find(|target| target.uid == *uid).map(|target| target.name.as_str());
    let names: Vec<&str> = way.targets.iter().filter_map(name).collect();
    let (id, count) = (way.id, names.len());
    match way.policy {
        Policy::One => Route::to(names[0]),
        Policy::RoundRobin => Route::round_robin(names),
        Policy::Weighted => Route::weighted(names.into_iter().zip(1..)),
        Policy::ByKey => Route::by_key(names, |item: &Item| key(item.place())),
        Policy::When => Route::when(move |item: &Item| when(id, item.place()), names[0], names[1]),
        Policy::Choose => Route::choose(names, move |item: &Item| choose(id, item.place(), count)),
    }
}
