use coroute::Pipeline;

struct Total(i64);

fn main() {
    let _ = Pipeline::new("sums").stage("add", |x: i64| x + 1).stage("total", Total(0));
}
