use coroute::{Pipeline, Source};

fn main() {
    let pipeline = Pipeline::new("sums").stage("add", |x: i64| x + 1);
    let _ = Source::new(pipeline, |mut out| async move {
        let (first, second) = (out.send(1), out.send(2));
        (first.await, second.await)
    });
}
