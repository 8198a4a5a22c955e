//! Pipelines and a library as users have them.

use coroute::{Library, OnFailure, Output, Pipeline, Route, Stage, Switch, filter, flat_map, try_stage};

/// Adds up what comes by.
pub(crate) struct Total(i64);

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

/// Gives items in threes.
pub(crate) struct Threes(Vec<i64>);

impl Stage<i64> for Threes {
    type Out = i64;

    fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
        self.0.push(item);
        if self.0.len() == 3 {
            self.finish(out);
        }
    }

    fn finish(&mut self, out: &mut Output<'_, i64>) {
        self.0.drain(..).for_each(|item| out.emit(item));
    }

    fn held(&self) -> usize {
        self.0.len()
    }
}

fn third(x: &i64) -> Result<i64, &'static str> {
    if x % 3 == 0 { Err("a third") } else { Ok(*x) }
}

/// `add > model[v1 v2 v3] > show`, a canary.
pub(crate) fn canary() -> Pipeline<i64, String> {
    let model = Switch::new("model").target("v1", |x: i64| x).target("v2", |x: i64| -x).target("v3", |x: i64| x * 2);
    Pipeline::new("canary")
        .stage("add", |x: i64| x + 1)
        .switch(model.route(Route::weighted([("v1", 3), ("v2", 1)])).cloned())
        .stage("show", |x: i64| x.to_string())
}

/// Pipelines and switches inside each other; some items are dropped, some fail.
pub(crate) fn nested() -> Pipeline<i64, i64> {
    let deep = Switch::new("deep").target("left", |x: i64| x).target("right", filter(|x: &i64| x % 5 != 0));
    let deep = deep.route(Route::round_robin(["left", "right"]));
    let long = Pipeline::new("long").stage("try", try_stage(third)).switch(deep).stage("plus", |x: i64| x + 7);
    let outer = Switch::new("outer").target("long", long).target("short", |x: i64| x);
    let safe = Switch::new("safe").target("first", try_stage(third)).target("second", |x: i64| x);
    Pipeline::new("nested")
        .stage("inner", Pipeline::new("inner").stage("one", |x: i64| x + 1).stage("two", |x: i64| x))
        .switch(outer.route(Route::round_robin(["long", "short"])))
        .switch(safe.route(Route::failover_retry(["first", "second"], 2)))
        .on_failure(OnFailure::skip())
}

/// Stages that make several items of one, and hold them back.
pub(crate) fn several() -> Pipeline<i64, i64> {
    let model = Switch::new("model").target("v1", |x: i64| x).target("v2", filter(|x: &i64| x % 2 == 0));
    Pipeline::new("several")
        .stage("copies", flat_map(|x: i64| vec![x; x.unsigned_abs() as usize % 4]))
        .switch(model.route(Route::weighted([("v1", 2), ("v2", 1)])).cloned())
        .stage("threes", Threes(Vec::new()))
}

pub(crate) fn library() -> Library {
    let fork = || Switch::new("fork").target("a", |x: i64| x).target("b", try_stage(third)).cloned();
    Library::new()
        .stage("neg", || |x: i64| -x)
        .stage("odd", || filter(|x: &i64| x % 2 != 0))
        .stage("fails", || try_stage(third))
        .stage("total", || Total(0))
        .stage("show", || |x: i64| format!("<{x}>"))
        .stage("trim", || |text: String| text.trim().to_owned())
        .stage("pair", || Pipeline::new("pair").stage("one", |x: i64| x + 1).stage("two", |x: i64| x + 2))
        .stage("fork", move || fork().route(Route::all(["a", "b"])))
        .stage("both", move || Pipeline::new("both").switch(fork().route(Route::failover(["b", "a"]))))
        .tap("look", || |_: &i64| ())
        .tap("read", || |_: &String| ())
        .hand_over("double", |old: Total| Double(old.0))
        .key("digit", |x: &i64| x % 10)
        .key("letter", |x: &String| x.len())
        .predicate("small", |x: &i64| *x < 10)
        .choice("rest", |x: &i64| x.unsigned_abs() as usize % 3)
        .generator("swing", |mut turn| async move {
            loop {
                turn.to("v2").await;
                turn.to("v1").await;
            }
        })
}
