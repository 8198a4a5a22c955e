//! Histories that have to be refused: what the checks could not see, they would not see of the crate either.

use std::collections::HashMap;
use std::time::Duration;

use futures::channel::mpsc;
use futures::{SinkExt, StreamExt};

use super::check::{Edited, History};
use super::draw::Draw;
use super::hop::Hop;
use super::item::{End, Item, Leaf, Log};
use super::model::{Fork, Kind, Node, Policy, Way};
use crate::sim::executor::Sim;
use crate::sim::seed::Rng;
use crate::sim::wait::{Wait, pause};

/// A switch that keeps order, and in a target of it one that does not, with a stage between the two meeting points.
pub(crate) fn open_inside(draw: &mut Draw) -> Vec<Node> {
    let fork = |draw: &mut Draw, targets: Vec<Node>, unordered| {
        let names = targets.iter().map(|node| node.name.clone()).collect();
        let way = Way { id: draw.number(), policy: Policy::RoundRobin, targets: names };
        draw.node(Kind::Switch(Fork { targets, way, unordered, gate: None }))
    };
    let stage = |draw: &mut Draw| {
        let kind = draw.work();
        draw.node(kind)
    };
    let inner = vec![stage(draw), stage(draw)];
    let inner = fork(draw, inner, true);
    let behind = stage(draw);
    let target = draw.node(Kind::Pipe(vec![inner, behind]));
    let other = stage(draw);
    vec![fork(draw, vec![target, other], false)]
}

/// A history in which an item has gone the first half of its way under its own revision, and the rest as one of another did,
/// through a stage that there was not under its own; if there are two such items.
pub(crate) fn spliced(history: &History) -> Option<History> {
    let known = |revision: usize, uid: u32| history.models[revision].iter().any(|node| node.has(uid));
    let out = |leaf: &&(usize, &Leaf)| leaf.1.end == End::Out;
    let leaves: Vec<(usize, &Leaf)> = history.leaves.iter().enumerate().collect();
    for (at, one) in leaves.iter().filter(out) {
        let revision = history.revision(one.number);
        for (_, other) in leaves.iter().filter(out) {
            let alien = other.hops.iter().position(|hop| !known(revision, hop.uid));
            if let Some(alien) = alien {
                let mut history = history.clone();
                let own: Vec<Hop> = one.hops.iter().copied().take(alien).collect();
                history.leaves[*at].hops = own.into_iter().chain(other.hops[alien..].iter().copied()).collect();
                return Some(history);
            }
        }
    }
    None
}

/// Rerouting as it is done with channels alone: the fan-out is paused, the old branch is detached and another put in its
/// place, and all goes on. Nobody waits for what is in the old branch.
pub(crate) fn detach_and_replace(seed: u64) -> History {
    const ITEMS: u64 = 12;
    let (mut rng, mut sim, log) = (Rng::new(seed), Sim::new(seed), Log::default());
    let (clock, cut) = (sim.clock(), 1 + rng.next() % (ITEMS - 1));
    let (out, mut outputs) = mpsc::channel::<Item>(4);
    let mut branches = Vec::new();
    for uid in [1, 2] {
        let (sender, mut items) = mpsc::channel::<Item>(4);
        branches.push(sender);
        let (mut out, clock, waits) = (out.clone(), clock.clone(), Wait::randoms(&mut rng, ITEMS as usize));
        sim.spawn("branch", async move {
            for wait in waits {
                let Some(mut item) = items.next().await else { return };
                pause(&clock, wait).await;
                item.pass(uid, 0);
                out.send(item).await.unwrap();
            }
        });
    }
    drop(out);
    let (source, waits) = (log.clone(), Wait::randoms(&mut rng, ITEMS as usize));
    sim.spawn("fan-out", async move {
        for (number, wait) in waits.into_iter().enumerate() {
            if number as u64 == cut {
                pause(&clock, Wait::For(Duration::from_millis(1))).await;
                branches.remove(0);
            }
            if wait == Wait::No {
                pause(&clock, wait).await;
            }
            branches[0].send(Item::new(number as u64, &source)).await.unwrap();
        }
    });
    let ends = log.clone();
    sim.spawn("out", async move {
        while let Some(item) = outputs.next().await {
            ends.leaf(item.ends(End::Out));
        }
    });
    sim.finish();
    let leaves = std::mem::take(&mut log.story().leaves);
    let edit = Edited { cut: Some(cut), rule: None, accepted: cut, inside: false };
    History {
        models: vec![routed("n1"), routed("n2")],
        edits: vec![edit],
        leaves,
        visits: HashMap::new(),
        itemless: Vec::new(),
        wrong: Vec::new(),
        accepted: ITEMS,
        gone: 0,
        failed: 0,
        delivered: ITEMS,
        ordered: true,
        dropped: false,
        told: format!("seed {seed}, from item {cut}"),
    }
}

/// A switch of two stages that sends everything to `target`.
fn routed(target: &str) -> Vec<Node> {
    let stage =
        |uid| Node { uid, name: format!("n{uid}"), kind: Kind::Map { closure: true, edits: false }, pinned: true };
    let way = Way { id: 4, policy: Policy::One, targets: vec![target.to_owned()] };
    let fork = Fork { targets: vec![stage(1), stage(2)], way, unordered: false, gate: None };
    vec![Node { uid: 3, name: "n3".to_owned(), kind: Kind::Switch(fork), pinned: true }]
}
