//! The guarantees G1 to G3, checked on what a run has left behind: its trace and its ledger.

use super::follow::may_be_a_panic;
use super::reference::Reference;
use super::violation::Violation;
use crate::change::{Change, line};
use crate::ledger::Ledger;
use crate::trace::{Lost, Trace, TraceRow};

/// An edit that was committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// How many items had been accepted then: the cycle of the first item that it governs.
    pub cycle: u64,
    /// The revision that it made.
    pub revision: u64,
    /// Its changes.
    pub changes: Vec<Change>,
}

/// Checks G1, one route: every item of the trace went one way through the topology of one revision, `from` which on the
/// trace goes. In time linear in the rows.
///
/// It is [`Reference::follow`], row by row, where it is said what a way has to be, and what cannot be told. The trace has to
/// begin where the reference is. Of the turns of switches nothing is known where the trace begins behind the first item, nor
/// where it has not every item.
///
/// # Errors
///
/// [`Violation`] of G1 for the first item that went wrong, or of G3 for an edit that does not follow.
pub fn check_g1(trace: &Trace, from: &Reference) -> Result<(), Violation> {
    let mut reference = from.clone();
    if trace.rows().iter().find(|row| row.way().is_some()).is_some_and(|row| row.cycle() > 0) {
        reference.blur();
    }
    trace.rows().iter().try_for_each(|row| {
        reference.follow(row)?;
        if trace.every() != 1 {
            reference.blur();
        }
        Ok(())
    })
}

/// Checks G2, nothing lost and nothing twice: the ledger `after` is balanced, and what was counted since the ledger
/// `before` is what the trace has: items accepted, outputs, items dropped and failed.
///
/// The ledgers were read where the trace begins and where it ends, and the trace is one of items or of runs. A trace that
/// has left something out may have less. So it may where items were held back or merged, or came out late: a trace does not
/// see what stages give when they are taken out or the stream ends. Of failures in a panic it has one.
///
/// For the order of outputs see [`in_order`].
///
/// # Errors
///
/// [`Violation`] of G2 for the first count that is wrong.
///
/// # Examples
///
/// ```
/// use coroute::testing::check_g2;
/// use coroute::{Pipeline, Recording, filter};
///
/// let mut odd = Pipeline::new("odd").stage("keep", filter(|x: &i64| x % 2 == 1));
/// odd.controller().record(Recording::runs())?;
/// let before = odd.ledger();
/// odd.send_all(0..5, |_| ())?;
/// let trace = odd.controller().trace();
/// check_g2(&trace, &before, &odd.ledger())?;
/// odd.send(5, |_| ())?;
/// let violation = check_g2(&trace, &before, &odd.ledger()).unwrap_err();
/// assert_eq!(violation.to_string(), "G2 is broken: expected in the trace 6 accepted, found 5");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check_g2(trace: &Trace, before: &Ledger, after: &Ledger) -> Result<(), Violation> {
    let (before, after) = (Figures::new(before), Figures::new(after));
    before.balanced()?;
    after.balanced()?;
    let mut told = Figures::default();
    let mut late = before.in_flight > 0 || after.in_flight > 0;
    let mut panics = false;
    for row in trace.rows() {
        let (items, outputs, losses) = match row {
            TraceRow::Item { outputs, losses, .. } => (1, *outputs, losses),
            TraceRow::Run(run) => (run.items, run.outputs, &run.losses),
            TraceRow::Edit { .. } => continue,
        };
        told.accepted += items;
        told.delivered += outputs;
        for loss in losses {
            late |= matches!(loss.how, Lost::Held | Lost::Merged);
            panics |= may_be_a_panic(loss);
            match loss.how {
                Lost::Failed => told.failed += items,
                Lost::Dropped | Lost::Merged => told.dropped += items,
                Lost::Held => {}
            }
        }
    }
    let whole = trace.every() == 1 && trace.left_out() == 0 && trace.left_out_later() == 0;
    let same = |what: &str, told: u64, before: u64, after: u64, exact: bool| {
        let counted = after.saturating_sub(before);
        if told == counted || (!exact && told < counted) {
            return Ok(());
        }
        Err(Violation::new("G2", None, format!("in the trace {counted} {what}"), told.to_string()))
    };
    same("accepted", told.accepted, before.accepted, after.accepted, whole)?;
    same("delivered", told.delivered, before.delivered, after.delivered, whole && !late)?;
    same("dropped", told.dropped, before.dropped, after.dropped, whole && !late)?;
    same("failed", told.failed, before.failed, after.failed, whole && !late && !panics)
}

/// The totals of a ledger, or of a trace.
#[derive(Debug, Clone, Copy, Default)]
struct Figures {
    accepted: u64,
    split: u64,
    delivered: u64,
    dropped: u64,
    failed: u64,
    in_flight: u64,
}

impl Figures {
    fn new(ledger: &Ledger) -> Self {
        Self {
            accepted: ledger.accepted(),
            split: ledger.split(),
            delivered: ledger.delivered(),
            dropped: ledger.dropped(),
            failed: ledger.failed(),
            in_flight: ledger.in_flight(),
        }
    }

