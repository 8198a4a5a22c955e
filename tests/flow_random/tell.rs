//! A run in words, for whoever has to find out what went wrong.

use super::edits::World;
use super::model::{Kind, Node};

/// The pipeline as it was at the beginning, and its edits, each with what it left.
pub(crate) fn tell(world: &World) -> String {
    let mut text = format!("{}", Nodes(&world.models[0]));
    for commit in &world.commits {
        let receipt = &commit.receipt;
        let (revision, cut) = (receipt.revision(), receipt.cut().map(|cut| cut.first_new));
        let rule = commit.rule.map_or(String::new(), |rule| format!(" ({rule:?})"));
        let retired = if receipt.is_retired() { "" } else { ", not retired" };
        text.push_str(&format!("\n{revision} from item {cut:?}{retired}: {}{rule}", commit.words));
        text.push_str(&format!("\n   -> {}", Nodes(&world.models[revision as usize])));
    }
    text
}

/// Prints a chain in a line.
pub(crate) struct Nodes<'a>(pub(crate) &'a [Node]);

impl std::fmt::Display for Nodes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (at, node) in self.0.iter().enumerate() {
            if at > 0 {
                write!(f, " > ")?;
            }
            write!(f, "{}", node.uid)?;
            if node.name != format!("n{}", node.uid) {
                write!(f, "={}", node.name)?;
            }
            match &node.kind {
                Kind::Map { closure, .. } => write!(f, "{}", if *closure { "c" } else { "m" })?,
                Kind::Pipe(nodes) => write!(f, "[{}]", Nodes(nodes))?,
                Kind::Switch(fork) => {
                    write!(f, "{{{:?} {:?}", fork.way.policy, fork.way.targets)?;
                    if fork.unordered {
                        write!(f, " unordered")?;
                    }
                    if fork.gate.is_some() {
                        write!(f, " gated")?;
                    }
                    fork.targets
                        .iter()
                        .try_for_each(|target| write!(f, " | {}", Nodes(std::slice::from_ref(target))))?;
                    write!(f, "}}")?;
                }
                Kind::Async(work) => {
                    write!(f, "async{}", work.limit)?;
                    let tags = [(!work.ordered, "u"), (work.within, "w"), (work.cloned, "c"), (work.fails, "f")];
                    tags.iter().filter(|(on, _)| *on).try_for_each(|(_, tag)| write!(f, "{tag}"))?;
                }
                Kind::Buffer(size) => write!(f, "buffer{size}")?,
                Kind::Filter => write!(f, "filter")?,
                Kind::Flat => write!(f, "flat")?,
                Kind::Try => write!(f, "try")?,
                Kind::Sink(tides) => {
                    write!(f, "sink{}{}", if tides.fails { "f" } else { "" }, if tides.stalls { "s" } else { "" })?
                }
            }
        }
        Ok(())
    }
}
