//! The ways that were seen under this revision, found by their marks; see `recorder.rs`.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::log::Tally;
use super::{Loss, Way};

/// See the module's documentation.
#[derive(Default)]
pub(super) struct Ways {
    /// A way may have several sets of marks: on the quick way there are fewer.
    marks: Vec<(Box<[u64]>, usize)>,
    by_sum: HashMap<u64, usize, BuildHasherDefault<AsIs>>,
    /// The marks of the last item.
    latest: usize,
    known: Vec<Known>,
    by_way: HashMap<(Way, Vec<Loss>), usize>,
}

/// A way with its outcome, and the tally of its run.
struct Known {
    way: Way,
    losses: Vec<Loss>,
    tally: Option<Arc<Tally>>,
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

/// For slices that are short, or empty: `memcmp` of two empty boxes takes 70 ns on some processors, for their pointers lead to
/// no page.
#[inline]
fn is_same(known: &[u64], marks: &[u64]) -> bool {
    known.len() == marks.len() && known.iter().zip(marks).all(|(known, mark)| known == mark)
}

impl Ways {
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// The number of the way with these marks, of which `sum` is a hash.
    #[inline(always)]
    pub(super) fn find(&mut self, sum: u64, marks: &[u64]) -> Option<usize> {
        // That of the last item, or the one learnt after it: round robin learns them in turn.
        for number in [self.latest, self.latest + 1] {
            if let Some((known, at)) = self.marks.get(number)
                && is_same(known, marks)
            {
                self.latest = number;
                return Some(*at);
            }
        }
        let number = *self.by_sum.get(&sum)?;
        let (_, at) = self.marks.get(number).filter(|(known, _)| is_same(known, marks))?;
        self.latest = number;
        Some(*at)
    }

    /// Remembers a way by its marks, and gives its number.
    pub(super) fn learn(&mut self, sum: u64, marks: &[u64], way: Way, losses: Vec<Loss>) -> usize {
        let at = *self.by_way.entry((way, losses)).or_insert_with_key(|(way, losses)| {
            self.known.push(Known { way: way.clone(), losses: losses.clone(), tally: None });
            self.known.len() - 1
        });
        self.latest = self.marks.len();
        self.by_sum.insert(sum, self.latest);
        self.marks.push((marks.into(), at));
        at
    }

    /// Forgets way number `at` again, if it was learnt last.
    pub(super) fn unlearn(&mut self, at: usize, sum: u64) {
        if at + 1 == self.known.len()
            && self.latest + 1 == self.marks.len()
            && let (Some(known), Some(_)) = (self.known.pop(), self.marks.pop())
        {
            self.by_way.remove(&(known.way, known.losses));
            self.by_sum.remove(&sum);
        }
    }

    pub(super) fn way(&self, at: usize) -> Way {
        self.known[at].way.clone()
    }

    pub(super) fn whole(&self, at: usize) -> (Way, Vec<Loss>) {
        (self.way(at), self.known[at].losses.clone())
    }

    /// The tally of a run that is still in the log.
    #[inline]
    pub(super) fn tally(&self, at: usize) -> Option<&Tally> {
        self.known[at].tally.as_ref().filter(|tally| Arc::strong_count(tally) > 1).map(|tally| &**tally)
    }

    pub(super) fn keep(&mut self, at: usize, tally: Option<Arc<Tally>>) {
        if let Some(known) = self.known.get_mut(at) {
            known.tally = tally;
        }
    }

    /// Forgets all.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
