//! `run`: a pipeline that is lent to a thread, with borrowed items and a borrowed receiver.

use std::panic::{AssertUnwindSafe, catch_unwind};

use coroute::{FlowError, Pipeline, Stopped};

use super::{Pairs, plain};

#[test]
fn g2_what_is_borrowed_comes_back() {
    let words: Vec<String> = (0..2000).map(|number| number.to_string()).collect();
    let mut pipeline = Pipeline::new("lengths").stage("length", |word: String| word.len());
    let mut sum = 0;
    let ledger = pipeline.run(words.iter().cloned(), |length| sum += length.unwrap()).unwrap();
    assert_eq!(sum, words.iter().map(String::len).sum::<usize>());
    assert_eq!((ledger.accepted(), ledger.delivered()), (2000, 2000));
}

#[test]
fn a_pipeline_can_be_run_again_and_keeps_what_it_holds() {
    let mut pipeline = Pipeline::new("p").stage("pairs", Pairs::default());
    let mut sums = Vec::new();
    pipeline.run([1, 2, 3], |sum| sums.extend(sum)).unwrap();
    assert_eq!(pipeline.ledger().in_flight(), 1);
    pipeline.run([4], |sum| sums.extend(sum)).unwrap();
    assert_eq!(sums, [3, 7]);
    assert_eq!(pipeline.spawn().unwrap().finish().unwrap().outputs, []);
}

#[test]
fn g6_a_panic_of_a_stage_gives_the_other_items_back() {
    let breaks = |x: i64| if x == 300 { panic!("it is {x}") } else { x };
    let mut pipeline = Pipeline::new("p").stage("break", breaks);
    let controller = pipeline.controller();
    let (mut items, mut got, mut failed) = (0..1000, Vec::new(), Vec::new());
    let stopped = pipeline.run(&mut items, |news| match news {
        Ok(output) => got.push(output),
        Err(FlowError::Failed(failure)) => failed.push(failure.into_item::<i64>().ok()),
        Err(_) => {}
    });
    let Err(Stopped::Panicked { panic, items: unsent }) = stopped else { panic!() };
    assert_eq!((panic.stage.to_string(), panic.message), ("break".to_owned(), "it is 300".to_owned()));
    assert_eq!(got, (0..300).collect::<Vec<_>>());
    assert_eq!(failed.first(), Some(&None), "the item itself is lost");
    let rest: Vec<i64> = failed.into_iter().flatten().chain(unsent).chain(items).collect();
    assert_eq!(rest, (301..1000).collect::<Vec<_>>(), "only the item itself is lost");
    assert!(pipeline.run([1], |_| ()).unwrap_err().to_string().contains("poisoned"));
    controller.replace("break", |x: i64| -x).unwrap();
    let mut mended = Vec::new();
    pipeline.run([1], |output| mended.extend(output)).unwrap();
    assert_eq!(mended, [-1]);
}

#[test]
fn g6_a_panic_of_the_receiver_leaves_the_outputs_inside() {
    let mut pipeline = plain();
    let mut got = Vec::new();
    let broken = catch_unwind(AssertUnwindSafe(|| {
        pipeline.run(0..10, |output| match output.unwrap() {
            5 => panic!("five"),
            output => got.push(output),
        })
    }));
    assert!(broken.is_err());
    pipeline.run([100], |output| got.extend(output)).unwrap();
    assert_eq!(got[..4], [1, 2, 3, 4]);
    assert_eq!(got.last(), Some(&101));
    assert!(pipeline.ledger().is_balanced());
    let taken = pipeline.ledger().accepted() as usize;
    assert_eq!(got.len(), taken - 1, "but for the one that was being received");
}
