//! How the route's policy chooses a target, on the data side.

use smallvec::SmallVec;

use crate::coroutine::Naming;
use crate::error::BodyError;
use crate::hash::{Fnv, mix};
use crate::name::Name;
use crate::route::{LookAt, Policy, PolicyKind, Route};
use std::hash::Hasher;

/// A policy with its state. Choices are indices into the route's targets.
pub(crate) struct Pick<T> {
    pub(crate) names: SmallVec<[Name; 4]>,
    rule: Rule<T>,
}

enum Rule<T> {
    Hold,
    One,
    Once,
    All,
    Next(usize),
    Weighted { weights: SmallVec<[u32; 4]>, gained: SmallVec<[i64; 4]> },
    Key { look: LookAt<T>, salts: SmallVec<[u64; 4]> },
    When(LookAt<T>),
    Failover { out: SmallVec<[Option<u64>; 4]>, retry: Option<u64> },
    Generator(Naming),
}

/// What to do with an item.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    To(usize),
    All,
    /// The generator named a target that is not in the route.
    Stranger(String),
    /// The generator cannot go on.
    Stuck(BodyError),
    /// No target takes the item.
    Nowhere,
}

impl<T: 'static> Pick<T> {
    pub(crate) fn new(route: Route) -> Self {
        let names = route.targets.unwrap_or_default();
        let rule = match route.policy {
            Policy::Hold => Rule::Hold,
            Policy::One => Rule::One,
            Policy::Once => Rule::Once,
            Policy::All => Rule::All,
            Policy::Next => Rule::Next(0),
            Policy::Weighted(weights) => Rule::Weighted { gained: weights.iter().map(|_| 0).collect(), weights },
            // The item type was compared when the edit was committed.
            Policy::Key(look) => match look.look.downcast::<LookAt<T>>() {
                Ok(look) => Rule::Key { look: *look, salts: names.iter().map(salt).collect() },
                Err(_) => Rule::Hold,
            },
            Policy::When(look) => look.look.downcast::<LookAt<T>>().map_or(Rule::Hold, |look| Rule::When(*look)),
            Policy::Failover { retry } => Rule::Failover { out: names.iter().map(|_| None).collect(), retry },
            Policy::Generator(naming) => Rule::Generator(naming),
        };
        Self { names, rule }
    }

    pub(crate) fn is(&self, kind: PolicyKind) -> bool {
        match self.rule {
            Rule::Hold => kind == PolicyKind::None,
            Rule::One => kind == PolicyKind::One,
            Rule::Once => kind == PolicyKind::Once,
            Rule::All => kind == PolicyKind::All,
            Rule::Failover { .. } => kind == PolicyKind::Failover,
            Rule::Generator(_) => kind == PolicyKind::Generator,
            _ => false,
        }
    }

    /// Chooses for `item`, the `cycle`th.
    pub(crate) fn choose(&mut self, item: &T, cycle: u64) -> Choice {
        let last = self.names.len().saturating_sub(1);
        match &mut self.rule {
            Rule::Hold => Choice::Nowhere,
            Rule::One | Rule::Once => Choice::To(0),
            Rule::All => Choice::All,
            Rule::Next(at) => {
                let chosen = *at;
                *at = if chosen == last { 0 } else { chosen + 1 };
                Choice::To(chosen)
            }
            Rule::Weighted { weights, gained } => Choice::To(smooth(weights, gained)),
            Rule::Key { look, salts } => Choice::To(rendezvous(look(item), salts)),
            Rule::When(look) => Choice::To(usize::try_from(look(item)).unwrap_or(last).min(last)),
            Rule::Failover { out, retry } => {
                let works = |since: &Option<u64>| match (since, *retry) {
                    (None, _) => true,
                    (Some(since), Some(items)) => cycle.saturating_sub(*since) >= items,
                    (Some(_), None) => false,
                };
                out.iter().position(works).map_or(Choice::Nowhere, Choice::To)
            }
            Rule::Generator(naming) => match naming.next() {
                Err(error) => Choice::Stuck(error),
                Ok(name) => match self.names.iter().position(|known| known.as_str() == name) {
                    Some(at) => Choice::To(at),
                    None => Choice::Stranger(name),
                },
            },
        }
    }

    /// Leaves the target out (failover only) since it failed the item of `cycle`; or takes it in again.
    pub(crate) fn mark(&mut self, target: usize, failed_at: Option<u64>) {
        if let Rule::Failover { out, .. } = &mut self.rule
            && let Some(mark) = out.get_mut(target)
        {
            *mark = failed_at;
        }
    }

    /// Holds items back from now on.
    pub(crate) fn hold(&mut self) {
        self.rule = Rule::Hold;
    }
}

fn salt(name: &Name) -> u64 {
    let mut hasher = Fnv::default();
    hasher.write(name.as_str().as_bytes());
    mix(hasher.finish())
}

/// Smooth weighted round robin; see [`Route::weighted`].
fn smooth(weights: &[u32], gained: &mut [i64]) -> usize {
    let mut best = 0;
    let mut total = 0;
    for at in 0..weights.len() {
        let weight = i64::from(weights[at]);
        total += weight;
        gained[at] += weight;
        if gained[at] > gained[best] {
            best = at;
        }
    }
    gained[best] -= total;
    best
}

/// Rendezvous hashing; see [`Route::by_key`].
fn rendezvous(key: u64, salts: &[u64]) -> usize {
    let score = |salt: &u64| mix(key ^ salt);
    let best = salts.iter().enumerate().max_by_key(|(at, salt)| (score(salt), std::cmp::Reverse(*at)));
    best.map_or(0, |(at, _)| at)
}
