//! The queues between threads under several feeders at a time, with real threads: nothing is lost, and each feeder's items
//! come in its order. What is fed, and how, follows from a seed; when, from the system. For two threads, and all interleavings
//! of them, there is `loom.rs`.
#![cfg(not(loom))]

#[allow(dead_code)]
#[path = "queues/beside.rs"]
mod beside;
#[allow(dead_code)]
#[path = "../src/lane.rs"]
mod lane;
#[allow(dead_code)]
#[path = "../src/parker.rs"]
mod parker;
#[allow(dead_code)]
#[path = "../src/running/queue.rs"]
mod queue;
#[allow(dead_code)]
#[path = "sim/seed.rs"]
mod seed;

/// What `queue` imports.
use beside::{error, roster};

use std::future::poll_fn;
use std::thread;

use error::Closed;
use lane::{Feed, Full, lane};
use parker::block_on;
use queue::{Feeder, Place, Refused, queue};
use seed::{Rng, seeds};

const FEEDERS: usize = 4;
const ITEMS: u64 = 1000;

/// An item: who fed it, and as which of its own.
type Item = (usize, u64);

/// # Errors
///
/// The first item that is missing, or out of its feeder's order.
fn check(taken: &[Item]) -> Result<(), String> {
    let mut next = [0; FEEDERS];
    for (feeder, number) in taken {
        if next[*feeder] != *number {
            return Err(format!("feeder {feeder}'s item {number} came where {} belongs", next[*feeder]));
        }
        next[*feeder] += 1;
    }
    match next.iter().position(|next| *next != ITEMS) {
        Some(feeder) => Err(format!("of feeder {feeder} {} items came", next[feeder])),
        None => Ok(()),
    }
}

fn feed_lane(feed: &Feed<Item>, own: usize) {
    for number in 0..ITEMS {
        let mut item = (own, number);
        while let Err(refused) = feed.push(item) {
            let Full::Full(back) = refused else { panic!("it is open") };
            item = back;
            assert!(block_on(poll_fn(|task| feed.poll_room(task))), "it is open");
        }
    }
}

#[test]
fn g2_a_lane_loses_nothing_of_several_feeds_and_keeps_the_order_of_each() {
    seeds(8, |seed| {
        let (feed, drain) = lane(1 + Rng::new(seed).below(64));
        let feeding: Vec<_> = (0..FEEDERS)
            .map(|own| {
                let feed = feed.clone();
                thread::spawn(move || feed_lane(&feed, own))
            })
            .collect();
        drop(feed);
        let mut taken = Vec::new();
        while let Some(item) = block_on(poll_fn(|task| drain.poll_pop(task))) {
            taken.push(item);
        }
        feeding.into_iter().for_each(|feeding| feeding.join().unwrap());
        check(&taken).unwrap_or_else(|why| panic!("{why}"));
    });
}

/// One by one or many at once, and sometimes without waiting for the turn in line.
fn feed_queue(feeder: &Feeder<Item>, own: usize, mut rng: Rng) {
    let (mut place, mut next) = (Place::default(), 0);
    while next < ITEMS {
        let many = 1 + rng.below(40) as u64;
        let refused = match rng.below(4) {
            0 => {
                let mut items: Vec<Item> = (next..ITEMS.min(next + many)).map(|number| (own, number)).collect();
                let put = feeder.put_some(&mut items, &mut place).expect("it is open");
                next += put as u64;
                put == 0
            }
            _ => match feeder.put((own, next), &mut place) {
                Ok(()) => {
                    next += 1;
                    false
                }
                Err((_, Refused::Full)) => true,
                Err((_, Refused::Closed(why))) => panic!("it is open: {why:?}"),
            },
        };
        if refused {
            if rng.once_in(8) {
                feeder.give_up(&mut place);
            }
            block_on(poll_fn(|task| feeder.poll_room(&mut place, task))).expect("it is open");
        }
    }
    feeder.give_up(&mut place);
}

