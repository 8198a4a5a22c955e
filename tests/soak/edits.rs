//! Random edits, 100 times a second.

use std::collections::VecDeque;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use coroute::{Controller, Edit, EditError, Pipeline, Receipt, Refusal, Route, buffer, thread, workers};

use super::load::{Fault, Item, first, last, step, uneven};
use super::seed::Rng;

/// 100 a second.
const PACE: Duration = Duration::from_millis(10);

/// After so many edits without an item the pipeline is taken to hang.
const PATIENCE: u64 = 3000;

pub(crate) struct Editor {
    name: &'static str,
    controller: Controller,
    fault: Fault,
    rng: Rng,
    /// Where the stage is that is moved about.
    moved: String,
    /// What was inserted, and can be taken out.
    inserted: Vec<String>,
    /// Targets that were attached.
    attached: Vec<String>,
    tag: u32,
    fresh: u32,
    /// Those that have not come to their ends, and their words.
    receipts: VecDeque<(Receipt, String)>,
}

type Edited = Result<(), Refusal>;

impl Editor {
    pub(crate) fn new(name: &'static str, controller: Controller, fault: Fault, seed: u64) -> Self {
        Self {
            name,
            controller,
            fault,
            rng: Rng::new(!seed),
            moved: format!("{name}_t2/m"),
            inserted: Vec::new(),
            attached: Vec::new(),
            tag: 0,
            fresh: 0,
            receipts: VecDeque::new(),
        }
    }

