//! The paths of all stages of a model, for a recording of items that wait inside.

use super::{Entry, Kind, Plan};
use crate::name::Path;
use crate::trace::Places;

impl Plan {
    pub(crate) fn places(&self) -> Places {
        let mut places = Places::default();
        self.entries.iter().for_each(|entry| entry.place(&Path::default(), &mut places));
        places
    }
}

impl Entry {
    /// Adds this stage and all inside it.
    fn place(&self, within: &Path, places: &mut Places) {
        let path = within.join(&self.name);
        match &self.kind {
            Kind::Stage | Kind::Tap | Kind::Workers(_) => {}
            Kind::Pipeline(plan) => plan.entries.iter().for_each(|entry| entry.place(&path, places)),
            Kind::Switch(fork) => fork.slots.iter().flatten().for_each(|target| target.entry.place(&path, places)),
        }
        places.add(self.id, path);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Entry, Fork, Kind, Plan, Target};
    use crate::name::{Name, NodeId, Path, Type};
    use crate::route::Route;

    fn entry(name: &str, kind: Kind) -> Entry {
        let (name, [input, output, state]) = (Name::new(name).unwrap(), [Type::of::<()>(); 3]);
        Entry { id: NodeId::next(), name, input, output, kind, state, counts: Default::default() }
    }

    fn plan(entries: Vec<Entry>) -> Plan {
        let [input, output] = [Type::of::<()>(); 2];
        Plan { name: Name::new("p").unwrap(), input, output, entries, thread: None }
    }

    #[test]
    fn every_stage_has_its_place() {
        let leaf = entry("leaf", Kind::Tap);
        let inner = entry("inner", Kind::Pipeline(Box::new(plan(vec![leaf]))));
        let mut fork = Fork::new(Route::from("inner").check().unwrap(), false);
        fork.attach(1, Target { order: 0, entry: inner });
        let whole = plan(vec![entry("a", Kind::Stage), entry("switch", Kind::Switch(Box::new(fork)))]);
        let ids = |path: &str| whole.find(&Path::new(path).unwrap()).unwrap().1.id;
        let paths = ["a", "switch", "switch/inner", "switch/inner/leaf"];
        let places = whole.places();
        for path in paths {
            assert_eq!(places.find(ids(path)), Some(Path::new(path).unwrap()));
        }
        assert_eq!(places.find(NodeId::next()), None);
    }
}
