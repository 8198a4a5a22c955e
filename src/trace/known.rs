//! The ways that were seen under this revision, found by their marks; see `recorder.rs`.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::Way;

/// See the module's documentation.
#[derive(Default)]
pub(super) struct Ways {
    known: Vec<Known>,
    by_sum: HashMap<u64, usize, BuildHasherDefault<AsIs>>,
    /// The way of the last item.
    latest: usize,
}

/// A way that was seen under this revision.
pub(super) struct Known {
    marks: Box<[u64]>,
    pub(super) way: Way,
    /// The number of its run's row.
    pub(super) row: Option<u64>,
}

/// The hasher for what is a hash already.
#[derive(Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Ways {
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Known> {
        self.known.get_mut(at)
    }

    /// The number of the way with these marks, of which `sum` is a hash.
    #[inline]
    pub(super) fn find(&mut self, sum: u64, marks: &[u64]) -> Option<usize> {
        let is = |known: &Known| *known.marks == *marks;
        if self.known.get(self.latest).is_some_and(is) {
            return Some(self.latest);
        }
        let at = *self.by_sum.get(&sum)?;
        self.known.get(at).filter(|known| is(known))?;
        self.latest = at;
        Some(at)
    }

    /// Remembers a way, and gives its number.
    pub(super) fn learn(&mut self, sum: u64, marks: &[u64], way: Way) -> usize {
        self.latest = self.known.len();
        self.by_sum.insert(sum, self.latest);
        self.known.push(Known { marks: marks.into(), way, row: None });
        self.latest
    }

    /// Forgets way number `at` again, if it was learnt last.
    pub(super) fn unlearn(&mut self, at: usize, sum: u64) {
        if at + 1 == self.known.len() {
            self.known.pop();
            self.by_sum.remove(&sum);
        }
    }

    /// Forgets all.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.by_sum.clear();
        self.latest = 0;
    }
}
