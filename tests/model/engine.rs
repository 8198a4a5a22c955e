//! The reference as an engine: what it accepts, when an edit takes effect, and what each call comes back with.

use coroute::{Hold, Path, Refusal};

use crate::build::{Fault, Note};
use crate::changes::Tree;
use crate::reference::{Log, Node, Totals, drain, finish, pass};
use crate::spec::{Change, OnFail, Plan, Spec, Ty};

/// How a call ended.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum End {
    Fine,
    Held(Hold),
    /// A task was told to wait, and before that perhaps why.
    Waits(Option<Hold>),
    Failed(Vec<Fault>),
    /// `call` had no output, or several.
    NotOne,
    Panicked,
}

/// All that can be seen of one call.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) out: Vec<i64>,
    pub(crate) end: End,
    /// The items that came back.
    pub(crate) rest: Vec<i64>,
    pub(crate) notes: Vec<Note>,
}

/// What a commit gave.
pub(crate) type Commit = Result<u64, (Refusal, usize)>;

/// What a pipeline can be asked to do.
pub(crate) trait Calls {
    fn send(&mut self, item: i64, emit_panics: bool) -> Seen;
    fn call(&mut self, item: i64) -> Seen;
    fn send_all(&mut self, items: &[i64]) -> Seen;
    fn send_batch(&mut self, items: &[i64]) -> Seen;
    fn apply(&mut self) -> Seen;
    fn finish(&mut self) -> Seen;
}

/// A pipeline, or something that claims to behave as one.
pub(crate) trait Engine: Calls {
    fn commit(&mut self, changes: &[Change]) -> Commit;
}

/// An edit that was applied.
#[derive(Debug, Clone)]
pub(crate) struct Applied {
    pub(crate) revision: u64,
    /// The first item that it governs.
    pub(crate) first_new: u64,
    /// What it took out, with the paths that had.
    pub(crate) left: Vec<(String, Node)>,
}

/// An accepted edit on its way.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    pub(crate) changes: Vec<Change>,
    /// The stages that leave; they give what they hold back first.
    pub(crate) leaving: Vec<u64>,
    pub(crate) revision: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Reference {
    on_fail: OnFail,
    /// The pipeline with all accepted edits; only its shape counts.
    pub(crate) plan: Vec<Node>,
    /// The pipeline as it runs.
    pub(crate) live: Vec<Node>,
    pub(crate) pending: Vec<Pending>,
    pub(crate) revision: u64,
    pub(crate) paused: bool,
    finished: bool,
    pub(crate) log: Log,
    /// Outputs that edits have set free.
    queued: Vec<i64>,
    pub(crate) applied: Vec<Applied>,
    /// A stage that has left panicked as it did; the next cycle ends with that.
    owed: bool,
    /// Whether a task runs it: items never go as a batch, and what an edit sets free does not wait for the next.
    flows: bool,
    /// Whether edits take effect by themselves. What leaves with a panic is told at the end then.
    prompt: bool,
    /// Whether a stage that has left panicked as it did.
    owes: bool,
}

impl Reference {
    pub(crate) fn new(plan: &Plan, flows: bool) -> Self {
        let mut id = 0;
        let mut row = |specs: &[(String, Spec)], ty| -> Vec<Node> {
            specs.iter().map(|(name, spec)| Node::new(name, spec, ty, &mut id)).collect()
        };
        let mut live = row(&plan.head, Ty::Int);
        if let Some(middle) = &plan.middle {
            live.extend(row(&[("show".into(), Spec::Turn)], Ty::Int));
            live.extend(row(middle, Ty::Text));
            live.extend(row(&[("parse".into(), Spec::Turn)], Ty::Text));
        }
        live.extend(row(&plan.tail, Ty::Int));
        Self {
            on_fail: plan.on_fail,
            plan: live.clone(),
            live,
            pending: Vec::new(),
            revision: 0,
            paused: false,
            finished: false,
            log: Log { turns_away: flows, ..Log::default() },
            queued: Vec::new(),
            applied: Vec::new(),
            owed: false,
            flows,
            prompt: false,
            owes: false,
        }
    }

    /// One for which edits take effect by themselves.
    pub(crate) fn prompt(self, prompt: bool) -> Self {
        Self { prompt, ..self }
    }

    pub(crate) fn totals(&self) -> Totals {
        self.log.totals
    }

