//! What edits can see of a model: two models that are alike take and refuse the same edits.

use std::any::TypeId;

use super::{Entry, Kind, Plan};
use crate::name::{Name, Path};

/// Names, kinds, types and routes in order, without what tells one stage from another just like it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Likeness(Vec<Feature>);

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Feature {
    Entry { name: Name, is: &'static str, types: [TypeId; 3] },
    Route { route: String, cloned: bool },
    End,
}

impl Plan {
    pub(crate) fn likeness(&self) -> Likeness {
        let mut features = Vec::new();
        self.entries.iter().for_each(|entry| entry.features(&mut features));
        Likeness(features)
    }

    /// The names at the level of the last name in `path`.
    pub(crate) fn beside(&self, path: &Path) -> Vec<Name> {
        match path.split_last() {
            Some((around, _)) if !around.names().is_empty() => self.find(&around).map_or_else(
                |_| Vec::new(),
                |(_, entry)| match &entry.kind {
                    Kind::Stage | Kind::Tap | Kind::Workers(_) => Vec::new(),
                    Kind::Pipeline(plan) => plan.names(),
                    Kind::Switch(fork) => fork.in_order().map(|target| target.entry.name.clone()).collect(),
                },
            ),
            _ => self.names(),
        }
    }

    fn names(&self) -> Vec<Name> {
        self.entries.iter().map(|entry| entry.name.clone()).collect()
    }
}

impl Entry {
    fn features(&self, features: &mut Vec<Feature>) {
        let types = [self.input.id(), self.output.id(), self.state.id()];
        features.push(Feature::Entry { name: self.name.clone(), is: self.is(), types });
        match &self.kind {
            Kind::Stage | Kind::Tap | Kind::Workers(_) => return,
            Kind::Pipeline(plan) => plan.entries.iter().for_each(|entry| entry.features(features)),
            Kind::Switch(fork) => {
                features.push(Feature::Route { route: fork.route.to_string(), cloned: fork.cloned });
                fork.in_order().for_each(|target| target.entry.features(features));
            }
        }
        features.push(Feature::End);
    }
}
