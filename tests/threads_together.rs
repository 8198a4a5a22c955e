//! Items that travel together on threads, behind an edit that has not come to its place yet: what comes of them is what would
//! come of each alone.

use std::sync::Mutex;
use std::sync::mpsc;

use coroute::{
    Edit, FlowError, Pipeline, Refusal, Route, SendError, Switch, filter, flat_map, thread, try_stage, workers,
};

/// An output, or the cycle and the words of a failure.
type News = Result<i64, (u64, String)>;

/// What is edited: a thread that can be held up, and behind it a switch.
fn pipeline(held: impl FnMut(i64) -> i64 + Send + 'static) -> Pipeline<i64, i64> {
    let switch = Switch::new("s")
        .target("plain", |x: i64| x + 100)
        .target("picky", try_stage(|x: &i64| if *x % 3 == 0 { Err("by three") } else { Ok(*x + 200) }))
        .target("threads", workers(2, || |x: i64| x + 300))
        .route("plain");
    Pipeline::new("p")
        .thread("t", |t| t.stage("held", held))
        .stage("add", |x: i64| x + 1)
        .switch(switch)
        .stage("last", |x: i64| x)
}

fn edit(change: fn(&mut Edit) -> Result<(), Refusal>) -> Edit {
    let mut edit = Edit::new();
    change(&mut edit).expect("it can be said");
    edit
}

/// One by one in one thread: item 0, the edit, twenty items.
fn alone(change: fn(&mut Edit) -> Result<(), Refusal>) -> Vec<News> {
    let mut pipeline = pipeline(|x| x);
    let controller = pipeline.controller();
    let mut news = Vec::new();
    for x in 0..=20 {
        let mut outputs = Vec::new();
        let sent = pipeline.send(x, |output| outputs.push(output));
        news.extend(outputs.into_iter().map(Ok));
        if let Err(error) = sent {
            let SendError::Failed(failures) = error else { panic!("it takes the item: {error}") };
            news.extend(failures.into_iter().map(|failure| Err((failure.cycle(), failure.to_string()))));
        }
        if x == 0 {
            controller.commit(edit(change)).unwrap();
        }
    }
    news
}

/// On threads, of which one is held up by item 0 until all have been accepted.
fn together(change: fn(&mut Edit) -> Result<(), Refusal>) -> Vec<News> {
    let (begin, begun) = mpsc::channel();
    let (open, opened) = mpsc::channel::<()>();
    let opened = Mutex::new(opened);
    let held = move |x: i64| {
        if x == 0 {
            begin.send(()).unwrap();
            opened.lock().unwrap().recv().unwrap();
        }
        x
    };
    let mut running = pipeline(held).spawn().unwrap();
    let controller = running.controller();
    running.send(0).unwrap();
    begun.recv().unwrap();
    let receipt = controller.commit(edit(change)).unwrap();
    running.send_all(1..=20).unwrap();
    running.settle().unwrap();
    assert!(!receipt.is_retired(), "the edit is still behind item 0");
    open.send(()).unwrap();
    let mut news = Vec::new();
    running.flush().unwrap();
    while let Ok(next) = running.try_recv() {
        news.push(match next {
            Ok(output) => Ok(output),
            Err(FlowError::Failed(failure)) => Err((failure.cycle(), failure.to_string())),
            Err(other) => panic!("{other}"),
        });
    }
    running.finish().unwrap();
    news
}

fn check(change: fn(&mut Edit) -> Result<(), Refusal>) {
    assert_eq!(together(change), alone(change));
}

#[test]
fn g2_g6_behind_an_edit_that_puts_in_a_stage_that_fails() {
    check(|e| {
        e.insert_after("t", "odd", try_stage(|x: &i64| if *x % 2 == 0 { Err("even") } else { Ok(*x) })).map(drop)
    });
}

#[test]
fn g2_g6_behind_an_edit_that_puts_in_stages_that_drop_and_split_and_fail() {
    check(|e| {
        e.insert_after("t", "odd", filter(|x: &i64| x % 2 == 1))?;
        e.insert_after("odd", "twice", flat_map(|x: i64| [x, -x]))?;
        e.insert_after("twice", "small", try_stage(|x: &i64| if *x > 9 { Err("large") } else { Ok(*x) })).map(drop)
    });
}

#[test]
fn g2_g6_behind_an_edit_that_routes_to_a_stage_that_fails() {
    check(|e| e.route("s", "picky").map(drop));
}

#[test]
fn g2_behind_an_edit_that_routes_by_turns_to_targets_one_of_which_fails() {
    check(|e| e.route("s", Route::round_robin(["plain", "picky", "threads"])).map(drop));
}

#[test]
fn g2_behind_an_edit_that_leaves_items_alike() {
    check(|e| {
        e.replace("t/held", |x: i64| x * 2)?;
        e.insert_after("t", "more", thread(Pipeline::new("more").stage("more", |x: i64| x + 7)))?;
        e.remove("add")?;
        e.route("s", "threads").map(drop)
    });
}

#[test]
fn g2_behind_an_edit_that_attaches_what_it_routes_to() {
    check(|e| {
        e.attach("s", "new", flat_map(|x: i64| vec![x; (x % 3) as usize]))?;
        e.route("s", Route::by_key(["new", "picky"], |x: &i64| x % 2)).map(drop)
    });
}
