//! The pipeline, as it is at the start.

use coroute::{Pipeline, Switch};
use csv::ByteRecord;

use super::flight::{Flight, classify, v1};
use super::line::Line;
use super::row::Row;
use super::sink::Store;

/// From the lines of a file with this header to a store.
pub(crate) fn flights(header: ByteRecord, store: Store) -> Pipeline<Line, ()> {
    Pipeline::new("flights")
        .try_stage("parse", move |line| Row::read(line, &header))
        .stage("clean", clean())
        .stage("classify", classify)
        .stage("model", Switch::new("model").target("v1", v1).route("v1"))
        .stage("sink", Switch::new("sink").target("store", store).route("store"))
}

/// Drops what is not wrong, but has no delay to speak of: a stage for each reason, so that the ledger has both.
fn clean() -> Pipeline<Row, Flight> {
    Pipeline::new("clean").filter("cancelled", Row::has_left).filter_map("diverted", Row::into_flight)
}
