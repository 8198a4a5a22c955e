//! Two topologies of a pipeline with random edits in between: the changes between them, made on a twin of it, lead to the same.

use coroute::topology::{NodeKind, TopologyNode};
use coroute::{Change, Edit, Name, Path, Pipeline, Position, Refusal, Route, Switch, Topology};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// One change at random places, under random names.
#[derive(Debug, Clone)]
struct Step {
    kind: u8,
    places: [Index; 2],
    name: u8,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..13_u8, any::<[Index; 2]>(), 0..12_u8).prop_map(|(kind, places, name)| Step { kind, places, name });
    vec(step, 0..12)
}

fn pipeline() -> Pipeline<i64, i64> {
    let inner = Pipeline::new("n2")
        .stage("n0", |x: i64| x)
        .stage("text", |x: i64| x.to_string())
        .stage("back", |x: String| x.len() as i64);
    let fork = |name: &str| Switch::new(name).target("n0", |x: i64| x).target("n1", |x: i64| x).cloned().route("n0");
    let deep = Pipeline::new("n2").stage("n0", fork("n0")).stage("n4", |x: i64| x);
    Pipeline::new("p")
        .stage("n0", |x: i64| x)
        .stage("n1", inner)
        .stage("n2", |x: i64| x)
        .stage("n3", fork("n3").target("n2", deep))
        .stage("n4", |x: i64| x)
}

/// The paths of a topology, of nodes that a test asks for.
fn paths(topology: &Topology, wanted: fn(&TopologyNode) -> bool) -> Vec<String> {
    fn below(node: &TopologyNode, path: &str, wanted: fn(&TopologyNode) -> bool, found: &mut Vec<String>) {
        for child in node.children() {
            let path = if path.is_empty() { child.name().to_string() } else { format!("{path}/{}", child.name()) };
            if wanted(child) {
                found.push(path.clone());
            }
            below(child, &path, wanted, found);
        }
    }
    let mut found = Vec::new();
    below(topology.root(), "", wanted, &mut found);
    found
}

/// Notes down a step; `None` if there is no place for it.
fn note(edit: &mut Edit, topology: &Topology, step: &Step) -> Option<Result<(), Refusal>> {
    let all = paths(topology, |_| true);
    let switches = paths(topology, |node| matches!(node.kind(), NodeKind::Switch { .. }));
    let pick = |from: &[String], at: usize| (!from.is_empty()).then(|| step.places[at].get(from).clone());
    let (at, other, name) = (pick(&all, 0)?, pick(&all, 1)?, format!("n{}", step.name));
    let target = |switch: &str, at: usize| {
        let names: Vec<String> = topology.get(switch)?.children().iter().map(|node| node.name().to_string()).collect();
        pick(&names, at)
    };
    let same = |x: i64| x;
    Some(match step.kind {
        0 => edit.insert_after(at, name, same).map(drop),
        1 => edit.insert_before(at, name, same).map(drop),
        2 => edit.push_front(name, Pipeline::new("x").stage("n0", same).stage("n1", same)).map(drop),
        3 => edit.remove(at).map(drop),
        4 => edit.replace(at, same).map(drop),
        5 => edit.rename(at, name).map(drop),
        6 => edit.move_after(at, other).map(drop),
        7 => edit.move_before(at, other).map(drop),
        8 => edit.attach(pick(&switches, 0)?, name, same).map(drop),
        9 => {
            let switch = pick(&switches, 0)?;
            let target = target(&switch, 1)?;
            edit.detach(switch, target).map(drop)
        }
        10 => {
            let switch = pick(&switches, 0)?;
            let targets: Vec<Name> = topology.get(&switch)?.children().iter().map(|node| node.name().clone()).collect();
            let split =
                Route::weighted(targets.iter().take(1 + usize::from(step.name) % 3).map(|name| (name.as_str(), 3)));
            edit.route(switch, split).map(drop)
        }
        11 => {
            let switch = pick(&switches, 0)?;
            let route = target(&switch, 1).map_or_else(Route::none, Route::to);
            edit.route(switch, route).map(drop)
        }
        _ => match topology.get(&at)?.output() {
            "String" => edit.tap(at, name, |_: &String| ()).map(drop),
            _ => edit.tap(at, name, |_: &i64| ()).map(drop),
        },
    })
}

