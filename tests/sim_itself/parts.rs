//! The parts that wait, fail and are dropped by a plan.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::poll_fn;
use futures::{FutureExt, Sink, SinkExt, StreamExt};

use super::sim::cancel::Cancel;
use super::sim::clock::Clock;
use super::sim::executor::Sim;
use super::sim::seed::{Rng, seeds};
use super::sim::spring::Spring;
use super::sim::tide::{Ebb, Gauge, Tide, TideError, Turn};
use super::sim::wait::{Wait, Yield, pause};
use super::{MS, panics};

/// A calm simulation, in which polls can be counted.
fn calm() -> (Sim, Clock) {
    let sim = Sim::new(1).spurious(0);
    let clock = sim.clock();
    (sim, clock)
}

#[test]
fn a_pause_waits_as_it_is_told() {
    for (wait, steps, time) in
        [(Wait::No, 1, 0), (Wait::Polls(3), 4, 0), (Wait::For(7 * MS), 2, 7), (Wait::For(Duration::ZERO), 1, 0)]
    {
        let (mut sim, clock) = calm();
        sim.spawn("pause", pause(&clock, wait));
        let outcome = sim.run();
        assert_eq!((outcome.asleep.len(), outcome.steps, clock.now()), (0, steps, time * MS), "{wait:?}");
    }
    let (mut sim, clock) = calm();
    sim.spawn("ever", pause(&clock, Wait::Ever));
    assert_eq!(sim.run().asleep, ["ever"]);
}

#[test]
fn a_cancelled_future_gets_so_many_polls_and_is_dropped() {
    for polls in 0..6 {
        let (mut sim, _) = calm();
        let (sender, receiver) = oneshot::channel::<()>();
        let future = async move {
            Yield(3).await;
            drop(sender);
            "through"
        };
        let output = sim.spawn("cancel", Cancel::after(polls, future));
        sim.spawn("dropped", receiver);
        sim.finish();
        assert_eq!(output.take(), Some((polls > 3).then_some("through")), "{polls} polls");
    }
}

#[test]
fn others_may_run_between_the_last_poll_and_the_drop() {
    let mut wasted = [0, 0];
    for seed in 0..100 {
        let mut sim = Sim::new(seed).spurious(0);
        let (sender, receiver) = oneshot::channel();
        sim.spawn("receiver", Cancel::after(1, receiver));
        let sent = sim.spawn("sender", async move { sender.send("an item").is_ok() });
        sim.finish();
        wasted[usize::from(sent.take().unwrap())] += 1;
    }
    assert!(wasted.iter().all(|count| *count > 20), "{wasted:?}");
}

#[test]
fn a_spring_waits_before_each_item_and_before_its_end() {
    let (mut sim, clock) = calm();
    let waits = [Wait::For(5 * MS), Wait::No, Wait::Polls(2), Wait::For(MS)];
    let mut spring = Spring::new(&clock, ["a", "b", "c"], waits);
    let (taken, counted) = (spring.taken(), spring.taken());
    let items = sim.spawn("reader", async move {
        let mut items = Vec::new();
        while let Some(item) = spring.next().await {
            items.push((item, clock.now(), taken.load(Ordering::Relaxed)));
        }
        assert_eq!(clock.now(), 6 * MS);
        assert_eq!(panics(|| spring.next().now_or_never()), "the stream is polled after its end");
        items
    });
    sim.finish();
    assert_eq!(items.take(), Some(vec![("a", 5 * MS, 1), ("b", 5 * MS, 2), ("c", 5 * MS, 3)]));
    assert_eq!(counted.load(Ordering::Relaxed), 3);
}

/// What each attempt to send one of `count` numbers gave; a refused item is not tried again.
fn send(sim: &mut Sim, mut tide: Tide<usize>, count: usize) -> Vec<Result<(), TideError<usize>>> {
    let results = sim.spawn("sender", async move {
        let mut results = Vec::new();
        for item in 0..count {
            results.push(tide.feed(item).await);
        }
        results
    });
    sim.finish();
    results.take().unwrap()
}

