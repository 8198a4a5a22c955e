//! What a fan-out is put to: 20 items, numbered from 0, and something that happens on their way.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::StreamExt;

use super::FanOut;
use super::sim::cancel::Cancel;
use super::sim::executor::Sim;
use super::sim::seed::Rng;
use super::sim::spring::Spring;
use super::sim::tide::{Ebb, Tide, Turn};
use super::sim::wait::{Wait, pause};

const ITEMS: u32 = 20;
const MS: Duration = Duration::from_millis(1);

/// The items, each 10 ms after the one before.
fn steady(sim: &Sim) -> Spring<u32> {
    Spring::new(&sim.clock(), 0..ITEMS, (0..ITEMS).map(|_| Wait::For(10 * MS)))
}

fn all(items: &[u32]) -> bool {
    items.iter().copied().eq(0..ITEMS)
}

/// One sink stands still and is replaced; the other has to get everything, and so have the old and the new one together.
pub(crate) fn reload<F: FanOut + 'static>(seed: u64) -> Result<(), String> {
    let mut sim = Sim::new(seed);
    let clock = sim.clock();
    let stalled = Tide::new(&clock, [Turn::Take(Wait::No), Turn::Take(Wait::No), Turn::Take(Wait::Ever)]);
    let (works, new) = (Tide::new(&clock, []), Tide::new(&clock, []));
    let (old_gauge, works_gauge, new_gauge) = (stalled.gauge(), works.gauge(), new.gauge());
    let items = steady(&sim);
    let fan = F::start(&mut sim, items, vec![("stalls", stalled), ("works", works)]);
    sim.spawn("reload", async move {
        clock.sleep(75 * MS).await;
        fan.replace("stalls", new).unwrap();
    });
    sim.run();
    assert!(old_gauge.stands_still());
    let came = works_gauge.items();
    if !all(&came) {
        return Err(format!("{} of {ITEMS} items came to the sink that works", came.len()));
    }
    old_gauge.resume();
    sim.finish();
    let (old, new) = (old_gauge.items(), new_gauge.items());
    // The old one has what was sent before, the new one has the rest.
    if all(&[old.clone(), new.clone()].concat()) && old.len() <= 7 {
        Ok(())
    } else {
        Err(format!("to the old sink came {old:?}, to the new one {new:?}"))
    }
}

/// The only sink is added when the items have long begun to come.
pub(crate) fn no_target<F: FanOut + 'static>(seed: u64) -> Result<(), String> {
    let mut sim = Sim::new(seed);
    let clock = sim.clock();
    let sink = Tide::new(&clock, []);
    let gauge = sink.gauge();
    let items = steady(&sim);
    let fan = F::start(&mut sim, items, vec![]);
    sim.spawn("add", async move {
        clock.sleep(75 * MS).await;
        fan.add("sink", sink).unwrap();
    });
    sim.finish();
    let came = gauge.items();
    if all(&came) { Ok(()) } else { Err(format!("{} items came before there was a sink", ITEMS as usize - came.len())) }
}

/// A sink is added a second time, under the name of the first.
pub(crate) fn add_after_add<F: FanOut + 'static>(seed: u64) -> Result<(), String> {
    refused::<F>(seed, |fan, sink| fan.add("sink", sink))
}

/// A sink is replaced that is not there.
pub(crate) fn replace_none<F: FanOut + 'static>(seed: u64) -> Result<(), String> {
    refused::<F>(seed, |fan, sink| fan.replace("skin", sink))
}

/// Something is asked for that cannot be. Who asks is told, and nothing else happens.
fn refused<F: FanOut + 'static>(seed: u64, ask: fn(&F, Tide<u32>) -> Result<(), String>) -> Result<(), String> {
    let mut sim = Sim::new(seed);
    let clock = sim.clock();
    let (sink, other) = (Tide::new(&clock, []), Tide::new(&clock, []));
    let gauges = [sink.gauge(), other.gauge()];
    let items = steady(&sim);
    let fan = F::start(&mut sim, items, vec![("sink", sink)]);
    let told = sim.spawn("ask", async move {
        clock.sleep(75 * MS).await;
        ask(&fan, other).err()
    });
    sim.finish();
    told.take().flatten().ok_or("nobody was told")?;
    let [came, other] = gauges.map(|gauge| gauge.items());
    if all(&came) && other.is_empty() { Ok(()) } else { Err(format!("there came {came:?} and {other:?}")) }
}

