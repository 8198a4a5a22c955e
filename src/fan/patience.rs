//! How long a meeting point waits for one packet while others behind it are ready.

use std::fmt;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

/// A timer of the user's.
pub(crate) type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A deadline for whatever holds others up.
pub(crate) struct Patience {
    within: Duration,
    sleep: Box<dyn Fn(Duration) -> Sleep + Send>,
    waiting: Option<(u64, Sleep)>,
}

impl Patience {
    pub(crate) fn new<F>(within: Duration, sleep: impl Fn(Duration) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        Self { within, sleep: Box::new(move |within| Box::pin(sleep(within))), waiting: None }
    }

    /// Whether the entry that holds others up has done so for too long.
    pub(super) fn is_over(&mut self, holds_up: Option<u64>, task: &mut Context<'_>) -> bool {
        let Some(entry) = holds_up else {
            self.waiting = None;
            return false;
        };
        let begun = self.waiting.take().filter(|(of, _)| *of == entry);
        let (_, mut sleep) = begun.unwrap_or_else(|| (entry, (self.sleep)(self.within)));
        let over = sleep.as_mut().poll(task).is_ready();
        if !over {
            self.waiting = Some((entry, sleep));
        }
        over
    }
}

impl fmt::Debug for Patience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patience").field("within", &self.within).finish_non_exhaustive()
    }
}
