use coroute::{Pipeline, Source};

fn main() {
    let pipeline = Pipeline::new("sums").stage("add", |x: i64| x + 1);
    let _ = Source::new(pipeline, |mut out| async move {
        let first = out.send(1).await;
        let second = out.send(2).await;
        (first, second)
    });
}
