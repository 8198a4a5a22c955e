//! Runs a script on an engine in which items wait while edits come, and on the reference, where none ever does.
//!
//! What was accepted before an edit has to go by the old structure from end to end, so the reference, for which every item
//! is through before the next step, says what comes of it all the same; only when is left open. Outputs have to be a
//! beginning of the reference's after every step; everything else is compared whenever nothing goes on any more.

use coroute::{Cut, Hold, Receipt};
use proptest::test_runner::TestCaseError;

use crate::build::Note;
use crate::checks::{Checked, changes, commits, compare, same, sorted};
use crate::engine::{Calls, End, Reference, Seen};
use crate::real::{Real, Runs};
use crate::script::Step;
use crate::spec::{Change, Mood, Plan};

/// An engine in which items wait.
pub(crate) trait Waits: Runs {
    /// Whether items travel together, so that a failure may name the cycle of another of them (see the guide's limits).
    const TOGETHER: bool = false;

    /// Puts an item in as soon as there is room for it; no more comes out before than has to. Whether it was taken; where
    /// it is `wanted` to be taken, that may be known later only.
    fn put(&mut self, item: i64, wanted: bool) -> bool;

    /// Puts items in all at once, and takes what comes out; those that are not taken come back.
    fn put_all(&mut self, items: &[i64], wanted: bool) -> Vec<i64>;

    /// Lets it go on until something comes out, or nothing does any more.
    fn take_one(&mut self);

    /// Why no item would be taken by what was committed up to here, where that can be asked.
    fn hold(&mut self) -> Option<Option<Hold>>;

    /// Lets it go on until nothing does any more.
    fn settle(&mut self, receipts: &[Receipt]);

    /// What was kept.
    fn seen_so_far(&mut self) -> Seen;
}

/// All that has been seen so far.
struct Sum(Seen);

impl Sum {
    fn new() -> Self {
        Self(Seen { out: Vec::new(), end: End::Failed(Vec::new()), rest: Vec::new(), notes: Vec::new() })
    }

    fn forget_cycles(&mut self) {
        let noted = self.0.notes.iter_mut().filter_map(|note| match note {
            Note::Dead(_, fault) => Some(fault),
            _ => None,
        });
        let failed = match &mut self.0.end {
            End::Failed(faults) => faults.iter_mut(),
            _ => [].iter_mut(),
        };
        noted.chain(failed).for_each(|fault| {
            fault.cycle = 0;
            // A thread knows the path of when it got the stage; the name stays.
            fault.path = fault.path.rsplit('/').next().unwrap_or_default().to_owned();
        });
    }

    fn add(&mut self, seen: Seen) {
        self.0.out.extend(seen.out);
        self.0.notes.extend(seen.notes);
        if let (End::Failed(all), End::Failed(faults)) = (&mut self.0.end, seen.end) {
            all.extend(faults);
        }
    }
}

struct Run<E> {
    real: Real<E>,
    reference: Reference,
    got: Sum,
    wanted: Sum,
    /// Whether the reference is made wrong: its edits come an item late.
    late: bool,
}

impl<E: Waits> Run<E> {
    /// Has the reference apply what the flow does when it is polled next.
    fn take_edits(&mut self) {
        self.reference.take_edits();
        self.wanted.0.out.extend(self.reference.let_go());
        let faults = std::mem::take(&mut self.reference.log.faults);
        let notes = std::mem::take(&mut self.reference.log.notes);
        let seen = Seen { out: Vec::new(), end: End::Failed(faults), rest: Vec::new(), notes };
        self.wanted.add(seen);
    }

