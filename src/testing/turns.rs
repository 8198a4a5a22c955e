//! How far the policy of a route has come: whose turn it is.

use crate::route::{PolicyKind, RouteView};

/// The state of a policy, as far as it is known.
#[derive(Debug, Clone, Default)]
pub(super) struct Turns {
    /// Whether what follows is known. What multiplies items makes it unknown, until the switch is routed again.
    known: bool,
    next: usize,
    gained: Vec<i64>,
    spent: Option<u64>,
    marks: Vec<Mark>,
}

/// Whether failover leaves a target out.
#[derive(Debug, Clone, Copy, Default)]
enum Mark {
    #[default]
    In,
    Out(u64),
    /// Somebody inside the target may have dealt with the failure.
    Perhaps(u64),
}

/// What a switch did with the items that came to it in a cycle.
#[derive(Debug, Clone, Default)]
pub(super) struct Visit {
    /// The positions from the outermost pipeline inwards.
    pub(super) place: Vec<usize>,
    /// How many items came, where that is known.
    pub(super) items: Option<usize>,
    /// Where they went: an entry for each time that the target was another one than before.
    pub(super) groups: Vec<Group>,
    /// Whether an item found no target.
    pub(super) stranded: bool,
    /// Whether nothing is known of it.
    pub(super) unseen: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Group {
    /// The target's place in the route.
    pub(super) target: usize,
    pub(super) end: End,
}

/// How it went at a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Well,
    /// It failed, and the item went to another target.
    TakenBack,
    /// Something failed in it.
    Failed,
}

impl Turns {
    pub(super) fn new(route: &RouteView) -> Self {
        let count = route.targets().len();
        Self { known: true, next: 0, gained: vec![0; count], spent: None, marks: vec![Mark::In; count] }
    }

    pub(super) fn forget(&mut self) {
        self.known = false;
    }

    /// Goes on by a visit.
    ///
    /// # Errors
    ///
    /// The targets that the policy would have chosen.
    pub(super) fn go_on(&mut self, route: &RouteView, visit: &Visit, cycle: u64) -> Result<(), Vec<usize>> {
        if visit.unseen {
            self.forget();
            return Ok(());
        }
        let went: Vec<usize> = visit.groups.iter().map(|group| group.target).collect();
        match route.policy() {
            PolicyKind::Once => {
                let before = self.spent.replace(cycle);
                match (visit.stranded, before) {
                    (false, Some(before)) if self.known && before != cycle => Err(Vec::new()),
                    (true, None) if self.known => Err(vec![0]),
                    _ => Ok(()),
                }
            }
            PolicyKind::RoundRobin if visit.stranded => Ok(()),
            PolicyKind::RoundRobin => self.round(route.targets().len(), &went),
            PolicyKind::Weighted => self.weighted(route.weights(), visit, &went),
            PolicyKind::Failover => self.failover(route.retry(), visit, cycle),
            _ => Ok(()),
        }
    }

    fn round(&mut self, count: usize, went: &[usize]) -> Result<(), Vec<usize>> {
        let Some(last) = went.last().filter(|_| count > 1) else { return Ok(()) };
        let first = if self.known { self.next } else { went[0] };
        let expected: Vec<usize> = (0..went.len()).map(|step| (first + step) % count).collect();
        self.next = (last + 1) % count;
        // Whose turn it is shows in every item.
        self.known = true;
        if went == expected { Ok(()) } else { Err(expected) }
    }

    /// Smooth weighted round robin, as the route's documentation has it.
    fn weighted(&mut self, weights: &[u32], visit: &Visit, went: &[usize]) -> Result<(), Vec<usize>> {
        let Some(items) = visit.items.filter(|_| self.known && !visit.stranded) else {
            self.known = false;
            return Ok(());
        };
        let total: i64 = weights.iter().map(|weight| i64::from(*weight)).sum();
        let mut expected = Vec::new();
        for _ in 0..items {
            self.gained.iter_mut().zip(weights).for_each(|(gained, weight)| *gained += i64::from(*weight));
            let most = self.gained.iter().max().copied().unwrap_or(0);
            let chosen = self.gained.iter().position(|gained| *gained == most).unwrap_or(0);
            self.gained[chosen] -= total;
            expected.push(chosen);
        }
        expected.dedup();
        if went == expected { Ok(()) } else { Err(expected) }
    }