    /// Edits until `ends` is closed; how often, and the edits that have not come to their ends.
    ///
    /// # Errors
    ///
    /// An edit that was refused.
    pub(crate) fn run(
        mut self,
        ends: Receiver<()>,
        received: &AtomicU64,
    ) -> Result<(u64, VecDeque<(Receipt, String)>), String> {
        let (mut edits, mut due) = (0, Instant::now());
        let mut before = (0, 0);
        loop {
            due += PACE;
            match ends.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Err(RecvTimeoutError::Timeout) => {}
                _ => break,
            }
            let known = received.load(Ordering::Relaxed);
            if known != before.0 {
                before = (known, edits);
            }
            if edits > before.1 + PATIENCE {
                let first = self.receipts.iter().take(6).map(|(receipt, words)| format!("{receipt:?}: {words}\n"));
                let first: String = first.collect();
                let told = format!(
                    "process {} hangs behind item {known}\n{first}{}\n",
                    std::process::id(),
                    self.controller.topology()
                );
                let _ = std::io::stderr().write_all(told.as_bytes());
                if std::env::var_os("HANG").is_some() {
                    std::thread::sleep(Duration::from_secs(1000));
                }
                std::process::abort();
            }
            if let Err(error) = self.edit() {
                let late = ends.recv_timeout(Duration::ZERO) == Err(RecvTimeoutError::Disconnected);
                return if late { Ok((edits, self.receipts)) } else { Err(error.to_string()) };
            }
            edits += 1;
            while self.receipts.front().is_some_and(|(receipt, _)| receipt.is_retired()) {
                self.receipts.pop_front();
            }
        }
        Ok((edits, self.receipts))
    }

    fn edit(&mut self) -> Result<(), EditError> {
        let mut edit = Edit::new();
        if self.rng.once_in(12) {
            self.tag += 1;
            let tag = self.tag;
            edit.replace("first", first(tag)).expect("a name");
            if self.fault == Fault::Halves {
                self.commit(std::mem::take(&mut edit))?;
            }
            edit.replace("last", last(tag)).expect("a name");
        } else if self.rng.once_in(30) {
            let mut pause = Edit::new();
            pause.pause().expect("a change");
            self.commit(pause)?;
            edit.resume().expect("a change");
        } else {
            for _ in 0..if self.rng.once_in(3) { 1 + self.rng.below(4) } else { 1 } {
                self.change(&mut edit).expect("a name");
            }
        }
        self.commit(edit)
    }

    fn commit(&mut self, edit: Edit) -> Result<(), EditError> {
        let words = edit.to_string();
        self.receipts.push_back((self.controller.commit(edit)?, words));
        Ok(())
    }

    fn change(&mut self, edit: &mut Edit) -> Edited {
        match self.rng.below(10) {
            0 | 1 => self.route(edit),
            2 if self.inserted.len() < 8 => self.insert(edit),
            2 | 3 => self.remove(edit),
            4 => self.replace(edit),
            5 => self.shift(edit),
            6 => {
                let (stage, most) = if self.rng.once_in(2) { ("w", 4) } else { ("y", 3) };
                let stage = if stage == "w" { self.named("w") } else { format!("s/{}", self.named("y")) };
                edit.workers(stage, 1 + self.rng.below(most)).map(drop)
            }
            7 if self.attached.len() < 3 => self.attach(edit),
            7 | 8 => self.detach(edit),
            _ => self.exchange(edit),
        }
    }

    fn named(&self, stage: &str) -> String {
        format!("{}_{stage}", self.name)
    }

    fn fresh(&mut self, what: &str) -> String {
        self.fresh += 1;
        format!("{}_{what}{}", self.name, self.fresh)
    }

    /// Targets that are there for sure.
    fn targets(&self) -> Vec<String> {
        let mut targets = vec!["x".to_owned(), self.named("y"), "z".to_owned()];
        targets.extend(self.attached.iter().cloned());
        targets
    }

    fn route(&mut self, edit: &mut Edit) -> Edited {
        let mut targets = self.targets();
        let one = targets.remove(self.rng.below(targets.len()));
        let other = self.rng.pick(&targets).clone();
        let route = match self.rng.below(6) {
            0 => Route::round_robin([&one, &other]),
            1 => Route::weighted([(&one, 3), (&other, 1)]),
            2 => Route::by_key([&one, &other], |item: &Item| item.number % 7),
            _ => Route::to(&one),
        };
        edit.route("s", route).map(drop)
    }

    /// Stages that stay where they are.
    fn anchors(&self) -> Vec<String> {
        let (t1, t2, x) = (self.named("t1"), self.named("t2"), self.named("x"));
        let inside = [format!("{t1}/a"), format!("{t1}/b"), format!("{t2}/c"), format!("{t2}/d"), format!("s/x/{x}/x")];
        inside.into_iter().chain([self.named("w"), t1, t2, "last".to_owned()]).collect()
    }

    fn insert(&mut self, edit: &mut Edit) -> Edited {
        let anchors = self.anchors();
        let at = self.rng.pick(&anchors).clone();
        let name = self.fresh("i");
        let place = at.rfind('/').map_or("", |end| &at[..=end]);
        self.inserted.push(format!("{place}{name}"));
        let inner = || Pipeline::new("inner").stage("one", step()).stage("two", step());
        match self.rng.below(6) {
            0 => edit.insert_before(&at, &name, thread(inner()).queue(64)),
            1 => edit.insert_before(&at, &name, workers(2, step).queue(64)),
            2 => edit.insert_before(&at, &name, buffer::<Item>(16)),
            3 => edit.insert_before(&at, &name, inner()),
            _ => edit.insert_before(&at, &name, step()),
        }
        .map(drop)
    }

    fn remove(&mut self, edit: &mut Edit) -> Edited {
        if self.inserted.is_empty() {
            return self.route(edit);
        }
        let at = self.rng.below(self.inserted.len());
        edit.remove(self.inserted.swap_remove(at)).map(drop)
    }

    fn replace(&mut self, edit: &mut Edit) -> Edited {
        let mut stages = self.anchors();
        stages.truncate(5);
        stages.push("s/z".to_owned());
        stages.push(self.moved.clone());
        edit.replace(self.rng.pick(&stages), step()).map(drop)
    }

    /// A stage goes to another thread, or to none.
    fn shift(&mut self, edit: &mut Edit) -> Edited {
        let mut anchors = self.anchors();
        let to = anchors.swap_remove(self.rng.below(anchors.len()));
        let place = to.rfind('/').map_or("", |end| &to[..=end]);
        let from = std::mem::replace(&mut self.moved, format!("{place}m"));
        edit.move_before(from, to).map(drop)
    }

    fn attach(&mut self, edit: &mut Edit) -> Edited {
        let name = self.fresh("n");
        self.attached.push(name.clone());
        match self.rng.below(3) {
            0 => edit.attach("s", &name, thread(Pipeline::new("t").stage("one", step())).queue(64)),
            1 => edit.attach("s", &name, workers(2, step).queue(64)),
            _ => edit.attach("s", &name, step()),
        }
        .map(drop)
    }

    /// Routed to or not, it goes.
    fn detach(&mut self, edit: &mut Edit) -> Edited {
        if self.attached.is_empty() {
            return self.route(edit);
        }
        let at = self.rng.below(self.attached.len());
        let name = self.attached.swap_remove(at);
        let to = if self.rng.once_in(2) { "x" } else { "z" };
        edit.route("s", to)?.detach("s", name).map(drop)
    }

    /// A whole thread, or all workers, with others.
    fn exchange(&mut self, edit: &mut Edit) -> Edited {
        let (t1, w) = (self.named("t1"), self.named("w"));
        if self.rng.once_in(2) {
            return edit.replace(w, workers(1 + self.rng.below(3), uneven).queue(512)).map(drop);
        }
        let inside = format!("{t1}/");
        if self.moved.starts_with(&inside) {
            return self.shift(edit);
        }
        self.inserted.retain(|path| !path.starts_with(&inside));
        let new = Pipeline::new("t1").stage("a", step()).stage("b", step());
        edit.replace(t1, thread(new).queue(256)).map(drop)
    }
}
