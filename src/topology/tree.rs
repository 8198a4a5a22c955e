//! A topology as a tree, for terminals and snapshots.

use std::fmt::{self, Write};

use super::drawing::Counts;
use super::{Topology, TopologyNode};
use crate::name::Path;

/// A line: the name behind its branch, the types, the note, and what else there is to say.
pub(super) type Line = [String; 4];

pub(super) fn write(f: &mut fmt::Formatter<'_>, topology: &Topology, counts: &Counts<'_>) -> fmt::Result {
    let root = &topology.root;
    let mut lines = vec![[root.name.to_string(), root.types(), topology.state(), counts.whole()]];
    below(root, &Path::default(), "", counts, &mut lines);
    lines_as_table(f, &lines)
}

fn below(node: &TopologyNode, path: &Path, indent: &str, counts: &Counts<'_>, lines: &mut Vec<Line>) {
    let (live, children) = (node.live(), node.children());
    for (at, child) in children.iter().enumerate() {
        let (branch, below_it) = branches(at + 1 == children.len());
        let is_live = live.as_ref().is_some_and(|live| live.contains_key(&child.name));
        let path = path.join(&child.name);
        lines.push([format!("{indent}{branch}{}", child.name), child.types(), note(child, is_live), counts.of(&path)]);
        below(child, &path, &format!("{indent}{below_it}"), counts, lines);
    }
}

/// What stands before a name, and before the lines below it.
pub(super) fn branches(is_last: bool) -> (&'static str, &'static str) {
    if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") }
}

pub(super) fn note(node: &TopologyNode, is_live: bool) -> String {
    match (node.note(), is_live) {
        (note, false) => note,
        (note, true) if note.is_empty() => "live".into(),
        (note, true) => format!("live, {note}"),
    }
}

/// Where the fourth column begins at the latest; a route to very many targets would push it out of sight.
const WIDEST_NOTE: usize = 80;

/// Writes lines under each other, column by column.
pub(super) fn lines_as_table(f: &mut fmt::Formatter<'_>, lines: &[Line]) -> fmt::Result {
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2).min(WIDEST_NOTE), 0];
    for line in lines {
        let mut gap = 0;
        for (cell, width) in line.iter().zip(widths) {
            if !cell.is_empty() {
                (0..std::mem::take(&mut gap)).try_for_each(|_| f.write_char(' '))?;
                f.write_str(cell)?;
            }
            gap += width.saturating_sub(cell.chars().count()) + 2;
        }
        writeln!(f)?;
    }
    Ok(())
}
