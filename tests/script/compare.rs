//! A script on the pipeline of the tests, played and done by hand.

use coroute::script::Statement;
use coroute::{Edit, Ends, Pipeline, Script};

use crate::hand::by_hand;
use crate::stock::{library, pipeline};

/// All that can be seen of a run, and the edits that were refused in it.
#[derive(Debug, PartialEq)]
pub(crate) struct Seen {
    pub(crate) out: Vec<String>,
    pub(crate) topology: String,
    pub(crate) ledger: String,
    pub(crate) trace: String,
}

pub(crate) fn seen(pipeline: &mut Pipeline<i64, String>, out: Vec<String>) -> Seen {
    pipeline.apply();
    let (topology, ledger) = (pipeline.topology().to_string(), pipeline.ledger().to_string());
    Seen { out, topology, ledger, trace: pipeline.controller().trace().to_string() }
}

/// In this thread; on a pipeline on a thread of its own it is the same.
pub(crate) fn played(script: &Script, items: &[i64]) -> Seen {
    let here = played_here(script, items);
    assert_eq!(played_spawned(script, items), here, "{script}");
    here
}

fn played_spawned(script: &Script, items: &[i64]) -> Seen {
    let pipeline = pipeline();
    let controller = pipeline.controller();
    controller.record(coroute::Recording::items()).unwrap();
    let mut player = script.bind(&library().0, &controller).unwrap();
    let mut running = pipeline.spawn_with(Ends { door: 2, exit: 3 }).unwrap();
    let mut out = Vec::new();
    player.run_spawned(&mut running, items.iter().copied(), |x| out.push(x.unwrap())).unwrap();
    // What is due behind the last item is applied by this.
    let _ = running.ready();
    let (topology, ledger) = (controller.topology().to_string(), controller.ledger().to_string());
    Seen { out, topology, ledger, trace: controller.trace().to_string() }
}

fn played_here(script: &Script, items: &[i64]) -> Seen {
    let mut pipeline = pipeline();
    pipeline.controller().record(coroute::Recording::items()).unwrap();
    let mut player = script.bind(&library().0, &pipeline.controller()).unwrap();
    let mut out = Vec::new();
    player.run(&mut pipeline, items.iter().copied(), |x| out.push(x)).unwrap();
    seen(&mut pipeline, out)
}

/// Whether a statement is due; by its definition, and not by a timeline.
pub(crate) fn is_due(statement: &Statement, at: u64) -> bool {
    match statement {
        Statement::At { cycle, .. } => *cycle == at,
        Statement::Every { period, from, to, .. } => {
            at >= *from && (at - from).is_multiple_of(*period) && to.is_none_or(|to| at <= to)
        }
        _ => false,
    }
}

/// Commits what is due in front of each item, and behind the last; gives also how many edits were refused.
pub(crate) fn edited_by_hand(script: &Script, items: &[i64]) -> (Seen, usize) {
    let mut pipeline = pipeline();
    let controller = pipeline.controller();
    controller.record(coroute::Recording::items()).unwrap();
    let (mut out, mut refused) = (Vec::new(), 0);
    for cycle in 0..=items.len() {
        for statement in script.statements().iter().filter(|statement| is_due(statement, cycle as u64)) {
            let (Statement::At { changes, .. } | Statement::Every { changes, .. }) = statement else { continue };
            let mut edit = Edit::new();
            let asked = changes.iter().try_for_each(|change| by_hand(&mut edit, change));
            refused += usize::from(asked.is_err() || controller.commit(edit).is_err());
        }
        if let Some(item) = items.get(cycle) {
            pipeline.send(*item, |x| out.push(x)).unwrap();
        }
    }
    (seen(&mut pipeline, out), refused)
}

pub(crate) const ITEMS: [i64; 24] = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 0, 8, 9, 7, 0, 3, 2, 3, 8, 4, 0, 2, 6, 4];
