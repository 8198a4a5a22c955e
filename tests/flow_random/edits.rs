//! Random edits, made in the model and in the pipeline.

use std::sync::Arc;
use std::time::Duration;

use coroute::{Controller, Edit, InFlight, Receipt};
use futures::channel::oneshot;

use super::build::{Maker, route, with_end, with_stage};
use super::draw::Draw;
use super::item::Item;
use super::model::{Kind, Node, all, find, path};

/// The pipeline as the checks know it, and what was done to it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) draw: Draw,
    pub(crate) maker: Maker,
    /// By revision.
    pub(crate) models: Vec<Vec<Node>>,
    pub(crate) commits: Vec<Commit>,
    pub(crate) controller: Option<Controller>,
    pub(crate) slots: Vec<oneshot::Sender<Arc<Receipt>>>,
    left: usize,
    /// That of a pipeline which nobody edits any more.
    pub(crate) last: Option<Controller>,
    paused: bool,
}

/// What is known of a commit.
#[derive(Debug, Clone)]
pub(crate) struct Commit {
    pub(crate) receipt: Arc<Receipt>,
    pub(crate) words: String,
    pub(crate) rule: Option<Rule>,
    /// Items accepted when the commit returned.
    pub(crate) accepted: u64,
    /// Whether a stage made it while an item was being accepted, or others.
    pub(crate) inside: bool,
    /// Stages of ours that it took out, by the paths that they had.
    pub(crate) taken: Vec<(String, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Fail,
    Resend,
    Drop,
}

/// An edit being drawn.
struct Sketch {
    edit: Edit,
    model: Vec<Node>,
    taken: Vec<(String, u32)>,
    /// The paths of all that is taken out.
    gone: Vec<String>,
}

impl World {
    pub(crate) fn new(draw: Draw, maker: Maker, model: Vec<Node>) -> Self {
        let left = draw.menu.edits;
        let (models, commits, slots) = (vec![model], Vec::new(), Vec::new());
        Self { draw, maker, models, commits, controller: None, slots, left, last: None, paused: false }
    }

    /// Nobody edits any more.
    pub(crate) fn shut(&mut self) {
        self.slots.clear();
        self.last = self.controller.take().or(self.last.take());
    }

    fn now(&self) -> &Vec<Node> {
        self.models.last().unwrap()
    }

    /// Commits a random edit, if there is one left.
    pub(crate) fn edit(&mut self, inside: bool) {
        let Some(controller) = self.controller.clone() else { return };
        if self.left == 0 && !self.paused {
            return;
        }
        self.left = self.left.saturating_sub(1);
        let mut sketch = Sketch { edit: Edit::new(), model: self.now().clone(), taken: Vec::new(), gone: Vec::new() };
        if std::mem::take(&mut self.paused) {
            sketch.edit.resume().unwrap();
        } else if self.left > 0 && self.draw.rng.once_in(12) {
            self.paused = true;
            sketch.edit.pause().unwrap();
        }
        let changes = if sketch.edit.is_empty() || self.draw.rng.once_in(2) { 1 + self.draw.rng.below(3) } else { 0 };
        (0..changes).for_each(|_| self.change(&mut sketch));
        let rule = self.rule(&mut sketch.edit);
        // Where stages followed one another, a path stands for several.
        let once = |path: &String| sketch.gone.iter().filter(|gone| *gone == path).count() == 1;
        sketch.taken.retain(|(path, _)| once(path));
        let Sketch { edit, model, taken, .. } = sketch;
        let words = edit.to_string();
        let receipt = match controller.commit(edit) {
            Ok(receipt) => Arc::new(receipt),
            Err(error) => panic!("refused: {error}"),
        };
        self.maker.log.story().again |= rule == Some(Rule::Resend);
        let accepted = controller.ledger().accepted();
        assert_eq!(receipt.revision(), self.models.len() as u64);
        self.leaving(&model, &receipt);
        if let Some(slot) = self.slots.pop() {
            let _ = slot.send(Arc::clone(&receipt));
        }
        self.commits.push(Commit { receipt, words, rule, accepted, inside, taken });
        self.models.push(model);
    }

