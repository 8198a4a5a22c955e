//! What runs: items, and a pipeline that has stages on threads, in workers, and in the targets of a switch.

use coroute::{Output, Pipeline, Stage, Switch, thread, workers};

/// An item: its place in the stream.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    pub(crate) number: u64,
    /// The edit that the first stage is of.
    pub(crate) tag: u32,
    /// Whether the last stage was of another.
    pub(crate) mixed: bool,
    /// What stages have made of it.
    pub(crate) work: u64,
}

impl Item {
    pub(crate) fn new(number: u64) -> Self {
        Self { number, tag: 0, mixed: false, work: number }
    }
}

/// What is wrong with the pipeline, so that it is seen that this would be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// Two items change places.
    Swap,
    Twice,
    Lost,
    /// Workers whose outputs go on as they come.
    Unordered,
    /// What should be one edit is two.
    Halves,
    /// There is a thread that does not go.
    Stays,
}

/// A stage that works a little.
pub(crate) fn step() -> impl FnMut(Item) -> Item + Clone + Send + 'static {
    |mut item| {
        item.work = (item.work ^ (item.work >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        item
    }
}

/// The first stage: says of which edit it is.
pub(crate) fn first(tag: u32) -> impl FnMut(Item) -> Item + Send + 'static {
    move |mut item| {
        item.tag = tag;
        item
    }
}

/// The last one: sees whether the item met the first of the same edit.
pub(crate) fn last(tag: u32) -> impl FnMut(Item) -> Item + Send + 'static {
    move |mut item| {
        item.mixed |= item.tag != tag;
        item
    }
}

/// Where the fault is, if it is one of a stage.
struct Wrong {
    fault: Fault,
    kept: Option<Item>,
}

impl Stage<Item> for Wrong {
    type Out = Item;

    fn process(&mut self, item: Item, out: &mut Output<'_, Item>) {
        match (self.fault, item.number) {
            (Fault::Swap, 5000) => self.kept = Some(item),
            (Fault::Twice, 5000) => {
                out.emit(item);
                out.emit(item);
            }
            (Fault::Lost, 5000) => {}
            _ => out.emit(item),
        }
        if item.number == 5001
            && let Some(kept) = self.kept.take()
        {
            out.emit(kept);
        }
    }
}

/// The pipeline; all its threads have names that begin with `name`.
pub(crate) fn pipeline(name: &str, fault: Fault) -> Pipeline<Item, Item> {
    let named = |stage: &str| format!("{name}_{stage}");
    let t1 = Pipeline::new("t1").stage("a", step()).stage("b", step());
    let t2 = Pipeline::new("t2").stage("c", step()).stage("m", step()).stage("d", step());
    let x = Pipeline::new("x").stage(named("x"), thread(Pipeline::new("x").stage("x", step())).queue(128));
    let pool = workers(2, uneven).queue(512);
    let pool = if fault == Fault::Unordered { pool.unordered() } else { pool };
    let switch =
        Switch::new("s").target("x", x).target(named("y"), workers(2, step).queue(128)).target("z", step()).route("x");
    let front = Pipeline::new(name).stage("first", first(0)).stage(named("t1"), thread(t1).queue(256));
    // Behind a stage that may give any number of outputs, items do not travel in large packets.
    let front = match fault {
        Fault::Swap | Fault::Twice | Fault::Lost => front.stage("wrong", Wrong { fault, kept: None }),
        _ => front,
    };
    front.stage(named("w"), pool).switch(switch).stage(named("t2"), thread(t2).queue(256)).stage("last", last(0))
}

/// A stage that some items take longer.
pub(crate) fn uneven() -> impl FnMut(Item) -> Item + Send + 'static {
    let mut step = step();
    move |mut item| {
        let times = if item.number % 64 == 0 { 200 } else { 2 };
        for _ in 0..times {
            item = step(item);
        }
        item
    }
}
