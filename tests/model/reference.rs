//! The reference: a plain interpreter of what the documentation says, over vectors of stages.
//!
//! A cycle is a list of items that passes stage by stage. Nothing here is shared with the crate but its error types.

use crate::build::{Fault, Note};
use crate::rule::Rule;
use crate::spec::{OnFail, Policy, Spec, Ty, hits};
use crate::switched::Switched;

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) id: u64,
    pub(crate) types: (Ty, Ty),
    pub(crate) kind: Kind,
    /// Whether it is a pipeline on a thread of its own.
    pub(crate) on_thread: bool,
    /// When it panicked.
    pub(crate) broken: Option<u64>,
}

#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Stage(Spec),
    Tap,
    Pipe(OnFail, Vec<Node>),
    Switch { cloned: bool, targets: Vec<Node>, rule: Rule },
}

/// The totals of a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Totals {
    pub(crate) accepted: i64,
    pub(crate) split: i64,
    pub(crate) delivered: i64,
    pub(crate) dropped: i64,
    pub(crate) failed: i64,
    pub(crate) in_flight: i64,
}

/// What a cycle writes down.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    pub(crate) totals: Totals,
    pub(crate) faults: Vec<Fault>,
    pub(crate) notes: Vec<Note>,
    pub(crate) panics: u64,
    pub(crate) cycle: u64,
    pub(crate) revision: u64,
    /// The way to the stage under way.
    pub(crate) way: Vec<String>,
    /// Whether a stage that has panicked fails what still comes to it, and takes nothing else with it.
    pub(crate) turns_away: bool,
}

impl Log {
    /// `taken` items became `made`, `held` more are held back; the rest was dropped, or came to be.
    pub(crate) fn settle(&mut self, taken: usize, made: usize, held: i64) {
        let rest = taken as i64 - made as i64 - held;
        self.totals.in_flight += held;
        self.totals.dropped += rest.max(0);
        self.totals.split += (-rest).max(0);
    }

    pub(crate) fn fail(&mut self, item: i64) {
        self.totals.failed += 1;
        let path = self.way.join("/");
        self.faults.push(Fault { path, cycle: self.cycle, revision: self.revision, item });
    }

    /// A stage panicked on the first of `items` items, and none of them goes on.
    pub(crate) fn bang(&mut self, items: usize) -> Option<u64> {
        self.totals.failed += items as i64;
        self.panics += 1;
        Some(self.panics)
    }

    /// Deals with the failures from number `from` on. The handler of a nested pipeline sees paths that begin with that
    /// pipeline's name.
    pub(crate) fn handle(&mut self, on_fail: OnFail, from: usize) {
        let outer: usize = self.way.iter().rev().skip(1).map(|name| name.len() + 1).sum();
        match on_fail {
            OnFail::Stop => {}
            OnFail::Skip => self.faults.truncate(from),
            OnFail::Dead(label) => {
                let letters = self.faults.drain(from..).map(|mut fault| {
                    fault.path.drain(..outer);
                    Note::Dead(label, fault)
                });
                self.notes.extend(letters);
            }
        }
    }
}

/// What a stage makes of an item.
enum Made {
    Of(Vec<i64>),
    Failure,
    Panic,
}

fn process(spec: &mut Spec, item: i64) -> Made {
    Made::Of(match spec {
        Spec::Add(by) | Spec::Body(by) => vec![item.wrapping_add(*by)],
        Spec::Mul(by) => vec![item.wrapping_mul(*by)],
        Spec::Even => {
            if item % 2 == 0 {
                vec![item]
            } else {
                vec![]
            }
        }
        Spec::Copies(number) => vec![item; *number],
        Spec::Tomb => return Made::Failure,
        Spec::Picky(spot) if hits(item, *spot) => return Made::Failure,
        Spec::Boom(spot) | Spec::Fuse(spot) if hits(item, *spot) => return Made::Panic,
        Spec::Picky(_) | Spec::Boom(_) | Spec::Fuse(_) | Spec::Turn | Spec::Queue(_) => vec![item],
        Spec::Slow { of, .. } | Spec::Crew { of, .. } => return process(of, item),
        Spec::Count { step, seen } => {
            *seen += 1;
            vec![item.wrapping_add((*seen - 1).wrapping_mul(*step))]
        }
        Spec::Bunch { size, sum, items, .. } => {
            items.push(item);
            if items.len() < *size { vec![] } else { give(items, *sum) }
        }
        Spec::Pipe(..) | Spec::Thread(..) | Spec::Switch { .. } => unreachable!("not a stage"),
    })
}

