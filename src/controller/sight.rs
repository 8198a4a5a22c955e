//! What a controller lets be seen: topology, counts, trace.

use std::sync::Arc;

use super::Controller;
use crate::error::Refusal;
use crate::ledger::Ledger;
use crate::model::Plan;
use crate::threads::Threads;
use crate::topology::Topology;
use crate::trace::{Log, RecordError, Recording, Trace};

impl Controller {
    /// The pipeline as it is when all committed edits are applied.
    #[must_use]
    pub fn topology(&self) -> Topology {
        self.shared.topology()
    }

    /// The counts now.
    #[must_use]
    pub fn ledger(&self) -> Ledger {
        self.shared.ledger()
    }

    /// The threads that work for the pipeline now: what each does, how full the queues are, and who waits for whom. There are
    /// none but while it is [spawned](crate::Pipeline::spawn).
    ///
    /// It takes the lock that every look takes, and those of the queues at both ends, each for a short time; no thread waits
    /// for it. The pipeline is taken as it is when all committed edits are applied.
    #[must_use]
    pub fn threads(&self) -> Threads {
        self.shared.threads()
    }

    /// Records edits, and the ways of items, from the next cycle on; a recording that was under way ends, and what it has is
    /// gone.
    ///
    /// It is no edit: it makes no revision. What it costs says [`Recording`]; where nothing is recorded, nothing is paid.
    ///
    /// # Errors
    ///
    /// [`RecordError`], with the recording, where that shows values of another type than the pipeline gives.
    pub fn record(&self, recording: Recording) -> Result<(), RecordError> {
        self.shared.board.publish(|control| {
            let recording = recording.check(control.plan.output)?;
            let places = control.flowing.then(|| (control.revision, control.places()));
            control.trace = Some(Log::share(recording, places));
            Ok(())
        })
    }

    /// Ends the recording from the next cycle on, and returns what it has.
    pub fn stop_recording(&self) -> Trace {
        let trace = self.trace();
        let Ok(()) = self.shared.board.publish(|control| {
            control.trace = None;
            Ok::<(), std::convert::Infallible>(())
        });
        trace
    }

    /// What was recorded so far; nothing where nothing is.
    #[must_use]
    pub fn trace(&self) -> Trace {
        self.shared.trace()
    }

    /// A copy of the model, to try edits on, and whether the pipeline is paused.
    ///
    /// # Errors
    ///
    /// Why any edit would be refused now.
    pub(crate) fn model(&self) -> Result<(Plan, bool), Refusal> {
        let control = self.shared.board.lock();
        control.closed().map_or_else(|| Ok((control.plan.clone(), control.paused)), Err)
    }

    pub(crate) fn is_for_the_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    pub(crate) fn revision(&self) -> u64 {
        self.shared.board.lock().revision
    }

    /// The counts of the whole pipeline; without those of the stages they cost no lock.
    pub(crate) fn totals(&self) -> Ledger {
        self.shared.ledger.read(Vec::new)
    }
}
