//! Who watches the pipeline, and routes its lines another way when a connection goes bad.

use std::net::SocketAddr;
use std::time::Duration;

use coroute::{Controller, Cut, Failure, InFlight, Receipt};
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::{MissedTickBehavior, interval, sleep};

use super::job::Error;
use super::link::{connect, stage_name};
use super::tail::Line;
use super::window::{Connection, Window};

const TICK: Duration = Duration::from_millis(20);
/// For how many ticks nothing may move while lines wait.
const PATIENCE: u32 = 25;
/// How long lines may still leave by a way that the route has left.
const GRACE: Duration = Duration::from_millis(100);

const GONE: &str = "the pipeline has ended before an edit of its route was applied";

/// A receiver as the supervisor knows it: by the name of its target, its address, and the connection that it has now.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    pub(crate) connection: Connection,
}

impl Peer {
    /// Where the connection is in the pipeline.
    fn stage(&self) -> String {
        format!("ship/{}/{}", self.name, stage_name(self.connection))
    }
}

/// What the supervisor did to the pipeline.
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) cut: Cut,
    /// Lines inside the pipeline when it was made.
    pub(crate) inside: u64,
    pub(crate) what: String,
    pub(crate) why: String,
}

/// What the supervisor has done.
#[derive(Default)]
pub(crate) struct Log {
    pub(crate) changes: Vec<Change>,
    /// Lines that came back in a failure and were sent again.
    pub(crate) refused: u64,
    /// Lines that a connection had taken, and were sent again from the window.
    pub(crate) unacknowledged: u64,
}

pub(crate) struct Supervisor {
    pub(crate) controller: Controller,
    pub(crate) window: Window,
    pub(crate) failures: UnboundedReceiver<Failure>,
    pub(crate) again: UnboundedSender<Line>,
    /// The receiver that gets the lines now, then the other.
    pub(crate) peers: [Peer; 2],
    pub(crate) log: Log,
}

impl Supervisor {
    /// Watches until all lines are read from the file and acknowledged.
    pub(crate) async fn run(mut self, all_read: impl Fn() -> bool) -> Result<Log, Error> {
        let mut tick = interval(TICK);
        // A tick that comes late is not made up for: others have to have run between two of them.
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut seen, mut still) = (self.progress(), 0);
        loop {
            tokio::select! {
                Some(failure) = self.failures.next() => self.failed(failure).await?,
                _ = tick.tick() => {
                    let (now, waits) = (self.progress(), !self.window.is_empty());
                    if !waits && all_read() {
                        return Ok(self.log);
                    }
                    still = if waits && now == seen { still + 1 } else { 0 };
                    seen = now;
                    if still == PATIENCE {
                        self.reroute("lines wait, and nothing moves".into()).await?;
                        still = 0;
                    }
                }
            }
        }
    }

    /// Lines that connections have taken, and lines that receivers have acknowledged. One of them grows, or nothing moves.
    fn progress(&self) -> (u64, u64) {
        (self.controller.ledger().delivered(), self.window.acknowledged())
    }

    /// A connection failed, and here is the line that it did not take. Routes elsewhere if that was the connection in use,
    /// then sends the line again.
    async fn failed(&mut self, failure: Failure) -> Result<(), Error> {
        let (stage, why) = (failure.stage().to_string(), failure.error().to_string());
        // A connection that fails to flush has no line to give back: it took them all, and the window has them.
        let line = failure.into_item::<Line>().ok();
        if stage == self.peers[0].stage() {
            self.reroute(why).await?;
        }
        if let Some(line) = line {
            self.log.refused += 1;
            self.again.unbounded_send(line)?;
        }
        Ok(())
    }

    /// Routes to the other receiver and lets the connection of this one go; attaches it again when it can be reached.
    async fn reroute(&mut self, why: String) -> Result<(), Error> {
        self.peers.rotate_left(1);
        let [to, from] = &mut self.peers;
        let inside = self.controller.ledger().in_flight();
        let receipt = self.controller.edit(|edit| {
            edit.route("ship", to.name)?;
            edit.detach("ship", from.name)?;
            edit.in_flight(InFlight::resend_after(sleep(GRACE)))
        })?;
        let change = Change::new(&receipt, inside, format!("{} gets the lines", to.name), why).await?;
        self.log.changes.push(change);
        // From here on nothing comes to the old connection, which is in the receipt and closes with it.
        receipt.retired().await.ok_or(GONE)?;
        drop(receipt);
        for line in self.window.taken_by(from.connection) {
            self.log.unacknowledged += 1;
            self.again.unbounded_send(line)?;
        }
        // Of two receivers there is no third to route to, so there is nothing else to do before this one is back.
        from.connection += 2;
        let link = loop {
            match connect(from.address, from.connection, &self.window).await {
                Ok(link) => break link,
                Err(_) => sleep(TICK).await,
            }
        };
        let inside = self.controller.ledger().in_flight();
        let receipt = self.controller.attach("ship", from.name, link)?;
        let change = Change::new(&receipt, inside, format!("{} is there again", from.name), String::new()).await?;
        self.log.changes.push(change);
        Ok(())
    }
}

impl Change {
    /// Waits until it is applied.
    async fn new(receipt: &Receipt, inside: u64, what: String, why: String) -> Result<Self, Error> {
        let cut = receipt.applied().await.ok_or(GONE)?;
        Ok(Self { revision: receipt.revision(), cut, inside, what, why })
    }
}