    pub(crate) fn take_edits(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let panics = self.log.panics;
        for edit in std::mem::take(&mut self.pending) {
            for id in self.leaving(&edit) {
                let freed = drain(&mut self.live, id, &mut self.log).unwrap_or_default();
                self.log.totals.in_flight += freed.len() as i64;
                self.queued.extend(freed);
            }
            let mut tree = Tree { nodes: &mut self.live, log: &mut self.log, left: Vec::new() };
            for change in &edit.changes {
                tree.make(change).expect("an edit that was accepted can be applied");
            }
            let left = tree.left;
            self.log.revision = edit.revision;
            if self.flows {
                self.log.handle(self.on_fail, 0);
            }
            self.applied.push(Applied { revision: edit.revision, first_new: self.log.cycle, left });
        }
        self.owed |= self.log.panics > panics;
        self.owed &= !self.live.iter().any(Node::is_broken);
        if self.prompt {
            self.owes |= std::mem::take(&mut self.owed);
        }
    }

    /// What edits have set free, without waiting for the next cycle.
    pub(crate) fn let_go(&mut self) -> Vec<i64> {
        let out = std::mem::take(&mut self.queued);
        self.log.totals.in_flight -= out.len() as i64;
        self.log.totals.delivered += out.len() as i64;
        out
    }

    /// The stages that leave, in the pipeline's order; those inside one that leaves leave with it.
    fn leaving(&self, edit: &Pending) -> Vec<u64> {
        fn walk(nodes: &[Node], leaving: &[u64], found: &mut Vec<u64>) {
            for node in nodes {
                if leaving.contains(&node.id) { found.push(node.id) } else { walk(node.inside(), leaving, found) }
            }
        }
        let mut found = Vec::new();
        if !self.finished {
            walk(&self.live, &edit.leaving, &mut found);
        }
        found
    }

    pub(crate) fn hold(&self) -> Option<Hold> {
        fn broken(nodes: &[Node], within: &str, found: &mut Vec<(u64, String)>) {
            for node in nodes {
                let path = format!("{within}{}", node.name);
                found.extend(node.broken.map(|when| (when, path.clone())));
                broken(node.inside(), &format!("{path}/"), found);
            }
        }
        let path = |text: String| Path::new(text).expect("a path of names");
        let mut found = Vec::new();
        broken(&self.live, "", &mut found);
        if self.finished {
            Some(Hold::Finished)
        } else if let Some((_, stage)) = found.into_iter().min() {
            Some(Hold::Poisoned { stage: path(stage) })
        } else if self.paused {
            Some(Hold::Paused)
        } else {
            self.live.iter().find_map(Node::shut).map(|switch| Hold::NoTarget { switch: path(switch) })
        }
    }

    /// One cycle, or a batch: the outputs, and whether a stage panicked.
    pub(crate) fn cycle(&mut self, items: &[i64], run: impl FnOnce(&mut Self) -> Vec<i64>) -> (Vec<i64>, bool) {
        let panics = self.log.panics;
        self.log.totals.accepted += items.len() as i64;
        let made = run(self);
        let mut out = std::mem::take(&mut self.queued);
        self.log.totals.in_flight -= out.len() as i64;
        out.extend(made);
        self.log.totals.delivered += out.len() as i64;
        self.log.handle(self.on_fail, 0);
        self.log.cycle += items.len() as u64;
        let owed = std::mem::take(&mut self.owed);
        (out, owed || self.log.panics > panics)
    }

    fn run(&mut self, items: &[i64]) -> (Vec<i64>, bool) {
        self.cycle(items, |this| pass(&mut this.live, items.to_vec(), &mut this.log))
    }

    fn send_many(&mut self, items: &[i64], most: usize) -> Seen {
        self.take_edits();
        let (mut out, mut rest) = (Vec::new(), items);
        while !rest.is_empty() {
            if let Some(why) = self.hold() {
                return self.with(out, End::Held(why), rest.to_vec());
            }
            let steady = !self.flows && self.live.iter().all(Node::is_steady);
            let (batch, behind) = rest.split_at(if steady { rest.len().min(most) } else { 1 });
            let before = self.clone();
            // A batch is said to make no difference, so its items go one by one here ...
            let (mut made, mut panicked) = (Vec::new(), false);
            for item in batch {
                let (one, bang) = self.run(std::slice::from_ref(item));
                made.extend(one);
                panicked |= bang;
            }
            // ... but for a panic, which takes with it what is behind in the batch.
            if panicked && batch.len() > 1 {
                *self = before;
                (made, panicked) = self.run(batch);
            }
            out.extend(made);
            rest = behind;
            if panicked || !self.log.faults.is_empty() {
                return self.seen(out, panicked, rest.to_vec());
            }
        }
        self.with(out, End::Fine, Vec::new())
    }

