use coroute::{Pipeline, try_stage};

fn main() {
    let _ = Pipeline::new("lengths")
        .stage("length", |word: String| word.len())
        .stage("parse", try_stage(|word: &String| word.parse::<i64>()));
}
