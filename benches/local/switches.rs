//! A switch to one of its targets.

use std::sync::atomic::{AtomicUsize, Ordering};

use coroute::{Pipeline, Switch};

use crate::functions::{Function, calls, each, one_of};
use crate::measure::Clock;
use crate::table::{Table, Target};

/// More targets than anybody has.
pub(crate) const MANY: usize = 1_000_000;

pub(crate) fn name(target: usize) -> String {
    format!("t{target}")
}

/// A switch with so many targets, routed to the third.
pub(crate) fn switch(targets: usize) -> Pipeline<i64, i64> {
    let mut switch = Switch::new("switch");
    for target in 0..targets {
        let by = target as i64;
        switch = switch.target(name(target), move |x: i64| x.wrapping_add(by));
    }
    switch.route(name(2)).into_pipeline()
}

pub(crate) fn rows(clock: Clock, table: &mut Table) {
    let what = "switch: to one of 4 targets / match that calls four boxed closures";
    if table.wants(what) {
        let mut ours = switch(4);
        let mut peer = [target(0), target(1), target(2), target(3)];
        // What a route that somebody can change comes to in the simplest case.
        let live = AtomicUsize::new(2);
        let times = clock.pair(
            |items| calls(items, &mut ours),
            |items| {
                each(items, |x| match live.load(Ordering::Relaxed) {
                    0 => peer[0](x),
                    1 => peer[1](x),
                    2 => peer[2](x),
                    _ => peer[3](x),
                });
            },
        );
        table.row(what, times, Target::Times(2.0));
    }
    let what = "switch: 1,000,000 targets / 4 targets";
    if table.wants(what) {
        let (mut many, mut few) = (switch(if clock.test { 1000 } else { MANY }), switch(4));
        let times = clock.pair(|items| calls(items, &mut many), |items| calls(items, &mut few));
        table.row(what, times, Target::Times(1.1));
    }
}

fn target(by: i64) -> Function {
    one_of(Box::new(move |x| x.wrapping_add(by)), Box::new(move |x| x.wrapping_sub(by)))
}
