//! Runs one case and nothing else, for a tool that counts instructions.

use crate::{limit, routers, sinks, stages};

type Case = (&'static str, fn(u64));

const CASES: [Case; 21] = [
    ("sink-forward", sinks::forwarded),
    ("sink-drive", sinks::driven),
    ("sink-peer", sinks::boxed),
    ("channel-forward", sinks::forwarded_to_channel),
    ("channel-drive", sinks::driven_to_channel),
    ("channel-peer", sinks::boxed_channel),
    ("stages", stages::through),
    ("stages-peer", stages::mapped),
    ("switch", routers::switched),
    ("switch-tokio", routers::switched_tokio),
    ("watch", routers::watched),
    ("watch-waiting", routers::watched_while_waiting),
    ("watch-futures", routers::watched_futures),
    ("rwlock", routers::locked),
    ("steer", routers::steered),
    ("stream-map", routers::mapped),
    ("ready", limit::ready),
    ("ready-peer", limit::buffered_ready),
    ("once", limit::once),
    ("once-peer", limit::buffered_once),
    ("unordered", limit::unordered),
];

/// Runs `items` items of `case`.
pub(crate) fn run(items: u64, case: &str) {
    let Some((_, run)) = CASES.iter().find(|(name, _)| *name == case) else {
        panic!("no case {case:?}; there is {}", CASES.map(|(name, _)| name).join(", "));
    };
    run(items);
}