    /// Lets a pipeline that is paused go on.
    pub(crate) fn resume(&mut self) {
        if self.paused {
            self.left = 0;
            self.edit(false);
        }
    }

    fn rule(&mut self, edit: &mut Edit) -> Option<Rule> {
        if !self.draw.menu.rules || self.draw.rng.once_in(2) {
            return None;
        }
        let deadline = self.maker.clock.sleep(Duration::from_millis(self.draw.rng.below(15) as u64));
        let (rule, in_flight) = match self.draw.rng.below(if self.draw.menu.resend { 3 } else { 2 }) {
            0 => (Rule::Fail, InFlight::fail_after(deadline)),
            1 => (Rule::Drop, InFlight::drop_after(deadline)),
            _ => (Rule::Resend, InFlight::resend_after(deadline)),
        };
        edit.in_flight(in_flight).unwrap();
        Some(rule)
    }

    /// Writes down who leaves by the edit that makes `next` of the pipeline, or is left.
    fn leaving(&self, next: &[Node], receipt: &Arc<Receipt>) {
        let now = self.now();
        let mut uids: Vec<u32> =
            all(now).iter().map(|node| node.uid).filter(|uid| find(next, *uid).is_none()).collect();
        for node in all(now) {
            if let Kind::Switch(before) = &node.kind
                && let Some(Node { kind: Kind::Switch(after), .. }) = find(next, node.uid)
            {
                let routed = |name: &String| before.way.targets.contains(name);
                for target in before.targets.iter().filter(|target| routed(&target.name)) {
                    let still = after.targets.iter().find(|now| now.uid == target.uid);
                    if still.is_some_and(|still| !after.way.targets.contains(&still.name)) {
                        uids.extend(target.uids());
                    }
                }
            }
        }
        let mut story = self.maker.log.story();
        for uid in uids {
            story.leaving.entry(uid).or_default().push(Arc::clone(receipt));
        }
    }

    fn change(&mut self, sketch: &mut Sketch) {
        match self.draw.rng.below(8) {
            0 | 1 => self.insert(sketch),
            2 => self.remove(sketch),
            3 => self.replace(sketch),
            4 => self.shift(sketch),
            5 if self.draw.rng.once_in(2) => self.rename(sketch),
            _ => self.reroute(sketch),
        }
    }

    /// A chain at random: whose inside it is.
    fn chain(&mut self, model: &[Node]) -> Option<u32> {
        let pipes: Vec<u32> =
            all(model).iter().filter(|node| matches!(node.kind, Kind::Pipe(_))).map(|node| node.uid).collect();
        match self.draw.rng.below(pipes.len() + 1) {
            0 => None,
            at => Some(pipes[at - 1]),
        }
    }

    fn insert(&mut self, sketch: &mut Sketch) {
        let owner = self.chain(&sketch.model);
        let maker = self.maker.clone();
        let node = self.draw.stage(if all(&sketch.model).len() < 30 { 2 } else { 0 });
        let place = owner.and_then(|uid| path(&sketch.model, uid)).map_or(String::new(), |path| format!("{path}/"));
        let nodes = inside(&mut sketch.model, owner);
        let ends = nodes.last().is_some_and(Node::is_end);
        let at = self.draw.rng.below(nodes.len() + usize::from(!ends));
        let name = &node.name;
        let full = format!("{place}{name}");
        let by = |node: &Node| format!("{place}{}", node.name);
        let edit = &mut sketch.edit;
        let (first, last) = (at == 0, at == nodes.len());
        with_stage!(maker, &node, stage => match () {
            () if first && (nodes.is_empty() || self.draw.rng.once_in(2)) => edit.push_front(&full, stage),
            () if last && self.draw.rng.once_in(2) => edit.push_back(&full, stage),
            () if last || (!first && self.draw.rng.once_in(2)) => edit.insert_after(by(&nodes[at - 1]), name, stage),
            () => edit.insert_before(by(&nodes[at]), name, stage),
        }
        .unwrap());
        nodes.insert(at, node);
    }

