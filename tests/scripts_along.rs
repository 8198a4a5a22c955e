//! The scripts that are shipped, played along with a stream, and on a pipeline on a thread of its own: the trace, the counts
//! and the pipeline are to the letter those of the same script in the calling thread.

#[allow(dead_code)] // the example lists and describes what is not used here
#[path = "../examples/script/flights.rs"]
mod flights;
#[allow(dead_code)] // as above
#[path = "../examples/script/numbers.rs"]
mod numbers;
#[allow(dead_code)] // as above
#[path = "../examples/script/scene.rs"]
mod scene;
#[allow(dead_code)] // as above
#[path = "../examples/script/text.rs"]
mod text;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use coroute::{Controller, Ends, Pipeline, Player, Script, ThroughExt};
use futures::StreamExt;
use futures::executor::block_on;
use futures::stream;

use scene::Scene;

/// All that there is to be seen of a run.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    trace: String,
    ledger: String,
    topology: String,
    notes: Vec<String>,
    unmet: String,
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

#[derive(Debug, Clone, Copy)]
enum How {
    Here,
    Along,
    Spawned,
}

impl How {
    fn run<In: Send + 'static, Out: Send + 'static>(
        self,
        player: &mut Player,
        mut pipeline: Pipeline<In, Out>,
        items: Vec<In>,
    ) {
        match self {
            Self::Here => {
                let _ = player.run(&mut pipeline, items, drop);
                pipeline.finish(drop).unwrap();
            }
            Self::Along => {
                let outputs = player.along(stream::iter(items)).through(pipeline);
                block_on(outputs.for_each(|output| async { drop(output) }));
            }
            Self::Spawned => {
                // Little room, so that there is much to wait for.
                let mut running = pipeline.spawn_with(Ends { door: 70, exit: 30 }).unwrap();
                let _ = player.run_spawned(&mut running, items, drop);
                running.finish().unwrap();
            }
        }
    }
}

fn on<In: Send + 'static, Out: Send + 'static>(scene: Scene<In, Out>, source: &str, how: How) -> Seen {
    let Scene { pipeline, library, items, recording, notes } = scene;
    let controller: Controller = pipeline.controller();
    let mut player = source.parse::<Script>().unwrap().bind(&library, &controller).unwrap();
    controller.record(recording).unwrap();
    how.run(&mut player, pipeline, items.map(Result::unwrap).collect());
    let unmet = format!("{:?} {:?}", player.end().err(), player.missed());
    let (ledger, topology) = (controller.ledger().to_string(), controller.topology().to_string());
    Seen { trace: controller.stop_recording().to_string(), ledger, topology, notes: notes.take(), unmet }
}

fn seen(name: &str, how: How) -> Seen {
    let source = fs::read_to_string(file(&format!("scripts/{name}.route"))).unwrap();
    let which = source.lines().next().unwrap().strip_prefix("# pipeline: ").unwrap();
    let data = if which == "flights" { "flights-2013-01.csv".to_owned() } else { format!("{which}.txt") };
    let data = File::open(file("data").join(data)).unwrap();
    match which {
        "flights" => on(flights::scene(Some(Box::new(data))).unwrap(), &source, how),
        "text" => on(text::scene(data), &source, how),
        "sum" => on(numbers::sum(data), &source, how),
        "source" => on(numbers::source(data), &source, how),
        other => panic!("no pipeline {other}"),
    }
}

/// The script does the same in the calling thread and otherwise.
fn same(name: &str, ways: &[How]) -> Seen {
    let here = seen(name, How::Here);
    for how in ways {
        let there = seen(name, *how);
        assert!(here == there, "{name} {how:?}\n\n{}\n\n{}", here.ledger, there.ledger);
    }
    assert!(!here.trace.is_empty(), "{name}");
    here
}

#[test]
fn g7_the_canary_is_the_same_on_every_engine() {
    let here = same("canary", &[How::Along, How::Spawned]);
    assert!(here.trace.contains("= route model -> v1"), "the roll-back is in the trace");
}

/// But for `controller_generator` along a stream: that is not asked for an item while the switch has no target, and what the
/// script has to say comes with the items.
#[test]
fn g7_every_shipped_script_is_the_same_on_every_engine() {
    for name in ["blue_green", "failover", "flights", "insert_and_pop", "live_tap", "seasonal"] {
        same(name, &[How::Along, How::Spawned]);
    }
    same("controller_generator", &[How::Spawned]);
}
