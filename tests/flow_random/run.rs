//! One run: a pipeline, its source, its editors, and who reads its counts meanwhile.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use coroute::{FlowError, Pipeline, Receipt, ThroughExt};
use futures::channel::oneshot;
use futures::future::{join, select};
use futures::{SinkExt, Stream, StreamExt};

use super::build::{Gauges, Maker, Step, failed, letters};
use super::check::{Edited, History};
use super::draw::{Draw, Menu};
use super::edits::World;
use super::item::{End, Item, Log};
use super::model::{Kind, Node, all};
use super::tell::tell;
use crate::sim::cancel::Cancel;
use crate::sim::clock::Clock;
use crate::sim::executor::Sim;
use crate::sim::seed::Rng;
use crate::sim::spring::Spring;
use crate::sim::wait::{Wait, pause};

/// Who polls the pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Driver {
    Through,
    Flow,
    Drive,
    Forward,
}

/// What has to happen in a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) menu: Menu,
    pub(crate) driver: Driver,
    /// Failures come to whoever takes the outputs, and not to a handler.
    pub(crate) stop: bool,
    /// What the pipeline is at the beginning, if not at random.
    pub(crate) shape: Option<fn(&mut Draw) -> Vec<Node>>,
    /// When the pipeline is dropped, with all that is inside.
    pub(crate) end: Option<Duration>,
}

/// What a pipeline gives.
pub(crate) trait Outcome: Send + 'static {
    fn seen(self, log: &Log);
}

impl Outcome for Item {
    fn seen(self, log: &Log) {
        log.leaf(self.ends(End::Out));
        log.story().out += 1;
    }
}

impl Outcome for () {
    fn seen(self, log: &Log) {
        log.story().out += 1;
    }
}

/// What the tasks of a run share.
#[derive(Clone)]
struct Stage {
    log: Log,
    clock: Clock,
    world: Arc<Mutex<World>>,
    gauges: Gauges,
    plan: Plan,
    seed: u64,
}

pub(crate) fn run(seed: u64, plan: Plan) -> History {
    let mut sim = Sim::new(seed);
    let (log, clock, gauges) = (Log::default(), sim.clock(), Gauges::default());
    let mut draw = Draw::new(seed, plan.menu);
    let length = draw.rng.below(5);
    let model = match plan.shape {
        Some(shape) => shape(&mut draw),
        None => draw.chain(2, length, plan.menu.ends),
    };
    let world = Arc::new_cyclic(|world| {
        let maker = Maker { log: log.clone(), clock: clock.clone(), gauges: gauges.clone(), world: world.clone() };
        Mutex::new(World::new(draw, maker, model.clone()))
    });
    let maker = world.lock().unwrap().maker.clone();
    let stage = Stage { log: log.clone(), clock, world: Arc::clone(&world), gauges: gauges.clone(), plan, seed };
    for _ in 0..plan.menu.edits + 1 {
        let (sender, slot) = oneshot::channel();
        world.lock().unwrap().slots.push(sender);
        sim.spawn("receipt", stage.clone().watch(slot));
    }
    match plan.menu.ends {
        true => stage.clone().drive_ends(&mut sim, maker.end_pipe("p", &model)),
        false => stage.clone().drive_outputs(&mut sim, maker.pipe("p", &model)),
    }
    for number in 0..2 {
        sim.spawn("editor", stage.clone().edit(number));
    }
    sim.spawn("reader", stage.clone().read());
    loop {
        let outcome = catch_unwind(AssertUnwindSafe(|| sim.run()));
        let asleep = outcome.unwrap_or_else(|panic| panic!("{}\n{}", text(&*panic), stage.tell())).asleep;
        if asleep.is_empty() {
            break;
        }
        let still: Vec<_> = gauges.lock().unwrap().iter().filter(|(_, gauge)| gauge.stands_still()).cloned().collect();
        assert!(!still.is_empty(), "asleep for ever: {asleep:?}\n{}", stage.tell());
        still.iter().for_each(|(_, gauge)| gauge.resume());
    }
    drop(sim);
    stage.end()
}

fn text(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic")
}

