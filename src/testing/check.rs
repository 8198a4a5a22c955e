//! A whole run under a script, with everything checked that can be.

use super::checks::{Committed, balanced, check_g1, check_g2, check_g3};
use super::reference::Reference;
use super::report::Report;
use super::violation::{Illegal, Violation};
use crate::change::{Change, line};
use crate::controller::Controller;
use crate::edit::EditError;
use crate::error::{Refusal, SendError};
use crate::library::{Library, Making};
use crate::pipeline::Pipeline;
use crate::receipt::Receipt;
use crate::script::{Script, Statement};
use crate::trace::Recording;

/// Sends `items` through `pipeline`, plays `script` along, and checks G0 to G3.
///
/// The script need not be legal. Each edit is given to the pipeline and to a [`Reference`], which have to agree whether it
/// is refused, and for which of its changes (G0). One that is made has to leave the pipeline as the reference says; one that
/// is refused has to leave topology and ledger as they were. A script of nothing but `at` has to be bound if, and only if, no
/// edit of it is refused; one that holds items back from one cycle to the next of its edits is not bound. The run is recorded (in place of a recording that is under way), and its trace and the ledger are
/// checked: [`check_g1`], [`check_g2`], [`check_g3`].
///
/// Statements are played in front of the items, as a [`Player`](crate::Player) does. Where an item is not accepted,
/// because the pipeline is paused or a switch has no target, the next edits of the script come early. An item that fails is
/// counted by the ledger, and the run goes on.
///
/// # Errors
///
/// The first [`Violation`].
///
/// # Panics
///
/// When a stage or a maker of the library does.
///
/// # Examples
///
/// ```
/// use coroute::testing::check;
/// use coroute::{Library, Pipeline, Script};
///
/// let mut pipeline = Pipeline::new("p").stage("add", |x: u64| x + 1).stage("show", |x: u64| x.to_string());
/// let script: Script = "at 2 remove add
///                       at 3 remove show".parse()?;
/// let report = check(&mut pipeline, &Library::new(), &script, 0..5)?;
/// assert_eq!(report.outputs, ["1", "2", "2", "3", "4"]);
/// assert_eq!(report.to_string(), "5 outputs, 1 edits, 1 refused, 0 unmet, 0 items unsent");
/// assert_eq!(report.refused[0].to_string(), "cannot remove show: it turns u64 into String");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn check<In, Out>(
    pipeline: &mut Pipeline<In, Out>,
    library: &Library,
    script: &Script,
    items: impl IntoIterator<Item = In>,
) -> Result<Report<Out>, Violation>
where
    In: Send + 'static,
    Out: Send + 'static,
{
    check_against(Reference::commit, pipeline, library, script, items)
}

/// What commits an edit to a reference.
type Rules = fn(&mut Reference, &[Change]) -> Result<u64, Illegal>;

/// As [`check`], by these rules.
fn check_against<In, Out>(
    rules: Rules,
    pipeline: &mut Pipeline<In, Out>,
    library: &Library,
    script: &Script,
    items: impl IntoIterator<Item = In>,
) -> Result<Report<Out>, Violation>
where
    In: Send + 'static,
    Out: Send + 'static,
{
    pipeline.apply();
    let controller = pipeline.controller();
    let before = pipeline.ledger();
    let mut start = Reference::new(&pipeline.topology(), library);
    if before.accepted() > 0 {
        start.blur();
    }
    binds(script, library, &controller, &start, rules)?;
    // Values are not shown, so that no type can be wrong.
    let _ = controller.record(Recording::items().budget(usize::MAX));
    let mut run = Run {
        rules,
        library,
        controller: &controller,
        reference: start.clone(),
        statements: script.statements(),
        fired: vec![false; script.statements().len()],
        next: before.accepted(),
        committed: Vec::new(),
        refused: Vec::new(),
        unmet: Vec::new(),
    };
    let (mut outputs, mut unsent) = (Vec::new(), 0);
    for item in items {
        run.play_to(pipeline.ledger().accepted())?;
        let mut next = Some(item);
        while let Some(item) = next.take() {
            match pipeline.send(item, |output| outputs.push(output)) {
                Ok(()) | Err(SendError::Failed(_)) => {}
                Err(SendError::Held(held)) if run.play_on()? => next = Some(held.item),
                Err(SendError::Held(_)) => unsent += 1,
            }
        }
        balanced(&pipeline.ledger())?;
    }
    run.play_to(pipeline.ledger().accepted())?;
    pipeline.apply();
    run.end();
    let Run { committed, refused, unmet, .. } = run;
    let trace = controller.stop_recording();
    check_g1(&trace, &start)?;
    check_g2(&trace, &before, &pipeline.ledger())?;
    check_g3(&trace, &committed)?;
    Ok(Report { outputs, committed, refused, unmet, unsent, trace })
}

