//! What the makers of a library make, as plain data.

use std::collections::BTreeMap;

use super::tree::Node;
use crate::library::{Library, Sample};
use crate::name::{Name, Type};

#[derive(Debug)]
pub(super) enum Maker {
    Stage(Node),
    Tap(Node),
    HandOver {
        takes: Type,
        gives: Type,
        types: (String, String),
        plain: bool,
    },
    Key(Option<String>),
    Predicate(Option<String>),
    Choice(Option<String>),
    Generator,
    /// What it makes cannot be put in.
    Unfit(String),
}

#[derive(Debug, Default)]
pub(super) struct Makers(BTreeMap<Name, Maker>);

impl Makers {
    pub(super) fn new(library: &Library) -> Self {
        let text = |item: Option<Type>| item.map(|item| item.to_string());
        let known = library.samples().map(|(name, sample)| {
            let maker = match sample {
                Sample::Stage(Some(entry), None) => Maker::Stage(Node::made(&entry)),
                Sample::Stage(_, Some(wrong)) => Maker::Unfit(wrong.to_string()),
                Sample::Tap(Some(entry)) => Maker::Tap(Node::made(&entry)),
                Sample::Stage(None, None) | Sample::Tap(None) => Maker::Unfit("it makes nothing".to_owned()),
                Sample::HandOver { takes, gives, types: (input, output), plain } => {
                    Maker::HandOver { takes, gives, types: (input.to_string(), output.to_string()), plain }
                }
                Sample::Key(item) => Maker::Key(text(item)),
                Sample::Predicate(item) => Maker::Predicate(text(item)),
                Sample::Choice(item) => Maker::Choice(text(item)),
                Sample::Generator => Maker::Generator,
            };
            (name, maker)
        });
        Self(known.collect())
    }

    pub(super) fn get(&self, name: &Name) -> Option<&Maker> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Name, &Maker)> {
        self.0.iter()
    }

    /// A stage to be put in, under a name.
    pub(super) fn stage(&self, maker: &Name, name: &Name) -> Result<Node, String> {
        match self.get(maker) {
            Some(Maker::Stage(node)) => Ok(Node { name: name.clone(), ..node.clone() }),
            Some(Maker::Unfit(why)) => Err(why.clone()),
            _ => Err(format!("no maker of stages is called {maker:?}")),
        }
    }

    pub(super) fn tap(&self, maker: &Name, name: &Name) -> Result<Node, String> {
        match self.get(maker) {
            Some(Maker::Tap(node)) => Ok(Node { name: name.clone(), ..node.clone() }),
            _ => Err(format!("no maker of taps is called {maker:?}")),
        }
    }
}
