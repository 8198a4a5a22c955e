//! What edits do to what is inside: flushing, handing over, taking back.

mod engines;

use coroute::{Output, Pipeline, Refusal, Stage, Switch, TakeError};

use engines::{Engine, Run, each_engine};

/// Gives its items on in groups, as their sum; holds back the group that is not full.
#[derive(Debug, PartialEq)]
struct Groups {
    size: usize,
    items: Vec<i64>,
}

fn groups(size: usize) -> Groups {
    Groups { size, items: Vec::new() }
}

impl Stage<i64> for Groups {
    type Out = i64;

    fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
        self.items.push(item);
        if self.items.len() >= self.size {
            out.emit(self.items.drain(..).sum());
        }
    }

    fn finish(&mut self, out: &mut Output<'_, i64>) {
        if !self.items.is_empty() {
            out.emit(self.items.drain(..).sum());
        }
    }

    fn held(&self) -> usize {
        self.items.len()
    }
}

fn sent(pipeline: &mut Run<i64, i64>, items: impl IntoIterator<Item = i64>) -> Vec<i64> {
    let mut outputs = Vec::new();
    for item in items {
        pipeline.send(item, |output| outputs.push(output)).unwrap();
        assert!(pipeline.ledger().is_balanced(), "{}", pipeline.ledger());
    }
    outputs
}

#[test]
fn g2_what_a_removed_stage_holds_comes_out_first() {
    each_engine(|engine| {
        let mut pipeline = engine.run(Pipeline::new("p").stage("groups", groups(3)).stage("neg", |x: i64| -x));
        assert_eq!(sent(&mut pipeline, [1, 2]), []);
        assert_eq!(pipeline.ledger().in_flight(), 2);
        let receipt = pipeline.controller().remove("groups").unwrap();
        assert_eq!(sent(&mut pipeline, [10]), [-3, -10]);
        assert_eq!(receipt.take::<Groups>("groups").unwrap(), groups(3));
    });
}

#[test]
fn g1_what_a_removed_stage_holds_goes_through_the_old_stages_behind_it() {
    each_engine(|engine| {
        let build =
            || Pipeline::new("p").stage("groups", groups(3)).stage("mark", |x: i64| x + 1000).stage("last", |x: i64| x);
        // Whatever the order of the changes in the edit.
        for flipped in [false, true] {
            let mut pipeline = engine.run(build());
            assert_eq!(sent(&mut pipeline, [1, 2]), []);
            pipeline
                .controller()
                .edit(|e| {
                    if flipped {
                        e.replace("mark", |x: i64| x + 5000)?;
                        e.move_after("mark", "last")?;
                        e.remove("groups")
                    } else {
                        e.remove("groups")?;
                        e.replace("mark", |x: i64| x + 5000)
                    }
                })
                .unwrap();
            assert_eq!(sent(&mut pipeline, [10]), [1003, 5010]);
        }
    });
}

#[test]
fn g2_two_stages_that_leave_flush_first_to_last() {
    each_engine(|engine| {
        let mut pipeline = engine.run(Pipeline::new("p").stage("first", groups(3)).stage("second", groups(3)));
        assert_eq!(sent(&mut pipeline, [1, 2, 3, 4]), []);
        assert_eq!(pipeline.ledger().in_flight(), 2);
        pipeline
            .controller()
            .edit(|e| {
                e.remove("second")?;
                e.remove("first")
            })
            .unwrap();
        assert_eq!(sent(&mut pipeline, [100]), [10, 100], "the 4 joined the 6 in the second stage");
    });
}

#[test]
fn g2_outputs_that_were_set_free_between_cycles_wait_for_the_next_call() {
    let mut pipeline = Engine::Local.run(Pipeline::new("p").stage("groups", groups(5)));
    assert_eq!(sent(&mut pipeline, [1, 2]), []);
    pipeline.controller().remove("groups").unwrap();
    pipeline.apply();
    assert_eq!((pipeline.ledger().delivered(), pipeline.ledger().in_flight()), (0, 1));
    assert!(pipeline.ledger().is_balanced());
    assert_eq!(sent(&mut pipeline, [7]), [3, 7]);
    assert_eq!((pipeline.ledger().delivered(), pipeline.ledger().in_flight()), (2, 0));
}

#[test]
fn g2_a_used_pipeline_can_be_extended_and_its_ledger_still_adds_up() {
    let mut pipeline = Pipeline::new("p").stage("groups", groups(5));
    pipeline.send_all([1, 2], |sum| panic!("{sum} is not a whole group")).unwrap();
    pipeline.controller().remove("groups").unwrap();
    pipeline.apply();
    let mut pipeline = pipeline.stage("text", |x: i64| x.to_string());
    assert_eq!(pipeline.call(7).unwrap(), "7");
    let ledger = pipeline.ledger();
    assert_eq!((ledger.delivered(), ledger.dropped(), ledger.in_flight()), (1, 2, 0), "{ledger}");
    assert!(ledger.is_balanced());
}

