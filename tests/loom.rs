//! The publish/read protocol of `src/board.rs`, all interleavings of it:
//! `RUSTFLAGS="--cfg loom" cargo test --release --test loom`.
#![cfg(loom)]

#[path = "../src/board.rs"]
mod board;

use std::convert::Infallible;
use std::sync::Arc;

use board::Board;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

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
