//! The crate's pipeline, with all that can be seen of it put down as the reference does.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use coroute::topology::{NodeKind, TopologyNode};
use coroute::{CallError, Controller, Edit, FinishError, Pipeline, Receipt, Recording, SendError};

use crate::build::{self, take_notes};
use crate::engine::{Calls, Commit, End, Seen};
use crate::reference::Totals;
use crate::spec::{Change, Plan};

/// An engine of the crate's.
pub(crate) trait Runs: Calls {
    /// Whether a task runs it.
    const FLOWS: bool;

    /// Whether edits take effect where no item comes.
    const PROMPT: bool = false;

    fn new(pipeline: Pipeline<i64, i64>) -> Self;

    /// How many outputs were taken out of the pipeline that no call has had yet.
    fn withheld(&self) -> i64;

    /// All that was committed has taken effect by the time that this is done, where it does so by itself.
    fn catch_up(&mut self) {}
}

/// The engine that runs in the thread that calls it.
pub(crate) struct Local(Pipeline<i64, i64>);

pub(crate) struct Real<E> {
    pub(crate) engine: E,
    pub(crate) controller: Controller,
    pub(crate) receipts: Vec<Receipt>,
    /// The edit that was refused last, and what it should read as.
    pub(crate) refused: Option<Edit>,
}

impl<E: Runs> Real<E> {
    pub(crate) fn new(plan: &Plan, recorded: bool) -> Self {
        take_notes();
        let pipeline = build::pipeline(plan).check().expect("the script builds it rightly");
        let controller = pipeline.controller();
        // Whatever is recorded, nothing else may be different for it, as long as no stage panics on a batch.
        let recording = match (plan.head.len() + 2 * plan.tail.len()) % 4 {
            _ if !recorded => None,
            0 => None,
            1 => Some(Recording::items().every(2)),
            2 => Some(Recording::runs()),
            _ => Some(Recording::items().last(20)),
        };
        recording.into_iter().for_each(|recording| controller.record(recording).expect("it shows no values"));
        Self { controller, engine: E::new(pipeline), receipts: Vec::new(), refused: None }
    }

    /// The totals, if they add up.
    pub(crate) fn totals(&self) -> Result<Totals, String> {
        let ledger = self.controller.ledger();
        let rows = ledger.rows();
        let dropped: u64 = rows.iter().map(|row| row.dropped + row.merged).sum();
        let failed: u64 = rows.iter().map(|row| row.failed).sum();
        let split: u64 = rows.iter().map(|row| row.split).sum();
        if !ledger.is_balanced() || (dropped, failed, split) != (ledger.dropped(), ledger.failed(), ledger.split()) {
            return Err(format!("the ledger does not add up:\n{ledger}"));
        }
        let number = u64::cast_signed;
        Ok(Totals {
            accepted: number(ledger.accepted()),
            split: number(ledger.split()),
            delivered: number(ledger.delivered()) - self.engine.withheld(),
            dropped: number(ledger.dropped()),
            failed: number(ledger.failed()),
            in_flight: number(ledger.in_flight()) + self.engine.withheld(),
        })
    }

    /// A line for every stage.
    pub(crate) fn shape(&self) -> Vec<String> {
        fn walk(node: &TopologyNode, within: &str, lines: &mut Vec<String>) {
            for child in node.children() {
                let path = format!("{within}{}", child.name());
                let what = match child.kind() {
                    NodeKind::Stage => "stage".to_owned(),
                    NodeKind::Tap => "tap".to_owned(),
                    NodeKind::Pipeline(_) => "pipeline".to_owned(),
                    NodeKind::Switch { route, .. } => format!("switch {route}"),
                    NodeKind::Thread { .. } => "thread".to_owned(),
                    NodeKind::Workers { count, .. } => format!("workers {count}"),
                    _ => unreachable!("no other kind"),
                };
                lines.push(format!("{path}: {} {} {what}", child.input(), child.output()));
                walk(child, &format!("{path}/"), lines);
            }
        }
        let mut lines = Vec::new();
        walk(self.controller.topology().root(), "", &mut lines);
        lines
    }

