//! Looking up the places that a change names.

use super::Desk;
use crate::edit::{Place, Where};
use crate::error::Refusal;
use crate::knot::{Spot, Way};
use crate::model::{Kind, Step, Steps};
use crate::name::{NodeId, Type};

/// A stage that was looked up: which it is, where it is, and what it takes and gives.
pub(super) struct Found {
    /// The way to the pipeline or switch that it is in.
    pub(super) within: Steps,
    pub(super) step: Step,
    pub(super) id: NodeId,
    pub(super) types: (Type, Type),
}

impl Found {
    pub(super) fn place(&self) -> Steps {
        let mut place = self.within.clone();
        place.push(self.step);
        place
    }

    pub(super) fn spot(&self) -> Spot {
        spot(self.id, self.step)
    }

    /// The position, of a stage that is not a target.
    pub(super) fn position(&self) -> Result<usize, Refusal> {
        match self.step {
            Step::Node(at) => Ok(at as usize),
            Step::Target(_) => Err(Refusal::IsTarget),
        }
    }
}

/// What the data side calls the stage `id`, at the end of `step`.
pub(super) fn spot(id: NodeId, step: Step) -> Spot {
    match step {
        Step::Node(_) => Spot { id, slot: None },
        Step::Target(slot) => Spot { id, slot: Some(slot) },
    }
}

impl Desk<'_> {
    pub(super) fn find(&self, at: &Place) -> Result<Found, Refusal> {
        let (mut within, entry) = self.plan.find(at.as_ref().map_err(Clone::clone)?)?;
        let (id, types) = (entry.id, (entry.input, entry.output));
        let step = within.pop().unwrap_or(Step::Node(0));
        Ok(Found { within, step, id, types })
    }

    /// What the data side calls the way to `place`.
    pub(super) fn way(&self, place: &[Step]) -> Way {
        self.plan.walk(place).map(|(step, entry)| spot(entry.id, step)).collect()
    }

    /// The position behind a stage and the taps on it.
    pub(super) fn after(&self, within: &[Step], at: usize) -> usize {
        let entries = self.plan.plan_at(within).map_or(&[][..], |plan| &plan.entries);
        let taps = entries.iter().skip(at + 1).take_while(|entry| matches!(entry.kind, Kind::Tap));
        at + 1 + taps.count()
    }

    /// A pipeline, and how many stages it has.
    fn row(&self, path: Option<&Place>) -> Result<(Steps, usize), Refusal> {
        let Some(path) = path else { return Ok((Steps::new(), self.plan.entries.len())) };
        let path = path.as_ref().map_err(Clone::clone)?;
        let (steps, entry) = self.plan.find(path)?;
        match &entry.kind {
            Kind::Pipeline(plan) => Ok((steps, plan.entries.len())),
            _ => Err(Refusal::NotAPipeline { path: path.clone(), is: entry.is() }),
        }
    }

    pub(super) fn between(&self, at: &Where) -> Result<(Steps, usize), Refusal> {
        match at {
            Where::First(within) => Ok((self.row(within.as_ref())?.0, 0)),
            Where::Last(within) => self.row(within.as_ref()),
            Where::Before(at) => {
                let found = self.find(at)?;
                let position = found.position()?;
                Ok((found.within, position))
            }
            Where::After(at) => {
                let found = self.find(at)?;
                let after = self.after(&found.within, found.position()?);
                Ok((found.within, after))
            }
        }
    }

    /// Remembers the row of the pipeline at `within` before it changes for the first time.
    pub(super) fn remember(&mut self, within: &[Step]) {
        let owner = self.plan.entry_at(within).map(|entry| entry.id);
        if let Some(plan) = self.plan.plan_at(within) {
            let row = plan.entries.iter().map(|entry| self.origins.first(entry.id)).collect();
            self.origins.rows.entry(owner).or_insert(row);
        }
    }

    /// What is at `place` leaves.
    pub(super) fn leaves(&mut self, place: &[Step]) {
        if !self.origins.any_left_home() {
            return self.drains.extend(self.origins.of(self.plan, place));
        }
        // What was in it and has been moved elsewhere stays, so each of those that are in it now gives what it holds.
        let inside: Vec<Step> = match self.plan.entry_at(place).map(|entry| &entry.kind) {
            Some(Kind::Pipeline(plan)) => (0..).map(Step::Node).take(plan.entries.len()).collect(),
            Some(Kind::Switch(fork)) => {
                let slots = (0..).zip(&fork.slots).filter(|(_, target)| target.is_some());
                slots.map(|(slot, _)| Step::Target(slot)).collect()
            }
            Some(Kind::Stage | Kind::Tap | Kind::Workers(_)) | None => {
                return self.drains.extend(self.origins.of(self.plan, place));
            }
        };
        for step in inside {
            let mut place: Steps = place.into();
            place.push(step);
            self.leaves(&place);
        }
    }
}
