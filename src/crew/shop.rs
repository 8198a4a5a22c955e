//! What makes workers: at first, and when there are to be more.

use std::any::Any;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::deal::Deal;
use super::member::Member;
use crate::error::Refusal;
use crate::model::Workshop;
use crate::name::{Name, NodeId};
use crate::roster::{NoThread, Roster, Seat, Stock, Watch};

/// How workers share a stage.
pub(crate) struct Options<A> {
    pub(crate) deal: Deal<A>,
    /// How many items all of them together may have inside.
    pub(crate) capacity: usize,
    pub(crate) unordered: bool,
}

/// Where workers work.
pub(crate) struct Place {
    pub(super) id: NodeId,
    pub(super) name: Name,
    pub(super) stock: Arc<Stock>,
    pub(super) roster: Roster,
}

impl Place {
    /// Gives a member its thread: that of a worker has its number, the one that runs a pipeline has none.
    pub(super) fn hire<A, B>(&self, member: &mut Member<A, B>, number: Option<usize>) -> Result<(), NoThread>
    where
        A: Send + 'static,
        B: Send + 'static,
    {
        let thread = number.map_or_else(|| self.name.to_string(), |number| format!("{}-{number}", self.name));
        let seat = Seat::Stage { id: self.id, name: self.name.clone(), number, stock: Arc::clone(&self.stock) };
        let watch = Arc::new(Watch::new(seat, thread.clone()));
        let hired = member.hire(Arc::clone(&watch), self.stock.capacity, number.is_some());
        let thread = hired.map_err(|error| NoThread { name: thread, error })?;
        self.roster.add(&watch, Some(thread));
        Ok(())
    }
}

/// Where a crew tells the shop that threads work for it.
pub(crate) trait Counter: Send + Sync {
    fn open(&self, place: Place);
    /// A worker has panicked.
    fn lose(&self);
    /// There are as many workers again as there are to be.
    fn complete(&self);
}

type Maker<A, B> = Box<dyn FnMut() -> Result<Member<A, B>, Refusal> + Send>;

/// See the module's documentation.
pub(crate) struct Shop<A, B> {
    maker: Mutex<Maker<A, B>>,
    place: Mutex<Option<Place>>,
    lost: AtomicUsize,
}

impl<A: Send + 'static, B: Send + 'static> Shop<A, B> {
    pub(crate) fn new(maker: Maker<A, B>) -> Self {
        Self { maker: Mutex::new(maker), place: Mutex::new(None), lost: AtomicUsize::new(0) }
    }

    /// So many new ones.
    pub(crate) fn members(&self, count: usize) -> Result<Vec<Member<A, B>>, Refusal> {
        let mut maker = self.maker.lock().unwrap_or_else(PoisonError::into_inner);
        (0..count).map(|_| maker()).collect()
    }
}

impl<A: Send + 'static, B: Send + 'static> Counter for Shop<A, B> {
    fn open(&self, place: Place) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }

    fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }

    fn complete(&self) {
        self.lost.store(0, Ordering::Relaxed);
    }
}

impl<A: Send + 'static, B: Send + 'static> Workshop for Shop<A, B> {
    fn make(&self, numbers: Range<usize>, staffed: bool) -> Result<Box<dyn Any + Send>, Refusal> {
        let mut members = self.members(numbers.len())?;
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = place.as_ref().filter(|_| staffed) {
            for (number, member) in numbers.zip(&mut members) {
                place.hire(member, Some(number))?;
            }
        }
        Ok(Box::new(members))
    }

    fn lost(&self) -> usize {
        self.lost.load(Ordering::Relaxed)
    }
}
