use coroute::Pipeline;

fn main() {
    let mut seen = 0;
    let _ = Pipeline::new("sums").inspect("count", move |_: &i64| {
        seen += 1;
        println!("{seen}");
    });
}
