//! Work that keeps a core busy for a time that was measured beforehand.

use std::hint::black_box;
use std::time::Instant;

/// So many turns of integer mixing, each of which waits for the one before.
#[derive(Clone, Copy)]
pub(crate) struct Work(u32);

impl Work {
    /// Work that takes about so many nanoseconds on this machine where one item comes after the other and nothing else runs.
    pub(crate) fn of(nanos: f64) -> Self {
        // By items, and not by turns: a core begins with an item before it is done with the last one.
        let once = |work: Self| {
            const ITEMS: u64 = 1000;
            let begin = Instant::now();
            black_box((0..ITEMS).fold(0, |sum, x| sum ^ work.on(black_box(x))));
            begin.elapsed().as_nanos() as f64 / ITEMS as f64
        };
        let least = |work| (0..40).map(|_| once(work)).fold(f64::INFINITY, f64::min);
        let mut work = Self(nanos as u32);
        for _ in 0..4 {
            work = Self((f64::from(work.0) * nanos / least(work)).round() as u32);
        }
        work
    }

    #[inline(never)]
    pub(crate) fn on(self, mut x: u64) -> u64 {
        for _ in 0..self.0 {
            x = (x ^ (x >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        x
    }
}
