//! The job: who takes part, and how they hang together.
//!
//! ```text
//! writer ─ file ─ tail ─┬─ lines ─ pipeline ─┬─ TCP ─ receivers
//!                       │                    │           │
//!                       │   failures, ledger │           │ acknowledgements
//!                       ├──── supervisor ────┘           │
//!                     window ────────────────────────────┘
//! ```

use coroute::{OnFailure, Switch};
use futures::channel::mpsc;
use tempfile::NamedTempFile;

use super::args::Args;
use super::link::connect;
use super::receiver::{Fault, Receiver};
use super::report::Report;
use super::supervisor::{Log, Peer, Supervisor};
use super::window::Window;
use super::{tail, writer};

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// How many lines may be under way and not acknowledged.
const WINDOW: usize = 2048;

/// Writes the file, ships its lines, and says what became of them.
pub(crate) async fn run(args: &Args) -> Result<Report, Error> {
    let quarter = usize::try_from(args.lines)? / 4 + 1;
    let receivers = [
        Receiver::start("primary", Fault::Dies, quarter).await?,
        Receiver::start("standby", Fault::StopsReading, quarter).await?,
    ];
    let [primary, standby] = &receivers;

    let window = Window::new(WINDOW);
    let (letters, failures) = mpsc::unbounded();
    let mut pipeline = Switch::new("ship")
        .target("primary", connect(primary.address, 0, &window).await?)
        .target("standby", connect(standby.address, 1, &window).await?)
        .route("primary")
        .into_pipeline()
        // The supervisor lives as long as lines do.
        .on_failure(OnFailure::dead_letter(move |failure| drop(letters.unbounded_send(failure))))
        .check()?;
    let topology = pipeline.topology();

    let file = NamedTempFile::new()?;
    let writing = tokio::spawn(writer::write(file.path().to_owned(), args.lines, args.seed));
    let written = writing.abort_handle();
    let (again, mut lines) = mpsc::unbounded();
    let follow = tail::follow(file.path().to_owned(), move || written.is_finished(), window.clone(), again.clone());
    let tailing = tokio::spawn(follow);
    let read = tailing.abort_handle();
    let peer = |receiver: &Receiver, connection| Peer { name: receiver.name, address: receiver.address, connection };
    let supervisor = Supervisor {
        controller: pipeline.controller(),
        window,
        failures,
        again,
        peers: [peer(primary, 0), peer(standby, 1)],
        log: Log::default(),
    };
    let supervising = tokio::spawn(supervisor.run(move || read.is_finished()));

    // Ends when the tail and the supervisor have: nobody else can send lines.
    let ledger = pipeline.drive(&mut lines).await?;
    writing.await??;
    tailing.await??;
    let log = supervising.await??;
    Ok(Report { lines: args.lines, topology, receivers, log, ledger })
}
