//! Outcomes that have to be refused: what the check could not see, it would not see of the crate either.

use super::kit::Fate;
use super::panics::{Case, Outcome};

/// What the check says of outcomes once `wrong` has altered them, of cases that it has nothing against.
fn refused(wrong: impl Fn(&mut Outcome)) -> Vec<String> {
    let outcomes = Case::some().map(Case::run);
    let altered = outcomes.map(|mut outcome| {
        outcome.check().unwrap();
        wrong(&mut outcome);
        outcome.check().expect_err("it is altered")
    });
    altered.collect()
}

#[test]
fn control_an_item_that_is_lost_is_seen() {
    let whys = refused(|outcome| drop(outcome.fates.known.remove(&0)));
    assert!(whys.iter().all(|why| why == "nothing is known of [0]"), "{whys:#?}");
}

/// The first item behind the one that is broken on, which is at the cut.
#[test]
fn control_an_item_that_goes_by_the_old_stage_behind_the_cut_is_seen() {
    let whys = refused(|outcome| {
        let before = outcome.fates.known[&0].clone();
        assert!(matches!(before, Fate::Out(_)), "{before:?}");
        let behind = outcome.cut + 1;
        outcome.fates.known.insert(behind, before);
    });
    assert!(whys.iter().all(|why| why.starts_with("cut at ") && why.contains(" is Out(")), "{whys:#?}");
}

#[test]
fn control_a_panic_that_nobody_tells_of_is_seen() {
    let whys = refused(|outcome| outcome.told = None);
    assert!(whys.iter().all(|why| why == "nobody says that the stage has panicked"), "{whys:#?}");
}

#[test]
fn control_two_outputs_that_change_places_are_seen() {
    let whys = refused(|outcome| outcome.fates.out.swap(0, 1));
    assert!(whys.iter().all(|why| why.contains(" came out after ")), "{whys:#?}");
}

#[test]
fn control_an_item_that_another_stage_is_said_to_have_broken_on_is_seen() {
    let whys = refused(|outcome| {
        let (number, fate) = outcome.fates.known.iter_mut().last().expect("there are items");
        assert!(*number > 0);
        *fate = Fate::Lost("s/y".to_owned());
    });
    assert!(whys.iter().all(|why| why.starts_with("cut at ") || why.starts_with("accepted, out")), "{whys:#?}");
}
