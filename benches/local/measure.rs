//! How two ways of doing the same are timed.
//!
//! Every figure here is a ratio of two things measured in the same run, and the machines that this runs on are noisy:
//! clock rates change, neighbours come and go. `criterion` and `divan` time one thing after the other, seconds apart, so
//! such a change falls on one side only and passes for a difference. So the two sides take turns here, a few
//! milliseconds each, and what disturbs one disturbs the other. Nothing else is done that those crates do better.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Rounds of each side.
const ROUNDS: usize = 41;

/// How long a round takes, about.
const ROUND: Duration = Duration::from_millis(3);

/// Nanoseconds per item over all rounds.
#[derive(Clone, Copy)]
pub(crate) struct Times {
    pub(crate) min: f64,
    pub(crate) median: f64,
}

impl Times {
    fn new(mut rounds: Vec<f64>) -> Self {
        rounds.sort_by(f64::total_cmp);
        Self { min: rounds[0], median: rounds[rounds.len() / 2] }
    }
}

/// How thoroughly to measure.
#[derive(Clone, Copy)]
pub(crate) struct Clock {
    /// Whether everything is run once only, to see that it runs: so `cargo test --benches` does it.
    pub(crate) test: bool,
}

impl Clock {
    /// Times two sides in turn; each runs as many items as it is told.
    pub(crate) fn pair(self, mut ours: impl FnMut(u64), mut peer: impl FnMut(u64)) -> (Times, Times) {
        let (items, rounds) = (self.items(&mut ours), self.rounds());
        let (mut our_rounds, mut peer_rounds) = (Vec::new(), Vec::new());
        time(items, &mut peer);
        for round in 0..rounds {
            if round % 2 == 0 {
                our_rounds.push(time(items, &mut ours));
                peer_rounds.push(time(items, &mut peer));
            } else {
                peer_rounds.push(time(items, &mut peer));
                our_rounds.push(time(items, &mut ours));
            }
        }
        (Times::new(our_rounds), Times::new(peer_rounds))
    }

    /// Times something that has no peer.
    pub(crate) fn single(self, mut ours: impl FnMut(u64)) -> Times {
        let (items, rounds) = (self.items(&mut ours), self.rounds());
        Times::new((0..rounds).map(|_| time(items, &mut ours)).collect())
    }

    fn rounds(self) -> usize {
        if self.test { 1 } else { ROUNDS }
    }

    /// As many items as fill a round.
    fn items(self, run: &mut impl FnMut(u64)) -> u64 {
        let mut items = 256;
        if self.test {
            return items;
        }
        loop {
            let begin = Instant::now();
            run(items);
            let taken = begin.elapsed();
            if taken * 4 > ROUND {
                let wanted = items as f64 * ROUND.as_secs_f64() / taken.as_secs_f64();
                // Whole batches.
                return (wanted as u64).next_multiple_of(256);
            }
            items *= 2;
        }
    }
}

fn time(items: u64, run: &mut impl FnMut(u64)) -> f64 {
    let begin = Instant::now();
    run(black_box(items));
    begin.elapsed().as_secs_f64() * 1e9 / items as f64
}