    fn remove(&mut self, sketch: &mut Sketch) {
        let owner = self.chain(&sketch.model);
        let nodes = inside(&mut sketch.model, owner);
        let free: Vec<u32> = nodes.iter().filter(|node| !node.pinned && !node.is_end()).map(|node| node.uid).collect();
        if free.is_empty() {
            return;
        }
        let uid = *self.draw.rng.pick(&free);
        sketch.takes(uid);
        let path = path(&sketch.model, uid).unwrap();
        sketch.edit.remove(path).unwrap();
        inside(&mut sketch.model, owner).retain(|node| node.uid != uid);
    }

    fn replace(&mut self, sketch: &mut Sketch) {
        let free: Vec<&Node> = all(&sketch.model).into_iter().filter(|node| !node.pinned).collect();
        if free.is_empty() {
            return;
        }
        let (uid, end) = {
            let node = *self.draw.rng.pick(&free);
            (node.uid, node.is_end())
        };
        let is_target =
            |node: &&Node| matches!(&node.kind, Kind::Switch(fork) if fork.targets.iter().any(|t| t.uid == uid));
        let target = all(&sketch.model).iter().any(is_target);
        let depth = usize::from(all(&sketch.model).len() < 30);
        let mut node = match (target, end) {
            (true, _) => self.draw.target(depth, end),
            (false, true) => self.draw.end(depth),
            (false, false) => self.draw.stage(depth),
        };
        sketch.takes(uid);
        node.name = find(&sketch.model, uid).unwrap().name.clone();
        let (path, maker) = (path(&sketch.model, uid).unwrap(), &self.maker);
        match end {
            true => with_end!(maker, &node, stage => sketch.edit.replace::<Item, _>(path, stage).unwrap()),
            false => with_stage!(maker, &node, stage => sketch.edit.replace::<Item, _>(path, stage).unwrap()),
        };
        *find_mut(&mut sketch.model, uid).unwrap() = node;
    }

    /// A stage moves within its chain, or to another.
    fn shift(&mut self, sketch: &mut Sketch) {
        let owner = self.chain(&sketch.model);
        let nodes = inside(&mut sketch.model, owner);
        let free: Vec<u32> = nodes.iter().filter(|node| !node.pinned && !node.is_end()).map(|node| node.uid).collect();
        if free.is_empty() {
            return;
        }
        let uid = *self.draw.rng.pick(&free);
        let mut to = if self.draw.rng.once_in(2) { self.chain(&sketch.model) } else { owner };
        if to.is_some_and(|to| find(&sketch.model, uid).unwrap().has(to)) {
            to = owner;
        }
        let others = inside(&mut sketch.model, to).iter().map(|node| node.uid).filter(|other| *other != uid);
        let others: Vec<u32> = others.collect();
        if others.is_empty() {
            return;
        }
        let by = *self.draw.rng.pick(&others);
        let after = !find(&sketch.model, by).unwrap().is_end() && self.draw.rng.once_in(2);
        let (from, place) = (path(&sketch.model, uid).unwrap(), path(&sketch.model, by).unwrap());
        match after {
            true => sketch.edit.move_after(from, place),
            false => sketch.edit.move_before(from, place),
        }
        .unwrap();
        let nodes = inside(&mut sketch.model, owner);
        let from = nodes.iter().position(|node| node.uid == uid).unwrap();
        let node = nodes.remove(from);
        let nodes = inside(&mut sketch.model, to);
        let at = nodes.iter().position(|node| node.uid == by).unwrap();
        nodes.insert(at + usize::from(after), node);
    }

