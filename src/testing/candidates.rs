//! All changes of a kind that there could be, and the one that a draft means.

use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::strategy::Just;

use super::makers::Maker;
use super::reference::Reference;
use super::tree::{Kind, Node};
use crate::change::{Change, Made, Position};
use crate::name::{Name, Path};
use crate::route::{PolicyKind, RouteView};

/// A change before it is known what there is to change.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    what: What,
    pick: u16,
    /// Which name, where a new one is given.
    name: u8,
    targets: Vec<u8>,
    weights: [u8; 4],
    /// Below the percentage of illegal changes: it is one.
    wrong: u32,
}

/// A kind of change.
#[derive(Debug, Clone, Copy)]
enum What {
    Route,
    Insert,
    Remove,
    Replace,
    Keep,
    Rename,
    Move,
    Attach,
    Detach,
    Tap,
    Pause,
    Resume,
}

impl Draft {
    pub(super) fn any() -> impl Strategy<Value = Self> + Clone {
        let what = prop_oneof![
            8 => Just(What::Route),
            6 => Just(What::Insert),
            4 => Just(What::Remove),
            3 => Just(What::Replace),
            3 => Just(What::Keep),
            3 => Just(What::Rename),
            4 => Just(What::Move),
            4 => Just(What::Attach),
            3 => Just(What::Detach),
            3 => Just(What::Tap),
            1 => Just(What::Pause),
            1 => Just(What::Resume),
        ];
        let route = (vec(any::<u8>(), 1..4), [0..5u8, 0..5, 0..5, 0..5]);
        (what, any::<u16>(), 0..6u8, route, 0..100u32).prop_map(|(what, pick, name, (targets, weights), wrong)| Self {
            what,
            pick,
            name,
            targets,
            weights,
            wrong,
        })
    }

    /// The change that it means for a pipeline: of those of its kind that are legal, or that are not, the picked one or the
    /// next.
    pub(super) fn change(&self, reference: &Reference, illegal: u32) -> Option<Change> {
        let legal = self.wrong >= illegal;
        let mut changes = Drawer { draft: self, reference }.candidates(legal);
        if changes.is_empty() {
            return None;
        }
        let start = usize::from(self.pick) % changes.len();
        changes.rotate_left(start);
        changes.into_iter().find(|change| {
            let mut trial = reference.clone();
            trial.undecided.clear();
            let made = trial.change(change).is_ok();
            // What is undecided is neither.
            made == legal && trial.undecided.is_empty()
        })
    }
}

struct Drawer<'a> {
    draft: &'a Draft,
    reference: &'a Reference,
}

