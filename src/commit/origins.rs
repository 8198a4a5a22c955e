//! Where stages were before an edit that moves some of them about.

use std::collections::HashMap;

use super::lookup::spot;
use crate::knot::Way;
use crate::model::{Plan, Step, Steps};
use crate::name::NodeId;

/// Where every stage was before the edit, as far as the edit has moved any.
#[derive(Default)]
pub(super) struct Origins {
    /// The stages of each pipeline whose row was changed, by the id of its entry (none for the outermost).
    pub(super) rows: HashMap<Option<NodeId>, Vec<Option<NodeId>>>,
    /// What the edit itself has put in, with the stage that was there before and was handed over to it, if one was.
    pub(super) new: HashMap<NodeId, Option<NodeId>>,
    /// Where those were that the edit has moved to other pipelines.
    homes: HashMap<NodeId, (Steps, Way)>,
}

impl Origins {
    /// The stage that has been handed on to `id`, or that is `id`; `None` for what the edit has put in.
    pub(super) fn first(&self, id: NodeId) -> Option<NodeId> {
        self.new.get(&id).copied().unwrap_or(Some(id))
    }

    /// The stage at `place` moves to another pipeline.
    pub(super) fn leave_home(&mut self, plan: &Plan, place: &[Step]) {
        let id = plan.entry_at(place).and_then(|entry| self.first(entry.id));
        if let (Some(id), Some(home)) = (id, self.of(plan, place)) {
            self.homes.entry(id).or_insert(home);
        }
    }

    /// Whether the edit has moved stages to other pipelines.
    pub(super) fn any_left_home(&self) -> bool {
        !self.homes.is_empty()
    }

    /// Where a stage was before the edit, and the way to it with itself at the end; `None` for what the edit has put in.
    pub(super) fn of(&self, plan: &Plan, place: &[Step]) -> Option<(Steps, Way)> {
        let mut place_then = Some((Steps::new(), Way::new()));
        let mut owner = None;
        for (step, entry) in plan.walk(place) {
            let first = self.first(entry.id);
            let home = first.and_then(|id| self.homes.get(&id).cloned());
            place_then = home.or_else(|| self.step_then(place_then?, step, owner, first?));
            owner = first;
        }
        place_then
    }

    /// From where the stage `owner` was to where `id` in it was, which now is at `step` of it.
    fn step_then(
        &self,
        (mut steps, mut way): (Steps, Way),
        step: Step,
        owner: Option<NodeId>,
        id: NodeId,
    ) -> Option<(Steps, Way)> {
        let step = match (step, self.rows.get(&owner)) {
            (Step::Node(_), Some(row)) => {
                let at = row.iter().position(|known| *known == Some(id))?;
                Step::Node(u32::try_from(at).unwrap_or(u32::MAX))
            }
            (step, _) => step,
        };
        steps.push(step);
        way.push(spot(id, step));
        Some((steps, way))
    }
}
