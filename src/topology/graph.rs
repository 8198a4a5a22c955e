//! A topology as nodes and edges: what Mermaid and DOT have in common.

use super::drawing::Counts;
use super::{NodeKind, Topology, TopologyNode};
use crate::name::Path;

/// The nodes in the order in which they are written, with the pipelines around them, and the edges between them.
pub(super) struct Graph<'a> {
    pub(super) parts: Vec<Part<'a>>,
    pub(super) edges: Vec<Edge>,
}

pub(super) enum Part<'a> {
    Node(Spot<'a>),
    /// What follows is inside this pipeline, up to where it is closed.
    Open(Spot<'a>),
    Close,
}

/// A place in the picture.
pub(super) struct Spot<'a> {
    pub(super) place: Place,
    pub(super) node: &'a TopologyNode,
    /// Whether no route leads here.
    pub(super) idle: bool,
}

/// Which place it is: what its id is made of.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) enum Place {
    /// Where items come in.
    In,
    /// Where they go out.
    Out,
    At(Path),
    /// What stands in a pipeline that has no stages.
    Inside(Path),
}

pub(super) struct Edge {
    pub(super) from: Place,
    pub(super) to: Place,
    pub(super) line: Line,
    pub(super) weight: Option<u32>,
}

/// How an edge is drawn. What comes out of several nested targets has the last of their lines.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Line {
    /// There is no other way.
    Plain,
    /// The route leads here.
    Live,
    /// The route does not lead here.
    Idle,
}

/// An edge that has no end yet.
struct Loose {
    from: Place,
    line: Line,
    weight: Option<u32>,
}

impl Loose {
    fn plain(from: Place) -> Vec<Self> {
        vec![Self { from, line: Line::Plain, weight: None }]
    }
}

impl<'a> Graph<'a> {
    pub(super) fn new(topology: &'a Topology) -> Self {
        let mut graph = Self { parts: Vec::new(), edges: Vec::new() };
        let root = &topology.root;
        let loose = graph.place(Place::In, root, false, Vec::new());
        let loose = graph.row(root.children(), &Path::default(), false, loose);
        graph.place(Place::Out, root, false, loose);
        graph
    }

    /// Ties loose edges to a new place; what leaves it is loose.
    fn place(&mut self, place: Place, node: &'a TopologyNode, idle: bool, loose: Vec<Loose>) -> Vec<Loose> {
        let to = |Loose { from, line, weight }| Edge { from, to: place.clone(), line, weight };
        self.edges.extend(loose.into_iter().map(to));
        self.parts.push(Part::Node(Spot { place: place.clone(), node, idle }));
        Loose::plain(place)
    }

    fn row(&mut self, nodes: &'a [TopologyNode], within: &Path, idle: bool, loose: Vec<Loose>) -> Vec<Loose> {
        nodes.iter().fold(loose, |loose, node| self.node(node, within.join(&node.name), idle, loose))
    }

    fn node(&mut self, node: &'a TopologyNode, path: Path, idle: bool, loose: Vec<Loose>) -> Vec<Loose> {
        match &node.kind {
            NodeKind::Stage | NodeKind::Tap | NodeKind::Workers { .. } => {
                self.place(Place::At(path), node, idle, loose)
            }
            NodeKind::Pipeline(nodes) | NodeKind::Thread { stages: nodes, .. } => {
                self.parts.push(Part::Open(Spot { place: Place::At(path.clone()), node, idle }));
                let loose = match nodes.is_empty() {
                    true => self.place(Place::Inside(path), node, idle, loose),
                    false => self.row(nodes, &path, idle, loose),
                };
                self.parts.push(Part::Close);
                loose
            }
            NodeKind::Switch { targets, .. } => {
                self.place(Place::At(path.clone()), node, idle, loose);
                self.targets(node, targets, path, idle)
            }
        }
    }

    fn targets(&mut self, switch: &TopologyNode, targets: &'a [TopologyNode], path: Path, idle: bool) -> Vec<Loose> {
        let live = switch.live().unwrap_or_default();
        let mut out = Vec::new();
        for target in targets {
            let weight = live.get(&target.name);
            let line = match (weight, idle) {
                (None, _) => Line::Idle,
                (Some(_), true) => Line::Plain,
                (Some(_), false) => Line::Live,
            };
            let way = Loose { from: Place::At(path.clone()), line, weight: weight.copied().flatten() };
            let inside = self.node(target, path.join(&target.name), idle || weight.is_none(), vec![way]);
            out.extend(inside.into_iter().map(|loose| Loose { line: loose.line.max(line), ..loose }));
        }
        if targets.is_empty() {
            out.push(Loose { from: Place::At(path), line: Line::Idle, weight: None });
        }
        out
    }
}

impl Spot<'_> {
    /// The lines of the label.
    pub(super) fn label(&self, counts: &Counts<'_>) -> Vec<String> {
        let node = self.node;
        let lines = match &self.place {
            Place::In => vec![node.input.clone()],
            Place::Out => vec![node.output.clone()],
            Place::Inside(_) => vec!["no stages".into()],
            Place::At(path) => {
                let note = if matches!(node.kind, NodeKind::Pipeline(_)) { String::new() } else { node.note() };
                vec![node.name.to_string(), node.types(), note, counts.of(path)]
            }
        };
        lines.into_iter().filter(|line| !line.is_empty()).collect()
    }
}
