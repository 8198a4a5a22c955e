//! The real thing, made from the data of `spec.rs`.

use std::future::poll_fn;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use coroute::{Edit, Failure, OnFailure, Output, Pipeline, Route, Stage, Switch};
use coroute::{async_stage, body, buffer, filter, flat_map, thread, try_async_stage, try_stage, workers};

use crate::spec::{At, Change, Heir, Num, OnFail, Plan, Policy, RouteSpec, Spec, Text, Ty, hits};

/// What taps and dead letter sinks saw.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Note {
    Tap(u64, i64),
    Dead(u64, Fault),
}

/// A failure: where, when, under which revision, and the item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    pub(crate) path: String,
    pub(crate) cycle: u64,
    pub(crate) revision: u64,
    pub(crate) item: i64,
}

thread_local! {
    // What a test has built writes for that test, whichever thread runs it.
    static NOTES: Arc<Mutex<Vec<Note>>> = Arc::default();
}

pub(crate) fn take_notes() -> Vec<Note> {
    NOTES.with(|notes| std::mem::take(&mut *notes.lock().unwrap()))
}

/// What writes notes for the test that runs in this thread.
fn noting() -> impl Fn(Note) + Send + 'static {
    let notes = NOTES.with(Arc::clone);
    move |note| notes.lock().unwrap().push(note)
}

impl From<Failure> for Fault {
    fn from(failure: Failure) -> Self {
        let (path, cycle, revision) = (failure.stage().to_string(), failure.cycle(), failure.revision());
        let item = match failure.into_item::<i64>() {
            Ok(number) => number,
            Err(failure) => failure.into_item::<Text>().expect("an item is one of two types").0,
        };
        Self { path, cycle, revision, item }
    }
}

/// Whether it is of the item that a stage panicked on: where nobody is called back by the panic, that is told of as well, and
/// the item, which is lost, does not come with it. The reference says of it that it has failed, and no more.
pub(crate) fn is_of_a_panic(failure: &Failure) -> bool {
    failure.error().to_string() == "the stage panicked on it: bang"
}

/// Panics without a word on the standard error.
fn bang() -> ! {
    resume_unwind(Box::new("bang"))
}

#[derive(Debug)]
pub(crate) struct Count {
    pub(crate) seen: i64,
    step: i64,
}

impl<T: Num> Stage<T> for Count {
    type Out = T;
    fn process(&mut self, item: T, out: &mut Output<'_, T>) {
        out.emit(T::new(item.get().wrapping_add(self.seen.wrapping_mul(self.step))));
        self.seen += 1;
    }
}

#[derive(Debug)]
pub(crate) struct Bunch<T> {
    size: usize,
    sum: bool,
    bad_end: bool,
    pub(crate) items: Vec<T>,
}

impl<T: Num> Bunch<T> {
    fn give(&mut self, out: &mut Output<'_, T>) {
        if self.sum && !self.items.is_empty() {
            out.emit(T::new(self.items.drain(..).fold(0, |sum, item| sum.wrapping_add(item.get()))));
        }
        self.items.drain(..).for_each(|item| out.emit(item));
    }
}

impl<T: Num> Stage<T> for Bunch<T> {
    type Out = T;
    fn process(&mut self, item: T, out: &mut Output<'_, T>) {
        self.items.push(item);
        if self.items.len() >= self.size {
            self.give(out);
        }
    }
    fn finish(&mut self, out: &mut Output<'_, T>) {
        if self.bad_end {
            bang();
        }
        self.give(out);
    }
    fn held(&self) -> usize {
        self.items.len()
    }
}

struct Fuse(i64);

impl<T: Num> Stage<T> for Fuse {
    type Out = T;
    fn process(&mut self, item: T, out: &mut Output<'_, T>) {
        out.emit(item.clone());
        if hits(item.get(), self.0) {
            bang();
        }
    }
}