#[test]
fn g4_stages_put_behind_all_by_waiting_edits_stay_in_front_of_what_the_builder_adds() {
    let pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1).stage("double", |x: i64| x * 2);
    let controller = pipeline.controller();
    controller.push_back("cube", |x: i64| x * x * x).unwrap();
    controller.move_after("add", "cube").unwrap();
    let mut pipeline = pipeline.stage("show", |x: i64| x.to_string()).stage("mark", |x: String| x + "!");
    assert_eq!(pipeline.call(1).unwrap(), "9!");
}

#[test]
fn g2_stages_that_an_edit_moves_hands_over_and_removes_flush_from_where_they_were() {
    each_engine(|engine| {
        let mut pipeline = engine.run(
            Pipeline::new("p")
                .stage("first", groups(3))
                .stage("inner", Pipeline::new("inner").stage("neg", |x: i64| -x).stage("second", groups(3)))
                .stage("third", groups(9)),
        );
        assert_eq!(sent(&mut pipeline, [1, 2, 3, 4]), []);
        pipeline
            .controller()
            .edit(|e| {
                e.replace_with("third", |old: Groups| Groups { size: 5, ..old })?;
                e.push_front("fresh", groups(2))?;
                e.move_before("third", "fresh")?;
                e.remove("third")?;
                e.move_before("inner", "first")?;
                e.remove("inner/second")?;
                e.remove("fresh")?;
                e.remove("first")
            })
            .unwrap();
        assert_eq!(sent(&mut pipeline, [100]), [-10, -100], "the 4 joined the 6, and both the third stage");
        assert!(pipeline.ledger().is_balanced());
    });
}

#[test]
fn g2_a_hand_over_takes_the_held_items_along() {
    each_engine(|engine| {
        let mut pipeline = engine.run(Pipeline::new("p").stage("groups", groups(5)));
        assert_eq!(sent(&mut pipeline, [1, 2]), []);
        pipeline.controller().replace_with("groups", |old: Groups| Groups { size: 3, ..old }).unwrap();
        assert_eq!(sent(&mut pipeline, [10]), [13]);
        let error = pipeline.controller().replace_with("groups", |_: Wrong| groups(1)).unwrap_err();
        assert!(matches!(error.refusal(), Refusal::HandOver { .. }), "{error}");
    });
}

struct Wrong;

