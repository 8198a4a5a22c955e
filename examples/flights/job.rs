//! The job: the loop that feeds the pipeline.

use std::error::Error;
use std::io::{Read, Write};
use std::sync::mpsc;

use coroute::OnFailure;

use super::line::Lines;
use super::pipeline::flights;
use super::report::{Letter, Summary};
use super::row::COLUMNS;
use super::script::{Desk, ROOM, change};
use super::sink::{Store, look};

/// Streams the flights of `input` through the pipeline and changes its route meanwhile; says on `out` what changes.
pub(crate) fn run(input: impl Read, out: &mut impl Write) -> Result<Summary, Box<dyn Error>> {
    let mut lines = Lines::new(input);
    let header = lines.header(&COLUMNS)?;
    let mut desk = Desk::default();
    let (alarm, alarms) = mpsc::channel();
    let (letters, dead) = mpsc::channel();

    let mut pipeline = flights(header, Store::new(ROOM, desk.store.clone(), alarm))
        // The receiver lives as long as the pipeline.
        .on_failure(OnFailure::dead_letter(move |failure| drop(letters.send(failure))))
        .check()?;
    writeln!(
        out,
        "The pipeline at the start. Under each change it stands again, with what is new (`+`), gone (`-`), changed (`~`)."
    )?;
    writeln!(out, "A cycle is one row of the file; cycle 0 is the first row under the header.\n")?;
    let topology = pipeline.topology();
    writeln!(out, "{}", topology.diff(&topology))?;

    let mut rows = 0;
    while let Some(line) = lines.next()? {
        change(rows, &mut pipeline, &mut desk, out)?;
        pipeline.send(line, |()| ())?;
        if let Ok(error) = alarms.try_recv() {
            writeln!(out, "Cycle {rows}: the store fails: {error}")?;
            writeln!(
                out,
                "  this flight and those behind it go to the spool; the route provides for it, nobody edits anything"
            )?;
            writeln!(
                out,
                "  rows that have failed so far: {}; this flight is not one of them\n",
                pipeline.ledger().failed()
            )?;
        }
        rows += 1;
    }
    pipeline.finish(|()| ())?;

    let dead = dead.try_iter().map(Letter::open).collect::<Result<_, _>>()?;
    let (store, spool) = (look(&desk.store).clone(), look(&desk.spool).clone());
    let watched = look(&desk.watched).clone();
    Ok(Summary { rows, ledger: pipeline.ledger(), store, spool, watched, dead })
}
