//! What a commit brings along for a recording.

use super::Control;
use crate::edit::Edit;
use crate::model::{Entry, Kind, Plan};
use crate::name::{Name, NodeId, Path, Type};
use crate::trace::{Log, Recording};

fn control(stage: NodeId) -> Control {
    let [input, output, state] = [Type::of::<()>(); 3];
    let name = |name| Name::new(name).unwrap();
    let entry =
        Entry { id: stage, name: name("a"), input, output, kind: Kind::Stage, state, counts: Default::default() };
    Control::new(Plan { name: name("p"), input, output, entries: vec![entry], thread: None })
}

/// Where the stage is by the edit that renames it to `to`.
fn renamed(control: &mut Control, stage: NodeId, from: &str, to: &str) -> Option<Path> {
    let mut edit = Edit::new();
    edit.rename(from, to).unwrap();
    assert!(control.commit(&mut edit).is_ok());
    control.waiting.back().unwrap().places.as_ref().map(|places| places.find(stage).unwrap())
}

#[test]
fn an_edit_brings_the_places_along_while_items_may_wait_and_are_recorded() {
    let stage = NodeId::next();
    let mut control = control(stage);
    control.trace = Some(Log::share(Recording::runs(), None));
    assert_eq!(renamed(&mut control, stage, "a", "b"), None, "nothing waits");
    control.flowing = true;
    assert_eq!(renamed(&mut control, stage, "b", "c"), Some(Path::new("c").unwrap()));
    assert_eq!(control.places().find(stage), Some(Path::new("c").unwrap()));
    control.trace = None;
    assert_eq!(renamed(&mut control, stage, "c", "d"), None, "nothing is recorded");
}
