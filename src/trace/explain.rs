//! Why an item went where it did.

use std::fmt;

use super::{Hop, Loss, Trace, TraceRow, Way};
use crate::change::{Change, line};
use crate::name::{Name, Path};

/// Why a switch chose a target.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum Reason {
    /// The route names no other.
    Only,
    /// The route was for this item only.
    Once,
    /// The route names it among several that each get the item.
    All,
    /// Round robin: it was its turn.
    #[non_exhaustive]
    Turn {
        /// Its place in the round: 1 for the first.
        slot: u64,
        /// How many places the round has.
        of: u64,
    },
    /// By weight: the target has this slot.
    #[non_exhaustive]
    Weight {
        /// The slot: 1 for the first item since the route was committed, or the round began anew.
        slot: u64,
        /// How many slots the round has: the sum of the weights.
        of: u64,
    },
    /// By key.
    #[non_exhaustive]
    Key {
        /// The key's hash.
        hash: u64,
        /// What gives the key, where it has a name.
        by: Option<Name>,
    },
    /// By predicate or choice.
    #[non_exhaustive]
    Chosen {
        /// The target's place in the route: 0 for the first.
        index: u64,
        /// What chose, where it has a name.
        by: Option<Name>,
    },
    /// Failover: those in front of it in the route are out.
    #[non_exhaustive]
    Failover {
        /// Which they are, since which cycle, and after which error.
        out: Vec<(Name, u64, String)>,
    },
    /// A generator named it.
    #[non_exhaustive]
    Named {
        /// Which one, where it has a name.
        by: Option<Name>,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let by = |by: &Option<Name>| by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        match self {
            Self::Only => f.write_str("the route names no other"),
            Self::Once => f.write_str("the route was for this item only"),
            Self::All => f.write_str("every target of the route gets the item"),
            Self::Turn { slot, of } => write!(f, "its turn, {slot} of {of}"),
            Self::Weight { slot, of } => write!(f, "by weight, slot {slot} of {of}"),
            Self::Key { hash, by } => {
                write!(f, "by key{}, hash {hash:016x}", by.as_ref().map(|by| format!(" {by}")).unwrap_or_default())
            }
            Self::Chosen { index, by: name } => write!(f, "chosen{}, number {index} of the route", by(name)),
            Self::Failover { out } if out.is_empty() => f.write_str("the first that works"),
            Self::Failover { out } => {
                f.write_str("the first that works")?;
                out.iter().try_for_each(|(name, since, why)| write!(f, "; {name} is out since cycle {since}: {why}"))
            }
            Self::Named { by: name } => {
                write!(f, "named by the generator{}", name.as_ref().map(|name| format!(" {name}")).unwrap_or_default())
            }
        }
    }
}

/// Why an item went where it did: see [`Trace::explain`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Explanation {
    cycle: u64,
    revision: u64,
    /// The edit that made the revision: its cycle and its changes.
    #[cfg_attr(feature = "serde", serde(rename = "edit"))]
    made: Option<(u64, Vec<Change>)>,
    way: Way,
    outputs: u64,
    losses: Vec<Loss>,
    choices: Vec<Choice>,
}

/// Why the item went to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Choice {
    switch: Path,
    target: Name,
    reason: Reason,
    /// The revision that last routed the switch, and the change that did, if they were recorded.
    routed: Option<(u64, Change)>,
}

impl Trace {
    /// Why the item of `cycle` went where it did: the revision, the edit that made it, what each switch on the way chose by.
    ///
    /// `None` where that item has no row of its own: rows for single items are made by
    /// [`Recording::items`](crate::Recording::items).
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Recording, Route, Switch};
    ///
    /// let model = Switch::new("model").target("v1", |x: i64| x).target("v2", |x: i64| -x).route("v1");
    /// let mut model = model.into_pipeline();
    /// let controller = model.controller();
    /// controller.record(Recording::items())?;
    /// model.send_all(0..2, |_| ())?;
    /// controller.route("model", Route::weighted([("v1", 3), ("v2", 1)]))?;
    /// model.send_all(2..9, |_| ())?;
    /// assert_eq!(
    ///     controller.trace().explain(4).unwrap().to_string(),
    ///     "cycle 4, revision 1: model[v2] -> 1\n\
    ///      revision 1 since cycle 2: route model -> v1:3 v2:1\n\
    ///      model[v2]: by weight, slot 3 of 4; routed by revision 1: v1:3 v2:1\n"
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn explain(&self, cycle: u64) -> Option<Explanation> {
        let is = |row: &&TraceRow| matches!(row, TraceRow::Item { cycle: at, .. } if *at == cycle);
        let row = self.rows.iter().find(is)?;
        let TraceRow::Item { revision, way, outputs, losses, reasons, .. } = row else { return None };
        let edits = || {
            self.rows.iter().rev().filter_map(|row| match row {
                TraceRow::Edit { cycle, revision, changes } => Some((*cycle, *revision, changes)),
                _ => None,
            })
        };
        let made = edits().find(|(_, made, _)| made == revision).map(|(cycle, _, changes)| (cycle, changes.clone()));
        let before = || edits().filter(|(_, made, _)| made <= revision);
        let routed = |switch: &Path| {
            let mut place = Some(switch.clone());
            for (_, made, changes) in before() {
                for change in changes.iter().rev() {
                    let here = place.as_ref()?;
                    if matches!(change, Change::Route { switch, .. } if switch == here) {
                        return Some((made, change.clone()));
                    }
                    place = change.origin(here);
                }
            }
            None
        };
        let targets = way.hops().iter().filter_map(|hop| match hop {
            Hop::Target { switch, target } => Some((switch, target)),
            Hop::Stage(_) => None,
        });
        let choices = targets.zip(reasons).map(|((switch, target), reason)| Choice {
            switch: switch.clone(),
            target: target.clone(),
            reason: reason.clone(),
            routed: routed(switch),
        });
        let choices = choices.collect();
        let (way, losses) = (way.clone(), losses.clone());
        Some(Explanation { cycle, revision: *revision, made, way, outputs: *outputs, losses, choices })
    }
}

impl Explanation {
    /// The revision under which the item went.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The edit that made that revision, if it was recorded.
    #[must_use]
    pub fn edit(&self) -> Option<&[Change]> {
        self.made.as_ref().map(|(_, changes)| &**changes)
    }

    /// What each switch on the way chose, and why, in order.
    pub fn reasons(&self) -> impl Iterator<Item = (&Path, &Name, &Reason)> {
        self.choices.iter().map(|choice| (&choice.switch, &choice.target, &choice.reason))
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cycle, revision, made, way, outputs, losses, choices } = self;
        writeln!(f, "cycle {cycle}, revision {revision}: {way} -> {outputs}")?;
        match made {
            Some((cycle, changes)) => writeln!(f, "revision {revision} since cycle {cycle}: {}", line(changes))?,
            None if *revision == 0 => writeln!(f, "revision 0: as built")?,
            None => writeln!(f, "revision {revision}: the edit that made it is not in the record")?,
        }
        for Choice { switch, target, reason, routed } in choices {
            write!(f, "{switch}[{target}]: {reason}")?;
            match routed {
                Some((by, Change::Route { route, .. })) => writeln!(f, "; routed by revision {by}: {route}")?,
                _ => writeln!(f)?,
            }
        }
        for loss in losses {
            write!(f, "{loss}")?;
            match &loss.error {
                Some(error) => writeln!(f, ": {error}")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}
