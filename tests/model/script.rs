//! Random scripts. A step names places by numbers; they become paths of the pipeline as it then is.

use proptest::prelude::*;

use crate::reference::{Kind, Node};
use crate::spec::{At, Change, Heir, Mood, OnFail, Plan, Policy, RouteSpec, Spec, Ty};

#[derive(Debug, Clone)]
pub(crate) enum Step {
    Send(i64),
    /// Its `emit` panics on the first output.
    SendBadly(i64),
    Call(i64),
    SendAll(Vec<i64>),
    Edit(Vec<Draft>),
    /// Commits the edit that was refused last once more.
    Retry,
    SendBatch(Vec<i64>),
    Apply,
    Finish,
}

/// A change before it is known what there is to change.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    what: u32,
    place: usize,
    other: usize,
    name: usize,
    spec: Spec,
    route: DraftRoute,
    heir: Heir,
    /// Below `Mood::illegal`: goes wrong in a way that the number says.
    wrong: u32,
}

#[derive(Debug, Clone)]
pub(crate) struct DraftRoute {
    policy: Policy,
    picks: Vec<usize>,
    weights: Vec<u32>,
}

const NAMES: [&str; 12] = ["a", "b", "c", "d", "e", "f", "g", "o", "p", "q", "r", "s"];

/// One of several, by weight; a weight may be 0.
fn likely<T: std::fmt::Debug>(options: Vec<(u32, BoxedStrategy<T>)>) -> impl Strategy<Value = T> + Clone {
    proptest::strategy::Union::new_weighted(options.into_iter().filter(|(weight, _)| *weight > 0).collect())
}

fn on_fail() -> impl Strategy<Value = OnFail> {
    prop_oneof![4 => Just(OnFail::Stop), 2 => Just(OnFail::Skip), 2 => (0..4u64).prop_map(OnFail::Dead)]
}

fn stage(mood: Mood) -> impl Strategy<Value = Spec> {
    let bunch = (1..4usize, any::<bool>(), 0..8u32).prop_map(move |(size, sum, bad)| {
        let bad_end = mood.panics && bad == 0;
        Spec::Bunch { size, sum, bad_end, items: Vec::new() }
    });
    let risky = |yes: bool| if yes { 4 } else { 0 };
    let slow = likely(vec![
        (3, (1..9i64).prop_map(Spec::Add).boxed()),
        (3, (-2..4i64).prop_map(Spec::Mul).boxed()),
        (2, (-3..4i64).prop_map(|step| Spec::Count { step, seen: 0 }).boxed()),
        (risky(mood.failures), (0..5i64).prop_map(Spec::Picky).boxed()),
    ]);
    let simple = likely(vec![
        (3, (1..9i64).prop_map(Spec::Add).boxed()),
        (3, (-2..4i64).prop_map(Spec::Mul).boxed()),
        (1, Just(Spec::Even).boxed()),
        (2, (0..3usize).prop_map(Spec::Copies).boxed()),
        (risky(mood.failures), (0..5i64).prop_map(Spec::Picky).boxed()),
    ]);
    let crew = (1..4usize, 1..9usize, any::<bool>(), simple).prop_map(|(count, queue, keyed, of)| Spec::Crew {
        count,
        queue,
        keyed,
        of: Box::new(of),
    });
    let slow = (1..4usize, 0..4u32, slow).prop_map(|(limit, pends, of)| Spec::Slow { limit, pends, of: Box::new(of) });
    likely(vec![
        (4, (1..9i64).prop_map(Spec::Add).boxed()),
        (3, (-2..4i64).prop_map(Spec::Mul).boxed()),
        (1, Just(Spec::Even).boxed()),
        (2, (0..3usize).prop_map(Spec::Copies).boxed()),
        (2, (-3..4i64).prop_map(|step| Spec::Count { step, seen: 0 }).boxed()),
        (if mood.holds { 3 } else { 0 }, bunch.boxed()),
        (1, (1..9i64).prop_map(Spec::Body).boxed()),
        (risky(mood.failures) * 2, (0..5i64).prop_map(Spec::Picky).boxed()),
        (risky(mood.panics), (0..5i64).prop_map(Spec::Boom).boxed()),
        (risky(mood.panics) / 2, (0..5i64).prop_map(Spec::Fuse).boxed()),
        (risky(mood.waits) * 3, slow.boxed()),
        (risky(mood.waits), (1..4usize).prop_map(Spec::Queue).boxed()),
        (risky(mood.threads) * 2, crew.boxed()),
    ])
}