fn give(items: &mut Vec<i64>, sum: bool) -> Vec<i64> {
    let items = std::mem::take(items);
    let total = items.iter().fold(0, |sum: i64, item| sum.wrapping_add(*item));
    if sum && !items.is_empty() { vec![total] } else { items }
}

fn held(spec: &Spec) -> i64 {
    if let Spec::Bunch { items, .. } = spec { items.len() as i64 } else { 0 }
}

/// All `items` through all `nodes`, stage by stage.
pub(crate) fn pass(nodes: &mut [Node], items: Vec<i64>, log: &mut Log) -> Vec<i64> {
    nodes.iter_mut().fold(items, |items, node| node.take(items, log))
}

/// The end of the stream.
pub(crate) fn finish(nodes: &mut [Node], log: &mut Log) -> Vec<i64> {
    let mut out = Vec::new();
    for at in 0..nodes.len() {
        let last = nodes[at].flush(log);
        out.extend(pass(&mut nodes[at + 1..], last, log));
    }
    out
}

/// The stage `id` gives what it holds back, which goes on from there; `None` where it is not among `nodes`.
pub(crate) fn drain(nodes: &mut [Node], id: u64, log: &mut Log) -> Option<Vec<i64>> {
    for at in 0..nodes.len() {
        let node = &mut nodes[at];
        let made = if node.id == id { Some(node.flush(log)) } else { node.drain(id, log) };
        if let Some(made) = made {
            return Some(pass(&mut nodes[at + 1..], made, log));
        }
    }
    None
}

impl Node {
    fn within<R>(&mut self, log: &mut Log, run: impl FnOnce(&mut Self, &mut Log) -> R) -> R {
        log.way.push(self.name.clone());
        let (from, on_fail) =
            (log.faults.len(), if let Kind::Pipe(on_fail, _) = self.kind { on_fail } else { OnFail::Stop });
        let result = run(self, log);
        log.handle(on_fail, from);
        log.way.pop();
        result
    }

    pub(crate) fn take(&mut self, items: Vec<i64>, log: &mut Log) -> Vec<i64> {
        self.within(log, |node, log| match &mut node.kind {
            _ if node.broken.is_some() && log.turns_away => {
                items.into_iter().for_each(|item| log.fail(item));
                Vec::new()
            }
            Kind::Stage(spec) => {
                let mut out = Vec::new();
                for (at, item) in items.iter().enumerate() {
                    let before = held(spec);
                    match process(spec, *item) {
                        Made::Of(made) => {
                            log.settle(1, made.len(), held(spec) - before);
                            out.extend(made);
                        }
                        Made::Failure => log.fail(*item),
                        Made::Panic if log.turns_away => {
                            node.broken = log.bang(1);
                            items[at + 1..].iter().for_each(|item| log.fail(*item));
                            break;
                        }
                        Made::Panic => {
                            node.broken = log.bang(items.len() - at);
                            break;
                        }
                    }
                }
                out
            }
            Kind::Tap => {
                log.notes.extend(items.iter().map(|item| Note::Tap(node.id, *item)));
                items
            }
            Kind::Pipe(_, nodes) => pass(nodes, items, log),
            Kind::Switch { targets, rule, .. } => {
                let mut switched = Switched { targets, rule, run: Vec::new(), to: 0, out: Vec::new() };
                let broken = switched.take(items, log);
                let out = switched.out;
                node.broken = broken.or(node.broken);
                out
            }
        })
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.broken.is_some() || self.inside().iter().any(Self::is_broken)
    }