/// What a taker gets that says after how many items it has room again.
fn run_queue(seed: u64) -> Vec<Item> {
    let mut rng = Rng::new(seed);
    let capacity = 1 + rng.below(64);
    let (feeder, mut taker) = queue(capacity, Closed::NoReceiver);
    let feeding: Vec<_> = (0..FEEDERS)
        .map(|own| {
            let (feeder, rng) = (feeder.clone(), Rng::new(rng.next()));
            thread::spawn(move || feed_queue(&feeder, own, rng))
        })
        .collect();
    drop(feeder);
    let (mut taken, mut hand) = (Vec::new(), Vec::new());
    while block_on(poll_fn(|task| taker.poll_take(&mut hand, 0, task))) {
        assert!(hand.len() <= capacity, "{} of {capacity}", hand.len());
        if rng.once_in(4) {
            let done = rng.below(hand.len() + 1);
            taken.extend(hand.drain(..done));
            taker.put_back(&mut hand);
            continue;
        }
        while !hand.is_empty() {
            let done = 1 + rng.below(hand.len());
            taken.extend(hand.drain(..done));
            if rng.once_in(2) { taker.hold(hand.len()) } else { taker.hold_about(hand.len()) }
        }
        taker.hold(0);
    }
    feeding.into_iter().for_each(|feeding| feeding.join().unwrap());
    taken
}

#[test]
fn g2_the_queue_of_an_end_loses_nothing_of_several_feeders_and_keeps_the_order_of_each() {
    seeds(8, |seed| check(&run_queue(seed)).unwrap_or_else(|why| panic!("{why}")));
}

/// With the taker gone in the middle, every item is with its feeder, taken, or in what is left.
#[test]
fn g6_what_is_in_a_queue_when_its_taker_goes_is_neither_lost_nor_doubled() {
    seeds(10, |seed| {
        let mut rng = Rng::new(seed);
        let (feeder, mut taker) = queue(1 + rng.below(16), Closed::NoReceiver);
        let feeding: Vec<_> = (0..FEEDERS)
            .map(|own| {
                let feeder = feeder.clone();
                thread::spawn(move || {
                    let mut place = Place::default();
                    let mut put = 0;
                    while put < ITEMS {
                        match feeder.put((own, put), &mut place) {
                            Ok(()) => put += 1,
                            Err((_, Refused::Closed(_))) => break,
                            Err((_, Refused::Full)) => {
                                let _ = block_on(poll_fn(|task| feeder.poll_room(&mut place, task)));
                            }
                        }
                    }
                    put
                })
            })
            .collect();
        let (tail, stop) = (taker.tail(), rng.below(3000));
        let (mut taken, mut hand) = (Vec::new(), Vec::new());
        while taken.len() < stop && block_on(poll_fn(|task| taker.poll_take(&mut hand, 0, task))) {
            taken.append(&mut hand);
            taker.hold(0);
        }
        drop(taker);
        let put: Vec<u64> = feeding.into_iter().map(|feeding| feeding.join().unwrap()).collect();
        drop(feeder);
        taken.extend(tail.take());
        let mut next = [0; FEEDERS];
        for (feeder, number) in taken {
            assert_eq!(std::mem::replace(&mut next[feeder], number + 1), number, "feeder {feeder}");
        }
        assert_eq!(next[..], put);
    });
}

#[test]
fn control_an_item_that_is_lost_doubled_or_out_of_order_is_seen() {
    let good = run_queue(0);
    check(&good).unwrap();
    let at = good.iter().position(|item| *item == (1, 500)).unwrap();
    let behind = good.iter().position(|item| *item == (1, 501)).unwrap();
    let alter: [fn(&mut Vec<Item>, usize, usize); 4] = [
        |items, at, _| {
            items.remove(at);
        },
        |items, at, _| items.insert(at, items[at]),
        |items, at, behind| items.swap(at, behind),
        |items, _, _| items.retain(|item| *item != (3, ITEMS - 1)),
    ];
    for alter in alter {
        let mut bad = good.clone();
        alter(&mut bad, at, behind);
        check(&bad).unwrap_err();
    }
}
