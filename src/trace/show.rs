//! A trace as text, row by row.

use std::fmt::{self, Write};

use super::{Trace, TraceRow};
use crate::change::line;

/// The cells of a row: when, revision, way, how many items, what came of it.
struct Cells {
    when: String,
    revision: String,
    way: String,
    items: String,
    rest: String,
}

impl Trace {
    /// What is not in the rows, before them and after.
    pub(super) fn gaps(&self) -> (String, String) {
        let (mut before, mut after) = (String::new(), String::new());
        if self.every > 1 {
            before += &format!("(every {} item)\n", ordinal(self.every));
        }
        if self.earlier > 0 {
            let what = if self.earlier == 1 { "item or edit" } else { "items and edits" };
            before += &format!("({} earlier {what} left out)\n", self.earlier);
        }
        if self.later > 0 {
            after += &format!("({} later items and edits left out: the budget is used up)\n", self.later);
        }
        (before, after)
    }

    /// How wide the largest cycle is that a row begins with.
    fn digits(&self) -> usize {
        self.rows.iter().map(TraceRow::cycle).max().unwrap_or(0).to_string().len()
    }

    fn cells(row: &TraceRow, word: &str, digits: usize) -> Cells {
        let mut when = format!("{word} {:>digits$}", row.cycle());
        let revision = format!("r{}", row.revision());
        let empty = String::new;
        let mut cells = Cells { when: empty(), revision, way: empty(), items: empty(), rest: empty() };
        match row {
            TraceRow::Edit { changes, .. } => cells.way = format!("= {}", line(changes)),
            TraceRow::Item { way, outputs, values, losses, .. } => {
                cells.way = way.to_string();
                cells.items = format!("-> {outputs}");
                if !values.is_empty() {
                    cells.items += &format!(" [{}]", values.join(", "));
                }
                cells.rest = list(losses);
            }
            TraceRow::Run(run) => {
                if run.last > run.first {
                    when = format!("cycles {:>digits$}..={}", run.first, run.last);
                }
                cells.way = run.way.to_string();
                cells.items = run.items.to_string();
                cells.rest = if run.items == 1 { "item".into() } else { "items".into() };
                // Where the losses say it all, the outputs do not say it again.
                if run.outputs != run.items && (run.outputs > 0 || run.losses.is_empty()) {
                    cells.rest += &format!(" -> {}", run.outputs);
                }
                if !run.losses.is_empty() {
                    cells.rest += &format!("  {}", list(&run.losses));
                }
            }
        }
        Cells { when, ..cells }
    }
}

/// Where and how items were lost; what happened several times is counted.
fn list(losses: &[super::Loss]) -> String {
    let mut counted: Vec<(String, usize)> = Vec::new();
    for text in losses.iter().map(ToString::to_string) {
        match counted.iter_mut().find(|(known, _)| *known == text) {
            Some((_, count)) => *count += 1,
            None => counted.push((text, 1)),
        }
    }
    let text = |(text, count): &(String, usize)| if *count == 1 { text.clone() } else { format!("{count} {text}") };
    counted.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// `2nd`, `3rd`, `100th`.
fn ordinal(number: u64) -> String {
    let ending = match (number % 10, number % 100) {
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    };
    format!("{number}{ending}")
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = self.gaps();
        f.write_str(&before)?;
        let digits = self.digits();
        // Beside `cycles`, `cycle` takes as much room.
        let folded = self.rows.iter().any(|row| matches!(row, TraceRow::Run(run) if run.last > run.first));
        let word = if folded { "cycle " } else { "cycle" };
        let rows: Vec<Cells> = self.rows.iter().map(|row| Self::cells(row, word, digits)).collect();
        let width = |cell: fn(&Cells) -> &str| rows.iter().map(|row| cell(row).chars().count()).max().unwrap_or(0);
        let (when, revision) = (width(|row| &row.when), width(|row| &row.revision));
        let way = rows.iter().filter(|row| !row.items.is_empty()).map(|row| row.way.chars().count()).max().unwrap_or(0);
        let items = width(|row| &row.items);
        let mut line = String::new();
        for (cells, row) in rows.iter().zip(&self.rows) {
            line.clear();
            write!(line, "{:<when$}  {:<revision$}  {:<way$}", cells.when, cells.revision, cells.way)?;
            match row {
                TraceRow::Item { .. } => write!(line, "  {:<items$}  {}", cells.items, cells.rest)?,
                TraceRow::Run(_) => write!(line, "  {:>items$} {}", cells.items, cells.rest)?,
                TraceRow::Edit { .. } => {}
            }
            writeln!(f, "{}", line.trim_end())?;
        }
        f.write_str(&after)
    }
}
