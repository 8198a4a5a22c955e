//! Another number of workers.

use super::Desk;
use super::draft::{Done, Draft};
use crate::edit::{Hired, Order, Place};
use crate::error::Refusal;
use crate::model::{Kind, Mutation};

impl Desk<'_> {
    pub(super) fn workers(
        &mut self,
        path: &Place,
        count: usize,
        made: Option<&Hired>,
        done: &mut Done,
    ) -> Result<(), Refusal> {
        let found = self.find(path)?;
        let place = found.place();
        let Some(entry) = self.plan.entry_at(&place) else { return Ok(()) };
        let Kind::Workers(workers) = &entry.kind else {
            let path = path.as_ref().map_err(Clone::clone)?;
            return Err(Refusal::NotWorkers { path: path.clone(), is: entry.is() });
        };
        // Those that have panicked are replaced.
        let works = workers.count.saturating_sub(workers.workshop.lost());
        if count == workers.count && count == works {
            return Ok(());
        }
        if let Some(staffed) = self.staffed.filter(|_| count > works) {
            let numbers = workers.count..workers.count + count - works;
            let order = Order { workshop: workers.workshop.clone(), numbers, staffed };
            if made.is_none_or(|made| !made.order.is(&order)) {
                self.order = Some(order);
            }
        }
        done.draft = Draft::Workers { at: found.spot(), count, more: count > works };
        done.within = self.way(&found.within);
        self.change(Mutation::Workers { place, count }, done);
        Ok(())
    }
}