    fn failover(&mut self, retry: Option<u64>, visit: &Visit, cycle: u64) -> Result<(), Vec<usize>> {
        if visit.items != Some(1) {
            self.known = false;
        }
        if !self.known {
            return Ok(());
        }
        let works = |mark: &Mark| match (mark, retry) {
            (Mark::In, _) => (true, false),
            (Mark::Out(since), Some(items)) => (cycle.saturating_sub(*since) >= items, false),
            (Mark::Out(_), None) => (false, false),
            (Mark::Perhaps(since), Some(items)) if cycle.saturating_sub(*since) >= items => (true, false),
            (Mark::Perhaps(_), _) => (true, true),
        };
        // Those that may be chosen: up to the first that certainly works.
        let may = |marks: &[Mark]| {
            let mut may = Vec::new();
            for (at, mark) in marks.iter().enumerate() {
                let (yes, perhaps) = works(mark);
                if yes {
                    may.push(at);
                }
                if yes && !perhaps {
                    return (may, true);
                }
            }
            (may, false)
        };
        for Group { target, end } in &visit.groups {
            let (expected, _) = may(&self.marks);
            if !expected.contains(target) {
                return Err(expected);
            }
            // One in front of it that may have been in was out.
            for mark in &mut self.marks[..*target] {
                if let Mark::Perhaps(since) = mark {
                    *mark = Mark::Out(*since);
                }
            }
            self.marks[*target] = match end {
                End::Well => Mark::In,
                End::TakenBack => Mark::Out(cycle),
                End::Failed => Mark::Perhaps(cycle),
            };
        }
        match may(&self.marks) {
            (expected, true) if visit.stranded => Err(expected),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::route::Route;

    fn went(targets: &[usize]) -> Visit {
        let groups = targets.iter().map(|target| Group { target: *target, end: End::Well }).collect();
        Visit { place: Vec::new(), items: Some(targets.len()), groups, ..Visit::default() }
    }

    #[test]
    fn weights_are_spread_as_documented() {
        let route = RouteView::from(&Route::weighted([("v1", 3), ("v2", 1)]));
        let mut turns = Turns::new(&route);
        for target in [0, 0, 1, 0, 0, 0, 1, 0] {
            assert_eq!(turns.go_on(&route, &went(&[target]), 0), Ok(()));
        }
        assert_eq!(turns.go_on(&route, &went(&[1]), 0), Err(vec![0]));
    }

    #[test]
    fn a_round_that_was_lost_sight_of_is_found_again() {
        let route = RouteView::from(&Route::round_robin(["a", "b", "c"]));
        let mut turns = Turns::new(&route);
        turns.forget();
        assert_eq!(turns.go_on(&route, &went(&[1]), 0), Ok(()));
        assert_eq!(turns.go_on(&route, &went(&[1]), 1), Err(vec![2]));
    }

    #[test]
    fn a_target_that_failed_is_left_out_until_it_is_tried_again() {
        let route = RouteView::from(&Route::failover_retry(["a", "b"], 3));
        let mut turns = Turns::new(&route);
        let groups = vec![Group { target: 0, end: End::TakenBack }, Group { target: 1, end: End::Well }];
        let over = Visit { items: Some(1), groups, ..Visit::default() };
        assert_eq!(turns.go_on(&route, &over, 0), Ok(()));
        assert_eq!(turns.go_on(&route, &went(&[0]), 1), Err(vec![1]));
        assert_eq!(turns.go_on(&route, &went(&[1]), 2), Ok(()));
        assert_eq!(turns.go_on(&route, &went(&[0]), 3), Ok(()));
    }
}
