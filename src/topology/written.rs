//! A topology as serde reads it: looked at before it is taken for one.

use std::collections::HashSet;

use super::{NodeKind, Topology, TopologyNode};

/// A topology that nobody has looked at.
#[derive(serde::Deserialize)]
#[serde(rename = "Topology")]
pub(super) struct Written {
    revision: u64,
    paused: bool,
    root: TopologyNode,
}

impl TryFrom<Written> for Topology {
    type Error = String;

    fn try_from(Written { revision, paused, root }: Written) -> Result<Self, String> {
        if !matches!(root.kind, NodeKind::Pipeline(_)) {
            return Err(format!("{:?} is not a pipeline, and the outermost node of a topology is one", root.name));
        }
        check(&root)?;
        Ok(Self { revision, paused, root })
    }
}

fn check(node: &TopologyNode) -> Result<(), String> {
    if node.input.chars().chain(node.output.chars()).any(char::is_control) {
        return Err(format!("a type of {:?} has a control character", node.name));
    }
    let mut names = HashSet::new();
    for child in node.children() {
        if !names.insert(&child.name) {
            return Err(format!("{:?} has two nodes called {:?} inside", node.name, child.name));
        }
        check(child)?;
    }
    if let NodeKind::Switch { route, .. } = &node.kind
        && let Some(target) = route.targets().iter().find(|target| !names.contains(target))
    {
        return Err(format!("the route of {:?} names {target:?}, and there is no such target", node.name));
    }
    Ok(())
}
