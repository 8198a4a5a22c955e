//! How the model changes, and how a change is undone.

use super::{Entry, Fork, Kind, Plan, Step, Steps, Target};
use crate::name::Name;
use crate::route::RouteView;

/// A change of the model.
#[derive(Debug)]
pub(crate) enum Mutation {
    /// Insert at a position of the pipeline that `within` leads to.
    Insert {
        within: Steps,
        at: usize,
        entry: Entry,
    },
    Remove {
        within: Steps,
        at: usize,
    },
    Move {
        within: Steps,
        from: usize,
        to: usize,
    },
    /// Put another entry at the place that `place` leads to.
    Replace {
        place: Steps,
        entry: Entry,
    },
    Rename {
        place: Steps,
        to: Name,
    },
    Route {
        place: Steps,
        route: RouteView,
    },
    Attach {
        place: Steps,
        slot: u32,
        target: Target,
    },
    Detach {
        place: Steps,
        slot: u32,
    },
    /// Move so many entries, from a position of a pipeline to one of another, as that is before.
    Transfer {
        from: (Steps, usize),
        to: (Steps, usize),
        count: usize,
    },
    /// Another number of workers.
    Workers {
        place: Steps,
        count: usize,
    },
}

/// Shifts the step in `place` that is a position, from `at` on, of the pipeline at `within`.
fn shift(place: &mut Steps, within: &[Step], at: usize, shifted: impl FnOnce(usize) -> usize) {
    if let Some(Step::Node(step)) = place.get(within.len()).copied()
        && place.starts_with(within)
        && step as usize >= at
    {
        place[within.len()] = Step::Node(u32::try_from(shifted(step as usize)).unwrap_or(u32::MAX));
    }
}

impl Plan {
    fn entry_mut(&mut self, place: &[Step]) -> Option<&mut Entry> {
        let (first, rest) = place.split_first()?;
        let Step::Node(at) = first else { return None };
        let mut entry = self.entries.get_mut(*at as usize)?;
        for step in rest {
            entry = match (step, &mut entry.kind) {
                (Step::Node(at), Kind::Pipeline(plan)) => plan.entries.get_mut(*at as usize)?,
                (Step::Target(slot), Kind::Switch(fork)) => &mut fork.slots.get_mut(*slot as usize)?.as_mut()?.entry,
                _ => return None,
            };
        }
        Some(entry)
    }

    fn plan_mut(&mut self, within: &[Step]) -> Option<&mut Self> {
        if within.is_empty() {
            return Some(self);
        }
        match &mut self.entry_mut(within)?.kind {
            Kind::Pipeline(plan) => Some(plan),
            _ => None,
        }
    }

    fn fork_mut(&mut self, place: &[Step]) -> Option<&mut Fork> {
        match &mut self.entry_mut(place)?.kind {
            Kind::Switch(fork) => Some(fork),
            _ => None,
        }
    }

    /// Makes a change and gives the one that undoes it; `None` where the place does not exist, which `find` rules out.
    pub(crate) fn apply(&mut self, change: Mutation) -> Option<Mutation> {
        Some(match change {
            Mutation::Insert { within, at, entry } => {
                let plan = self.plan_mut(&within)?;
                plan.entries.insert(at.min(plan.entries.len()), entry);
                self.deepen(&within);
                Mutation::Remove { within, at }
            }
            Mutation::Remove { within, at } => {
                let plan = self.plan_mut(&within)?;
                if at >= plan.entries.len() {
                    return None;
                }
                let entry = plan.entries.remove(at);
                Mutation::Insert { within, at, entry }
            }
            Mutation::Move { within, from, to } => {
                let plan = self.plan_mut(&within)?;
                if from >= plan.entries.len() || to >= plan.entries.len() {
                    return None;
                }
                let entry = plan.entries.remove(from);
                plan.entries.insert(to, entry);
                Mutation::Move { within, from: to, to: from }
            }
            Mutation::Replace { place, entry } => {
                let old = std::mem::replace(self.entry_mut(&place)?, entry);
                self.deepen(&place);
                Mutation::Replace { place, entry: old }
            }
            Mutation::Rename { place, to } => {
                let entry = self.entry_mut(&place)?;
                let old = std::mem::replace(&mut entry.name, to.clone());
                if let Some((Step::Target(slot), switch)) = place.split_last() {
                    let fork = self.fork_mut(switch)?;
                    fork.by_name.remove(&old);
                    fork.by_name.insert(to.clone(), *slot);
                    for name in &mut fork.route.targets {
                        if *name == old {
                            *name = to.clone();
                        }
                    }
                }
                Mutation::Rename { place, to: old }
            }
            Mutation::Route { place, route } => {
                let fork = self.fork_mut(&place)?;
                let old = std::mem::replace(&mut fork.route, route);
                Mutation::Route { place, route: old }
            }
            Mutation::Attach { place, slot, target } => {
                self.fork_mut(&place)?.attach(slot, target);
                self.deepen(&place);
                Mutation::Detach { place, slot }
            }
            Mutation::Detach { place, slot } => {
                let target = self.fork_mut(&place)?.detach(slot)?;
                Mutation::Attach { place, slot, target }
            }
            Mutation::Transfer { from: (from, at), to: (mut to, position), count } => {
                let source = self.plan_mut(&from).filter(|plan| at + count <= plan.entries.len())?;
                let moved: Vec<Entry> = source.entries.drain(at..at + count).collect();
                let mut back = from.clone();
                shift(&mut to, &from, at, |step| step - count);
                shift(&mut back, &to, position, |step| step + count);
                let plan = self.plan_mut(&to)?;
                plan.entries.splice(position..position, moved);
                self.deepen(&to);
                Mutation::Transfer { from: (to, position), to: (back, at), count }
            }
            Mutation::Workers { place, count } => {
                let Kind::Workers(workers) = &mut self.entry_mut(&place)?.kind else { return None };
                Mutation::Workers { place, count: std::mem::replace(&mut workers.count, count) }
            }
        })
    }

    /// Raises the remembered depth of the switches on the way to `place`.
    fn deepen(&mut self, place: &[Step]) {
        for length in (1..=place.len()).rev() {
            let deepest = match self.entry_at(&place[..length]).map(|entry| &entry.kind) {
                Some(Kind::Switch(fork)) => {
                    let inside = place.get(length).and_then(|step| match step {
                        Step::Target(slot) => fork.slots.get(*slot as usize)?.as_ref(),
                        Step::Node(_) => None,
                    });
                    inside.map_or(fork.depth, |target| fork.depth.max(target.entry.depth()))
                }
                _ => continue,
            };
            if let Some(fork) = self.fork_mut(&place[..length]) {
                fork.depth = deepest;
            }
        }
    }
}