/// `made`, when it was asked for so many times in vain.
async fn late<M>(made: M, mut pends: u32) -> M {
    poll_fn(|task| {
        if pends == 0 {
            return Poll::Ready(());
        }
        pends -= 1;
        task.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
    made
}

fn slow<T: Num, P: Place<T, T>>(of: Spec, limit: usize, pends: u32, place: P) -> P::Back {
    let times = move |item: &T| item.get().rem_euclid(7).unsigned_abs() as u32 % (pends + 1);
    if let Spec::Picky(spot) = of {
        let picky = move |item: T| {
            let times = times(&item);
            late(if hits(item.get(), spot) { Err((item, "not this one")) } else { Ok(item) }, times)
        };
        return place.put(try_async_stage(limit, picky));
    }
    let mut stage = of;
    place.put(async_stage(limit, move |item: T| {
        let made = match &mut stage {
            Spec::Add(by) => item.get().wrapping_add(*by),
            Spec::Mul(by) => item.get().wrapping_mul(*by),
            Spec::Count { step, seen } => {
                *seen += 1;
                item.get().wrapping_add((*seen - 1).wrapping_mul(*step))
            }
            _ => unreachable!("no other stage gives one output for every item"),
        };
        late(T::new(made), times(&item))
    }))
}

/// A stage without state, as each of several workers has one.
struct Hand(Spec);

impl<T: Num> Stage<T> for Hand {
    type Out = T;
    fn process(&mut self, item: T, out: &mut Output<'_, T>) {
        match self.0 {
            Spec::Add(by) => out.emit(T::new(item.get().wrapping_add(by))),
            Spec::Mul(by) => out.emit(T::new(item.get().wrapping_mul(by))),
            Spec::Even if item.get() % 2 != 0 => {}
            Spec::Copies(number) => (0..number).for_each(|_| out.emit(item.clone())),
            Spec::Picky(spot) if hits(item.get(), spot) => out.fail(item, "not this one"),
            Spec::Even | Spec::Picky(_) => out.emit(item),
            _ => unreachable!("no other stage is without state"),
        }
    }
}

/// Takes a stage of whatever type it is.
trait Place<In, Out> {
    type Back;
    fn put<S: Stage<In, Out = Out>>(self, stage: S) -> Self::Back;
}

fn make<T: Num, P: Place<T, T>>(spec: &Spec, place: P) -> P::Back {
    match spec.clone() {
        Spec::Add(by) => place.put(move |item: T| T::new(item.get().wrapping_add(by))),
        Spec::Mul(by) => place.put(move |item: T| T::new(item.get().wrapping_mul(by))),
        Spec::Even => place.put(filter(|item: &T| item.get() % 2 == 0)),
        Spec::Copies(number) => place.put(flat_map(move |item: T| vec![item; number])),
        Spec::Picky(spot) => place.put(try_stage(move |item: &T| match hits(item.get(), spot) {
            true => Err("not this one"),
            false => Ok(item.clone()),
        })),
        Spec::Count { step, seen } => place.put(Count { step, seen }),
        Spec::Bunch { size, sum, bad_end, items } => {
            place.put(Bunch { size, sum, bad_end, items: items.into_iter().map(T::new).collect() })
        }
        Spec::Boom(spot) => place.put(move |item: T| if hits(item.get(), spot) { bang() } else { item }),
        Spec::Fuse(spot) => place.put(Fuse(spot)),
        Spec::Body(by) => place.put(body(move |mut io| async move {
            while let Some(item) = io.recv().await {
                let item: T = item;
                io.emit(T::new(item.get().wrapping_add(by)));
            }
        })),
        Spec::Slow { limit, pends, of } => slow(*of, limit, pends, place),
        Spec::Queue(capacity) => place.put(buffer(capacity)),
        Spec::Crew { count, queue, keyed, of } => {
            let crew = workers(count, move || Hand((*of).clone())).queue(queue);
            place.put(if keyed { crew.by_key(|item: &T| item.get().rem_euclid(7)) } else { crew })
        }
        Spec::Turn | Spec::Tomb => unreachable!("not made here"),
        Spec::Pipe(on_fail, stages) => place.put(inner(on_fail, &stages)),
        Spec::Thread(queue, on_fail, stages) => place.put(thread(inner(on_fail, &stages)).queue(queue)),
        Spec::Switch { cloned, targets, route } => {
            let switch = Switch::<T, T>::new("inner");
            let switch = if cloned { switch.cloned() } else { switch };
            let switch = targets.iter().fold(switch, |switch, (name, spec)| make(spec, Target(switch, name)));
            place.put(switch.route(self::route::<T>(&route)))
        }
    }
}

fn inner<T: Num>(on_fail: OnFail, stages: &[(String, Spec)]) -> Pipeline<T, T> {
    let pipeline = Pipeline::new("inner").on_failure(handler(on_fail));
    stages.iter().fold(pipeline, |pipeline, (name, spec)| make(spec, Built(pipeline, name)))
}

struct Built<'a, In, Out>(Pipeline<In, Out>, &'a str);

impl<In: Num, T: Num> Place<T, T> for Built<'_, In, T> {
    type Back = Pipeline<In, T>;
    fn put<S: Stage<T, Out = T>>(self, stage: S) -> Self::Back {
        self.0.stage(self.1, stage)
    }
}

