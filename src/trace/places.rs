//! Where the stages of a pipeline are, for items that are still on their way when the pipeline is another already.

use std::collections::HashMap;

use crate::name::{NodeId, Path};

/// The paths of all stages of a model, by what the data side knows them by.
#[derive(Debug, Default)]
pub(crate) struct Places(HashMap<NodeId, Path>);

impl Places {
    pub(crate) fn add(&mut self, id: NodeId, path: Path) {
        self.0.insert(id, path);
    }

    pub(crate) fn find(&self, id: NodeId) -> Option<Path> {
        self.0.get(&id).cloned()
    }
}
