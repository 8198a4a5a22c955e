//! A month of flights, and a route that changes while they flow.
//!
//! Notice three things in the output. Under each change stands the topology, with a mark before what has
//! changed. Where the store fails, no flight is lost and nobody has to do anything. And at the end the ledger adds up
//! to the number of rows in the file, to the last one.
//!
//! It runs in one thread, in a task, or on threads, and says the same each time, to the byte.
//!
//! `pipeline.rs` has the pipeline, `job.rs` the loop, `script.rs` the changes, `engine.rs` what it runs on; `line.rs`, `row.rs` and `flight.rs` have what
//! flows, `sink.rs` has where it ends, `report.rs` the tables.
//!
//! `cargo run --release --example flights [-- [--engine local|async|threads] [[--input] FILE]]`; `-` is the standard input.

mod engine;
mod flight;
mod input;
mod job;
mod line;
mod pipeline;
mod report;
mod row;
mod script;
mod sink;

use std::error::Error;
use std::io::{self, LineWriter, Write};
use std::process::ExitCode;

use futures::executor::block_on;
use indicatif::{ProgressBar, ProgressStyle};

use input::{Args, Input, USAGE};

fn main() -> ExitCode {
    let result = Args::read(std::env::args_os().skip(1)).map_err(Into::into).and_then(|args| stream(&args));
    let Err(error) = result else { return ExitCode::SUCCESS };
    // Whoever reads the output may stop reading, as `head` does.
    if error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        return ExitCode::SUCCESS;
    }
    eprintln!("flights: {error}");
    ExitCode::FAILURE
}

fn stream(Args { input, engine }: &Args) -> Result<(), Box<dyn Error>> {
    if *input == Input::Help {
        io::stdout().write_all(USAGE.as_bytes())?;
        return Ok(());
    }
    let (reader, length) = input.open()?;
    // indicatif draws on the standard error, and on a terminal only.
    let bar = match length {
        Some(length) => ProgressBar::new(length)
            .with_style(ProgressStyle::with_template("{bar:40} {bytes} of {total_bytes}, {bytes_per_sec}, {elapsed}")?),
        None => ProgressBar::new_spinner()
            .with_style(ProgressStyle::with_template("{spinner} {bytes}, {bytes_per_sec}, {elapsed}")?),
    };
    let mut out = LineWriter::new(Beside { bar: bar.clone(), out: io::stdout() });
    let done = block_on(job::run(bar.wrap_read(reader), *engine, &mut out));
    bar.finish_and_clear();
    done?.write(&mut out)?;
    out.flush()?;
    Ok(())
}

/// Takes the progress bar away while something is written, so that they do not mix on a terminal.
struct Beside<W> {
    bar: ProgressBar,
    out: W,
}

impl<W: Write> Write for Beside<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bar.suspend(|| self.out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
