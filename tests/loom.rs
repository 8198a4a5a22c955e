//! The publish/read protocol of `src/board.rs`, and the wakes of `src/lane.rs`, `src/parker.rs` and `src/running/queue.rs`, all
//! interleavings of them:
//! `RUSTFLAGS="--cfg loom" cargo test --release --test loom`.
#![cfg(loom)]

#[allow(dead_code)]
#[path = "queues/beside.rs"]
mod beside;
#[path = "../src/board.rs"]
mod board;
#[path = "loom/ends.rs"]
mod ends;
#[allow(dead_code)]
#[path = "../src/lane.rs"]
mod lane;
#[allow(dead_code)]
#[path = "../src/lane/line.rs"]
mod line;
#[allow(dead_code)]
#[path = "../src/parker.rs"]
mod parker;
#[allow(dead_code)]
#[path = "../src/running/queue.rs"]
mod queue;

/// What `queue` imports.
use beside::{error, roster};

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use board::Board;
use lane::{Drain, Feed, Full, lane};
use line::{Line, Place};
use loom::future::{AtomicWaker, block_on};
use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use loom::thread;

/// Publishes a first edit.
fn edit(board: &Board<Vec<u64>>) {
    publish(board, 1);
}

fn publish(board: &Board<Vec<u64>>, edit: u64) -> u64 {
    board
        .publish(|edits| {
            edits.push(edit);
            Ok::<_, Infallible>(edits.len() as u64)
        })
        .unwrap()
}

#[test]
fn g4_what_was_published_before_is_read() {
    loom::model(|| {
        let board = Arc::new(Board::new(Vec::new()));
        let known = Arc::new(AtomicU64::new(0));
        let editor = {
            let (board, known) = (Arc::clone(&board), Arc::clone(&known));
            thread::spawn(move || {
                for edit in 1..=2 {
                    known.store(publish(&board, edit), Ordering::Release);
                }
            })
        };
        let mut seen = 0;
        let mut applied = 0;
        for _ in 0..2 {
            let before = known.load(Ordering::Acquire);
            if board.sequence() != seen {
                let (edits, now) = board.take(std::mem::take);
                applied += edits.len() as u64;
                seen = now;
            }
            assert!(applied >= before, "an edit committed before the cycle governs it");
        }
        editor.join().unwrap();
        if board.sequence() != seen {
            applied += board.take(std::mem::take).0.len() as u64;
        }
        assert_eq!(applied, 2, "no edit is lost");
    });
}

#[test]
fn g3_edits_from_two_threads_are_taken_in_order_and_once() {
    loom::model(|| {
        let board = Arc::new(Board::new(Vec::new()));
        let editor = {
            let board = Arc::clone(&board);
            thread::spawn(move || publish(&board, 1))
        };
        publish(&board, 2);
        let (mut edits, seen) = board.take(std::mem::take);
        editor.join().unwrap();
        if board.sequence() != seen {
            edits.extend(board.take(std::mem::take).0);
        }
        edits.sort_unstable();
        assert_eq!(edits, [1, 2]);
    });
}

/// The same protocol with the mistake that its page warns of: the reader remembers the number that made it look.
#[test]
#[should_panic(expected = "applied twice")]
fn g3_control_remembering_the_wrong_number_is_caught() {
    loom::model(|| {
        let board = Arc::new(Board::new(Vec::new()));
        let editor = {
            let board = Arc::clone(&board);
            thread::spawn(move || {
                publish(&board, 1);
                publish(&board, 2);
            })
        };
        let mut looked = 0;
        let mut rounds = 0;
        for _ in 0..2 {
            let number = board.sequence();
            if number != looked {
                // Wrong: there may be more in the value than this number says.
                let (edits, _) = board.take(std::mem::take);
                looked = number;
                assert!(!edits.is_empty(), "applied twice");
                rounds += 1;
            }
        }
        assert!(rounds <= 2);
        editor.join().unwrap();
    });
}

