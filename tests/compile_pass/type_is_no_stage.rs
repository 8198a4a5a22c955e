use coroute::{Output, Pipeline, Stage};

struct Total(i64);

impl Stage<i64> for Total {
    type Out = i64;

    fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
        self.0 += item;
        out.emit(self.0);
    }
}

fn main() {
    let _ = Pipeline::new("sums").stage("add", |x: i64| x + 1).stage("total", Total(0));
}
