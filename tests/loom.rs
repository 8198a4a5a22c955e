//! The publish/read protocol of `src/board.rs`, all interleavings of it:
//! `RUSTFLAGS="--cfg loom" cargo test --release --test loom`.
#![cfg(loom)]

#[path = "../src/board.rs"]
mod board;

use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use board::Board;
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