impl Stage<i64> for Wrong {
    type Out = i64;
    fn process(&mut self, _: i64, _: &mut Output<'_, i64>) {}
}

#[test]
fn g2_a_detached_target_flushes_through_the_stages_behind_the_switch() {
    each_engine(|engine| {
        let switch = Switch::new("s").target("a", groups(3)).target("b", |x: i64| x).route("a");
        let mut pipeline = engine.run(Pipeline::new("p").stage("s", switch).stage("neg", |x: i64| -x));
        assert_eq!(sent(&mut pipeline, [1, 2]), []);
        let receipt = pipeline
            .controller()
            .edit(|e| {
                e.route("s", "b")?;
                e.detach("s", "a")
            })
            .unwrap();
        assert_eq!(sent(&mut pipeline, [10]), [-3, -10]);
        assert_eq!(receipt.take::<Groups>("s/a").unwrap().size, 3);
        assert!(matches!(receipt.take::<Groups>("s/a"), Err(TakeError::Unknown { .. })), "once only");
    });
}

#[test]
fn g9_a_removed_pipeline_comes_back_and_runs_alone() {
    each_engine(|engine| {
        let inner = Pipeline::new("inner").stage("add", |x: i64| x + 1).stage("groups", groups(2));
        let mut pipeline = engine.run(Pipeline::new("p").stage("inner", inner).stage("neg", |x: i64| -x));
        assert_eq!(sent(&mut pipeline, [1]), []);
        pipeline.controller().insert_after("inner/add", "ten", |x: i64| x * 10).unwrap();
        let receipt = pipeline.controller().remove("inner").unwrap();
        assert_eq!(sent(&mut pipeline, [5]), [-2, -5]);
        let mut alone = engine.run(receipt.take_pipeline::<i64, i64>("inner").unwrap());
        assert_eq!(sent(&mut alone, [1, 2]), [50]);
        assert_eq!(alone.topology().get("ten").map(|node| node.name().as_str()), Some("ten"));
        alone.controller().remove("groups").unwrap();
        assert_eq!(sent(&mut alone, [3]), [40]);
    });
}

#[test]
fn g9_a_removed_switch_comes_back_with_its_targets() {
    each_engine(|engine| {
        let switch = Switch::new("s").target("a", groups(2)).target("b", |x: i64| -x).route("a");
        let mut pipeline = engine.run(Pipeline::new("p").stage("s", switch));
        let receipt = pipeline.controller().remove("s").unwrap();
        assert_eq!(sent(&mut pipeline, [5]), [5]);
        let mut alone = engine.run(receipt.take_pipeline::<i64, i64>("s").unwrap());
        assert_eq!(sent(&mut alone, [1, 2]), [3]);
        alone.controller().route("s", "b").unwrap();
        assert_eq!(sent(&mut alone, [4]), [-4]);
    });
}

#[test]
fn g0_a_controller_of_a_nested_pipeline_says_where_to_go() {
    each_engine(|engine| {
        let inner = Pipeline::new("inner").stage("add", |x: i64| x + 1);
        let theirs = inner.controller();
        let mut pipeline = engine.run(Pipeline::new("p").stage("inner", inner));
        let error = theirs.remove("add").unwrap_err();
        assert!(matches!(error.refusal(), Refusal::Adopted), "{error}");
        pipeline.controller().replace("inner/add", |x: i64| x + 2).unwrap();
        assert_eq!(pipeline.call(1).unwrap(), 3);
        drop(pipeline);
        assert!(matches!(theirs.remove("add").unwrap_err().refusal(), Refusal::Adopted));
    });
}

#[test]
fn g0_a_refused_edit_comes_back_with_its_stages() {
    each_engine(|engine| {
        let mut pipeline = engine.run(Pipeline::new("p").stage("add", |x: i64| x + 1));
        let controller = pipeline.controller();
        let before = controller.topology();
        let error = controller
            .edit(|e| {
                e.insert_after("add", "neg", |x: i64| -x)?;
                e.insert_after("neg", "ten", |x: i64| x * 10)?;
                e.move_before("ten", "add")?;
                e.remove("nobody")
            })
            .unwrap_err();
        assert_eq!((error.change(), controller.topology()), (3, before));
        assert_eq!(pipeline.call(1).unwrap(), 2);
        let edit = error.into_edit();
        assert_eq!(edit.to_string(), "insert neg after add; insert ten after neg; move ten before add; remove nobody");
        // With what it lacked it is accepted, and still has its stages.
        controller.push_back("nobody", |x: i64| x).unwrap();
        controller.commit(edit).unwrap();
        assert_eq!(pipeline.call(1).unwrap(), -11);
    });
}

#[test]
fn g8_a_tap_keeps_its_place() {
    each_engine(|engine| {
        let (send, seen) = std::sync::mpsc::channel();
        let mut pipeline = engine.run(Pipeline::new("p").stage("a", |x: i64| x + 1).stage("b", |x: i64| x * 10));
        let controller = pipeline.controller();
        controller.tap("a", "watch", move |x: &i64| send.send(*x).unwrap()).unwrap();
        controller.insert_after("a", "more", |x: i64| x + 100).unwrap();
        controller.replace("a", |x: i64| x + 2).unwrap();
        assert_eq!(pipeline.call(1).unwrap(), 1030);
        controller.move_after("a", "b").unwrap();
        assert_eq!(pipeline.call(1).unwrap(), 1012);
        controller.remove("watch").unwrap();
        assert_eq!(pipeline.call(1).unwrap(), 1012);
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), [3, 1012]);
    });
}

#[test]
fn types_may_turn_and_edits_fit_in_between() {
    each_engine(|engine| {
        let mut pipeline = engine.run(
            Pipeline::new("p")
                .stage("parse", |text: String| text.len())
                .stage("wide", |length: usize| length as i64)
                .stage("print", |x: i64| format!("<{x}>")),
        );
        let controller = pipeline.controller();
        assert_eq!(pipeline.call("abc".into()).unwrap(), "<3>");
        controller.push_front("trim", |text: String| text.trim().to_owned()).unwrap();
        controller.insert_after("parse", "double", |length: usize| length * 2).unwrap();
        controller.insert_before("print", "neg", |x: i64| -x).unwrap();
        controller.push_back("wrap", |text: String| format!("[{text}]")).unwrap();
        assert_eq!(pipeline.call(" abc ".into()).unwrap(), "[<-6>]");
        controller.replace("wide", |length: usize| length as i64 + 1000).unwrap();
        assert_eq!(pipeline.call("abc".into()).unwrap(), "[<-1006>]");
        let error = controller.replace("wide", |length: usize| length).unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot replace \"wide\": it turns usize into usize, and that place needs usize to i64"
        );
    });
}
