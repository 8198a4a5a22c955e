//! A whole run of a script on a pipeline in this thread.

use std::error::Error;
use std::fmt;

use super::play::{PlayError, Player};
use crate::error::{FlushError, Rest, SendAllError, SendError};
use crate::pipeline::Pipeline;

/// Why [`Player::run`] stopped, with all that it did not send.
pub struct RunError<I: Iterator> {
    /// What stopped it; where an item was not accepted it is in here, and comes before the `rest`.
    pub error: RunFault<I::Item>,
    /// The items that were not sent.
    pub rest: Rest<I>,
}

impl<I: Iterator> RunError<I> {
    /// A run that stopped, with what it had asked for and not sent, and what is left.
    pub(super) fn stop(error: RunFault<I::Item>, unsent: Vec<I::Item>, items: I) -> Result<(), Self> {
        Err(Self { error, rest: Rest::new(unsent.into_iter(), items) })
    }
}

/// What can stop a run.
#[non_exhaustive]
pub enum RunFault<In> {
    /// The script did not go as written.
    Play(PlayError),
    /// The pipeline did not accept an item, or failed it.
    Send(SendError<In>),
    /// The pipeline, which runs on a thread, takes no item until somebody edits it, or has ended; what was sent and not
    /// accepted waits there.
    Waits(FlushError),
    /// The script was bound to another pipeline.
    Other,
}

/// The items up to the next that something is due in front of.
pub(super) struct Stretch<'a, I: Iterator> {
    pub(super) first: Option<I::Item>,
    pub(super) left: u64,
    pub(super) items: &'a mut I,
    pub(super) taken: &'a mut u64,
}

impl<I: Iterator> Iterator for Stretch<'_, I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        let item = match self.first.take() {
            Some(first) => first,
            None => {
                self.left = self.left.checked_sub(1)?;
                self.items.next()?
            }
        };
        *self.taken += 1;
        Some(item)
    }
}

impl Player {
    /// Sends `items` through `pipeline`, which the script was bound to, and plays the script along: in batches, as
    /// [`send_all`](Pipeline::send_all), from one cycle with something due to the next. While a `when` waits the items go
    /// one by one. When there are no more items it does what [`end`](Player::end) does; it does not
    /// [`finish`](Pipeline::finish) the pipeline.
    ///
    /// # Errors
    ///
    /// The first edit that was refused, or item that was not accepted or failed; with it come the items not sent, and the
    /// run can be taken up with them. At the end, all expectations that were not met.
    ///
    /// # Panics
    ///
    /// When a stage, a maker of the library or `emit` does.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Change, Library, Name, Pipeline, Position, Script};
    /// use coroute::script::{Expectation, Statement};
    ///
    /// let mut pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1);
    /// let library = Library::new().stage("neg", || |x: i64| -x);
    /// let script = Script::new()
    ///     .at(2, [Change::insert("neg", Position::after("add")?)?])
    ///     .with(Statement::Expect { at: None, what: Expectation::Stages { of: None, names: vec![Name::new("add")?] } });
    /// let mut player = script.bind(&library, &pipeline.controller())?;
    /// let mut out = Vec::new();
    /// let error = player.run(&mut pipeline, 0..4, |x| out.push(x)).unwrap_err();
    /// assert_eq!(error.to_string(), "line 2, at the end: expected stages add, found stages add > neg");
    /// assert_eq!(out, [1, 2, -3, -4]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run<In, Out, I>(
        &mut self,
        pipeline: &mut Pipeline<In, Out>,
        items: I,
        mut emit: impl FnMut(Out),
    ) -> Result<(), RunError<I::IntoIter>>
    where
        In: Send + 'static,
        Out: Send + 'static,
        I: IntoIterator<Item = In>,
    {
        let mut items = items.into_iter();
        if !pipeline.controller().is_for_the_same(&self.controller) {
            return RunError::stop(RunFault::Other, Vec::new(), items);
        }
        let mut accepted = self.controller.totals().accepted();
        while let Some(first) = items.next() {
            if let Err(error) = self.advance(accepted) {
                return RunError::stop(RunFault::Play(error), vec![first], items);
            }
            let left = self.left(accepted);
            let mut taken = 0;
            let stretch = Stretch { first: Some(first), left, items: &mut items, taken: &mut taken };
            if let Err(SendAllError { error, rest }) = pipeline.send_all(stretch, &mut emit) {
                let (pulled, stretch) = rest.into_parts();
                let unsent = pulled.chain(stretch.first).collect();
                return RunError::stop(RunFault::Send(error), unsent, items);
            }
            accepted += taken;
        }
        self.end().or_else(|error| RunError::stop(RunFault::Play(error), Vec::new(), items))
    }

    /// How many items may follow item number `accepted` before something is due.
    pub(super) fn left(&self, accepted: u64) -> u64 {
        self.next_due().map_or(u64::MAX, |due| due.saturating_sub(accepted)).saturating_sub(1)
    }
}

impl<In> fmt::Display for RunFault<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Play(error) => write!(f, "{error}"),
            Self::Send(error) => write!(f, "{error}"),
            Self::Waits(error) => write!(f, "{error}"),
            Self::Other => f.write_str("cannot run: the script was bound to another pipeline; bind it to this one"),
        }
    }
}

impl<In> fmt::Debug for RunFault<In> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunFault({self})")
    }
}

impl<In> Error for RunFault<In> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Play(error) => error.source(),
            Self::Send(_) | Self::Waits(_) | Self::Other => None,
        }
    }
}

impl<I: Iterator> fmt::Display for RunError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.error)
    }
}

impl<I: Iterator> fmt::Debug for RunError<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RunError({})", self.error)
    }
}

impl<I: Iterator> Error for RunError<I> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}
