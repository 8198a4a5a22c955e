//! A source coroutine that drives a pipeline.

use std::hint::black_box;

use coroute::{Pipeline, Source, Step};

use crate::functions::{calls, pipeline};
use crate::measure::Clock;
use crate::table::{Table, Target};

/// A source that counts, for ever.
fn source(pipeline: Pipeline<i64, i64>) -> Source<i64, i64> {
    Source::new(pipeline, |mut out| async move {
        let mut sum = 0;
        for x in 0.. {
            sum ^= out.send(x).await.unwrap();
        }
        black_box(sum);
    })
}

pub(crate) fn steps(items: u64, source: &mut Source<i64, i64>) {
    for _ in 0..items {
        assert_eq!(source.step().unwrap(), Step::Sent);
    }
}

pub(crate) fn rows(clock: Clock, table: &mut Table) {
    let what = "source: a coroutine drives 3 stages / a loop drives them";
    if table.wants(what) {
        let (mut ours, mut peer) = (source(pipeline()), pipeline());
        let times = clock.pair(|items| steps(items, &mut ours), |items| calls(items, &mut peer));
        table.row(what, times, Target::More(10.0));
    }
}

pub(crate) fn for_counting() -> Source<i64, i64> {
    source(pipeline())
}
