//! What the random search has found where stages leave a flow with items inside, each made small and given a name.

use std::task::Poll;

use coroute::{FlowError, Output, Pipeline, Route, Stage, Switch, async_stage, try_async_stage, try_stage};
use futures::FutureExt;
use futures::channel::oneshot;

use crate::found_flow::{Bunch, all, bunch, is, next, send};

/// A stage that lets go of its items when the other end says so.
fn until() -> (impl Stage<i64, Out = i64>, oneshot::Sender<()>) {
    let (now, later) = oneshot::channel();
    let later = later.shared();
    let wait = move |x: i64| later.clone().map(move |_| x);
    (async_stage(4, wait), now)
}

/// Adds to its items.
struct Adds(i64);

impl Stage<i64> for Adds {
    type Out = i64;
    fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
        out.emit(item + self.0);
    }
}

#[test]
fn g2_a_hand_over_loses_nothing_of_what_was_in_the_place_before() {
    for old in [&[][..], &[7]] {
        let (slow, now) = until();
        let two = Switch::new("s").target("a", slow).route("a");
        let mut flow = Pipeline::new("p").stage("s", two).flow();
        old.iter().for_each(|item| send(&mut flow, *item));
        let first = flow.controller().replace("s", Adds(1)).unwrap();
        let second = flow.controller().replace_with::<i64, _, _>("s", |Adds(by)| Adds(by * 10)).unwrap();
        send(&mut flow, 1);
        now.send(()).unwrap();
        assert_eq!(all(&mut flow, old.len() + 1), [old, &[11]].concat());
        assert!(first.is_retired() && second.is_retired());
        assert!(first.take_pipeline::<i64, i64>("s").is_ok());
        assert_eq!(flow.ledger().in_flight(), 0);
    }
}

#[test]
fn g2_what_a_stage_holds_goes_to_its_heir_also_where_another_still_leaves_the_place() {
    let (slow, now) = until();
    let mut flow = Pipeline::new("p").stage("s", slow).flow();
    send(&mut flow, 1);
    drop(flow.controller().replace("s", bunch()).unwrap());
    send(&mut flow, 2);
    drop(flow.controller().replace_with::<i64, _, _>("s", |Bunch(items)| Bunch(items)).unwrap());
    send(&mut flow, 3);
    now.send(()).unwrap();
    assert_eq!(all(&mut flow, 1), [1]);
    assert_eq!(flow.ledger().in_flight(), 2);
    drop(flow.controller().remove("s").unwrap());
    assert_eq!(all(&mut flow, 2), [2, 3]);
}

#[test]
fn g9_a_stage_fails_by_its_new_name_also_where_another_still_leaves_the_place() {
    let (slow, now) = until();
    let mut flow = Pipeline::new("p").stage("s", slow).flow();
    send(&mut flow, 1);
    drop(flow.controller().replace("s", try_stage(|_: &i64| Err::<i64, _>("not this one"))).unwrap());
    drop(flow.controller().rename("s", "t").unwrap());
    send(&mut flow, 2);
    now.send(()).unwrap();
    is(1, next(&mut flow));
    let Poll::Ready(Some(Err(FlowError::Failed(failure)))) = next(&mut flow) else { panic!("it fails") };
    assert_eq!(failure.stage().to_string(), "t");
}

#[test]
fn g7_a_stage_gives_what_it_holds_before_it_is_handed_over_and_removed_where_another_still_leaves() {
    for waits in [false, true] {
        let (slow, now) = until();
        let two = Switch::new("s").target("a", slow).route("a");
        let mut flow = Pipeline::new("p").stage("s", two).flow();
        if waits {
            send(&mut flow, 1);
        }
        drop(flow.controller().replace("s", bunch()).unwrap());
        send(&mut flow, 2);
        let edit = flow.controller().edit(|e| {
            e.replace_with::<i64, _, _>("s", |Bunch(items)| {
                assert!(items.is_empty());
                Adds(0)
            })?;
            e.remove("s")
        });
        let _ = now.send(());
        let wanted: &[i64] = if waits { &[1, 2] } else { &[2] };
        assert_eq!(all(&mut flow, wanted.len()), wanted);
        assert!(edit.unwrap().is_retired());
    }
}