    fn flush(&mut self, log: &mut Log) -> Vec<i64> {
        self.within(log, |node, log| match &mut node.kind {
            Kind::Stage(Spec::Bunch { bad_end: true, .. }) => {
                node.broken = log.bang(0);
                Vec::new()
            }
            Kind::Stage(Spec::Bunch { items, sum, .. }) => {
                let before = items.len() as i64;
                let made = give(items, *sum);
                log.settle(0, made.len(), -before);
                made
            }
            Kind::Stage(_) | Kind::Tap => Vec::new(),
            Kind::Pipe(_, nodes) => finish(nodes, log),
            Kind::Switch { targets, .. } => targets.iter_mut().flat_map(|target| target.flush(log)).collect(),
        })
    }

    fn drain(&mut self, id: u64, log: &mut Log) -> Option<Vec<i64>> {
        self.within(log, |node, log| match &mut node.kind {
            Kind::Stage(_) | Kind::Tap => None,
            Kind::Pipe(_, nodes) => drain(nodes, id, log),
            Kind::Switch { targets, .. } => {
                targets.iter_mut().find_map(|target| drain(std::slice::from_mut(target), id, log))
            }
        })
    }

    /// Whether `path` is that of the stage that gets an item first.
    pub(crate) fn begins_with(&self, path: &[&str]) -> bool {
        match (path, &self.kind) {
            ([name], _) => self.name == *name,
            ([name, rest @ ..], Kind::Pipe(_, nodes)) => {
                self.name == *name && nodes.first().is_some_and(|first| first.begins_with(rest))
            }
            _ => false,
        }
    }

    /// Items held back in it.
    pub(crate) fn held(&self) -> i64 {
        match &self.kind {
            Kind::Stage(spec) => held(spec),
            _ => self.inside().iter().map(Self::held).sum(),
        }
    }

    pub(crate) fn inside(&self) -> &[Self] {
        match &self.kind {
            Kind::Stage(_) | Kind::Tap => &[],
            Kind::Pipe(_, nodes) | Kind::Switch { targets: nodes, .. } => nodes,
        }
    }

    /// The targets that a switch's route names, in its order.
    fn routed(&self) -> Vec<&Self> {
        let Kind::Switch { targets, rule, .. } = &self.kind else { return Vec::new() };
        rule.names.iter().filter_map(|name| targets.iter().find(|target| target.name == *name)).collect()
    }

    /// The switch, if any, that lets no item pass this stage.
    pub(crate) fn shut(&self) -> Option<String> {
        let shut = match &self.kind {
            Kind::Stage(_) | Kind::Tap => return None,
            Kind::Switch { rule, .. } if rule.is_shut() => return Some(self.name.clone()),
            Kind::Switch { rule, .. } => {
                let routed = self.routed();
                let shut: Vec<String> = routed.iter().filter_map(|target| target.shut()).collect();
                let enough = if rule.policy == Policy::All { 1 } else { routed.len() };
                (shut.len() >= enough).then(|| shut[0].clone())
            }
            Kind::Pipe(_, nodes) => nodes.iter().find_map(Self::shut),
        };
        shut.map(|path| format!("{}/{path}", self.name))
    }

    /// Whether no item can fail in it, and no route in it changes by itself.
    pub(crate) fn is_steady(&self) -> bool {
        match &self.kind {
            Kind::Stage(spec) => {
                let fits = matches!(spec, Spec::Add(_) | Spec::Mul(_) | Spec::Even | Spec::Copies(_) | Spec::Boom(_));
                fits || *spec == Spec::Turn
            }
            Kind::Tap => true,
            Kind::Pipe(_, nodes) => nodes.iter().all(Self::is_steady),
            Kind::Switch { rule, .. } => {
                !rule.is_moody() && self.routed().iter().all(|target| target.is_steady() && target.shut().is_none())
            }
        }
    }
}
