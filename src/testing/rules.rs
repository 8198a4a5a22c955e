//! The rules of edits: what is refused, and what a change does.

use super::makers::Maker;
use super::reference::{Reference, Undecided};
use super::tree::{self, Fork, Kind, Node};
use crate::change::{Change, Made, Position};
use crate::name::{Name, Path};
use crate::route::{PolicyKind, RouteView};
use crate::topology::NodeKind;

/// The most stages that an item may pass one inside the other.
const DEEPEST: usize = 512;

/// A place between the stages of a pipeline: the positions of that pipeline, and the one in it.
type Gap = (Vec<usize>, usize);

impl Reference {
    /// Makes one change; refused, the reference is in no state to be used.
    pub(super) fn change(&mut self, change: &Change) -> Result<(), String> {
        match change {
            Change::Route { switch, route } => self.route(switch, route),
            Change::Insert { stage: Made { maker, name }, at } => {
                let node = self.makers.stage(maker, name)?;
                let gap = self.gap(at)?;
                self.insert(gap, node)
            }
            Change::Tap { stage, tap: Made { maker, name } } => {
                let node = self.makers.tap(maker, name)?;
                let (within, at) = self.stage(stage)?;
                let behind = self.behind(&within, at);
                self.insert((within, behind), node)
            }
            Change::Remove { stage } => {
                let (within, at) = self.stage(stage)?;
                let row = self.row(&within)?;
                turning(&row[at])?;
                row.remove(at);
                Ok(())
            }
            Change::Move { stage, to } => self.shift(stage, to),
            Change::Replace { stage, with, keeping } => {
                let own = || stage.names().last().cloned();
                let Some(maker) = with.clone().or_else(own) else { return Err("the path has no name in it".into()) };
                if *keeping { self.hand_over(stage, &maker) } else { self.replace(stage, &maker) }
            }
            Change::Rename { stage, to } => self.rename(stage, to),
            Change::Attach { target: Made { maker, name }, switch } => {
                let node = self.makers.stage(maker, name)?;
                let types = self.fork(switch)?.0;
                let (_, fork) = self.fork(switch)?;
                free(&fork.targets, name)?;
                fits(&node, &types.0, &types.1)?;
                fork.targets.push(node);
                self.deep()
            }
            Change::Detach { target, switch } => {
                let (_, fork) = self.fork(switch)?;
                let at = fork.targets.iter().position(|node| node.name == *target);
                let at = at.ok_or_else(|| format!("the switch has no target {target:?}"))?;
                if fork.route.targets().contains(target) {
                    return Err("the route names it".to_owned());
                }
                fork.targets.remove(at);
                Ok(())
            }
            Change::Workers { stage, count: wanted } => {
                let place = self.find(stage)?;
                match &mut self.node_mut(&place).crew {
                    Some(NodeKind::Workers { .. }) if *wanted == 0 => Err("no worker would be left".to_owned()),
                    Some(NodeKind::Workers { count, .. }) => {
                        *count = *wanted;
                        Ok(())
                    }
                    _ => Err("it has no workers".to_owned()),
                }
            }
            Change::Pause => {
                self.paused = true;
                Ok(())
            }
            Change::Resume => {
                self.paused = false;
                Ok(())
            }
        }
    }

    fn deep(&self) -> Result<(), String> {
        let depth = tree::depth(self.root.inside());
        if depth > DEEPEST { Err(format!("an item would pass {depth} stages")) } else { Ok(()) }
    }

    /// The stages of the pipeline at a place.
    fn row(&mut self, within: &[usize]) -> Result<&mut Vec<Node>, String> {
        match &mut self.node_mut(within).kind {
            Kind::Pipeline(nodes) => Ok(nodes),
            _ => Err("it is no pipeline".to_owned()),
        }
    }

    /// Where a stage is that is not a target.
    fn stage(&self, path: &Path) -> Result<Gap, String> {
        let mut within = self.find(path)?;
        let at = within.pop().unwrap_or_default();
        if self.node(&within).is_switch() {
            return Err("it is a target of a switch".to_owned());
        }
        Ok((within, at))
    }

    /// The types of a switch, and what is inside.
    fn fork(&mut self, path: &Path) -> Result<((String, String), &mut Fork), String> {
        let place = self.find(path)?;
        let node = self.node_mut(&place);
        let types = (node.takes.clone(), node.gives.clone());
        match &mut node.kind {
            Kind::Switch(fork) => Ok((types, fork)),
            _ => Err(format!("{path:?} is no switch")),
        }
    }

