//! A state that a pipeline may be in at a point of a script.

use std::collections::BTreeSet;

use super::{Expectation, Statement};
use crate::error::Refusal;
use crate::model::{Kind, Likeness, Plan};
use crate::name::Path;

/// A state that the pipeline may be in.
#[derive(Clone)]
pub(super) struct State {
    /// The `when`s that have come.
    pub(super) fired: BTreeSet<usize>,
    /// The `when`s on a count at a path where there was something by then.
    pub(super) counted: BTreeSet<usize>,
    pub(super) plan: Plan,
    pub(super) likeness: Likeness,
    /// The `when`s that were tried on this model.
    pub(super) tried: BTreeSet<usize>,
    /// The last edit that changed anything, and the last `when`.
    pub(super) last: Option<usize>,
    pub(super) last_fired: Option<usize>,
}

/// What tells states apart.
pub(super) type Key = (BTreeSet<usize>, BTreeSet<usize>, Likeness);

impl State {
    pub(super) fn key(&self) -> Key {
        (self.fired.clone(), self.counted.clone(), self.likeness.clone())
    }

    /// Whether the edit of `statement` has changed the model.
    pub(super) fn review(&mut self, statement: usize, counting: &[(usize, &Path)]) -> bool {
        let likeness = self.plan.likeness();
        let changed = likeness != self.likeness;
        if changed {
            self.likeness = likeness;
            self.tried.clear();
            self.last = Some(statement);
            self.count(counting);
        }
        changed
    }

    pub(super) fn count(&mut self, counting: &[(usize, &Path)]) {
        let there = counting.iter().filter(|(_, path)| self.plan.find(path).is_ok());
        self.counted.extend(there.map(|(when, _)| *when));
    }
}

/// A `when` on a count at a path, that does not hold while the count is 0.
pub(super) fn counting((at, statement): (usize, &Statement)) -> Option<(usize, &Path)> {
    let Statement::When { condition, .. } = statement else { return None };
    condition.of.as_ref().filter(|_| !condition.is.holds(0, condition.number)).map(|path| (at, path))
}

/// Whether there is in `plan` what an expectation speaks of; not whether it is as expected.
pub(super) fn check(what: &Expectation, plan: &Plan) -> Result<(), Refusal> {
    match what {
        Expectation::Route { switch, route } => {
            let (_, entry) = plan.find(switch)?;
            let Kind::Switch(fork) = &entry.kind else {
                return Err(Refusal::NotASwitch { path: switch.clone(), is: entry.is() });
            };
            match route.targets().iter().find(|target| fork.target(target).is_none()) {
                Some(target) => Err(fork.unknown(switch.join(target))),
                None => Ok(()),
            }
        }
        Expectation::Stages { of: Some(of), .. } => {
            let (_, entry) = plan.find(of)?;
            match &entry.kind {
                Kind::Pipeline(_) => Ok(()),
                _ => Err(Refusal::NotAPipeline { path: of.clone(), is: entry.is() }),
            }
        }
        _ => Ok(()),
    }
}
