//! What an edit brings along in workers and threads.

use super::{Asked, Edit, Order};
use crate::error::Refusal;
use crate::roster::Roster;

impl Edit {
    /// Whether it may put in something that has no threads yet.
    pub(crate) fn is_unstaffed(&self) -> bool {
        !self.staffed && self.changes.iter().any(Asked::has_part)
    }

    /// Starts the threads for what it puts in.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoThread`], and the number of the change.
    pub(crate) fn staff(&mut self, roster: &Roster) -> Result<(), (Refusal, usize)> {
        self.staffed = true;
        for (number, asked) in self.changes.iter_mut().enumerate() {
            let Some(knot) = asked.knot() else { continue };
            knot.staff(true, roster).map_err(|refused| (refused.into(), number))?;
        }
        Ok(())
    }

    /// Makes the workers that the change of that number lacks.
    ///
    /// # Errors
    ///
    /// [`Refusal::NoThread`].
    pub(crate) fn hire(&mut self, change: usize, order: Order) -> Result<(), Refusal> {
        let hired = order.make()?;
        if let Some(Asked::Workers { made, .. }) = self.changes.get_mut(change) {
            *made = Some(hired);
        }
        Ok(())
    }

    /// Lets go of the workers that were made for it.
    pub(crate) fn dismiss(&mut self) {
        for asked in &mut self.changes {
            if let Asked::Workers { made, .. } = asked {
                *made = None;
            }
        }
    }
}
