//! The pipeline of the flights example, with what its own changes put in, and a little more.

#[allow(dead_code)] // the other example's, which uses all of it; so below
#[path = "../flights/engine.rs"]
mod engine;
#[allow(dead_code)]
#[path = "../flights/flight.rs"]
mod flight;
#[allow(dead_code)]
#[path = "../flights/line.rs"]
mod line;
#[path = "../flights/pipeline.rs"]
mod pipeline;
#[path = "../flights/row.rs"]
mod row;
#[allow(dead_code)]
#[path = "../flights/script.rs"]
mod script;
#[allow(dead_code)]
#[path = "../flights/sink.rs"]
mod sink;

use std::error::Error;
use std::io::Read;
use std::sync::mpsc;

use coroute::{Library, OnFailure, Output, Recording, Stage};

use super::scene::{Notes, Scene};
use flight::{Delay, Flight, Forecast, v1, v2};
use line::{Line, Lines};
use script::{MORE_ROOM, ROOM, Unique};
use sink::{Shared, Store, Table, spool};

/// The scene with the flights of `input`; without input the header is made up, and there are none.
pub(crate) fn scene(input: Option<impl Read + 'static>) -> Result<Scene<Line, ()>, Box<dyn Error>> {
    let Some(input) = input else { return with_lines(Lines::new(std::io::Cursor::new(row::COLUMNS.join(",")))) };
    with_lines(Lines::new(input))
}

fn with_lines(mut lines: Lines<impl Read + 'static>) -> Result<Scene<Line, ()>, Box<dyn Error>> {
    let header = lines.header(&row::COLUMNS)?;
    let (stored, notes) = (Shared::<Table>::default(), Notes::default());
    // Nobody listens: the ledger says how it went.
    let (alarm, _) = mpsc::channel();
    let pipeline = pipeline::flights(header, Store::new(ROOM, stored, alarm)).on_failure(OnFailure::skip());
    let items = std::iter::from_fn(move || lines.next().transpose()).map(|line| line.map_err(Into::into));
    let library = library(&notes);
    Ok(Scene { pipeline, library, items: Box::new(items), recording: Recording::items(), notes })
}

fn library(notes: &Notes) -> Library {
    let (seen, spooled) = (notes.clone(), Shared::<Table>::default());
    Library::new()
        .stage("v1", || v1)
        .stage("v2", || v2)
        .stage("draft", || Draft)
        .stage("unique", Unique::default)
        .stage("spool", move || spool(spooled.clone()))
        .hand_over("larger_store", |store: Store| store.enlarged(MORE_ROOM))
        .tap("watch", move || {
            let seen = seen.clone();
            move |flight: &Flight| {
                if flight.came_late > 12 * 60 {
                    seen.add(late(flight));
                }
            }
        })
        .predicate("far", |delay: &Delay| is_far(delay))
        .key("carrier", |delay: &Delay| delay.flight.carrier.clone())
}

fn late(Flight { date: (year, month, day), carrier, number, came_late, .. }: &Flight) -> String {
    format!("{carrier} {number} on {year}-{month:02}-{day:02} came {came_late} minutes late")
}

fn is_far(delay: &Delay) -> bool {
    delay.flight.distance > 2_500
}

/// A draft of model v2 that has learnt nothing of routes over 2,500 miles.
struct Draft;

impl Stage<Delay> for Draft {
    type Out = Forecast;

    fn process(&mut self, delay: Delay, out: &mut Output<'_, Forecast>) {
        if is_far(&delay) {
            let error = format!("{} miles is farther than the model knows", delay.flight.distance);
            return out.fail(delay, error);
        }
        out.emit(v2(delay));
    }
}
