//! Runs a script on an engine and on the reference, and says where they part.

use coroute::{Cut, Hold, Refusal};
use proptest::test_runner::TestCaseError;

use crate::build::{Bunch, Count, Note};
use crate::changes::Tree;
use crate::engine::{Applied, Calls, Commit, End, Engine, Reference, Seen};
use crate::real::{Real, Runs};
use crate::reference::{Kind, Node, Totals};
use crate::script::Step;
use crate::spec::{Change, Mood, Plan, Spec, Text, Ty};

pub(crate) type Checked = Result<(), TestCaseError>;

pub(crate) fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    step: &dyn std::fmt::Debug,
    real: T,
    wanted: T,
) -> Checked {
    if real == wanted {
        return Ok(());
    }
    Err(TestCaseError::fail(format!("{what} after {step:?}\n    is {real:?}\nwanted {wanted:?}")))
}

/// Within one cycle, failures of different stages may come in any order.
pub(crate) fn sorted(mut seen: Seen) -> Seen {
    seen.notes.sort_by_key(|note| match note {
        Note::Tap(label, _) => (*label, None),
        Note::Dead(_, fault) => (u64::MAX, Some(fault.clone())),
    });
    if let End::Failed(faults) = &mut seen.end {
        faults.sort();
    }
    seen
}

/// A task is told to wait where a caller gets the item back, and why only if an edit has to mend something.
fn waited(mut seen: Seen, wanted: &Seen) -> Seen {
    if let (End::Waits(told), End::Held(why)) = (&seen.end, &wanted.end)
        && (matches!(why, Hold::Paused | Hold::NoTarget { .. }) || told.as_ref() == Some(why))
    {
        seen.end = wanted.end.clone();
    }
    seen
}

/// Two commits that are the same, but for the type of a closure, which has no name.
pub(crate) fn commits(real: Commit, wanted: &Commit) -> Commit {
    match (real, wanted) {
        (Err((Refusal::HandOver { takes, .. }, at)), Err((Refusal::HandOver { found, .. }, _))) => {
            Err((Refusal::HandOver { takes, found: *found }, at))
        }
        (real, _) => real,
    }
}

/// The changes of an edit, each for the pipeline as those before it leave it.
pub(crate) fn changes(reference: &Reference, drafts: &[crate::script::Draft], mood: Mood, id: &mut u64) -> Vec<Change> {
    let (mut nodes, mut log) = (reference.plan.clone(), reference.log.clone());
    let mut made = Vec::new();
    for draft in drafts {
        *id += 1000;
        let change = draft.change(&nodes, mood, *id);
        // A refused change leaves the tree in some state; what follows is refused with it.
        let _ = Tree { nodes: &mut nodes, log: &mut log, left: Vec::new() }.make(&change);
        made.push(change);
    }
    made
}

/// One step on any engine; `None` for an edit, which comes back as changes.
pub(crate) fn run(engine: &mut impl Calls, step: &Step) -> Option<Seen> {
    Some(match step {
        Step::Send(item) => engine.send(*item, false),
        Step::SendBadly(item) => engine.send(*item, true),
        Step::Call(item) => engine.call(*item),
        Step::SendAll(items) => engine.send_all(items),
        Step::SendBatch(items) => engine.send_batch(items),
        Step::Apply => engine.apply(),
        Step::Finish => engine.finish(),
        Step::Edit(_) | Step::Retry => return None,
    })
}

/// Everything that can be seen of the crate's pipeline is as the reference says, after every step.
pub(crate) fn conforms<E: Runs>(plan: &Plan, steps: &[Step], mood: Mood) -> Checked {
    let mut real = Real::<E>::new(plan, !mood.panics);
    let mut reference = Reference::new(plan, E::FLOWS).prompt(E::PROMPT);
    let (mut id, mut refused) = (1_000_000, None);
    compare(&real, &mut reference, &"building")?;
    for step in steps {
        let edit = match step {
            Step::Edit(drafts) => Some(changes(&reference, drafts, mood, &mut id)),
            Step::Retry => refused.take(),
            _ => None,
        };
        if let Some(changes) = edit {
            let wanted = reference.commit(&changes);
            let got = match (step, real.refused.take()) {
                (Step::Retry, Some(edit)) => real.put(edit),
                _ => real.commit(&changes),
            };
            same("the commit", &changes, commits(got, &wanted), wanted.clone())?;
            refused = wanted.is_err().then(|| changes.clone());
            if E::PROMPT {
                real.engine.catch_up();
                reference.take_edits();
            }
            compare(&real, &mut reference, &changes)?;
        } else if let Some(seen) = run(&mut real.engine, step) {
            let wanted = run(&mut reference, step).expect("no edit");
            same("what is seen", step, sorted(waited(seen, &wanted)), sorted(wanted))?;
            compare(&real, &mut reference, step)?;
        }
    }
    let controller = real.controller.clone();
    drop(real);
    let gone = controller.pause().map_err(|error| error.refusal().clone());
    same("the refusal", &"the pipeline is dropped", gone.err(), Some(Refusal::Gone))
}

