//! Three stages inside a stream, beside the same three as `StreamExt::map`, each in a box.

use std::hint::black_box;

use coroute::ThroughExt;
use futures::executor::block_on;
use futures::stream::BoxStream;
use futures::{Stream, StreamExt, stream};

use crate::functions::{add, cube, double, pipeline};
use crate::measure::Clock;
use crate::table::{Table, Target};

pub(crate) fn rows(clock: Clock, table: &mut Table) {
    let what = "stages: through 3 stages / 3 times map, each boxed";
    if table.wants(what) {
        table.row(what, clock.pair(through, mapped), Target::Times(1.5));
    }
}

/// Sums up what comes out.
pub(crate) fn run(outputs: impl Stream<Item = i64>) -> i64 {
    block_on(outputs.fold(0, async |sum, x| sum ^ x))
}

fn numbers(items: u64) -> stream::Iter<std::ops::Range<i64>> {
    stream::iter(0..items.cast_signed())
}

fn expected(items: u64) -> i64 {
    (0..items.cast_signed()).fold(0, |sum, x| sum ^ cube(double(add(x))))
}

pub(crate) fn through(items: u64) {
    let sum = run(numbers(items).through(pipeline()).map(Result::unwrap));
    debug_assert_eq!(sum, expected(items));
    black_box(sum);
}

pub(crate) fn mapped(items: u64) {
    let stream = one_of(numbers(items), add, |x| x.wrapping_sub(1));
    let stream = one_of(stream, double, |x| x.wrapping_mul(3));
    let stream = one_of(stream, cube, |x| x.wrapping_pow(2));
    black_box(run(stream));
}

/// One of two maps, so that the optimiser does not see through the box.
fn one_of(
    stream: impl Stream<Item = i64> + Send + 'static,
    first: impl FnMut(i64) -> i64 + Send + 'static,
    second: impl FnMut(i64) -> i64 + Send + 'static,
) -> BoxStream<'static, i64> {
    if black_box(true) { stream.map(first).boxed() } else { stream.map(second).boxed() }
}
