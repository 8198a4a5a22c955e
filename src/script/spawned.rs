//! A whole run of a script on a pipeline that runs on a thread.

use super::Statement;
use super::play::Player;
use super::run::{RunError, RunFault, Stretch};
use crate::error::{FlowError, FlushError};
use crate::running::Running;

impl Player {
    /// Sends `items` through a pipeline that [runs on a thread](crate::Pipeline::spawn), which the script was bound to, and
    /// plays the script along: what is due in front of an item is done when the items before it are accepted, and it is not
    /// sent. So edits come where [`run`](Player::run) has them, however the threads run, and items that are inside go on
    /// meanwhile. Only where a count is looked at, by `expect` or a `when` that waits, everything has come out first; while
    /// a `when` waits the items go one by one.
    ///
    /// `each` is called in this thread with all that comes out, in order; a failure that the pipeline's
    /// [`OnFailure`](crate::OnFailure) leaves to the caller does not stop the run. When there are no more items, and all has come
    /// out, it does what [`end`](Player::end) does; it does not [`finish`](Running::finish) the pipeline.
    ///
    /// # Errors
    ///
    /// The first edit that was refused; [`RunFault::Waits`] when the pipeline takes no item until somebody edits it, or has
    /// ended. With it come the items not sent, and the run can be taken up with them. At the end, all expectations that
    /// were not met.
    ///
    /// # Panics
    ///
    /// When a maker of the library or `each` does.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Change, Library, Pipeline, Script};
    ///
    /// let mut running = Pipeline::new("p")
    ///     .workers("double", 2, || |x: i64| x * 2)
    ///     .stage("neg", |x: i64| -x)
    ///     .spawn()?;
    /// let mut player = Script::new().at(2, [Change::remove("neg")?]).bind(&Library::new(), &running.controller())?;
    /// let mut out = Vec::new();
    /// player.run_spawned(&mut running, 1..=3, |x| out.extend(x)).unwrap();
    /// assert_eq!(out, [-2, -4, 6]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run_spawned<In, Out, I>(
        &mut self,
        running: &mut Running<In, Out>,
        items: I,
        mut each: impl FnMut(Result<Out, FlowError>),
    ) -> Result<(), RunError<I::IntoIter>>
    where
        In: Send + 'static,
        Out: Send + 'static,
        I: IntoIterator<Item = In>,
    {
        let mut items = items.into_iter();
        if !running.controller().is_for_the_same(&self.controller) {
            return RunError::stop(RunFault::Other, Vec::new(), items);
        }
        while let Some(first) = items.next() {
            // What was sent before this run may wait for what the script does now.
            if let Err(error @ FlushError::Closed(_)) = running.open(&mut each) {
                return RunError::stop(RunFault::Waits(error), vec![first], items);
            }
            let accepted = running.accepted();
            if self.next_due().is_some_and(|due| due <= accepted) {
                if self.counts(accepted)
                    && let Err(error) = running.flush_to(&mut each)
                {
                    return RunError::stop(RunFault::Waits(error), vec![first], items);
                }
                if let Err(error) = self.advance(accepted) {
                    return RunError::stop(RunFault::Play(error), vec![first], items);
                }
            }
            if let Err(error) = running.open(&mut each) {
                return RunError::stop(RunFault::Waits(error), vec![first], items);
            }
            let left = self.left(accepted);
            let mut stretch = Stretch { first: Some(first), left, items: &mut items, taken: &mut 0 };
            if let Err((error, mut unsent)) = running.feed(&mut stretch, &mut each) {
                unsent.extend(stretch.first);
                return RunError::stop(RunFault::Waits(error), unsent, items);
            }
        }
        if let Err(error) = running.flush_to(&mut each) {
            return RunError::stop(RunFault::Waits(error), Vec::new(), items);
        }
        self.end().or_else(|error| RunError::stop(RunFault::Play(error), Vec::new(), items))
    }

    /// Whether what is due in front of the item number `accepted` looks at what has come of items.
    fn counts(&self, accepted: u64) -> bool {
        self.due_by(accepted).any(|statement| matches!(statement, Statement::Expect { .. } | Statement::When { .. }))
    }
}
