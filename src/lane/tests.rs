use super::*;
use crate::parker::block_on;
use std::future::poll_fn;
use std::sync::atomic::AtomicUsize;
use std::task::{Wake, Waker};
use std::thread;

/// Counts its wakes.
#[derive(Default)]
struct Sleeper(AtomicUsize);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

struct Task(Arc<Sleeper>, Waker);

fn task() -> Task {
    let sleeper = Arc::new(Sleeper::default());
    Task(Arc::clone(&sleeper), Waker::from(sleeper))
}

impl Task {
    fn room<T>(&self, feed: &Feed<T>) -> Poll<bool> {
        feed.poll_room(&mut Context::from_waker(&self.1))
    }

    fn pop<T>(&self, drain: &Drain<T>) -> Poll<Option<T>> {
        drain.poll_pop(&mut Context::from_waker(&self.1))
    }

    /// How often it was woken since the last time.
    fn woken(&self) -> usize {
        self.0.0.swap(0, Ordering::Relaxed)
    }
}

/// Feeds, each with the task that waits at it.
type Waiting<const N: usize> = [(Feed<usize>, Task); N];

/// A full lane for one item, with feeds beside the first one that wait in the order of their numbers.
fn waiting<const N: usize>() -> (Feed<usize>, Drain<usize>, Waiting<N>) {
    let (feed, drain) = lane(1);
    feed.push(0).unwrap();
    let others = std::array::from_fn(|_| (feed.clone(), task()));
    for (feed, task) in &others {
        assert!(task.room(feed).is_pending());
    }
    (feed, drain, others)
}

fn woken<const N: usize>(feeds: &Waiting<N>) -> [usize; N] {
    std::array::from_fn(|n| feeds[n].1.woken())
}

#[test]
fn g5_a_full_lane_hands_back_and_a_lane_has_room_for_one_at_least() {
    let (feed, drain) = lane(2);
    assert_eq!([feed.push(1), feed.push(2), feed.push(3)], [Ok(()), Ok(()), Err(Full::Full(3))]);
    assert_eq!([drain.pop(), drain.pop(), drain.pop()], [Some(1), Some(2), None]);

    let (feed, _drain) = lane(0);
    assert_eq!([feed.push(1), feed.push(2)], [Ok(()), Err(Full::Full(2))]);
}

#[test]
fn a_drain_that_sleeps_is_woken_once_by_the_task_that_polled_last() {
    let (feed, drain) = lane(4);
    let (first, last) = (task(), task());
    assert!(first.pop(&drain).is_pending());
    assert!(last.pop(&drain).is_pending());
    feed.push(1).unwrap();
    feed.push(2).unwrap();
    assert_eq!((first.woken(), last.woken()), (0, 1));
    assert_eq!(last.pop(&drain), Poll::Ready(Some(1)));
    feed.push(3).unwrap();
    assert_eq!(last.woken(), 0, "it was not asleep");
}

#[test]
fn room_for_one_wakes_the_feed_that_has_waited_longest() {
    let (_feed, drain, others) = waiting::<3>();
    for n in 0..3 {
        assert_eq!(drain.pop(), Some(n));
        let mut wanted = [0; 3];
        wanted[n] = 1;
        assert_eq!(woken(&others), wanted);
        let (feed, task) = &others[n];
        assert_eq!(task.room(feed), Poll::Ready(true));
        feed.push(n + 1).unwrap();
    }
}

#[test]
fn a_feed_that_was_overtaken_keeps_its_place() {
    let (feed, drain, others) = waiting::<2>();
    for overtaken in 0..3 {
        assert_eq!(drain.pop(), Some(overtaken));
        assert_eq!(woken(&others), [1, 0]);
        feed.push(overtaken + 1).unwrap();
        assert!(others[0].1.room(&others[0].0).is_pending());
    }
}

#[test]
fn a_turn_that_is_not_used_is_the_next_ones() {
    let (_feed, drain, others) = waiting::<4>();
    others[1].0.leave();
    assert_eq!(woken(&others), [0; 4], "it had no turn");
    assert_eq!(drain.pop(), Some(0));
    assert_eq!(woken(&others), [1, 0, 0, 0]);
    others[0].0.leave();
    assert_eq!(woken(&others), [0, 0, 1, 0]);
    let [first, second, third, last] = others;
    drop(third);
    assert_eq!(last.1.woken(), 1);
    drop((first, second));
    assert_eq!(last.1.woken(), 0);
}

#[test]
fn a_feed_that_found_room_by_itself_has_no_waker_left() {
    let (feed, drain, others) = waiting::<2>();
    assert_eq!(feed.lane.pop().ok(), Some(0));
    assert_eq!(woken(&others), [1, 0]);
    // The second looks without having been called, and comes first.
    assert_eq!(others[1].1.room(&others[1].0), Poll::Ready(true));
    others[1].0.push(1).unwrap();
    assert!(others[0].1.room(&others[0].0).is_pending());
    assert_eq!(drain.pop(), Some(1));
    assert_eq!(woken(&others), [1, 0]);

    // Pushed without a look.
    others[0].0.push(2).unwrap();
    assert!(others[1].1.room(&others[1].0).is_pending());
    assert_eq!(drain.pop(), Some(2));
    others[1].0.push(3).unwrap();
    assert_eq!(woken(&others), [0, 1]);
}

