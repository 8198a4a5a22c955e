//! Workers and queues: each stage is a worker with a queue in front of it, and a pill stops them one after the other.
//!
//! What to notice: the four lines come in order, though each is said by another thread, because a job passes the stages one
//! by one. Then, in silence, the stages are rearranged while jobs are in the queues: one goes over to the other's thread, a
//! third is put in with workers of its own, gets more of them, and is popped out. No job waits for that. At the end the
//! pill follows the last job through all queues, and everything comes back: the jobs, in order, each with the stages that it
//! has passed and the threads that they ran on; and what they say is what the receipts of the edits say.

use std::error::Error;
use std::sync::mpsc::{Sender, channel};
use std::thread;

use coroute::{Pipeline, workers};

/// A job, and who has worked on it: the stage, and its thread.
struct Job {
    number: u64,
    passed: Vec<(&'static str, String)>,
}

fn job(number: u64) -> Job {
    Job { number, passed: Vec::new() }
}

/// A stage; it says what it does the first time.
fn stage(name: &'static str, mut say: Option<(Sender<&'static str>, &'static str)>) -> impl FnMut(Job) -> Job + Send {
    move |mut job| {
        if let Some((say, line)) = say.take() {
            let _ = say.send(line);
        }
        job.passed.push((name, thread::current().name().unwrap_or_default().to_owned()));
        job
    }
}

/// What the example prints.
pub(crate) fn output() -> Result<String, Box<dyn Error>> {
    let (say, said) = channel();
    let one = stage("one", Some((say.clone(), "Stage 1 did some work.")));
    let two = stage("two", Some((say.clone(), "Stage 2 did some work.")));
    let mut running = Pipeline::new("job")
        .thread("stage_1", |queue| queue.stage("one", one))
        .thread("stage_2", |queue| queue.stage("two", two))
        .spawn()?;
    say.send("Main started the job.")?;
    running.send(job(0))?;
    running.recv().ok_or("the pipeline has ended")??;
    say.send("Main finished the job.")?;

    // From here on nothing is said. A hundred jobs are on their way when an edit comes, and nobody waits for them.
    let controller = running.controller();
    let mut numbers = 1..;
    let mut send = || running.send_all(numbers.by_ref().take(100).map(job)).map_err(|_| "it takes no jobs");
    send()?;
    let moved = controller.move_after("stage_2/two", "stage_1/one")?;
    send()?;
    let inserted = controller.push_back("three", workers(2, || stage("three", None)))?;
    send()?;
    let more = controller.workers("three", 3)?;
    send()?;
    let popped = controller.remove("three")?;
    send()?;
    let finished = running.finish()?;

    // The cut of an edit: the first job that it governed.
    let cuts = [moved, inserted, more, popped].map(|receipt| receipt.cut().map(|cut| cut.first_new));
    assert_eq!(cuts.map(|cut| cut.is_some()), [true; 4], "every edit was applied");
    let numbers: Vec<u64> = finished.outputs.iter().map(|job| job.number).collect();
    assert_eq!(numbers, (1..=500).collect::<Vec<_>>(), "no job is lost, none comes twice, all are in order");
    for Job { number, passed } in &finished.outputs {
        let passed: Vec<(&str, &str)> = passed.iter().map(|(stage, thread)| (*stage, thread.as_str())).collect();
        let edits = cuts.iter().flatten().filter(|cut| *cut <= number).count();
        match (edits, &passed[..]) {
            (0, [("one", "stage_1"), ("two", "stage_2")]) | (1 | 4, [("one", "stage_1"), ("two", "stage_1")]) => {}
            (2, [_, ("two", "stage_1"), ("three", "three-0" | "three-1")]) => {}
            (3, [_, ("two", "stage_1"), ("three", "three-0" | "three-1" | "three-2")]) => {}
            (_, passed) => return Err(format!("job {number}, under {edits} edits, has passed {passed:?}").into()),
        }
    }
    assert_eq!(finished.ledger.delivered(), 501);
    Ok(said.try_iter().map(|line| format!("{line}\n")).collect())
}

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", output()?);
    Ok(())
}
