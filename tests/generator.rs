//! A generator as the controller of a switch: it names the target of every cycle, and misuse of it comes out as an error.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use coroute::{BodyError, CallError, Failure, Hold, Path, Pipeline, Route, SendError, Switch, Turn};
use futures::FutureExt;

fn sent(pipeline: &mut Pipeline<i64, i64>, items: impl IntoIterator<Item = i64>) -> Vec<i64> {
    let mut out = Vec::new();
    pipeline.send_all(items, |item| out.push(item)).unwrap();
    out
}

/// The item that no target got, and why.
fn refused(pipeline: &mut Pipeline<i64, i64>, item: i64) -> (i64, BodyError) {
    let Err(SendError::Failed(failures)) = pipeline.send(item, |_| ()) else { panic!("{item} does not fail") };
    let [failure] = <[Failure; 1]>::try_from(failures).unwrap();
    let why = *failure.error().downcast_ref::<BodyError>().unwrap();
    (failure.into_item::<i64>().unwrap(), why)
}

fn fork(route: Route) -> Pipeline<i64, i64> {
    Switch::new("fork").target("add", |x: i64| x + 1).target("prod", |x: i64| x * 2).route(route).into_pipeline()
}

fn counted(asked: &Arc<AtomicUsize>) -> Route {
    let asked = Arc::clone(asked);
    Route::generator(["add", "prod"], |mut turn: Turn| async move {
        loop {
            for target in ["add", "prod"] {
                asked.fetch_add(1, Ordering::Relaxed);
                turn.to(target).await;
            }
        }
    })
}

#[test]
fn g4_a_generator_is_asked_once_per_item_and_never_earlier() {
    let asked = Arc::new(AtomicUsize::new(0));
    let mut pipeline = fork(counted(&asked));
    pipeline.apply();
    assert_eq!(asked.load(Ordering::Relaxed), 0);
    for (at, (item, out)) in [(4, 5), (8, 16), (10, 11)].into_iter().enumerate() {
        assert_eq!(pipeline.call(item).unwrap(), out);
        assert_eq!(asked.load(Ordering::Relaxed), at + 1);
    }
    assert_eq!(sent(&mut pipeline, [1, 1, 1]), [2, 2, 2]);
    assert_eq!(asked.load(Ordering::Relaxed), 6);
    pipeline.controller().pause().unwrap();
    pipeline.call(1).unwrap_err();
    assert_eq!(asked.load(Ordering::Relaxed), 6, "an item that is held back is no cycle");
}

#[test]
fn a_generator_begins_anew_with_every_commit_of_it() {
    let asked = Arc::new(AtomicUsize::new(0));
    let mut pipeline = fork(counted(&asked));
    assert_eq!(sent(&mut pipeline, [10]), [11]);
    pipeline.controller().route("fork", counted(&asked)).unwrap();
    assert_eq!(sent(&mut pipeline, [10, 10]), [11, 20]);
    pipeline.controller().route("fork", "prod").unwrap();
    assert_eq!(sent(&mut pipeline, [10, 10]), [20, 20]);
    assert_eq!(asked.load(Ordering::Relaxed), 3);
}

