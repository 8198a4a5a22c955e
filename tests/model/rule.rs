//! How the reference chooses a target: the policies as the documentation states them, one item after the other.

use coroute::{Route, Switch};

use crate::spec::{Policy, RouteSpec, hits};

/// A route at work.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) names: Vec<String>,
    pub(crate) policy: Policy,
    /// The names at the commit of the route; rendezvous hashing goes by them.
    committed: Vec<String>,
    turn: usize,
    gained: Vec<i64>,
    /// Failover: since which cycle a target is left out.
    pub(crate) out: Vec<Option<u64>>,
    /// Once: the cycle of the one item.
    spent: Option<u64>,
    /// The generator has returned.
    stuck: bool,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Choice {
    To(usize),
    All,
    Nowhere,
    Panics,
}

impl Rule {
    pub(crate) fn new(route: &RouteSpec) -> Self {
        let names = route.names();
        Self {
            policy: route.policy.clone(),
            committed: names.clone(),
            turn: 0,
            gained: vec![0; names.len()],
            out: vec![None; names.len()],
            spent: None,
            stuck: false,
            names,
        }
    }

    /// Whether the switch holds all items back.
    pub(crate) fn is_shut(&self) -> bool {
        self.policy == Policy::None || self.spent.is_some() || self.stuck
    }

    /// Whether the route changes by itself, or makes items fail.
    pub(crate) fn is_moody(&self) -> bool {
        matches!(self.policy, Policy::Once | Policy::Failover(_) | Policy::Generator(_))
    }

    pub(crate) fn choose(&mut self, item: i64, cycle: u64) -> Choice {
        let count = self.names.len();
        match &mut self.policy {
            _ if self.stuck => Choice::Nowhere,
            Policy::None => Choice::Nowhere,
            Policy::To => Choice::To(0),
            Policy::Once if self.spent.is_some_and(|spent| spent != cycle) => Choice::Nowhere,
            Policy::Once => {
                self.spent = Some(cycle);
                Choice::To(0)
            }
            Policy::All => Choice::All,
            Policy::RoundRobin => {
                self.turn += 1;
                Choice::To((self.turn - 1) % count)
            }
            Policy::Weighted(weights) => {
                self.gained.iter_mut().zip(&*weights).for_each(|(gained, weight)| *gained += i64::from(*weight));
                let highest = *self.gained.iter().max().expect("a route has targets");
                let chosen = self.gained.iter().position(|gained| *gained == highest).expect("it is among them");
                self.gained[chosen] -= weights.iter().map(|weight| i64::from(*weight)).sum::<i64>();
                Choice::To(chosen)
            }
            Policy::ByKey => Choice::To(rendezvous(&self.committed, item)),
            Policy::When(Some(spot)) if hits(item, *spot) => Choice::Panics,
            Policy::When(_) => Choice::To(usize::from(item.rem_euclid(3) != 0)),
            Policy::Choose => Choice::To(usize::try_from(item.rem_euclid(4)).expect("small").min(count - 1)),
            Policy::Failover(retry) => {
                let works =
                    |out: &Option<u64>| out.is_none_or(|since| retry.is_some_and(|items| cycle - since >= items));
                self.out.iter().position(works).map_or(Choice::Nowhere, Choice::To)
            }
            Policy::Generator(given) if given.is_empty() => {
                self.stuck = true;
                Choice::Nowhere
            }
            Policy::Generator(given) => {
                let name = given.remove(0);
                self.names.iter().position(|known| *known == name).map_or(Choice::Nowhere, Choice::To)
            }
        }
    }

    /// As a topology shows it.
    pub(crate) fn show(&self) -> String {
        let title = match &self.policy {
            Policy::None => return "none".into(),
            Policy::Weighted(weights) => {
                let parts = self.names.iter().zip(weights).map(|(name, weight)| format!("{name}:{weight}"));
                return parts.collect::<Vec<_>>().join(" ");
            }
            Policy::To => "",
            Policy::Once => "once ",
            Policy::All => "all ",
            Policy::RoundRobin => "next ",
            Policy::ByKey => "key ",
            Policy::When(_) | Policy::Choose => "when ",
            Policy::Failover(_) => "failover ",
            Policy::Generator(_) => "generator ",
        };
        let names = self.names.join(" ");
        match self.policy {
            Policy::Failover(Some(retry)) => format!("{title}{names} retry {retry}"),
            _ => format!("{title}{names}"),
        }
    }
}

/// Which target the key of `item` belongs to. The hash is the crate's own business; that the choice depends on nothing but
/// the key and the names is not. So a switch of its own is asked, made for this one question.
fn rendezvous(names: &[String], item: i64) -> usize {
    let mut switch = Switch::<i64, usize>::new("probe");
    for (at, name) in names.iter().enumerate() {
        switch = switch.target(name, move |_: i64| at);
    }
    let route = Route::by_key(names, |item: &i64| item.rem_euclid(7));
    switch.route(route).into_pipeline().call(item).expect("the probe takes every item")
}
