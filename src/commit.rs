//! What a commit does: checks an edit against the model, change by change, and makes of it what the data side carries out.
//!
//! Each change is looked up, checked, and made in the model at once, so that the next change finds the pipeline as this
//! one leaves it. Where a change is refused, those before it are undone in reverse order, and what they had brought along
//! goes back into the edit.

mod draft;
mod lookup;
mod origins;
mod shift;
mod workers;

use smallvec::SmallVec;

use crate::edit::{Asked, Edit, Order, Place};
use crate::error::Refusal;
use crate::knot::{Act, Way};
use crate::model::{DEPTH_LIMIT, Entry, Kind, Mutation, Plan, Step, Steps, Target};
use crate::name::{Name, NodeId, Path};
use crate::roster::Roster;
use draft::{Done, Draft};
use origins::Origins;

/// A checked edit: what the data side does, in order.
pub(crate) struct Checked {
    /// The ways to the stages that leave, in the order in which those were before the edit; each ends in the stage itself.
    /// They give what they hold back before any act is carried out.
    pub(crate) drains: Vec<Way>,
    pub(crate) acts: SmallVec<[(Way, Act); 1]>,
    /// The entries that leave the model, with the paths they had.
    pub(crate) left: Vec<(Path, Entry)>,
    /// Whether the pipeline is paused from now on.
    pub(crate) paused: Option<bool>,
}

/// Why an edit is not made, with the number of the change that stands against it.
#[derive(Debug)]
pub(crate) enum Halt {
    Refused(Refusal, usize),
    /// It can be made as soon as it brings these along.
    Lacks(Box<Order>, usize),
    /// It can be made as soon as what it puts in has threads.
    Unstaffed(Roster),
}

/// Checks `edit` and makes its changes in `plan`; if it is not made, `plan` and `edit` are as before. Whether new workers
/// need threads is what `staffed` says; with `None`, the edit is only tried, and no workers are wanted.
pub(crate) fn commit(plan: &mut Plan, edit: &mut Edit, staffed: Option<bool>) -> Result<Checked, Halt> {
    let mut desk = Desk { plan, origins: Origins::default(), drains: Vec::new(), staffed, order: None };
    let mut done: SmallVec<[Done; 1]> = SmallVec::new();
    for (number, asked) in edit.changes.iter_mut().enumerate() {
        let mut change = Done { undo: SmallVec::new(), within: Way::new(), draft: Draft::Nothing, left: None };
        let made = desk.make(asked, &mut change);
        done.push(change);
        let halt = match (made, desk.order.take()) {
            (Err(refusal), _) => Halt::Refused(refusal, number),
            (Ok(()), Some(order)) => Halt::Lacks(Box::new(order), number),
            (Ok(()), None) => continue,
        };
        undo(desk.plan, edit, done);
        return Err(halt);
    }
    let mut drains = desk.drains;
    drains.sort_by(|(one, _), (other, _)| one.cmp(other));
    drains.dedup_by(|(later, _), (earlier, _)| later.starts_with(earlier));
    let drains = drains.into_iter().map(|(_, way)| way).collect();
    let mut checked = Checked { drains, acts: SmallVec::new(), left: Vec::new(), paused: None };
    for (change, asked) in done.into_iter().zip(&mut edit.changes) {
        change.finish(asked, &mut checked);
    }
    Ok(checked)
}

fn undo(plan: &mut Plan, edit: &mut Edit, done: SmallVec<[Done; 1]>) {
    let changes: Vec<(Done, &mut Asked)> = done.into_iter().zip(&mut edit.changes).collect();
    for (change, asked) in changes.into_iter().rev() {
        for undo in change.undo.into_iter().rev() {
            // What the change had put in comes out again, and goes back to where it came from.
            let entry = match plan.apply(undo) {
                Some(Mutation::Insert { entry, .. } | Mutation::Replace { entry, .. }) => entry,
                Some(Mutation::Attach { target, .. }) => target.entry,
                _ => continue,
            };
            if let Some(place) = asked.entry() {
                *place = Some(entry);
            }
        }
    }
}

/// Where edits are checked.
struct Desk<'a> {
    plan: &'a mut Plan,
    origins: Origins,
    /// The stages that leave, with the places that they had.
    drains: Vec<(Steps, Way)>,
    /// See [`commit`].
    staffed: Option<bool>,
    /// What the change at hand lacks.
    order: Option<Order>,
}

