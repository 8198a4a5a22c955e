//! Whether what a trace says can have happened: the edits, and the ways of items.
//!
//! The rules of a single way are in `walk.rs`, whose turn it is at a switch in `turns.rs`.

use super::reference::Reference;
use super::tree::Kind;
use super::turns::Visit;
use super::violation::Violation;
use super::walk::{Walker, Wrong};
use crate::change::{Change, line};
use crate::trace::{Lost, Run, TraceRow};

/// The figures of a row, and its way.
pub(super) struct Item<'a> {
    pub(super) way: &'a [crate::trace::Hop],
    pub(super) losses: &'a [crate::trace::Loss],
    pub(super) outputs: u64,
    pub(super) items: u64,
}

impl Reference {
    /// Goes on by a row of a trace: commits an edit, or looks whether the way of an item, or of a run of items, is one path
    /// through the topology, stage by stage.
    ///
    /// At each switch the way goes on to a target of the route. Which one it is, is checked for routes to one target, once,
    /// to all, in turns, by weight, and for failover, given the items before. Those by key, by choice and by generator may
    /// name any of theirs. A way ends early only where a loss is recorded.
    ///
    /// What is not checked: where a stage has made several items of one (or one of several, or has panicked), a row does not
    /// say how many items came to a switch behind it. Any number of them is taken for right then, and the turns of routes by
    /// weight and of failover are unknown from there until the switch is routed again; those of round robin show again in
    /// the next item. So it is where a stage that may hold items back is taken out, for what it gives then leaves no trace. A
    /// run of items says nothing of turns. A `cloned` switch whose targets panic may leave targets out.
    ///
    /// # Errors
    ///
    /// [`Violation`] of G1, or of G3 for an edit that cannot have been made, or not here.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::testing::Reference;
    /// use coroute::{Library, Recording, Route, Switch};
    ///
    /// let model = Switch::new("model").target("v1", |x: i64| x).target("v2", |x: i64| -x);
    /// let mut model = model.route(Route::round_robin(["v1", "v2"])).into_pipeline();
    /// let mut reference = Reference::new(&model.topology(), &Library::new());
    /// model.controller().record(Recording::items())?;
    /// model.send_all(0..2, |_| ())?;
    /// let trace = model.controller().trace();
    /// reference.clone().follow(&trace.rows()[0])?;
    /// let violation = reference.follow(&trace.rows()[1]).unwrap_err();
    /// assert_eq!(violation.to_string(), "G1 is broken at cycle 1: expected model to choose v1, found v2");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn follow(&mut self, row: &TraceRow) -> Result<(), Violation> {
        match row {
            TraceRow::Edit { cycle, revision, changes } => {
                let wrong = |expected, found| Violation::new("G3", Some(*cycle), expected, found);
                if *revision != self.revision + 1 {
                    return Err(wrong(format!("revision {}", self.revision + 1), format!("revision {revision}")));
                }
                if self.holds && changes.iter().any(takes_out) {
                    self.blur();
                }
                match self.commit(changes) {
                    Ok(_) => Ok(()),
                    Err(illegal) => {
                        Err(wrong("a legal edit".to_owned(), format!("{:?}, but {illegal}", line(changes))))
                    }
                }
            }
            TraceRow::Item { cycle, revision, way, outputs, losses, .. } => {
                self.governs(*cycle, *revision)?;
                let item = Item { way: way.hops(), losses, outputs: *outputs, items: 1 };
                self.holds |= losses.iter().any(|loss| matches!(loss.how, Lost::Held | Lost::Merged));
                let visits = self.visits(&item).map_err(|wrong| wrong.at(*cycle))?;
                visits.iter().try_for_each(|visit| self.turn(visit, *cycle))
            }
            TraceRow::Run(Run { revision, first, items, outputs, way, losses, .. }) => {
                self.governs(*first, *revision)?;
                let item = Item { way: way.hops(), losses, outputs: *outputs, items: *items };
                self.holds = true;
                let visits = Walker::new(&item, false).walk(&self.root).map_err(|wrong| wrong.at(*first))?;
                for visit in visits {
                    if let Some(fork) = self.fork_mut(&visit.place)
                        && *items > 0
                    {
                        fork.turns.forget();
                    }
                }
                Ok(())
            }
        }
    }

    /// That an item of this revision can be accepted now.
    fn governs(&self, cycle: u64, revision: u64) -> Result<(), Violation> {
        if revision != self.revision {
            let (expected, found) = (format!("an item of revision {}", self.revision), format!("revision {revision}"));
            return Err(Violation::new("G1", Some(cycle), expected, found));
        }
        if self.paused {
            let expected = "no item while the pipeline is paused".to_owned();
            return Err(Violation::new("G1", Some(cycle), expected, "one".to_owned()));
        }
        Ok(())
    }

    /// What each switch on the way did.
    fn visits(&self, item: &Item<'_>) -> Result<Vec<Visit>, Wrong> {
        let unclear = item.losses.iter().any(|loss| loss.how == Lost::Merged || may_be_a_panic(loss));
        if !unclear {
            let exact = Walker::new(item, true).walk(&self.root);
            // One end of one item: there was one all along.
            if exact.is_ok() || item.outputs + item.losses.len() as u64 <= 1 {
                return exact;
            }
        }
        Walker::new(item, false).walk(&self.root)
    }

    fn turn(&mut self, visit: &Visit, cycle: u64) -> Result<(), Violation> {
        let node = self.node_mut(&visit.place);
        let name = node.name.clone();
        let Kind::Switch(fork) = &mut node.kind else { return Ok(()) };
        let (route, turns) = (&fork.route, &mut fork.turns);
        let names = |targets: &mut dyn Iterator<Item = usize>, none: &str| {
            let names: Vec<&str> = targets.filter_map(|at| Some(route.targets().get(at)?.as_str())).collect();
            if names.is_empty() { none.to_owned() } else { names.join(" ") }
        };
        turns.go_on(route, visit, cycle).map_err(|expected| {
            let expected = format!("{name} to choose {}", names(&mut expected.into_iter(), "none"));
            let found = names(&mut visit.groups.iter().map(|group| group.target), "none");
            Violation::new("G1", Some(cycle), expected, found)
        })
    }
}

/// Whether a stage leaves by the change, and what it holds back goes on.
fn takes_out(change: &Change) -> bool {
    matches!(change, Change::Remove { .. } | Change::Detach { .. } | Change::Replace { keeping: false, .. })
}

/// Whether a failure may have been a panic, which takes more items with it than it tells of.
pub(super) fn may_be_a_panic(loss: &crate::trace::Loss) -> bool {
    loss.how == Lost::Failed && loss.error.as_deref().is_none_or(|error| error == "panicked")
}

impl Wrong {
    fn at(self, cycle: u64) -> Violation {
        Violation::new("G1", Some(cycle), self.expected, self.found)
    }
}
