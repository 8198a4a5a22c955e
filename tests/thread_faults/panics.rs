//! A panic at every item of every stage, during every edit.

use std::sync::mpsc;

use coroute::{Controller, EditError, FlowError, Hold, JoinError, Ledger, Pipeline, Receipt, Switch, thread, workers};

use super::kit::{Fate, Fates, Gate, Item, Trap, breaks, items, step, watch};

/// A stage that can break: its path, its tag, and that of the one that takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    path: &'static str,
    tag: &'static str,
    next: &'static str,
}

const fn place(path: &'static str, tag: &'static str, next: &'static str) -> Place {
    Place { path, tag, next }
}

/// Ahead of threads, on them, in workers, in a switch's target, behind.
const PLACES: [Place; 6] = [
    place("a", "a", "A"),
    place("t/b", "b", "B"),
    place("t/c", "c", "C"),
    place("w", "w", "W"),
    place("s/x/xt/d", "d", "D"),
    place("z", "z", "Z"),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Insert,
    Remove,
    Replace,
    ReplaceAnother,
    /// With the thread that it is on, or by a thread.
    ReplaceThread,
    Route,
    RouteAndDetach,
    /// To another thread.
    Move,
    More,
    Fewer,
}

const CHANGES: [Change; 11] = [
    Change::None,
    Change::Insert,
    Change::Remove,
    Change::Replace,
    Change::ReplaceAnother,
    Change::ReplaceThread,
    Change::Route,
    Change::RouteAndDetach,
    Change::Move,
    Change::More,
    Change::Fewer,
];

/// When the edit is committed, as seen from the item at which a stage breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Before,
    /// While the stage has the item in hand.
    At,
    /// When the stage has panicked, and nobody may know.
    After,
    /// When that has come out.
    Known,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    place: Place,
    at: u64,
    change: Change,
    when: When,
    queue: usize,
    chunks: bool,
}

