//! The threads of a running pipeline: what each does, how full the queues are, and who waits for whom.
//!
//! `blocked.rs` finds out who waits for whom, `show.rs` prints it all. What is looked at is in `roster.rs`.
//!
//! See also: [`Topology`](crate::Topology), whose drawings show the threads where they work, if asked to.

mod blocked;
mod show;

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{Entry, Kind, Plan};
use crate::name::{Name, NodeId, Path};
use crate::roster::{Does, Seat, Watch};

use blocked::Search;

/// The threads of a pipeline at a moment, as [`Controller::threads`](crate::Controller::threads) finds them. There are none but
/// while it is [spawned](crate::Pipeline::spawn).
///
/// Its `Display` is a table, aligned and stable, with a row for each thread: that of the pipeline itself first, then those
/// of its stages in the pipeline's order and workers by their numbers, then those whose stages are gone; at last the exit,
/// where outputs wait to be received.
///
/// It is not a moment of all at once, for nothing stops while it is looked at. Where nothing moves (which is when one asks
/// who blocks whom) it is exact.
///
/// # Examples
///
/// ```
/// use coroute::Pipeline;
/// use std::sync::mpsc;
///
/// let ((enter, entered), (open, gate)) = (mpsc::channel(), mpsc::channel::<()>());
/// let slow = move |x: i64| {
///     enter.send(()).unwrap();
///     gate.recv().unwrap(); // for as long as nobody opens it
///     x
/// };
/// let pipeline = Pipeline::new("p").stage("t", coroute::thread(Pipeline::new("t").stage("slow", slow)).queue(2));
/// let running = pipeline.spawn()?;
/// running.send(1)?;
/// entered.recv()?;
/// running.send(2)?;
/// running.settle()?;
/// assert_eq!(
///     format!("\n{}", running.threads()),
///     "
/// thread  stage  queue   does
/// p       p      0/1024  idle
/// t       t      2/2     working on cycle 0
///         exit   0/1024
/// "
/// );
/// # open.send(())?;
/// # open.send(())?;
/// # running.finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Threads {
    rows: Vec<ThreadRow>,
    stages: Vec<StageRow>,
    exit: Option<Fill>,
    blocked: Vec<Blocked>,
}

/// What there is to see of one thread.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ThreadRow {
    /// The thread's name, which it has for good: a stage may have another by now.
    pub thread: String,
    /// The stage that it works for; for the thread that runs the pipeline, the pipeline's name. Of a stage that is gone, the
    /// name that it had.
    pub stage: Path,
    /// The worker's number, where several work for the stage.
    pub worker: Option<usize>,
    /// The items in its queue, the one that it works on included. For the pipeline's own thread these are items that were
    /// sent and not accepted; for one that runs a pipeline inside, also those that it has done and that have not gone on.
    pub queue: Fill,
    /// What it does.
    pub does: Doing,
    /// Whether the stage is not in the pipeline any more.
    pub gone: bool,
    /// Which thread it is, whatever its name.
    #[cfg_attr(feature = "serde", serde(skip))]
    key: u64,
}

/// What there is to see of a stage that threads work for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct StageRow {
    /// The stage.
    pub stage: Path,
    /// The items that came to it and have not gone on.
    pub inside: Fill,
    /// Of these, how many are done, and wait for others to go on, or for room.
    pub done: usize,
}

/// How full a queue is, in items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Fill {
    /// How many are there.
    pub items: usize,
    /// How many may be. Workers share the capacity of their stage.
    pub capacity: usize,
}

impl Fill {
    /// Whether nothing more goes in.
    #[must_use]
    pub fn is_full(self) -> bool {
        self.items >= self.capacity
    }
}

/// What a thread does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Doing {
    /// Nothing: nothing is there for it to do.
    Idle,
    /// It works on the item of that cycle; or on one of several that it has taken at once.
    Working {
        /// The first of the cycles.
        first: u64,
        /// The last of them.
        last: u64,
    },
    /// It cannot go on before another does.
    Waiting {
        /// Who that is, as far as it can be told.
        on: Option<Party>,
    },
}

