//! The scripts that are shipped, played along with a stream: the trace, the counts and the pipeline are to the letter those
//! of the same script in the calling thread.

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

use coroute::{Controller, Pipeline, Player, Script, ThroughExt};
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

fn on<In: Send + 'static, Out: Send + 'static>(
    scene: Scene<In, Out>,
    source: &str,
    run: impl FnOnce(&mut Player, Pipeline<In, Out>, Vec<In>),
) -> Seen {
    let Scene { pipeline, library, items, recording, notes } = scene;
    let controller: Controller = pipeline.controller();
    let mut player = source.parse::<Script>().unwrap().bind(&library, &controller).unwrap();
    controller.record(recording).unwrap();
    run(&mut player, pipeline, items.map(Result::unwrap).collect());
    let unmet = format!("{:?} {:?}", player.end().err(), player.missed());
    let (ledger, topology) = (controller.ledger().to_string(), controller.topology().to_string());
    Seen { trace: controller.stop_recording().to_string(), ledger, topology, notes: notes.take(), unmet }
}

fn here<In: Send + 'static, Out: Send + 'static>(player: &mut Player, mut pipeline: Pipeline<In, Out>, items: Vec<In>) {
    let _ = player.run(&mut pipeline, items, drop);
    pipeline.finish(drop).unwrap();
}

fn along<In: Send + 'static, Out: Send + 'static>(player: &mut Player, pipeline: Pipeline<In, Out>, items: Vec<In>) {
    let outputs = player.along(stream::iter(items)).through(pipeline);
    block_on(outputs.for_each(|output| async { drop(output) }));
}

/// Runs the script in the calling thread and along a stream.
fn both(name: &str) -> [Seen; 2] {
    let source = fs::read_to_string(file(&format!("scripts/{name}.route"))).unwrap();
    let which = source.lines().next().unwrap().strip_prefix("# pipeline: ").unwrap();
    let data = || {
        let name = if which == "flights" { "flights-2013-01.csv".to_owned() } else { format!("{which}.txt") };
        File::open(file("data").join(name)).unwrap()
    };
    match which {
        "flights" => {
            let scene = || flights::scene(Some(Box::new(data()))).unwrap();
            [on(scene(), &source, here), on(scene(), &source, along)]
        }
        "text" => [on(text::scene(data()), &source, here), on(text::scene(data()), &source, along)],
        "sum" => [on(numbers::sum(data()), &source, here), on(numbers::sum(data()), &source, along)],
        "source" => [on(numbers::source(data()), &source, here), on(numbers::source(data()), &source, along)],
        other => panic!("no pipeline {other}"),
    }
}

#[test]
fn g7_the_canary_is_the_same_on_every_engine() {
    let [here, along] = both("canary");
    assert!(here.trace.contains("= route model -> v1"), "the roll-back is in the trace");
    assert_eq!(along, here);
}

/// But for `controller_generator`: the stream is not asked for an item while the switch has no target, and what the script
/// has to say comes with the items.
#[test]
fn g7_every_shipped_script_is_the_same_on_every_engine() {
    for name in ["blue_green", "failover", "flights", "insert_and_pop", "live_tap", "seasonal"] {
        let [here, along] = both(name);
        assert!(here == along, "{name}\n\n{}\n\n{}", here.ledger, along.ledger);
        assert!(!here.trace.is_empty(), "{name}");
    }
}
