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
}

impl Origins {
    /// The stage that has been handed on to `id`, or that is `id`; `None` for what the edit has put in.
    pub(super) fn first(&self, id: NodeId) -> Option<NodeId> {
        self.new.get(&id).copied().unwrap_or(Some(id))
    }

    /// Where a stage was before the edit, and the way to it with itself at the end; `None` for what the edit has put in.
    pub(super) fn of(&self, plan: &Plan, place: &[Step]) -> Option<(Steps, Way)> {
        let (mut steps, mut way) = (Steps::new(), Way::new());
        let mut owner = None;
        for (step, entry) in plan.walk(place) {
            let id = self.first(entry.id)?;
            steps.push(match (step, self.rows.get(&owner)) {
                (Step::Node(_), Some(row)) => {
                    let at = row.iter().position(|known| *known == Some(id))?;
                    Step::Node(u32::try_from(at).unwrap_or(u32::MAX))
                }
                (step, _) => step,
            });
            way.push(spot(id, step));
            owner = Some(id);
        }
        Some((steps, way))
    }
}
