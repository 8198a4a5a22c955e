//! Work that keeps a core busy for a time that was measured beforehand.

use std::hint::black_box;
use std::time::Instant;

/// As many independent sums as keep the multiplier busy. With one, a core would begin with an item before it is done with
/// the last, as far as the code around lets it, and not the work would be compared but that code.
const LANES: usize = 6;

/// So many turns of integer mixing.
#[derive(Clone, Copy)]
pub(crate) struct Work(u32);

impl Work {
    /// Work of about so many nanoseconds on this machine, when nothing else runs.
    pub(crate) fn of(nanos: f64) -> Self {
        let once = |work: Self| {
            const ITEMS: u64 = 1000;
            let begin = Instant::now();
            black_box((0..ITEMS).fold(0, |sum, x| sum ^ work.on(black_box(x))));
            begin.elapsed().as_nanos() as f64 / ITEMS as f64
        };
        let least = |work| (0..40).map(|_| once(work)).fold(f64::INFINITY, f64::min);
        let mut work = Self(1 + nanos as u32 / 2);
        for _ in 0..4 {
            work = Self((f64::from(work.0) * nanos / least(work)).round() as u32);
        }
        work
    }

    #[inline(never)]
    pub(crate) fn on(self, x: u64) -> u64 {
        let mut lanes: [u64; LANES] = std::array::from_fn(|lane| x.wrapping_add(lane as u64));
        for _ in 0..self.0 {
            for lane in &mut lanes {
                *lane = (*lane ^ (*lane >> 31)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            }
        }
        lanes.iter().fold(x, |sum, lane| sum ^ lane)
    }
}
