//! A checked change, before and after the whole edit is accepted.

use smallvec::SmallVec;

use super::Checked;
use crate::edit::Asked;
use crate::knot::{Act, Spot, Way};
use crate::model::Mutation;
use crate::name::{Name, NodeId, Path};

/// A change that has been made in the model, and what the data side will do for it.
pub(super) struct Done {
    /// What undoes it, last first.
    pub(super) undo: SmallVec<[Mutation; 1]>,
    pub(super) within: Way,
    pub(super) draft: Draft,
    /// The path of the entry that leaves by it.
    pub(super) left: Option<Path>,
}

/// An [`Act`] before the stage is put into it.
pub(super) enum Draft {
    Nothing,
    Insert { before: Option<NodeId> },
    Remove { id: NodeId },
    Moves { ids: Vec<NodeId>, before: Option<NodeId> },
    Transfers { ids: Vec<NodeId>, from: Way, to: Way, before: Option<NodeId> },
    Replace { at: Spot },
    HandOver { at: Spot, id: NodeId },
    Rename { at: Spot, to: Name },
    Route { slots: SmallVec<[u32; 4]> },
    Attach { slot: u32 },
    Detach { slot: u32 },
    Workers { at: Spot, count: usize, more: bool },
    Pause(bool),
}

impl Done {
    /// The edit is accepted: takes out of `asked` what it brings along.
    pub(super) fn finish(self, asked: &mut Asked, checked: &mut Checked) {
        if let Some(path) = self.left {
            let entry = self.undo.into_iter().find_map(|undo| match undo {
                Mutation::Insert { entry, .. } | Mutation::Replace { entry, .. } => Some(entry),
                Mutation::Attach { target, .. } => Some(target.entry),
                _ => None,
            });
            checked.left.extend(entry.map(|entry| (path, entry)));
        }
        let knot = |asked: &mut Asked| match asked {
            Asked::Insert { part, .. }
            | Asked::Replace { part, .. }
            | Asked::Attach { part, .. }
            | Asked::Tap { part, .. } => part.take().map(|part| part.knot),
            _ => None,
        };
        let act = match self.draft {
            Draft::Nothing => None,
            Draft::Pause(paused) => {
                checked.paused = Some(paused);
                None
            }
            Draft::Insert { before } => knot(asked).map(|knot| Act::Insert { before, knot }),
            Draft::Remove { id } => Some(Act::Remove { id }),
            Draft::Moves { ids, before } => {
                let acts = ids.into_iter().map(|id| (self.within.clone(), Act::Move { id, before }));
                checked.acts.extend(acts);
                None
            }
            Draft::Transfers { ids, from, to, before } => {
                let transfer = |id| Act::Transfer { id, from: from.clone(), to: to.clone(), before };
                checked.acts.extend(ids.into_iter().map(|id| (self.within.clone(), transfer(id))));
                None
            }
            Draft::Replace { at } => knot(asked).map(|knot| Act::Replace { at, knot }),
            Draft::HandOver { at, id } => match asked {
                Asked::HandOver { part, .. } => part.take().map(|part| Act::HandOver { at, id, make: part.make }),
                _ => None,
            },
            Draft::Rename { at, to } => Some(Act::Rename { at, to }),
            Draft::Route { slots } => match asked {
                Asked::Route { route, .. } => route.take().map(|route| Act::Route { route, slots }),
                _ => None,
            },
            Draft::Attach { slot } => knot(asked).map(|knot| Act::Attach { slot, knot }),
            Draft::Detach { slot } => Some(Act::Detach { slot }),
            Draft::Workers { at, count, more } => {
                let hired = match asked {
                    Asked::Workers { made, .. } => made.take().filter(|_| more),
                    _ => None,
                };
                let made = hired.map_or_else(|| Box::new(()) as Box<_>, |hired| hired.made);
                Some(Act::Workers { at, count, made })
            }
        };
        checked.acts.extend(act.map(|act| (self.within, act)));
    }
}