/// The same protocol with relaxed orders: the number is seen, what was done before it is not.
#[test]
#[should_panic(expected = "an edit committed before the cycle")]
fn g4_control_a_number_raised_before_the_change_is_caught() {
    loom::model(|| {
        let sequence = Arc::new(AtomicU64::new(0));
        let value = Arc::new(loom::sync::Mutex::new(0));
        let editor = {
            let (sequence, value) = (Arc::clone(&sequence), Arc::clone(&value));
            thread::spawn(move || {
                sequence.store(1, Ordering::Release);
                *value.lock().unwrap() = 1;
            })
        };
        let mut seen = 0;
        if sequence.load(Ordering::Acquire) != seen {
            let applied = *value.lock().unwrap();
            seen = 1;
            assert_eq!(applied, 1, "an edit committed before the cycle governs it");
        }
        editor.join().unwrap();
        assert!(seen <= 1);
    });
}

#[test]
fn g4_a_reader_that_sleeps_is_woken_for_every_edit() {
    loom::model(|| {
        let board = Arc::new(Board::new(Vec::new()));
        let editor = {
            let board = Arc::clone(&board);
            thread::spawn(move || {
                publish(&board, 1);
                publish(&board, 2);
            })
        };
        let (mut applied, mut seen) = (0, 0);
        while applied < 2 {
            // Where nobody wakes it, loom finds all threads asleep.
            block_on(poll_fn(|task| board.poll_changed(seen, task)));
            let (edits, now) = board.take(std::mem::take);
            assert!(!edits.is_empty(), "woken for an edit");
            applied += edits.len();
            seen = now;
        }
        editor.join().unwrap();
        assert_eq!((applied, board.sequence()), (2, seen));
    });
}

/// A task that notes down that it was woken.
struct Sleeper(AtomicBool);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

/// Lets `poll` be called once beside an editor that does `commit`; whoever goes to sleep then has to be woken.
fn one_sleep<T: Send + Sync + 'static>(
    shared: T,
    commit: impl FnOnce(&T) + Send + 'static,
    poll: impl FnOnce(&T, &mut Context<'_>) -> Poll<()>,
) {
    let shared = Arc::new(shared);
    let editor = {
        let shared = Arc::clone(&shared);
        thread::spawn(move || commit(&shared))
    };
    let sleeper = Arc::new(Sleeper(AtomicBool::new(false)));
    let polled = poll(&shared, &mut Context::from_waker(&Waker::from(Arc::clone(&sleeper))));
    editor.join().unwrap();
    assert!(polled.is_ready() || sleeper.0.load(Ordering::Acquire), "asleep with an edit to apply");
}

#[test]
fn g4_no_edit_leaves_the_reader_asleep() {
    loom::model(|| one_sleep(Board::new(Vec::new()), edit, |board, task| board.poll_changed(0, task)));
}

/// The reader does not look again after it has registered: an edit in between is neither seen nor does it find a waker.
#[test]
#[should_panic(expected = "asleep with an edit")]
fn g4_control_a_reader_that_does_not_look_again_is_caught() {
    loom::model(|| {
        let poll = |board: &Board<Vec<u64>>, task: &mut Context<'_>| {
            if board.sequence() != 0 {
                return Poll::Ready(());
            }
            board.register(task.waker());
            Poll::Pending
        };
        one_sleep(Board::new(Vec::new()), edit, poll);
    });
}

/// The writer wakes before it stores: the reader that was woken, or that came after, still finds the old number.
#[test]
#[should_panic(expected = "asleep with an edit")]
fn g4_control_a_wake_before_the_store_is_caught() {
    loom::model(|| {
        let commit = |(sequence, waker): &(AtomicU64, AtomicWaker)| {
            waker.wake();
            sequence.store(1, Ordering::Release);
        };
        let poll = |(sequence, waker): &(AtomicU64, AtomicWaker), task: &mut Context<'_>| {
            if sequence.load(Ordering::Acquire) != 0 {
                return Poll::Ready(());
            }
            waker.register_by_ref(task.waker());
            if sequence.load(Ordering::Acquire) == 0 { Poll::Pending } else { Poll::Ready(()) }
        };
        one_sleep((AtomicU64::new(0), AtomicWaker::new()), commit, poll);
    });
}

