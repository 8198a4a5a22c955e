use std::cell::Cell;
use std::rc::Rc;

use coroute::Pipeline;

fn main() {
    let seen = Rc::new(Cell::new(0));
    let _ = Pipeline::new("sums").stage("count", move |x: i64| {
        seen.set(seen.get() + 1);
        x
    });
}