#[test]
fn g2_a_stranger_s_name_fails_the_item_and_the_next_one_asks_again() {
    let route = Route::generator(["add", "prod"], |mut turn| async move {
        turn.to("power").await;
        turn.to("prod").await;
    });
    let mut pipeline = fork(route);
    let Err(CallError::Failed(mut failures)) = pipeline.call(3) else { panic!("no target is called power") };
    let failure = failures.remove(0);
    insta::assert_snapshot!(failure, @r#"stage "fork" failed on cycle 0, revision 0: the generator named "power", which is not in its route"#);
    assert_eq!(failure.into_item::<i64>().unwrap(), 3);
    assert_eq!(pipeline.call(3).unwrap(), 6);
}

#[test]
fn a_target_that_was_renamed_has_its_new_name_for_the_generator() {
    let route = Route::generator(["add", "prod"], |mut turn| async move {
        turn.to("add").await;
        turn.to("plus").await;
    });
    let mut pipeline = fork(route);
    assert_eq!(pipeline.call(3).unwrap(), 4);
    pipeline.controller().rename("fork/add", "plus").unwrap();
    assert_eq!(pipeline.call(3).unwrap(), 4);
}

#[test]
fn g5_when_a_generator_returns_the_switch_holds_items_back() {
    let mut pipeline = fork(Route::generator(["add", "prod"], |mut turn| async move { turn.to("add").await }));
    assert_eq!(pipeline.call(1).unwrap(), 2);
    // Only the item that asks finds out that there is no name any more.
    assert_eq!(refused(&mut pipeline, 2), (2, BodyError::Returned));
    let Err(CallError::Held(held)) = pipeline.call(3) else { panic!("the switch holds items back") };
    assert_eq!((held.item, held.why), (3, Hold::NoTarget { switch: Path::new("fork").unwrap() }));
    pipeline.controller().route("fork", "prod").unwrap();
    assert_eq!(pipeline.call(3).unwrap(), 6);
}

#[test]
fn g2_a_generator_that_waits_for_something_else_fails_the_item() {
    let mut pipeline = fork(Route::generator(["add"], |_| std::future::pending()));
    assert_eq!(refused(&mut pipeline, 2), (2, BodyError::Foreign));
    assert!(matches!(pipeline.call(3), Err(CallError::Held(_))));
    assert!(pipeline.ledger().is_balanced());
}

#[test]
fn g6_a_generator_that_panicked_poisons_its_switch_until_that_is_routed() {
    let route = Route::generator(["add"], |_| async { panic!("no name") });
    let mut pipeline = fork(route);
    assert!(catch_unwind(AssertUnwindSafe(|| pipeline.call(1))).is_err());
    assert!(pipeline.ledger().is_balanced());
    let Err(CallError::Held(held)) = pipeline.call(2) else { panic!("it is poisoned") };
    assert_eq!(held.why, Hold::Poisoned { stage: Path::new("fork").unwrap() });
    pipeline.controller().route("fork", "add").unwrap();
    assert_eq!(pipeline.call(2).unwrap(), 3, "what panicked was the route, and it is gone");
}

#[test]
fn g4_a_generator_may_hold_a_controller() {
    let mut pipeline = fork(Route::none());
    let controller = pipeline.controller();
    let theirs = controller.clone();
    let route = Route::generator(["add", "prod"], |mut turn| async move {
        turn.to("add").await;
        theirs.insert_before("fork", "neg", |x: i64| -x).unwrap();
        turn.to("prod").await;
        turn.to("prod").await;
    });
    controller.route("fork", route).unwrap();
    assert_eq!(sent(&mut pipeline, [1]), [2]);
    assert_eq!(sent(&mut pipeline, [1]), [2], "committed in the middle of this item");
    assert_eq!(sent(&mut pipeline, [1]), [-2]);
}

#[test]
fn a_turn_that_is_named_and_given_up_names_nothing() {
    let route = Route::generator(["add", "prod"], |mut turn| async move {
        loop {
            let _ = turn.to("add").now_or_never();
            turn.to("prod").await;
        }
    });
    let mut pipeline = fork(route);
    assert_eq!(pipeline.call(3).unwrap(), 6);
}

#[test]
fn a_turn_that_left_its_generator_does_not_panic() {
    let kept = Arc::new(Mutex::new(None));
    let theirs = Arc::clone(&kept);
    let route = Route::generator(["add"], move |turn| async move { *theirs.lock().unwrap() = Some(turn) });
    let mut pipeline = fork(route);
    assert_eq!(refused(&mut pipeline, 1), (1, BodyError::Returned));
    let mut turn = kept.lock().unwrap().take().unwrap();
    let _ = turn.to("add").now_or_never();
}
