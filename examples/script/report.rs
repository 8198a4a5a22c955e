//! What came of a script, as text.

use std::fmt;

use coroute::script::{Missed, Statement, Unmet};
use coroute::trace::TraceRow;
use coroute::{Ledger, Script, Topology, Trace};

/// How many outputs and notes are printed.
const SHOWN: usize = 30;

/// How many columns the marbles have at the most.
const COLUMNS: u64 = 100;

/// What came of a script.
pub(crate) struct Report {
    /// The script's file, as it was given.
    pub(crate) file: String,
    pub(crate) script: Script,
    pub(crate) before: Topology,
    pub(crate) after: Topology,
    pub(crate) trace: Trace,
    pub(crate) ledger: Ledger,
    /// What taps have noted down.
    pub(crate) notes: Vec<String>,
    pub(crate) unmet: Vec<Unmet>,
    pub(crate) missed: Vec<Missed>,
}

impl Report {
    /// The expectations in the order of the script, each with what there was instead, if it was not met.
    pub(crate) fn expectations(&self) -> impl Iterator<Item = (&Statement, Option<&Unmet>)> {
        self.script.statements().iter().filter_map(|statement| {
            let Statement::Expect { at, what } = statement else { return None };
            let expected = what.to_string();
            Some((statement, self.unmet.iter().find(|unmet| unmet.cycle == *at && unmet.expected == expected)))
        })
    }

    /// The cycles that gave something, with their revisions and outputs; none where outputs were not recorded.
    pub(crate) fn outputs(&self) -> impl Iterator<Item = (u64, u64, &[String])> {
        self.trace.rows().iter().filter_map(|row| match row {
            TraceRow::Item { cycle, revision, values, .. } if !values.is_empty() => {
                Some((*cycle, *revision, values.as_slice()))
            }
            _ => None,
        })
    }

    /// Why the script is not taken for one that holds.
    pub(crate) fn complaint(&self) -> String {
        let mut unmet: Vec<&Unmet> = self.unmet.iter().collect();
        unmet.sort_by_key(|unmet| unmet.line);
        let lines: Vec<String> = unmet.into_iter().map(ToString::to_string).collect();
        format!("{} does not hold\n\n{}", self.file, lines.join("\n"))
    }

    /// So many cycles a column that the marbles fit beside each other: 1, 2, 5, 10, 20, 50 and so on.
    fn scale(&self) -> u64 {
        let needed = self.ledger.accepted().div_ceil(COLUMNS);
        let mut scales = (0..19).flat_map(|power| [1, 2, 5].map(|digit| digit * 10_u64.pow(power)));
        scales.find(|scale| *scale >= needed).unwrap_or(u64::MAX)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, before, after, trace, ledger, notes, missed, .. } = self;
        writeln!(f, "{file} on the pipeline {}\n", before.root().name())?;
        title(f, "Expectations")?;
        for (statement, unmet) in self.expectations() {
            match unmet {
                None => writeln!(f, "met    {statement}")?,
                Some(Unmet { found: Some(found), .. }) => writeln!(f, "unmet  {statement}; found {found}")?,
                Some(_) => writeln!(f, "unmet  {statement}; the run ended before")?,
            }
        }
        missed.iter().try_for_each(|missed| writeln!(f, "missed {missed}"))?;
        let outputs: Vec<String> = self
            .outputs()
            .map(|(cycle, revision, values)| format!("{cycle:>5}  r{revision}  {}", values.join(" | ")))
            .collect();
        some_of(f, "Outputs, by cycle and revision", &outputs)?;
        some_of(f, "Noted by taps", notes)?;
        title(f, "\nMarbles")?;
        write!(f, "{}", trace.marbles().per(self.scale()))?;
        title(f, "\nRuns")?;
        write!(f, "{}", trace.runs())?;
        title(f, "\nLedger")?;
        write!(f, "{ledger}")?;
        title(f, "\nTopology: + new, - gone, ~ changed")?;
        write!(f, "{}", before.diff(after))
    }
}

fn title(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let line = "-".repeat(text.trim_start().chars().count());
    writeln!(f, "{text}\n{line}")
}

/// A list with its title, if there is anything in it.
fn some_of(f: &mut fmt::Formatter<'_>, name: &str, list: &[String]) -> fmt::Result {
    if list.is_empty() {
        return Ok(());
    }
    title(f, &format!("\n{name}"))?;
    list.iter().take(SHOWN).try_for_each(|line| writeln!(f, "{line}"))?;
    match list.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(f, "and {more} more"),
    }
}