    /// The position behind a stage and the taps on it.
    fn behind(&self, within: &[usize], at: usize) -> usize {
        let row = self.node(within).inside();
        at + 1 + row[at + 1..].iter().take_while(|node| node.is_tap()).count()
    }

    fn gap(&self, at: &Position) -> Result<Gap, String> {
        let pipeline = |path: &Option<Path>| {
            let place = path.as_ref().map_or(Ok(Vec::new()), |path| self.find(path))?;
            match &self.node(&place).kind {
                Kind::Pipeline(nodes) => Ok((place, nodes.len())),
                _ => Err("it is no pipeline".to_owned()),
            }
        };
        match at {
            Position::Front(path) => Ok((pipeline(path)?.0, 0)),
            Position::Back(path) => pipeline(path),
            Position::Before(path) => self.stage(path),
            Position::After(path) => {
                let (within, at) = self.stage(path)?;
                let behind = self.behind(&within, at);
                Ok((within, behind))
            }
        }
    }

    /// The type of what comes along at a place.
    fn carried(&self, within: &[usize], at: usize) -> String {
        let pipeline = self.node(within);
        match at.checked_sub(1) {
            Some(before) => pipeline.inside()[before].gives.clone(),
            None => pipeline.takes.clone(),
        }
    }

    fn insert(&mut self, (within, at): Gap, node: Node) -> Result<(), String> {
        let carried = self.carried(&within, at);
        let row = self.row(&within)?;
        free(row, &node.name)?;
        fits(&node, &carried, &carried)?;
        row.insert(at, node);
        self.deep()
    }

    fn shift(&mut self, stage: &Path, to: &Position) -> Result<(), String> {
        let (within, from) = self.stage(stage)?;
        let (other, to) = self.gap(to)?;
        if other.starts_with(&within) && other.get(within.len()) == Some(&from) {
            return Err("that is inside of the stage itself".to_owned());
        }
        let (carried, end) = (self.carried(&other, to), self.behind(&within, from));
        let row = self.row(&within)?;
        turning(&row[from])?;
        fits(&row[from], &carried, &carried)?;
        let end = if row[from].is_tap() { from + 1 } else { end };
        if other != within {
            let moved: Vec<Node> = row.drain(from..end).collect();
            return self.put((within, from), (other, to), moved);
        }
        if to < from || to > end {
            let moved: Vec<Node> = row.drain(from..end).collect();
            let to = if to > end { to - moved.len() } else { to };
            row.splice(to..to, moved);
        }
        Ok(())
    }

    /// Puts what was taken out of one pipeline into another; the place there is as it was before that.
    fn put(&mut self, (within, from): Gap, (mut other, to): Gap, moved: Vec<Node>) -> Result<(), String> {
        let is_beside = other.starts_with(&within);
        if let Some(at) = other.get_mut(within.len()).filter(|at| is_beside && **at > from) {
            *at -= moved.len();
        }
        let row = self.row(&other)?;
        moved.iter().try_for_each(|node| free(row, &node.name))?;
        row.splice(to..to, moved);
        self.deep()
    }

    fn replace(&mut self, stage: &Path, maker: &Name) -> Result<(), String> {
        let place = self.find(stage)?;
        let old = self.node_mut(&place);
        let (takes, gives, name) = (old.takes.clone(), old.gives.clone(), old.name.clone());
        let node = self.makers.stage(maker, &name)?;
        fits(&node, &takes, &gives)?;
        *self.node_mut(&place) = node;
        self.deep()
    }

    fn hand_over(&mut self, stage: &Path, maker: &Name) -> Result<(), String> {
        let Some(Maker::HandOver { takes, gives, types, plain }) = self.makers.get(maker) else {
            return Err(format!("no hand-over is called {maker:?}"));
        };
        let ((takes, gives, plain), types) = ((*takes, *gives, *plain), types.clone());
        let place = self.find(stage)?;
        let old = self.node_mut(&place);
        let known = old.state.map(|state| state == takes);
        if !plain || !matches!(old.kind, Kind::Stage) || old.crew.is_some() || known == Some(false) {
            return Err(format!("the hand-over takes a {takes}"));
        }
        if (&old.takes, &old.gives) != (&types.0, &types.1) {
            return Err(format!("the hand-over gives {} -> {}, and the stage is {}", types.0, types.1, old.types()));
        }
        old.state = Some(gives);
        if known.is_none() {
            self.undecided.push(Undecided::State(stage.clone()));
        }
        Ok(())
    }

