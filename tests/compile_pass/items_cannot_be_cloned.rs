use coroute::{Route, Switch};

#[derive(Clone)]
struct Ticket;

fn main() {
    let _ = Switch::new("sinks")
        .target("a", |_: Ticket| ())
        .target("b", |_: Ticket| ())
        .cloned()
        .route(Route::all(["a", "b"]));
}
