//! What a pipeline looks like at a revision.

use std::fmt;

use crate::model::{Entry, Kind, Plan};
use crate::name::{Name, NodeId};
use crate::route::RouteView;

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
pub struct Topology {
    revision: u64,
    paused: bool,
    root: TopologyNode,
}

/// A stage, or whatever stands in a stage's place, in a [`Topology`].
#[derive(Debug, Clone)]
pub struct TopologyNode {
    name: Name,
    input: String,
    output: String,
    kind: NodeKind,
    /// Which stage it is, whatever it is called; not known of a topology that was read back.
    id: Option<NodeId>,
}

/// What a [`TopologyNode`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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
            Kind::Pipeline(plan) => NodeKind::Pipeline(plan.entries.iter().map(Self::new).collect()),
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

    /// The stages or targets inside it.
    #[must_use]
    pub fn children(&self) -> &[Self] {
        match &self.kind {
            NodeKind::Stage | NodeKind::Tap => &[],
            NodeKind::Pipeline(nodes) | NodeKind::Switch { targets: nodes, .. } => nodes,
        }
    }

    fn note(&self) -> String {
        match &self.kind {
            NodeKind::Stage => String::new(),
            NodeKind::Tap => "tap".into(),
            NodeKind::Pipeline(_) => "pipeline".into(),
            NodeKind::Switch { route, .. } => format!("route {route}"),
        }
    }

    fn lines(&self, indent: &str, lines: &mut Vec<[String; 3]>) {
        let children = self.children();
        for (at, child) in children.iter().enumerate() {
            let last = at + 1 == children.len();
            let (branch, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let mut note = child.note();
            if let NodeKind::Switch { route, .. } = &self.kind
                && route.targets().contains(&child.name)
            {
                note = if note.is_empty() { "live".into() } else { format!("live, {note}") };
            }
            let types = format!("{} -> {}", child.input, child.output);
            lines.push([format!("{indent}{branch}{}", child.name), types, note]);
            child.lines(&format!("{indent}{below}"), lines);
        }
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
        let paused = if self.paused { ", paused" } else { "" };
        let types = format!("{} -> {}", self.root.input, self.root.output);
        let mut lines = vec![[self.root.name.to_string(), types, format!("revision {}{paused}", self.revision)]];
        self.root.lines("", &mut lines);
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let (names, types) = (width(0), width(1));
        for [name, kind, note] in &lines {
            let line = format!("{name:<names$}  {kind:<types$}  {note}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
