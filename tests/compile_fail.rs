//! Pipelines that must not compile, with what the compiler says of them; each has a twin that compiles.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
#[cfg(not(feature = "tower"))]
use std::process::Command;

/// The names of the cases in a folder.
fn cases(folder: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder);
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    let sources = files.filter(|file| file.extension().is_some_and(|extension| extension == "rs"));
    sources.map(|file| file.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

#[cfg(not(feature = "tower"))]
/// The compiler whose messages are recorded; others word them differently.
const RECORDED: &str = "rustc 1.95.";

// The compiler lists all stages that there are, and the recorded list is that without features.
#[cfg(not(feature = "tower"))]
#[test]
fn what_does_not_fit_together_does_not_compile() {
    let compiler = trybuild::TestCases::new();
    compiler.pass("tests/compile_pass/*.rs");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().unwrap().stdout;
    if String::from_utf8_lossy(&version).starts_with(RECORDED) {
        compiler.compile_fail("tests/compile_fail/*.rs");
    }
}

#[test]
fn every_case_has_a_twin_that_compiles() {
    assert_eq!(cases("compile_fail"), cases("compile_pass"));
}
