//! Random edits, made in the model and in the pipeline.

use std::future::ready;

use coroute::{Controller, Edit, InFlight, Pipeline, Receipt};

use super::build::{route, with_stage};
use super::draw::Draw;
use super::item::{Item, Log};
use super::model::{Crew, Deal, Kind, Node, Work, all, find_mut, key, path, row};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Fail,
    Resend,
    Drop,
}

/// The pipeline as the checks know it, and who edits it.
pub(crate) struct Editor {
    pub(crate) draw: Draw,
    log: Log,
    controller: Controller,
    /// By revision.
    pub(crate) models: Vec<Vec<Node>>,
    pub(crate) commits: Vec<Commit>,
    /// How many of the stages that have panicked it has seen to.
    mended: usize,
}

pub(crate) struct Commit {
    pub(crate) receipt: Receipt,
    pub(crate) rule: Option<Rule>,
    pub(crate) words: String,
}

/// An edit being drawn.
struct Sketch {
    edit: Edit,
    model: Vec<Node>,
}

impl Editor {
    pub(crate) fn new(draw: Draw, log: Log, controller: Controller, model: Vec<Node>) -> Self {
        Self { draw, log, controller, models: vec![model], commits: Vec::new(), mended: 0 }
    }

    fn sketch(&self) -> Sketch {
        Sketch { edit: Edit::new(), model: self.models.last().expect("there is the first").clone() }
    }

    /// Commits a random edit.
    pub(crate) fn edit(&mut self) {
        let mut sketch = self.sketch();
        if self.draw.rng.once_in(15) {
            sketch.edit.pause().expect("a change");
            self.commit(sketch, None);
            sketch = self.sketch();
            sketch.edit.resume().expect("a change");
        }
        for _ in 0..if self.draw.rng.once_in(3) { 3 } else { 1 } {
            self.change(&mut sketch);
        }
        if self.draw.menu.is_too_deep(&sketch.model) {
            // A pipeline that was paused is to go on.
            sketch = self.sketch();
            sketch.edit.resume().expect("a change");
        }
        let rule = (self.draw.menu.rules && self.draw.rng.once_in(2))
            .then(|| *self.draw.rng.pick(&[Rule::Fail, Rule::Resend, Rule::Drop]));
        match rule {
            None => {}
            Some(Rule::Fail) => drop(sketch.edit.in_flight(InFlight::fail_after(ready(())))),
            Some(Rule::Resend) => drop(sketch.edit.in_flight(InFlight::resend_after(ready(())))),
            Some(Rule::Drop) => drop(sketch.edit.in_flight(InFlight::drop_after(ready(())))),
        }
        self.commit(sketch, rule);
    }

    /// Puts another in the place of each stage that has panicked.
    pub(crate) fn mend(&mut self) {
        while let Some(uid) = {
            let story = self.log.story();
            story.broken.get(self.mended).copied()
        } {
            self.mended += 1;
            let mut sketch = self.sketch();
            let Some(at) = path(&sketch.model, uid) else { continue };
            let number = self.draw.number();
            let node = find_mut(&mut sketch.model, uid).expect("it has a path");
            (node.uid, node.kind) = (number, Kind::Stage(Work::Plain));
            sketch.edit.replace(at, super::build::plain(number)).expect("a name");
            renumber(&mut sketch.model, uid, number);
            self.commit(sketch, None);
        }
    }

    fn commit(&mut self, sketch: Sketch, rule: Option<Rule>) {
        let Sketch { edit, model } = sketch;
        let words = edit.to_string();
        let receipt = self.controller.commit(edit).unwrap_or_else(|error| panic!("refused: {error}: {words}"));
        assert_eq!(receipt.revision(), self.models.len() as u64);
        self.commits.push(Commit { receipt, rule, words });
        self.models.push(model);
    }

    fn change(&mut self, sketch: &mut Sketch) {
        match self.draw.rng.below(12) {
            0..=2 => self.insert(sketch),
            3 | 4 => self.remove(sketch),
            5 => self.replace(sketch),
            6 | 7 => self.shift(sketch),
            8 => self.rename(sketch),
            9 => self.workers(sketch),
            10 => self.attach_or_detach(sketch),
            _ => self.reroute(sketch),
        }
    }

    /// One of those that are like that.
    fn any(&mut self, model: &[Node], is: impl Fn(&Node) -> bool) -> Option<Node> {
        let found: Vec<&Node> = all(model).into_iter().filter(|node| is(node)).collect();
        (!found.is_empty()).then(|| (*self.draw.rng.pick(&found)).clone())
    }

    fn fresh(&mut self, model: &[Node]) -> Node {
        self.draw.stage(if all(model).len() < 20 { 2 } else { 0 })
    }

    fn insert(&mut self, sketch: &mut Sketch) {
        let node = self.fresh(&sketch.model);
        let within = self.any(&sketch.model, |node| matches!(node.kind, Kind::Pipe(_) | Kind::Thread(..)));
        let within = within.filter(|_| !self.draw.rng.once_in(3));
        let place = within.as_ref().and_then(|node| path(&sketch.model, node.uid)).map(|path| format!("{path}/"));
        let place = place.unwrap_or_default();
        let nodes = match &within {
            Some(node) => find_mut(&mut sketch.model, node.uid).and_then(Node::inside_mut).expect("it was there"),
            None => &mut sketch.model,
        };
        // The first of all is behind the one that numbers the items.
        let at = self.draw.rng.below(nodes.len() + 1);
        let (edit, name, log) = (&mut sketch.edit, &node.name, &self.log);
        let beside = |at: usize| format!("{place}{}", nodes[at].name);
        let full = format!("{place}{name}");
        with_stage!(log, &node, stage => match at {
            0 if within.is_none() => edit.insert_after("number", name, stage),
            0 => edit.push_front(&full, stage),
            at if at == nodes.len() && self.draw.rng.once_in(2) => edit.push_back(&full, stage),
            at if at == nodes.len() => edit.insert_after(beside(at - 1), name, stage),
            at => edit.insert_before(beside(at), name, stage),
        }
        .map(drop)
        .expect("a name"));
        nodes.insert(at, node);
    }

