//! Binding: whether a script can be played on a pipeline, found out before an item flows.

use std::collections::HashSet;

use super::explore::Explorer;
use super::play::Player;
use super::report::Report;
use super::timeline::Timeline;
use super::{Expectation, Script, ScriptError, Statement};
use crate::controller::Controller;
use crate::library::{Library, Making, Shams};
use crate::name::Path;

impl Script {
    /// Checks the script against the pipeline as it will be at each point of it, and makes a [`Player`] of it. The pipeline
    /// is not touched.
    ///
    /// Every edit has to be legal where it stands, after those in front of it; one with `when` wherever it may come, and
    /// what comes later, whether it has come or not. A count at a path is 0 until something is there; of two `when`s on the
    /// same count (but `held` and `revision`) the one that stands in front comes no later, if it holds whenever the other
    /// does. In a script without `when` each cycle that something is due at has to come: the pipeline is not paused by
    /// then, nor has a switch that every item passes the route `none`.
    ///
    /// What an `expect` names has to be there; whether it is as expected is seen in the run. A script that was bound without a mistake has no edit refused in the run, unless somebody else
    /// edits the pipeline meanwhile.
    ///
    /// Makers of pipelines and switches are called once each, to know what is inside; no other maker is called.
    ///
    /// # Errors
    ///
    /// All mistakes at once. What only follows from another mistake is left out.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Change, Library, Pipeline, Position, Script};
    ///
    /// let pipeline = Pipeline::new("sum").stage("add", |x: i64| x + 1);
    /// let library = Library::new().stage("neg", || |x: i64| -x);
    /// let script = Script::new()
    ///     .at(2, [Change::insert("neg", Position::after("add")?)?])
    ///     .at(3, [Change::remove("neg")?, Change::Pause]);
    /// let player = script.bind(&library, &pipeline.controller())?;
    /// assert_eq!(player.next_due(), Some(2));
    ///
    /// let early = Script::new().at(1, [Change::remove("neg")?]);
    /// assert!(early.bind(&library, &pipeline.controller()).is_err(), "there is no neg yet");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn bind(&self, library: &Library, controller: &Controller) -> Result<Player, ScriptError> {
        let (text, places) = self.placed()?;
        let statements = self.statements();
        let mut report = Report::new(statements, &text, &places);
        library.mistakes().for_each(|mistake| report.general(mistake));
        let accepted = controller.totals().accepted();
        let timeline = Timeline::new(statements, accepted);
        match controller.model() {
            Err(refusal) => report.general(format!("no edit can be made: {refusal}")),
            Ok((plan, paused)) => {
                let (mut shams, mut lacking) = (Shams::new(), HashSet::new());
                for (at, statement) in statements.iter().enumerate() {
                    if let Err(lacks) = library.edit(statement.changes(), &mut Making::Sham(&mut shams)) {
                        report.lacks(at, lacks);
                        lacking.insert(at);
                    }
                    passed(&mut report, at, statement, accepted);
                }
                let mut explorer = Explorer::new(library, statements, report, (shams, lacking), (plan, paused));
                for (at, statement) in statements.iter().enumerate() {
                    speaks_of(&mut explorer, at, statement);
                }
                report = explorer.walk(timeline.clone(), accepted);
            }
        }
        if !report.mistakes.is_empty() {
            let mistakes = report.mistakes;
            return Err(ScriptError::new(text, mistakes));
        }
        let lines = lines(&text, places.iter().map(|place| place.start));
        Ok(Player::new(controller.clone(), library.clone(), statements.to_vec(), lines, timeline, accepted))
    }
}

/// That a cycle has not passed yet.
fn passed(report: &mut Report<'_>, at: usize, statement: &Statement, accepted: u64) {
    let cycle = match statement {
        Statement::At { cycle, .. } | Statement::Expect { at: Some(cycle), .. } => *cycle,
        Statement::Every { from, .. } => *from,
        _ => return,
    };
    if cycle < accepted {
        let message = format!("cycle {cycle} has passed: the pipeline has accepted {accepted} items already");
        report.cycle(at, cycle, message);
        report.give_up(at);
    }
}

/// Notes down the paths that have to be there at some time.
fn speaks_of(explorer: &mut Explorer<'_>, at: usize, statement: &Statement) {
    match statement {
        Statement::When { condition, .. } | Statement::Expect { what: Expectation::Count(condition), .. } => {
            condition.of.iter().for_each(|of| explorer.want(at, of.clone()));
        }
        Statement::Expect { what: Expectation::Has(path) | Expectation::No(path), .. } => {
            let around = path.split_last().map(|(around, _)| around).filter(|around| !around.names().is_empty());
            around.into_iter().for_each(|around| explorer.want(at, around));
        }
        Statement::Expect { what: Expectation::Stages { of, names }, .. } => {
            for name in names {
                let within = of.clone().unwrap_or_else(Path::default);
                explorer.want(at, within.join(name));
            }
        }
        _ => {}
    }
}

/// The lines, from 1, of places in ascending order.
fn lines(text: &str, places: impl Iterator<Item = usize>) -> Vec<usize> {
    let (mut line, mut from) = (1, 0);
    places
        .map(|place| {
            line += text[from..place].matches('\n').count();
            from = place;
            line
        })
        .collect()
}
