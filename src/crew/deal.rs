//! Who gets which items.

use smallvec::SmallVec;

use crate::cycle::{Cycle, Site, guarded};
use crate::hash::mix;
use crate::packet::Items;
use crate::route::LookAt;

/// Who gets which items.
pub(crate) enum Deal<A> {
    /// Whoever has least to do; a packet of many is cut in as many pieces as there are workers, unless all have as much to do
    /// already.
    ByLoad,
    /// For each item the worker that its key has; few keys have another when the number of workers changes.
    ByKey(LookAt<A>),
}

/// Items in order, and the number of the member that they go to.
type Runs<A> = SmallVec<[(usize, Items<A>); 1]>;

impl<A> Deal<A> {
    pub(crate) fn is_by_key(&self) -> bool {
        matches!(self, Self::ByKey(_))
    }

    /// The member for one item, where no thread works.
    pub(super) fn one(&mut self, item: &A, members: usize, cx: &mut Cycle, site: &Site) -> usize {
        match self {
            Self::ByLoad => 0,
            Self::ByKey(key) => of_key(guarded(cx, site, |_| key(item)), members),
        }
    }

    /// Deals `items` to members that have so many each.
    pub(super) fn runs(&mut self, items: &mut Vec<A>, loads: &[usize], cx: &mut Cycle, site: &Site) -> Runs<A> {
        let mut runs = Runs::new();
        match self {
            Self::ByLoad if items.len() < 2 || loads.len() < 2 || loads.iter().all(|load| *load >= items.len()) => {
                let least = loads.iter().enumerate().min_by_key(|(_, load)| **load).map_or(0, |(at, _)| at);
                if !items.is_empty() {
                    runs.push((least, Items::from_vec(std::mem::take(items))));
                }
            }
            Self::ByLoad => {
                let mut order: SmallVec<[usize; 8]> = (0..loads.len()).collect();
                order.sort_by_key(|at| loads[*at]);
                let piece = items.len().div_ceil(loads.len());
                let pieces = items.len().div_ceil(piece);
                // From the end, so that each item is moved once at most.
                for (at, to) in order.into_iter().enumerate().take(pieces).rev() {
                    let run = if at == 0 { std::mem::take(items) } else { items.split_off(at * piece) };
                    runs.push((to, Items::from_vec(run)));
                }
                runs.reverse();
            }
            Self::ByKey(key) => {
                let to: Vec<usize> =
                    items.iter().map(|item| of_key(guarded(cx, site, |_| key(item)), loads.len())).collect();
                for (to, item) in to.into_iter().zip(items.drain(..)) {
                    match runs.last_mut() {
                        Some((last, run)) if *last == to => run.push(item),
                        _ => runs.push((to, Items::from_iter([item]))),
                    }
                }
            }
        }
        runs
    }
}

/// Rendezvous hashing (Thaler and Ravishankar, 1998): the member with the highest hash of it and the key.
fn of_key(key: u64, members: usize) -> usize {
    (0..members).max_by_key(|member| mix(mix(key) ^ mix(*member as u64 + 1))).unwrap_or(0)
}