impl Case {
    fn pipeline(&self, trap: &Trap) -> Pipeline<Item, Item> {
        let Self { place, queue, .. } = *self;
        let stage = |tag: &'static str| {
            let mut plain = step(tag);
            let mut broken = (tag == place.tag).then(|| breaks(tag, trap.clone()));
            move |item: Item| match &mut broken {
                Some(broken) => broken(item),
                None => plain(item),
            }
        };
        // Each of the workers breaks, if it is given the item.
        let worker = (stage("w"), trap.clone(), place.tag == "w");
        let maker = move || match worker.2 {
            true => Box::new(breaks("w", worker.1.clone())) as Box<dyn FnMut(Item) -> Item + Send>,
            false => Box::new(step("w")),
        };
        let on_thread = Pipeline::new("t").stage("b", stage("b")).stage("c", stage("c"));
        let target = Pipeline::new("x").stage("xt", thread(Pipeline::new("xt").stage("d", stage("d"))).queue(queue));
        let switch = Switch::new("s").target("x", target).target("y", step("y")).route("x");
        Pipeline::new("p")
            .stage("a", stage("a"))
            .stage("t", thread(on_thread).queue(queue))
            .stage("w", workers(2, maker).queue(queue))
            .switch(switch)
            .stage("z", stage("z"))
    }

    /// Some in which items come out before and behind the edit, and the panic is told: another stage is replaced, then a
    /// worker breaks.
    pub(crate) fn some() -> impl Iterator<Item = Self> {
        let queues = [(64, true), (64, false), (3, false)];
        let case = |(queue, chunks)| Self {
            place: PLACES[3],
            at: 2,
            change: Change::ReplaceAnother,
            when: When::Before,
            queue,
            chunks,
        };
        queues.into_iter().map(case)
    }

    /// The tags of the stages, once the edit governs.
    fn after(&self) -> Vec<&'static str> {
        let Place { tag, next, .. } = self.place;
        let mut tags = BEFORE.to_vec();
        let at = tags.iter().position(|known| *known == tag).unwrap();
        let swap = |from: &str, to: &'static str, tags: &mut Vec<&'static str>| {
            tags.iter_mut().filter(|tag| **tag == from).for_each(|tag| *tag = to);
        };
        match self.change {
            Change::None | Change::More | Change::Fewer => {}
            Change::Insert => tags.insert(at, "new"),
            Change::Remove => drop(tags.remove(at)),
            Change::Replace => tags[at] = next,
            Change::ReplaceAnother => swap(self.another(), "other", &mut tags),
            Change::ReplaceThread if tag == "b" || tag == "c" => {
                swap("b", "B", &mut tags);
                swap("c", "C", &mut tags);
            }
            Change::ReplaceThread => tags[at] = next,
            Change::Route | Change::RouteAndDetach => swap("d", "y", &mut tags),
            Change::Move => {
                tags.remove(at);
                let to = if tag == "d" { "b" } else { "d" };
                let to = tags.iter().position(|known| *known == to).unwrap();
                tags.insert(to + usize::from(tag == "d"), tag);
            }
        }
        tags
    }

    fn another(&self) -> &'static str {
        if self.place.tag == "z" { "a" } else { "z" }
    }

    fn moved(&self) -> String {
        match (self.place.tag, self.change) {
            ("d", Change::Move) => "t/d".to_owned(),
            (tag, Change::Move) => format!("s/x/xt/{tag}"),
            _ => self.place.path.to_owned(),
        }
    }

    /// Whether items flow when the stage has panicked, and nobody has seen to it: there is another worker.
    fn endures(&self) -> bool {
        self.place.tag == "w" && !(self.change == Change::Fewer && self.when == When::Before)
    }

    /// Whether the stage that breaks leaves by the edit, or gets new workers.
    fn mends(&self) -> bool {
        match self.change {
            Change::Remove | Change::Replace | Change::ReplaceThread => true,
            Change::RouteAndDetach => self.place.tag == "d",
            Change::More | Change::Fewer => self.place.tag == "w" && self.when != When::Before,
            _ => false,
        }
    }

    fn commit(&self, controller: &Controller) -> Result<Option<Receipt>, EditError> {
        let Place { path, tag, next } = self.place;
        let receipt = match self.change {
            Change::None => return Ok(None),
            Change::Insert => controller.insert_before(path, "new", step("new")),
            Change::Remove => controller.remove(path),
            Change::Replace if tag == "w" => controller.replace(path, workers(2, move || step(next))),
            Change::Replace => controller.replace(path, step(next)),
            Change::ReplaceAnother => controller.replace(self.another(), step("other")),
            Change::ReplaceThread if tag == "b" || tag == "c" => controller
                .replace("t", thread(Pipeline::new("t").stage("b", step("B")).stage("c", step("C"))).queue(self.queue)),
            Change::ReplaceThread if tag == "d" => {
                controller.replace("s/x/xt", thread(Pipeline::new("xt").stage("d", step("D"))).queue(self.queue))
            }
            Change::ReplaceThread => controller.replace(path, thread(Pipeline::new("q").stage("q", step(next)))),
            Change::Route => controller.route("s", "y"),
            Change::RouteAndDetach => controller.edit(|e| e.route("s", "y")?.detach("s", "x")),
            Change::Move if tag == "d" => controller.move_after(path, "t/b"),
            Change::Move => controller.move_before(path, "s/x/xt/d"),
            Change::More => controller.workers("w", 3),
            Change::Fewer => controller.workers("w", 1),
        };
        receipt.map(Some)
    }

    /// Runs the case.
    pub(crate) fn run(self) -> Outcome {
        let _watch = watch(format!("{self:?}"));
        let Self { at, when, .. } = self;
        let gate = if when == When::At { Gate::default() } else { Gate::opened() };
        let (broke, broken) = mpsc::channel();
        let mut running = self.pipeline(&Trap { at, gate: gate.clone(), broke }).spawn().unwrap();
        let controller = running.controller();
        let commit = || self.commit(&controller).unwrap_or_else(|error| panic!("{self:?}: {error}"));
        let send = |running: &coroute::Running<Item, Item>, from: u64, to: u64| match self.chunks {
            true => running.send_all(items(from..to)).unwrap(),
            false => items(from..to).into_iter().for_each(|item| running.send(item).unwrap()),
        };
        let (mut fates, mut held) = (Fates { case: format!("{self:?}"), ..Fates::default() }, None);
        let mut sent = at + 4;
        if when == When::Before {
            send(&running, 0, at);
            running.settle().unwrap();
        } else {
            send(&running, 0, sent);
        }
        match when {
            When::Before => {}
            When::At => gate.wait_for_one(),
            When::After => broken.recv().unwrap(),
            When::Known => loop {
                match running.recv().unwrap() {
                    Ok(item) => fates.out(item),
                    Err(FlowError::Failed(failure)) => break fates.failed(*failure),
                    Err(FlowError::Held(hold)) => break held = Some(*hold),
                    Err(other) => panic!("{self:?}: {other}"),
                }
            },
        }
        let receipt = commit();
        gate.open();
        if when == When::Before {
            send(&running, at, sent);
        }
        let after = self.after();
        let breaks = when != When::Before || after.contains(&self.place.tag);
        // Whether the worker that breaks is one that leaves, or breaks before there are others, is not known.
        let open = self.mends()
            && self.place.tag == "w"
            && self.when != When::Known
            && matches!(self.change, Change::More | Change::Fewer);
        let calm = !breaks || self.mends();
        let flows = (calm || self.endures()) && !(open && self.change == Change::Fewer);
        if flows {
            // As long as something is poisoned, this waits in the door.
            send(&running, sent, sent + 3);
            sent += 3;
        }
        // Outputs are looked at one by one, so that `Held` is seen.
        let (finished, told) = match running.finish() {
            Ok(finished) => (finished, None),
            Err(JoinError::Panicked { stage, message, finished, .. }) => {
                (*finished, Some((stage.to_string(), message)))
            }
            Err(other) => panic!("{self:?}: {other}"),
        };
        if let Some(Hold::Poisoned { stage }) = held {
            assert_eq!(stage.to_string(), self.place.path, "{self:?}");
        }
        finished.outputs.into_iter().for_each(|item| fates.out(item));
        finished.failures.into_iter().for_each(|failure| fates.failed(failure));
        fates.back(finished.items);
        let cut = receipt.as_ref().map_or(u64::MAX, |receipt| {
            assert!(receipt.is_retired(), "{self:?}: {receipt:?}");
            receipt.cut().unwrap_or_else(|| panic!("{self:?}: {receipt:?}")).first_new
        });
        Outcome { case: self, fates, told, ledger: finished.ledger, sent, cut, breaks, open, calm, flows }
    }
}

