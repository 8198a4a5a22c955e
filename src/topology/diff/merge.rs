//! Two topologies as one tree.

use std::fmt;

use super::super::tree::{Line, branches, lines_as_table, note};
use super::super::{NodeKind, TopologyNode};
use super::TopologyDiff;
use super::pairs::Pairs;
use crate::name::Path;

pub(super) fn write(f: &mut fmt::Formatter<'_>, diff: &TopologyDiff<'_>) -> fmt::Result {
    let (before, after) = (diff.before, diff.after);
    let (old, new) = (&before.root, &after.root);
    let mut was = Vec::new();
    if old.name != new.name {
        was.push(old.name.to_string());
    }
    if old.types() != new.types() {
        was.push(old.types());
    }
    if before.state() != after.state() {
        was.push(before.state().trim_start_matches("revision ").to_owned());
    }
    let mark = if was.is_empty() { ' ' } else { '~' };
    let rest = remarks(&was, false, false);
    let mut lines = vec![[format!("{mark} {}", new.name), new.types(), after.state(), rest]];
    Merge { diff, lines: &mut lines }.inside(&Path::default(), "", Some(old), Some(new));
    lines_as_table(f, &lines)
}

/// What the end of a line says.
fn remarks(was: &[String], moved: bool, replaced: bool) -> String {
    let was = (!was.is_empty()).then(|| format!("(was {})", was.join(", ")));
    let words = [moved.then(|| "moved".to_owned()), replaced.then(|| "replaced".to_owned())];
    was.into_iter().chain(words.into_iter().flatten()).collect::<Vec<_>>().join(" ")
}

struct Merge<'a> {
    diff: &'a TopologyDiff<'a>,
    lines: &'a mut Vec<Line>,
}

/// A node as it was and as it is; one of them at least.
type Both<'a> = (Option<&'a TopologyNode>, Option<&'a TopologyNode>);

/// The nodes inside, in the later order, and those that are gone behind those that they stood behind.
fn pair<'a>(before: Option<&'a TopologyNode>, after: Option<&'a TopologyNode>) -> Vec<Both<'a>> {
    let (Some(old), Some(new)) = (before, after) else {
        let children = |node: Option<&'a TopologyNode>| node.map_or(&[][..], TopologyNode::children);
        let gone = children(before).iter().map(|node| (Some(node), None));
        return gone.chain(children(after).iter().map(|node| (None, Some(node)))).collect();
    };
    let pairs = Pairs::new(old, new);
    let mut gone = vec![false; old.children().len()];
    pairs.gone.iter().for_each(|at| gone[*at] = true);
    let behind = |at: usize| {
        let rest = old.children()[at..].iter().zip(&gone[at..]);
        rest.take_while(|(_, gone)| **gone).map(|(node, _)| (Some(node), None))
    };
    let mut both: Vec<Both<'a>> = behind(0).collect();
    for (node, was) in new.children().iter().zip(&pairs.before) {
        both.push((was.map(|was| &old.children()[was]), Some(node)));
        both.extend(was.iter().flat_map(|was| behind(was + 1)));
    }
    both
}

impl Merge<'_> {
    fn inside(&mut self, path: &Path, indent: &str, before: Option<&TopologyNode>, after: Option<&TopologyNode>) {
        let lives = [before, after].map(|node| node.and_then(TopologyNode::live));
        let is_live =
            |at: usize, node: &TopologyNode| lives[at].as_ref().is_some_and(|live| live.contains_key(&node.name));
        let both = pair(before, after);
        let count = both.len();
        for (at, (old, new)) in both.into_iter().enumerate() {
            let Some(node) = new.or(old) else { continue };
            let (branch, below) = branches(at + 1 == count);
            let path = path.join(&node.name);
            let live = (old.is_some_and(|old| is_live(0, old)), new.is_some_and(|new| is_live(1, new)));
            let (mark, rest) = match (old, new) {
                (Some(old), Some(new)) => self.both(&path, old, new, live),
                (Some(_), None) => ('-', self.elsewhere(node)),
                _ => ('+', self.elsewhere(node)),
            };
            let note = note(node, if new.is_some() { live.1 } else { live.0 });
            self.lines.push([format!("{mark} {indent}{branch}{}", node.name), node.types(), note, rest]);
            let indent = format!("{indent}{below}");
            if new.is_some() && old.is_some() && self.diff.replaced.contains(&path) {
                self.inside(&path, &indent, old, None);
                self.inside(&path, &indent, None, new);
            } else {
                self.inside(&path, &indent, old, new);
            }
        }
    }

    /// What is said of a node that is there before only, or after.
    fn elsewhere(&self, node: &TopologyNode) -> String {
        let moved = node.id.is_some_and(|id| self.diff.crossed.contains(&id));
        remarks(&[], moved, false)
    }

    /// The mark of a node that is there before and after, and what is said of it.
    fn both(&self, path: &Path, old: &TopologyNode, new: &TopologyNode, live: (bool, bool)) -> (char, String) {
        let (moved, replaced) = (self.diff.moved.contains(path), self.diff.replaced.contains(path));
        let mut was = Vec::new();
        if old.name != new.name {
            was.push(old.name.to_string());
        }
        if live.0 != live.1 {
            was.push(if live.0 { "live" } else { "idle" }.to_owned());
        }
        let words = |node: &TopologyNode| match &node.kind {
            NodeKind::Switch { route, .. } if old.name == new.name => route.to_string(),
            _ => node.note(),
        };
        let (old, new) = (words(old), words(new));
        if old != new && !old.is_empty() {
            was.push(old);
        }
        let mark = if was.is_empty() && !moved && !replaced { ' ' } else { '~' };
        (mark, remarks(&was, moved, replaced))
    }
}
