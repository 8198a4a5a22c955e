//! A route as data: to be shown, compared and written down.

use std::fmt;

use smallvec::SmallVec;

#[cfg(feature = "serde")]
use super::written::Written;
use super::{Route, Targets};
use crate::name::{Name, NameError};

/// The kinds of [`Route`](crate::Route).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum PolicyKind {
    /// [`Route::none`](crate::Route::none).
    None,
    /// [`Route::to`](crate::Route::to).
    One,
    /// [`Route::once`](crate::Route::once).
    Once,
    /// [`Route::all`](crate::Route::all).
    All,
    /// [`Route::round_robin`](crate::Route::round_robin).
    RoundRobin,
    /// [`Route::weighted`](crate::Route::weighted).
    Weighted,
    /// [`Route::by_key`](crate::Route::by_key).
    ByKey,
    /// [`Route::when`](crate::Route::when) and [`Route::choose`](crate::Route::choose).
    When,
    /// [`Route::failover`](crate::Route::failover).
    Failover,
    /// [`Route::generator`](crate::Route::generator).
    Generator,
}

impl PolicyKind {
    /// The word in front of the targets.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::One | Self::Weighted => "",
            Self::Once => "once",
            Self::All => "all",
            Self::RoundRobin => "next",
            Self::ByKey => "key",
            Self::When => "when",
            Self::Failover => "failover",
            Self::Generator => "generator",
        }
    }

    /// Whether a closure or a coroutine chooses.
    pub(crate) fn chooses(self) -> bool {
        matches!(self, Self::ByKey | Self::When | Self::Generator)
    }
}

/// Words that mean something in a route, so that a target of that name stands in quotation marks.
pub(crate) const ROUTE_WORDS: [&str; 10] =
    ["none", "once", "all", "next", "key", "when", "failover", "generator", "by", "retry"];

/// A route as data, as a [`Topology`](crate::Topology) shows it and a [`Script`](crate::Script) says it.
///
/// # Examples
///
/// ```
/// use coroute::{PolicyKind, Route, RouteView};
///
/// let canary = RouteView::from(&Route::weighted([("v1", 95), ("v2", 5)]));
/// assert_eq!(canary.to_string(), "v1:95 v2:5");
/// assert_eq!(canary.weights(), [95, 5]);
///
/// let by_user = RouteView::new(PolicyKind::ByKey, ["v1", "v2"])?.named("user")?;
/// assert_eq!(by_user.to_string(), "key v1 v2 by user");
/// # Ok::<(), coroute::NameError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(try_from = "Written", into = "Written")
)]
pub struct RouteView {
    pub(crate) policy: PolicyKind,
    pub(crate) targets: Targets,
    pub(crate) weights: SmallVec<[u32; 4]>,
    pub(crate) retry: Option<u64>,
    pub(crate) by: Option<Name>,
}

impl RouteView {
    /// A route by `policy` to `targets`; weights, all 1, where the policy has some.
    ///
    /// # Errors
    ///
    /// [`NameError`] for the first malformed name. Whether the route makes sense is seen when it is bound or committed.
    pub fn new<N: AsRef<str>>(policy: PolicyKind, targets: impl IntoIterator<Item = N>) -> Result<Self, NameError> {
        let targets = targets.into_iter().map(Name::new).collect::<Result<Targets, _>>()?;
        let weights =
            if policy == PolicyKind::Weighted { targets.iter().map(|_| 1).collect() } else { SmallVec::new() };
        Ok(Self { policy, targets, weights, retry: None, by: None })
    }

    /// The same with the name of the closure or coroutine that chooses; see [`Route::named`](crate::Route::named). Of no
    /// effect where nothing of the kind chooses.
    ///
    /// # Errors
    ///
    /// [`NameError`] for a malformed name.
    pub fn named(self, by: impl AsRef<str>) -> Result<Self, NameError> {
        let by = Name::new(by)?;
        Ok(Self { by: Some(by).filter(|_| self.policy.chooses()), ..self })
    }

    /// The route that holds items back.
    pub(crate) fn none() -> Self {
        Self::bare(PolicyKind::None)
    }

    /// A route by `policy`, as yet to nowhere.
    pub(crate) fn bare(policy: PolicyKind) -> Self {
        Self { policy, targets: Targets::new(), weights: SmallVec::new(), retry: None, by: None }
    }

    /// What chooses, where it has a name; see [`Route::named`](crate::Route::named).
    #[must_use]
    pub fn by(&self) -> Option<&Name> {
        self.by.as_ref()
    }

    /// After how many items a target that was left out is tried again, for [`PolicyKind::Failover`].
    #[must_use]
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }

    /// How the target of an item is chosen.
    #[must_use]
    pub fn policy(&self) -> PolicyKind {
        self.policy
    }

    /// The targets that items go to, in the route's order.
    #[must_use]
    pub fn targets(&self) -> &[Name] {
        &self.targets
    }

    /// The weights of the targets; empty but for [`PolicyKind::Weighted`].
    #[must_use]
    pub fn weights(&self) -> &[u32] {
        &self.weights
    }
}

impl From<&Route> for RouteView {
    /// The route without its closure, right or wrong.
    fn from(route: &Route) -> Self {
        route.view()
    }
}

impl fmt::Display for RouteView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.policy.word())?;
        let mut gap = if self.policy.word().is_empty() { "" } else { " " };
        for (at, name) in self.targets.iter().enumerate() {
            f.write_str(std::mem::replace(&mut gap, " "))?;
            let is_word = ROUTE_WORDS.contains(&name.as_str());
            if is_word {
                write!(f, "{name:?}")?
            } else {
                write!(f, "{name}")?
            }
            if let Some(weight) = self.weights.get(at) {
                write!(f, ":{weight}")?;
            }
        }
        if let Some(items) = self.retry {
            write!(f, " retry {items}")?;
        }
        self.by.as_ref().map_or(Ok(()), |by| write!(f, " by {by}"))
    }
}
