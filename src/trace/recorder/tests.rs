//! Items that wait are recorded as if they had not.

use std::sync::Arc;

use super::super::log::{Log, SharedLog, read};
use super::super::{Lost, Places, Reason, Recording, TraceRow};
use super::parked::Parked;
use super::{Detail, Recorder};
use crate::change::Change;
use crate::name::{Name, NodeId, Path};

/// The stages of `first > switch[left, right] > last`, where `right` is a pipeline with one stage.
#[derive(Clone, Copy)]
struct Stages {
    first: NodeId,
    switch: NodeId,
    left: NodeId,
    right: NodeId,
    inner: NodeId,
    last: NodeId,
}

impl Stages {
    fn new() -> Self {
        let id = NodeId::next;
        Self { first: id(), switch: id(), left: id(), right: id(), inner: id(), last: id() }
    }

    /// Where they are, with `suffix` behind the outermost names.
    fn places(self, suffix: &str) -> Arc<Places> {
        let mut places = Places::default();
        let mut add = |id, path: &str| places.add(id, Path::new(path).unwrap());
        add(self.first, &format!("first{suffix}"));
        add(self.switch, &format!("switch{suffix}"));
        add(self.left, &format!("switch{suffix}/left"));
        add(self.right, &format!("switch{suffix}/right"));
        add(self.inner, &format!("switch{suffix}/right/inner"));
        add(self.last, &format!("last{suffix}"));
        Arc::new(places)
    }
}

/// A recorder that knows the places at revision 0.
fn recorder(recording: Recording, stages: Stages) -> (Recorder, SharedLog) {
    let log = Log::share(recording, Some((0, stages.places(""))));
    (Recorder::new(Arc::clone(&log)), log)
}

fn renamed() -> Vec<Change> {
    vec![Change::Rename { stage: Path::new("first").unwrap(), to: Name::new("first1").unwrap() }]
}

type Step = fn(&mut Recorder, Stages);

const TO_LEFT: &[Step] = &[
    |it, s| it.target(s.switch, &Name::new("left").unwrap(), 0),
    |it, _| it.reason(|| Reason::All),
    |it, _| it.enter(),
    |it, s| it.stage(s.left),
    |it, s| it.lost(s.left, Lost::Failed, Some("on the\nleft".to_owned())),
    |it, s| it.lost(s.left, Lost::Held, None),
    |it, _| it.leave(),
];

const TO_RIGHT: &[Step] = &[
    |it, s| it.target(s.switch, &Name::new("right").unwrap(), 1),
    |it, _| it.reason(|| Reason::Only),
    |it, _| it.enter(),
    |it, _| it.enter(),
    |it, s| it.stage(s.inner),
    |it, s| it.lost(s.inner, Lost::Dropped, None),
    |it, _| it.leave(),
    |it, _| it.leave(),
];

const FIRST: &[Step] = &[|it, s| it.stage(s.first)];
const LAST: &[Step] = &[|it, s| it.stage(s.last)];

fn all_steps() -> Vec<Step> {
    [FIRST, TO_LEFT, TO_RIGHT, LAST].concat()
}

fn go(recorder: &mut Recorder, stages: Stages, steps: &[Step]) {
    steps.iter().for_each(|step| step(recorder, stages));
}

/// What the local engine records of cycle 0, and the marks of it.
fn at_once(recording: Recording, stages: Stages) -> (Vec<TraceRow>, u64, Vec<u64>) {
    let (mut recorder, log) = recorder(recording, stages);
    let places = stages.places("");
    recorder.begin(0, false);
    go(&mut recorder, stages, &all_steps());
    let (sum, marks) = (recorder.hand.sum, recorder.hand.marks.clone());
    recorder.close(0, 0, &[(), ()], &|id| places.find(id));
    (read(&log).rows().to_vec(), sum, marks)
}

fn both() -> [Recording; 2] {
    [Recording::items(), Recording::runs()]
}

#[test]
fn an_item_that_waits_anywhere_has_the_row_of_one_that_does_not() {
    let stages = Stages::new();
    for wait in 0..=all_steps().len() {
        for (recording, same) in both().into_iter().zip(both()) {
            let (mut recorder, log) = recorder(recording, stages);
            recorder.begin(0, false);
            let (before, behind) = (&all_steps()[..wait], &all_steps()[wait..]);
            go(&mut recorder, stages, before);
            let parked = recorder.park();
            assert!(parked.is_some() && !recorder.hand.wanted, "nothing is in hand");
            recorder.begin(1, false);
            go(&mut recorder, stages, FIRST);
            let other = recorder.park();
            recorder.unpark(parked);
            go(&mut recorder, stages, behind);
            let (rows, sum, marks) = at_once(same, stages);
            assert_eq!((recorder.hand.sum, &recorder.hand.marks), (sum, &marks), "waited at {wait}");
            recorder.close_parked(0, 0, &[(), ()]);
            assert_eq!(read(&log).rows(), rows, "waited at {wait}");
            recorder.unpark(other);
            recorder.close_parked(1, 0, &[()]);
            assert_eq!(read(&log).rows()[1].way().unwrap().to_string(), "first");
        }
    }
}

