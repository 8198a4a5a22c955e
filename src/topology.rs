//! What a pipeline looks like at a revision.
//!
//! `drawing.rs` has the forms in which it is drawn: `tree.rs` for terminals and snapshots, `mermaid.rs` and `dot.rs` for
//! pictures, which both go by the nodes and edges of `graph.rs`.

mod diff;
mod dot;
mod drawing;
mod graph;
mod mermaid;
mod tree;
#[cfg(feature = "serde")]
mod written;

use std::collections::HashMap;
use std::fmt;

use crate::model::{Entry, Kind, Plan, Workers};
use crate::name::{Name, NodeId};
use crate::route::RouteView;

pub use diff::TopologyDiff;
pub use drawing::Drawing;

/// A pipeline at a revision: names, types and routes. A copy; it does not change when the pipeline does.
///
/// Its `Display` is a tree, stable and aligned, made for snapshot tests: names in the pipeline's order, no addresses, no
/// clocks. Targets that the route names are marked `live`.
///
/// # Examples
///
/// ```
/// use coroute::{Pipeline, Switch};
///
/// let pipeline = Pipeline::new("words")
///     .stage("length", |word: String| word.len())
///     .stage("model", Switch::new("model").target("v1", |x: usize| x).target("v2", |x: usize| x * 2).route("v1"));
/// assert_eq!(
///     format!("\n{}", pipeline.topology()),
///     "
/// words      String -> usize  revision 0
/// ├─ length  String -> usize
/// └─ model   usize -> usize   route v1
///    ├─ v1   usize -> usize   live
///    └─ v2   usize -> usize
/// "
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(try_from = "written::Written"))]
pub struct Topology {
    revision: u64,
    paused: bool,
    root: TopologyNode,
}

/// A stage, or whatever stands in a stage's place, in a [`Topology`].
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TopologyNode {
    name: Name,
    input: String,
    output: String,
    kind: NodeKind,
    /// Which stage it is, whatever it is called; not known of a topology that was read back.
    #[cfg_attr(feature = "serde", serde(skip))]
    id: Option<NodeId>,
}

/// What a [`TopologyNode`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum NodeKind {
    /// A stage of the user's.
    Stage,
    /// An observer.
    Tap,
    /// A pipeline, with its stages in order.
    Pipeline(Vec<TopologyNode>),
    /// A switch, with its targets in the order of attachment.
    Switch {
        /// Where it sends its items.
        route: RouteView,
        /// All targets, those that the route does not name included.
        targets: Vec<TopologyNode>,
    },
    /// A pipeline that runs on a thread of its own while the pipeline around it runs on threads.
    Thread {
        /// The capacity of the queue in front of it, in items.
        queue: usize,
        /// Its stages in order.
        stages: Vec<TopologyNode>,
    },
    /// A stage that several workers share.
    Workers {
        /// How many there are.
        count: usize,
        /// The capacity of the queue in front of them, in items.
        queue: usize,
        /// Whether outputs come as they are ready, and not in the order of the items.
        unordered: bool,
        /// Whether items with the same key go to the same worker.
        keyed: bool,
    },
}

impl Topology {
    pub(crate) fn new(plan: &Plan, revision: u64, paused: bool) -> Self {
        let root = TopologyNode {
            name: plan.name.clone(),
            input: plan.input.to_string(),
            output: plan.output.to_string(),
            kind: NodeKind::Pipeline(plan.entries.iter().map(TopologyNode::new).collect()),
            id: None,
        };
        Self { revision, paused, root }
    }

    /// The revision: how many edits were committed.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether the pipeline is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.paused
    }

    /// The outermost pipeline.
    #[must_use]
    pub fn root(&self) -> &TopologyNode {
        &self.root
    }

    /// The topology as a tree, which is what its own `Display` prints.
    #[must_use]
    pub fn tree(&self) -> Drawing<'_> {
        Drawing::tree(self)
    }

    /// The topology as a flowchart for [Mermaid](https://mermaid.js.org), which code hosts render.
    #[must_use]
    pub fn mermaid(&self) -> Drawing<'_> {
        Drawing::mermaid(self)
    }

    /// The topology as a graph for [Graphviz](https://graphviz.org)' `dot`.
    #[must_use]
    pub fn dot(&self) -> Drawing<'_> {
        Drawing::dot(self)
    }

    /// The revision, and whether it is paused.
    fn state(&self) -> String {
        format!("revision {}{}", self.revision, if self.paused { ", paused" } else { "" })
    }

    /// The node at `path`, such as `checkout/v2/parse`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&TopologyNode> {
        path.split('/').try_fold(&self.root, |node, name| node.children().iter().find(|child| child.name == *name))
    }
}

