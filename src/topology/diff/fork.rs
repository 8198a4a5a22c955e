//! What became of the targets of a switch.
//!
//! A target must be there before the route names it, and the route must have left it before it is detached. So what the old
//! route does not name goes first, and what it names goes last.

use std::collections::{HashMap, HashSet};

use super::super::TopologyNode;
use super::Found;
use super::pairs::Pairs;
use super::rename::Names;
use crate::change::{Change, Made};
use crate::name::{Name, Path};
use crate::route::RouteView;

impl Found {
    pub(super) fn fork(
        &mut self,
        path: &Path,
        (before, old): (&TopologyNode, &RouteView),
        (after, new): (&TopologyNode, &RouteView),
    ) {
        let pairs = Pairs::new(before, after);
        let (was, is) = (before.children(), after.children());
        let mut names = Names::new(was.iter().map(TopologyNode::name), is.iter().map(TopologyNode::name));
        let routed: HashSet<&Name> = old.targets.iter().collect();
        let (last, first): (Vec<usize>, Vec<usize>) =
            pairs.gone.iter().partition(|at| routed.contains(&was[**at].name));
        for at in first {
            names.free(&was[at].name);
            self.detach(path, &was[at].name);
        }

        let pair =
            |(at, node): (usize, &TopologyNode)| pairs.before[at].map(|old| (was[old].name.clone(), node.name.clone()));
        let stayed: Vec<(Name, Name)> = is.iter().enumerate().filter_map(pair).collect();
        names.rename(self, path, stayed.iter().filter(|(from, to)| from != to).cloned().collect());
        for node in is.iter().enumerate().filter(|(at, _)| pairs.before[*at].is_none()).map(|(_, node)| node) {
            let target = Made { maker: node.name.clone(), name: names.take(&node.name) };
            self.changes.push(Change::Attach { target, switch: path.clone() });
        }

        let ends: HashMap<&Name, &Name> = stayed.iter().map(|(from, to)| (from, to)).collect();
        // A target that leaves has the name that it had, which may be that of another in the end.
        let goes_on = |(old, new): (&Name, &Name)| ends.get(old) == Some(&new);
        let targets_go_on = old.targets.len() == new.targets.len() && old.targets.iter().zip(&new.targets).all(goes_on);
        let rest = |route: &RouteView| RouteView { targets: Default::default(), ..route.clone() };
        if !targets_go_on || rest(old) != rest(new) {
            let route = RouteView { targets: new.targets.iter().map(|name| names.now(name)).collect(), ..new.clone() };
            self.changes.push(Change::Route { switch: path.clone(), route });
        }
        for at in last {
            names.free(&was[at].name);
            self.detach(path, &was[at].name);
        }
        names.finish(self, path);
        self.replaces(path, after, &pairs);
        self.stayed(path, before, after, &pairs);
    }

    fn detach(&mut self, switch: &Path, target: &Name) {
        self.changes.push(Change::Detach { target: target.clone(), switch: switch.clone() });
    }
}