struct Target<'a, T>(Switch<T, T>, &'a str);

impl<T: Num> Place<T, T> for Target<'_, T> {
    type Back = Switch<T, T>;
    fn put<S: Stage<T, Out = T>>(self, stage: S) -> Self::Back {
        self.0.target(self.1, stage)
    }
}

pub(crate) fn pipeline(plan: &Plan) -> Pipeline<i64, i64> {
    fn stages<T: Num>(pipeline: Pipeline<i64, T>, specs: &[(String, Spec)]) -> Pipeline<i64, T> {
        specs.iter().fold(pipeline, |pipeline, (name, spec)| make(spec, Built(pipeline, name)))
    }
    let mut pipeline = stages(Pipeline::new("model").on_failure(handler(plan.on_fail)), &plan.head);
    if let Some(middle) = &plan.middle {
        let turned = stages(pipeline.stage("show", |item: i64| Text(item)), middle);
        pipeline = turned.stage("parse", |Text(item)| item);
    }
    stages(pipeline, &plan.tail)
}

fn handler(on_fail: OnFail) -> OnFailure {
    match on_fail {
        OnFail::Stop => OnFailure::stop(),
        OnFail::Skip => OnFailure::skip(),
        OnFail::Dead(label) => {
            let note = noting();
            OnFailure::dead_letter(move |failure| {
                if !is_of_a_panic(&failure) {
                    note(Note::Dead(label, failure.into()));
                }
            })
        }
    }
}

fn route<T: Num>(spec: &RouteSpec) -> Route {
    let targets = spec.names();
    let names = || targets.iter().map(String::as_str);
    match spec.policy.clone() {
        Policy::None => Route::none(),
        Policy::To => Route::to(&targets[0]),
        Policy::Once => Route::once(&targets[0]),
        Policy::All => Route::all(names()),
        Policy::RoundRobin => Route::round_robin(names()),
        Policy::Weighted(weights) => Route::weighted(names().zip(weights)),
        Policy::ByKey => Route::by_key(names(), |item: &T| item.get().rem_euclid(7)),
        Policy::When(spot) => {
            let test = move |item: &T| match spot {
                Some(spot) if hits(item.get(), spot) => bang(),
                _ => item.get().rem_euclid(3) == 0,
            };
            Route::when(test, &targets[0], &targets[1])
        }
        Policy::Choose => Route::choose(names(), |item: &T| item.get().rem_euclid(4).unsigned_abs() as usize),
        Policy::Failover(None) => Route::failover(names()),
        Policy::Failover(Some(retry)) => Route::failover_retry(names(), retry),
        Policy::Generator(given) => Route::generator(names(), move |mut turn| async move {
            for name in given {
                turn.to(name).await;
            }
        }),
    }
}

/// Where an edit puts a stage.
enum Asked<'a> {
    Insert(&'a At, &'a str),
    Replace(&'a str),
    Attach(&'a str, &'a str),
}

