//! The pipeline, as it is at the start.

use coroute::{Pipeline, Switch, thread, try_stage};
use csv::ByteRecord;

use super::flight::{Flight, classify, v1};
use super::line::Line;
use super::row::Row;
use super::sink::Store;

/// From the lines of a file with this header to a store. Where the pipeline runs on threads, two of them read lines, and
/// one cleans.
pub(crate) fn flights(header: ByteRecord, store: Store) -> Pipeline<Line, ()> {
    let parse = move || {
        let header = header.clone();
        try_stage(move |line: &Line| Row::read(line, &header))
    };
    Pipeline::new("flights")
        .workers("parse", 2, parse)
        .stage("clean", thread(clean()))
        .stage("classify", classify)
        .stage("model", Switch::new("model").target("v1", v1).route("v1"))
        .stage("sink", Switch::new("sink").target("store", store).route("store"))
}

/// Drops what is not wrong, but has no delay to speak of: a stage for each reason, so that the ledger has both.
fn clean() -> Pipeline<Row, Flight> {
    Pipeline::new("clean").filter("cancelled", Row::has_left).filter_map("diverted", Row::into_flight)
}