#[test]
fn a_tide_takes_and_fails_by_its_plan() {
    let (mut sim, clock) = calm();
    let turns = [
        Turn::Take(Wait::For(5 * MS)),
        Turn::Deny,
        Turn::Lose,
        Turn::Return,
        Turn::Take(Wait::Polls(2)),
        Turn::Take(Wait::For(MS)),
        Turn::Break,
    ];
    let tide = Tide::new(&clock, turns);
    let gauge = tide.gauge();
    let failed = |call, item| Err(TideError { call, item });
    assert_eq!(
        send(&mut sim, tide, 8),
        [
            Ok(()),
            failed("poll_ready", None),
            failed("start_send", None),
            failed("start_send", Some(3)),
            Ok(()),
            Ok(()),
            failed("poll_ready", None),
            failed("poll_ready", None),
        ]
    );
    assert_eq!((gauge.items(), gauge.times()), (vec![0, 4, 5], vec![5 * MS, 5 * MS, 6 * MS]));
    assert_eq!((gauge.settled(), gauge.is_closed(), gauge.is_dropped()), (0, false, true));
}

#[test]
fn a_broken_tide_fails_whatever_is_called() {
    let mut tide = Tide::<u8>::new(&Clock::default(), [Turn::Take(Wait::No), Turn::Break]);
    let mut call = |what: &str| {
        match what {
            "ready" => poll_fn(|cx| tide.poll_ready_unpin(cx)).now_or_never().unwrap(),
            "send" => tide.start_send_unpin(1),
            "flush" => tide.flush().now_or_never().unwrap(),
            _ => tide.close().now_or_never().unwrap(),
        }
        .map_err(|error| error.to_string())
    };
    assert_eq!([call("ready"), call("send")], [Ok(()), Ok(())]);
    for (what, name) in
        [("ready", "poll_ready"), ("send", "start_send"), ("flush", "poll_flush"), ("close", "poll_close")]
    {
        assert_eq!(call(what), Err(format!("`{name}` failed, as planned")));
    }
}

#[test]
fn a_tide_that_stands_still_goes_on_when_it_is_resumed_and_not_before() {
    let (mut sim, clock) = calm();
    let still = Wait::Ever;
    let mut tide = Tide::new(&clock, [Turn::Take(still), Turn::Take(still)])
        .flushes([Ebb::After(still)])
        .closes(Ebb::After(still));
    let gauge = tide.gauge();
    sim.spawn("sender", async move {
        tide.feed(0).await.unwrap();
        tide.feed(1).await.unwrap();
        tide.flush().await.unwrap();
        tide.close().await.unwrap();
        tide.close().await.unwrap();
    });
    // Before it is needed.
    gauge.resume();
    for (items, settled, closed) in [(1, 0, false), (2, 0, false), (2, 2, false), (2, 2, true)] {
        let asleep = sim.run().asleep.len() == 1;
        assert_eq!((gauge.items().len(), gauge.settled(), gauge.is_closed()), (items, settled, closed));
        assert_eq!((asleep, gauge.stands_still()), (!closed, !closed));
        gauge.resume();
    }
}

#[test]
fn a_full_tide_flushes_and_a_close_settles_what_is_left() {
    let (mut sim, clock) = calm();
    let flushes = [Ebb::After(Wait::For(10 * MS)), Ebb::Fail, Ebb::After(Wait::For(MS)), Ebb::After(Wait::Polls(2))];
    let mut tide = Tide::new(&clock, []).capacity(2).flushes(flushes).closes(Ebb::Fail);
    let gauge = tide.gauge();
    let seen = gauge.clone();
    sim.spawn("sender", async move {
        tide.flush().await.unwrap();
        for item in 0..4 {
            tide.feed(item).await.unwrap();
        }
        assert_eq!(tide.feed(4).await.unwrap_err().call, "poll_flush");
        tide.feed(5).await.unwrap();
        assert_eq!(seen.settled(), 4);
        assert_eq!(tide.close().await.unwrap_err().call, "poll_close");
        assert_eq!((seen.settled(), seen.is_closed()), (5, false));
        tide.close().await.unwrap();
        tide.close().await.unwrap();
        assert!(!seen.is_dropped());
    });
    sim.finish();
    assert_eq!((gauge.items(), gauge.times()), (vec![0, 1, 2, 3, 5], [0, 0, 10, 10, 11].map(|ms| ms * MS).to_vec()));
    assert!(gauge.is_closed() && gauge.is_dropped());
}

