//! Runs one case and nothing else, for a tool that counts instructions.

use std::hint::black_box;
use std::sync::RwLock;

use coroute::Route;

use crate::functions::{add, calls, cube, double, each, edited, functions, pipeline};
use crate::items::{BATCH, Batch, by_hand, locked_loops, loops, sends};
use crate::others::split;
use crate::routes::{in_turn, reroute};
use crate::sources::{for_counting, steps};
use crate::switches::switch;

/// Runs `items` items of `case`.
pub(crate) fn run(items: u64, case: &str) {
    match case {
        "call" => calls(items, &mut pipeline()),
        "call-edited" => calls(items, &mut edited()),
        "send" => sends(items, &mut pipeline()),
        "vec" => loops(items, &mut functions()),
        "rwlock" => locked_loops(items, &RwLock::new(functions())),
        "switch" => calls(items, &mut switch(4)),
        "round-robin" => calls(items, &mut split(Route::round_robin(["a", "b", "c"]))),
        "weighted" => calls(items, &mut split(Route::weighted([("a", 95), ("b", 5)]))),
        "source" => steps(items, &mut for_counting()),
        "route" => reroute(items, &mut switch(4), &mut in_turn(4, 4).iter().cycle()),
        "send_batch" => {
            let mut pipeline = pipeline();
            Batch::default().run(items, &batch(), |items, out| pipeline.send_batch(items, out).unwrap());
        }
        "send_all" => {
            let mut pipeline = pipeline();
            Batch::default().run(items, &batch(), |items, out| {
                pipeline.send_all(items.drain(..), |x| out.push(x)).unwrap();
            });
        }
        "hand" => Batch::default().run(items, &batch(), by_hand),
        "inlined" => each(items, |x| black_box(cube(double(add(x))))),
        _ => panic!(
            "no case {case:?}; there is call, call-edited, send, vec, rwlock, switch, round-robin, weighted, source, route, send_batch, send_all, hand and inlined"
        ),
    }
}

fn batch() -> Vec<i64> {
    (0..BATCH as i64).collect()
}
