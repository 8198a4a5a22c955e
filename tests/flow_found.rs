//! What the random search over pipelines with items inside has found (`flow_random.rs`), each made small and given a name.

#[allow(dead_code)]
mod sim;

use coroute::{Pipeline, Switch, sink};
use futures::{SinkExt, stream};

use sim::executor::Sim;
use sim::tide::{Ebb, Tide};
use sim::wait::Wait;

#[test]
fn g2_a_closed_sink_is_asked_for_nothing_while_another_closes() {
    let mut sim = Sim::new(0);
    let quick = Tide::new(&sim.clock(), []);
    let slow = Tide::new(&sim.clock(), []).closes(Ebb::After(Wait::Polls(2)));
    let gauges = [quick.gauge(), slow.gauge()];
    let out = Switch::new("out").target("quick", sink(quick)).target("slow", sink(slow)).route("quick");
    let mut pipeline = out.into_pipeline();
    sim.spawn("driver", async move {
        pipeline.drive(stream::iter([1])).await.unwrap();
        pipeline.close().await.unwrap();
    });
    // A `Tide` that is asked for room after it was closed panics.
    sim.finish();
    assert!(gauges.iter().all(|gauge| gauge.is_closed()));
}