    fn put(&mut self, item: i64) -> Checked {
        let mut pending = if self.late { std::mem::take(&mut self.reference.pending) } else { Vec::new() };
        self.take_edits();
        let wanted = self.reference.hold().is_none();
        let taken = self.real.engine.put(item, wanted);
        same("whether it is taken", &item, taken, wanted)?;
        if taken {
            self.wanted.add(self.reference.send(item, false));
        }
        self.reference.pending.append(&mut pending);
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Checked {
        match step {
            Step::Send(item) | Step::SendBadly(item) => self.put(*item),
            Step::SendBatch(items) => items.iter().try_for_each(|item| self.put(*item)),
            Step::SendAll(items) => {
                self.take_edits();
                let wanted = self.reference.hold().is_none();
                let all = self.real.engine.put_all(items, wanted);
                let rest = if wanted { Vec::new() } else { items.clone() };
                same("what is not taken", step, all, rest.clone())?;
                items[rest.len()..].iter().for_each(|item| self.wanted.add(self.reference.send(*item, false)));
                Ok(())
            }
            Step::Apply => {
                self.real.engine.take_one();
                // It need not have looked for edits, where something had come out before.
                let waits = |of: u64| self.real.receipts.iter().any(|r| r.revision() == of && r.cut().is_none());
                if !self.reference.pending.iter().any(|pending| waits(pending.revision)) {
                    self.take_edits();
                }
                Ok(())
            }
            Step::Call(item) => {
                self.put(*item)?;
                self.quiet(step)
            }
            Step::Finish => {
                self.take_edits();
                let (got, wanted) = (self.real.engine.finish(), self.reference.finish());
                let waits = matches!(got.end, End::Waits(_) | End::Held(_));
                same("whether it does not end", step, waits, matches!(wanted.end, End::Held(_)))?;
                self.got.add(got);
                self.wanted.add(wanted);
                self.quiet(step)
            }
            Step::Edit(_) | Step::Retry => unreachable!("not here"),
        }
    }

    /// What was seen until now is a beginning of what there is to be seen, and what was applied begins where it has to.
    fn check(&mut self, step: &dyn std::fmt::Debug, quiet: bool) -> Checked {
        self.got.add(self.real.engine.seen_so_far());
        let (got, wanted) = (&self.got.0.out, &self.wanted.0.out);
        if !wanted.starts_with(got) {
            let why = format!("what comes out until {step:?}\n    is {got:?}\nwanted {wanted:?}");
            return Err(TestCaseError::fail(why));
        }
        for applied in &self.reference.applied {
            let receipt = self.real.receipts.iter().find(|receipt| receipt.revision() == applied.revision);
            let cut = Cut { last_old: applied.first_new.checked_sub(1), first_new: applied.first_new };
            let got = receipt.expect("it was kept").cut();
            // A thread takes edits when it comes to them.
            if got.is_some() || quiet || !E::PROMPT {
                same("the cut", step, got, Some(cut))?;
            }
        }
        Ok(())
    }

    /// Nothing goes on any more.
    fn quiet(&mut self, step: &dyn std::fmt::Debug) -> Checked {
        self.take_edits();
        self.real.engine.settle(&self.real.receipts);
        self.check(step, true)?;
        let (mut got, mut wanted) = (Sum::new(), Sum::new());
        std::mem::swap(&mut got, &mut self.got);
        std::mem::swap(&mut wanted, &mut self.wanted);
        if E::TOGETHER {
            [&mut got, &mut wanted].into_iter().for_each(Sum::forget_cycles);
        }
        same("what is seen", step, sorted(got.0), sorted(wanted.0))?;
        compare(&self.real, &mut self.reference, step)
    }
}

/// See the module's documentation. With `late` the reference is made wrong: its edits come an item late.
pub(crate) fn conforms<E: Waits>(plan: &Plan, steps: &[Step], mood: Mood, late: bool) -> Checked {
    let (real, reference) = (Real::<E>::new(plan, true), Reference::new(plan, E::FLOWS).prompt(E::PROMPT));
    let mut run = Run { real, reference, got: Sum::new(), wanted: Sum::new(), late };
    let mut id = 1_000_000;
    for step in steps {
        match step {
            Step::Edit(drafts) => {
                let mut changes = changes(&run.reference, drafts, mood, &mut id);
                // Stages are moved at once, in an empty chain: what others hold in front of a boundary then does not wait.
                if changes.iter().any(|change| matches!(change, Change::Move { .. })) {
                    changes.truncate(1);
                }
                // All that was sent is accepted by then.
                if let Some(got) = run.real.engine.hold().filter(|_| !late) {
                    same("why nothing is taken", step, got, run.reference.hold())?;
                }
                let (got, wanted) =
                    (run.real.commit(&changes), crate::engine::Engine::commit(&mut run.reference, &changes));
                same("the commit", &changes, commits(got, &wanted), wanted)?;
                if E::PROMPT && !late {
                    run.take_edits();
                }
            }
            Step::Retry => {}
            step => {
                run.step(step)?;
                run.check(step, false)?;
            }
        }
    }
    run.quiet(&"the last step")
}