#[test]
fn parts_put_together_are_what_the_whole_would_have_been() {
    let stages = Stages::new();
    for (recording, same) in both().into_iter().zip(both()) {
        let (mut recorder, log) = recorder(recording, stages);
        recorder.begin(0, false);
        go(&mut recorder, stages, FIRST);
        let mut whole = recorder.park().unwrap();
        let mut part = |steps: &[Step]| -> Box<Parked> {
            recorder.unpark(Some(whole.part()));
            go(&mut recorder, stages, steps);
            recorder.park().unwrap()
        };
        // The right one is done first, and it is told from outside that it has come out of its pipeline and of the switch.
        let (inside, _) = TO_RIGHT.split_at(TO_RIGHT.len() - 2);
        let mut right = part(inside);
        right.leave();
        right.leave();
        let left = part(TO_LEFT);
        whole.append(left);
        whole.append(right);
        recorder.unpark(Some(whole));
        go(&mut recorder, stages, LAST);
        let (rows, sum, marks) = at_once(same, stages);
        assert_eq!((recorder.hand.sum, &recorder.hand.marks), (sum, &marks));
        recorder.close_parked(0, 0, &[(), ()]);
        assert_eq!(read(&log).rows(), rows);
    }
}

#[test]
fn a_part_is_as_deep_as_the_whole() {
    let stages = Stages::new();
    let (mut recorder, log) = recorder(Recording::items(), stages);
    recorder.begin(0, false);
    recorder.enter();
    recorder.target(stages.switch, &Name::new("left").unwrap(), 0);
    recorder.enter();
    let mut whole = recorder.park().unwrap();
    recorder.unpark(Some(whole.part()));
    recorder.stage(stages.left);
    recorder.stage(stages.inner);
    whole.append(recorder.park().unwrap());
    recorder.unpark(Some(whole));
    recorder.stage(stages.last);
    recorder.close_parked(0, 0, &[()]);
    let way = read(&log).rows()[0].way().unwrap().to_string();
    assert_eq!(way, "switch[left] > switch/right/inner > last", "the target itself is shown once");
}

#[test]
fn what_is_not_recorded_is_not_parked() {
    let stages = Stages::new();
    let (mut recorder, log) = recorder(Recording::items().every(2), stages);
    recorder.begin(1, false);
    assert!(recorder.park().is_none());
    recorder.begin(2, false);
    recorder.unpark(None);
    recorder.stage(stages.first);
    recorder.close_parked(1, 0, &[()]);
    assert_eq!(read(&log).rows(), []);
}

#[test]
fn an_item_is_not_taken_over_by_another_recording() {
    let stages = Stages::new();
    let (mut old, _) = recorder(Recording::items(), stages);
    old.begin(0, false);
    old.stage(stages.first);
    let parked = old.park();
    let (mut new, log) = recorder(Recording::items(), stages);
    new.unpark(parked);
    new.stage(stages.last);
    new.close_parked(0, 0, &[()]);
    assert_eq!(read(&log).rows(), []);
}

#[test]
fn an_item_is_shown_with_the_names_of_its_own_revision() {
    let stages = Stages::new();
    for recording in both() {
        let is_runs = recording.detail == Detail::Runs;
        let (mut recorder, log) = recorder(recording, stages);
        let begin = |recorder: &mut Recorder, cycle| {
            recorder.begin(cycle, false);
            go(recorder, stages, FIRST);
            recorder.park()
        };
        let old = [begin(&mut recorder, 0), begin(&mut recorder, 1)];
        recorder.edit(2, 1, renamed(), Some(stages.places("1")));
        let new = [begin(&mut recorder, 2), begin(&mut recorder, 3)];
        for ((old, new), at) in old.into_iter().zip(new).zip(0..) {
            recorder.unpark(new);
            recorder.close_parked(2 + at, 1, &[()]);
            recorder.unpark(old);
            recorder.close_parked(at, 0, &[()]);
        }
        let expected = if is_runs {
            "cycles 0..=1  r0  first   2 items\ncycle  2      r1  = rename first to first1\n\
             cycles 2..=3  r1  first1  2 items\n"
        } else {
            "cycle 0  r0  first   -> 1\ncycle 1  r0  first   -> 1\ncycle 2  r1  = rename first to first1\n\
             cycle 2  r1  first1  -> 1\ncycle 3  r1  first1  -> 1\n"
        };
        assert_eq!(read(&log).to_string(), expected);
    }
}

