//! Work that keeps a core busy for a time that was measured beforehand.

use std::hint::black_box;
use std::time::Instant;

/// So many turns of integer mixing, each of which waits for the one before.
#[derive(Clone, Copy)]
pub(crate) struct Work(u32);

impl Work {
    /// Work of about so many nanoseconds on this machine, when nothing else runs.
    pub(crate) fn of(nanos: f64) -> Self {
        const TURNS: u32 = 100_000;
        let once = |seed| {
            let begin = Instant::now();
            black_box(Self(TURNS).on(black_box(seed)));
            begin.elapsed().as_nanos() as f64 / f64::from(TURNS)
        };
        let turn = (0..40).map(once).fold(f64::INFINITY, f64::min);
        Self((nanos / turn).round() as u32)
    }

    #[inline(never)]
    pub(crate) fn on(self, mut x: u64) -> u64 {
        for _ in 0..self.0 {
            x = (x ^ (x >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        x
    }
}