/// What has come of a case.
pub(crate) struct Outcome {
    case: Case,
    pub(crate) fates: Fates,
    /// What the end said of a panic: of which stage, and with which words.
    pub(crate) told: Option<(String, String)>,
    ledger: Ledger,
    sent: u64,
    /// The first item that the edit governs.
    pub(crate) cut: u64,
    /// Whether the stage has come to panic.
    breaks: bool,
    /// Whether it is left open that the panic is told.
    open: bool,
    /// Whether nothing is broken any more.
    calm: bool,
    /// Whether all items had to be accepted.
    flows: bool,
}

impl Outcome {
    /// # Errors
    ///
    /// What is not as the stages before and after the edit, and its cut, say.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Self { case, fates, told, ledger, sent, cut, breaks, open, calm, flows } = self;
        let (at, named) = (case.at, |stage: &str| stage == case.place.path || stage == case.moved());
        match told {
            None if *calm || *open => {}
            None => return Err("nobody says that the stage has panicked".to_owned()),
            Some((stage, _)) if *calm && !open => return Err(format!("{stage} has panicked, and was mended")),
            Some((stage, message)) if !named(stage) || *message != format!("{} at {at}", case.place.tag) => {
                return Err(format!("{stage} has panicked: {message}"));
            }
            Some(_) => {}
        }
        // Where the stage broke with the pipeline's own thread, nothing but its name is known of the item.
        let unknown = (*breaks && !fates.known.contains_key(&at)).then_some(at);
        fates.check(*sent, unknown, ledger)?;
        let after = case.after();
        for (number, fate) in &fates.known {
            let tags = if number < cut { &BEFORE[..] } else { &after };
            let meets = tags.iter().position(|tag| *tag == case.place.tag);
            let good = match fate {
                Fate::Out(way) => way == tags && (*number != at || !breaks),
                Fate::Failed(stage, way) => {
                    *breaks && *number > at && named(stage) && meets.is_some_and(|meets| *way == tags[..meets])
                }
                Fate::Lost(stage) => *breaks && *number == at && named(stage),
                Fate::Back => !flows && *number > at,
            };
            if !good {
                return Err(format!("cut at {cut}: item {number} is {fate:?}"));
            }
        }
        match *flows && !matches!(fates.known[&(sent - 1)], Fate::Out(_)) {
            true => Err("the last item has not come out".to_owned()),
            false => Ok(()),
        }
    }
}

const BEFORE: [&str; 6] = ["a", "b", "c", "w", "d", "z"];

fn all(when: When) {
    for at in 0..3 {
        for place in PLACES {
            for change in CHANGES {
                if change == Change::None && when == When::Before {
                    continue;
                }
                for chunks in [false, true] {
                    let queue = if chunks { 64 } else { 1 + at as usize };
                    let case = Case { place, at, change, when, queue, chunks };
                    let outcome = case.run();
                    outcome.check().unwrap_or_else(|why| panic!("{case:?}: {why}\n{:#?}", outcome.fates));
                }
            }
        }
    }
}

#[test]
fn g6_a_panic_at_any_item_of_any_stage_after_any_edit() {
    all(When::Before);
}

#[test]
fn g6_a_panic_at_any_item_of_any_stage_while_any_edit_is_committed() {
    all(When::At);
}

#[test]
fn g6_a_panic_at_any_item_of_any_stage_before_any_edit() {
    all(When::After);
}

#[test]
fn g6_a_panic_at_any_item_of_any_stage_that_any_edit_is_an_answer_to() {
    all(When::Known);
}