impl<T: Num> Place<T, T> for (&mut Edit, Asked<'_>) {
    type Back = ();
    fn put<S: Stage<T, Out = T>>(self, stage: S) {
        let (edit, asked) = self;
        // A malformed name is noted down in the edit; the commit refuses it.
        let _ = match asked {
            Asked::Insert(At::First(within), name) => edit.push_front(inside(within.as_deref(), name), stage),
            Asked::Insert(At::Last(within), name) => edit.push_back(inside(within.as_deref(), name), stage),
            Asked::Insert(At::Before(at), name) => edit.insert_before(at, name, stage),
            Asked::Insert(At::After(at), name) => edit.insert_after(at, name, stage),
            Asked::Replace(at) => edit.replace(at, stage),
            Asked::Attach(switch, name) => edit.attach(switch, name, stage),
        };
    }
}

fn inside(within: Option<&str>, name: &str) -> String {
    within.map_or(name.to_owned(), |path| format!("{path}/{name}"))
}

pub(crate) fn edit(changes: &[Change]) -> Edit {
    let mut edit = Edit::new();
    for change in changes {
        ask(&mut edit, change);
    }
    edit
}

fn ask(edit: &mut Edit, change: &Change) {
    fn of(ty: &Ty, spec: &Spec, edit: &mut Edit, asked: Asked<'_>) {
        match ty {
            Ty::Int => make::<i64, _>(spec, (edit, asked)),
            Ty::Text => make::<Text, _>(spec, (edit, asked)),
        }
    }
    let _ = match change {
        Change::Insert { at, name, spec, ty, .. } => return of(ty, spec, edit, Asked::Insert(at, name)),
        Change::Replace { at, spec: Spec::Turn, ty: Ty::Int, .. } => edit.replace(at, |item: i64| Text(item)),
        Change::Replace { at, spec: Spec::Turn, ty: Ty::Text, .. } => edit.replace(at, |Text(item)| item),
        Change::Replace { at, spec, ty, .. } => return of(ty, spec, edit, Asked::Replace(at)),
        Change::Attach { switch, name, spec: Spec::Turn, .. } => edit.attach(switch, name, |item: i64| Text(item)),
        Change::Attach { switch, name, spec, ty, .. } => return of(ty, spec, edit, Asked::Attach(switch, name)),
        Change::HandOver { at, heir, ty: Ty::Int } => hand_over::<i64>(edit, at, *heir),
        Change::HandOver { at, heir, ty: Ty::Text } => hand_over::<Text>(edit, at, *heir),
        Change::Tap { at, name, ty: Ty::Int, id } => tap::<i64>(edit, at, name, *id),
        Change::Tap { at, name, ty: Ty::Text, id } => tap::<Text>(edit, at, name, *id),
        Change::Route { switch, route } => match route.looks_at {
            Ty::Int => edit.route(switch, self::route::<i64>(route)),
            Ty::Text => edit.route(switch, self::route::<Text>(route)),
        },
        Change::Remove { at } => edit.remove(at),
        Change::Rename { at, to } => edit.rename(at, to),
        Change::Move { at, to: At::Before(to) } => edit.move_before(at, to),
        Change::Move { at, to: At::After(to) } => edit.move_after(at, to),
        Change::Move { .. } => unreachable!("a stage moves before or after another"),
        Change::Detach { switch, target } => edit.detach(switch, target),
        Change::Workers { at, count } => edit.workers(at, *count),
        Change::Pause => edit.pause(),
        Change::Resume => edit.resume(),
    };
}

fn hand_over<'e, T: Num>(edit: &'e mut Edit, at: &str, heir: Heir) -> Result<&'e mut Edit, coroute::Refusal> {
    match heir {
        Heir::Count(step) => edit.replace_with::<T, _, _>(at, move |old: Count| Count { step, ..old }),
        Heir::Bunch(size) => edit.replace_with::<T, _, _>(at, move |old: Bunch<T>| Bunch { size, ..old }),
        Heir::Panics => edit.replace_with::<T, _, _>(at, move |_: Count| -> Count { bang() }),
    }
}

fn tap<'e, T: Num>(edit: &'e mut Edit, at: &str, name: &str, id: u64) -> Result<&'e mut Edit, coroute::Refusal> {
    let note = noting();
    edit.tap(at, name, move |item: &T| note(Note::Tap(id, item.get())))
}
