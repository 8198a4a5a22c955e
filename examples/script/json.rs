//! What came of a script, as a JSON document.

use coroute::topology::{NodeKind, TopologyNode};
use coroute::trace::{Run, TraceRow};
use coroute::{Change, Ledger, Topology};
use serde_json::{Value, json};

use super::report::Report;

/// All that the report has, but for the marbles, which are for eyes.
pub(crate) fn document(report: &Report) -> Value {
    let expectations = report.expectations().map(|(statement, unmet)| {
        let found = unmet.and_then(|unmet| unmet.found.as_ref());
        json!({ "statement": statement.to_string(), "met": unmet.is_none(), "found": found })
    });
    let outputs = report
        .outputs()
        .map(|(cycle, revision, values)| json!({ "cycle": cycle, "revision": revision, "values": values }));
    json!({
        "script": report.script.statements().iter().map(ToString::to_string).collect::<Vec<_>>(),
        "expectations": expectations.collect::<Vec<_>>(),
        "missed": report.missed.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "outputs": outputs.collect::<Vec<_>>(),
        "notes": report.notes,
        "runs": report.trace.runs().rows().iter().filter_map(row).collect::<Vec<_>>(),
        "ledger": ledger(&report.ledger),
        "before": topology(&report.before),
        "after": topology(&report.after),
    })
}

fn texts(changes: &[Change]) -> Vec<String> {
    changes.iter().map(ToString::to_string).collect()
}

fn row(row: &TraceRow) -> Option<Value> {
    match row {
        TraceRow::Edit { cycle, revision, changes, .. } => {
            Some(json!({ "cycle": cycle, "revision": revision, "edit": texts(changes) }))
        }
        TraceRow::Run(Run { revision, first, last, items, outputs, way, losses, .. }) => Some(json!({
            "revision": revision,
            "first": first,
            "last": last,
            "items": items,
            "outputs": outputs,
            "way": way.to_string(),
            "losses": losses.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })),
        _ => None,
    }
}

fn ledger(ledger: &Ledger) -> Value {
    let stages = ledger.rows().iter().map(|row| {
        json!({
            "stage": row.stage.to_string(),
            "dropped": row.dropped,
            "merged": row.merged,
            "failed": row.failed,
            "split": row.split,
            "held": row.held,
            "gone": row.gone,
        })
    });
    json!({
        "accepted": ledger.accepted(),
        "split": ledger.split(),
        "delivered": ledger.delivered(),
        "dropped": ledger.dropped(),
        "failed": ledger.failed(),
        "in_flight": ledger.in_flight(),
        "stages": stages.collect::<Vec<_>>(),
    })
}

fn topology(topology: &Topology) -> Value {
    let root = node(topology.root());
    json!({ "revision": topology.revision(), "paused": topology.is_paused(), "pipeline": root })
}

fn node(at: &TopologyNode) -> Value {
    let (kind, route) = match at.kind() {
        NodeKind::Tap => ("tap", None),
        NodeKind::Pipeline(_) => ("pipeline", None),
        NodeKind::Switch { route, .. } => ("switch", Some(route.to_string())),
        _ => ("stage", None),
    };
    let inside: Vec<Value> = at.children().iter().map(node).collect();
    let (name, input, output) = (at.name().as_str(), at.input(), at.output());
    json!({ "name": name, "input": input, "output": output, "kind": kind, "route": route, "inside": inside })
}
