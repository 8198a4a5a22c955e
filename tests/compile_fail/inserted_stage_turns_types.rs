use coroute::Pipeline;

fn main() {
    let pipeline = Pipeline::new("sums").stage("add", |x: i64| x + 1);
    let _ = pipeline.controller().insert_after("add", "text", |x: i64| x.to_string());
}
