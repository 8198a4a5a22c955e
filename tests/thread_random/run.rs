//! Runs a plan: senders, an editor and a receiver, each on a thread of its own.

use std::io::Write;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use coroute::{Ends, Failure, FlowError, FlushError, JoinError, Pipeline, Sender, TryRecvError};

use super::build::pipe;
use super::check::{Counted, Edited, History};
use super::draw::{Draw, Menu};
use super::edits::Editor;
use super::item::{End, Item, Log};
use super::model::{Crew, Deal, Kind, all};
use super::room;
use super::seed::Rng;

/// Sends one by one, or many at once. Gives back how many it sent.
fn feed(sender: &Sender<Item>, own: usize, items: u64, log: &Log, mut rng: Rng) {
    let mut next = 0;
    while next < items {
        let end = items.min(next + 1 + if rng.once_in(2) { 0 } else { rng.below(40) as u64 });
        let made = (next..end).map(|number| Item::new((own, number), log));
        let sent = match rng.once_in(2) {
            true => sender.send_all(made.collect::<Vec<_>>()).map_err(|unsent| unsent.rest.collect::<Vec<_>>()),
            false => made.map(|item| sender.send(item)).try_for_each(|sent| sent.map_err(|unsent| vec![unsent.item])),
        };
        sent.expect("it takes items as long as there are senders");
        next = end;
    }
}

/// Ends a run in which nothing happens any more, past what a test harness catches.
fn hangs(told: &str) -> ! {
    let _ = std::io::stderr().write_all(format!("it hangs: {told}\n").as_bytes());
    std::process::abort();
}

/// No run comes near.
const PATIENCE: Duration = Duration::from_secs(40);

pub(crate) fn run(seed: u64, menu: Menu) -> History {
    let mut draw = Draw::new(seed, menu);
    let log = Log::default();
    let length = 2 + draw.rng.below(4);
    let mut model = draw.chain(2, length);
    while menu.is_too_deep(&model) {
        model = draw.chain(2, length);
    }
    let pipeline = Pipeline::new(&draw.prefix).stage("number", log.number());
    let pipeline = pipe(pipeline, &model, &log);
    let ends = Ends { door: 1 + draw.rng.below(64), exit: 1 + draw.rng.below(64) };
    let senders = 1 + draw.rng.below(2);
    let sent: Vec<u64> = (0..senders).map(|_| 20 + draw.rng.below(150) as u64).collect();
    let total: u64 = sent.iter().sum();
    let prefix = draw.prefix.clone();
    let (sender, mut receiver, handle) = pipeline.spawn_with(ends).expect("there are threads").split();
    let (controller, feeding) = (handle.controller(), AtomicUsize::new(senders));
    let (mut itemless, mut cycles) = (0, Vec::new());
    let mut failed = |failure: Failure| {
        let (why, cycle) = (failure.error().to_string(), failure.cycle());
        match failure.into_item::<Item>() {
            Ok(item) => {
                cycles.push((cycle, item.cycle));
                item.over(End::Failed(why));
            }
            Err(_) => itemless += 1,
        }
    };
    let (editor, finished) = thread::scope(|scope| {
        for (own, items) in sent.iter().enumerate() {
            let (sender, log, rng, feeding) = (sender.clone(), &log, Rng::new(draw.rng.next()), &feeding);
            scope.spawn(move || {
                feed(&sender, own, *items, log, rng);
                feeding.fetch_sub(1, Ordering::Release);
            });
        }
        let mut editor = Editor::new(draw, log.clone(), controller.clone(), model.clone());
        let (log, feeding) = (&log, &feeding);
        let editing = scope.spawn(move || {
            let mut moments: Vec<u64> =
                (0..editor.draw.rng.below(12)).map(|_| editor.draw.rng.next() % total).collect();
            moments.sort_unstable();
            for moment in moments {
                while (log.story().accepted.len() as u64) < moment {
                    editor.mend();
                    thread::yield_now();
                }
                editor.edit();
            }
            while feeding.load(Ordering::Acquire) > 0 {
                editor.mend();
                thread::yield_now();
            }
            // All is through, and nothing panics any more.
            while let Err(error) = sender.flush() {
                assert!(matches!(error, FlushError::Held(_)), "{error}");
                editor.mend();
                thread::yield_now();
            }
            editor.mend();
            for commit in &editor.commits {
                let _ = commit.receipt.wait_retired();
            }
            drop(sender);
            editor
        });
        loop {
            match receiver.recv_timeout(PATIENCE) {
                Ok(Ok(item)) => item.over(End::Out),
                Ok(Err(FlowError::Failed(failure))) => failed(*failure),
                Ok(Err(_)) => {}
                Err(TryRecvError::Ended) => break,
                Err(_) => hangs(&format!(
                    "seed {seed}\n{}{}{}",
                    controller.threads(),
                    controller.ledger(),
                    controller.topology()
                )),
            }
        }
        let finished = match handle.join() {
            Ok(finished) => finished,
            // All of them have been seen to.
            Err(JoinError::Panicked { finished, .. }) => *finished,
            Err(error) => panic!("{error}"),
        };
        (editing.join().expect("nothing is refused"), finished)
    });
    finished.outputs.into_iter().for_each(|item| item.over(End::Out));
    finished.failures.into_iter().for_each(&mut failed);
    finished.items.into_iter().for_each(|item| item.over(End::Back));
    let ledger = finished.ledger;
    drop(finished.pipeline);
    let edits = editor.commits.iter().map(|commit| Edited {
        cut: commit.receipt.cut().map(|cut| cut.first_new),
        retired: commit.receipt.is_retired(),
        rule: commit.rule,
    });
    let edits = edits.collect();
    let words: Vec<&str> = editor.commits.iter().map(|commit| commit.words.as_str()).collect();
    if std::env::var_os("SIM_SEED").is_some() {
        eprintln!("{model:#?}\n{words:#?}");
    }
    let models = editor.models.clone();
    drop(editor);
    let threads = gone(&prefix);
    let loose = |kind: &Kind| matches!(kind, Kind::Crew(Crew { deal: Deal::Unordered, .. }));
    let ordered = !models.iter().any(|model| all(model).iter().any(|node| loose(&node.kind)));
    let story = std::mem::take(&mut *log.story());
    History {
        models,
        edits,
        leaves: story.leaves,
        accepted: story.accepted,
        sent,
        broken: story.broken,
        split: story.split,
        counted: Counted {
            accepted: ledger.accepted(),
            split: ledger.split(),
            delivered: ledger.delivered(),
            dropped: ledger.dropped(),
            failed: ledger.failed(),
            inside: ledger.in_flight(),
        },
        itemless,
        cycles,
        ordered,
        threads,
    }
}

/// Threads that are there still. They have been told to go, and do, as soon as they come to run; one that has not run yet has
/// no name.
fn gone(prefix: &str) -> Vec<String> {
    let mut found = room::threads(prefix);
    for _ in 0..1000 {
        if found.is_empty() {
            break;
        }
        thread::park_timeout(Duration::from_millis(10));
        found = room::threads(prefix);
    }
    found
}