#[test]
fn places_are_known_until_their_revision_is_settled() {
    let stages = Stages::new();
    let (mut recorder, _) = recorder(Recording::edits(), stages);
    let place = |recorder: &Recorder, revision| recorder.place(revision, stages.last).map(|path| path.to_string());
    recorder.edit(5, 1, renamed(), Some(stages.places("1")));
    assert_eq!(place(&recorder, 0).as_deref(), Some("last"));
    assert_eq!(place(&recorder, 1).as_deref(), Some("last1"));
    assert_eq!(place(&recorder, 2), None);
    // No item has come in between.
    recorder.edit(5, 2, renamed(), Some(stages.places("2")));
    assert_eq!(place(&recorder, 1), None, "it governs no item");
    recorder.know(2, stages.places("again"));
    assert_eq!(place(&recorder, 2).as_deref(), Some("last2"));
    recorder.settled(2);
    assert_eq!(place(&recorder, 0), None);
    assert_eq!(place(&recorder, 2).as_deref(), Some("last2"));
    recorder.edit(9, 3, renamed(), None);
    assert_eq!(place(&recorder, 2), None, "nothing waits any more");
}

#[test]
fn a_model_that_is_known_ahead_of_its_edit_stays() {
    let stages = Stages::new();
    let mut recorder = Recorder::new(Log::share(Recording::items(), None));
    recorder.know(2, stages.places("2"));
    recorder.edit(0, 1, renamed(), None);
    recorder.edit(0, 2, renamed(), None);
    assert_eq!(recorder.place(2, stages.last), Some(Path::new("last2").unwrap()));
}

/// All orders of `left`.
fn orders(left: &[usize]) -> Vec<Vec<usize>> {
    if left.is_empty() {
        return vec![Vec::new()];
    }
    let begins_with = |first: usize| {
        let rest: Vec<usize> = left.iter().copied().filter(|other| *other != first).collect();
        orders(&rest).into_iter().map(move |rest| [vec![first], rest].concat())
    };
    left.iter().copied().flat_map(begins_with).collect()
}

/// Five items on two ways, with edits in front of the first and of the fourth, that end in this order.
fn ended(recording: Recording, stages: Stages, edits: bool, order: &[usize]) -> String {
    let (mut recorder, log) = recorder(recording, stages);
    let mut revision = 0;
    let mut edit = |recorder: &mut Recorder, cycle| {
        revision += 1;
        recorder.edit(cycle, revision, renamed(), Some(stages.places(&revision.to_string())));
    };
    let mut items = Vec::new();
    for cycle in 0..5 {
        if edits && matches!(cycle, 0 | 3) {
            edit(&mut recorder, cycle);
            edit(&mut recorder, cycle);
        }
        recorder.begin(cycle, false);
        go(&mut recorder, stages, if cycle % 2 == 0 { FIRST } else { LAST });
        let revision = if !edits {
            0
        } else if cycle < 3 {
            2
        } else {
            4
        };
        items.push((cycle, revision, recorder.park()));
    }
    for at in order {
        let (cycle, revision, parked) = &mut items[*at];
        recorder.unpark(parked.take());
        recorder.close_parked(*cycle, *revision, &[()]);
    }
    read(&log).to_string()
}

#[test]
fn rows_read_the_same_in_whatever_order_items_end() {
    let stages = Stages::new();
    let in_order = [0, 1, 2, 3, 4];
    assert_eq!(
        ended(Recording::runs(), stages, true, &in_order),
        "cycle  0      r1  = rename first to first1\ncycle  0      r2  = rename first to first1\n\
         cycles 0..=2  r2  first2  2 items\ncycle  1      r2  last2   1 item\n\
         cycle  3      r3  = rename first to first1\ncycle  3      r4  = rename first to first1\n\
         cycle  3      r4  last4   1 item\ncycle  4      r4  first4  1 item\n"
    );
    type Make = fn() -> Recording;
    // Of the last, the edits do not all fit; nor do, into the budget, the items.
    let recordings: [(Make, bool); 6] = [
        (Recording::items, true),
        (Recording::runs, true),
        (|| Recording::items().last(3), true),
        (|| Recording::items().last(6), true),
        (|| Recording::items().budget(3 * size_of::<TraceRow>()), false),
        (|| Recording::items().budget(4 * size_of::<TraceRow>()).last(9), false),
    ];
    for (recording, edits) in recordings {
        let same = ended(recording(), stages, edits, &in_order);
        for order in orders(&in_order) {
            assert_eq!(ended(recording(), stages, edits, &order), same, "ended as {order:?}");
        }
    }
}

#[test]
fn an_item_in_front_of_rows_that_had_to_go_stays_out_of_its_run() {
    let shown = ended(Recording::runs().last(1), Stages::new(), false, &[4, 3, 2, 1, 0]);
    assert_eq!(shown, "(4 earlier items and edits left out)\ncycle 4  r0  first  1 item\n");
}
