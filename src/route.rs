//! Where a switch sends its items: the target set and the policy, as data.
//!
//! Target sets are `SmallVec`s, in line up to four. How a policy chooses is in [`Route`]'s constructors; what does the
//! choosing is in `pick.rs`.

mod view;
#[cfg(feature = "serde")]
mod written;

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::hash::{Hash, Hasher};

use smallvec::SmallVec;

use crate::coroutine::{Naming, Turn};
use crate::error::Refusal;
use crate::hash::Fnv;
use crate::name::{Name, NameError, Type};

pub use view::{PolicyKind, RouteView};

/// The targets of a route, in the order they were given in.
pub(crate) type Targets = SmallVec<[Name; 4]>;

/// Where a switch sends its items: to which targets, and by which policy.
///
/// A `&str` is a route to one target, so `controller.route("source", "add")` needs no more. All policies are
/// deterministic: the same items under the same routes go the same ways. A policy begins anew with every commit of it.
///
/// # Examples
///
/// ```
/// use coroute::{Route, Switch};
///
/// let mut model = Switch::new("model")
///     .target("v1", |x: i64| x)
///     .target("v2", |x: i64| -x)
///     .route(Route::weighted([("v1", 3), ("v2", 1)]))
///     .into_pipeline();
/// let mut out = Vec::new();
/// model.send_all(1..=8, |x| out.push(x))?;
/// assert_eq!(out, [1, 2, -3, 4, 5, 6, -7, 8]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Route {
    pub(crate) targets: Result<Targets, NameError>,
    pub(crate) policy: Policy,
    /// What the closure or the coroutine is called.
    pub(crate) by: Option<Name>,
}

/// How one of the targets is chosen.
pub(crate) enum Policy {
    Hold,
    One,
    Once,
    All,
    Next,
    Weighted(SmallVec<[u32; 4]>),
    Key(Look),
    When(Look),
    Failover { retry: Option<u64> },
    Generator(Naming),
}

/// A closure that looks at items of one type; what it returns is a key's hash or the index of a target.
pub(crate) struct Look {
    pub(crate) item: Type,
    pub(crate) look: Box<dyn Any + Send>,
}

/// A [`Look`] of known item type.
pub(crate) type LookAt<T> = Box<dyn FnMut(&T) -> u64 + Send>;

impl Route {
    fn new<N: AsRef<str>>(targets: impl IntoIterator<Item = N>, policy: Policy) -> Self {
        Self { targets: targets.into_iter().map(Name::new).collect(), policy, by: None }
    }

    /// Every item goes to `target`.
    #[must_use]
    pub fn to(target: impl AsRef<str>) -> Self {
        Self::new([target], Policy::One)
    }

    /// The next item goes to `target`, and none after it, as from a queue with one element: when the item has been
    /// accepted the switch holds items back until it is routed again.
    #[must_use]
    pub fn once(target: impl AsRef<str>) -> Self {
        Self::new([target], Policy::Once)
    }

    /// No target: the switch holds its items back.
    #[must_use]
    pub fn none() -> Self {
        Self::new::<&str>([], Policy::Hold)
    }

    /// Every item goes to each of the targets, in this order; their outputs follow one another. Needs
    /// [`Switch::cloned`](crate::Switch::cloned).
    pub fn all<N: AsRef<str>>(targets: impl IntoIterator<Item = N>) -> Self {
        Self::new(targets, Policy::All)
    }

    /// Round robin: one item to each target in turn, beginning with the first.
    pub fn round_robin<N: AsRef<str>>(targets: impl IntoIterator<Item = N>) -> Self {
        Self::new(targets, Policy::Next)
    }