/// Who waits, or is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Party {
    /// Whoever sends items to the pipeline.
    Senders,
    /// The thread that runs the pipeline, and all stages in it that have none of their own.
    Pipeline(Name),
    /// The threads of a stage.
    Stage(Path),
    /// Whoever receives the pipeline's outputs.
    Receiver,
    /// Whoever is to edit the pipeline: it is paused, or a switch that every item passes has no target.
    Editor,
}

/// Somebody waits for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Blocked {
    /// Who waits.
    pub who: Party,
    /// For whom: the next further on that is full, or that is busy.
    pub by: Party,
    /// The cycle that `by` works on, if it works on one.
    pub cycle: Option<u64>,
}

impl Threads {
    /// Looks at the threads of a pipeline that `plan` is the model of.
    pub(crate) fn look(plan: &Plan, paused: bool, watches: &[Arc<Watch>]) -> Self {
        let mut found = Found::default();
        for watch in watches {
            match &watch.seat {
                Seat::Pipeline { .. } => found.conductor = Some(Arc::clone(watch)),
                Seat::Stage { id, .. } => found.crews.entry(*id).or_default().push(Arc::clone(watch)),
            }
        }
        found.crews.values_mut().for_each(|crew| crew.sort_by_key(|watch| number(watch)));
        let mut search = Search::new(plan, paused, &found);
        let exit = search.pipeline();
        let (blocked, stages) = search.into_found();
        let mut this = Self { rows: Vec::new(), stages, exit, blocked };
        this.fill_in(plan, &found, watches);
        this
    }

    /// Makes the rows.
    fn fill_in(&mut self, plan: &Plan, found: &Found, watches: &[Arc<Watch>]) {
        if let Some(watch) = &found.conductor {
            self.add(watch, plan.name.clone().into(), false);
        }
        let mut known = Vec::new();
        each(&plan.entries, &Path::default(), &mut |entry, path| {
            for watch in found.crew(entry.id) {
                known.push(entry.id);
                self.add(watch, path.clone(), false);
            }
        });
        let mut gone: Vec<&Arc<Watch>> = watches.iter().collect();
        gone.retain(|watch| matches!(&watch.seat, Seat::Stage { id, .. } if !known.contains(id)));
        gone.sort_by(|a, b| (&a.thread, number(a)).cmp(&(&b.thread, number(b))));
        for watch in gone {
            if let Seat::Stage { name, .. } = &watch.seat {
                self.add(watch, name.clone().into(), true);
            }
        }
    }

    fn add(&mut self, watch: &Watch, stage: Path, gone: bool) {
        let inside = self.stages.iter().find(|row| row.stage == stage && !gone);
        let (worker, queue) = match &watch.seat {
            Seat::Pipeline { door, .. } => (None, fill(door.fill())),
            Seat::Stage { number, stock, .. } => {
                let own = Fill { items: watch.queue(), capacity: stock.capacity };
                (*number, inside.filter(|_| number.is_none()).map_or(own, |row| row.inside))
            }
        };
        let party = match &watch.seat {
            Seat::Pipeline { name, .. } => Party::Pipeline(name.clone()),
            Seat::Stage { .. } => Party::Stage(stage.clone()),
        };
        let on = || self.blocked.iter().find(|blocked| blocked.who == party && !gone).map(|blocked| blocked.by.clone());
        let does = match watch.does() {
            Does::Works(first, count) => Doing::Working { first, last: first + (count as u64 - 1) },
            Does::Waits => Doing::Waiting { on: on() },
            Does::Nothing => on().map_or(Doing::Idle, |on| Doing::Waiting { on: Some(on) }),
        };
        self.rows.push(ThreadRow { thread: watch.thread.clone(), stage, worker, queue, does, gone, key: watch.key });
    }

    /// The threads, in order.
    #[must_use]
    pub fn rows(&self) -> &[ThreadRow] {
        &self.rows
    }

    /// The stages that threads work for, in the pipeline's order.
    #[must_use]
    pub fn stages(&self) -> &[StageRow] {
        &self.stages
    }

