//! Plays a script on a pipeline.

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use coroute::script::{RunFault, Unmet};
use coroute::{PlayError, Player, Script};

use super::args::{Form, Options, Task, Which};
use super::report::Report;
use super::scene::Scene;
use super::{flights, json, numbers, text};

/// How it went.
pub(crate) enum Outcome {
    Good,
    /// What is wrong with the script.
    Bad(String),
}

/// Does what the options say, and writes what came of it.
pub(crate) fn run(options: &Options, out: &mut impl Write) -> Result<Outcome, Box<dyn Error>> {
    let source = options.script.as_deref().map(read).transpose()?;
    let which = match (options.pipeline, source.as_deref().and_then(named_in)) {
        (Some(which), _) => which,
        (None, Some(name)) => Which::from_name(name)?,
        (None, None) => {
            return Err("which pipeline? Begin the script with `# pipeline: NAME`, or add --pipeline".into());
        }
    };
    let input = match options.task {
        Task::Play => Some(options.open(which)?),
        Task::Check | Task::List => None,
    };
    let source = source.unwrap_or_default();
    match which {
        Which::Flights => on(flights::scene(input)?, options, &source, out),
        Which::Text => on(text::scene(input.unwrap_or_else(|| Box::new(io::empty()))), options, &source, out),
        Which::Sum => on(numbers::sum(input.unwrap_or_else(|| Box::new(io::empty()))), options, &source, out),
        Which::Source => on(numbers::source(input.unwrap_or_else(|| Box::new(io::empty()))), options, &source, out),
    }
}

fn read(script: &Path) -> Result<String, String> {
    fs::read_to_string(script).map_err(|error| format!("cannot read {}: {error}", script.display()))
}

/// The pipeline that is named in a comment in front of the first statement.
fn named_in(source: &str) -> Option<&str> {
    let mut comments = source.trim_start_matches('\u{feff}').lines().map_while(|line| match line.trim_start() {
        "" => Some(""),
        line => line.strip_prefix('#'),
    });
    comments.find_map(|comment| comment.trim().strip_prefix("pipeline:")).map(str::trim)
}

fn on<In, Out>(
    scene: Scene<In, Out>,
    options: &Options,
    source: &str,
    out: &mut impl Write,
) -> Result<Outcome, Box<dyn Error>>
where
    In: Send + 'static,
    Out: Send + 'static,
{
    let Scene { mut pipeline, library, items, recording, notes } = scene;
    let before = pipeline.topology();
    if options.task == Task::List {
        write!(out, "{before}\n{library}")?;
        return Ok(Outcome::Good);
    }
    let file = options.script.as_deref().unwrap_or(Path::new("")).display().to_string();
    let controller = pipeline.controller();
    let bound = source.parse().and_then(|script: Script| Ok((script.bind(&library, &controller)?, script)));
    let (mut player, script) = match bound {
        Ok(bound) => bound,
        Err(mistakes) => return Ok(Outcome::Bad(format!("{file} has mistakes\n\n{mistakes}"))),
    };
    if options.task == Task::Check {
        writeln!(
            out,
            "{file}: {} statements for the pipeline {}, no mistake",
            script.statements().len(),
            before.root().name()
        )?;
        return Ok(Outcome::Good);
    }
    controller.record(recording)?;
    let mut broken = None;
    let items = items.map_while(|item| item.map_err(|error| broken = Some(error)).ok());
    let (mut stopped, unmet) = match player.run(&mut pipeline, items, drop).map_err(|stopped| stopped.error) {
        Ok(()) => (None, Vec::new()),
        Err(RunFault::Play(PlayError::Unmet(unmet))) => (None, unmet),
        // Such as a route to nowhere: what stops the run is the script's doing.
        Err(fault) => {
            let cycle = pipeline.ledger().accepted();
            (Some(format!("it came to cycle {cycle}: {fault}")), left_unmet(&mut player))
        }
    };
    if let Some(error) = broken {
        return Err(error);
    }
    if stopped.is_none() {
        stopped = pipeline.finish(drop).err().map(|error| format!("it came to the end: {error}"));
    }
    let (after, trace, ledger) = (pipeline.topology(), controller.stop_recording(), pipeline.ledger());
    let missed = player.missed().to_vec();
    let report = Report { file, script, before, after, trace, ledger, notes: notes.take(), unmet, missed };
    match options.form {
        Form::Text => write!(out, "{report}")?,
        Form::Json => writeln!(out, "{:#}", json::document(&report))?,
        Form::Mermaid => write!(out, "{}", report.after.mermaid().counts(&report.ledger))?,
        Form::Dot => write!(out, "{}", report.after.dot().counts(&report.ledger))?,
    }
    Ok(match stopped {
        Some(why) => Outcome::Bad(format!("{} does not hold\n\n{why}", report.file)),
        None if report.unmet.is_empty() => Outcome::Good,
        None => Outcome::Bad(report.complaint()),
    })
}

/// What a run that was stopped did not fulfil.
fn left_unmet(player: &mut Player) -> Vec<Unmet> {
    loop {
        match player.end() {
            // It goes on behind what was refused.
            Err(PlayError::Refused { .. }) => {}
            Err(PlayError::Unmet(unmet)) => return unmet,
            _ => return Vec::new(),
        }
    }
}
