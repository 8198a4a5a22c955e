//! Seeds, and what is drawn from them.

use std::ops::Range;
use std::panic::{self, AssertUnwindSafe};

/// SplitMix64: small, and good enough to choose tasks and waits with.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        assert!(end > 0, "there is no number below 0");
        usize::try_from(self.next() % end as u64).unwrap()
    }

    /// True once in `every` times; never if `every` is 0.
    pub(crate) fn once_in(&mut self, every: usize) -> bool {
        every > 0 && self.below(every) == 0
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Runs `check` with the seeds from 0 to `count`. `SIM_SEEDS` in the environment raises the count, `SIM_SEED` runs that one alone.
///
/// # Panics
///
/// At the first seed with which `check` panics; the seed is in the message.
#[track_caller]
pub(crate) fn seeds(count: u64, check: impl Fn(u64)) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().expect("a seed is a number"));
    each(range(count, number("SIM_SEEDS"), number("SIM_SEED")), check);
}

/// As [`seeds`], whatever the environment says.
#[track_caller]
pub(crate) fn each(seeds: Range<u64>, check: impl Fn(u64)) {
    for seed in seeds {
        if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| check(seed))) {
            let why = panic.downcast_ref::<String>().map(String::as_str);
            let why = why.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text");
            panic!("with seed {seed} (SIM_SEED={seed} runs it alone): {why}");
        }
    }
}

/// The seeds to run if `more` and `only` come from the environment.
pub(crate) fn range(count: u64, more: Option<u64>, only: Option<u64>) -> Range<u64> {
    match only {
        Some(seed) => seed..seed + 1,
        None => 0..count.max(more.unwrap_or(0)),
    }
}
