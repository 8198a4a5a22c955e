//! Sends under full load, receives, and looks at all that comes out.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use coroute::{FlowError, Receipt, Sender};

use super::edits::Editor;
use super::load::{Fault, Item, pipeline};
use super::room;
use super::seed::Rng;

#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    /// The names of all threads begin with it.
    pub(crate) name: &'static str,
    pub(crate) fault: Fault,
    pub(crate) time: Duration,
    pub(crate) seed: u64,
}

/// What was done.
#[derive(Debug)]
pub(crate) struct Report {
    items: u64,
    edits: u64,
    time: Duration,
    /// Bytes, in even steps.
    memory: Vec<u64>,
    /// The most that there were at a time.
    threads: usize,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { items, edits, time, memory, threads } = self;
        let seconds = time.as_secs_f64();
        writeln!(f, "{items} items in {seconds:.1} s, {:.0} a second, in order and complete", *items as f64 / seconds)?;
        writeln!(
            f,
            "{edits} edits, {:.1} a second; at most {threads} threads, which are gone",
            *edits as f64 / seconds
        )?;
        let memory: Vec<String> = memory.iter().map(|bytes| (bytes >> 20).to_string()).collect();
        write!(f, "memory in MiB: {}", memory.join(" "))
    }
}

/// What has come so far.
#[derive(Debug, Default)]
struct Checker {
    next: u64,
    tag: u32,
}

impl Checker {
    fn see(&mut self, item: &Item) -> Result<(), String> {
        let Item { number, tag, mixed, .. } = *item;
        if number != self.next {
            return Err(format!("G2: item {number} came where {} belongs", self.next));
        }
        if mixed || tag < self.tag {
            return Err(format!("G1: item {number} is of edit {tag}, after one of {}: mixed is {mixed}", self.tag));
        }
        (self.next, self.tag) = (number + 1, tag);
        Ok(())
    }
}

/// How often memory is sampled in the whole time.
const SAMPLES: u32 = 24;

/// Sends in chunks of all sizes, until it is told to stop.
fn feed(sender: &Sender<Item>, stop: &AtomicBool, mut rng: Rng) {
    let mut next = 0;
    while !stop.load(Ordering::Relaxed) {
        let end = next + 1 + rng.below(4000) as u64;
        let sent = match rng.once_in(8) {
            true => (next..end).try_for_each(|number| sender.send(Item::new(number)).map_err(drop)),
            false => sender.send_all((next..end).map(Item::new)).map_err(drop),
        };
        if sent.is_err() {
            return;
        }
        next = end;
    }
}

/// # Errors
///
/// What is wrong.
pub(crate) fn soak(plan: Plan) -> Result<Report, String> {
    let Plan { name, fault, time, seed } = plan;
    let (sender, mut receiver, handle) = pipeline(name, fault).spawn().unwrap().split();
    let controller = handle.controller();
    let (stop, received) = (AtomicBool::new(false), AtomicU64::new(0));
    let (over, ends) = mpsc::channel::<()>();
    let (mut memory, mut threads, begun) = (Vec::new(), 0, Instant::now());
    let mut checker = Checker::default();
    let (seen, edited) = thread::scope(|scope| {
        scope.spawn(|| {
            feed(&sender, &stop, Rng::new(seed));
            drop(sender);
        });
        let editor = Editor::new(name, controller, fault, seed);
        let editing = scope.spawn(|| editor.run(ends, &received));
        let mut see = || -> Result<(), String> {
            while let Some(news) = receiver.recv() {
                let item = news.map_err(|error: FlowError| error.to_string())?;
                checker.see(&item)?;
                if item.number % 1024 == 0 {
                    received.store(item.number, Ordering::Relaxed);
                    let now = begun.elapsed();
                    if now > time {
                        stop.store(true, Ordering::Relaxed);
                    }
                    if now > time / SAMPLES * memory.len() as u32 {
                        memory.extend(room::memory());
                        threads = threads.max(room::threads(name).len());
                    }
                }
            }
            Ok(())
        };
        let seen = see();
        stop.store(true, Ordering::Relaxed);
        if seen.is_err() {
            drop(receiver);
        }
        drop(over);
        (seen, editing.join().unwrap_or_else(|_| Err("the editor has panicked".to_owned())))
    });
    let time = begun.elapsed();
    let joined = handle.join();
    seen?;
    let (edits, receipts) = edited?;
    let ledger = joined.map_err(|error| error.to_string())?.ledger;
    // The last edits may have come when the end was on its way.
    let open = |(receipt, _): &&(Receipt, String)| receipt.cut().is_some() && !receipt.is_retired();
    if let Some((receipt, words)) = receipts.iter().find(open) {
        return Err(format!("G9: {receipt:?} was not retired: {words}"));
    }
    drop(receipts);
    let items = checker.next;
    let counted = (ledger.accepted(), ledger.delivered(), ledger.dropped(), ledger.failed(), ledger.in_flight());
    if counted != (items, items, 0, 0, 0) || !ledger.is_balanced() {
        return Err(format!("G2: {items} items came out, and the ledger says\n{ledger}"));
    }
    let (leave, stays) = mpsc::channel::<()>();
    if fault == Fault::Stays {
        // A thread has its name once it runs.
        let (here, runs) = mpsc::channel::<()>();
        drop(Builder::new().name(format!("{name}_stays")).spawn(move || {
            drop(here);
            stays.recv()
        }));
        assert!(runs.recv().is_err(), "nothing is sent");
    }
    gone(name)?;
    drop(leave);
    if memory.len() > 8 {
        room::flat(&memory)?;
    }
    Ok(Report { items, edits, time, memory, threads })
}

/// Threads have been told to go, and do, as soon as they come to run.
fn gone(name: &str) -> Result<(), String> {
    for _ in 0..200 {
        if room::threads(name).is_empty() {
            return Ok(());
        }
        thread::park_timeout(Duration::from_millis(10));
    }
    Err(format!("threads that have not gone: {:?}", room::threads(name)))
}
