use coroute::Switch;

fn main() {
    let _ = Switch::new("model").target("v1", |x: i32| i64::from(x) + 1).target("v2", |x: i32| i64::from(x));
}