    /// Outputs that could not be handed out stay inside.
    fn keep(&mut self, out: Vec<i64>) {
        self.log.totals.delivered -= out.len() as i64;
        self.log.totals.in_flight += out.len() as i64;
        self.queued = out;
    }

    pub(crate) fn seen(&mut self, out: Vec<i64>, panicked: bool, rest: Vec<i64>) -> Seen {
        let end = match () {
            () if panicked => End::Panicked,
            () if self.log.faults.is_empty() => End::Fine,
            () => End::Failed(std::mem::take(&mut self.log.faults)),
        };
        self.with(out, end, rest)
    }

    fn with(&mut self, out: Vec<i64>, end: End, rest: Vec<i64>) -> Seen {
        Seen { out, end, rest, notes: std::mem::take(&mut self.log.notes) }
    }
}

impl Calls for Reference {
    fn send(&mut self, item: i64, emit_panics: bool) -> Seen {
        self.take_edits();
        if let Some(why) = self.hold() {
            return self.with(Vec::new(), End::Held(why), vec![item]);
        }
        let (mut out, panicked) = self.run(&[item]);
        if emit_panics && !out.is_empty() {
            let unseen = out.split_off(1);
            self.keep(unseen);
            return self.with(out, End::Panicked, Vec::new());
        }
        self.seen(out, panicked, Vec::new())
    }

    fn call(&mut self, item: i64) -> Seen {
        self.take_edits();
        if let Some(why) = self.hold() {
            return self.with(Vec::new(), End::Held(why), vec![item]);
        }
        let (out, panicked) = self.run(&[item]);
        if panicked {
            self.keep(out);
            return self.with(Vec::new(), End::Panicked, Vec::new());
        }
        let seen = self.seen(out, false, Vec::new());
        if seen.out.len() != 1 && seen.end == End::Fine { Seen { end: End::NotOne, ..seen } } else { seen }
    }

    fn send_all(&mut self, items: &[i64]) -> Seen {
        // What a panic unwinds takes the iterator with it.
        let seen = self.send_many(items, 256);
        if seen.end == End::Panicked { Seen { rest: Vec::new(), ..seen } } else { seen }
    }

    fn send_batch(&mut self, items: &[i64]) -> Seen {
        self.send_many(items, usize::MAX)
    }

    fn apply(&mut self) -> Seen {
        self.take_edits();
        self.with(Vec::new(), End::Fine, Vec::new())
    }

    fn finish(&mut self) -> Seen {
        self.take_edits();
        match self.hold() {
            Some(Hold::Finished) => {
                let (out, _) = self.cycle(&[], |_| Vec::new());
                return self.seen(out, false, Vec::new());
            }
            Some(why @ Hold::Poisoned { .. }) => return self.with(Vec::new(), End::Held(why), Vec::new()),
            _ => {}
        }
        let (out, panicked) = self.cycle(&[], |this| finish(&mut this.live, &mut this.log));
        self.finished = true;
        self.seen(out, panicked || self.owes, Vec::new())
    }
}

impl Engine for Reference {
    fn commit(&mut self, changes: &[Change]) -> Commit {
        let mut nodes = self.plan.clone();
        let mut log = Log::default();
        let mut tree = Tree { nodes: &mut nodes, log: &mut log, left: Vec::new() };
        for (number, change) in changes.iter().enumerate() {
            tree.make(change).map_err(|refusal| (refusal, number))?;
        }
        // What was moved out of what leaves stays.
        let moves = changes.iter().any(|change| matches!(change, Change::Move { .. }));
        let ids = |(_, node): &(String, Node)| if moves { node.stages() } else { vec![node.id] };
        let leaving = tree.left.iter().flat_map(ids).collect();
        self.plan = nodes;
        self.revision += 1;
        for change in changes {
            match change {
                Change::Pause => self.paused = true,
                Change::Resume => self.paused = false,
                _ => {}
            }
        }
        self.pending.push(Pending { changes: changes.to_vec(), leaving, revision: self.revision });
        Ok(self.revision)
    }
}