impl TopologyNode {
    fn new(entry: &Entry) -> Self {
        let kind = match &entry.kind {
            Kind::Stage => NodeKind::Stage,
            Kind::Tap => NodeKind::Tap,
            Kind::Pipeline(plan) => {
                let stages = plan.entries.iter().map(Self::new).collect();
                match plan.thread {
                    None => NodeKind::Pipeline(stages),
                    Some(queue) => NodeKind::Thread { queue, stages },
                }
            }
            Kind::Workers(workers) => NodeKind::of_workers(workers),
            Kind::Switch(fork) => NodeKind::Switch {
                route: fork.route.clone(),
                targets: fork.in_order().map(|target| Self::new(&target.entry)).collect(),
            },
        };
        let (input, output) = (entry.input.to_string(), entry.output.to_string());
        Self { name: entry.name.clone(), input, output, kind, id: Some(entry.id) }
    }

    /// The node's name.
    #[must_use]
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The type of the items it takes, as [`Type`](crate::Type) prints it.
    #[must_use]
    pub fn input(&self) -> &str {
        &self.input
    }

    /// The type of the items it gives.
    #[must_use]
    pub fn output(&self) -> &str {
        &self.output
    }

    /// What it is.
    #[must_use]
    pub fn kind(&self) -> &NodeKind {
        &self.kind
    }

    fn types(&self) -> String {
        format!("{} -> {}", self.input, self.output)
    }

    fn note(&self) -> String {
        self.kind.note()
    }

    /// The targets that the node's route names, with their weights; `None` where it has no route.
    fn live(&self) -> Option<HashMap<&Name, Option<u32>>> {
        let NodeKind::Switch { route, .. } = &self.kind else { return None };
        let weights = route.weights().iter().copied().map(Some).chain(std::iter::repeat(None));
        Some(route.targets().iter().zip(weights).collect())
    }

    /// The stages or targets inside it.
    #[must_use]
    pub fn children(&self) -> &[Self] {
        match &self.kind {
            NodeKind::Stage | NodeKind::Tap | NodeKind::Workers { .. } => &[],
            NodeKind::Pipeline(nodes) => nodes,
            NodeKind::Switch { targets: nodes, .. } | NodeKind::Thread { stages: nodes, .. } => nodes,
        }
    }
}

impl NodeKind {
    /// What the node is, where it is more than a stage.
    pub(crate) fn note(&self) -> String {
        match self {
            NodeKind::Stage => String::new(),
            NodeKind::Tap => "tap".into(),
            NodeKind::Pipeline(_) => "pipeline".into(),
            NodeKind::Switch { route, .. } => format!("route {route}"),
            NodeKind::Thread { queue, .. } => format!("thread, queue {queue}"),
            NodeKind::Workers { count, queue, unordered, keyed } => {
                let workers = if *count == 1 { "worker" } else { "workers" };
                let order = if *unordered { ", unordered" } else { "" };
                let key = if *keyed { ", by key" } else { "" };
                format!("{count} {workers}, queue {queue}{order}{key}")
            }
        }
    }

    pub(crate) fn of_workers(workers: &Workers) -> Self {
        let Workers { count, capacity: queue, unordered, keyed, .. } = *workers;
        Self::Workers { count, queue, unordered, keyed }
    }
}

/// By what can be seen of it.
impl PartialEq for TopologyNode {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.input, &self.output, &self.kind) == (&other.name, &other.input, &other.output, &other.kind)
    }
}

impl Eq for TopologyNode {}

impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tree().fmt(f)
    }
}
