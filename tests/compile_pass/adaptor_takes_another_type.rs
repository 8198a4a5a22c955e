use coroute::{Pipeline, try_stage};

fn main() {
    let _ = Pipeline::new("lengths")
        .stage("length", |word: String| word.len())
        .stage("small", try_stage(|length: &usize| u8::try_from(*length)));
}
