//! The changes of a script, made by the methods of an edit and not by a library.

use coroute::{Change, Edit, Made, PolicyKind, Position, Refusal, Route, RouteView, Stage};

use crate::stock;

type Done = Result<(), Refusal>;

/// Where a stage is put.
trait Put {
    fn put<S: Stage<i64, Out = i64>>(self, stage: S) -> Done;
}

struct Insert<'a>(&'a mut Edit, &'a str, &'a Position);
struct Replace<'a>(&'a mut Edit, String);
struct Attach<'a>(&'a mut Edit, &'a str, String);

impl Put for Insert<'_> {
    fn put<S: Stage<i64, Out = i64>>(self, stage: S) -> Done {
        let Self(edit, name, at) = self;
        match at {
            Position::Front(None) => edit.push_front(name, stage),
            Position::Back(None) => edit.push_back(name, stage),
            Position::Front(Some(path)) => edit.push_front(format!("{path}/{name}"), stage),
            Position::Back(Some(path)) => edit.push_back(format!("{path}/{name}"), stage),
            Position::Before(path) => edit.insert_before(path.to_string(), name, stage),
            Position::After(path) => edit.insert_after(path.to_string(), name, stage),
        }
        .map(drop)
    }
}

impl Put for Replace<'_> {
    fn put<S: Stage<i64, Out = i64>>(self, stage: S) -> Done {
        self.0.replace(self.1, stage).map(drop)
    }
}

impl Put for Attach<'_> {
    fn put<S: Stage<i64, Out = i64>>(self, stage: S) -> Done {
        self.0.attach(self.1, self.2, stage).map(drop)
    }
}

/// Makes a stage by name; there is none of that name where there is no maker, which no compiler would let pass.
fn make(maker: &str, put: impl Put) -> Done {
    match maker {
        "neg" => put.put(stock::neg()),
        "half" => put.put(stock::half()),
        "odd" => put.put(stock::odd()),
        "fails" => put.put(stock::fails()),
        "pair" => put.put(stock::pair()),
        "fork" => put.put(stock::fork()),
        _ => Err(Refusal::Gone),
    }
}

/// Adds `change` to `edit`.
pub(crate) fn by_hand(edit: &mut Edit, change: &Change) -> Done {
    match change {
        Change::Route { switch, route } => edit.route(switch.to_string(), by_view(route)).map(drop),
        Change::Insert { stage: Made { maker, name }, at } => make(maker.as_str(), Insert(edit, name.as_str(), at)),
        Change::Remove { stage } => edit.remove(stage.to_string()).map(drop),
        Change::Replace { stage, with, keeping } => {
            let maker = with.as_ref().or(stage.names().last()).unwrap();
            match (*keeping, maker.as_str()) {
                (true, "total" | "double") => {
                    edit.replace_with::<i64, _, _>(stage.to_string(), stock::double).map(drop)
                }
                (true, _) => Err(Refusal::Gone),
                (false, "show") => edit.replace(stage.to_string(), stock::show()).map(drop),
                (false, maker) => make(maker, Replace(edit, stage.to_string())),
            }
        }
        Change::Rename { stage, to } => edit.rename(stage.to_string(), to.as_str()).map(drop),
        Change::Move { stage, to } => match to {
            Position::Before(path) => edit.move_before(stage.to_string(), path.to_string()).map(drop),
            Position::After(path) => edit.move_after(stage.to_string(), path.to_string()).map(drop),
            _ => Err(Refusal::Gone),
        },
        Change::Attach { target: Made { maker, name }, switch } => {
            make(maker.as_str(), Attach(edit, switch.to_string().as_str(), name.to_string()))
        }
        Change::Detach { target, switch } => edit.detach(switch.to_string(), target.as_str()).map(drop),
        Change::Tap { stage, tap } => edit.tap(stage.to_string(), tap.name.as_str(), |_: &i64| ()).map(drop),
        Change::Pause => edit.pause().map(drop),
        Change::Resume => edit.resume().map(drop),
        _ => Err(Refusal::Gone),
    }
}

fn by_view(view: &RouteView) -> Route {
    let names: Vec<&str> = view.targets().iter().map(|name| name.as_str()).collect();
    let route = match view.policy() {
        PolicyKind::None => Route::none(),
        PolicyKind::One => Route::to(names[0]),
        PolicyKind::Once => Route::once(names[0]),
        PolicyKind::All => Route::all(names),
        PolicyKind::RoundRobin => Route::round_robin(names),
        PolicyKind::Weighted => Route::weighted(names.into_iter().zip(view.weights().iter().copied())),
        PolicyKind::ByKey => Route::by_key(names, stock::digit),
        PolicyKind::When if view.by().unwrap().as_str() == "small" => Route::when(stock::small, names[0], names[1]),
        PolicyKind::When => Route::choose(names, stock::third),
        PolicyKind::Failover => match view.retry() {
            Some(items) => Route::failover_retry(names, items),
            None => Route::failover(names),
        },
        PolicyKind::Generator => Route::generator(names, stock::alternate),
        _ => unreachable!("all policies"),
    };
    match view.by() {
        Some(by) => route.named(by.as_str()),
        None => route,
    }
}
