//! Where stages were before an edit that moves some of them about.

use std::collections::{HashMap, HashSet};

use crate::model::{Entry, Plan, Step, Steps};
use crate::name::NodeId;

/// Where every stage was before the edit, as far as the edit has moved any.
#[derive(Default)]
pub(super) struct Origins {
    /// The stages of each pipeline whose row was changed, by the id of its entry (none for the outermost).
    pub(super) rows: HashMap<Option<NodeId>, Vec<NodeId>>,
    /// What the edit itself has put in.
    pub(super) fresh: HashSet<NodeId>,
    /// Stages that were handed over: whose place and items the new one has.
    heirs: HashMap<NodeId, NodeId>,
}

impl Origins {
    pub(super) fn goes_on(&mut self, new: NodeId, old: Option<&Entry>) {
        if let Some(old) = old {
            if self.fresh.contains(&old.id) {
                self.fresh.insert(new);
            }
            self.heirs.insert(new, self.first(old.id));
        }
    }

    pub(super) fn first(&self, id: NodeId) -> NodeId {
        self.heirs.get(&id).copied().unwrap_or(id)
    }

    /// The way to a stage as it was before the edit; `None` for what the edit has put in.
    pub(super) fn of(&self, plan: &Plan, place: &[Step]) -> Option<Steps> {
        let mut way = Steps::new();
        let mut owner = None;
        for length in 1..=place.len() {
            let entry = plan.entry_at(&place[..length])?;
            if self.fresh.contains(&entry.id) {
                return None;
            }
            way.push(match (place[length - 1], self.rows.get(&owner)) {
                (Step::Node(_), Some(row)) => {
                    let at = row.iter().position(|id| *id == self.first(entry.id))?;
                    Step::Node(number(at))
                }
                (step, _) => step,
            });
            owner = Some(self.first(entry.id));
        }
        Some(way)
    }
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