fn policy(mood: Mood) -> impl Strategy<Value = Policy> {
    let moody = if mood.failures && !mood.waits { 6 } else { 0 };
    let shuts = u32::from(!mood.waits);
    let given = proptest::collection::vec(0..4usize, 0..7)
        .prop_map(|names| Policy::Generator(names.into_iter().map(|at| at.to_string()).collect()));
    let spot = (0..25i64).prop_map(move |spot| (mood.panics && spot < 5).then_some(spot));
    likely(vec![
        (shuts, Just(Policy::None).boxed()),
        (8, Just(Policy::To).boxed()),
        (shuts, Just(Policy::Once).boxed()),
        (4, Just(Policy::All).boxed()),
        (4, Just(Policy::RoundRobin).boxed()),
        (4, Just(Policy::Weighted(Vec::new())).boxed()),
        (4, Just(Policy::ByKey).boxed()),
        (4, spot.prop_map(Policy::When).boxed()),
        (2, Just(Policy::Choose).boxed()),
        (moody, proptest::option::of(1..4u64).prop_map(Policy::Failover).boxed()),
        (2 * shuts, given.boxed()),
    ])
}

fn route(mood: Mood) -> impl Strategy<Value = DraftRoute> {
    let picks = proptest::collection::vec(0..4usize, 1..4);
    let weights = proptest::collection::vec(0..4u32, 4);
    (policy(mood), picks, weights).prop_map(|(policy, picks, weights)| DraftRoute { policy, picks, weights })
}

fn named(specs: Vec<Spec>) -> Vec<(String, Spec)> {
    NAMES.iter().map(ToString::to_string).zip(specs).collect()
}

fn spec(mood: Mood) -> impl Strategy<Value = Spec> {
    stage(mood).prop_recursive(2, 6, 3, move |inner| {
        let some = move |least| proptest::collection::vec(inner.clone(), least..4);
        let pipe = (on_fail(), some(0)).prop_map(|(on_fail, specs)| Spec::Pipe(on_fail, named(specs)));
        let thread = (1..9usize, on_fail(), some(0))
            .prop_map(|(queue, on_fail, specs)| Spec::Thread(queue, on_fail, named(specs)));
        let switch = (any::<bool>(), some(1), route(mood)).prop_map(|(cloned, specs, draft)| {
            let targets = named(specs);
            let names: Vec<&str> = targets.iter().map(|(name, _)| name.as_str()).collect();
            let mut route = draft.over(&names, Ty::Int);
            let wants_clone = route.policy == Policy::All && route.targets.len() > 1;
            let wants_two = matches!(route.policy, Policy::When(_)) && route.targets.len() < 2;
            if wants_two || (wants_clone && !cloned) {
                route.policy = Policy::RoundRobin;
            }
            Spec::Switch { cloned, targets, route }
        });
        likely(vec![(1, pipe.boxed()), (2, switch.boxed()), (2 * u32::from(mood.threads), thread.boxed())])
    })
}

impl DraftRoute {
    /// A route over some of `names`; it is legal if there are enough of them.
    fn over(&self, names: &[&str], looks_at: Ty) -> RouteSpec {
        let mut targets: Vec<String> = Vec::new();
        for pick in &self.picks {
            let name = names.get(pick % names.len().max(1)).copied().unwrap_or("nobody");
            if targets.iter().all(|target| target != name) {
                targets.push(name.to_owned());
            }
        }
        let policy = match &self.policy {
            Policy::Weighted(_) => {
                let mut weights: Vec<u32> = self.weights.iter().copied().take(targets.len()).collect();
                weights[0] += 1;
                Policy::Weighted(weights)
            }
            Policy::Generator(given) => {
                let name = |at: &String| targets.get(at.parse::<usize>().unwrap_or(0)).cloned().unwrap_or("x".into());
                Policy::Generator(given.iter().map(name).collect())
            }
            other => other.clone(),
        };
        RouteSpec { targets, policy, looks_at }
    }
}

