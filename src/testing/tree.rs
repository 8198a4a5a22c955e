//! A pipeline as plain data: a tree of stages with names, types as text, and routes.

use std::collections::HashSet;

use super::turns::Turns;
use crate::model::{Entry, Kind as ModelKind};
use crate::name::{Name, Path, Type};
use crate::route::{PolicyKind, RouteView};
use crate::topology::{NodeKind, TopologyNode};

/// A stage, or what stands in a stage's place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) name: Name,
    pub(super) takes: String,
    pub(super) gives: String,
    /// The type of the stage itself, where that is known.
    pub(super) state: Option<Type>,
    pub(super) kind: Kind,
    /// What a topology says of it where it is a thread (without what is inside), or has workers.
    pub(super) crew: Option<NodeKind>,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Stage,
    Tap,
    Pipeline(Vec<Node>),
    Switch(Box<Fork>),
}

/// A switch: its targets in the order of attachment, its route, and how far the route's policy has come.
#[derive(Debug, Clone)]
pub(super) struct Fork {
    pub(super) route: RouteView,
    pub(super) targets: Vec<Node>,
    /// Whether its items can be cloned, where that is known.
    pub(super) cloned: Option<bool>,
    pub(super) turns: Turns,
}

impl Fork {
    fn new(route: &RouteView, targets: Vec<Node>, cloned: Option<bool>) -> Self {
        Self { route: route.clone(), targets, cloned, turns: Turns::new(route) }
    }

    pub(super) fn set(&mut self, route: RouteView) {
        self.turns = Turns::new(&route);
        self.route = route;
    }
}

impl Node {
    /// As a topology shows it, which says nothing of the stages' own types, nor of what switches can clone.
    pub(super) fn shown(node: &TopologyNode) -> Self {
        let inside = |nodes: &[TopologyNode]| nodes.iter().map(Self::shown).collect();
        let kind = match node.kind() {
            NodeKind::Stage | NodeKind::Workers { .. } => Kind::Stage,
            NodeKind::Tap => Kind::Tap,
            NodeKind::Pipeline(nodes) | NodeKind::Thread { stages: nodes, .. } => Kind::Pipeline(inside(nodes)),
            NodeKind::Switch { route, targets } => {
                let sends_clones = route.policy() == PolicyKind::All && route.targets().len() > 1;
                Kind::Switch(Box::new(Fork::new(route, inside(targets), sends_clones.then_some(true))))
            }
        };
        let crew = match node.kind() {
            NodeKind::Thread { queue, .. } => Some(NodeKind::Thread { queue: *queue, stages: Vec::new() }),
            workers @ NodeKind::Workers { .. } => Some(workers.clone()),
            _ => None,
        };
        let (takes, gives) = (node.input().to_owned(), node.output().to_owned());
        Self { name: node.name().clone(), takes, gives, state: None, kind, crew }
    }

    /// As a maker makes it.
    pub(super) fn made(entry: &Entry) -> Self {
        let kind = match &entry.kind {
            ModelKind::Stage | ModelKind::Workers(_) => Kind::Stage,
            ModelKind::Tap => Kind::Tap,
            ModelKind::Pipeline(plan) => Kind::Pipeline(plan.entries.iter().map(Self::made).collect()),
            ModelKind::Switch(fork) => {
                let targets = fork.in_order().map(|target| Self::made(&target.entry)).collect();
                Kind::Switch(Box::new(Fork::new(&fork.route, targets, Some(fork.cloned))))
            }
        };
        let crew = match &entry.kind {
            ModelKind::Pipeline(plan) => plan.thread.map(|queue| NodeKind::Thread { queue, stages: Vec::new() }),
            ModelKind::Workers(workers) => Some(NodeKind::of_workers(workers)),
            _ => None,
        };
        let (takes, gives) = (entry.input.to_string(), entry.output.to_string());
        Self { name: entry.name.clone(), takes, gives, state: Some(entry.state), kind, crew }
    }

    pub(super) fn inside(&self) -> &[Self] {
        match &self.kind {
            Kind::Stage | Kind::Tap => &[],
            Kind::Pipeline(nodes) => nodes,
            Kind::Switch(fork) => &fork.targets,
        }
    }

    pub(super) fn inside_mut(&mut self) -> &mut [Self] {
        match &mut self.kind {
            Kind::Stage | Kind::Tap => &mut [],
            Kind::Pipeline(nodes) => nodes,
            Kind::Switch(fork) => &mut fork.targets,
        }
    }

    pub(super) fn turns_types(&self) -> bool {
        self.takes != self.gives
    }

    pub(super) fn types(&self) -> String {
        format!("{} -> {}", self.takes, self.gives)
    }

    pub(super) fn is_tap(&self) -> bool {
        matches!(self.kind, Kind::Tap)
    }

    pub(super) fn is_switch(&self) -> bool {
        matches!(self.kind, Kind::Switch(_))
    }

    /// Forgets how far the policies have come.
    pub(super) fn blur(&mut self) {
        if let Kind::Switch(fork) = &mut self.kind {
            fork.turns.forget();
        }
        self.inside_mut().iter_mut().for_each(Self::blur);
    }

    /// How many stages an item passes in it, one inside the other.
    fn depth(&self) -> usize {
        match &self.kind {
            Kind::Stage | Kind::Tap => 1,
            Kind::Pipeline(nodes) => 1 + depth(nodes),
            Kind::Switch(fork) => 1 + fork.targets.iter().map(Self::depth).max().unwrap_or(0),
        }
    }
}

/// How many stages an item has around it at the most, on its way through a pipeline of these.
pub(super) fn depth(nodes: &[Node]) -> usize {
    nodes.len() + nodes.iter().map(|node| node.depth() - 1).max().unwrap_or(0)
}

/// The paths of all nodes, with the nodes, outermost first.
pub(super) fn paths<'a>(nodes: &'a [Node], within: &Path, found: &mut Vec<(Path, &'a Node)>) {
    for node in nodes {
        let path = within.join(&node.name);
        found.push((path.clone(), node));
        paths(node.inside(), &path, found);
    }
}

/// Lines of a tree as a topology prints it: what is below `node`.
pub(super) fn lines(node: &Node, indent: &str, into: &mut Vec<[String; 3]>) {
    let live = match &node.kind {
        Kind::Switch(fork) => fork.route.targets(),
        _ => &[],
    };
    let is_live: HashSet<&Name> = live.iter().collect();
    let count = node.inside().len();
    for (at, child) in node.inside().iter().enumerate() {
        let (branch, further) = if at + 1 == count { ("└─ ", "   ") } else { ("├─ ", "│  ") };
        let what = match (&child.kind, &child.crew) {
            (_, Some(crew)) => crew.note(),
            (Kind::Stage, None) => String::new(),
            (Kind::Tap, None) => "tap".to_owned(),
            (Kind::Pipeline(_), None) => "pipeline".to_owned(),
            (Kind::Switch(fork), None) => format!("route {}", fork.route),
        };
        let note = match (is_live.contains(&child.name), what.is_empty()) {
            (false, _) => what,
            (true, true) => "live".to_owned(),
            (true, false) => format!("live, {what}"),
        };
        into.push([format!("{indent}{branch}{}", child.name), child.types(), note]);
        lines(child, &format!("{indent}{further}"), into);
    }
}