    /// Not a target.
    fn in_chain(&mut self, model: &[Node]) -> Option<Node> {
        let targets: Vec<u32> = all(model)
            .into_iter()
            .filter_map(|node| if let Kind::Switch(fork) = &node.kind { Some(&fork.targets) } else { None })
            .flatten()
            .map(|target| target.uid)
            .collect();
        self.any(model, |node| !targets.contains(&node.uid))
    }

    fn remove(&mut self, sketch: &mut Sketch) {
        let Some(node) = self.in_chain(&sketch.model) else { return };
        sketch.edit.remove(path(&sketch.model, node.uid).expect("it is there")).expect("a name");
        let (nodes, at) = row(&mut sketch.model, node.uid).expect("it is there");
        nodes.remove(at);
    }

    fn replace(&mut self, sketch: &mut Sketch) {
        let Some(old) = self.any(&sketch.model, |_| true) else { return };
        let mut node = self.fresh(&sketch.model);
        node.name.clone_from(&old.name);
        let (at, edit, log) = (path(&sketch.model, old.uid).expect("it is there"), &mut sketch.edit, &self.log);
        with_stage!(log, &node, stage => edit.replace(&at, stage).map(drop).expect("a name"));
        renumber(&mut sketch.model, old.uid, node.uid);
        *find_mut(&mut sketch.model, old.uid).expect("it is there") = node;
    }

    fn rename(&mut self, sketch: &mut Sketch) {
        let Some(node) = self.any(&sketch.model, |_| true) else { return };
        let name = self.draw.name();
        sketch.edit.rename(path(&sketch.model, node.uid).expect("it is there"), &name).expect("a name");
        find_mut(&mut sketch.model, node.uid).expect("it is there").name = name;
    }

    /// Somewhere else, to another thread or to none.
    fn shift(&mut self, sketch: &mut Sketch) {
        let Some(node) = self.in_chain(&sketch.model) else { return };
        let Some(to) = self.in_chain(&sketch.model).filter(|to| !node.has(to.uid)) else { return };
        let (from, beside) =
            (path(&sketch.model, node.uid).expect("it is"), path(&sketch.model, to.uid).expect("it is"));
        let after = self.draw.rng.once_in(2);
        match after {
            true => sketch.edit.move_after(from, beside),
            false => sketch.edit.move_before(from, beside),
        }
        .expect("a name");
        let (nodes, at) = row(&mut sketch.model, node.uid).expect("it is there");
        let node = nodes.remove(at);
        let (nodes, at) = row(&mut sketch.model, to.uid).expect("it is there");
        nodes.insert(at + usize::from(after), node);
    }

    fn workers(&mut self, sketch: &mut Sketch) {
        let Some(node) = self.any(&sketch.model, |node| matches!(node.kind, Kind::Crew(_))) else { return };
        let number = 1 + self.draw.rng.below(4);
        sketch.edit.workers(path(&sketch.model, node.uid).expect("it is there"), number).expect("a name");
        if let Some(Node { kind: Kind::Crew(Crew { count, .. }), .. }) = find_mut(&mut sketch.model, node.uid) {
            *count = number;
        }
    }

    fn switch(&mut self, sketch: &Sketch) -> Option<Node> {
        self.any(&sketch.model, |node| matches!(node.kind, Kind::Switch(_)))
    }

    fn reroute(&mut self, sketch: &mut Sketch) {
        let Some(node) = self.switch(sketch) else { return self.insert(sketch) };
        let at = path(&sketch.model, node.uid).expect("it is there");
        let Some(Node { kind: Kind::Switch(fork), .. }) = find_mut(&mut sketch.model, node.uid) else { return };
        fork.way = self.draw.way(&fork.targets);
        sketch.edit.route(at, route(&fork.way, &fork.targets)).expect("a name");
    }

    fn attach_or_detach(&mut self, sketch: &mut Sketch) {
        let Some(node) = self.switch(sketch) else { return self.insert(sketch) };
        let at = path(&sketch.model, node.uid).expect("it is there");
        let fresh = self.fresh(&sketch.model);
        let Some(Node { kind: Kind::Switch(fork), .. }) = find_mut(&mut sketch.model, node.uid) else { return };
        if fork.targets.len() < 2 || (fork.targets.len() < 4 && self.draw.rng.once_in(2)) {
            let (edit, log) = (&mut sketch.edit, &self.log);
            with_stage!(log, &fresh, stage => edit.attach(&at, &fresh.name, stage).map(drop).expect("a name"));
            fork.targets.push(fresh);
        } else {
            let gone = fork.targets.remove(self.draw.rng.below(fork.targets.len()));
            fork.way = self.draw.way(&fork.targets);
            sketch.edit.route(&at, route(&fork.way, &fork.targets)).expect("a name");
            sketch.edit.detach(&at, &gone.name).expect("a name");
        }
    }
}

/// What is routed to a target goes to the one in its place.
fn renumber(model: &mut [Node], old: u32, new: u32) {
    for node in model {
        if let Kind::Switch(fork) = &mut node.kind {
            fork.way.targets.iter_mut().filter(|uid| **uid == old).for_each(|uid| *uid = new);
        }
        if let Some(inside) = node.inside_mut() {
            renumber(inside, old, new);
        }
    }
}