/// Makes the steps that can be made.
fn make(pipeline: &Pipeline<i64, i64>, steps: &[Step]) {
    for step in steps {
        let mut edit = Edit::new();
        if matches!(note(&mut edit, &pipeline.topology(), step), Some(Ok(()))) {
            drop(pipeline.controller().commit(edit));
        }
    }
}

/// A row up to some stage.
enum Row {
    Numbers(Pipeline<i64, i64>),
    Text(Pipeline<i64, String>),
}

fn row(node: &TopologyNode) -> Pipeline<i64, i64> {
    let mut row = Row::Numbers(Pipeline::new(node.name().as_str()));
    for (at, child) in node.children().iter().enumerate() {
        let name = child.name().as_str();
        row = match (row, child.kind()) {
            (Row::Numbers(row), NodeKind::Pipeline(_)) => Row::Numbers(row.stage(name, self::row(child))),
            (Row::Numbers(row), NodeKind::Switch { .. }) => Row::Numbers(row.stage(name, fork(child))),
            (Row::Numbers(row), NodeKind::Tap) if at == 0 => Row::Numbers(row.stage("front", |x: i64| x)),
            (row, NodeKind::Tap) => row,
            (Row::Numbers(row), _) if child.output() == "String" => Row::Text(row.stage(name, |x: i64| x.to_string())),
            (Row::Numbers(row), _) => Row::Numbers(row.stage(name, |x: i64| x)),
            (Row::Text(row), _) => Row::Numbers(row.stage(name, |x: String| x.len() as i64)),
        };
    }
    let Row::Numbers(pipeline) = row else { panic!("text comes out of {node:?}") };
    let mut stage = "front".to_owned();
    for child in node.children() {
        match (child.kind(), child.input()) {
            (NodeKind::Tap, "String") => {
                drop(pipeline.controller().tap(&stage, child.name().as_str(), |_: &String| ()).unwrap());
            }
            (NodeKind::Tap, _) => {
                drop(pipeline.controller().tap(&stage, child.name().as_str(), |_: &i64| ()).unwrap());
            }
            _ => stage = child.name().to_string(),
        }
    }
    if matches!(node.children().first().map(TopologyNode::kind), Some(NodeKind::Tap)) {
        pipeline.controller().remove("front").unwrap();
    }
    pipeline
}

fn fork(node: &TopologyNode) -> Switch<i64, i64> {
    let switch = node.children().iter().fold(Switch::new(node.name().as_str()), |switch, child| match child.kind() {
        NodeKind::Pipeline(_) => switch.target(child.name().as_str(), row(child)),
        NodeKind::Switch { .. } => switch.target(child.name().as_str(), fork(child)),
        _ => switch.target(child.name().as_str(), |x: i64| x),
    });
    switch.cloned().route(route(node))
}

fn route(switch: &TopologyNode) -> Route {
    let NodeKind::Switch { route, .. } = switch.kind() else { return Route::none() };
    again(route)
}

fn again(route: &coroute::RouteView) -> Route {
    let targets = route.targets().iter().map(Name::as_str);
    match (route.targets(), route.weights()) {
        ([], _) => Route::none(),
        ([one], []) => Route::to(one.as_str()),
        (_, weights) => Route::weighted(targets.zip(weights.iter().copied())),
    }
}

/// The stage that a node of `after` stands for, for a call that takes any stage.
macro_rules! made {
    ($node:expr, $stage:ident, $call:expr) => {
        match $node.kind() {
            NodeKind::Pipeline(_) => {
                let $stage = row($node);
                $call
            }
            NodeKind::Switch { .. } => {
                let $stage = fork($node);
                $call
            }
            _ => {
                let $stage = |x: i64| x;
                $call
            }
        }
    };
}

