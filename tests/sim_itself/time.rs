//! Time jumps, and only when it has to.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt;

use super::MS;
use super::sim::clock::Clock;
use super::sim::executor::{Outcome, Sim};
use super::sim::seed::seeds;
use super::sim::wait::Yield;

#[test]
fn time_jumps_from_sleeper_to_sleeper_and_only_when_nobody_can_run() {
    seeds(50, |seed| {
        let (mut sim, log) = (Sim::new(seed), Rc::new(RefCell::new(Vec::new())));
        for (name, ms) in [("late", 30), ("early", 10), ("also late", 30)] {
            let (clock, log) = (sim.clock(), log.clone());
            sim.spawn(name, async move {
                clock.sleep(ms * MS).await;
                log.borrow_mut().push((clock.now(), name));
            });
        }
        let clock = sim.clock();
        let busy = sim.spawn("busy", async move {
            Yield(100).await;
            clock.now()
        });
        sim.finish();
        assert_eq!(busy.take(), Some(Duration::ZERO));
        let mut log = log.take();
        log.sort_unstable();
        assert_eq!(log, [(10 * MS, "early"), (30 * MS, "also late"), (30 * MS, "late")]);
        assert_eq!(sim.clock().now(), 30 * MS);
    });
}

#[test]
fn a_sleeper_is_woken_at_its_own_time_and_not_before() {
    let mut sim = Sim::new(4).spurious(0);
    for ms in [10, 20, 20, 30] {
        sim.spawn("sleeper", sim.clock().sleep(ms * MS));
    }
    assert_eq!(sim.run(), Outcome { asleep: vec![], steps: 8 });
}

#[test]
fn a_sleep_counts_from_its_beginning_and_a_dropped_one_draws_no_time_on() {
    let mut sim = Sim::new(4);
    let clock = sim.clock();
    let times = sim.spawn("one", async move {
        let (later, mut never) = (clock.sleep(25 * MS), clock.sleep(900 * MS));
        let pending = (&mut never).now_or_never().is_none();
        drop(never);
        clock.sleep(10 * MS).await;
        let first = clock.now();
        later.await;
        clock.sleep(Duration::ZERO).await;
        (pending, first, clock.now())
    });
    sim.finish();
    assert_eq!(times.take(), Some((true, 10 * MS, 25 * MS)));
    assert_eq!(sim.clock().now(), 25 * MS);
}

#[test]
fn a_clock_is_a_timer_as_the_crate_takes_it() {
    fn timer<F: Future<Output = ()> + Send + 'static>(_: impl Fn(Duration) -> F + Send + Sync + 'static) {}
    let clock = Clock::default();
    timer(move |duration| clock.sleep(duration));
}