impl Drawer<'_> {
    /// Of changes that are certainly not legal, some are left out where only legal ones are wanted.
    fn candidates(&self, legal: bool) -> Vec<Change> {
        let mut nodes: Vec<(Path, Option<&Node>)> =
            self.reference.paths().into_iter().map(|(path, node)| (path, Some(node))).collect();
        if !legal {
            nodes.extend(Name::new("nobody").map(|name| (Path::from(name), None)));
        }
        let of = |wanted: fn(&Maker) -> bool| -> Vec<Name> {
            let fits = |(name, maker): (&Name, &Maker)| (!legal || wanted(maker)).then(|| name.clone());
            self.reference.makers.iter().filter_map(fits).collect()
        };
        let paths = || nodes.iter().map(|(path, _)| path.clone());
        let switches = || {
            let is_switch = |node: Option<&Node>| !legal || node.is_some_and(Node::is_switch);
            nodes.iter().filter(move |(_, node)| is_switch(*node)).map(|(path, _)| path.clone())
        };
        let stages = || of(|maker| matches!(maker, Maker::Stage(_)));
        match self.draft.what {
            What::Route => nodes.iter().flat_map(|(path, node)| self.routes(path, *node, legal)).collect(),
            What::Insert => pairs(stages(), self.positions(&nodes))
                .filter_map(|(maker, at)| Some(Change::Insert { stage: self.made(maker)?, at }))
                .collect(),
            What::Remove => paths().map(|stage| Change::Remove { stage }).collect(),
            What::Replace => pairs(stages(), paths().collect())
                .map(|(maker, stage)| {
                    let own = stage.names().last() == Some(&maker);
                    let with = Some(maker).filter(|_| !own || self.draft.name > 2);
                    Change::Replace { stage, with, keeping: false }
                })
                .collect(),
            What::Keep => pairs(of(|maker| matches!(maker, Maker::HandOver { .. })), paths().collect())
                .map(|(maker, stage)| Change::Replace { stage, with: Some(maker), keeping: true })
                .collect(),
            What::Rename => paths()
                .filter_map(|stage| {
                    let to = self.fresh(stage.names().last()?)?;
                    Some(Change::Rename { stage, to })
                })
                .collect(),
            What::Move => {
                pairs(paths().collect(), self.positions(&nodes)).map(|(stage, to)| Change::Move { stage, to }).collect()
            }
            What::Attach => pairs(stages(), switches().collect())
                .filter_map(|(maker, switch)| Some(Change::Attach { target: self.made(maker)?, switch }))
                .collect(),
            // A switch keeps a target, so that it can be routed somewhere.
            What::Detach => nodes
                .iter()
                .filter(|(_, node)| !legal || node.is_some_and(|node| node.is_switch() && node.inside().len() > 1))
                .flat_map(|(path, node)| {
                    let targets = node.map_or(&[][..], Node::inside).iter().map(|target| target.name.clone());
                    let nobody = Name::new("nobody").ok().filter(|_| !legal);
                    let detach = |target| Change::Detach { target, switch: path.clone() };
                    targets.chain(nobody).map(detach).collect::<Vec<_>>()
                })
                .collect(),
            What::Tap => pairs(of(|maker| matches!(maker, Maker::Tap(_))), paths().collect())
                .filter_map(|(maker, stage)| Some(Change::Tap { stage, tap: self.made(maker)? }))
                .collect(),
            What::Pause => vec![Change::Pause],
            What::Resume => vec![Change::Resume],
        }
    }

    /// Something to be put in, under the maker's name or another.
    fn made(&self, maker: Name) -> Option<Made> {
        Some(Made { name: self.fresh(&maker)?, maker })
    }

    /// A name like this one; the draft says which.
    fn fresh(&self, name: &Name) -> Option<Name> {
        // Not one number behind the other, where it was given a name before.
        let stem = name.as_str().trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
        let stem = if stem.is_empty() { "stage" } else { stem };
        match self.draft.name {
            0 => Some(name.clone()),
            number => Name::new(format!("{stem}_{number}")).ok(),
        }
    }

    fn positions(&self, nodes: &[(Path, Option<&Node>)]) -> Vec<Position> {
        let mut positions = vec![Position::Front(None), Position::Back(None)];
        for (path, node) in nodes {
            positions.push(Position::Before(path.clone()));
            positions.push(Position::After(path.clone()));
            if node.is_none_or(|node| matches!(node.kind, Kind::Pipeline(_))) {
                positions.push(Position::Front(Some(path.clone())));
                positions.push(Position::Back(Some(path.clone())));
            }
        }
        positions
    }

    /// Routes for what is at `path`: one by each policy.
    fn routes(&self, path: &Path, node: Option<&Node>, legal: bool) -> Vec<Change> {
        let names: Vec<&Name> = match node.map(|node| &node.kind) {
            Some(Kind::Switch(fork)) => fork.targets.iter().map(|target| &target.name).collect(),
            _ if legal => return Vec::new(),
            _ => Vec::new(),
        };
        let mut targets: Vec<&str> = Vec::new();
        for pick in &self.draft.targets {
            let name = names.get(usize::from(*pick) % names.len().max(1)).map_or("nobody", |name| name.as_str());
            if !legal || !targets.contains(&name) {
                targets.push(name);
            }
        }
        if !legal && self.draft.name == 0 {
            targets.push("nobody");
        }
        let first = &targets[..targets.len().min(1)];
        let mut routes: Vec<RouteView> = Vec::new();
        let mut add = |policy, targets: &[&str]| routes.extend(RouteView::new(policy, targets).ok());
        add(PolicyKind::One, first);
        add(PolicyKind::Weighted, &targets);
        add(PolicyKind::RoundRobin, &targets);
        add(PolicyKind::All, &targets);
        add(PolicyKind::Failover, &targets);
        add(PolicyKind::Failover, &targets);
        add(PolicyKind::Once, first);
        add(PolicyKind::None, &[]);
        if let Some(route) = routes.iter_mut().find(|route| route.policy() == PolicyKind::Weighted) {
            route.weights = route.targets.iter().zip(self.draft.weights).map(|(_, weight)| weight.into()).collect();
        }
        if let Some(route) = routes.iter_mut().find(|route| route.policy() == PolicyKind::Failover) {
            route.retry = Some(1 + u64::from(self.draft.weights[0]));
        }
        for (by, maker) in self.reference.makers.iter() {
            let policy = match maker {
                Maker::Key(_) => PolicyKind::ByKey,
                // A script has no words for a choice without one.
                Maker::Predicate(_) | Maker::Choice(_) if legal && targets.len() < 2 => continue,
                Maker::Predicate(_) | Maker::Choice(_) => PolicyKind::When,
                Maker::Generator => PolicyKind::Generator,
                _ => continue,
            };
            let route = RouteView::new(policy, &targets).and_then(|route| route.named(by.as_str()));
            routes.extend(route.ok());
        }
        routes.into_iter().map(|route| Change::Route { switch: path.clone(), route }).collect()
    }
}

/// Every one of the first with every one of the others.
fn pairs<A: Clone, B: Clone>(ones: Vec<A>, others: Vec<B>) -> impl Iterator<Item = (A, B)> {
    ones.into_iter().flat_map(move |one| others.clone().into_iter().map(move |other| (one.clone(), other)))
}
