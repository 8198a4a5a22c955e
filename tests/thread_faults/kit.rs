//! Items that know their way, stages that break or block, and what becomes of all items.

use std::collections::BTreeMap;
use std::io::Write;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use coroute::{Failure, Ledger};

/// An item, with the tags of the stages that it has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) number: u64,
    pub(crate) way: Vec<&'static str>,
}

pub(crate) fn items(numbers: std::ops::Range<u64>) -> Vec<Item> {
    numbers.map(|number| Item { number, way: Vec::new() }).collect()
}

/// A stage that passes items on.
pub(crate) fn step(tag: &'static str) -> impl FnMut(Item) -> Item + Clone + Send + 'static {
    move |mut item| {
        item.way.push(tag);
        item
    }
}

/// Where a stage panics.
#[derive(Debug, Clone)]
pub(crate) struct Trap {
    pub(crate) at: u64,
    /// It waits there first.
    pub(crate) gate: Gate,
    /// Told when it panics.
    pub(crate) broke: mpsc::Sender<()>,
}

/// A stage that panics once, at the item of its trap.
pub(crate) fn breaks(tag: &'static str, trap: Trap) -> impl FnMut(Item) -> Item + Clone + Send + 'static {
    let mut step = step(tag);
    let mut broken = false;
    move |mut item| {
        if broken {
            // Nobody should have it work any more.
            item.way.push("!");
        }
        if item.number == trap.at {
            broken = true;
            trap.gate.pass();
            let _ = trap.broke.send(());
            // Without a word on the screen.
            resume_unwind(Box::new(format!("{tag} at {}", item.number)));
        }
        step(item)
    }
}

/// A stage that stands still at an item until a gate is opened.
pub(crate) fn blocks(tag: &'static str, at: u64, gate: Gate) -> impl FnMut(Item) -> Item + Clone + Send + 'static {
    let mut step = step(tag);
    move |item| {
        if item.number == at {
            gate.pass();
        }
        step(item)
    }
}

/// Holds up threads until it is opened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<Doorway>, Condvar)>);

#[derive(Debug, Default)]
struct Doorway {
    here: usize,
    open: bool,
}

impl Gate {
    pub(crate) fn opened() -> Self {
        let gate = Self::default();
        gate.open();
        gate
    }

    pub(crate) fn open(&self) {
        self.0.0.lock().unwrap().open = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let mut doorway = self.0.0.lock().unwrap();
        doorway.here += 1;
        self.0.1.notify_all();
        drop(self.0.1.wait_while(doorway, |doorway| !doorway.open).unwrap());
    }

    /// Waits until somebody has come to it.
    pub(crate) fn wait_for_one(&self) {
        drop(self.0.1.wait_while(self.0.0.lock().unwrap(), |doorway| doorway.here == 0).unwrap());
    }
}

/// Ends the process when a case takes for ever, and says which. No case comes near.
pub(crate) struct Watch(Arc<AtomicBool>);

pub(crate) fn watch(case: String) -> Watch {
    let over = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&over);
    let watching = thread::Builder::new().name("watch".to_owned()).spawn(move || {
        thread::park_timeout(Duration::from_secs(if std::env::var_os("HANG").is_some() { 5 } else { 40 }));
        if !seen.load(Ordering::Acquire) {
            // Past what the test harness catches.
            let told = format!("process {} hangs: {case}\n", std::process::id());
            let _ = std::io::stderr().write_all(told.as_bytes());
            if std::env::var_os("HANG").is_some() {
                thread::sleep(Duration::from_secs(1000));
            }
            std::process::abort();
        }
    });
    drop(watching.unwrap());
    Watch(over)
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// What has become of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    Out(Vec<&'static str>),
    /// It failed in that stage, which gave it back.
    Failed(String, Vec<&'static str>),
    /// It failed in that stage, and is gone.
    Lost(String),
    /// It was not accepted.
    Back,
}

/// What has become of all items.
#[derive(Debug, Default)]
pub(crate) struct Fates {
    pub(crate) case: String,
    pub(crate) known: BTreeMap<u64, Fate>,
    pub(crate) out: Vec<u64>,
}

impl Fates {
    fn is(&mut self, number: u64, fate: Fate) {
        if let Some(before) = self.known.insert(number, fate.clone()) {
            panic!("{}: item {number} is {before:?} and {fate:?}", self.case);
        }
    }

    pub(crate) fn out(&mut self, item: Item) {
        self.out.push(item.number);
        self.is(item.number, Fate::Out(item.way));
    }

    pub(crate) fn failed(&mut self, failure: Failure) {
        let (cycle, stage) = (failure.cycle(), failure.stage().to_string());
        match failure.into_item::<Item>() {
            Ok(item) => {
                assert_eq!(cycle, item.number, "{}: the cycle of a failure", self.case);
                self.is(item.number, Fate::Failed(stage, item.way));
            }
            Err(_) => self.is(cycle, Fate::Lost(stage)),
        }
    }

    pub(crate) fn back(&mut self, items: Vec<Item>) {
        for item in items {
            assert!(item.way.is_empty(), "{item:?} was not accepted");
            self.is(item.number, Fate::Back);
        }
    }

    pub(crate) fn count(&self, is: impl Fn(&Fate) -> bool) -> u64 {
        self.known.values().filter(|fate| is(fate)).count() as u64
    }

    /// Every item up to `sent` is known, but for one at most that a panic has taken; outputs are in order, and the ledger
    /// has what is known.
    ///
    /// # Errors
    ///
    /// What is wrong.
    pub(crate) fn check(&self, sent: u64, unknown: Option<u64>, ledger: &Ledger) -> Result<(), String> {
        let missing: Vec<u64> = (0..sent).filter(|number| !self.known.contains_key(number)).collect();
        if missing != unknown.into_iter().collect::<Vec<_>>() {
            return Err(format!("nothing is known of {missing:?}"));
        }
        if let Some(pair) = self.out.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(format!("{} came out after {}", pair[1], pair[0]));
        }
        let out = self.count(|fate| matches!(fate, Fate::Out(_)));
        let back = self.count(|fate| matches!(fate, Fate::Back));
        let failed = sent - out - back;
        let known = (sent - back, out, failed, 0, 0);
        let counted = (ledger.accepted(), ledger.delivered(), ledger.failed(), ledger.dropped(), ledger.in_flight());
        if known != counted || !ledger.is_balanced() {
            return Err(format!("accepted, out, failed, dropped, inside are {known:?}, and not\n{ledger}"));
        }
        Ok(())
    }
}
