//! The job: the loop that feeds the pipeline, whatever that runs on.

use std::error::Error;
use std::io::{Read, Write};
use std::sync::mpsc::{self, Receiver};

use coroute::trace::TraceRow;
use coroute::{Controller, Failure, OnFailure, Recording};

use super::engine::{Engine, Which};
use super::line::Lines;
use super::pipeline::flights;
use super::report::{Letter, Summary};
use super::row::COLUMNS;
use super::script::{Desk, REPAIR, ROOM, change, is_due, reads_figures};
use super::sink::{Store, look};

/// Streams the flights of `input` through the pipeline and changes its route meanwhile; says on `out` what changes.
pub(crate) async fn run(input: impl Read, which: Which, out: &mut impl Write) -> Result<Summary, Box<dyn Error>> {
    let mut lines = Lines::new(input);
    let header = lines.header(&COLUMNS)?;
    let mut desk = Desk::default();
    let (alarm, alarms) = mpsc::channel();
    let (letters, failures) = mpsc::channel();

    let pipeline = flights(header, Store::new(ROOM, desk.store.clone(), alarm))
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

    let mut engine = Engine::start(which, pipeline)?;
    let controller = engine.controller();
    controller.record(Recording::runs())?;
    let mut post = Post { alarms, failures, dead: Vec::new() };
    let mut rows = 0;
    while let Some(line) = lines.next()? {
        if is_due(rows) {
            if reads_figures(rows) {
                engine.flush().await?
            } else {
                engine.settle().await?
            }
            if rows == REPAIR {
                post.open(&controller, out)?;
            }
            change(rows, &mut engine, &mut desk, out).await?;
        }
        engine.send(line).await?;
        rows += 1;
    }
    let ledger = engine.finish().await?;
    post.open(&controller, out)?;

    let (store, spool) = (look(&desk.store).clone(), look(&desk.spool).clone());
    let watched = look(&desk.watched).clone();
    Ok(Summary { rows, ledger, trace: controller.trace(), store, spool, watched, dead: post.dead })
}

/// What the pipeline has to say: the store's alarm, and failures.
struct Post {
    alarms: Receiver<String>,
    failures: Receiver<Failure>,
    dead: Vec<Letter>,
}

impl Post {
    /// Takes the letters, and says where the store has failed since the last time.
    fn open(&mut self, controller: &Controller, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
        for failure in self.failures.try_iter() {
            self.dead.push(Letter::open(failure)?);
        }
        let Some(error) = self.alarms.try_iter().last() else { return Ok(()) };
        // The flight that was tried at the store and then at the spool: the trace has its cycle.
        let trace = controller.trace();
        let both = |row: &&TraceRow| row.way().is_some_and(|way| way.to_string().ends_with("sink[store spool]"));
        let Some(cycle) = trace.rows().iter().rfind(both).map(TraceRow::cycle) else { return Ok(()) };
        let failed = self.dead.iter().filter(|letter| letter.cycle < cycle).count();
        writeln!(out, "Cycle {cycle}: the store fails: {error}")?;
        writeln!(
            out,
            "  this flight and those behind it go to the spool; the route provides for it, nobody edits anything"
        )?;
        writeln!(out, "  rows that have failed so far: {failed}; this flight is not one of them\n")?;
        Ok(())
    }
}