impl Desk<'_> {
    /// Checks one change, makes it in the model and drafts the act for it.
    fn make(&mut self, asked: &mut Asked, done: &mut Done) -> Result<(), Refusal> {
        if let Some(malformed) = asked.malformed() {
            return Err(malformed);
        }
        match asked {
            Asked::Pause => done.draft = Draft::Pause(true),
            Asked::Resume => done.draft = Draft::Pause(false),
            Asked::Route { switch, route } => return self.route(switch, route.as_ref(), done),
            Asked::Insert { at, .. } => {
                let (within, position) = self.between(at)?;
                return self.insert(within, position, asked.entry(), done);
            }
            Asked::Tap { at, .. } => {
                let found = self.find(at)?;
                let after = self.after(&found.within, found.position()?);
                return self.insert(found.within, after, asked.entry(), done);
            }
            Asked::Remove { at } => return self.remove(at, done),
            Asked::Move { at, to } => return self.shift(at, to, done),
            Asked::Replace { at, .. } => {
                let path = at.clone()?;
                return self.replace(path, false, asked.entry(), done);
            }
            Asked::HandOver { at, takes, part, entry, .. } => {
                let path = at.clone()?;
                let old = self.plan.find(&path)?.1;
                if old.state != *takes {
                    return Err(Refusal::HandOver { takes: *takes, found: old.state });
                }
                if !matches!(old.kind, Kind::Stage) {
                    return Err(Refusal::NotPlain);
                }
                if let Some(part) = part {
                    *entry = Some(Entry {
                        id: NodeId::next(),
                        name: old.name.clone(),
                        input: part.input,
                        output: part.output,
                        kind: Kind::Stage,
                        state: part.state,
                        counts: old.counts.clone(),
                    });
                }
                return self.replace(path, true, asked.entry(), done);
            }
            Asked::Rename { at, to } => return self.rename(at, to.clone()?, done),
            Asked::Attach { switch, .. } => {
                let switch = switch.clone()?;
                return self.attach(&switch, asked.entry(), done);
            }
            Asked::Detach { switch, target } => return self.detach(switch, target.clone()?, done),
            Asked::Workers { at, count, made } => return self.workers(at, *count, made.as_ref(), done),
        }
        Ok(())
    }

    fn change(&mut self, change: Mutation, done: &mut Done) {
        done.undo.extend(self.plan.apply(change));
    }

    fn insert(
        &mut self,
        within: Steps,
        at: usize,
        entry: Option<&mut Option<Entry>>,
        done: &mut Done,
    ) -> Result<(), Refusal> {
        let (Some(plan), Some(place)) = (self.plan.plan_at(&within), entry) else { return Ok(()) };
        let carried = match at.checked_sub(1).and_then(|before| plan.entries.get(before)) {
            Some(before) => before.output,
            None => plan.input,
        };
        if let Some(entry) = place.as_ref() {
            plan.is_free(&entry.name)?;
            let found = (entry.input, entry.output);
            if found != (carried, carried) {
                return Err(Refusal::Mismatch { wanted: (carried, carried), found });
            }
        }
        done.draft = Draft::Insert { before: plan.entries.get(at).map(|entry| entry.id) };
        done.within = self.way(&within);
        self.remember(&within);
        if let Some(entry) = place.take() {
            self.origins.new.insert(entry.id, None);
            self.change(Mutation::Insert { within, at, entry }, done);
        }
        self.deep()
    }

    fn deep(&mut self) -> Result<(), Refusal> {
        if self.plan.depth() > DEPTH_LIMIT {
            // The switches remember their deepest target, also when it is gone.
            self.plan.measure();
        }
        match self.plan.depth() > DEPTH_LIMIT {
            true => Err(Refusal::TooDeep { limit: DEPTH_LIMIT }),
            false => Ok(()),
        }
    }

    fn remove(&mut self, path: &Place, done: &mut Done) -> Result<(), Refusal> {
        let found = self.find(path)?;
        let at = found.position()?;
        if found.types.0 != found.types.1 {
            return Err(Refusal::Turns { types: found.types });
        }
        self.leaves(&found.place());
        self.remember(&found.within);
        done.left = path.clone().ok();
        done.within = self.way(&found.within);
        done.draft = Draft::Remove { id: found.id };
        self.change(Mutation::Remove { within: found.within, at }, done);
        Ok(())
    }

    fn replace(
        &mut self,
        path: Path,
        hand_over: bool,
        entry: Option<&mut Option<Entry>>,
        done: &mut Done,
    ) -> Result<(), Refusal> {
        let found = self.find(&Ok(path.clone()))?;
        let Some(place) = entry else { return Ok(()) };
        if let Some(entry) = place.as_ref() {
            let types = (entry.input, entry.output);
            if types != found.types {
                return Err(Refusal::Mismatch { wanted: found.types, found: types });
            }
        }
        if !hand_over {
            self.leaves(&found.place());
        }
        if let Some(mut entry) = place.take() {
            if let Some(name) = path.names().last() {
                entry.name = name.clone();
            }
            done.within = self.way(&found.within);
            let (at, id) = (found.spot(), entry.id);
            if hand_over {
                self.origins.new.insert(id, self.origins.first(at.id));
                done.draft = Draft::HandOver { at, id };
            } else {
                self.origins.new.insert(id, None);
                done.draft = Draft::Replace { at };
                done.left = Some(path);
            }
            self.change(Mutation::Replace { place: found.place(), entry }, done);
        }
        self.deep()
    }

    fn rename(&mut self, path: &Place, to: Name, done: &mut Done) -> Result<(), Refusal> {
        let found = self.find(path)?;
        match (found.step, self.plan.entry_at(&found.within).map(|entry| &entry.kind)) {
            (Step::Target(_), Some(Kind::Switch(fork))) if fork.by_name.contains_key(&to) => {
                return Err(Refusal::Duplicate { name: to });
            }
            (Step::Target(_), _) => {}
            (Step::Node(_), _) => {
                if let Some(plan) = self.plan.plan_at(&found.within) {
                    plan.is_free(&to)?;
                }
            }
        }
        done.draft = Draft::Rename { at: found.spot(), to: to.clone() };
        done.within = self.way(&found.within);
        self.change(Mutation::Rename { place: found.place(), to }, done);
        Ok(())
    }

    fn fork<'p>(&'p self, path: &Path) -> Result<(Steps, &'p Entry, &'p crate::model::Fork), Refusal> {
        let (place, entry) = self.plan.find(path)?;
        match &entry.kind {
            Kind::Switch(fork) => Ok((place, entry, fork)),
            _ => Err(Refusal::NotASwitch { path: path.clone(), is: entry.is() }),
        }
    }

    fn route(&mut self, switch: &Place, route: Option<&crate::route::Route>, done: &mut Done) -> Result<(), Refusal> {
        let path = switch.as_ref().map_err(Clone::clone)?;
        let Some(route) = route else { return Ok(()) };
        let (place, entry, fork) = self.fork(path)?;
        let view = route.check()?;
        fork.check(&view, route.looks_at(), entry.input, path)?;
        done.draft = Draft::Route { slots: fork.slots_of(&view) };
        done.within = self.way(&place);
        self.change(Mutation::Route { place, route: view }, done);
        Ok(())
    }

    fn attach(&mut self, path: &Path, entry: Option<&mut Option<Entry>>, done: &mut Done) -> Result<(), Refusal> {
        let (place, switch, fork) = self.fork(path)?;
        let (slot, order) = (fork.free_slot(), fork.next);
        let Some(entry) = entry else { return Ok(()) };
        if let Some(new) = entry.as_ref() {
            if fork.by_name.contains_key(&new.name) {
                return Err(Refusal::Duplicate { name: new.name.clone() });
            }
            let (wanted, found) = ((switch.input, switch.output), (new.input, new.output));
            if wanted != found {
                return Err(Refusal::Mismatch { wanted, found });
            }
        }
        done.within = self.way(&place);
        done.draft = Draft::Attach { slot };
        if let Some(entry) = entry.take() {
            self.origins.new.insert(entry.id, None);
            self.change(Mutation::Attach { place, slot, target: Target { order, entry } }, done);
        }
        self.deep()
    }

    fn detach(&mut self, switch: &Place, target: Name, done: &mut Done) -> Result<(), Refusal> {
        let path = switch.as_ref().map_err(Clone::clone)?;
        let (place, _, fork) = self.fork(path)?;
        let Some(slot) = fork.by_name.get(&target).copied() else {
            return Err(fork.unknown(path.join(&target)));
        };
        if fork.route.targets.contains(&target) {
            return Err(Refusal::StillRouted);
        }
        let mut leaving = place.clone();
        leaving.push(Step::Target(slot));
        self.leaves(&leaving);
        done.left = Some(path.join(&target));
        done.within = self.way(&place);
        done.draft = Draft::Detach { slot };
        self.change(Mutation::Detach { place, slot }, done);
        Ok(())
    }
}
