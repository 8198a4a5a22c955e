//! The switch: a stage with named targets, of which its route says who gets the item.

use std::fmt;
use std::time::Duration;

use crate::error::{BuildError, Refusal};
use crate::fan::{Fan, Patience};
use crate::model::{Fork, Kind, Target};
use crate::name::{Name, Path, Type};
use crate::node::Node;
use crate::part::{Made, Part};
use crate::route::{Route, RouteView};
use crate::stage::{Output, Stage, Unpacked};

/// A stage with named targets, all from `In` to `Out`; its [`Route`] says which of them gets an item.
///
/// Without a route it holds its items back. A switch is a stage like any other; [`into_pipeline`](Switch::into_pipeline)
/// makes a pipeline of nothing but the switch, with the same name.
///
/// # Examples
///
/// ```
/// use coroute::Switch;
///
/// let mut source = Switch::new("source")
///     .target("add", |x: i64| x + 1)
///     .target("prod", |x: i64| x * 2)
///     .into_pipeline();
/// let controller = source.controller();
/// controller.route("source", "add")?;
/// assert_eq!(source.call(4)?, 5);
/// controller.route("source", "prod")?;
/// assert_eq!(source.call(8)?, 16);
/// let error = controller.route("source", "power").unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "cannot route \"source\" -> power: nothing is called \"source/power\"; there is \"add\" and \"prod\""
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a switch does nothing until it is a stage of a pipeline"]
pub struct Switch<In, Out> {
    name: String,
    work: Fan<In, Out>,
    fork: Fork,
    error: Option<BuildError>,
}

impl<In: Send + 'static, Out: Send + 'static> Switch<In, Out> {
    /// A switch without targets.
    pub fn new(name: impl Into<String>) -> Self {
        let route = Route::none();
        Self { name: name.into(), work: Fan::new(route), fork: Fork::new(RouteView::none(), false), error: None }
    }

    /// Attaches a target: a stage, a pipeline or another switch. A taken or malformed name is a [`BuildError`] of the
    /// pipeline that the switch becomes a part of.
    pub fn target<S: Stage<In, Out = Out>>(mut self, name: impl AsRef<str>, stage: S) -> Self {
        let asked = || format!("target {:?} of switch {:?}", name.as_ref(), self.name);
        let refusal = match Name::new(&name) {
            Err(error) => Some(error.into()),
            Ok(name) if self.fork.by_name.contains_key(&name) => Some(Refusal::Duplicate { name }),
            Ok(name) => {
                let (part, error) = Part::new::<In, S>(name, stage);
                let slot = self.fork.free_slot();
                let order = self.fork.next;
                self.work.attach(slot, part.knot);
                part.entry.into_iter().for_each(|entry| self.fork.attach(slot, Target { order, entry }));
                error
            }
        };
        if let Some(refusal) = refusal {
            let error = BuildError::new(asked(), refusal);
            self.error.get_or_insert(error);
        }
        self
    }

    /// Routes the switch from the start. Name the targets first.
    pub fn route(mut self, route: impl Into<Route>) -> Self {
        let route = route.into();
        let looks_at = route.looks_at();
        let path = Name::new(&self.name).map(Path::from).unwrap_or_default();
        let checked = route.check().and_then(|view| {
            self.fork.check(&view, looks_at, Type::of::<In>(), &path)?;
            Ok(view)
        });
        match checked {
            Ok(view) => {
                self.work.route(route, self.fork.slots_of(&view));
                self.fork.route = view;
            }
            Err(refusal) => {
                let error = BuildError::new(format!("the route of switch {:?}", self.name), refusal);
                self.error.get_or_insert(error);
            }
        }
        self
    }

    /// Lets the switch clone its items, which [`Route::all`] needs.
    pub fn cloned(mut self) -> Self
    where
        In: Clone,
    {
        self.work.clone = Some(In::clone);
        self.fork.cloned = true;
        self
    }

    /// Lets what comes out of the targets go on as it comes, where items wait in them; else it goes on in the order of the
    /// items. An edit is not passed all the same. At the end of a pipeline, where nothing but `()` comes out, it is so
    /// anyhow: a stalled target does not hold up the others.
    pub fn unordered(mut self) -> Self {
        self.work.unordered = true;
        self
    }

    /// Has the meeting point behind the targets wait for an item, while others behind it are ready, no longer than `within`
    /// that time by `sleep`. What comes of the item later is dropped, and counted at the switch.
    pub fn gate_within<F>(mut self, within: Duration, sleep: impl Fn(Duration) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.work.patience = Some(Patience::new(within, sleep));
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    fn into_made(self) -> Made {
        let Self { work, fork, error, .. } = self;
        Made {
            kind: Kind::Switch(Box::new(fork)),
            make: Box::new(move |site| Box::new(Node::new(site, work))),
            error: error.map(Refusal::from),
        }
    }
}

impl<In, Out> fmt::Debug for Switch<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Switch").field("name", &self.name).field("route", &self.fork.route).finish_non_exhaustive()
    }
}

impl<In: Send + 'static, Out: Send + 'static> Stage<In> for Switch<In, Out> {
    type Out = Out;

    const PLAIN: bool = false;

    /// Never called: a switch is unpacked when it becomes a part of a pipeline.
    fn process(&mut self, item: In, out: &mut Output<'_, Out>) {
        out.fail(item, "a switch takes items as a part of a pipeline; see `Switch::into_pipeline`");
    }

    fn unpack(self) -> Unpacked<Self> {
        Unpacked::Made(Box::new(self.into_made()))
    }
}