#[test]
fn g4_a_drain_that_finds_nothing_wakes_all_that_still_wait() {
    let (_feed, drain, others) = waiting::<3>();
    assert_eq!(drain.pop(), Some(0));
    assert_eq!(woken(&others), [1, 0, 0], "and this one goes elsewhere with its item");
    assert!(task().pop(&drain).is_pending());
    assert_eq!(woken(&others), [0, 1, 1]);
}

#[test]
fn g2_what_waits_is_taken_back_from_the_front_and_makes_room() {
    let (feed, drain, others) = waiting::<1>();
    assert_eq!(feed.take_back(), Some(0));
    assert_eq!(woken(&others), [1]);
    assert_eq!(feed.take_back(), None);
    assert_eq!(drain.pop(), None);
}

#[test]
fn g2_a_lane_closed_by_the_drain_refuses_and_is_emptied() {
    let (feed, drain, others) = waiting::<2>();
    drain.close();
    assert_eq!(woken(&others), [1, 1]);
    assert_eq!(others[0].1.room(&others[0].0), Poll::Ready(false));
    assert_eq!(feed.push(1), Err(Full::Closed(1)));
    let reader = task();
    assert_eq!(reader.pop(&drain), Poll::Ready(Some(0)));
    assert_eq!(reader.pop(&drain), Poll::Ready(None));
}

#[test]
fn the_last_feed_closes_the_lane_and_so_does_any_that_wants() {
    let (feed, drain) = lane::<u8>(1);
    let reader = task();
    assert!(reader.pop(&drain).is_pending());
    let other = feed.clone();
    drop(feed);
    assert_eq!(reader.woken(), 0);
    drop(other);
    assert_eq!(reader.woken(), 1);
    assert_eq!(reader.pop(&drain), Poll::Ready(None));

    let (feed, drain) = lane::<u8>(1);
    let _other = feed.clone();
    assert!(reader.pop(&drain).is_pending());
    feed.close();
    assert_eq!(reader.woken(), 1);
    assert_eq!(reader.pop(&drain), Poll::Ready(None));
}

#[test]
fn g2_what_is_inside_when_the_drain_goes_is_taken_back_or_dropped() {
    let item = Arc::new(());
    let (feed, drain) = lane(3);
    for _ in 0..3 {
        feed.push(Arc::clone(&item)).unwrap();
    }
    let waits = task();
    assert!(waits.room(&feed).is_pending());
    drop(drain);
    assert_eq!(waits.woken(), 1);
    assert_eq!(waits.room(&feed), Poll::Ready(false));
    assert_eq!(feed.push(Arc::clone(&item)), Err(Full::Closed(Arc::clone(&item))));
    assert!(feed.take_back().is_some());
    assert_eq!(Arc::strong_count(&item), 3);
    drop(feed);
    assert_eq!(Arc::strong_count(&item), 1);
}

/// Pushes each item as soon as there is room.
fn send_all<T>(feed: &Feed<T>, items: impl IntoIterator<Item = T>) {
    block_on(async {
        for mut item in items {
            while let Err(refused) = feed.push(item) {
                let Full::Full(back) = refused else { panic!("nobody closed it") };
                item = back;
                assert!(poll_fn(|task| feed.poll_room(task)).await);
            }
        }
    });
}

#[test]
fn g2_nothing_is_lost_or_overtaken_between_threads() {
    const EACH: u32 = 3_000;
    for capacity in [1, 2, 64] {
        let (feed, drain) = lane(capacity);
        let senders: Vec<_> = (0..3)
            .map(|sender| {
                let feed = feed.clone();
                thread::spawn(move || send_all(&feed, (0..EACH).map(|item| (sender, item))))
            })
            .collect();
        drop(feed);
        let mut next = [0; 3];
        while let Some((sender, item)) = block_on(poll_fn(|task| drain.poll_pop(task))) {
            assert_eq!(item, next[sender]);
            next[sender] += 1;
        }
        assert_eq!(next, [EACH; 3]);
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    }
}

#[test]
fn g2_between_two_that_take_each_item_goes_to_one() {
    const ITEMS: u64 = 10_000;
    let (feed, drain) = lane(4);
    let sender = thread::spawn(move || {
        let mut back = 0;
        for item in 1..=ITEMS {
            send_all(&feed, [item]);
            if item % 7 == 0 {
                back += feed.take_back().unwrap_or(0);
            }
        }
        back
    });
    let mut sum = 0;
    let mut last = 0;
    while let Some(item) = block_on(poll_fn(|task| drain.poll_pop(task))) {
        assert!(item > last);
        last = item;
        sum += item;
    }
    assert_eq!(sum + sender.join().unwrap(), ITEMS * (ITEMS + 1) / 2);
}