    fn balanced(&self) -> Result<(), Violation> {
        let (came, went) = (self.accepted + self.split, self.delivered + self.dropped + self.failed + self.in_flight);
        if came == went {
            return Ok(());
        }
        Err(Violation::new("G2", None, format!("{came} items to be accounted for"), went.to_string()))
    }
}

/// That a ledger adds up.
pub(super) fn balanced(ledger: &Ledger) -> Result<(), Violation> {
    Figures::new(ledger).balanced()
}

/// Checks G2, in order: the sequence numbers of outputs increase, so that none is overtaken and none comes twice.
///
/// # Errors
///
/// [`Violation`] of G2 for the first number that does not.
pub fn in_order(numbers: impl IntoIterator<Item = u64>) -> Result<(), Violation> {
    let mut before: Option<u64> = None;
    for (at, number) in numbers.into_iter().enumerate() {
        if let Some(last) = before.replace(number).filter(|last| number <= *last) {
            let expected = format!("a number above {last} as output {at}");
            return Err(Violation::new("G2", None, expected, number.to_string()));
        }
    }
    Ok(())
}

/// Checks G3, atomic edits: the trace has the edits that were `committed`, each whole, in the order of revisions and where
/// it took effect, and each item is under the revision of the last edit before it.
///
/// # Errors
///
/// [`Violation`] of G3 for the first row that is wrong. An edit that the trace does not have is missed unless the trace has
/// left something out.
pub fn check_g3(trace: &Trace, committed: &[Committed]) -> Result<(), Violation> {
    let wrong = |cycle, expected, found| Err(Violation::new("G3", Some(cycle), expected, found));
    let mut expected = committed.iter().peekable();
    if trace.left_out() > 0 {
        let first = trace.rows().first().map_or(u64::MAX, TraceRow::revision);
        while expected.next_if(|edit| edit.revision < first).is_some() {}
    }
    let mut revision = expected.peek().map(|edit| edit.revision.saturating_sub(1));
    // The last edit's cycle, and the last item's.
    let (mut since, mut last) = (0, None);
    for row in trace.rows() {
        let cycle = row.cycle();
        let (first, end) = match row {
            TraceRow::Edit { revision: made, changes, .. } => {
                let Some(edit) = expected.next() else {
                    return wrong(cycle, "no edit".to_owned(), format!("revision {made}: {}", line(changes)));
                };
                let text = |cycle: u64, revision: u64, changes: &[Change]| {
                    format!("revision {revision} in front of item {cycle}: {}", line(changes))
                };
                if (cycle, *made, changes) != (edit.cycle, edit.revision, &edit.changes) {
                    let expected = text(edit.cycle, edit.revision, &edit.changes);
                    return wrong(cycle, expected, text(cycle, *made, changes));
                }
                if last.is_some_and(|last| last >= cycle) || cycle < since {
                    return wrong(
                        cycle,
                        "the edit in front of the first item that it governs".to_owned(),
                        "it behind that".to_owned(),
                    );
                }
                (since, revision) = (cycle, Some(*made));
                continue;
            }
            TraceRow::Item { .. } => (cycle, cycle),
            TraceRow::Run(run) => (run.first, run.last),
        };
        let under = *revision.get_or_insert(row.revision());
        if row.revision() != under {
            return wrong(cycle, format!("an item under revision {under}"), format!("revision {}", row.revision()));
        }
        if first < since {
            return wrong(first, format!("an item from {since} on"), first.to_string());
        }
        if let (TraceRow::Item { .. }, Some(before)) = (row, last)
            && (cycle <= before || (trace.every() == 1 && cycle != before + 1))
        {
            return wrong(cycle, format!("the item behind {before}"), cycle.to_string());
        }
        last = last.max(Some(end));
    }
    match expected.next().filter(|_| trace.left_out_later() == 0) {
        None => Ok(()),
        Some(edit) => {
            let expected = format!("revision {}: {}", edit.revision, line(&edit.changes));
            wrong(edit.cycle, expected, "no such edit".to_owned())
        }
    }
}

/// The trace with other rows, to see that a check fails.
///
/// # Examples
///
/// ```
/// use coroute::testing::{altered, check_g3};
/// use coroute::{Pipeline, Recording};
///
/// let mut pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1);
/// pipeline.controller().record(Recording::items())?;
/// pipeline.send_all(0..3, |_| ())?;
/// let trace = pipeline.controller().trace();
/// assert!(check_g3(&trace, &[]).is_ok());
/// assert!(check_g3(&altered(&trace, |rows| rows.swap(0, 1)), &[]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn altered(trace: &Trace, alter: impl FnOnce(&mut Vec<TraceRow>)) -> Trace {
    let mut rows = trace.rows().to_vec();
    alter(&mut rows);
    trace.with_rows(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn g2_a_ledger_that_does_not_add_up_is_found() {
        let mut figures = Figures { accepted: 5, split: 2, delivered: 3, dropped: 2, failed: 1, in_flight: 1 };
        assert_eq!(figures.balanced(), Ok(()));
        figures.failed = 0;
        let violation = figures.balanced().unwrap_err();
        assert_eq!(violation.to_string(), "G2 is broken: expected 7 items to be accounted for, found 6");
    }
}