/// A stage that holds something before it gets its first item.
fn laden(spec: &mut Spec) {
    match spec {
        Spec::Bunch { size, items, .. } => items.extend((1..*size).map(|at| at as i64)),
        Spec::Pipe(_, inside) | Spec::Thread(_, _, inside) | Spec::Switch { targets: inside, .. } => {
            inside.iter_mut().for_each(|(_, spec)| laden(spec))
        }
        _ => {}
    }
}

fn draft(mood: Mood) -> impl Strategy<Value = Draft> {
    let heir = likely(vec![
        (4, (-3..4i64).prop_map(Heir::Count).boxed()),
        (4, (1..4usize).prop_map(Heir::Bunch).boxed()),
        (u32::from(mood.panics), Just(Heir::Panics).boxed()),
    ]);
    let kinds: u32 = if mood.threads { 34 } else { 30 };
    let numbers = (0..kinds, 0..64usize, 0..64usize, 0..NAMES.len(), 0..64u32);
    (numbers, spec(mood), route(mood), heir).prop_map(|((what, place, other, name, wrong), mut spec, route, heir)| {
        if wrong >= 60 {
            laden(&mut spec);
        }
        Draft { what, place, other, name, spec, route, heir, wrong }
    })
}

fn step(mood: Mood) -> impl Strategy<Value = Step> {
    let item = || 0..12i64;
    // Mostly a few; now and then more than a batch has.
    let items = move || prop_oneof![60 => proptest::collection::vec(item(), 0..7), 1 => Just((0..300).map(|at| at % 7).collect())];
    let edit = proptest::collection::vec(draft(mood), 1..4);
    likely(vec![
        (8, item().prop_map(Step::Send).boxed()),
        (u32::from(mood.panics), item().prop_map(Step::SendBadly).boxed()),
        (3, item().prop_map(Step::Call).boxed()),
        (if mood.batches { 3 } else { 0 }, items().prop_map(Step::SendAll).boxed()),
        (
            if mood.batches { 2 } else { 0 },
            items()
                .prop_filter("an empty batch is no call", |items| !items.is_empty())
                .prop_map(Step::SendBatch)
                .boxed(),
        ),
        (10, edit.prop_map(Step::Edit).boxed()),
        (1, Just(Step::Retry).boxed()),
        (1, Just(Step::Apply).boxed()),
        (1, Just(Step::Finish).boxed()),
    ])
}

fn stages(mood: Mood, most: usize) -> impl Strategy<Value = Vec<Spec>> {
    proptest::collection::vec(spec(mood), 0..most)
}

fn plan(mood: Mood) -> impl Strategy<Value = Plan> {
    let middle = proptest::option::weighted(0.3, stages(mood, 3));
    (on_fail(), stages(mood, 4), middle, stages(mood, 3)).prop_map(|(on_fail, head, middle, tail)| {
        let mut names = ["a", "b", "c", "h", "i", "j", "k", "l"].into_iter();
        let mut row =
            |specs: Vec<Spec>| specs.into_iter().map(|spec| (names.next().unwrap_or("z").to_owned(), spec)).collect();
        Plan { on_fail, head: row(head), middle: middle.map(&mut row), tail: row(tail) }
    })
}

pub(crate) fn script(mood: Mood) -> impl Strategy<Value = (Plan, Vec<Step>)> {
    (plan(mood), proptest::collection::vec(step(mood), 1..25)).prop_map(|(plan, mut steps)| {
        // The end of the stream is near the end of the script.
        if let Some(end) = steps.iter().position(|step| matches!(step, Step::Finish)) {
            let end = steps.remove(end);
            steps.retain(|step| !matches!(step, Step::Finish));
            steps.insert(steps.len().saturating_sub(3), end);
        }
        (plan, steps)
    })
}