#[test]
fn g7_what_an_edit_puts_in_and_takes_out_again_gives_nothing_where_another_still_leaves() {
    for waits in [false, true] {
        let (slow, now) = until();
        let two = Switch::new("s").target("a", slow).route("a");
        let mut flow = Pipeline::new("p").stage("s", two).flow();
        if waits {
            send(&mut flow, 1);
        }
        let laden = || Pipeline::new("inner").stage("bunch", Bunch(vec![8]));
        let receipt = flow.controller().edit(|e| {
            e.replace("s", laden())?.push_back("s/add", |x: i64| x + 1)?.replace("s", Bunch(vec![9]))?;
            e.replace_with::<i64, _, _>("s", |Bunch(items)| Bunch(items))?.remove("s")
        });
        let receipt = receipt.unwrap();
        send(&mut flow, 2);
        let _ = now.send(());
        let wanted: &[i64] = if waits { &[1, 2] } else { &[2] };
        assert_eq!(all(&mut flow, wanted.len()), wanted);
        assert!(receipt.is_retired());
        assert_eq!(flow.ledger().in_flight(), 0);
    }
}

#[test]
fn g7_what_an_edit_puts_into_a_target_that_it_takes_out_gives_nothing() {
    let inner = Pipeline::new("inner").stage("add", |x: i64| x + 1);
    let (slow, _now) = until();
    let two = Switch::new("s").target("a", inner).target("b", slow).route("a");
    let mut flow = two.into_pipeline().flow();
    let (slow, _now) = until();
    let laden = Pipeline::new("laden").stage("bunch", Bunch(vec![9])).stage("slow", slow);
    let receipt = flow.controller().edit(|e| e.push_back("s/a/laden", laden)?.replace("s/a", Adds(10))).unwrap();
    send(&mut flow, 1);
    assert_eq!(all(&mut flow, 1), [11]);
    assert!(receipt.is_retired());
    assert_eq!(flow.ledger().in_flight(), 0);
}

#[test]
fn g1_an_item_that_a_stage_has_passed_goes_to_no_other_target_whatever_comes_first_there_now() {
    let (now, later) = oneshot::channel::<()>();
    let later = later.shared();
    let fails = move |x: i64| later.clone().map(move |_| Err::<i64, _>((x, "not this one")));
    let a = Pipeline::new("a").stage("add", |x: i64| x + 10).stage("fails", try_async_stage(4, fails));
    let b = |x: i64| x + 100;
    let route = Route::failover(["a", "b"]);
    let mut flow = Switch::new("s").target("a", a).target("b", b).route(route).into_pipeline().flow();
    send(&mut flow, 1);
    drop(flow.controller().move_before("s/a/fails", "s/a/add").unwrap());
    assert!(next(&mut flow).is_pending());
    now.send(()).unwrap();
    let Poll::Ready(Some(Err(FlowError::Failed(failure)))) = next(&mut flow) else { panic!("it fails") };
    assert_eq!((failure.stage().to_string().as_str(), failure.into_item::<i64>().ok()), ("s/a/fails", Some(11)));
}

#[test]
fn g2_an_item_that_no_stage_has_passed_goes_to_another_target_whatever_comes_first_there_now() {
    let (now, later) = oneshot::channel::<()>();
    let later = later.shared();
    let fails = move |x: i64| later.clone().map(move |_| Err::<i64, _>((x, "not this one")));
    let a = Pipeline::new("a").stage("fails", try_async_stage(4, fails)).stage("add", |x: i64| x + 10);
    let b = |x: i64| x + 100;
    let route = Route::failover(["a", "b"]);
    let mut flow = Switch::new("s").target("a", a).target("b", b).route(route).into_pipeline().flow();
    send(&mut flow, 1);
    drop(flow.controller().move_after("s/a/fails", "s/a/add").unwrap());
    assert!(next(&mut flow).is_pending());
    now.send(()).unwrap();
    is(101, next(&mut flow));
    assert_eq!(flow.ledger().failed(), 0);
}

#[test]
fn g2_an_item_that_no_stage_has_passed_goes_on_to_one_target_after_another() {
    let fails = || try_async_stage(4, |x: i64| async move { Err::<i64, _>((x, "not this one")) });
    let targets = Switch::new("s").target("a", fails()).target("b", fails()).target("c", |x: i64| x + 100);
    let mut flow = targets.route(Route::failover(["a", "b", "c"])).into_pipeline().flow();
    send(&mut flow, 1);
    is(101, next(&mut flow));
}
