use coroute::Pipeline;

fn main() {
    let inner = Pipeline::new("inner").stage("trim", |word: String| word.trim().to_owned());
    let _ = Pipeline::new("outer").stage("inner", inner).stage("length", |word: String| word.len());
}