    fn rename(&mut self, sketch: &mut Sketch) {
        let uids: Vec<u32> = all(&sketch.model).iter().map(|node| node.uid).collect();
        if uids.is_empty() {
            return;
        }
        let uid = *self.draw.rng.pick(&uids);
        let to = format!("r{}", self.draw.number());
        sketch.edit.rename(path(&sketch.model, uid).unwrap(), &to).unwrap();
        let node = find_mut(&mut sketch.model, uid).unwrap();
        let from = std::mem::replace(&mut node.name, to.clone());
        each_mut(&mut sketch.model, &mut |node| {
            if let Kind::Switch(fork) = &mut node.kind
                && fork.targets.iter().any(|target| target.uid == uid)
            {
                fork.way.targets.iter_mut().filter(|name| **name == from).for_each(|name| *name = to.clone());
            }
        });
    }

    fn reroute(&mut self, sketch: &mut Sketch) {
        let switches: Vec<u32> = all(&sketch.model)
            .iter()
            .filter(|node| matches!(node.kind, Kind::Switch(_)))
            .map(|node| node.uid)
            .collect();
        if switches.is_empty() {
            return;
        }
        let uid = *self.draw.rng.pick(&switches);
        let place = path(&sketch.model, uid).unwrap();
        let maker = self.maker.clone();
        if self.draw.rng.once_in(3) {
            let end = find(&sketch.model, uid).unwrap().is_end();
            let node = self.draw.target(usize::from(all(&sketch.model).len() < 30), end);
            match end {
                true => {
                    with_end!(maker, &node, stage => sketch.edit.attach::<Item, _>(&place, &node.name, stage).unwrap())
                }
                false => {
                    with_stage!(maker, &node, stage => sketch.edit.attach::<Item, _>(&place, &node.name, stage).unwrap())
                }
            };
            sketch.fork(uid).targets.push(node);
        }
        let targets = sketch.fork(uid).targets.clone();
        let way = self.draw.way(&targets);
        sketch.edit.route(&place, route(&way)).unwrap();
        sketch.fork(uid).way = way.clone();
        let unrouted: Vec<&Node> = targets.iter().filter(|target| !way.targets.contains(&target.name)).collect();
        if !unrouted.is_empty() && targets.len() > 2 && self.draw.rng.once_in(2) {
            let target = (*self.draw.rng.pick(&unrouted)).clone();
            sketch.takes(target.uid);
            sketch.edit.detach(&place, &target.name).unwrap();
            sketch.fork(uid).targets.retain(|other| other.uid != target.uid);
        }
    }
}

impl Sketch {
    /// The stage is taken out.
    fn takes(&mut self, uid: u32) {
        let node = find(&self.model, uid).unwrap();
        let ours = matches!(node.kind, Kind::Map { closure: false, .. } | Kind::Filter | Kind::Flat | Kind::Try);
        self.gone.push(path(&self.model, uid).unwrap());
        if ours {
            self.taken.push((path(&self.model, uid).unwrap(), uid));
        }
    }

    fn fork(&mut self, uid: u32) -> &mut super::model::Fork {
        match &mut find_mut(&mut self.model, uid).unwrap().kind {
            Kind::Switch(fork) => fork,
            _ => unreachable!("it is a switch"),
        }
    }
}

fn find_mut(nodes: &mut [Node], uid: u32) -> Option<&mut Node> {
    for node in nodes {
        if node.uid == uid {
            return Some(node);
        }
        if node.has(uid) {
            return find_mut(node.inside_mut()?, uid);
        }
    }
    None
}

fn each_mut(nodes: &mut [Node], see: &mut dyn FnMut(&mut Node)) {
    for node in nodes {
        see(node);
        if let Some(inside) = node.inside_mut() {
            each_mut(inside, see);
        }
    }
}

/// The stages of a chain: of the whole, or of the pipeline `owner`.
fn inside(model: &mut Vec<Node>, owner: Option<u32>) -> &mut Vec<Node> {
    match owner {
        None => model,
        Some(uid) => find_mut(model, uid).unwrap().inside_mut().unwrap(),
    }
}
