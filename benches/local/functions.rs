//! The three small stages, as a pipeline and as what one would write without the crate.

use std::hint::black_box;

use coroute::Pipeline;

/// What the peers are made of.
pub(crate) type Function = Box<dyn FnMut(i64) -> i64 + Send + Sync>;

pub(crate) fn add(x: i64) -> i64 {
    x.wrapping_add(1)
}

pub(crate) fn double(x: i64) -> i64 {
    x.wrapping_mul(2)
}

pub(crate) fn cube(x: i64) -> i64 {
    x.wrapping_pow(3)
}

/// One of two closures: where a function can only return one type, the optimiser may see through the box and remove the
/// very call that is to be measured.
pub(crate) fn one_of(first: Function, second: Function) -> Function {
    if black_box(true) { first } else { second }
}

pub(crate) fn functions() -> Vec<Function> {
    vec![
        one_of(Box::new(add), Box::new(|x| x.wrapping_sub(1))),
        one_of(Box::new(double), Box::new(|x| x.wrapping_mul(3))),
        one_of(Box::new(cube), Box::new(|x| x.wrapping_pow(2))),
    ]
}

pub(crate) fn pipeline() -> Pipeline<i64, i64> {
    Pipeline::new("sum").stage("add", add).stage("double", double).stage("cube", cube)
}

/// The same stages, put in at run time.
pub(crate) fn edited() -> Pipeline<i64, i64> {
    let pipeline = Pipeline::new("sum").stage("stand-in", |x: i64| x);
    let controller = pipeline.controller();
    controller.push_back("cube", cube).unwrap();
    controller.insert_before("cube", "add", add).unwrap();
    controller.insert_after("add", "double", double).unwrap();
    controller.remove("stand-in").unwrap();
    pipeline
}

/// `items` items, one at a time.
#[inline(always)]
pub(crate) fn each(items: u64, mut call: impl FnMut(i64) -> i64) {
    let mut sum = 0;
    for x in 0..items.cast_signed() {
        sum ^= call(x);
    }
    black_box(sum);
}

/// `items` items through a pipeline, one at a time.
pub(crate) fn calls(items: u64, pipeline: &mut Pipeline<i64, i64>) {
    let mut sum = 0;
    for x in 0..items.cast_signed() {
        sum ^= pipeline.call(x).unwrap();
    }
    black_box(sum);
}
