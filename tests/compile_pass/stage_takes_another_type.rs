use coroute::Pipeline;

fn main() {
    let _ =
        Pipeline::new("lengths").stage("length", |word: String| word.len()).stage("double", |length: usize| length * 2);
}