#[test]
fn what_comes_while_a_flush_goes_on_takes_another_one() {
    let (mut sim, clock) = calm();
    let mut tide = Tide::new(&clock, []).flushes([Ebb::After(Wait::For(3 * MS)), Ebb::After(Wait::For(4 * MS))]);
    sim.spawn("sender", async move {
        tide.feed(0).await.unwrap();
        assert!(tide.flush().now_or_never().is_none());
        tide.feed(1).await.unwrap();
        tide.flush().await.unwrap();
    });
    sim.finish();
    assert_eq!(clock.now(), 7 * MS);
}

#[test]
fn a_tide_holds_its_caller_to_the_contract() {
    let sent = |prepare: fn(&mut Tide<u8>)| {
        let mut tide = Tide::new(&Clock::default(), []);
        prepare(&mut tide);
        panics(|| tide.start_send_unpin(1))
    };
    let unready = "`start_send` without a `poll_ready` that was ready";
    assert_eq!(sent(|_| ()), unready);
    assert_eq!(sent(|tide| tide.feed(0).now_or_never().unwrap().unwrap()), unready);
    assert_eq!(sent(|tide| tide.close().now_or_never().unwrap().unwrap()), "`start_send` after `poll_close`");
    let mut tide = Tide::<u8>::new(&Clock::default(), []);
    tide.close().now_or_never().unwrap().unwrap();
    assert_eq!(panics(|| tide.feed(0).now_or_never()), "`poll_ready` after `poll_close`");
}

/// A stream into a sink, both with random waits, beside a task that resumes the sink now and then.
fn stream(seed: u64, resumed: bool) -> (Sim, Gauge<usize>) {
    let (mut rng, mut sim) = (Rng::new(seed), Sim::new(seed));
    let clock = sim.clock();
    let spring = Spring::new(&clock, 0..20, Wait::randoms(&mut rng, 21));
    let mut turns: Vec<Turn> = Wait::randoms(&mut rng, 20).into_iter().map(Turn::Take).collect();
    turns[rng.below(20)] = Turn::Take(Wait::Ever);
    let ebbs = Wait::randoms(&mut rng, 20).into_iter().map(Ebb::After);
    let tide = Tide::new(&clock, turns).capacity(1 + rng.below(4)).flushes(ebbs);
    let gauge = tide.gauge();
    sim.spawn("forward", spring.map(Ok).forward(tide));
    if resumed {
        let gauge = gauge.clone();
        sim.spawn("resume", async move {
            clock.sleep(MS * rng.below(400) as u32).await;
            gauge.resume();
        });
    }
    (sim, gauge)
}

#[test]
fn a_stream_runs_into_a_sink_with_every_seed() {
    seeds(2000, |seed| {
        let (mut sim, gauge) = stream(seed, true);
        sim.finish();
        assert_eq!((gauge.items(), gauge.settled(), gauge.is_closed()), ((0..20).collect(), 20, true));
        let (mut sim, gauge) = stream(seed, false);
        assert_eq!(sim.run().asleep, ["forward"]);
        assert!(gauge.stands_still() && !gauge.is_closed() && gauge.items().len() < 20);
    });
}

#[test]
fn what_goes_to_the_crate_can_be_sent_to_other_threads() {
    fn sink<T, S: Sink<T, Error: std::error::Error + Send + Sync + 'static> + Send + Unpin + 'static>(_: S) {}
    fn send<T: Send + 'static>(_: T) {}
    let clock = Clock::default();
    sink(Tide::<u8>::new(&clock, []));
    send((Spring::new(&clock, [1], []), pause(&clock, Wait::No), Tide::<u8>::new(&clock, []).gauge()));
}