    fn rename(&mut self, stage: &Path, to: &Name) -> Result<(), String> {
        let mut place = self.find(stage)?;
        let at = place.pop().unwrap_or_default();
        let around = self.node_mut(&place);
        free(around.inside(), to)?;
        let old = std::mem::replace(&mut around.inside_mut()[at].name, to.clone());
        if let Kind::Switch(fork) = &mut around.kind {
            fork.route.targets.iter_mut().filter(|name| **name == old).for_each(|name| *name = to.clone());
        }
        Ok(())
    }

    fn route(&mut self, switch: &Path, asked: &RouteView) -> Result<(), String> {
        let route = self.plain(asked)?;
        let looks_at = route.by().and_then(|by| match self.makers.get(by) {
            Some(Maker::Key(item) | Maker::Predicate(item) | Maker::Choice(item)) => item.clone(),
            _ => None,
        });
        let ((takes, _), fork) = self.fork(switch)?;
        let targets = route.targets();
        if targets.is_empty() && route.policy() != PolicyKind::None {
            return Err("it names no target".to_owned());
        }
        if let Some(at) = (1..targets.len()).find(|at| targets[..*at].contains(&targets[*at])) {
            return Err(format!("it names {:?} twice", targets[at]));
        }
        let sum: u64 = route.weights().iter().map(|weight| u64::from(*weight)).sum();
        if route.policy() == PolicyKind::Weighted && !(1..=u64::from(u32::MAX)).contains(&sum) {
            return Err(format!("the weights add up to {sum}"));
        }
        if let Some(name) = targets.iter().find(|name| fork.targets.iter().all(|node| node.name != **name)) {
            return Err(format!("the switch has no target {name:?}"));
        }
        let several = route.policy() == PolicyKind::All && targets.len() > 1;
        if several && fork.cloned == Some(false) {
            return Err("several targets need a clone of each item".to_owned());
        }
        if let Some(item) = looks_at.filter(|item| *item != takes) {
            return Err(format!("it looks at {item}, and the switch takes {takes}"));
        }
        let undecided = several && fork.cloned.is_none();
        fork.set(route);
        if undecided {
            self.undecided.push(Undecided::Cloned(switch.clone()));
        }
        Ok(())
    }

    /// A route as a library makes it: with all that its policy has a use for, and no more.
    fn plain(&self, asked: &RouteView) -> Result<RouteView, String> {
        use PolicyKind::{ByKey, Failover, Generator, None as Hold, Once, One, Weighted, When};
        let (policy, count) = (asked.policy(), asked.targets().len());
        if matches!(policy, One | Once) && count != 1 {
            return Err(format!("it names {count} targets instead of one"));
        }
        let by = match policy {
            ByKey | When | Generator => {
                let by = asked.by().ok_or("it does not say by what")?;
                let fits = match (policy, self.makers.get(by)) {
                    (ByKey, Some(Maker::Key(_)))
                    | (When, Some(Maker::Choice(_)))
                    | (Generator, Some(Maker::Generator)) => true,
                    (When, Some(Maker::Predicate(_))) => count == 2,
                    _ => false,
                };
                if !fits {
                    return Err(format!("it cannot choose by {by:?}"));
                }
                Some(by.clone())
            }
            _ => None,
        };
        let mut route = RouteView::none();
        (route.policy, route.by) = (policy, by);
        if policy != Hold {
            route.targets = asked.targets.clone();
        }
        if policy == Weighted {
            route.weights = asked.weights.clone();
        }
        if policy == Failover {
            route.retry = asked.retry.map(|items| items.max(1));
        }
        Ok(route)
    }
}

fn free(row: &[Node], name: &Name) -> Result<(), String> {
    if row.iter().any(|node| node.name == *name) { Err(format!("the name {name:?} is taken")) } else { Ok(()) }
}

fn turning(node: &Node) -> Result<(), String> {
    if node.turns_types() { Err(format!("it turns {} into {}", node.takes, node.gives)) } else { Ok(()) }
}

fn fits(node: &Node, takes: &str, gives: &str) -> Result<(), String> {
    if (&*node.takes, &*node.gives) == (takes, gives) {
        return Ok(());
    }
    Err(format!("it is {}, and that place needs {takes} -> {gives}", node.types()))
}
