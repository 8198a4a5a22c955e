//! Who gets which items.

use smallvec::SmallVec;

use crate::cycle::{Cycle, Site, guarded};
use crate::hash::mix;
use crate::packet::Items;
use crate::route::LookAt;

/// Who gets which items.
pub(crate) enum Deal<A> {
    /// Whoever has least to do; a packet of many is cut so that all have as much as before, or equally much, unless all have
    /// as many items already.
    ByLoad,
    /// For each item the worker that its key has; few keys have another when the number of workers changes.
    ByKey(LookAt<A>),
}

/// Items in order, and the number of the member that they go to.
pub(super) type Runs<A> = SmallVec<[(usize, Items<A>); 1]>;

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
                // From the end, so that each item is moved once at most.
                for (to, share) in shares(items.len(), loads).into_iter().rev() {
                    runs.push((to, Items::from_vec(items.split_off(items.len() - share))));
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

/// So many items for those who have least to do, so that these have equally much then; whoever had least comes first.
fn shares(mut items: usize, loads: &[usize]) -> SmallVec<[(usize, usize); 8]> {
    let mut order: SmallVec<[usize; 8]> = (0..loads.len()).collect();
    order.sort_by_key(|at| loads[*at]);
    // As far as those with more to do have not more than that anyway.
    let (mut among, mut all) = (0, items);
    while let Some(at) = order.get(among)
        && (among == 0 || loads[*at] * among < all)
    {
        all += loads[*at];
        among += 1;
    }
    order.truncate(among);
    let mut shares = SmallVec::new();
    for (at, to) in order.into_iter().enumerate() {
        let share = all.div_ceil(among - at).saturating_sub(loads[to]).min(items);
        all -= share + loads[to];
        items -= share;
        if share > 0 {
            shares.push((to, share));
        }
    }
    shares
}

/// Rendezvous hashing (Thaler and Ravishankar, 1998): the member with the highest hash of it and the key.
fn of_key(key: u64, members: usize) -> usize {
    (0..members).max_by_key(|member| mix(mix(key) ^ mix(*member as u64 + 1))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_has_least_to_do_gets_most() {
        let of = |items, loads: &[usize]| shares(items, loads).into_vec();
        assert_eq!(of(8, &[0, 0]), [(0, 4), (1, 4)]);
        assert_eq!(of(3, &[0, 0, 0, 0]), [(0, 1), (1, 1), (2, 1)]);
        assert_eq!(of(7, &[0, 0, 0]), [(0, 3), (1, 2), (2, 2)]);
        assert_eq!(of(10, &[32, 0]), [(1, 10)]);
        assert_eq!(of(16, &[11, 0]), [(1, 14), (0, 2)]);
        assert_eq!(of(10, &[5, 100, 1]), [(2, 7), (0, 3)]);
        for items in 1..40 {
            for loads in [[3, 9, 0, 4], [7, 7, 7, 7], [0, 100, 50, 2]] {
                let shares = of(items, &loads);
                assert_eq!(shares.iter().map(|(_, share)| share).sum::<usize>(), items);
                let after: Vec<usize> = shares.iter().map(|(to, share)| loads[*to] + share).collect();
                let (least, most) = (after.iter().min().unwrap(), after.iter().max().unwrap());
                assert!(most - least <= 1, "{items} {loads:?} {shares:?}");
                let others = (0..4).filter(|at| shares.iter().all(|(to, _)| to != at));
                assert!(others.into_iter().all(|at| loads[at] + 1 >= *most), "{items} {loads:?} {shares:?}");
            }
        }
    }
}
