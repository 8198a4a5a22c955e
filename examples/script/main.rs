//! Plays a script of edits on a pipeline while items flow, and shows what that did.
//!
//! Notice that no code changes: which stages come and go, and when, stands in the files of `examples/scripts`. A script with
//! a mistake is refused with all its mistakes before an item flows; one whose expectations are not met ends with code 1, so
//! that it is a test.
//!
//! `job.rs` plays; `text.rs`, `flights.rs` and `numbers.rs` have the pipelines and what scripts can put in; `report.rs` and
//! `json.rs` have the two long forms of what came out; `args.rs` has the command line.
//!
//! `cargo run --release --example script -- examples/scripts/canary.route`; `--help` says what else.

mod args;
mod flights;
mod job;
mod json;
mod numbers;
mod report;
mod scene;
mod text;

use std::error::Error;
use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;

use args::{Options, USAGE};
use job::Outcome;

fn main() -> ExitCode {
    let mut out = io::LineWriter::new(io::stdout());
    ExitCode::from(run(std::env::args_os().skip(1), &mut out, &mut io::stderr()))
}

/// Does what the command line says, and gives the code to exit with.
pub(crate) fn run<A>(args: A, out: &mut impl Write, err: &mut impl Write) -> u8
where
    A: IntoIterator,
    A::Item: Into<OsString>,
{
    let (text, code) = match perform(args, out) {
        Ok(Outcome::Good) => return 0,
        Ok(Outcome::Bad(text)) => (text, 1),
        // Whoever reads the output may stop reading, as `head` does.
        Err(error) if is_broken_pipe(&*error) => return 0,
        Err(error) => (error.to_string(), 2),
    };
    // If this cannot be said either, the code has to do.
    let _ = writeln!(err, "script: {}", text.trim_end());
    code
}

fn perform<A>(args: A, out: &mut impl Write) -> Result<Outcome, Box<dyn Error>>
where
    A: IntoIterator,
    A::Item: Into<OsString>,
{
    let outcome = match Options::from_args(args)? {
        None => {
            out.write_all(USAGE.as_bytes())?;
            Outcome::Good
        }
        Some(options) => job::run(&options, out)?,
    };
    out.flush()?;
    Ok(outcome)
}

fn is_broken_pipe(error: &(dyn Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
