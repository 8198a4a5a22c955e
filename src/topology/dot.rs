//! A topology as a graph for Graphviz.

use std::fmt::{self, Write};

use super::drawing::Counts;
use super::graph::{Edge, Graph, Line, Part, Place, Spot};
use super::{NodeKind, Topology};

pub(super) fn write(f: &mut fmt::Formatter<'_>, topology: &Topology, counts: &Counts<'_>) -> fmt::Result {
    let graph = Graph::new(topology);
    let name = &topology.root.name;
    let title = vec![format!("{name}, {}", topology.state()), counts.whole()];
    writeln!(f, "digraph \"{name}\" {{")?;
    writeln!(f, "  rankdir=LR labelloc=t label=\"{}\"", Label(title))?;
    writeln!(f, "  fontname=\"sans-serif\" node [shape=box fontname=\"sans-serif\"] edge [fontname=\"sans-serif\"]")?;
    let mut depth = 1;
    for part in &graph.parts {
        if matches!(part, Part::Close) {
            depth -= 1;
        }
        (0..depth).try_for_each(|_| f.write_str("  "))?;
        match part {
            Part::Node(spot) => {
                let idle = if spot.idle { " style=dashed" } else { "" };
                writeln!(f, "{} [label=\"{}\"{}{idle}]", Id(&spot.place), Label(spot.label(counts)), shape(spot))?;
            }
            Part::Open(spot) => {
                // Graphviz draws a box around a subgraph whose name begins so.
                let Place::At(path) = &spot.place else { continue };
                writeln!(f, "subgraph \"cluster_{path}\" {{")?;
                depth += 1;
                (0..depth).try_for_each(|_| f.write_str("  "))?;
                let style = if spot.idle { "dashed" } else { "rounded" };
                writeln!(f, "label=\"{}\" style={style}", Label(spot.label(counts)))?;
            }
            Part::Close => writeln!(f, "}}")?,
        }
    }
    for Edge { from, to, line, weight } in &graph.edges {
        write!(f, "  {} -> {}", Id(from), Id(to))?;
        let label = weight.map(|weight| format!("label={weight}"));
        let style = match line {
            Line::Plain => None,
            Line::Live => Some("penwidth=3".into()),
            Line::Idle => Some("style=dashed".into()),
        };
        let attributes: Vec<String> = label.into_iter().chain(style).collect();
        if !attributes.is_empty() {
            write!(f, " [{}]", attributes.join(" "))?;
        }
        writeln!(f)?;
    }
    writeln!(f, "}}")
}

fn shape(spot: &Spot<'_>) -> &'static str {
    match (&spot.place, &spot.node.kind) {
        (Place::In | Place::Out, _) => " shape=oval",
        (Place::Inside(_), _) => " shape=plaintext",
        (_, NodeKind::Stage | NodeKind::Pipeline(_) | NodeKind::Thread { .. }) => "",
        (_, NodeKind::Tap) => " shape=note",
        (_, NodeKind::Switch { .. }) => " shape=hexagon",
        (_, NodeKind::Workers { .. }) => " peripheries=2",
    }
}

/// A path in quotation marks; no path begins or ends with `/`.
struct Id<'a>(&'a Place);

impl fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Place::In => f.write_str("\"/in\""),
            Place::Out => f.write_str("\"/out\""),
            Place::At(path) => write!(f, "\"{path}\""),
            Place::Inside(path) => write!(f, "\"{path}/\""),
        }
    }
}

/// The lines of a label, between quotation marks.
struct Label(Vec<String>);

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, line) in self.0.iter().filter(|line| !line.is_empty()).enumerate() {
            f.write_str(if at > 0 { "\\n" } else { "" })?;
            line.chars().try_for_each(|c| match c {
                '"' | '\\' => write!(f, "\\{c}"),
                // Graphviz reads entities of HTML in every label.
                '&' => f.write_str("&amp;"),
                c if c.is_control() => f.write_char(' '),
                c => f.write_char(c),
            })?;
        }
        Ok(())
    }
}
