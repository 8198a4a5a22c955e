//! Stages, routes and changes as plain data, from which both the real pipeline and the reference are made.

use coroute::Type;

/// The two item types that flow: numbers, and the same numbers in another coat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ty {
    Int,
    Text,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text(pub i64);

/// What the stages know of an item.
pub(crate) trait Num: Clone + Send + Sync + 'static {
    fn new(number: i64) -> Self;
    fn get(&self) -> i64;
}

impl Num for i64 {
    fn new(number: i64) -> Self {
        number
    }
    fn get(&self) -> i64 {
        *self
    }
}

impl Num for Text {
    fn new(number: i64) -> Self {
        Self(number)
    }
    fn get(&self) -> i64 {
        self.0
    }
}

impl Ty {
    pub(crate) fn of(self) -> Type {
        match self {
            Self::Int => Type::of::<i64>(),
            Self::Text => Type::of::<Text>(),
        }
    }
}

/// Whether an item meets a stage's weak spot.
pub(crate) fn hits(item: i64, spot: i64) -> bool {
    item.rem_euclid(5) == spot
}

/// A stage. Those with state carry it, so that the reference can run them as they are.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Spec {
    Add(i64),
    Mul(i64),
    /// Drops odd numbers.
    Even,
    Copies(usize),
    /// A `try_stage` that fails on its spot.
    Picky(i64),
    /// A stage type with state: adds `step` times the number of items before.
    Count {
        step: i64,
        seen: i64,
    },
    /// Holds items back until there are `size`, and gives them, or their sum; may panic at the end.
    Bunch {
        size: usize,
        sum: bool,
        bad_end: bool,
        items: Vec<i64>,
    },
    /// A closure that panics on its spot.
    Boom(i64),
    /// A stage type that gives its item and then panics on its spot.
    Fuse(i64),
    /// A coroutine that adds.
    Body(i64),
    /// One of the others as an async stage with a limit: its futures are pending up to so many times.
    Slow {
        limit: usize,
        pends: u32,
        of: Box<Spec>,
    },
    /// A buffer.
    Queue(usize),
    /// One of those without state as a stage that several threads work for.
    Crew {
        count: usize,
        queue: usize,
        keyed: bool,
        of: Box<Spec>,
    },
    /// A pipeline on a thread of its own, with the capacity of its queue.
    Thread(usize, OnFail, Vec<(String, Spec)>),
    /// Where a hand-over panicked.
    Tomb,
    /// Turns one item type into the other.
    Turn,
    Pipe(OnFail, Vec<(String, Spec)>),
    Switch {
        cloned: bool,
        targets: Vec<(String, Spec)>,
        route: RouteSpec,
    },
}

/// A failure handler; dead letters and taps write a note with their label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OnFail {
    Stop,
    Skip,
    Dead(u64),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RouteSpec {
    pub(crate) targets: Vec<String>,
    pub(crate) policy: Policy,
    /// What its closure looks at, if it has one.
    pub(crate) looks_at: Ty,
}

impl RouteSpec {
    /// The targets that the route names in the end.
    pub(crate) fn names(&self) -> Vec<String> {
        let wanted = match self.policy {
            Policy::None => 0,
            Policy::To | Policy::Once => 1,
            Policy::When(_) => 2,
            _ => return self.targets.clone(),
        };
        let nobody = std::iter::repeat_with(|| "nobody".to_owned());
        self.targets.iter().cloned().chain(nobody).take(wanted).collect()
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Policy {
    None,
    To,
    Once,
    All,
    RoundRobin,
    Weighted(Vec<u32>),
    ByKey,
    /// Panics on the spot, if there is one.
    When(Option<i64>),
    Choose,
    Failover(Option<u64>),
    /// The names that the generator gives, before it returns.
    Generator(Vec<String>),
}

/// Where to insert or to move.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum At {
    /// In front of, or behind, all of the pipeline at a path, or of the outermost.
    First(Option<String>),
    Last(Option<String>),
    Before(String),
    After(String),
}

/// The new stage of a hand-over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Heir {
    /// Takes a `Count` and gives it another step.
    Count(i64),
    /// Takes a `Bunch` and gives it another size.
    Bunch(usize),
    /// Takes a `Count` and panics.
    Panics,
}

/// A change; `id` is the identity of what it puts in, and the label of its tap.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Change {
    Insert { at: At, name: String, spec: Spec, ty: Ty, id: u64 },
    Remove { at: String },
    Replace { at: String, spec: Spec, ty: Ty, id: u64 },
    HandOver { at: String, heir: Heir, ty: Ty },
    Rename { at: String, to: String },
    Move { at: String, to: At },
    Attach { switch: String, name: String, spec: Spec, ty: Ty, id: u64 },
    Detach { switch: String, target: String },
    Route { switch: String, route: RouteSpec },
    Tap { at: String, name: String, ty: Ty, id: u64 },
    Workers { at: String, count: usize },
    Pause,
    Resume,
}

/// A pipeline from numbers to numbers; in its middle, if it has one, the other type flows.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) on_fail: OnFail,
    pub(crate) head: Vec<(String, Spec)>,
    pub(crate) middle: Option<Vec<(String, Spec)>>,
    pub(crate) tail: Vec<(String, Spec)>,
}

/// What may happen in a script.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mood {
    pub(crate) failures: bool,
    pub(crate) panics: bool,
    pub(crate) batches: bool,
    /// Whether there are stages that hold items back.
    pub(crate) holds: bool,
    /// Whether there are stages that items wait in. Whether an item is taken must not depend then on those ahead of it.
    pub(crate) waits: bool,
    /// Whether there are stages that threads work for.
    pub(crate) threads: bool,
    /// How many changes out of 64 are made illegal on purpose.
    pub(crate) illegal: u32,
}
