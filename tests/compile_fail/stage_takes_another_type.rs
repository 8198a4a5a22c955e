use coroute::Pipeline;

fn main() {
    let _ = Pipeline::new("lengths")
        .stage("length", |word: String| word.len())
        .stage("shout", |word: String| word.to_uppercase());
}