/// What comes out of `engine` is what comes out of the reference. Nothing else is looked at.
pub(crate) fn agrees(engine: &mut impl Engine, plan: &Plan, steps: &[Step], mood: Mood) -> Checked {
    let mut reference = Reference::new(plan, false);
    let mut id = 1_000_000;
    for step in steps {
        if let Step::Edit(drafts) = step {
            let changes = changes(&reference, drafts, mood, &mut id);
            same("the commit", &changes, engine.commit(&changes), reference.commit(&changes))?;
        } else if let (Some(seen), Some(wanted)) = (run(engine, step), run(&mut reference, step)) {
            same("what comes out", step, seen.out, wanted.out)?;
        }
    }
    Ok(())
}

pub(crate) fn compare<E: Runs>(real: &Real<E>, reference: &mut Reference, step: &dyn std::fmt::Debug) -> Checked {
    // Where it runs by itself, how much of what comes out has been handed out by now is left to time.
    let told = |mut totals: Totals| {
        if E::PROMPT {
            totals.in_flight += std::mem::take(&mut totals.delivered);
        }
        totals
    };
    same("the ledger", step, real.totals().map(told), Ok(told(reference.totals())))?;
    let topology = real.controller.topology();
    let state = (topology.revision(), topology.is_paused());
    same("revision and pause", step, state, (reference.revision, reference.paused))?;
    let mut wanted = Vec::new();
    shape(&reference.plan, "", &mut wanted);
    same("the topology", step, real.shape(), wanted)?;
    for Applied { revision, first_new, left } in std::mem::take(&mut reference.applied) {
        let receipt = real.receipts.iter().find(|receipt| receipt.revision() == revision).expect("it was kept");
        same("the cut", step, receipt.cut(), Some(Cut { last_old: first_new.checked_sub(1), first_new }))?;
        same("whether it is retired", &(step, revision), receipt.is_retired(), true)?;
        for (path, node) in &left {
            if left.iter().filter(|(other, _)| other == path).count() == 1 {
                taken(receipt, path, node, step)?;
            }
        }
    }
    for pending in &reference.pending {
        let receipt = real.receipts.iter().find(|receipt| receipt.revision() == pending.revision).expect("it was kept");
        same("the cut of an edit that waits", step, receipt.cut(), None)?;
    }
    Ok(())
}

/// A stage that was taken out comes with its state.
fn taken(receipt: &coroute::Receipt, path: &str, node: &Node, step: &dyn std::fmt::Debug) -> Checked {
    match (&node.kind, node.types.0) {
        (Kind::Stage(Spec::Count { seen, .. }), _) => {
            same("the count taken out", step, receipt.take::<Count>(path).map(|count| count.seen), Ok(*seen))
        }
        (Kind::Stage(Spec::Bunch { items, .. }), Ty::Int) => same(
            "the bunch taken out",
            step,
            receipt.take::<Bunch<i64>>(path).map(|bunch| bunch.items),
            Ok(items.clone()),
        ),
        (Kind::Stage(Spec::Bunch { items, .. }), Ty::Text) => {
            let items = items.iter().copied().map(Text).collect();
            same("the bunch taken out", step, receipt.take::<Bunch<Text>>(path).map(|bunch| bunch.items), Ok(items))
        }
        (Kind::Pipe(..), Ty::Int) => {
            let taken = receipt.take_pipeline::<i64, i64>(path).map(|pipeline| {
                let mut names: Vec<String> = Vec::new();
                names.extend(pipeline.topology().root().children().iter().map(|child| child.name().to_string()));
                names
            });
            same(
                "the pipeline taken out",
                step,
                taken,
                Ok(node.inside().iter().map(|node| node.name.clone()).collect()),
            )
        }
        _ => Ok(()),
    }
}

fn shape(nodes: &[Node], within: &str, lines: &mut Vec<String>) {
    for node in nodes {
        let path = format!("{within}{}", node.name);
        let route = match &node.kind {
            Kind::Switch { rule, .. } => format!(" {}", rule.show()),
            Kind::Stage(Spec::Crew { count, .. }) => format!(" {count}"),
            _ => String::new(),
        };
        lines.push(format!("{path}: {:?} {:?} {}{route}", node.types.0.of(), node.types.1.of(), node.is()));
        shape(node.inside(), &format!("{path}/"), lines);
    }
}