impl Stage {
    /// The pipeline and its edits, in words.
    fn tell(&self) -> String {
        tell(&self.world.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn watch(self, slot: oneshot::Receiver<Arc<Receipt>>) {
        let Ok(receipt) = slot.await else { return };
        let applied = receipt.applied().await;
        assert_eq!(applied, receipt.cut());
        let retired = receipt.retired().await;
        assert_eq!(retired.is_some(), receipt.is_retired());
        if retired.is_some() {
            assert_eq!(retired, applied);
            let world = self.world.lock().unwrap();
            let at = receipt.revision() as usize - 1;
            for (path, uid) in &world.commits[at].taken {
                match receipt.take::<Step>(path) {
                    Ok(step) if step.uid == *uid => {}
                    other => self.log.wrong(format!("{path} (stage {uid}) is not in its receipt: {other:?}")),
                }
            }
        }
    }

    async fn edit(self, number: u64) {
        let mut rng = Rng::new(self.seed ^ (number + 1) << 40);
        for _ in 0..self.plan.menu.edits.div_ceil(2) {
            pause(&self.clock, Wait::random(&mut rng)).await;
            if rng.once_in(2) {
                pause(&self.clock, Wait::random(&mut rng)).await;
            }
            self.world.lock().unwrap().edit(false);
        }
        pause(&self.clock, Wait::random(&mut rng)).await;
        self.world.lock().unwrap().resume();
    }

    /// Reads the counts at random moments.
    async fn read(self) {
        let mut rng = Rng::new(self.seed ^ 0x77 << 40);
        for _ in 0..12 {
            pause(&self.clock, Wait::random(&mut rng)).await;
            let Some(controller) = self.world.lock().unwrap().controller.clone() else { return };
            let ledger = controller.ledger();
            let sunk: usize = self.gauges.lock().unwrap().iter().map(|(_, gauge)| gauge.times().len()).sum();
            let story = self.log.story();
            let dropped = story.leaves.iter().filter(|leaf| leaf.end == End::Dropped).count() as u64;
            assert!(ledger.is_balanced(), "{ledger}");
            assert!(ledger.dropped() >= dropped, "{dropped} were dropped:\n{ledger}");
            match self.plan.driver {
                Driver::Through | Driver::Flow => assert_eq!(ledger.delivered(), story.out, "{ledger}"),
                Driver::Drive | Driver::Forward => assert!(ledger.delivered() <= sunk as u64, "{ledger}"),
            }
            let held: u64 = ledger.rows().iter().map(|row| row.held).sum();
            assert!(held <= ledger.in_flight(), "{ledger}");
        }
    }

    fn source(&self) -> Spring<Item> {
        let mut rng = Rng::new(self.seed ^ 0x55 << 40);
        let count = self.plan.menu.items;
        let items: Vec<Item> = (0..count).map(|number| Item::new(number, &self.log)).collect();
        let waits = Wait::randoms(&mut rng, items.len());
        let quick = rng.once_in(2);
        Spring::new(&self.clock, items, waits.into_iter().map(move |wait| if quick { Wait::No } else { wait }))
    }

    fn take_on<Out: Outcome>(&self, pipeline: Pipeline<Item, Out>) -> Pipeline<Item, Out> {
        self.world.lock().unwrap().controller = Some(pipeline.controller());
        if self.plan.stop { pipeline } else { pipeline.on_failure(letters(&self.log)) }
    }

    fn drive_outputs<Out: Outcome>(self, sim: &mut Sim, pipeline: Pipeline<Item, Out>) {
        let pipeline = self.take_on(pipeline);
        let source = self.source();
        match (self.plan.driver, self.plan.end) {
            (Driver::Flow, None) => {
                let (sink, stream) = pipeline.flow().split();
                let taken = source.taken();
                sim.spawn("sender", async move { source.map(Ok).forward(sink).await.unwrap() });
                sim.spawn("receiver", async move {
                    let stream = self.clone().take(stream).await;
                    self.ended(taken.load(Ordering::Relaxed) as u64);
                    drop(stream);
                });
            }
            (Driver::Flow, Some(end)) => {
                sim.spawn("flow", async move {
                    let (sink, stream) = pipeline.flow().split();
                    let sends = async { source.map(Ok).forward(sink).await.unwrap() };
                    let both = join(sends, self.clone().take(stream));
                    select(Box::pin(both), self.clock.sleep(end)).await;
                    self.close();
                });
            }
            (_, end) => {
                sim.spawn("through", async move {
                    let taken = source.taken();
                    let outputs = self.clone().take(source.through(pipeline));
                    match end {
                        Some(end) => drop(select(Box::pin(outputs), self.clock.sleep(end)).await),
                        None => {
                            let outputs = outputs.await;
                            self.ended(taken.load(Ordering::Relaxed) as u64);
                            drop(outputs);
                        }
                    }
                    self.close();
                });
            }
        }
    }

    async fn take<Out: Outcome, S: Stream<Item = Result<Out, FlowError>> + Unpin>(self, mut outputs: S) -> S {
        while let Some(output) = outputs.next().await {
            match output {
                Ok(out) => out.seen(&self.log),
                Err(error) => self.failed(error),
            }
        }
        outputs
    }

    fn failed(&self, error: FlowError) {
        match error {
            FlowError::Failed(failure) => failed(&self.log, *failure),
            other => self.log.wrong(format!("{other}")),
        }
    }

    fn drive_ends(self, sim: &mut Sim, pipeline: Pipeline<Item, ()>) {
        if matches!(self.plan.driver, Driver::Through | Driver::Flow) {
            return self.drive_outputs(sim, pipeline);
        }
        let mut pipeline = self.take_on(pipeline);
        let source = self.source();
        sim.spawn("driver", async move {
            let all = self.plan.menu.items;
            let driver = async {
                if self.plan.driver == Driver::Forward {
                    source.map(Ok).forward(&mut pipeline).await.unwrap();
                } else {
                    self.drive(&mut pipeline, source).await;
                    while let Err(error) = pipeline.close().await {
                        self.failed(error);
                    }
                }
                self.ended(all);
            };
            match self.plan.end {
                Some(end) => drop(select(pin!(driver), self.clock.sleep(end)).await),
                None => driver.await,
            }
            drop(pipeline);
            self.close();
        });
    }

    /// Drives, is cancelled, and drives on.
    async fn drive(&self, pipeline: &mut Pipeline<Item, ()>, source: Spring<Item>) {
        let mut rng = Rng::new(self.seed ^ 0x33 << 40);
        let mut source = source.fuse();
        for round in 0.. {
            let polls = if round < 10 && rng.once_in(2) { rng.below(8) } else { usize::MAX };
            match Cancel::after(polls, pipeline.drive(&mut source)).await {
                None => {}
                Some(Err(error)) => self.failed(error),
                Some(Ok(ledger)) => {
                    if ledger.in_flight() > 0 {
                        self.log.wrong(format!("G2: `drive` is done, and the ledger says\n{ledger}"));
                    }
                    break;
                }
            }
        }
    }

    /// The end of the stream has come out.
    fn ended(&self, taken: u64) {
        let world = self.world.lock().unwrap();
        let ledger = world.controller.as_ref().unwrap().ledger();
        if (ledger.accepted(), ledger.in_flight()) != (taken, 0) {
            self.log.wrong(format!("G2: all {taken} are through, and the ledger says\n{ledger}"));
        }
        for commit in &world.commits {
            let receipt = &commit.receipt;
            if receipt.cut().is_some() && !receipt.is_retired() {
                self.log.wrong(format!("revision {} is never retired", receipt.revision()));
            }
        }
        if !self.plan.menu.faults {
            let sinks: Vec<u32> = all(world.models.last().unwrap())
                .iter()
                .filter(|node| matches!(node.kind, Kind::Sink(_)))
                .map(|node| node.uid)
                // One that was put in behind the end has nothing to close for.
                .filter(|uid| self.log.story().visits.contains_key(uid))
                .collect();
            let applied = world.commits.iter().all(|commit| commit.receipt.cut().is_some());
            for (uid, gauge) in self.gauges.lock().unwrap().iter().filter(|(uid, _)| applied && sinks.contains(uid)) {
                if !gauge.is_closed() {
                    self.log.wrong(format!("sink {uid} is not closed"));
                }
            }
        }
        drop(world);
        self.close();
    }

    /// Nobody edits any more.
    fn close(&self) {
        self.world.lock().unwrap().shut();
    }

    /// What there is to be checked.
    fn end(self) -> History {
        // They keep the items that they took.
        let mut sinks = Vec::new();
        for (uid, gauge) in self.gauges.lock().unwrap().drain(..) {
            for mut item in gauge.items() {
                item.pass(uid, 0);
                self.log.leaf(item.ends(End::Sunk));
            }
            sinks.push(gauge);
        }
        self.log.close();
        let mut world = self.world.lock().unwrap();
        let ledger = world.last.take().unwrap().ledger();
        let told = tell(&world);
        let edits = world.commits.iter().map(|commit| Edited {
            cut: commit.receipt.cut().map(|cut| cut.first_new),
            rule: commit.rule,
            accepted: commit.accepted,
            inside: commit.inside,
        });
        let edits = edits.collect();
        let models = std::mem::take(&mut world.models);
        let commits = std::mem::take(&mut world.commits);
        drop(world);
        drop(commits);
        let leaving = std::mem::take(&mut self.log.story().leaving);
        // With the stages that are in the receipts.
        drop(leaving);
        let mut story = self.log.story();
        History {
            models,
            edits,
            leaves: std::mem::take(&mut story.leaves),
            visits: std::mem::take(&mut story.visits),
            itemless: std::mem::take(&mut story.itemless),
            wrong: std::mem::take(&mut story.wrong),
            accepted: ledger.accepted(),
            gone: ledger.dropped(),
            failed: ledger.failed(),
            delivered: ledger.delivered(),
            ordered: !self.plan.menu.unordered,
            dropped: self.plan.end.is_some(),
            told,
        }
    }
}
