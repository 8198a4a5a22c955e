//! The changes that are made while the flights flow, each before the item of its cycle is sent.

use std::collections::HashSet;
use std::error::Error;
use std::io::Write;

use coroute::{Output, Receipt, Route, Stage};

use super::engine::Engine;
use super::flight::{Flight, Forecast, v2};
use super::sink::{Shared, Store, Table, Tally, look, spool};

pub(crate) const TAP: u64 = 2_000;
pub(crate) const CANARY: u64 = 5_000;
pub(crate) const CUT_OVER: u64 = 10_000;
pub(crate) const INSERT: u64 = 12_000;
pub(crate) const POP: u64 = 14_000;
pub(crate) const FAILOVER: u64 = 16_000;
pub(crate) const REPAIR: u64 = 22_000;

/// What the store has room for at first, and what the repair adds, in flights.
pub(crate) const ROOM: u64 = 17_500;
pub(crate) const MORE_ROOM: u64 = 10_000;

const SCRIPT: [(u64, &str); 7] = [
    (TAP, "a tap on `clean`, to watch what it gives on"),
    (CANARY, "a canary: model v2 is attached, and gets 5 flights of 100"),
    (CUT_OVER, "the cut-over: model v2 gets every flight; v1 stays attached, for the way back"),
    (INSERT, "a stage is put in behind `clean` that lets no flight pass twice"),
    (POP, "that stage is popped out again"),
    (FAILOVER, "a spool is attached, for when the store fails"),
    (REPAIR, "the store gets a larger disk and keeps what it has; it is the first choice again"),
];

/// What the changes need to know beside the pipeline.
#[derive(Default)]
pub(crate) struct Desk {
    pub(crate) store: Shared<Table>,
    pub(crate) spool: Shared<Table>,
    pub(crate) watched: Shared<Watched>,
    /// Model v1's figures when the canary began.
    v1_before: Tally,
}

/// What the tap saw.
#[derive(Clone, Default)]
pub(crate) struct Watched {
    pub(crate) flights: u64,
    /// The one that came latest, with its minutes.
    pub(crate) latest: Option<(String, i64)>,
}

impl Watched {
    fn note(&mut self, flight: &Flight) {
        self.flights += 1;
        if self.latest.as_ref().is_none_or(|(_, minutes)| flight.came_late > *minutes) {
            let (year, month, day) = flight.date;
            let name = format!("{} {} on {year}-{month:02}-{day:02}", flight.carrier, flight.number);
            self.latest = Some((name, flight.came_late));
        }
    }
}

/// Drops a flight that has passed before.
#[derive(Default)]
pub(crate) struct Unique {
    seen: HashSet<(u16, u8, u8, String, u32, String)>,
    twice: u64,
}

impl Stage<Flight> for Unique {
    type Out = Flight;

    fn process(&mut self, flight: Flight, out: &mut Output<'_, Flight>) {
        let (year, month, day) = flight.date;
        if self.seen.insert((year, month, day, flight.carrier.clone(), flight.number, flight.origin.clone())) {
            out.emit(flight);
        } else {
            self.twice += 1;
        }
    }
}

/// Whether a change is due before the item of this cycle.
pub(crate) fn is_due(cycle: u64) -> bool {
    SCRIPT.iter().any(|(at, _)| *at == cycle)
}

/// Whether figures are read for that change, so that every flight before it has to be at its end.
pub(crate) fn reads_figures(cycle: u64) -> bool {
    matches!(cycle, CANARY | CUT_OVER | REPAIR)
}

/// Makes the change that is due before the item of this cycle, if there is one, and says what it did.
pub(crate) async fn change(
    cycle: u64,
    engine: &mut Engine,
    desk: &mut Desk,
    out: &mut impl Write,
) -> Result<(), Box<dyn Error>> {
    let Some((_, title)) = SCRIPT.iter().find(|(at, _)| *at == cycle) else { return Ok(()) };
    writeln!(out, "Cycle {cycle}: {title}")?;
    let controller = engine.controller();
    let before = controller.topology();
    let receipt: Receipt = match cycle {
        TAP => {
            let watched = desk.watched.clone();
            controller.tap("clean", "watch", move |flight: &Flight| look(&watched).note(flight))?
        }
        CANARY => {
            desk.v1_before = look(&desk.store).model("v1");
            controller.edit(|edit| {
                edit.attach("model", "v2", v2)?;
                edit.route("model", Route::weighted([("v1", 95), ("v2", 5)]))
            })?
        }
        CUT_OVER => {
            let store = look(&desk.store);
            let (v1, v2) = (store.model("v1").less(desk.v1_before), store.model("v2"));
            let [first, second] =
                [v1, v2].map(|tally| format!("{} minutes on {} flights", tally.mean(), tally.flights));
            writeln!(out, "  since the canary began v1 was off by {first}, v2 by {second}, on average")?;
            controller.route("model", "v2")?
        }
        INSERT => controller.insert_after("clean", "unique", Unique::default())?,
        POP => controller.remove("unique")?,
        FAILOVER => {
            let spool = spool(desk.spool.clone());
            controller.edit(|edit| {
                edit.attach("sink", "spool", spool)?;
                edit.route("sink", Route::failover(["store", "spool"]))
            })?
        }
        _ => controller.edit(|edit| {
            edit.replace_with::<Forecast, Store, Store>("sink/store", |store| store.enlarged(MORE_ROOM))?;
            edit.route("sink", Route::failover(["store", "spool"]))
        })?,
    };
    engine.apply(&receipt).await?;
    if cycle == POP {
        let Unique { seen, twice } = receipt.take("unique")?;
        writeln!(
            out,
            "  it came back with its state: {} flights seen, {twice} dropped as they came twice",
            seen.len()
        )?;
    }
    if let Some(cut) = receipt.cut() {
        let last = cut.last_old.map_or("none".into(), |cycle| cycle.to_string());
        writeln!(out, "  cycle {last} was the last without it, cycle {} is the first with it", cut.first_new)?;
    }
    if cycle == REPAIR {
        writeln!(out, "  the new store stands in the old one's place, under its name")?;
    }
    writeln!(out, "\n{}", before.diff(&controller.topology()))?;
    Ok(())
}

/// The changes that an input of so many rows did not come to.
pub(crate) fn not_reached(rows: u64) -> impl Iterator<Item = (u64, &'static str)> {
    SCRIPT.into_iter().filter(move |(cycle, _)| *cycle >= rows)
}