/// A run under way.
struct Run<'a> {
    rules: Rules,
    library: &'a Library,
    controller: &'a Controller,
    reference: Reference,
    statements: &'a [Statement],
    /// The statements that wait for a count, and have come.
    fired: Vec<bool>,
    /// The first cycle of the script that was not played.
    next: u64,
    committed: Vec<Committed>,
    refused: Vec<Illegal>,
    unmet: Vec<(usize, String)>,
}

fn g0(cycle: u64, expected: String, found: String) -> Violation {
    Violation::new("G0", Some(cycle), expected, found)
}

impl Run<'_> {
    /// Plays what is due in front of an item.
    fn play_to(&mut self, accepted: u64) -> Result<(), Violation> {
        while self.next <= accepted {
            self.cycle(self.next)?;
            self.next += 1;
        }
        Ok(())
    }

    /// Plays the next cycle with something in it, if there is one.
    fn play_on(&mut self) -> Result<bool, Violation> {
        let due = self.statements.iter().filter_map(|statement| match statement {
            Statement::At { cycle, .. } => Some(*cycle).filter(|cycle| *cycle >= self.next),
            Statement::Every { period, from, to, .. } => {
                let times = self.next.saturating_sub(*from).div_ceil((*period).max(1));
                let cycle = from.checked_add(times.checked_mul((*period).max(1))?)?;
                Some(cycle).filter(|cycle| to.is_none_or(|to| *cycle <= to) && times <= 1000)
            }
            _ => None,
        });
        let Some(cycle) = due.min() else { return Ok(false) };
        self.cycle(cycle)?;
        self.next = cycle.saturating_add(1);
        Ok(true)
    }

    /// Plays the statements of a cycle, in the order of the script.
    fn cycle(&mut self, cycle: u64) -> Result<(), Violation> {
        for (at, statement) in self.statements.iter().enumerate() {
            let accepted = self.controller.totals().accepted();
            match statement {
                Statement::At { cycle: due, changes } if *due == cycle => self.edit(accepted, changes)?,
                Statement::Every { period, from, to, changes }
                    if cycle >= *from
                        && to.is_none_or(|to| cycle <= to)
                        && (cycle - from).is_multiple_of((*period).max(1)) =>
                {
                    self.edit(accepted, changes)?;
                }
                Statement::When { condition, changes }
                    if !self.fired[at] && condition.holds(self.controller, accepted) =>
                {
                    self.fired[at] = true;
                    self.edit(accepted, changes)?;
                }
                Statement::Expect { at: Some(due), .. } if *due == cycle => self.expect(at),
                _ => {}
            }
        }
        Ok(())
    }

    fn expect(&mut self, at: usize) {
        if let Statement::Expect { what, .. } = &self.statements[at] {
            let unmet = what.unmet(self.controller, self.controller.totals().accepted());
            self.unmet.extend(unmet.map(|found| (at, found)));
        }
    }

    fn end(&mut self) {
        for at in 0..self.statements.len() {
            if matches!(self.statements[at], Statement::Expect { at: None, .. }) {
                self.expect(at);
            }
        }
    }

    /// One edit, on the pipeline and on the reference.
    fn edit(&mut self, cycle: u64, changes: &[Change]) -> Result<(), Violation> {
        let before = (self.controller.topology(), self.controller.ledger());
        let mut reference = self.reference.clone();
        let verdict = (self.rules)(&mut reference, changes);
        let made = match self.library.edit(changes, &mut Making::Real) {
            Ok(edit) => self.controller.commit(edit).map_err(Some),
            Err(_) => Err(None),
        };
        let text = line(changes);
        if let Err(error) = &made {
            let now = (self.controller.topology(), self.controller.ledger());
            if now.0 != before.0 {
                return Err(g0(cycle, format!("nothing to be changed by {text:?}, refused"), format!("\n{}", now.0)));
            }
            if now.1 != before.1 {
                return Err(g0(cycle, format!("the ledger as it was after {text:?}, refused"), format!("\n{}", now.1)));
            }
            if matches!(error.as_ref().map(EditError::refusal), Some(Refusal::Flooded { .. })) {
                return Ok(());
            }
        }
        match (made, verdict) {
            (Ok(receipt), Ok(revision)) => {
                self.reference = reference;
                let undecided = std::mem::take(&mut self.reference.undecided);
                if changes.len() == 1 {
                    self.reference.learn(&undecided, true);
                }
                self.is_as_said(cycle, &receipt, revision)?;
                self.committed.push(Committed { cycle, revision, changes: changes.to_vec() });
                Ok(())
            }
            (Ok(_), Err(illegal)) => {
                Err(g0(cycle, format!("{text:?} to be refused: {illegal}"), "that it was made".to_owned()))
            }
            (Err(error), Err(illegal)) => {
                let number = error.filter(|error| !is_undecided(error.refusal())).map(|error| error.change());
                if let Some(number) = number.filter(|number| *number != illegal.change()) {
                    let expected = format!("change {} of {text:?} to be refused: {illegal}", illegal.change());
                    return Err(g0(cycle, expected, format!("change {number} refused")));
                }
                self.refused.push(illegal);
                Ok(())
            }
            (Err(Some(error)), Ok(_)) if is_undecided(error.refusal()) && !reference.undecided.is_empty() => {
                if changes.len() == 1 {
                    self.reference.learn(&reference.undecided, false);
                }
                self.refused.push(Illegal::new(error.change(), text, error.refusal().to_string()));
                Ok(())
            }
            (Err(error), Ok(_)) => {
                let found = error.map_or("nothing to make it of".to_owned(), |error| error.to_string());
                Err(g0(cycle, format!("{text:?} to be made"), found))
            }
        }
    }

    fn is_as_said(&self, cycle: u64, receipt: &Receipt, revision: u64) -> Result<(), Violation> {
        if receipt.revision() != revision {
            return Err(g0(cycle, format!("revision {revision}"), receipt.revision().to_string()));
        }
        let (expected, found) = (self.reference.topology(), self.controller.topology().to_string());
        if expected == found { Ok(()) } else { Err(g0(cycle, format!("\n{expected}"), format!("\n{found}"))) }
    }
}

