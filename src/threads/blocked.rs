//! Who waits for whom: from the last stage to the first, with what stands behind each.

use std::sync::Arc;

use super::{Blocked, Fill, Found, Party, StageRow, fill};
use crate::model::{Entry, Fork, Kind, Plan};
use crate::name::Path;
use crate::roster::{Does, Seat, Watch};

/// Goes through a pipeline against the stream.
pub(super) struct Search<'a> {
    plan: &'a Plan,
    paused: bool,
    found: &'a Found,
    /// What was found so far, the last first.
    blocked: Vec<Blocked>,
    stages: Vec<StageRow>,
    /// The stage that works on the earliest cycle.
    oldest: Option<(u64, Path)>,
}

impl<'a> Search<'a> {
    pub(super) fn new(plan: &'a Plan, paused: bool, found: &'a Found) -> Self {
        Self { plan, paused, found, blocked: Vec::new(), stages: Vec::new(), oldest: None }
    }

    /// In the order in which items pass.
    pub(super) fn into_found(mut self) -> (Vec<Blocked>, Vec<StageRow>) {
        self.blocked.reverse();
        self.stages.reverse();
        (self.blocked, self.stages)
    }

    /// Looks at the whole pipeline; gives its exit.
    pub(super) fn pipeline(&mut self) -> Option<Fill> {
        let conductor = self.found.conductor.clone();
        let Some((watch, Seat::Pipeline { name, door, exit })) = conductor.as_ref().map(|watch| (watch, &watch.seat))
        else {
            self.chain(&self.plan.entries, &Path::default(), None, None);
            return None;
        };
        let (door, exit) = (fill(door.fill()), fill(exit.fill()));
        let party = Party::Pipeline(name.clone());
        let runner = cycle(std::slice::from_ref(watch)).map(|cycle| (party.clone(), cycle));
        let behind = exit.is_full().then_some(Party::Receiver);
        let next = self.chain(&self.plan.entries, &Path::default(), behind, runner.as_ref());
        if runner.is_none() && (door.items > 0 || watch.does() == Does::Waits) {
            let shut = self.paused || self.plan.shut().is_some();
            let oldest = || self.oldest.clone().filter(|_| door.is_full()).map(|(_, path)| Party::Stage(path));
            let receiver = || (watch.does() == Does::Waits).then_some(Party::Receiver);
            let by = if shut && door.items > 0 { Some(Party::Editor) } else { next.or_else(receiver).or_else(oldest) };
            if let Some(by) = by {
                self.block(party.clone(), by, None);
            }
        }
        if door.is_full() {
            self.block(Party::Senders, party, runner.as_ref());
        }
        Some(exit)
    }

    /// Somebody waits for somebody; `runner` may be the one.
    fn block(&mut self, who: Party, by: Party, runner: Option<&(Party, u64)>) {
        let cycle = match (&by, runner) {
            (by, Some((runner, cycle))) if by == runner => Some(*cycle),
            (Party::Stage(path), _) => {
                let id = self.plan.find(path).ok().map(|(_, entry)| entry.id);
                id.and_then(|id| cycle(self.found.crew(id)))
            }
            _ => None,
        };
        self.blocked.push(Blocked { who, by, cycle });
    }

    /// Looks at a chain that gives what it makes to `behind`, if that is full, and that `runner` runs, if that is busy. Who is
    /// full in it, for those in front.
    fn chain(
        &mut self,
        entries: &[Entry],
        within: &Path,
        behind: Option<Party>,
        runner: Option<&(Party, u64)>,
    ) -> Option<Party> {
        let step = |behind, entry: &Entry| self.entry(entry, &within.join(&entry.name), behind, runner);
        entries.iter().rev().fold(behind, step)
    }

    fn entry(
        &mut self,
        entry: &Entry,
        path: &Path,
        behind: Option<Party>,
        runner: Option<&(Party, u64)>,
    ) -> Option<Party> {
        match &entry.kind {
            Kind::Stage | Kind::Tap => behind,
            Kind::Switch(fork) => self.switch(fork, path, behind, runner),
            Kind::Pipeline(plan) if plan.thread.is_none() => self.chain(&plan.entries, path, behind, runner),
            Kind::Pipeline(plan) => self.crew(entry, Some(plan), path, behind, runner),
            Kind::Workers(_) => self.crew(entry, None, path, behind, runner),
        }
    }

    /// Its route's targets have to take an item, every one of them.
    fn switch(
        &mut self,
        fork: &Fork,
        path: &Path,
        behind: Option<Party>,
        runner: Option<&(Party, u64)>,
    ) -> Option<Party> {
        let targets: Vec<&Entry> = fork.in_order().map(|target| &target.entry).collect();
        let mut full = None;
        let mut open = true;
        for target in targets.into_iter().rev() {
            let next = self.entry(target, &path.join(&target.name), behind.clone(), runner);
            if fork.route.targets().contains(&target.name) {
                open &= next.is_none();
                if next != behind || full.is_none() {
                    full = next.or(full);
                }
            }
        }
        if open { None } else { full }
    }

    /// A stage that threads work for.
    fn crew(
        &mut self,
        entry: &Entry,
        inside: Option<&Plan>,
        path: &Path,
        behind: Option<Party>,
        runner: Option<&(Party, u64)>,
    ) -> Option<Party> {
        let crew = self.found.crew(entry.id);
        let Some(Seat::Stage { stock, .. }) = crew.first().map(|watch| &watch.seat) else {
            return inside.map_or(behind.clone(), |plan| self.chain(&plan.entries, path, behind, runner));
        };
        let stage = Party::Stage(path.clone());
        let works = cycle(crew);
        let own = works.map(|cycle| (stage.clone(), cycle));
        let full_inside = inside.and_then(|plan| self.chain(&plan.entries, path, None, own.as_ref()));
        let level = Fill { items: stock.items(), capacity: stock.capacity };
        let queued: usize = crew.iter().map(|watch| watch.queue()).sum();
        let done = level.items.saturating_sub(queued);
        let waits = crew.iter().any(|watch| watch.does() == Does::Waits);
        let by = match full_inside {
            Some(inside) if waits => Some(inside),
            _ if waits || done > 0 => behind.or_else(|| runner.map(|(party, _)| party.clone())),
            _ => None,
        };
        if let Some(by) = by {
            self.block(stage.clone(), by, runner);
        }
        if let Some(cycle) = works
            && self.oldest.as_ref().is_none_or(|(oldest, _)| cycle < *oldest)
        {
            self.oldest = Some((cycle, path.clone()));
        }
        self.stages.push(StageRow { stage: path.clone(), inside: level, done });
        level.is_full().then_some(stage)
    }
}

/// The earliest cycle that one of them works on.
fn cycle(crew: &[Arc<Watch>]) -> Option<u64> {
    let cycle = |watch: &Arc<Watch>| match watch.does() {
        Does::Works(first, _) => Some(first),
        Does::Nothing | Does::Waits => None,
    };
    crew.iter().filter_map(cycle).min()
}
