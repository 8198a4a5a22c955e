//! Edits whose parts drain later, which the local engine has none of.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use super::*;
use crate::knot::Ending;
use crate::name::{Name, Path};
use crate::part::Part;

const CUT: Cut = Cut { last_old: Some(6), first_new: 7 };

type Neg = fn(i64) -> i64;

/// A receipt of an edit that took out these stages, its cell, and the stages.
fn removed(names: &[&str]) -> (Receipt, Arc<Cell>, Vec<crate::knot::Taken>) {
    let (mut entries, mut stages) = (Vec::new(), Vec::new());
    for name in names {
        let (part, _) = Part::new::<i64, Neg>(Name::new(name).unwrap(), |x| -x);
        let entry = part.entry.unwrap();
        stages.push(vec![(entry.id, part.knot)]);
        entries.push((Path::new(name).unwrap(), entry));
    }
    let cell = Arc::new(Cell::new(entries));
    (Receipt::new(1, Arc::clone(&cell)), cell, stages)
}

#[derive(Default)]
struct Task(AtomicUsize);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Task {
    fn woken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn poll<F: Future + Unpin>(self: &Arc<Self>, future: &mut F) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(&Waker::from(Arc::clone(self))))
    }
}

fn take(receipt: &Receipt, path: &str) -> Result<i64, TakeError> {
    receipt.take::<Neg>(path).map(|neg| neg(4))
}

#[test]
fn g9_an_edit_is_retired_when_its_last_part_has_drained() {
    let (receipt, cell, mut stages) = removed(&["a", "b"]);
    let task = Arc::new(Task::default());
    let (mut applied, mut retired) = (receipt.applied(), receipt.retired());
    assert!(task.poll(&mut applied).is_pending() && task.poll(&mut retired).is_pending());

    cell.begin(CUT, 1);
    assert_eq!(task.woken(), 1, "who waits for the cut, and nobody else");
    assert_eq!((task.poll(&mut applied), receipt.cut()), (Poll::Ready(Some(CUT)), Some(CUT)));
    cell.expect(2);
    cell.retire(Vec::new());
    cell.retire(stages.remove(0));
    assert!(!receipt.is_retired());
    assert!(task.poll(&mut retired).is_pending());
    assert_eq!(task.woken(), 1);

    cell.retire(stages.remove(0));
    assert_eq!(task.woken(), 2);
    assert_eq!((task.poll(&mut retired), receipt.wait_retired()), (Poll::Ready(Some(CUT)), Some(CUT)));
    assert!(receipt.is_retired());
}

#[test]
fn g9_a_stage_is_taken_when_it_has_drained() {
    let (receipt, cell, mut stages) = removed(&["a", "b"]);
    let path = || "b".to_owned();
    assert_eq!(take(&receipt, "b"), Err(TakeError::NotApplied { path: path() }));
    cell.begin(CUT, 2);
    let early = take(&receipt, "b").unwrap_err();
    assert_eq!(early, TakeError::NotRetired { path: path() });
    assert_eq!(early.to_string(), "cannot take \"b\": it is still draining; await `retired`");
    assert!(matches!(take(&receipt, "c"), Err(TakeError::Unknown { .. })));

    cell.retire(stages.remove(1));
    assert_eq!(take(&receipt, "b"), Ok(-4), "it need not wait for the other");
    assert_eq!(take(&receipt, "b"), Err(TakeError::Unknown { path: path() }));
    assert!(matches!(take(&receipt, "a"), Err(TakeError::NotRetired { .. })));
    assert!(cell.is_full());
    cell.retire(stages.remove(0));
    assert_eq!(take(&receipt, "a"), Ok(-4));
    assert!(!cell.is_full());
}

#[test]
fn g9_an_edit_without_parts_is_retired_when_it_is_applied() {
    let (receipt, cell, _) = removed(&[]);
    let task = Arc::new(Task::default());
    let mut retired = receipt.retired();
    assert!(task.poll(&mut retired).is_pending());
    cell.begin(CUT, 0);
    assert_eq!((task.woken(), task.poll(&mut retired)), (1, Poll::Ready(Some(CUT))));
}

#[test]
fn g9_what_has_not_drained_goes_with_the_pipeline() {
    let (receipt, cell, mut stages) = removed(&["a", "b"]);
    let task = Arc::new(Task::default());
    let mut retired = receipt.retired();
    assert!(task.poll(&mut retired).is_pending());
    cell.begin(CUT, 2);
    cell.retire(stages.remove(0));
    cell.abandon();
    assert_eq!((task.woken(), task.poll(&mut retired)), (1, Poll::Ready(None)));
    assert_eq!((receipt.wait(), receipt.wait_retired(), receipt.is_retired()), (Some(CUT), None, false));
    assert_eq!(take(&receipt, "a"), Ok(-4));
    let gone = take(&receipt, "b").unwrap_err();
    assert_eq!(gone, TakeError::Gone { path: "b".to_owned() });
    assert_eq!(
        gone.to_string(),
        "cannot take \"b\": it went with its pipeline; await `retired` before that is dropped"
    );
}

#[test]
fn g9_an_edit_that_is_retired_stays_so_when_the_pipeline_goes() {
    let (receipt, cell, mut stages) = removed(&["a"]);
    cell.begin(CUT, 1);
    cell.retire(stages.remove(0));
    cell.abandon();
    assert_eq!((receipt.wait_retired(), receipt.is_retired()), (Some(CUT), true));
    assert_eq!(take(&receipt, "a"), Ok(-4));
}
