//! Several ways of doing the same, timed in turn.
//!
//! Every figure here is set beside others of the same run, and machines are noisy; see `benches/local/measure.rs`. Rounds
//! are longer than there: in each, threads are started, woken and joined, and that is to be shared by many items.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// Nanoseconds per item over all rounds.
#[derive(Clone, Debug)]
pub(crate) struct Times {
    pub(crate) min: f64,
    pub(crate) median: f64,
    /// One after the other: those of all sides with the same number came to pass one after the other, too.
    pub(crate) rounds: Vec<f64>,
}

impl Times {
    fn new(rounds: Vec<f64>) -> Self {
        Self { min: rounds.iter().copied().fold(f64::INFINITY, f64::min), median: median(rounds.clone()), rounds }
    }

    /// How many times the others' this is, round by round.
    pub(crate) fn over<'a>(&'a self, others: &'a Self) -> impl Iterator<Item = f64> + 'a {
        self.rounds.iter().zip(&others.rounds).map(|(own, other)| own / other)
    }
}

/// None is no number.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// One way of doing it, which runs as many items as it is told.
pub(crate) struct Side {
    pub(crate) name: &'static str,
    run: Box<dyn FnMut(u64)>,
}

/// A side of that name.
pub(crate) fn side(name: &'static str, run: impl FnMut(u64) + 'static) -> Side {
    Side { name, run: Box::new(run) }
}

/// How thoroughly to measure, and what.
#[derive(Clone)]
pub(crate) struct Plan {
    /// Whether everything is run once only, to see that it runs: so `cargo test --benches` does it.
    pub(crate) test: bool,
    /// Groups whose names do not contain it are left out.
    pub(crate) filter: Option<String>,
    /// How long a round takes, about.
    round: Duration,
    /// Rounds of each side.
    rounds: usize,
}

impl Plan {
    pub(crate) fn new(test: bool, filter: Option<String>) -> Self {
        Self { test, filter, round: Duration::from_millis(20), rounds: 21 }
    }

    /// The same with other rounds.
    pub(crate) fn longer(&self, round: Duration, rounds: usize) -> Self {
        Self { round, rounds, ..self.clone() }
    }

    /// Whether the group is asked for.
    pub(crate) fn wants(&self, group: &str) -> bool {
        self.filter.as_ref().is_none_or(|filter| group.contains(filter.as_str()))
    }

    /// Times the sides in turn.
    pub(crate) fn contest(&self, mut sides: Vec<Side>) -> Vec<(&'static str, Times)> {
        let items: Vec<u64> = sides.iter_mut().map(|side| self.items(&mut side.run)).collect();
        let mut rounds = vec![Vec::new(); sides.len()];
        for round in 0..if self.test { 1 } else { self.rounds } {
            for turn in 0..sides.len() {
                // Nobody always follows the same one.
                let at = if round % 2 == 0 { turn } else { sides.len() - 1 - turn };
                rounds[at].push(time(items[at], &mut sides[at].run));
            }
        }
        sides.iter().zip(rounds).map(|(side, rounds)| (side.name, Times::new(rounds))).collect()
    }

    /// As many items as fill a round.
    fn items(&self, run: &mut impl FnMut(u64)) -> u64 {
        let mut items = 1024;
        if self.test {
            return items;
        }
        loop {
            let taken = time(items, run) * items as f64;
            if taken * 4.0 > self.round.as_nanos() as f64 {
                let wanted = items as f64 * self.round.as_nanos() as f64 / taken;
                // Whole batches.
                return (wanted as u64).next_multiple_of(256);
            }
            items *= 2;
        }
    }
}

pub(crate) fn time(items: u64, run: &mut impl FnMut(u64)) -> f64 {
    let begin = Instant::now();
    run(black_box(items));
    begin.elapsed().as_secs_f64() * 1e9 / items as f64
}

/// Minimum and median.
pub(crate) fn show(times: &Times) -> String {
    format!("{:.1} / {:.1}", times.min, times.median)
}

/// Whether a target was met.
pub(crate) fn verdict(met: bool) -> &'static str {
    if met { "yes" } else { "**no**" }
}