/// What goes over a lane here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Item(u64),
    Mark,
}

async fn send(feed: &Feed<Sent>, mut sent: Sent) {
    while let Err(refused) = feed.push(sent) {
        let Full::Full(back) = refused else { panic!("closed") };
        sent = back;
        assert!(poll_fn(|task| feed.poll_room(task)).await);
    }
}

async fn receive(drain: &Drain<Sent>) -> Option<Sent> {
    poll_fn(|task| drain.poll_pop(task)).await
}

/// Explores with at most so many preemptions in one run: there are too many runs otherwise.
fn model(preemptions: usize, run: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(run);
}

#[test]
fn g2_a_lane_gives_items_and_marks_in_order_and_then_ends() {
    model(2, || {
        let (feed, drain) = lane(1);
        let sender = thread::spawn(move || {
            block_on(async {
                for sent in [Sent::Item(1), Sent::Mark, Sent::Item(2)] {
                    send(&feed, sent).await;
                }
            });
        });
        let mut received = Vec::new();
        while let Some(sent) = block_on(receive(&drain)) {
            received.push(sent);
        }
        sender.join().unwrap();
        assert_eq!(received, [Sent::Item(1), Sent::Mark, Sent::Item(2)]);
    });
}

#[test]
fn g2_a_lane_between_parked_threads_gives_all() {
    model(2, || {
        let (feed, drain) = lane(1);
        let sender = thread::spawn(move || {
            parker::block_on(async {
                send(&feed, Sent::Item(1)).await;
                send(&feed, Sent::Mark).await;
            });
        });
        let receive = || parker::block_on(receive(&drain));
        assert_eq!([receive(), receive(), receive()], [Some(Sent::Item(1)), Some(Sent::Mark), None]);
        sender.join().unwrap();
    });
}

#[test]
fn g2_feeds_that_wait_for_the_same_room_all_get_it() {
    model(2, || {
        let (feed, drain) = lane(1);
        let senders: Vec<_> = (1..=2)
            .map(|item| {
                let feed = feed.clone();
                thread::spawn(move || block_on(send(&feed, Sent::Item(item))))
            })
            .collect();
        drop(feed);
        let mut sum = 0;
        while let Some(Sent::Item(item)) = block_on(receive(&drain)) {
            sum += item;
        }
        senders.into_iter().for_each(|sender| sender.join().unwrap());
        assert_eq!(sum, 3);
    });
}

#[test]
fn g2_what_is_taken_back_is_not_received() {
    model(3, || {
        let (feed, drain) = lane(2);
        let sender = thread::spawn(move || {
            block_on(async {
                send(&feed, Sent::Item(1)).await;
                send(&feed, Sent::Item(2)).await;
            });
            feed.take_back()
        });
        let mut all = Vec::new();
        while let Some(sent) = block_on(receive(&drain)) {
            all.push(sent);
        }
        all.extend(sender.join().unwrap());
        all.sort_by_key(|sent| matches!(sent, Sent::Item(2)));
        assert_eq!(all, [Sent::Item(1), Sent::Item(2)]);
    });
}

#[test]
fn g2_an_item_that_races_with_closing_is_refused_or_received() {
    loom::model(|| {
        let (feed, drain) = lane(1);
        let sender = thread::spawn(move || feed.push(Sent::Mark));
        drain.close();
        let received = block_on(receive(&drain));
        let pushed = sender.join().unwrap();
        assert_eq!(received.is_some(), pushed.is_ok());
        assert_eq!(block_on(receive(&drain)), None);
    });
}

#[test]
fn g2_a_feed_that_waits_is_told_that_the_drain_has_gone() {
    loom::model(|| {
        let (feed, drain) = lane(1);
        feed.push(Sent::Mark).unwrap();
        let reader = thread::spawn(move || drop(drain));
        assert!(!block_on(poll_fn(|task| feed.poll_room(task))));
        assert_eq!(feed.push(Sent::Item(1)), Err(Full::Closed(Sent::Item(1))));
        assert_eq!(feed.take_back(), Some(Sent::Mark));
        reader.join().unwrap();
    });
}

