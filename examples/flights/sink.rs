//! Where flights end: a store that can be full, a spool that cannot, and the table that each of them keeps.

use std::collections::BTreeMap;
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use coroute::{Output, Stage};

use super::flight::{Class, Forecast};

/// Flights and the sum of some minutes of theirs.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Tally {
    pub(crate) flights: u64,
    pub(crate) minutes: i64,
}

impl Tally {
    fn add(&mut self, minutes: i64) {
        self.flights += 1;
        self.minutes += minutes;
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self { flights: self.flights + other.flights, minutes: self.minutes + other.minutes }
    }

    pub(crate) fn less(self, other: Self) -> Self {
        Self { flights: self.flights - other.flights, minutes: self.minutes - other.minutes }
    }

    /// The mean as text, to a tenth of a minute; `-` where there is none.
    pub(crate) fn mean(self) -> String {
        if self.flights == 0 { "-".into() } else { format!("{:.1}", self.minutes as f64 / self.flights as f64) }
    }
}

/// What a sink got.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Table {
    /// By carrier: how late its flights came.
    pub(crate) carriers: BTreeMap<String, Tally>,
    pub(crate) classes: BTreeMap<Class, u64>,
    /// By model: how far it was off, up or down.
    pub(crate) models: BTreeMap<&'static str, Tally>,
}

impl Table {
    fn note(&mut self, forecast: Forecast) {
        let Forecast { delay, model, expected } = forecast;
        let late = delay.flight.came_late;
        self.carriers.entry(delay.flight.carrier).or_default().add(late);
        *self.classes.entry(delay.class).or_default() += 1;
        self.models.entry(model).or_default().add((late - expected).abs());
    }

    pub(crate) fn total(&self) -> Tally {
        self.carriers.values().fold(Tally::default(), |sum, tally| sum.and(*tally))
    }

    pub(crate) fn carrier(&self, code: &str) -> Tally {
        self.carriers.get(code).copied().unwrap_or_default()
    }

    pub(crate) fn class(&self, class: Class) -> u64 {
        self.classes.get(&class).copied().unwrap_or_default()
    }

    pub(crate) fn model(&self, model: &str) -> Tally {
        self.models.get(model).copied().unwrap_or_default()
    }
}

/// A value that a stage writes and the report reads.
pub(crate) type Shared<T> = Arc<Mutex<T>>;

pub(crate) fn look<T>(shared: &Shared<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A sink with room for so many flights. It fails those that come when it is full, and rings the alarm.
pub(crate) struct Store {
    room: u64,
    stored: u64,
    table: Shared<Table>,
    alarm: Sender<String>,
}

impl Store {
    pub(crate) fn new(room: u64, table: Shared<Table>, alarm: Sender<String>) -> Self {
        Self { room, stored: 0, table, alarm }
    }

    /// The same store, with what is in it, and more room.
    pub(crate) fn enlarged(self, by: u64) -> Self {
        Self { room: self.room + by, ..self }
    }
}

impl Stage<Forecast> for Store {
    type Out = ();

    fn process(&mut self, forecast: Forecast, out: &mut Output<'_, ()>) {
        if self.stored == self.room {
            let error = format!("the disk is full: {} flights", self.room);
            // Nobody may be listening, and that is no reason to fail twice.
            let _ = self.alarm.send(error.clone());
            return out.fail(forecast, error);
        }
        self.stored += 1;
        look(&self.table).note(forecast);
        out.emit(());
    }
}

/// A sink with room for everything.
pub(crate) fn spool(table: Shared<Table>) -> impl FnMut(Forecast) + Send + 'static {
    move |forecast| look(&table).note(forecast)
}
