//! How the route's policy chooses a target, on the data side.

use std::hash::Hasher;
use std::sync::Arc;

use smallvec::SmallVec;

use crate::coroutine::Naming;
use crate::error::BodyError;
use crate::hash::{Fnv, mix};
use crate::name::Name;
use crate::route::{LookAt, Policy, PolicyKind, Route};
use crate::trace::Reason;

/// A policy with its state. Choices are indices into the route's targets.
pub(crate) struct Pick<T> {
    pub(crate) names: SmallVec<[Name; 4]>,
    rule: Rule<T>,
    /// What chooses, where it has a name.
    by: Option<Name>,
}

enum Rule<T> {
    Hold,
    One,
    Once,
    All,
    Next(usize),
    Weighted { weights: SmallVec<[u32; 4]>, gained: SmallVec<[i64; 4]>, chosen: u64 },
    Key { look: LookAt<T>, salts: SmallVec<[u64; 4]>, hash: u64 },
    When(LookAt<T>),
    Failover { out: SmallVec<[Option<Out>; 4]>, retry: Option<u64> },
    Generator(Naming),
}

/// A target that failover leaves out: since which cycle, and after which error.
pub(crate) type Out = (u64, Arc<str>);

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
        let by = route.by;
        let names = route.targets.unwrap_or_default();
        let rule = match route.policy {
            Policy::Hold => Rule::Hold,
            Policy::One => Rule::One,
            Policy::Once => Rule::Once,
            Policy::All => Rule::All,
            Policy::Next => Rule::Next(0),
            Policy::Weighted(weights) => {
                Rule::Weighted { gained: weights.iter().map(|_| 0).collect(), weights, chosen: 0 }
            }
            // The item type was compared when the edit was committed.
            Policy::Key(look) => match look.look.downcast::<LookAt<T>>() {
                Ok(look) => Rule::Key { look: *look, salts: names.iter().map(salt).collect(), hash: 0 },
                Err(_) => Rule::Hold,
            },
            Policy::When(look) => look.look.downcast::<LookAt<T>>().map_or(Rule::Hold, |look| Rule::When(*look)),
            Policy::Failover { retry } => Rule::Failover { out: names.iter().map(|_| None).collect(), retry },
            Policy::Generator(naming) => Rule::Generator(naming),
        };
        Self { names, rule, by }
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
            Rule::Weighted { weights, gained, chosen } => {
                *chosen += 1;
                Choice::To(smooth(weights, gained))
            }
            Rule::Key { look, salts, hash } => {
                *hash = look(item);
                Choice::To(rendezvous(*hash, salts))
            }
            Rule::When(look) => Choice::To(usize::try_from(look(item)).unwrap_or(last).min(last)),
            Rule::Failover { out, retry } => {
                let works = |out: &Option<Out>| match (out, *retry) {
                    (None, _) => true,
                    (Some((since, _)), Some(items)) => cycle.saturating_sub(*since) >= items,
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
    pub(crate) fn mark(&mut self, target: usize, failed: Option<Out>) {
        if let Rule::Failover { out, .. } = &mut self.rule
            && let Some(mark) = out.get_mut(target)
            && (mark.is_some() || failed.is_some())
        {
            *mark = failed;
        }
    }

    /// Why the last choice was `target`.
    pub(crate) fn reason(&self, target: usize) -> Reason {
        let by = || self.by.clone();
        match &self.rule {
            Rule::Hold | Rule::One => Reason::Only,
            Rule::Once => Reason::Once,
            Rule::All => Reason::All,
            Rule::Next(_) => Reason::Turn { slot: target as u64 + 1, of: self.names.len() as u64 },
            Rule::Weighted { weights, chosen, .. } => {
                let of = weights.iter().map(|weight| u64::from(*weight)).sum::<u64>().max(1);
                Reason::Weight { slot: chosen.saturating_sub(1) % of + 1, of }
            }
            Rule::Key { hash, .. } => Reason::Key { hash: *hash, by: by() },
            Rule::When(_) => Reason::Chosen { index: target as u64, by: by() },
            Rule::Failover { out, .. } => {
                let before = self.names.iter().zip(out).take(target);
                let out = before
                    .filter_map(|(name, out)| out.as_ref().map(|(since, why)| (name.clone(), *since, why.to_string())));
                Reason::Failover { out: out.collect() }
            }
            Rule::Generator(_) => Reason::Named { by: by() },
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
