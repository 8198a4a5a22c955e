//! The simulated world of the asynchronous tests does what it says: seeds, tasks, wakers, time, sinks and streams by plan.

#[path = "sim_itself/parts.rs"]
mod parts;
mod sim;
#[path = "sim_itself/time.rs"]
mod time;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::future::{Future, pending, poll_fn};
use std::panic::{self, AssertUnwindSafe};
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use sim::executor::{Outcome, Sim};
use sim::seed::{Rng, each, range};
use sim::wait::{Wait, Yield, pause};

const MS: Duration = Duration::from_millis(1);

fn panics<T>(what: impl FnOnce() -> T) -> String {
    let Err(panic) = panic::catch_unwind(AssertUnwindSafe(what)) else { panic!("it does not panic") };
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| panic.downcast_ref::<&str>().unwrap().to_string())
}

/// What happened in a world of three tasks that wait at random: who went on, and when.
fn story(seed: u64) -> (Vec<(usize, Duration)>, Outcome) {
    let (mut rng, mut sim, log) = (Rng::new(seed), Sim::new(seed), Rc::new(RefCell::new(Vec::new())));
    for task in 0..3 {
        let (waits, clock, log) = (Wait::randoms(&mut rng, 5), sim.clock(), log.clone());
        sim.spawn("walker", async move {
            for wait in waits {
                pause(&clock, wait).await;
                log.borrow_mut().push((task, clock.now()));
            }
        });
    }
    let outcome = sim.run();
    (log.take(), outcome)
}

#[test]
fn a_seed_gives_the_same_run_again() {
    let mut stories = BTreeSet::new();
    for seed in 0..100 {
        assert_eq!(story(seed), story(seed));
        stories.insert(story(seed).0);
    }
    assert!(stories.len() > 90, "{} stories of 100 seeds", stories.len());
}

#[test]
fn every_order_of_three_tasks_is_chosen_by_some_seed() {
    let mut orders = BTreeSet::new();
    for seed in 0..200 {
        let (mut sim, order) = (Sim::new(seed), Rc::new(RefCell::new(Vec::new())));
        for name in ["a", "b", "c"] {
            let order = order.clone();
            sim.spawn(name, async move { order.borrow_mut().push(name) });
        }
        sim.finish();
        orders.insert(order.take());
    }
    assert_eq!(orders.len(), 6);
}

#[test]
fn a_task_that_is_woken_often_is_chosen_no_sooner() {
    let often_first = |seed| {
        let (mut sim, first) = (Sim::new(seed), Rc::new(RefCell::new(None)));
        for (name, times) in [("often", 100), ("once", 1)] {
            let (mut woken, first) = (false, first.clone());
            sim.spawn(
                name,
                poll_fn(move |cx| {
                    if std::mem::replace(&mut woken, true) {
                        first.borrow_mut().get_or_insert(name);
                        return Poll::Ready(());
                    }
                    (0..times).for_each(|_| cx.waker().wake_by_ref());
                    Poll::Pending
                }),
            );
        }
        sim.finish();
        first.take() == Some("often")
    };
    let often = (0..400).filter(|seed| often_first(*seed)).count();
    assert!((150..250).contains(&often), "{often} of 400");
}

/// Sleeps for ever, and counts its polls.
fn sleeper(polls: &Rc<RefCell<usize>>) -> impl Future<Output = ()> + 'static {
    let polls = polls.clone();
    poll_fn(move |_| {
        *polls.borrow_mut() += 1;
        Poll::Pending
    })
}

#[test]
fn a_task_that_is_not_woken_is_not_polled_again() {
    let (mut sim, polls) = (Sim::new(1).spurious(0), Rc::default());
    sim.spawn("sleeper", sleeper(&polls));
    sim.spawn("other", Yield(100));
    assert_eq!(sim.run(), Outcome { asleep: vec!["sleeper"], steps: 102 });
    assert_eq!(*polls.borrow(), 1);
}

#[test]
fn a_spurious_poll_comes_while_others_run_and_never_at_rest() {
    let (mut sim, polls) = (Sim::new(1).spurious(4), Rc::default());
    sim.spawn("sleeper", sleeper(&polls));
    sim.run();
    assert_eq!(*polls.borrow(), 1);
    sim.spawn("other", Yield(100));
    sim.run();
    assert!((10..50).contains(&*polls.borrow()), "{} polls", polls.borrow());
}

#[test]
fn half_of_the_seeds_poll_spuriously_and_half_bring_fresh_wakers() {
    let mut kinds = [0; 4];
    for seed in 0..400 {
        let (mut sim, polls, wakers) = (Sim::new(seed), Rc::default(), Rc::new(RefCell::new(Vec::<Waker>::new())));
        sim.spawn("sleeper", sleeper(&polls));
        let kept = wakers.clone();
        let mut left = 200;
        sim.spawn(
            "other",
            poll_fn(move |cx| {
                kept.borrow_mut().push(cx.waker().clone());
                cx.waker().wake_by_ref();
                left -= 1;
                if left == 0 { Poll::Ready(()) } else { Poll::Pending }
            }),
        );
        sim.run();
        let fresh = !wakers.borrow()[0].will_wake(&wakers.borrow()[1]);
        kinds[usize::from(*polls.borrow() > 1) * 2 + usize::from(fresh)] += 1;
    }
    assert!(kinds.iter().all(|count| (60..140).contains(count)), "{kinds:?}");
}

