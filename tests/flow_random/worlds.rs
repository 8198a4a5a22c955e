//! Pipelines of one shape, with random times: where a stalled sink is left at once, where a branch is not disturbed, and
//! where nobody takes the outputs.

use std::sync::Mutex;
use std::time::Duration;

use coroute::{Pipeline, Route, Switch, ThroughExt, async_stage, buffer, sink};
use futures::{SinkExt, StreamExt, sink::drain, stream};

use super::build::{Gauges, Maker};
use super::draw::{Draw, Menu};
use super::item::{Item, Log};
use super::model::{Kind, Node, Policy};
use crate::sim::executor::Sim;
use crate::sim::seed::Rng;
use crate::sim::spring::Spring;
use crate::sim::tide::{Tide, Turn};
use crate::sim::wait::{Wait, pause};

/// A sink stands still for ever after some items, and an edit routes away from it. When the edit was committed, and when the
/// sink that it routes to got the item that had waited.
pub(crate) fn leaves_a_stalled_sink(seed: u64) -> (Duration, Option<Duration>) {
    let (mut rng, mut sim) = (Rng::new(seed), Sim::new(seed));
    let clock = sim.clock();
    let before = rng.below(4);
    let turns = (0..before).map(|_| Turn::Take(Wait::random(&mut rng))).chain([Turn::Take(Wait::Ever)]);
    let stalled = Tide::new(&clock, turns.collect::<Vec<_>>());
    let free = Tide::new(&clock, []);
    let (waits, gauge) = (stalled.gauge(), free.gauge());
    let out = Switch::new("out").target("stalled", sink(stalled)).target("free", sink(free)).route("stalled");
    let mut pipeline = Pipeline::new("p").stage("add", |x: u64| x + 1).switch(out);
    let controller = pipeline.controller();
    sim.spawn("driver", async move {
        let _ = pipeline.drive(stream::iter(0_u64..10)).await;
    });
    let timer = clock.clone();
    let at = sim.spawn("editor", async move {
        // Long after the sink stands still.
        pause(&timer, Wait::For(Duration::from_millis(200))).await;
        assert!(waits.stands_still());
        controller.route("out", "free").unwrap();
        timer.now()
    });
    sim.run();
    (at.take().unwrap(), gauge.times().first().copied())
}

/// The times at which the sink of a branch got its items, while stages come and go in another, or not.
pub(crate) fn undisturbed(seed: u64, edits: bool) -> Vec<Duration> {
    let (mut rng, mut sim) = (Rng::new(seed), Sim::new(seed));
    let clock = sim.clock();
    let turns: Vec<Turn> = Wait::randoms(&mut rng, 20).into_iter().map(Turn::Take).collect();
    let tide = Tide::new(&clock, turns);
    let gauge = tide.gauge();
    let (waits, mut works) = (Wait::randoms(&mut rng, 40), Wait::randoms(&mut rng, 20).into_iter());
    let timer = clock.clone();
    let work = async_stage(3, move |x: u64| {
        let done = pause(&timer, works.next().unwrap());
        async move {
            done.await;
            x
        }
    });
    // The other branch always has room.
    let a = Pipeline::new("a").stage("queue", buffer::<u64>(64)).stage("out", sink(drain()));
    let b = Pipeline::new("b").stage("work", work).stage("out", sink(tide));
    let ways =
        Switch::new("s").target("a", a).target("b", b).route(Route::when(|x: &u64| x.is_multiple_of(2), "a", "b"));
    let mut pipeline = Pipeline::new("p").switch(ways);
    let controller = pipeline.controller();
    let source = Spring::new(&clock, 0_u64..40, waits);
    sim.spawn("driver", async move {
        pipeline.drive(source).await.unwrap();
    });
    sim.spawn("editor", async move {
        for number in 0..8 {
            pause(&clock, Wait::For(Duration::from_millis(3 + rng.below(20) as u64))).await;
            let edited = || {
                let stage = async_stage(2, |x: u64| async move { x });
                controller.insert_before("s/a/out", format!("n{number}"), stage)?;
                controller.replace::<u64, _>("s/a/queue", buffer::<u64>(64))
            };
            // It is over when all has come out.
            if edits && edited().is_err() {
                return;
            }
        }
    });
    sim.finish();
    gauge.times()
}

/// Outputs that wait to be taken, at most.
const AHEAD: u64 = 16;

/// A random pipeline of which nobody takes the outputs: how many items are inside when nothing more goes in, and how many may
/// be.
pub(crate) fn filled(seed: u64, menu: Menu) -> (u64, u64) {
    let mut sim = Sim::new(seed);
    let (log, mut draw) = (Log::default(), Draw::new(seed, menu));
    let length = 1 + draw.rng.below(5);
    let mut model = draw.chain(2, length, false);
    model.iter_mut().for_each(|node| one_by_one(node, &mut draw));
    let maker = Maker {
        log: log.clone(),
        clock: sim.clock(),
        gauges: Gauges::new(Mutex::default()),
        world: Default::default(),
    };
    let flow = maker.pipe("p", &model).flow();
    let controller = flow.controller();
    let (mut sink, outputs) = flow.split();
    let source = log.clone();
    sim.spawn("sender", async move {
        for number in 0..500 {
            sink.send(Item::new(number, &source)).await.unwrap();
        }
    });
    sim.run();
    let inside = controller.ledger().in_flight();
    log.close();
    drop(outputs);
    let bound = model.iter().map(capacity).sum::<u64>() + AHEAD;
    (inside, bound)
}

/// Has every item stay one.
fn one_by_one(node: &mut Node, draw: &mut Draw) {
    match &mut node.kind {
        Kind::Flat => node.kind = Kind::Map { closure: draw.rng.once_in(2), edits: false },
        Kind::Switch(fork) if fork.way.policy == Policy::All => fork.way.policy = Policy::RoundRobin,
        _ => {}
    }
    node.inside_mut().into_iter().flatten().for_each(|node| one_by_one(node, draw));
}

/// How many items a stage takes with all that is inside of it: as many as its boundaries say. A nested pipeline has one more
/// that has come out of the last of them; behind the targets of a switch as many may wait as there are in them.
fn capacity(node: &Node) -> u64 {
    let inside = || node.inside().iter().map(capacity).sum::<u64>();
    match &node.kind {
        Kind::Async(work) => work.limit as u64,
        Kind::Buffer(capacity) => *capacity as u64,
        Kind::Pipe(_) => inside() + u64::from(inside() > 0),
        Kind::Switch(_) => 2 * inside(),
        _ => 0,
    }
}

/// Outputs that are taken by hand: nothing goes on that nobody asks for.
pub(crate) fn asked_for(seed: u64) -> (usize, usize) {
    let (mut rng, mut sim) = (Rng::new(seed), Sim::new(seed));
    let source = Spring::new(&sim.clock(), 0_u64..1000, []);
    let taken = source.taken();
    let pipeline = Pipeline::new("p").async_stage("work", 1 + rng.below(4), |x: u64| async move { x });
    let wanted = 1 + rng.below(20);
    sim.spawn("taker", async move {
        let mut outputs = source.through(pipeline);
        for _ in 0..wanted {
            outputs.next().await.unwrap().unwrap();
        }
    });
    sim.finish();
    (taken.load(std::sync::atomic::Ordering::Relaxed), wanted)
}
