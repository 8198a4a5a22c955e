//! Connected functions: put in and popped out while a source keeps running.
//!
//! What to notice: `(1 + 1) * 2` to the power of 3 is 64; then functions come and go in the middle, and nothing is taken
//! apart for it. The source is one coroutine that counts 1, 2, 3, ... from the first line to the last: no number is
//! missing, none comes twice, and each goes through exactly the functions that stand beside it. A function that was
//! popped out is handed back and can be put in elsewhere.

use std::error::Error;
use std::fmt::Write;

use coroute::{NoReply, Pipeline, Source};

/// The results of the next two items, beside the pipeline that they go through.
fn show(out: &mut String, title: &str, counter: &mut Counter) -> Result<(), Box<dyn Error>> {
    let topology = counter.source.topology().to_string();
    let mut results = vec![title.to_owned()];
    for _ in 0..2 {
        let result = counter.source.next().ok_or("the source has ended")??;
        counter.sent += 1;
        results.push(format!("  {} gives {result}", counter.sent));
    }
    let blank = String::new();
    let mut results = results.iter();
    for line in topology.lines() {
        writeln!(out, "{:<26}{line}", results.next().unwrap_or(&blank))?;
    }
    for result in results {
        writeln!(out, "{result}")?;
    }
    writeln!(out)?;
    Ok(())
}

struct Counter {
    source: Source<i64, i64, Result<(), NoReply<i64>>>,
    sent: i64,
}

/// What the example prints.
pub(crate) fn output() -> Result<String, Box<dyn Error>> {
    let pipeline = Pipeline::new("sum")
        .stage("add", |x: i64| x + 1)
        .stage("prod", |x: i64| x * 2)
        .stage("power", |x: i64| x.pow(3));
    let controller = pipeline.controller();
    let source = Source::new(pipeline, |mut out| async move {
        for number in 1.. {
            out.send(number).await?;
        }
        Ok(())
    });
    let mut counter = Counter { source, sent: 0 };
    let mut out = String::new();
    show(&mut out, "as built", &mut counter)?;

    let neg: fn(i64) -> i64 = |x| -x;
    controller.insert_after("add", "neg", neg)?;
    show(&mut out, "neg put in", &mut counter)?;

    controller.remove("prod")?;
    show(&mut out, "prod popped out", &mut counter)?;

    let receipt = controller.remove("neg")?;
    show(&mut out, "neg popped out", &mut counter)?;

    let neg: fn(i64) -> i64 = receipt.take("neg")?;
    controller.push_back("neg", neg)?;
    show(&mut out, "neg put in elsewhere", &mut counter)?;

    controller.edit(|e| {
        e.remove("neg")?;
        e.insert_after("add", "prod", |x: i64| x * 2)
    })?;
    show(&mut out, "both undone, in one edit", &mut counter)?;

    write!(out, "{}", controller.ledger())?;
    Ok(out)
}

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", output()?);
    Ok(())
}