    pub(crate) fn commit(&mut self, changes: &[Change]) -> Commit {
        self.put(build::edit(changes))
    }

    /// Commits an edit; a refused one must read as before.
    pub(crate) fn put(&mut self, edit: Edit) -> Commit {
        let text = edit.to_string();
        match self.controller.commit(edit) {
            Ok(receipt) => {
                let revision = receipt.revision();
                self.receipts.push(receipt);
                Ok(revision)
            }
            Err(error) => {
                let (refusal, change) = (error.refusal().clone(), error.change());
                let edit = error.into_edit();
                assert_eq!(edit.to_string(), text, "a refused edit comes back whole");
                self.refused = Some(edit);
                Err((refusal, change))
            }
        }
    }
}

impl Local {
    fn see(&mut self, run: impl FnOnce(&mut Pipeline<i64, i64>, &mut Vec<i64>) -> (End, Vec<i64>)) -> Seen {
        let mut out = Vec::new();
        let caught = catch_unwind(AssertUnwindSafe(|| run(&mut self.0, &mut out)));
        let (end, rest) = caught.unwrap_or_else(|_| (End::Panicked, Vec::new()));
        Seen { out, end, rest, notes: take_notes() }
    }
}

fn ended(error: SendError<i64>) -> (End, Vec<i64>) {
    match error {
        SendError::Held(held) => (End::Held(held.why), vec![held.item]),
        SendError::Failed(failures) => (End::Failed(failures.into_iter().map(Into::into).collect()), Vec::new()),
        _ => unreachable!("no other error"),
    }
}

impl Runs for Local {
    const FLOWS: bool = false;

    fn new(pipeline: Pipeline<i64, i64>) -> Self {
        Self(pipeline)
    }

    fn withheld(&self) -> i64 {
        0
    }
}

impl Calls for Local {
    fn send(&mut self, item: i64, emit_panics: bool) -> Seen {
        self.see(|pipeline, out| {
            let sent = pipeline.send(item, |item| {
                out.push(item);
                if emit_panics {
                    resume_unwind(Box::new("emit"));
                }
            });
            sent.map_or_else(ended, |()| (End::Fine, Vec::new()))
        })
    }

    fn call(&mut self, item: i64) -> Seen {
        self.see(|pipeline, out| match pipeline.call(item) {
            Ok(item) => {
                out.push(item);
                (End::Fine, Vec::new())
            }
            Err(CallError::Held(held)) => (End::Held(held.why), vec![held.item]),
            Err(CallError::Failed(failures)) => ended(SendError::Failed(failures)),
            Err(CallError::Partly(failures, items)) => {
                out.extend(items);
                ended(SendError::Failed(failures))
            }
            Err(CallError::NotOne(items)) => {
                out.extend(items);
                (End::NotOne, Vec::new())
            }
            Err(_) => unreachable!("no other error"),
        })
    }

    fn send_all(&mut self, items: &[i64]) -> Seen {
        self.see(|pipeline, out| match pipeline.send_all(items.iter().copied(), |item| out.push(item)) {
            Ok(()) => (End::Fine, Vec::new()),
            Err(stopped) => {
                let (end, mut items) = ended(stopped.error);
                items.extend(stopped.rest);
                (end, items)
            }
        })
    }

    fn send_batch(&mut self, items: &[i64]) -> Seen {
        let mut items = items.to_vec();
        let mut seen = self.see(|pipeline, out| match pipeline.send_batch(&mut items, out) {
            Ok(()) => (End::Fine, Vec::new()),
            Err(error) => ended(error),
        });
        seen.rest.extend(items);
        seen
    }

    fn apply(&mut self) -> Seen {
        self.see(|pipeline, _| {
            pipeline.apply();
            (End::Fine, Vec::new())
        })
    }

    fn finish(&mut self) -> Seen {
        self.see(|pipeline, out| match pipeline.finish(|item| out.push(item)) {
            Ok(()) => (End::Fine, Vec::new()),
            Err(FinishError::Held(why)) => (End::Held(why), Vec::new()),
            Err(FinishError::Failed(failures)) => ended(SendError::Failed(failures)),
            Err(_) => unreachable!("no other error"),
        })
    }
}
