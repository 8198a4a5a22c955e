//! Moving a stage, within its pipeline or to another.

use super::Desk;
use super::draft::{Done, Draft};
use super::lookup::Found;
use crate::edit::{Place, Where};
use crate::error::Refusal;
use crate::model::{Kind, Mutation, Step, Steps};

impl Desk<'_> {
    pub(super) fn shift(&mut self, path: &Place, to: &Where, done: &mut Done) -> Result<(), Refusal> {
        let found = self.find(path)?;
        let from = found.position()?;
        let (within, to) = self.between(to)?;
        if within.starts_with(&found.place()) {
            return Err(Refusal::IntoItself);
        }
        if found.types.0 != found.types.1 {
            return Err(Refusal::Fixed { types: found.types });
        }
        let (Some(home), Some(plan)) = (self.plan.plan_at(&found.within), self.plan.plan_at(&within)) else {
            return Ok(());
        };
        let carried = if to == 0 { plan.input } else { plan.entries[to - 1].output };
        if carried != found.types.0 {
            return Err(Refusal::Mismatch { wanted: (carried, carried), found: found.types });
        }
        let is_tap = matches!(home.entries[from].kind, Kind::Tap);
        let size = if is_tap { 1 } else { self.after(&found.within, from) - from };
        if within != found.within {
            return self.transfer(&found, (from, size), (within, to), done);
        }
        if (from..=from + size).contains(&to) {
            return Ok(());
        }
        let ids = plan.entries[from..from + size].iter().map(|entry| entry.id).collect();
        done.draft = Draft::Moves { ids, before: plan.entries.get(to).map(|entry| entry.id) };
        done.within = self.way(&within);
        self.remember(&within);
        for step in 0..size {
            let (from, to) = if to > from { (from, to - 1) } else { (from + step, to + step) };
            self.change(Mutation::Move { within: within.clone(), from, to }, done);
        }
        Ok(())
    }

    /// Moves so many stages from a position on, to a position of another pipeline.
    fn transfer(
        &mut self,
        found: &Found,
        (at, count): (usize, usize),
        (within, to): (Steps, usize),
        done: &mut Done,
    ) -> Result<(), Refusal> {
        let (Some(home), Some(plan)) = (self.plan.plan_at(&found.within), self.plan.plan_at(&within)) else {
            return Ok(());
        };
        let moved = &home.entries[at..at + count];
        moved.iter().try_for_each(|entry| plan.is_free(&entry.name))?;
        let ids = moved.iter().map(|entry| entry.id).collect();
        let before = plan.entries.get(to).map(|entry| entry.id);
        // The data side does it in the innermost pipeline that both are inside of.
        let mut common = found.within.iter().zip(&within).take_while(|(one, other)| one == other).count();
        while self.plan.plan_at(&within[..common]).is_none() {
            common -= 1;
        }
        let (from_way, to_way) = (self.way(&found.within), self.way(&within));
        done.within = to_way[..common].into();
        done.draft = Draft::Transfers { ids, from: from_way[common..].into(), to: to_way[common..].into(), before };
        for at in at..at + count {
            let mut place = found.within.clone();
            place.push(Step::Node(u32::try_from(at).unwrap_or(u32::MAX)));
            self.origins.leave_home(self.plan, &place);
        }
        self.remember(&found.within);
        self.remember(&within);
        self.change(Mutation::Transfer { from: (found.within.clone(), at), to: (within, to), count }, done);
        self.deep()
    }
}
