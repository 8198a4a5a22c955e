//! Edits from several threads while another sends.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use coroute::{Controller, EditError, Pipeline, Receipt, Refusal, Route, Switch};

/// An item, and the edits that made the stages it passed.
#[derive(Clone, Debug, PartialEq)]
struct Marked {
    number: u64,
    /// The revision that the sender knew of before it sent the item.
    known: u64,
    passed: Vec<u64>,
}

fn mark(edit: u64) -> impl FnMut(Marked) -> Marked + Send {
    move |mut item| {
        item.passed.push(edit);
        item
    }
}

/// Runs two editors beside a sender; every edit replaces both stages. Gives the outputs, and the revision of every edit.
fn run(edit: fn(&Controller, u64) -> Vec<u64>) -> (Vec<Marked>, HashMap<u64, u64>) {
    const EDITORS: u64 = 2;
    const EDITS: u64 = 400;
    let mut pipeline = Pipeline::new("p").stage("first", mark(0)).stage("second", mark(0));
    let latest = Arc::new(AtomicU64::new(0));
    let revisions = Arc::new(Mutex::new(HashMap::from([(0, 0)])));
    let editors: Vec<_> = (0..EDITORS)
        .map(|editor| {
            let controller = pipeline.controller();
            let (latest, revisions) = (Arc::clone(&latest), Arc::clone(&revisions));
            thread::spawn(move || {
                for number in 1..=EDITS {
                    let id = number * EDITORS + editor;
                    let made = edit(&controller, id);
                    let last = *made.last().unwrap();
                    revisions.lock().unwrap().insert(id, last);
                    latest.fetch_max(last, Ordering::Release);
                    thread::yield_now();
                }
            })
        })
        .collect();
    let mut outputs = Vec::new();
    let mut number = 0;
    loop {
        // Also when one of them panics.
        let over = editors.iter().all(JoinHandle::is_finished);
        let item = Marked { number, known: latest.load(Ordering::Acquire), passed: Vec::new() };
        outputs.push(pipeline.call(item).unwrap());
        number += 1;
        if over {
            break;
        }
    }
    editors.into_iter().for_each(|editor| editor.join().unwrap());
    let revisions = revisions.lock().unwrap().clone();
    (outputs, revisions)
}

/// Commits as often as there are too many edits that wait for the sender, which may not have had its turn.
fn commit(edit: impl Fn() -> Result<Receipt, EditError>) -> u64 {
    loop {
        match edit() {
            Ok(receipt) => return receipt.revision(),
            Err(error) => assert!(matches!(error.refusal(), Refusal::Flooded { .. }), "{error}"),
        }
        thread::yield_now();
    }
}

/// What is wrong with the outputs: G1 (one revision for the whole way), G3 (revisions never go back), G4 (an edit that was
/// known of before the item governs it).
fn violations(outputs: &[Marked], revisions: &HashMap<u64, u64>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut before = 0;
    for (at, item) in outputs.iter().enumerate() {
        let revision = revisions[&item.passed[0]];
        if item.number != at as u64 {
            wrong.push(format!("G2: item {} came out as number {at}", item.number));
        }
        if item.passed != vec![item.passed[0]; 2] {
            wrong.push(format!("G1: {item:?} passed stages of two edits"));
        }
        if revision < before {
            wrong.push(format!("G3: revision {revision} after {before}"));
        }
        if revision < item.known {
            wrong.push(format!("G4: revision {revision} for an item sent after {}", item.known));
        }
        before = revision;
    }
    wrong
}

#[test]
fn g1_g3_g4_every_output_is_explained_by_one_revision() {
    let (outputs, revisions) = run(|controller, id| {
        let both = || {
            controller.edit(|e| {
                e.replace("first", mark(id))?;
                e.replace("second", mark(id))
            })
        };
        vec![commit(both)]
    });
    assert_eq!(violations(&outputs, &revisions), Vec::<String>::new());
    assert_eq!(outputs.last().map(|item| revisions[&item.passed[0]]), Some(800), "the last edit governs the last item");
}

#[test]
fn g1_control_two_commits_in_the_place_of_one_are_caught() {
    // A commit each for what should be one edit: sooner or later an item passes between the two.
    let caught = (0..50).any(|_| {
        let (outputs, revisions) = run(|controller, id| {
            let first = commit(|| controller.replace("first", mark(id)));
            thread::yield_now();
            vec![first, commit(|| controller.replace("second", mark(id)))]
        });
        violations(&outputs, &revisions).iter().any(|wrong| wrong.starts_with("G1"))
    });
    assert!(caught);
}

