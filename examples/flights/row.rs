//! What a line becomes: a `Row`, then a `Flight` (see `flight.rs`).

use csv::{ByteRecord, ErrorKind};
use serde::Deserialize;

use super::flight::Flight;
use super::line::Line;

/// The columns that are read; the file may have others.
pub(crate) const COLUMNS: [&str; 11] = [
    "year",
    "month",
    "day",
    "dep_time",
    "dep_delay",
    "arr_time",
    "arr_delay",
    "carrier",
    "flight",
    "origin",
    "distance",
];

/// A line of the file, read. `None` is `NA`.
#[derive(Deserialize)]
pub(crate) struct Row {
    year: u16,
    month: u8,
    day: u8,
    dep_time: Option<u16>,
    dep_delay: Option<i64>,
    arr_time: Option<u16>,
    arr_delay: Option<i64>,
    carrier: String,
    flight: u32,
    origin: String,
    distance: i64,
}

impl Row {
    /// Reads a line, or says why it cannot be right.
    pub(crate) fn read(line: &Line, header: &ByteRecord) -> Result<Self, String> {
        let fields = line.fields().map_err(|error| error.to_string())?;
        if fields.len() != header.len() {
            return Err(format!("the row has {} columns, the header has {}", fields.len(), header.len()));
        }
        // An empty field is what the csv crate takes for `None`.
        let known: ByteRecord = fields.iter().map(|field| if field == b"NA" { b"" } else { field }).collect();
        let row: Self = known.deserialize(Some(header)).map_err(|error| match error.kind() {
            ErrorKind::Deserialize { err, .. } => {
                let at = err.field().and_then(|at| usize::try_from(at).ok());
                let column = at.and_then(|at| header.get(at)).map(String::from_utf8_lossy).unwrap_or_default();
                let field = at.and_then(|at| fields.get(at)).map(String::from_utf8_lossy).unwrap_or_default();
                format!("{column} is {field:?}: {}", err.kind())
            }
            _ => error.to_string(),
        })?;
        if row.carrier.is_empty() {
            return Err("the carrier is not known".into());
        }
        match row {
            Self { dep_time: None, arr_time: Some(_), .. } | Self { dep_time: None, arr_delay: Some(_), .. } => {
                Err("it arrived, and never left".into())
            }
            Self { dep_time: Some(_), dep_delay: None, .. } => Err("it left, and its delay then is not known".into()),
            Self { dep_time: Some(at), arr_time: None, .. } => {
                Err(format!("it left at {:02}:{:02}, and no arrival is known", at / 100, at % 100))
            }
            row => Ok(row),
        }
    }

    /// Whether it left at all. A cancelled flight has no time of departure.
    pub(crate) fn has_left(&self) -> bool {
        self.dep_time.is_some()
    }

    /// The flight, if it has a delay. One that arrived without is taken for one that was diverted on the way.
    pub(crate) fn into_flight(self) -> Option<Flight> {
        let (left_late, came_late) = (self.dep_delay?, self.arr_delay?);
        let Self { year, month, day, carrier, flight: number, origin, distance, .. } = self;
        Some(Flight { date: (year, month, day), carrier, number, origin, distance, left_late, came_late })
    }
}