    /// The outputs that wait to be received, those that the receiver has taken out of the exit and not given away included;
    /// `None` where the pipeline is not spawned.
    #[must_use]
    pub fn exit(&self) -> Option<Fill> {
        self.exit
    }

    /// Who waits for whom, in the order in which items pass: senders first.
    ///
    /// Somebody waits who has something to give and cannot, because what is next (a stage with threads, or the exit) is
    /// full. To find the one whom all wait for, follow the list from one to the next: the last is blocked by nobody, and is
    /// busy. Stages without threads of their own, at which items wait too (async stages, buffers, sinks), are the pipeline's.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Ends, Pipeline};
    ///
    /// let pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1);
    /// pipeline.controller().pause()?;
    /// let running = pipeline.spawn_with(Ends { door: 2, exit: 2 })?;
    /// running.send_all([1, 2])?;
    /// let blocked: Vec<String> = running.threads().blocked().iter().map(ToString::to_string).collect();
    /// assert_eq!(blocked, ["the senders wait for p", "p waits for an edit"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn blocked(&self) -> &[Blocked] {
        &self.blocked
    }

    /// The threads that have been at the same work ever since `before` was looked at, in order: a stage blocks there, or takes
    /// as long as that. No cycle is worked on twice by the same thread, so nothing that goes on is among them.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Pipeline;
    /// use std::sync::mpsc;
    ///
    /// let ((enter, entered), (open, gate)) = (mpsc::channel(), mpsc::channel::<()>());
    /// let stuck = move |x: i64| {
    ///     enter.send(()).unwrap();
    ///     gate.recv().unwrap(); // for as long as nobody opens it
    ///     x
    /// };
    /// let running = Pipeline::new("p").thread("t", |t| t.stage("stuck", stuck)).spawn()?;
    /// running.send(1)?;
    /// entered.recv()?;
    /// let before = running.threads();
    /// std::thread::sleep(std::time::Duration::from_millis(1)); // as long as an item may take
    /// let names: Vec<String> = running.threads().busy_since(&before).map(|row| row.thread.clone()).collect();
    /// assert_eq!(names, ["t"]);
    /// # drop(open);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn busy_since<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = &'a ThreadRow> {
        let same = |row: &ThreadRow, old: &ThreadRow| (row.key, &row.does) == (old.key, &old.does);
        let works = self.rows.iter().filter(|row| matches!(row.does, Doing::Working { .. }));
        works.filter(move |row| before.rows.iter().any(|old| same(row, old)))
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

/// The threads that there are, by what they work for.
#[derive(Default)]
struct Found {
    conductor: Option<Arc<Watch>>,
    /// By number.
    crews: HashMap<NodeId, Vec<Arc<Watch>>>,
}

impl Found {
    fn crew(&self, stage: NodeId) -> &[Arc<Watch>] {
        self.crews.get(&stage).map_or(&[], Vec::as_slice)
    }
}

fn number(watch: &Watch) -> Option<usize> {
    match watch.seat {
        Seat::Stage { number, .. } => number,
        Seat::Pipeline { .. } => None,
    }
}

fn fill((items, capacity): (usize, usize)) -> Fill {
    Fill { items, capacity }
}

/// Calls `visit` for all entries, in order, also inside of others.
fn each<'a>(entries: &'a [Entry], within: &Path, visit: &mut dyn FnMut(&'a Entry, &Path)) {
    for entry in entries {
        inside(entry, &within.join(&entry.name), visit);
    }
}

fn inside<'a>(entry: &'a Entry, path: &Path, visit: &mut dyn FnMut(&'a Entry, &Path)) {
    visit(entry, path);
    match &entry.kind {
        Kind::Stage | Kind::Tap | Kind::Workers(_) => {}
        Kind::Pipeline(plan) => each(&plan.entries, path, visit),
        Kind::Switch(fork) => {
            fork.in_order().for_each(|target| inside(&target.entry, &path.join(&target.entry.name), visit));
        }
    }
}
