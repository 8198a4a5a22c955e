use coroute::Pipeline;

fn main() {
    let inner = Pipeline::new("inner").stage("trim", |word: String| word.trim().to_owned());
    let _ = Pipeline::new("outer").stage("length", |word: String| word.len()).stage("inner", inner);
}
