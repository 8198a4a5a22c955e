//! The queue at the ends of a spawned pipeline.

use std::future::poll_fn;

use loom::future::block_on;
use loom::sync::Mutex;
use loom::thread;

use crate::error::Closed;
use crate::queue::{Feeder, Place, Refused, Taker, queue};
use crate::{model, one_sleep};

/// Puts an item in as soon as there is room; it comes back where nothing goes in any more.
async fn put(feeder: &Feeder<u64>, mut item: u64) -> Result<(), u64> {
    let mut place = Place::default();
    loop {
        match feeder.put(item, &mut place) {
            Ok(()) => return Ok(()),
            Err((back, Refused::Closed(_))) => return Err(back),
            Err((back, Refused::Full)) => item = back,
        }
        if poll_fn(|task| feeder.poll_room(&mut place, task)).await.is_err() {
            return Err(item);
        }
    }
}

/// What is there now; nothing where all has ended. What it has in hand counts as inside until it takes again.
async fn take(taker: &mut Taker<u64>) -> Vec<u64> {
    let mut hand = Vec::new();
    poll_fn(|task| taker.poll_take(&mut hand, 0, task)).await;
    hand
}

#[test]
fn g2_all_that_is_put_in_is_taken_in_order_and_then_it_ends() {
    model(2, || {
        let (feeder, mut taker) = queue(1, Closed::NoReceiver);
        let feeding = thread::spawn(move || {
            block_on(async {
                for item in 1..=3 {
                    put(&feeder, item).await.expect("it is open");
                }
            });
        });
        let mut taken = Vec::new();
        loop {
            let hand = block_on(take(&mut taker));
            if hand.is_empty() {
                break;
            }
            assert_eq!(hand.len(), 1, "there is room for one");
            taken.extend(hand);
            taker.hold(0);
        }
        feeding.join().unwrap();
        assert_eq!(taken, [1, 2, 3]);
    });
}

#[test]
fn g2_two_feeders_that_wait_for_the_same_room_both_get_it() {
    model(2, || {
        let (feeder, mut taker) = queue(1, Closed::NoReceiver);
        let feeding: Vec<_> = (1..=2)
            .map(|item| {
                let feeder = feeder.clone();
                thread::spawn(move || block_on(put(&feeder, item)).expect("it is open"))
            })
            .collect();
        drop(feeder);
        let mut sum = 0;
        loop {
            let hand = block_on(take(&mut taker));
            if hand.is_empty() {
                break;
            }
            sum += hand.into_iter().sum::<u64>();
            taker.hold(0);
        }
        feeding.into_iter().for_each(|feeding| feeding.join().unwrap());
        assert_eq!(sum, 3);
    });
}

/// Whoever waits for room is told, and has the item back; what went in is there for whoever looks after the rest.
#[test]
fn g6_a_queue_that_is_closed_gives_back_what_is_not_in_it() {
    model(3, || {
        let (feeder, mut taker) = queue(1, Closed::NoReceiver);
        let feeding = thread::spawn(move || block_on(async { [put(&feeder, 1).await, put(&feeder, 2).await] }));
        taker.close(Closed::Aborted);
        let rest = taker.take_rest();
        let back: Vec<u64> = feeding.join().unwrap().into_iter().filter_map(Result::err).collect();
        assert_eq!([rest, back].concat(), [1, 2]);
    });
}

/// A feeder that gives up its place in line leaves the room to the next.
#[test]
fn g2_room_goes_to_the_next_when_the_first_in_line_gives_up() {
    model(2, || {
        let (feeder, mut taker) = queue(1, Closed::NoReceiver);
        assert!(feeder.put(0, &mut Place::default()).is_ok());
        let other = feeder.clone();
        let gives_up = thread::spawn(move || {
            let mut place = Place::default();
            block_on(poll_fn(|task| {
                let _ = feeder.poll_room(&mut place, task);
                std::task::Poll::Ready(())
            }));
            feeder.give_up(&mut place);
        });
        let feeding = thread::spawn(move || block_on(put(&other, 1)).expect("it is open"));
        let mut taken = Vec::new();
        loop {
            let hand = block_on(take(&mut taker));
            if hand.is_empty() {
                break;
            }
            taken.extend(hand);
            taker.hold(0);
        }
        gives_up.join().unwrap();
        feeding.join().unwrap();
        assert_eq!(taken, [0, 1]);
    });
}

/// A feeder that looks for room once, beside a taker that takes the one item there is and does `then`.
fn waits_for_room(then: impl Fn(&mut Taker<u64>) + Copy + Send + Sync + 'static) {
    loom::model(move || {
        let (feeder, taker) = queue(1, Closed::NoReceiver);
        assert!(feeder.put(0, &mut Place::default()).is_ok());
        let take = move |(_, taker): &(Feeder<u64>, Mutex<Taker<u64>>)| {
            let mut taker = taker.lock().unwrap();
            assert_eq!(taker.take(&mut Vec::new(), 0), Some(true));
            then(&mut taker);
        };
        one_sleep((feeder, Mutex::new(taker)), take, |(feeder, _), task| {
            feeder.poll_room(&mut Place::default(), task).map(drop)
        });
    });
}

#[test]
fn g4_no_room_leaves_a_feeder_asleep() {
    waits_for_room(|taker| taker.hold(0));
}

/// A taker that does not say that its hand is empty makes no room.
#[test]
#[should_panic(expected = "asleep with an edit")]
fn g4_control_room_that_is_not_told_of_is_caught() {
    waits_for_room(|_| {});
}
