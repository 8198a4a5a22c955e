//! The report at the end: tables, the ledger, the dead letters.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Write;

use comfy_table::{CellAlignment, LineStyle, Table as Grid, TableStyle};
use coroute::{Failure, Ledger, Trace};

use super::flight::Class;
use super::line::Line;
use super::script::{Watched, not_reached};
use super::sink::{Table, Tally};

/// The names of the carriers, with a line `carrier,name` for each.
const AIRLINES: &str = include_str!("../data/airlines.csv");

/// How many dead letters are printed.
const SHOWN: usize = 20;

/// What came of the job.
pub(crate) struct Summary {
    /// As many as came out of the file.
    pub(crate) rows: u64,
    pub(crate) ledger: Ledger,
    pub(crate) trace: Trace,
    pub(crate) store: Table,
    pub(crate) spool: Table,
    pub(crate) watched: Watched,
    pub(crate) dead: Vec<Letter>,
}

/// A row that a stage could not process.
pub(crate) struct Letter {
    pub(crate) line: u64,
    pub(crate) cycle: u64,
    revision: u64,
    stage: String,
    pub(crate) why: String,
    row: String,
}

impl Letter {
    /// The failure brings the line along; only `parse` has failures that no other target takes.
    pub(crate) fn open(failure: Failure) -> Result<Self, Failure> {
        let (cycle, revision, stage) = (failure.cycle(), failure.revision(), failure.stage().to_string());
        let why = failure.error().to_string();
        let line: Line = failure.into_item()?;
        Ok(Self { line: line.number, cycle, revision, stage, why, row: line.to_string() })
    }
}

impl Summary {
    /// Writes the report; an error if the figures do not add up.
    pub(crate) fn write(&self, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
        let Self { rows, ledger, trace, store, spool, watched, dead } = self;
        for (cycle, title) in not_reached(*rows) {
            writeln!(out, "Cycle {cycle} was not reached: {title}\n")?;
        }
        writeln!(out, "What each sink got: flights, and how many minutes late they came on average\n")?;
        writeln!(out, "{}", by_carrier(store, spool)?)?;
        writeln!(out, "{}", by_class(store, spool))?;
        writeln!(out, "How many minutes each model was off on average, over the flights that it got\n")?;
        writeln!(out, "{}", by_model(store, spool))?;
        if let Some((flight, minutes)) = &watched.latest {
            writeln!(out, "The tap saw {} flights; {flight} came latest, by {minutes} minutes.\n", watched.flights)?;
        }
        writeln!(out, "Which way the rows went, under each revision\n\n{}", indent(&trace.to_string()))?;
        writeln!(
            out,
            "What became of the rows. Those dropped are not wrong, but have no delay: cancelled flights never left,"
        )?;
        writeln!(out, "diverted ones landed elsewhere, or after a stop elsewhere.\n\n{}", indent(&ledger.to_string()))?;
        self.audit(out)?;
        writeln!(out, "Dead letters: {}", dead.len())?;
        for Letter { line, cycle, revision, stage, why, row } in dead.iter().take(SHOWN) {
            writeln!(out, "\n  line {line} (cycle {cycle}, revision {revision}): `{stage}` says {why}\n    {row}")?;
        }
        if dead.len() > SHOWN {
            writeln!(out, "\n  and {} more", dead.len() - SHOWN)?;
        }
        Ok(())
    }

    /// The ledger is the pipeline's own word; here it is held against what went in and what came out.
    fn audit(&self, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
        let Self { rows, ledger, dead, .. } = self;
        let (delivered, dropped, failed) = (ledger.delivered(), ledger.dropped(), ledger.failed());
        let (sunk, dead) = (self.store.total().flights + self.spool.total().flights, dead.len() as u64);
        let sum = delivered + dropped + failed + ledger.in_flight();
        let sides = format!(
            "{rows} rows read; {delivered} delivered + {dropped} dropped + {failed} failed + {} in flight = {sum}",
            ledger.in_flight()
        );
        if (ledger.accepted(), sum, sunk, dead) != (*rows, *rows, delivered, failed) {
            let text = format!("the ledger does not add up: {sides}; the sinks have {sunk}, dead letters {dead}");
            return Err(text.into());
        }
        writeln!(out, "The ledger adds up: {sides}.")?;
        writeln!(
            out,
            "The sinks have {sunk} flights, as many as were delivered; as many rows failed as letters are dead.\n"
        )?;
        Ok(())
    }
}

/// Flights and mean delay of each carrier, by sink.
fn by_carrier(store: &Table, spool: &Table) -> Result<String, csv::Error> {
    let airlines: BTreeMap<String, String> =
        csv::Reader::from_reader(AIRLINES.as_bytes()).deserialize().collect::<Result<_, _>>()?;
    let row = |code: &str, name: &str, store: Tally, spool: Tally| {
        let mut cells = vec![code.to_owned(), name.to_owned()];
        for tally in [store, spool, store.and(spool)] {
            cells.extend([tally.flights.to_string(), tally.mean()]);
        }
        cells
    };
    let codes: BTreeSet<&String> = store.carriers.keys().chain(spool.carriers.keys()).collect();
    let mut rows = Vec::new();
    for code in codes {
        let name = airlines.get(code).map_or("(not in airlines.csv)", String::as_str);
        rows.push(row(code, name, store.carrier(code), spool.carrier(code)));
    }
    rows.push(row("all", "", store.total(), spool.total()));
    Ok(grid(&["code", "carrier", "store", "mean late", "spool", "mean late", "both", "mean late"], rows, 2))
}

/// Flights of each class, by sink.
fn by_class(store: &Table, spool: &Table) -> String {
    let classes = [
        (Class::Early, "early"),
        (Class::OnTime, "less than 15 minutes late"),
        (Class::Late, "15 minutes late or more"),
    ];
    let rows = classes.into_iter().map(|(class, name)| {
        let (store, spool) = (store.class(class), spool.class(class));
        vec![name.to_owned(), store.to_string(), spool.to_string(), (store + spool).to_string()]
    });
    grid(&["came", "store", "spool", "both"], rows, 1)
}

/// Flights and mean error of each model.
fn by_model(store: &Table, spool: &Table) -> String {
    let models: BTreeSet<&str> = store.models.keys().chain(spool.models.keys()).copied().collect();
    let rows = models.into_iter().map(|model| {
        let tally = store.model(model).and(spool.model(model));
        vec![model.to_owned(), tally.flights.to_string(), tally.mean()]
    });
    grid(&["model", "flights", "off by"], rows, 1)
}

/// A table whose first columns, `words` of them, are text, and the others figures.
fn grid(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>, words: usize) -> String {
    const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
    let mut grid = Grid::new();
    grid.load_style(STYLE).set_header(head.iter().copied()).add_rows(rows);
    for column in grid.column_iter_mut().skip(words) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    grid.lines().map(|line| format!(" {}\n", line.trim_end())).collect()
}

/// The text with two spaces before each line.
fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}