#[test]
fn g4_control_an_edit_that_comes_too_late_is_caught() {
    let item = |known, edit| Marked { number: 0, known, passed: vec![edit, edit] };
    let revisions = HashMap::from([(0, 0), (7, 3)]);
    assert_eq!(violations(&[item(3, 7)], &revisions), Vec::<String>::new());
    assert_eq!(violations(&[item(3, 0)], &revisions), ["G4: revision 0 for an item sent after 3"]);
}

#[test]
fn g5_a_flood_of_edits_is_refused_and_handed_back() {
    let mut pipeline = Pipeline::new("p").stage("s", |x: i64| x);
    let controller = pipeline.controller();
    let refused = (0..2000).find_map(|_| controller.replace("s", |x: i64| x + 1).err()).unwrap();
    assert_eq!(
        refused.to_string(),
        "cannot replace \"s\": 1024 edits wait for the pipeline's next cycle; send an item, or call `apply` (where it is spawned, see what blocks it), and try again"
    );
    pipeline.apply();
    let receipt = controller.commit(refused.into_edit()).unwrap();
    assert_eq!(receipt.revision(), 1025);
    assert_eq!(pipeline.call(1).unwrap(), 2);
}

#[test]
fn g5_a_flood_of_routes_to_one_switch_is_taken_together() {
    let mut pipeline = Switch::new("s").target("a", |x: i64| x).target("b", |x: i64| -x).route("a").into_pipeline();
    let controller = pipeline.controller();
    let first = controller.route("s", "b").unwrap();
    for round in 0..5000 {
        controller.route("s", if round % 2 == 0 { "a" } else { "b" }).unwrap();
    }
    let kept = controller.route("s", Route::to("b")).unwrap();
    let last = controller.route("s", "a").unwrap();
    assert_eq!(pipeline.call(1).unwrap(), 1);
    assert_eq!(first.cut().map(|cut| cut.first_new), Some(0));
    assert_eq!(kept.cut().map(|cut| cut.first_new), Some(0), "it was overtaken, and its receipt knows it");
    assert_eq!(last.revision(), 5003);
}

#[test]
fn g9_a_receipt_can_be_waited_for_from_another_thread() {
    let mut pipeline = Pipeline::new("p").stage("s", |x: i64| x);
    let controller = pipeline.controller();
    let editor = thread::spawn(move || {
        let cut = controller.replace("s", |x: i64| -x).unwrap().wait().unwrap();
        let awaited = futures::executor::block_on(controller.replace("s", |x: i64| x + 1).unwrap().applied()).unwrap();
        (cut, awaited)
    });
    let mut items = 0;
    while !editor.is_finished() {
        pipeline.call(items).unwrap();
        items += 1;
    }
    let (cut, awaited) = editor.join().unwrap();
    assert_eq!(cut.last_old, cut.first_new.checked_sub(1));
    assert!(cut.first_new <= awaited.first_new && awaited.first_new <= items.cast_unsigned());
}

#[test]
fn g9_who_waits_for_a_pipeline_that_is_dropped_is_told() {
    let pipeline = Pipeline::new("p").stage("s", |x: i64| x);
    let receipt = pipeline.controller().replace("s", |x: i64| -x).unwrap();
    let waiting = thread::spawn(move || (receipt.wait(), futures::executor::block_on(receipt.applied())));
    drop(pipeline);
    assert_eq!(waiting.join().unwrap(), (None, None));
}

#[test]
fn g3_edits_are_committed_from_inside_a_stage_and_take_effect_at_the_next_cycle() {
    let handle: Arc<Mutex<Option<Controller>>> = Arc::default();
    let inside = Arc::clone(&handle);
    let mut pipeline = Pipeline::new("p")
        .stage("edits", move |x: i64| {
            if x == 1 {
                let controller = inside.lock().unwrap();
                controller.as_ref().unwrap().replace("last", |x: i64| x * 100).unwrap();
            }
            x
        })
        .stage("last", |x: i64| x * 10);
    *handle.lock().unwrap() = Some(pipeline.controller());
    assert_eq!(pipeline.call(1).unwrap(), 10, "the item under way keeps its revision");
    assert_eq!(pipeline.call(2).unwrap(), 200);
}
