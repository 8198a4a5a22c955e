//! When the statements of a script are due.
//!
//! Two walk along it: the binder, which only tries the edits, and the player.

use super::{Comparison, Condition, Count, Statement};

/// What is still to come, by cycles.
#[derive(Debug, Clone)]
pub(super) struct Timeline {
    /// Cycles and statements, in reverse order: the next is the last.
    points: Vec<(u64, usize)>,
    everies: Vec<Every>,
    /// Statements that wait for a count, in the order of the script.
    pub(super) whens: Vec<usize>,
    /// What is expected at the end.
    pub(super) end: Vec<usize>,
}

#[derive(Debug, Clone)]
pub(super) struct Every {
    pub(super) statement: usize,
    pub(super) next: u64,
    pub(super) period: u64,
    to: u64,
}

impl Timeline {
    /// The timeline from the cycle `now` on.
    pub(super) fn new(statements: &[Statement], now: u64) -> Self {
        let mut timeline = Self { points: Vec::new(), everies: Vec::new(), whens: Vec::new(), end: Vec::new() };
        for (at, statement) in statements.iter().enumerate() {
            match statement {
                Statement::At { cycle, .. } | Statement::Expect { at: Some(cycle), .. } => {
                    timeline.points.push((*cycle, at));
                }
                Statement::Expect { at: None, .. } => timeline.end.push(at),
                Statement::Every { period, from, to, .. } => {
                    let to = to.unwrap_or(u64::MAX);
                    if *from <= to {
                        timeline.everies.push(Every { statement: at, next: *from, period: *period.max(&1), to });
                    }
                }
                // That count is the cycle itself, so it is known when that will be.
                Statement::When {
                    condition: condition @ Condition { count: Count::Accepted, of: None, .. }, ..
                } => {
                    timeline.points.extend(first(condition, now).map(|cycle| (cycle, at)));
                }
                Statement::When { .. } => timeline.whens.push(at),
            }
        }
        timeline.points.retain(|(cycle, _)| *cycle >= now);
        timeline.everies.retain(|every| every.next >= now);
        timeline.points.sort_unstable_by(|one, other| other.cmp(one));
        timeline
    }

    /// The next cycle that something is due at.
    pub(super) fn next(&self) -> Option<u64> {
        let point = self.points.last().map(|(cycle, _)| *cycle);
        self.everies.iter().map(|every| every.next).chain(point).min()
    }

    /// Takes out what is due at `cycle`, in the order of the script.
    pub(super) fn take(&mut self, cycle: u64) -> Vec<usize> {
        let mut due = Vec::new();
        while let Some((_, statement)) = self.points.pop_if(|(at, _)| *at == cycle) {
            due.push(statement);
        }
        self.everies.retain_mut(|every| {
            if every.next != cycle {
                return true;
            }
            due.push(every.statement);
            every.move_to(every.next.checked_add(every.period))
        });
        due.sort_unstable();
        due
    }

    /// What has not been taken yet but for repetitions: statements, with their cycles.
    pub(super) fn rest(&self) -> impl Iterator<Item = (u64, usize)> {
        self.points.iter().rev().copied()
    }

    pub(super) fn everies(&self) -> &[Every] {
        &self.everies
    }

    /// The first cycle at which something else happens than that what is repeated now is repeated again; `cycle` was taken
    /// last.
    pub(super) fn horizon(&self, cycle: u64) -> Option<u64> {
        let begins = self.everies.iter().filter(|every| !every.goes_on(cycle)).map(|every| every.next);
        let ends = self.everies.iter().filter(|every| every.to < u64::MAX).map(|every| every.to + 1);
        let point = self.points.last().map(|(cycle, _)| *cycle);
        begins.chain(ends).chain(point).min()
    }

    /// How far it is from `cycle` to the next time of each repetition that has begun.
    pub(super) fn phases(&self, cycle: u64) -> Vec<Option<u64>> {
        let phase = |every: &Every| every.goes_on(cycle).then(|| every.next - cycle);
        self.everies.iter().map(phase).collect()
    }

    /// Leaves out the repetitions before `cycle`; with no cycle, all of them.
    pub(super) fn skip(&mut self, cycle: Option<u64>) {
        let Some(cycle) = cycle else { return self.everies.clear() };
        self.everies.retain_mut(|every| {
            let times = cycle.saturating_sub(every.next).div_ceil(every.period);
            let next = times.checked_mul(every.period).and_then(|far| every.next.checked_add(far));
            every.move_to(next)
        });
    }
}

impl Timeline {
    /// Moves the repetitions that have begun at `cycle` on by `far`, a whole number of each's periods.
    pub(super) fn shift(&mut self, far: u64, cycle: u64) {
        self.everies.retain_mut(|every| !every.goes_on(cycle) || every.move_to(every.next.checked_add(far)));
    }
}

impl Every {
    fn move_to(&mut self, next: Option<u64>) -> bool {
        self.next = next.unwrap_or(self.next);
        next.is_some_and(|next| next <= self.to)
    }

    /// Whether it has begun at `cycle`, or will within a period.
    pub(super) fn goes_on(&self, cycle: u64) -> bool {
        self.next - cycle <= self.period
    }
}

/// The first cycle from `now` on for which a condition on their number holds.
fn first(condition: &Condition, now: u64) -> Option<u64> {
    let number = condition.number;
    let first = match condition.is {
        Comparison::Less | Comparison::AtMost => now,
        Comparison::Equal | Comparison::AtLeast => now.max(number),
        Comparison::More => now.max(number.checked_add(1)?),
        Comparison::Other if now == number => now.checked_add(1)?,
        Comparison::Other => now,
    };
    condition.is.holds(first, number).then_some(first)
}