/// A sink is added at any moment. What has not been taken from the stream by then has to come to it.
pub(crate) fn slow_joiner<F: FanOut + 'static>(seed: u64) -> Result<(), String> {
    let (mut sim, mut rng) = (Sim::new(seed), Rng::new(seed));
    let clock = sim.clock();
    let items = Spring::new(&clock, 0..ITEMS, Wait::randoms(&mut rng, ITEMS as usize));
    let takes = |rng: &mut Rng| Wait::randoms(rng, ITEMS as usize).into_iter().map(Turn::Take);
    let (first, late) = (Tide::new(&clock, takes(&mut rng)), Tide::new(&clock, takes(&mut rng)));
    let (gauge, taken) = (late.gauge(), items.taken());
    let fan = F::start(&mut sim, items, vec![("first", first)]);
    let when = Wait::For(MS * rng.below(100) as u32);
    let added = sim.spawn("join", async move {
        pause(&clock, when).await;
        let refused = fan.add("late", late).is_err();
        (taken.load(Ordering::Relaxed) as u32, refused)
    });
    sim.finish();
    let ((added, refused), came) = (added.take().unwrap(), gauge.items());
    assert!(!refused || added == ITEMS, "a sink is refused when all is over, and not before");
    let missing = (added..ITEMS).filter(|item| !came.contains(item)).count();
    if missing > 0 {
        return Err(format!("{missing} items that came after it was added did not come to it"));
    }
    let begin = came.first().copied().unwrap_or(ITEMS);
    if came.iter().copied().eq(begin..ITEMS) { Ok(()) } else { Err(format!("there came {came:?}")) }
}

/// Who sends the items is dropped again and again.
pub(crate) fn cancel<F: FanOut + 'static>(seed: u64) -> Result<(), String> {
    let (mut sim, mut rng) = (Sim::new(seed), Rng::new(seed));
    let clock = sim.clock();
    let mut items = Spring::new(&clock, 0..ITEMS, Wait::randoms(&mut rng, ITEMS as usize)).fuse();
    let takes: Vec<_> = Wait::randoms(&mut rng, ITEMS as usize).into_iter().map(Turn::Take).collect();
    let sink = Tide::new(&clock, takes);
    let gauge = sink.gauge();
    let mut carrier = F::carrier(sink);
    sim.spawn("carrier", async move {
        while Cancel::after(1 + rng.below(4), F::carry(&mut carrier, &mut items)).await.is_none() {}
    });
    sim.finish();
    let came = gauge.items();
    if all(&came) { Ok(()) } else { Err(format!("{} items are lost", ITEMS as usize - came.len())) }
}

/// The stream has no item for now, and no end. What came before that has to be settled.
pub(crate) fn idle<F: FanOut + 'static>(seed: u64) -> Result<(), String> {
    let (mut sim, mut rng) = (Sim::new(seed), Rng::new(seed));
    let clock = sim.clock();
    let waits = Wait::randoms(&mut rng, ITEMS as usize).into_iter().chain([Wait::Ever]);
    let mut items = Spring::new(&clock, 0..ITEMS, waits).fuse();
    let sink = Tide::new(&clock, []).flushes((0..ITEMS).map(|_| Ebb::After(Wait::random(&mut rng))));
    let gauge = sink.gauge();
    let mut carrier = F::carrier(sink);
    sim.spawn("carrier", async move { F::carry(&mut carrier, &mut items).await });
    assert_eq!(sim.run().asleep, ["carrier"]);
    match ITEMS as usize - gauge.settled() {
        0 => Ok(()),
        left => Err(format!("{left} items are not flushed")),
    }
}
