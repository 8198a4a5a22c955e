//! A topology as a flowchart for Mermaid.
//!
//! # How ids are made
//!
//! A node's id is its path, its names joined by `__`. A name stays as it is if it is made of ASCII letters, digits and single
//! underscores between them, and is no word of Mermaid's. Any other stands behind a `_`, without underscores: whatever is
//! no ASCII letter or digit, and `x`, is written as `x`, its number in hexadecimal, and `x`. So two paths never have the same
//! id, and neither begins with two underscores, as the two ends do, or ends with one, as what stands in an empty pipeline does.

use std::fmt::{self, Write};

use super::drawing::Counts;
use super::graph::{Edge, Graph, Line, Part, Place, Spot};
use super::{NodeKind, Topology};
use crate::name::{Name, Path};

/// Words that Mermaid, or the language that it is written in, has another use for.
const WORDS: [&str; 24] = [
    "accdescr",
    "acctitle",
    "bt",
    "call",
    "class",
    "classdef",
    "click",
    "constructor",
    "default",
    "direction",
    "end",
    "flowchart",
    "graph",
    "href",
    "interpolate",
    "linkstyle",
    "lr",
    "prototype",
    "rl",
    "style",
    "subgraph",
    "tb",
    "td",
    "tostring",
];

pub(super) fn write(f: &mut fmt::Formatter<'_>, topology: &Topology, counts: &Counts<'_>) -> fmt::Result {
    let graph = Graph::new(topology);
    let title = [topology.root.name.to_string(), topology.state(), counts.whole()];
    let title = title.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ").replace('"', "\\\"");
    writeln!(f, "---\ntitle: \"{title}\"\n---\nflowchart LR")?;
    let mut around: Vec<&Spot<'_>> = Vec::new();
    let mut any_idle = false;
    for part in &graph.parts {
        let indent = |f: &mut fmt::Formatter<'_>, depth: usize| (0..=depth).try_for_each(|_| f.write_str("    "));
        match part {
            Part::Node(spot) => {
                indent(f, around.len())?;
                let (open, close) = brackets(spot);
                let idle = if spot.idle { ":::idle" } else { "" };
                writeln!(f, "{}{open}\"{}\"{close}{idle}", Id(&spot.place), Label(spot.label(counts)))?;
                any_idle |= spot.idle;
            }
            Part::Open(spot) => {
                indent(f, around.len())?;
                // Mermaid keeps one line free for the title of a subgraph.
                let title = Label(vec![spot.label(counts).join(", ")]);
                writeln!(f, "subgraph {} [\"{title}\"]", Id(&spot.place))?;
                around.push(spot);
            }
            Part::Close => {
                let Some(spot) = around.pop() else { continue };
                indent(f, around.len())?;
                writeln!(f, "end")?;
                if spot.idle {
                    indent(f, around.len())?;
                    writeln!(f, "class {} idle", Id(&spot.place))?;
                }
            }
        }
    }
    for Edge { from, to, line, weight } in &graph.edges {
        let line = match line {
            Line::Plain => "-->",
            Line::Live => "==>",
            Line::Idle => "-.->",
        };
        write!(f, "    {} {line}", Id(from))?;
        weight.iter().try_for_each(|weight| write!(f, "|{weight}|"))?;
        writeln!(f, " {}", Id(to))?;
    }
    if any_idle { writeln!(f, "    classDef idle stroke-dasharray:5 4") } else { Ok(()) }
}

/// The shape of a node.
fn brackets(spot: &Spot<'_>) -> (&'static str, &'static str) {
    match (&spot.place, &spot.node.kind) {
        (Place::In | Place::Out, _) => ("([", "])"),
        (Place::Inside(_), _) | (_, NodeKind::Stage | NodeKind::Pipeline(_) | NodeKind::Thread { .. }) => ("[", "]"),
        (_, NodeKind::Tap) => (">", "]"),
        (_, NodeKind::Switch { .. }) => ("{{", "}}"),
        (_, NodeKind::Workers { .. }) => ("[[", "]]"),
    }
}

struct Id<'a>(&'a Place);

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Place::In => f.write_str("__in"),
            Place::Out => f.write_str("__out"),
            Place::At(path) => names(f, path),
            Place::Inside(path) => {
                names(f, path)?;
                f.write_str("_")
            }
        }
    }
}

fn names(f: &mut fmt::Formatter<'_>, path: &Path) -> fmt::Result {
    path.names().iter().enumerate().try_for_each(|(at, name)| {
        f.write_str(if at > 0 { "__" } else { "" })?;
        if is_clean(name) {
            return write!(f, "{name}");
        }
        f.write_str("_")?;
        name.as_str().chars().try_for_each(|c| match c {
            'x' => f.write_str("x78x"),
            c if c.is_ascii_alphanumeric() => f.write_char(c),
            c => write!(f, "x{:x}x", u32::from(c)),
        })
    })
}

fn is_clean(name: &Name) -> bool {
    let letters = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
    name.as_str().split('_').all(letters) && !WORDS.contains(&&*name.as_str().to_ascii_lowercase())
}

/// The lines of a label, between quotation marks.
struct Label(Vec<String>);

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, line) in self.0.iter().enumerate() {
            f.write_str(if at > 0 { "<br>" } else { "" })?;
            line.chars().try_for_each(|c| match c {
                '<' => f.write_str("#lt;"),
                '&' => f.write_str("#amp;"),
                '"' => f.write_str("#quot;"),
                c if c.is_alphanumeric() || " _-.,:;>()[]{}'/+=!?".contains(c) => f.write_char(c),
                c => write!(f, "#{};", u32::from(c)),
            })?;
        }
        Ok(())
    }
}
