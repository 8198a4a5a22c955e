//! A stage on its way into a pipeline: its node for the data side, and its entry for the model.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::cycle::{Cycle, Site};
use crate::error::Refusal;
use crate::knot::{Knot, Remake};
use crate::ledger::Counts;
use crate::link::{Status, Work};
use crate::model::{Entry, Kind};
use crate::name::{Name, NodeId, Type};
use crate::node::Node;
use crate::stage::{Stage, Unpacked};
use crate::staged::Staged;

/// See the module's documentation.
pub(crate) struct Part {
    pub(crate) knot: Box<dyn Knot>,
    /// In the model while an edit is being checked.
    pub(crate) entry: Option<Entry>,
}

/// What a pipeline or a switch gives of itself when it becomes a stage; see [`Stage::unpack`].
pub(crate) struct Made {
    pub(crate) kind: Kind,
    pub(crate) make: Box<dyn FnOnce(Site) -> Box<dyn Knot> + Send>,
    pub(crate) error: Option<Refusal>,
}

impl Part {
    /// Makes a part of `stage`.
    ///
    /// # Errors
    ///
    /// The mistake with which the stage was built, where it is a pipeline or a switch.
    pub(crate) fn new<In, S>(name: Name, stage: S) -> (Self, Option<Refusal>)
    where
        In: Send + 'static,
        S: Stage<In>,
    {
        let (id, counts) = (NodeId::next(), Arc::new(Counts::default()));
        let site = Site { id, name: name.clone(), counts: Arc::clone(&counts) };
        let (knot, kind, error): (Box<dyn Knot>, Kind, Option<Refusal>) = match stage.unpack() {
            Unpacked::Stage(stage) => {
                (Box::new(Node::<_, In, S::Out>::new(site, Staged::new::<In>(stage))), Kind::Stage, None)
            }
            Unpacked::Made(made) => match made.downcast::<Made>() {
                Ok(made) => ((made.make)(site), made.kind, made.error),
                Err(_) => (Box::new(Node::<Tomb, In, S::Out>::new(site, Tomb)), Kind::Stage, Some(Refusal::Gone)),
            },
        };
        let (input, output, state) = (Type::of::<In>(), Type::of::<S::Out>(), Type::of::<S>());
        let entry = Entry { id, name, input, output, kind, state, counts };
        (Self { knot, entry: Some(entry) }, error)
    }
}

/// A part that is never put in, for an edit that is only tried on a copy of the model.
pub(crate) fn sham(entry: Entry) -> Part {
    let site = Site { id: entry.id, name: entry.name.clone(), counts: Arc::clone(&entry.counts) };
    Part { knot: Box::new(Node::<Tomb, (), ()>::new(site, Tomb)), entry: Some(entry) }
}

/// What makes a `New` of the `Old` stage it replaces; see [`Remake`].
pub(crate) fn remake<In, Old, New>(make: impl FnOnce(Old) -> New + Send + 'static) -> Remake
where
    In: Send + 'static,
    Old: Send + 'static,
    New: Stage<In>,
{
    Box::new(move |old, site, held| {
        // The old stage's type was compared when the edit was committed.
        let made = old.downcast::<Old>().map(|old| catch_unwind(AssertUnwindSafe(|| make(*old))));
        match made {
            Ok(Ok(new)) => (Box::new(Node::<_, In, New::Out>::new(site, Staged::heir::<In>(new, held))), None),
            Ok(Err(panic)) => (Box::new(Node::<Tomb, In, New::Out>::new(site, Tomb)), Some(panic)),
            Err(_) => (Box::new(Node::<Tomb, In, New::Out>::new(site, Tomb)), Some(Box::new("no stage to hand over"))),
        }
    })
}

/// Stands where a hand-over panicked, so that the pipeline keeps its shape: it takes no item.
struct Tomb;

impl<A: Send + 'static, B: Send + 'static> Work<A, B> for Tomb {
    fn one(&mut self, item: A, cx: &mut Cycle, site: &Site) -> Option<B> {
        cx.faults.add(item, "the hand-over to this stage panicked; replace it".into());
        cx.absent(site);
        None
    }

    fn many(&mut self, items: &mut Vec<A>, _: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        for item in items.drain(..) {
            let _: Option<B> = self.one(item, cx, site);
        }
    }

    fn finish(&mut self, _: &mut Vec<B>, _: &mut Cycle, _: &Site) {}

    fn status(&self, _: &Site) -> Status {
        Status { steady: false, exact: false, ..Status::CLEAR }
    }

    fn into_stage(self) -> Box<dyn Any + Send> {
        Box::new(())
    }
}
