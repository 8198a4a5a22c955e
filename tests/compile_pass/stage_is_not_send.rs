use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use coroute::Pipeline;

fn main() {
    let seen = Arc::new(AtomicU64::new(0));
    let _ = Pipeline::new("sums").stage("count", move |x: i64| {
        seen.fetch_add(1, Ordering::Relaxed);
        x
    });
}