/// A number that is waited for, and the line of those who do: the protocol of a lane's ends without the lane.
struct Counter {
    number: AtomicU64,
    line: Line,
    place: Place,
}

impl Counter {
    fn new() -> Self {
        Self { number: AtomicU64::new(0), line: Line::new(), place: Place::new() }
    }

    fn raise(&self) {
        self.number.store(1, Ordering::Relaxed);
    }

    fn look(&self) -> Poll<()> {
        if self.number.load(Ordering::Relaxed) == 0 { Poll::Pending } else { Poll::Ready(()) }
    }

    fn poll(&self, task: &mut Context<'_>) -> Poll<()> {
        if self.look().is_pending() {
            self.line.wait(&self.place, task.waker());
        }
        self.look()
    }
}

#[test]
fn g4_nobody_is_left_asleep_in_a_line() {
    let raise = |counter: &Counter| {
        counter.raise();
        counter.line.wake_first();
    };
    loom::model(move || one_sleep(Counter::new(), raise, Counter::poll));
    let raise = |counter: &Counter| {
        counter.raise();
        counter.line.wake_all();
    };
    loom::model(move || one_sleep(Counter::new(), raise, Counter::poll));
}

/// Who waits does not look again after it has taken its place.
#[test]
#[should_panic(expected = "asleep with an edit")]
fn g4_control_a_line_without_a_second_look_is_caught() {
    loom::model(|| {
        let raise = |counter: &Counter| {
            counter.raise();
            counter.line.wake_first();
        };
        let poll = |counter: &Counter, task: &mut Context<'_>| {
            let looked = counter.look();
            if looked.is_pending() {
                counter.line.wait(&counter.place, task.waker());
            }
            looked
        };
        one_sleep(Counter::new(), raise, poll);
    });
}

/// Who brings it wakes before it stores.
#[test]
#[should_panic(expected = "asleep with an edit")]
fn g4_control_a_line_that_is_woken_before_the_store_is_caught() {
    loom::model(|| {
        let raise = |counter: &Counter| {
            counter.line.wake_first();
            counter.raise();
        };
        one_sleep(Counter::new(), raise, Counter::poll);
    });
}

/// The same steps in the right order, but no fences between them: each side sees the other's as not yet done.
#[test]
#[should_panic(expected = "asleep with an edit")]
fn g4_control_a_line_without_fences_is_caught() {
    loom::model(|| {
        let raise = |(number, waiting, waker): &(AtomicU64, AtomicU64, AtomicWaker)| {
            number.store(1, Ordering::Release);
            if waiting.load(Ordering::Acquire) != 0 {
                waker.wake();
            }
        };
        let poll = |(number, waiting, waker): &(AtomicU64, AtomicU64, AtomicWaker), task: &mut Context<'_>| {
            waker.register_by_ref(task.waker());
            waiting.store(1, Ordering::Release);
            if number.load(Ordering::Acquire) == 0 { Poll::Pending } else { Poll::Ready(()) }
        };
        one_sleep((AtomicU64::new(0), AtomicU64::new(0), AtomicWaker::new()), raise, poll);
    });
}

/// The wakers share nothing with the one who waits but what they store and the parker itself.
#[test]
fn g4_a_parked_thread_sees_what_was_done_before_each_wake() {
    model(3, || {
        let done = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let mut threads = Vec::new();
        parker::block_on(poll_fn(|task| {
            if threads.is_empty() {
                threads.extend((0..2).map(|n| {
                    let (done, waker) = (Arc::clone(&done), task.waker().clone());
                    thread::spawn(move || {
                        done[n].store(1, Ordering::Relaxed);
                        waker.wake();
                    })
                }));
            }
            let all = done.iter().all(|done| done.load(Ordering::Relaxed) == 1);
            if all { Poll::Ready(()) } else { Poll::Pending }
        }));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}
