use coroute::Pipeline;

fn main() {
    let mut pipeline = Pipeline::new("sums").stage("add", |x: i64| x + 1);
    let _ = pipeline.call("one");
}
