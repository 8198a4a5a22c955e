//! A file that grows is tailed, and its lines are shipped to two receivers over TCP, of which the one dies and the other
//! stops reading.
//!
//! Notice where a line can be when a connection goes bad, and who sends it again:
//!
//! | a line that | is sent again by |
//! | --- | --- |
//! | waits in the pipeline, in front of the connection | the edit's rule, `InFlight::resend_after` |
//! | was refused by the connection | the supervisor: it comes back in the failure |
//! | was taken by the connection, and nobody acknowledged it | the supervisor: the window has it |
//!
//! TCP takes bytes that a dead peer never reads, so "sent" proves nothing, and a receiver acknowledges each line by its
//! number. A line that was stored, and whose acknowledgement was lost, arrives twice. This is *at least once*; a receiver
//! that knows the numbers makes *once* of it.
//!
//! `job.rs` has the pipeline, `supervisor.rs` the changes that are made to it; `tail.rs` and `window.rs` have where the lines come
//! from, `link.rs` and `receiver.rs` the two ends of a connection, `report.rs` the proof.
//!
//! `cargo run --release --example ship [-- [--lines N] [--seed N]]`

mod args;
mod job;
mod link;
mod receiver;
mod report;
mod supervisor;
mod tail;
mod window;
mod writer;

use std::process::ExitCode;

use args::{Args, USAGE};
use job::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match ship().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ship: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn ship() -> Result<(), Error> {
    let Some(args) = Args::read(std::env::args_os().skip(1))? else {
        print!("{USAGE}");
        return Ok(());
    };
    let report = job::run(&args).await?;
    print!("{report}");
    report.verdict()
}