/// Notes down a change in words.
fn carry_out(edit: &mut Edit, change: &Change, after: &Topology) {
    let within = |path: &Path| path.split_last().unwrap().0;
    let node = |within: &Path, name: &Name| after.get(&within.join(name).to_string()).unwrap().clone();
    let noted = match change {
        Change::Route { switch, route } => edit.route(switch.to_string(), again(route)),
        Change::Insert { stage, at } => match at {
            Position::Front(path) => {
                let path = path.clone().unwrap_or_default();
                let (node, name) = (node(&path, &stage.maker), path.join(&stage.name).to_string());
                made!(&node, new, edit.push_front(name, new))
            }
            Position::Back(_) => unreachable!("what stands in front is named"),
            Position::Before(at) => {
                made!(&node(&within(at), &stage.maker), new, edit.insert_before(at.to_string(), &stage.name, new))
            }
            Position::After(at) => {
                made!(&node(&within(at), &stage.maker), new, edit.insert_after(at.to_string(), &stage.name, new))
            }
        },
        Change::Remove { stage } => edit.remove(stage.to_string()),
        Change::Replace { stage, .. } => {
            made!(after.get(&stage.to_string()).unwrap(), new, edit.replace(stage.to_string(), new))
        }
        Change::Rename { stage, to } => edit.rename(stage.to_string(), to.as_str()),
        Change::Move { stage, to } => match to {
            Position::Before(at) => edit.move_before(stage.to_string(), at.to_string()),
            Position::After(at) => edit.move_after(stage.to_string(), at.to_string()),
            Position::Back(Some(path)) => {
                let there = path.join(&Name::new("there").unwrap()).to_string();
                edit.push_back(&there, |x: i64| x).unwrap().move_before(stage.to_string(), &there).unwrap();
                edit.remove(there)
            }
            Position::Front(_) | Position::Back(None) => unreachable!("there is a stage to name"),
        },
        Change::Attach { target, switch } => {
            made!(&node(switch, &target.maker), new, edit.attach(switch.to_string(), target.name.as_str(), new))
        }
        Change::Detach { target, switch } => edit.detach(switch.to_string(), target.as_str()),
        Change::Tap { stage, tap } => match node(&within(stage), &tap.maker).input() {
            "String" => edit.tap(stage.to_string(), tap.name.as_str(), |_: &String| ()),
            _ => edit.tap(stage.to_string(), tap.name.as_str(), |_: &i64| ()),
        },
        _ => unreachable!("no step pauses"),
    };
    noted.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_changes_lead_from_one_topology_to_the_other(first in steps(), second in steps()) {
        let (pipeline, twin) = (self::pipeline(), self::pipeline());
        make(&pipeline, &first);
        make(&twin, &first);
        let before = pipeline.topology();
        prop_assert_eq!(&before, &twin.topology());
        make(&pipeline, &second);
        let after = pipeline.topology();
        let diff = before.diff(&after);
        let mut edit = Edit::new();
        diff.changes().iter().for_each(|change| carry_out(&mut edit, change, &after));
        let text = edit.to_string();
        twin.controller().commit(edit).map_err(|error| TestCaseError::fail(format!("{text}\n{error}\n{diff}")))?;
        let led_to = twin.topology();
        prop_assert!(led_to.root() == after.root(), "{text}\n{led_to}\n{diff}");

        // The tree has every node of both, once.
        let lines = diff.to_string();
        let marked = |marks: &str| lines.lines().filter(|line| marks.contains(&line[..1])).count();
        prop_assert_eq!(marked(" ~+"), after.to_string().lines().count() );
        prop_assert!(marked(" ~-") <= before.to_string().lines().count());
    }

    #[test]
    fn any_two_can_be_compared(first in steps(), second in steps()) {
        let (one, other) = (self::pipeline(), self::pipeline());
        make(&one, &first);
        make(&other, &second);
        let (before, after) = (one.topology(), other.topology());
        let diff = before.diff(&after);
        prop_assert!(before == after || !diff.is_empty());
        let lines = diff.to_string();
        let marked = |marks: &str| lines.lines().filter(|line| marks.contains(&line[..1])).count();
        prop_assert_eq!(marked(" ~+"), after.to_string().lines().count());
    }
}
