//! What happened, and the proof that no line was lost.

use std::collections::BTreeMap;
use std::fmt;

use comfy_table::{CellAlignment, LineStyle, Table as Grid, TableStyle};
use coroute::{Ledger, Topology};

use super::job::Error;
use super::receiver::Receiver;
use super::supervisor::Log;
use super::writer::rows;

pub(crate) struct Report {
    /// How many lines were written to the file.
    pub(crate) lines: u64,
    pub(crate) topology: Topology,
    pub(crate) receivers: [Receiver; 2],
    pub(crate) log: Log,
    pub(crate) ledger: Ledger,
}

/// What the receivers have, taken together and held against what was written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) arrived: u64,
    /// Arrivals of a line that one of the receivers had already.
    pub(crate) again: u64,
    /// Lines that neither has.
    pub(crate) lost: Vec<u64>,
    /// Lines that are not what was written, or have a number that was not.
    pub(crate) wrong: Vec<u64>,
}

impl Report {
    pub(crate) fn count(&self) -> Count {
        let written: BTreeMap<u64, &str> = (1..).zip(rows(self.lines)).collect();
        let stores = self.receivers.each_ref().map(Receiver::store);
        let times: u64 = stores.iter().flat_map(|store| store.values()).map(|stored| stored.times).sum();
        let lost: Vec<u64> =
            written.keys().filter(|number| !stores.iter().any(|store| store.contains_key(number))).copied().collect();
        let wrong = stores.iter().flat_map(|store| store.iter());
        let wrong = wrong.filter(|(number, stored)| written.get(number) != Some(&stored.line.as_str()));
        let wrong = wrong.map(|(number, _)| *number).collect();
        let arrived = self.lines - lost.len() as u64;
        Count { arrived, again: times.saturating_sub(arrived), lost, wrong }
    }

    /// Whether all that was written has arrived, as it was written, and the counts add up.
    pub(crate) fn verdict(&self) -> Result<(), Error> {
        let Count { lost, wrong, .. } = self.count();
        let Self { lines, ledger, log, .. } = self;
        if !lost.is_empty() {
            return Err(format!("{} lines were lost: {lost:?}", lost.len()).into());
        }
        if !wrong.is_empty() {
            return Err(format!("{} lines are not as they were written: {wrong:?}", wrong.len()).into());
        }
        let sent = lines + log.refused + log.unacknowledged;
        if !ledger.is_balanced() || ledger.accepted() != sent || ledger.in_flight() > 0 {
            return Err(format!("the ledger does not add up: {sent} lines went in\n{ledger}").into());
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lines, topology, receivers, log, ledger } = self;
        writeln!(f, "{lines} lines are written to a file, tailed while it grows, and shipped over TCP.\n")?;
        writeln!(f, "{topology}")?;
        writeln!(
            f,
            "The primary dies and is started again; later the standby stops reading. A cut is between two cycles, and"
        )?;
        writeln!(f, "a cycle is a line that the pipeline took in; inside are those that had not left it yet.\n")?;
        let changes = log.changes.iter().map(|change| {
            let last = change.cut.last_old.map_or("-".into(), |cycle| cycle.to_string());
            let first = change.cut.first_new.to_string();
            let (revision, inside) = (change.revision.to_string(), change.inside.to_string());
            vec![change.what.clone(), revision, last, first, inside, change.why.clone()]
        });
        writeln!(f, "{}", grid(&["change", "revision", "last old", "first new", "inside", "why"], changes))?;
        let came = receivers.iter().map(|receiver| {
            let store = receiver.store();
            let times: u64 = store.values().map(|stored| stored.times).sum();
            vec![receiver.name.to_owned(), store.len().to_string(), (times - store.len() as u64).to_string()]
        });
        writeln!(f, "{}", grid(&["receiver", "lines", "twice"], came))?;
        let Count { arrived, again, .. } = self.count();
        let counts = [
            ("written to the file", *lines),
            ("sent again, as it came back in a failure", log.refused),
            ("sent again, as nobody had acknowledged it", log.unacknowledged),
            ("taken in by the pipeline", ledger.accepted()),
            ("  delivered to a connection", ledger.delivered()),
            ("  failed", ledger.failed()),
            ("arrived", arrived),
            ("arrived, and had arrived before", again),
        ];
        let counts = counts.into_iter().map(|(what, lines)| vec![what.to_owned(), lines.to_string()]);
        writeln!(f, "{}", grid(&["lines", ""], counts))?;
        writeln!(f, "Each line arrives at least once; its number tells a receiver what it has already.")?;
        // Else the program ends with the error.
        if self.verdict().is_ok() { writeln!(f, "no line was lost") } else { Ok(()) }
    }
}

/// A table whose columns are figures, but for the first and the one of reasons.
fn grid(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
    let mut grid = Grid::new();
    grid.load_style(STYLE).set_header(head.iter().copied()).add_rows(rows);
    for column in grid.column_iter_mut().skip(1).take(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    grid.lines().map(|line| format!(" {}\n", line.trim_end())).collect()
}
