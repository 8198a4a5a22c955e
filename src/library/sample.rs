//! What makers make, for whoever looks at a library without making an edit.

use super::{Library, Maker};
use crate::error::Refusal;
use crate::model::Entry;
use crate::name::{Name, Type};

/// What a maker makes.
#[derive(Debug)]
pub(crate) enum Sample {
    /// A stage, with what is wrong with it.
    Stage(Option<Entry>, Option<Refusal>),
    Tap(Option<Entry>),
    HandOver {
        takes: Type,
        gives: Type,
        types: (Type, Type),
        plain: bool,
    },
    Key(Option<Type>),
    Predicate(Option<Type>),
    Choice(Option<Type>),
    Generator,
}

impl Library {
    /// One of each; makers of stages and taps are called once each.
    pub(crate) fn samples(&self) -> impl Iterator<Item = (Name, Sample)> {
        self.makers.iter().map(|(name, maker)| {
            let sample = match maker {
                Maker::Stage(product) => {
                    let (part, wrong) = (product.make)(name.clone());
                    Sample::Stage(part.entry, wrong)
                }
                Maker::Tap(product) => Sample::Tap((product.make)(name.clone()).0.entry),
                Maker::HandOver(heir) => {
                    let made = (heir.make)();
                    let types = (made.input, made.output);
                    Sample::HandOver { takes: heir.takes, gives: heir.gives, types, plain: heir.plain }
                }
                Maker::Key(by) => Sample::Key(by.item),
                Maker::Predicate(by) => Sample::Predicate(by.item),
                Maker::Choice(by) => Sample::Choice(by.item),
                Maker::Generator(_) => Sample::Generator,
            };
            (name.clone(), sample)
        })
    }
}