/// A stage that there is.
struct Spot {
    path: String,
    ty: Ty,
    turns: bool,
    is_target: bool,
    is_pipe: bool,
    is_crew: bool,
    /// Of a switch: its targets.
    targets: Option<Vec<String>>,
}

fn spots(nodes: &[Node], within: &str, is_target: bool, found: &mut Vec<Spot>) {
    for node in nodes {
        let path = format!("{within}{}", node.name);
        let targets = match &node.kind {
            Kind::Switch { targets, .. } => Some(targets.iter().map(|target| target.name.clone()).collect()),
            _ => None,
        };
        let (inside, is_pipe) = (format!("{path}/"), matches!(node.kind, Kind::Pipe(..)));
        let in_switch = targets.is_some();
        let (ty, turns) = (node.types.0, node.types.0 != node.types.1);
        let is_crew = matches!(node.kind, Kind::Stage(Spec::Crew { .. }));
        found.push(Spot { path, ty, turns, is_target, is_pipe, is_crew, targets });
        spots(node.inside(), &inside, in_switch, found);
    }
}

impl Draft {
    /// The change in a pipeline of `nodes`; `id` is a number that nothing else has.
    pub(crate) fn change(&self, nodes: &[Node], mood: Mood, id: u64) -> Change {
        let mut all = Vec::new();
        spots(nodes, "", false, &mut all);
        let wrong = if self.wrong < mood.illegal { self.wrong % 8 } else { 99 };
        let pick = |number: usize, fits: &dyn Fn(&Spot) -> bool| -> Option<&Spot> {
            let fitting: Vec<&Spot> = all.iter().filter(|spot| wrong == 0 || fits(spot)).collect();
            fitting.get(number % fitting.len().max(1)).copied()
        };
        let path = |spot: Option<&Spot>| match (wrong, spot) {
            (1, Some(spot)) => format!("{}/nothing", spot.path),
            (2, _) | (_, None) => "nobody".to_owned(),
            (3, Some(spot)) => format!("{}//", spot.path),
            (_, Some(spot)) => spot.path.clone(),
        };
        let is_stage = |spot: &Spot| !spot.is_target && !spot.turns;
        let stage = pick(self.place, &|spot| !spot.is_target);
        let one = pick(self.place, &is_stage);
        let any = pick(self.place, &|_| true);
        let heir_of = all.iter().find(|spot| node_at(nodes, &spot.path).is_some_and(|node| fits(node, self.heir)));
        let switch = pick(self.place, &|spot| spot.targets.is_some());
        let crew = pick(self.place, &|spot| spot.is_crew);
        let flip = |ty: Ty| if (wrong == 4) == (ty == Ty::Int) { Ty::Text } else { Ty::Int };
        let type_of = |spot: Option<&Spot>| flip(spot.map_or(Ty::Int, |spot| spot.ty));
        let name = if wrong == 5 { "no name".to_owned() } else { NAMES[self.name].to_owned() };
        let spec = self.spec.clone();
        // Where there is nothing of the kind that the draft is for, it puts something in.
        let lacks = match self.what {
            2..=8 | 16 | 17 => one,
            9 | 10 | 14 | 15 => any,
            11..=13 => heir_of,
            18..=26 => switch,
            30.. => crew,
            _ => all.first(),
        };
        let lacks = lacks.is_none() && wrong > 7 && self.what > 1 && !(27..30).contains(&self.what);
        let what = if lacks { 1 } else { self.what };
        match what {
            0 | 1 => {
                let pipe = pick(self.place, &|spot| spot.is_pipe).filter(|_| self.other.is_multiple_of(3));
                let (within, ty) = (pipe.map(|spot| path(Some(spot))), type_of(pipe));
                let at = if what == 0 { At::First(within) } else { At::Last(within) };
                Change::Insert { at, name, spec, ty, id }
            }
            2 | 3 => Change::Insert { at: At::Before(path(stage)), name, spec, ty: type_of(stage), id },
            4 | 5 => {
                let ty = type_of(stage);
                let gives = match stage {
                    Some(spot) if spot.turns => {
                        if ty == Ty::Int {
                            Ty::Text
                        } else {
                            Ty::Int
                        }
                    }
                    _ => ty,
                };
                Change::Insert { at: At::After(path(stage)), name, spec, ty: gives, id }
            }
            6..=8 => Change::Remove { at: path(one) },
            9 | 10 => {
                let spec = if any.is_some_and(|spot| spot.turns) && wrong != 6 { Spec::Turn } else { spec };
                Change::Replace { at: path(any), spec, ty: type_of(any), id }
            }
            11..=13 => {
                let spot = if wrong == 0 { any } else { heir_of };
                Change::HandOver { at: path(spot), heir: self.heir, ty: type_of(spot) }
            }
            // The failure of an item inside names the stage by the name that it has then, and not by that of the revision.
            14 | 15 if mood.waits && mood.failures => Change::Resume,
            14 | 15 => Change::Rename { at: path(any), to: name },
            16 | 17 => {
                let level = |path: &str| path.rfind('/').map(|end| path[..end].to_owned());
                // Within its pipeline, or wherever its type comes along.
                let fits = |one: &Spot, spot: &Spot| match (self.name / 2).is_multiple_of(2) {
                    true => level(&one.path) == level(&spot.path),
                    false => one.ty == spot.ty && !format!("{}/", spot.path).starts_with(&format!("{}/", one.path)),
                };
                let to = path(pick(self.other, &|spot| is_stage(spot) && one.is_none_or(|one| fits(one, spot))));
                Change::Move {
                    at: path(one),
                    to: if self.name.is_multiple_of(2) { At::Before(to) } else { At::After(to) },
                }
            }
            18 | 19 => {
                let spec = if wrong == 6 { Spec::Turn } else { spec };
                let ty = if wrong == 6 { Ty::Int } else { type_of(switch) };
                Change::Attach { switch: path(switch), name, spec, ty, id }
            }
            20 | 21 => {
                let names = switch.and_then(|spot| spot.targets.clone()).unwrap_or_default();
                let target = names.get(self.other % names.len().max(1)).cloned().unwrap_or(name);
                Change::Detach { switch: path(switch), target: if wrong == 5 { "-x".into() } else { target } }
            }
            22..=26 => {
                let names = switch.and_then(|spot| spot.targets.clone()).unwrap_or_default();
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                let mut route = self.route.over(&names, type_of(switch));
                match wrong {
                    5 => route.targets.push("no name".into()),
                    6 => route.targets.push(route.targets[0].clone()),
                    7 => route.targets.clear(),
                    _ => {}
                }
                if let Policy::Weighted(weights) = &mut route.policy {
                    weights.resize(route.targets.len(), 0);
                    if wrong == 0 {
                        weights.fill(0);
                    }
                }
                Change::Route { switch: path(switch), route }
            }
            27 => {
                let gives = |spot: &Spot| !spot.turns;
                let spot = pick(self.place, &|spot| !spot.is_target && gives(spot));
                Change::Tap { at: path(spot), name, ty: type_of(spot), id }
            }
            30.. => {
                let crew = if wrong == 6 { any } else { crew };
                Change::Workers { at: path(crew), count: if wrong == 5 { 0 } else { 1 + self.other % 4 } }
            }
            28 if self.name < 2 => Change::Pause,
            _ => Change::Resume,
        }
    }
}

fn node_at<'a>(nodes: &'a [Node], path: &str) -> Option<&'a Node> {
    let (first, rest) = path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let node = nodes.iter().find(|node| node.name == first)?;
    rest.map_or(Some(node), |rest| node_at(node.inside(), rest))
}

fn fits(node: &Node, heir: Heir) -> bool {
    match heir {
        Heir::Bunch(_) => matches!(node.kind, Kind::Stage(Spec::Bunch { .. })),
        Heir::Count(_) | Heir::Panics => matches!(node.kind, Kind::Stage(Spec::Count { .. })),
    }
}