/// Whether this is something that a reference cannot know.
fn is_undecided(refusal: &Refusal) -> bool {
    matches!(refusal, Refusal::NotCloned { .. } | Refusal::HandOver { .. })
}

/// A script is bound if, and only if, none of its edits will be refused; as far as it can be written down at all, and as
/// long as items pass.
fn binds(
    script: &Script,
    library: &Library,
    controller: &Controller,
    start: &Reference,
    rules: Rules,
) -> Result<(), Violation> {
    if script.to_string().parse::<Script>().as_ref() != Ok(script) {
        return Ok(());
    }
    let mut edits = Vec::new();
    for statement in script.statements() {
        let Statement::At { cycle, changes } = statement else { return Ok(()) };
        if *cycle < controller.totals().accepted() {
            return Ok(());
        }
        edits.push((*cycle, changes));
    }
    edits.sort_by_key(|(cycle, _)| *cycle);
    let mut reference = start.clone();
    let (mut refused, mut now) = (None, controller.totals().accepted());
    for (cycle, changes) in edits {
        if cycle > now && (reference.paused || reference.has_closed_switch()) {
            return Ok(());
        }
        now = cycle;
        if let Err(illegal) = rules(&mut reference, changes) {
            refused.get_or_insert(illegal);
        } else if !reference.undecided.is_empty() {
            return Ok(());
        }
    }
    let cycle = controller.totals().accepted();
    match (script.bind(library, controller), refused) {
        (Ok(_), Some(illegal)) => {
            Err(g0(cycle, format!("a mistake: {illegal}"), "that the script was bound".to_owned()))
        }
        (Err(error), None) => Err(g0(cycle, "a script without mistakes".to_owned(), error.to_string())),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violation(rules: Rules, script: &str) -> String {
        let mut pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1).stage("show", |x: i64| x.to_string());
        // With an expectation in it the script is not bound first.
        let script: Script = format!("{script}\nexpect running").parse().unwrap();
        check_against(rules, &mut pipeline, &Library::new(), &script, 0..3).unwrap_err().to_string()
    }

    #[test]
    fn g0_a_rule_that_allows_too_much_is_found() {
        let lenient: Rules = |reference, changes| {
            let _ = reference.commit(changes);
            Ok(reference.revision() + 1)
        };
        let found = violation(lenient, "at 1 remove show");
        insta::assert_snapshot!(found, @r#"G0 is broken at cycle 1: expected "remove show" to be made, found cannot remove "show": it turns i64 into String; replace it instead"#);
    }

    #[test]
    fn g0_a_rule_that_refuses_too_much_is_found() {
        let strict: Rules = |_, changes| Err(Illegal::new(0, line(changes), "nothing is legal".to_owned()));
        let found = violation(strict, "at 1 rename add to plus");
        insta::assert_snapshot!(found, @r#"G0 is broken at cycle 1: expected "rename add to plus" to be refused: cannot rename add to plus: nothing is legal, found that it was made"#);
    }

    #[test]
    fn g0_an_edit_of_which_a_part_is_missing_is_found() {
        let forgetful: Rules = |reference, changes| reference.commit(&changes[1..]);
        let found = violation(forgetful, "at 1 { rename add to plus; pause }");
        insta::assert_snapshot!(found, @"
        G0 is broken at cycle 1: expected
        p        i64 -> String  revision 1, paused
        ├─ add   i64 -> i64
        └─ show  i64 -> String
        , found
        p        i64 -> String  revision 1, paused
        ├─ plus  i64 -> i64
        └─ show  i64 -> String
        ");
    }

    #[test]
    fn g0_another_change_refused_is_found() {
        let hasty: Rules = |reference, changes| {
            reference.commit(changes).map_err(|illegal| Illegal::new(0, line(changes), illegal.to_string()))
        };
        let found = violation(hasty, "at 1 { remove add; remove show }");
        insta::assert_snapshot!(found, @r#"G0 is broken at cycle 1: expected change 0 of "remove add; remove show" to be refused: cannot remove add; remove show: cannot remove show: it turns i64 into String, found change 1 refused"#);
    }
}
