//! A change of the route away from a sink that never takes anything again.
//!
//! Nothing is timed. Tasks are run until none can run and no timer is left: what has not come by then never comes.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::Ordering;

use futures::executor::LocalSpawner;
use futures::task::LocalSpawnExt;
use futures::{StreamExt, stream};

use crate::desk::{Line, line};
use crate::manner::{Manner, Router};
use crate::time::{Time, run};

/// Items that the channel in front of a sink holds.
const ROOM: usize = 4;

/// Items of the source.
const ITEMS: u64 = 100;

/// What was seen until nothing could run any more.
#[derive(Default)]
struct Seen {
    returned: Cell<bool>,
    /// The first item that the new sink got, and how many times the router was polled for it.
    first: Cell<Option<(u64, u64)>>,
    arrived: Cell<u64>,
}

pub(crate) fn print() {
    println!(
        "\nA reroute away from a sink that is stalled for ever ({ROOM} items in its channel, one waits for room):\n"
    );
    println!(
        "| manner | the call | the new sink's first item | polls of the router until then | items that never arrive |"
    );
    println!("| --- | --- | --- | --- | --- |");
    for manner in Manner::ALL {
        let seen = watch(manner);
        let call = if seen.returned.get() { "returns" } else { "never returns" };
        let (first, polls) = match seen.first.get() {
            Some((item, polls)) => (format!("the {}th", item + 1), polls.to_string()),
            None => ("none, ever".to_owned(), String::new()),
        };
        println!("| {} | {call} | {first} | {polls} | {} |", manner.words(), ITEMS - seen.arrived.get());
    }
}

fn watch(manner: Manner) -> Rc<Seen> {
    let (time, seen) = (Time::default(), Rc::new(Seen::default()));
    let (clock, watched) = (time.clone(), Rc::clone(&seen));
    let end = run(&time, |spawner| async move {
        let (stalled, _never_asked) = line(ROOM);
        flow(manner, &clock, &spawner, stalled, watched).await;
        // Everything else goes on until nothing can.
        std::future::pending::<()>().await;
    });
    assert!(end.is_none(), "nothing is left that could run");
    if manner == Manner::Ours {
        assert_eq!(seen.first.get(), Some((ROOM as u64, 1)), "one wake-up, and the item that waited comes along");
    }
    seen
}

async fn flow(manner: Manner, time: &Time, spawner: &LocalSpawner, stalled: Line, seen: Rc<Seen>) {
    let (sound, received) = line(ROOM);
    let items = sound.desk.take(received);
    let mut router = Router::start(manner, spawner, stream::iter(0..ITEMS).boxed(), [stalled, sound]);
    // The clock moves when nothing can run: the flow is stuck at the stalled sink now.
    time.sleep(1).await;
    let (polls, before) = (router.polls.clone(), router.polls.load(Ordering::Relaxed));
    let watched = Rc::clone(&seen);
    let take = items.for_each(move |item| {
        if watched.first.get().is_none() {
            watched.first.set(Some((item, polls.load(Ordering::Relaxed) - before)));
        }
        watched.arrived.set(watched.arrived.get() + 1);
        std::future::ready(())
    });
    spawner.spawn_local(take).unwrap();
    router.reroute().await;
    seen.returned.set(true);
    time.sleep(1).await;
    if let Some(first) = router.first_new() {
        assert_eq!(seen.first.get().map(|(item, _)| item), Some(first), "the receipt tells the cut");
    }
}
