//! The pipeline and the library that the tests of scripts use.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use coroute::{Library, OnFailure, Output, Pipeline, Stage, Switch, Turn, filter, try_stage};

/// Adds up what comes by.
pub(crate) struct Total(pub(crate) i64);

/// Adds up double.
pub(crate) struct Double(i64);

impl Stage<i64> for Total {
    type Out = i64;

    fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
        self.0 += item;
        out.emit(self.0);
    }
}

impl Stage<i64> for Double {
    type Out = i64;

    fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
        self.0 += 2 * item;
        out.emit(self.0);
    }
}

fn model() -> Switch<i64, i64> {
    Switch::new("model").target("v1", |x: i64| x + 10).target("v2", |x: i64| x + 20).route("v1").cloned()
}

/// `add > total > model[v1 v2] > inner[neg > sub] > show`, the last from numbers to words; zero fails in `add`.
pub(crate) fn pipeline() -> Pipeline<i64, String> {
    let inner = Pipeline::new("inner").stage("neg", |x: i64| -x).stage("sub", |x: i64| x - 1);
    Pipeline::new("p")
        .try_stage("add", |x: &i64| if *x == 0 { Err("zero") } else { Ok(x + 1) })
        .stage("total", Total(0))
        .switch(model())
        .stage("inner", inner)
        .stage("show", |x: i64| x.to_string())
        .on_failure(OnFailure::skip())
}

pub(crate) fn neg() -> impl Stage<i64, Out = i64> {
    |x: i64| -x
}

pub(crate) fn half() -> impl Stage<i64, Out = i64> {
    |x: i64| x / 2
}

pub(crate) fn odd() -> impl Stage<i64, Out = i64> {
    filter(|x: &i64| x % 2 != 0)
}

pub(crate) fn fails() -> impl Stage<i64, Out = i64> {
    try_stage(|x: &i64| if x % 3 == 0 { Err("a third") } else { Ok(*x) })
}

pub(crate) fn pair() -> Pipeline<i64, i64> {
    Pipeline::new("pair").stage("one", |x: i64| x + 1).stage("two", |x: i64| x + 2)
}

pub(crate) fn fork() -> Switch<i64, i64> {
    Switch::new("fork").target("a", |x: i64| x).target("b", |x: i64| x * 3).route("a")
}

pub(crate) fn show() -> impl Stage<i64, Out = String> {
    |x: i64| format!("<{x}>")
}

pub(crate) fn double(old: Total) -> Double {
    Double(old.0)
}

pub(crate) fn digit(x: &i64) -> i64 {
    x % 10
}

pub(crate) fn small(x: &i64) -> bool {
    *x < 30
}

pub(crate) fn third(x: &i64) -> usize {
    (x.unsigned_abs() % 3) as usize
}

pub(crate) async fn alternate(mut turn: Turn) {
    loop {
        turn.to("v2").await;
        turn.to("v1").await;
    }
}

/// What the library's tap has seen is added up in the second value.
pub(crate) fn library() -> (Library, Arc<AtomicI64>) {
    let seen = Arc::new(AtomicI64::new(0));
    let theirs = Arc::clone(&seen);
    let library = Library::new()
        .stage("neg", neg)
        .stage("half", half)
        .stage("odd", odd)
        .stage("fails", fails)
        .stage("pair", pair)
        .stage("fork", fork)
        .stage("show", show)
        .tap("counter", move || {
            let seen = Arc::clone(&theirs);
            move |x: &i64| {
                seen.fetch_add(*x, Ordering::Relaxed);
            }
        })
        .hand_over("total", double)
        .hand_over("double", double)
        .key("digit", digit)
        .key("letter", |x: &String| x.len())
        .predicate("small", small)
        .choice("third", third)
        .generator("alternate", alternate);
    (library, seen)
}
