//! What a script expects or waits for, against what there is.

use super::{Comparison, Condition, Count, Expectation};
use crate::controller::Controller;
use crate::name::Name;
use crate::route::RouteView;
use crate::topology::{NodeKind, Topology, TopologyNode};

impl Comparison {
    pub(super) fn holds(self, count: u64, number: u64) -> bool {
        match self {
            Self::Less => count < number,
            Self::AtMost => count <= number,
            Self::Equal => count == number,
            Self::Other => count != number,
            Self::AtLeast => count >= number,
            Self::More => count > number,
        }
    }
}

impl Condition {
    pub(crate) fn holds(&self, controller: &Controller, accepted: u64) -> bool {
        self.is.holds(self.reading(controller, accepted), self.number)
    }

    /// The count now. At a path it is of all stages that were ever counted there: a replacement goes on counting.
    fn reading(&self, controller: &Controller, accepted: u64) -> u64 {
        if let Some(path) = &self.of {
            let ledger = controller.ledger();
            let rows = ledger.rows().iter().filter(|row| row.stage == *path);
            return rows
                .map(|row| match self.count {
                    Count::Dropped => row.dropped,
                    Count::Merged => row.merged,
                    Count::Failed => row.failed,
                    Count::Split => row.split,
                    Count::Held => row.held,
                    Count::Accepted | Count::Delivered | Count::Revision => 0,
                })
                .sum();
        }
        match self.count {
            Count::Accepted => accepted,
            Count::Revision => controller.revision(),
            Count::Delivered => controller.totals().delivered(),
            Count::Dropped => controller.totals().dropped(),
            Count::Failed => controller.totals().failed(),
            Count::Split => controller.totals().split(),
            Count::Held => controller.totals().in_flight(),
            Count::Merged => controller.ledger().rows().iter().map(|row| row.merged).sum(),
        }
    }
}

impl Expectation {
    /// What there is instead, if it is not so.
    pub(crate) fn unmet(&self, controller: &Controller, accepted: u64) -> Option<String> {
        if let Self::Count(count) = self {
            let number = count.reading(controller, accepted);
            let found = || Condition { is: Comparison::Equal, number, ..count.clone() }.to_string();
            return (!count.is.holds(number, count.number)).then(found);
        }
        let topology = controller.topology();
        let (is_so, found) = self.compare(&topology);
        (!is_so).then_some(found)
    }

    fn compare(&self, topology: &Topology) -> (bool, String) {
        let get = |path: &crate::name::Path| topology.get(&path.to_string());
        match self {
            Self::Route { switch, route } => match get(switch).map(TopologyNode::kind) {
                Some(NodeKind::Switch { route: found, .. }) => (covers(route, found), format!("{switch} -> {found}")),
                Some(_) => (false, format!("{switch:?}, which is no switch")),
                None => (false, format!("nothing called {switch:?}")),
            },
            Self::Stages { of, names } => {
                let node = of.as_ref().map_or(Some(topology.root()), get);
                match node.map(|node| (node, node.kind())) {
                    Some((node, NodeKind::Pipeline(_) | NodeKind::Thread { .. })) => {
                        let found: Vec<Name> = node.children().iter().map(|child| child.name().clone()).collect();
                        (found == *names, Self::Stages { of: of.clone(), names: found }.to_string())
                    }
                    Some((node, _)) => (false, format!("{:?}, which is no pipeline", node.name())),
                    None => (false, of.as_ref().map_or_else(String::new, |of| format!("nothing called {of:?}"))),
                }
            }
            Self::Has(path) => (get(path).is_some(), format!("no {path}")),
            Self::No(path) => (get(path).is_none(), format!("has {path}")),
            Self::Paused(paused) => (topology.is_paused() == *paused, Self::Paused(topology.is_paused()).to_string()),
            Self::Count(_) => (true, String::new()),
        }
    }
}

/// Whether the route that was found is the one that was expected, which need not say by what it chooses.
fn covers(expected: &RouteView, found: &RouteView) -> bool {
    match expected.by() {
        Some(_) => expected == found,
        None => *expected == RouteView { by: None, ..found.clone() },
    }
}