    /// A split by weight, such as a canary of `[("v1", 95), ("v2", 5)]`.
    ///
    /// Smooth weighted round robin, as nginx does it (`ngx_http_upstream_round_robin.c`, 2012): every target gains its
    /// weight, the highest is chosen (the first of equals) and loses the sum of all weights. In every run of as many
    /// items as the sum of the weights, each target gets exactly its weight, spread evenly.
    pub fn weighted<N: AsRef<str>>(targets: impl IntoIterator<Item = (N, u32)>) -> Self {
        let (names, weights): (Vec<N>, SmallVec<[u32; 4]>) = targets.into_iter().unzip();
        Self::new(names, Policy::Weighted(weights))
    }

    /// By key: items with the same key go to the same target, as long as that target is in the route.
    ///
    /// Rendezvous hashing (Thaler and Ravishankar, *Using name-based mappings to increase hit rates*, 1998): of all
    /// targets the one with the highest hash of key and name wins. Taking a target out moves its own keys only; putting
    /// one in moves to it about one key in as many as there are targets. The hash is FNV-1a with a final mix, the same
    /// on every machine. An item costs a hash per target.
    pub fn by_key<T: 'static, K: Hash, N: AsRef<str>>(
        targets: impl IntoIterator<Item = N>,
        mut key: impl FnMut(&T) -> K + Send + 'static,
    ) -> Self {
        let look: LookAt<T> = Box::new(move |item| {
            let mut hasher = Fnv::default();
            key(item).hash(&mut hasher);
            hasher.finish()
        });
        Self::new(targets, Policy::Key(Look { item: Type::of::<T>(), look: Box::new(look) }))
    }

    /// By predicate: items for which `test` holds go to `then`, the others to `otherwise`.
    pub fn when<T: 'static>(
        mut test: impl FnMut(&T) -> bool + Send + 'static,
        then: impl AsRef<str>,
        otherwise: impl AsRef<str>,
    ) -> Self {
        Self::choose([then.as_ref(), otherwise.as_ref()], move |item: &T| usize::from(!test(item)))
    }

    /// By a choice of the caller's: `choose` gives the index of the target in `targets`; an index past the end means the
    /// last of them.
    pub fn choose<T: 'static, N: AsRef<str>>(
        targets: impl IntoIterator<Item = N>,
        mut choose: impl FnMut(&T) -> usize + Send + 'static,
    ) -> Self {
        let look: LookAt<T> = Box::new(move |item| choose(item) as u64);
        Self::new(targets, Policy::When(Look { item: Type::of::<T>(), look: Box::new(look) }))
    }

    /// To the first target that works, in this order.
    ///
    /// A target that fails an item is left out from then on (until the route is committed again). Where it was the
    /// target's first stage that failed, the item is still as it was and goes to the next target, so nothing is lost;
    /// where a later stage failed, the failure goes to the pipeline's failure handler. So it does when every target is out.
    pub fn failover<N: AsRef<str>>(targets: impl IntoIterator<Item = N>) -> Self {
        Self::new(targets, Policy::Failover { retry: None })
    }

    /// As [`failover`](Route::failover), but a target that was left out is tried again after `items` items.
    pub fn failover_retry<N: AsRef<str>>(targets: impl IntoIterator<Item = N>, items: u64) -> Self {
        Self::new(targets, Policy::Failover { retry: Some(items.max(1)) })
    }

    /// A generator as the controller: a coroutine that names one of `targets` on every cycle.
    ///
    /// It is resumed when an item wants a target, never earlier. When it returns the switch holds items back; the item that
    /// found it returned fails, and is in the failure. So does an item for which it names none of `targets`, by the name that
    /// the target has then: a renamed target has to be named anew.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Route, Switch};
    ///
    /// let mut source = Switch::new("source")
    ///     .target("add", |x: i64| x + 1)
    ///     .target("prod", |x: i64| x * 2)
    ///     .route(Route::generator(["add", "prod"], |mut turn| async move {
    ///         turn.to("add").await;
    ///         turn.to("prod").await;
    ///     }))
    ///     .into_pipeline();
    /// assert_eq!(source.call(4)?, 5);
    /// assert_eq!(source.call(8)?, 16);
    /// assert!(source.call(1).is_err(), "the generator has returned");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn generator<N, F>(targets: impl IntoIterator<Item = N>, body: impl FnOnce(Turn) -> F) -> Self
    where
        N: AsRef<str>,
        F: Future<Output = ()> + Send + 'static,
    {
        Self::new(targets, Policy::Generator(Naming::new(body)))
    }

    /// Gives the closure or the coroutine that the route chooses by a name, which topologies, traces and scripts show.
    ///
    /// A malformed name is an error of the edit or of the switch that the route is for.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Route;
    ///
    /// let route = Route::by_key(["a", "b"], |x: &u64| x % 10).named("last_digit");
    /// assert_eq!(route.to_string(), "key a b by last_digit");
    /// ```
    #[must_use]
    pub fn named(mut self, name: impl AsRef<str>) -> Self {
        match Name::new(name) {
            Ok(name) => self.by = Some(name),
            Err(error) => self.targets = Err(error),
        }
        self
    }

    /// The type of the items that the route chooses by, where it looks at them.
    pub(crate) fn looks_at(&self) -> Option<Type> {
        match &self.policy {
            Policy::Key(look) | Policy::When(look) => Some(look.item),
            _ => None,
        }
    }

    /// Whether each item goes to one target, and none changes where the next goes but by its turn.
    pub(crate) fn is_even(&self) -> bool {
        matches!(self.policy, Policy::One | Policy::Next | Policy::Weighted(_) | Policy::Key(_) | Policy::When(_))
    }

    /// What can be said of the route without the switch it is for.
    pub(crate) fn check(&self) -> Result<RouteView, Refusal> {
        let targets = self.targets.as_ref().map_err(Clone::clone)?;
        if targets.is_empty() && !matches!(self.policy, Policy::Hold) {
            return Err(Refusal::NoTargets);
        }
        // For a few names, a set would cost more than it saves.
        let twice = match targets.len() {
            0..9 => (1..targets.len()).find(|at| targets[..*at].contains(&targets[*at])),
            _ => {
                let mut seen = HashSet::new();
                targets.iter().position(|name| !seen.insert(name))
            }
        };
        if let Some(at) = twice {
            return Err(Refusal::Twice { name: targets[at].clone() });
        }
        if let Policy::Weighted(given) = &self.policy {
            let total: u64 = given.iter().map(|weight| u64::from(*weight)).sum();
            if total == 0 || u32::try_from(total).is_err() {
                return Err(Refusal::Weights);
            }
        }
        Ok(self.view())
    }

    /// The route as data, right or wrong.
    pub(crate) fn view(&self) -> RouteView {
        let (mut weights, mut again) = (SmallVec::new(), None);
        match &self.policy {
            Policy::Weighted(given) => weights.clone_from(given),
            Policy::Failover { retry } => again = *retry,
            _ => {}
        }
        let targets = match &self.targets {
            Ok(targets) => targets.clone(),
            Err(error) => std::iter::once(Name::malformed(error.text())).collect(),
        };
        let policy = self.policy.kind();
        let by = self.by.clone().filter(|_| policy.chooses());
        RouteView { policy, targets, weights, retry: again, by }
    }
}

impl Policy {
    fn kind(&self) -> PolicyKind {
        match self {
            Self::Hold => PolicyKind::None,
            Self::One => PolicyKind::One,
            Self::Once => PolicyKind::Once,
            Self::All => PolicyKind::All,
            Self::Next => PolicyKind::RoundRobin,
            Self::Weighted(_) => PolicyKind::Weighted,
            Self::Key(_) => PolicyKind::ByKey,
            Self::When(_) => PolicyKind::When,
            Self::Failover { .. } => PolicyKind::Failover,
            Self::Generator(_) => PolicyKind::Generator,
        }
    }
}

impl<N: AsRef<str>> From<N> for Route {
    fn from(target: N) -> Self {
        Self::to(target)
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.check() {
            Ok(view) => write!(f, "{view}"),
            Err(error) => write!(f, "({error})"),
        }
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Route({self})")
    }
}