/// Keeps the waker of its first poll only, is polled twice, and ends if that waker wakes it.
fn first_waker_only(fresh: bool) -> Vec<&'static str> {
    let (mut sim, kept) = (Sim::new(3).spurious(0).fresh_wakers(fresh), Rc::new(RefCell::new(None)));
    let place = kept.clone();
    let mut polls = 0;
    sim.spawn(
        "keeper",
        poll_fn(move |cx| {
            polls += 1;
            if polls == 1 {
                *place.borrow_mut() = Some(cx.waker().clone());
                cx.waker().wake_by_ref();
            }
            if polls == 3 { Poll::Ready(()) } else { Poll::Pending }
        }),
    );
    assert_eq!(sim.run().asleep, ["keeper"]);
    let waker: Waker = kept.take().unwrap();
    waker.wake();
    sim.run().asleep
}

#[test]
fn the_waker_of_an_earlier_poll_wakes_nobody_where_wakers_are_fresh() {
    assert_eq!(first_waker_only(true), ["keeper"]);
    assert_eq!(first_waker_only(false), [""; 0]);
}

/// In how many of 200 seeds somebody who waits for a flag sleeps for ever.
fn lost_wake_ups(registers_before_it_looks: bool) -> usize {
    let lost = |seed| {
        let (mut sim, flag) = (Sim::new(seed), Rc::new(RefCell::new((false, None::<Waker>))));
        let waited_for = flag.clone();
        sim.spawn("waiter", async move {
            if !registers_before_it_looks {
                let set = waited_for.borrow().0;
                Yield(1).await;
                if set {
                    return;
                }
            }
            let mut polled = false;
            poll_fn(|cx| {
                waited_for.borrow_mut().1 = Some(cx.waker().clone());
                let may_look = registers_before_it_looks || polled;
                polled = true;
                if may_look && waited_for.borrow().0 { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        });
        sim.spawn("setter", async move {
            Yield(1).await;
            let waker = {
                let mut flag = flag.borrow_mut();
                flag.0 = true;
                flag.1.take()
            };
            waker.into_iter().for_each(Waker::wake);
        });
        !sim.run().asleep.is_empty()
    };
    (0..200).filter(|seed| lost(*seed)).count()
}

#[test]
fn a_lost_wake_up_shows_in_some_seeds_and_a_right_wait_in_none() {
    assert!((10..190).contains(&lost_wake_ups(false)), "{}", lost_wake_ups(false));
    assert_eq!(lost_wake_ups(true), 0);
}

#[test]
fn finish_names_the_tasks_that_sleep_for_ever() {
    let mut sim = Sim::new(7);
    sim.spawn("stuck", pending::<()>());
    sim.spawn("well", Yield(2));
    assert_eq!(panics(|| sim.finish()), r#"seed 7, time 0ns: asleep for ever: ["stuck"]"#);
}

#[test]
fn a_task_that_never_rests_is_named() {
    let mut sim = Sim::new(7).limit(50);
    sim.spawn("restless", Yield(u32::MAX));
    assert_eq!(panics(|| sim.run()), r#"seed 7: no rest after 50 steps; next is "restless""#);
}

#[test]
fn a_task_that_has_ended_is_dropped_and_cannot_be_woken() {
    let (mut sim, held) = (Sim::new(2), Rc::new(RefCell::new(None)));
    let (place, alive) = (held.clone(), Rc::new(()));
    let inside = alive.clone();
    let output = sim.spawn("short", async move {
        poll_fn(|cx| {
            *place.borrow_mut() = Some(cx.waker().clone());
            cx.waker().wake_by_ref();
            Poll::Ready(())
        })
        .await;
        Rc::strong_count(&inside)
    });
    assert_eq!(output.take(), None);
    assert_eq!(sim.run(), Outcome { asleep: vec![], steps: 1 });
    assert_eq!((output.take(), output.take(), Rc::strong_count(&alive)), (Some(2), None, 1));
    Option::<Waker>::unwrap(held.take()).wake();
    assert_eq!(sim.run().steps, 1);
}

#[test]
fn a_seed_that_fails_is_named_and_runs_alone() {
    let failing = |seed: u64| assert!(seed < 5, "bad luck");
    each(0..5, failing);
    assert_eq!(panics(|| each(0..9, failing)), "with seed 5 (SIM_SEED=5 runs it alone): bad luck");
    assert_eq!([range(5, None, None), range(5, Some(9), None), range(5, Some(3), None)], [0..5, 0..9, 0..5]);
    assert_eq!(range(5, Some(9), Some(77)), 77..78);
}
