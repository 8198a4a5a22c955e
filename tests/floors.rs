//! A file imports only from files above its own. The order is the one in which the crate is best read.

use std::fs;
use std::path::{Path, PathBuf};

const FLOORS: [&str; 50] = [
    "name",
    "hash",
    "board",
    "parker",
    "lane",
    "ledger",
    "in_flight",
    "stage",
    "failure",
    "error",
    "roster",
    "coroutine",
    "route",
    "change",
    "trace",
    "packet",
    "pick",
    "model",
    "threads",
    "topology",
    "cycle",
    "outlet",
    "knot",
    "meet",
    "link",
    "join",
    "chain",
    "node",
    "staged",
    "boundary",
    "crew",
    "fan",
    "part",
    "switch",
    "waiting",
    "sinks",
    "shared",
    "receipt",
    "edit",
    "commit",
    "control",
    "controller",
    "engine",
    "pipeline",
    "stream",
    "running",
    "source",
    "library",
    "script",
    "testing",
];

/// The files of `folder` and below, each with the module at the top that it belongs to.
fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let inside = path.strip_prefix(folder).unwrap();
                let module = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
                found.push((module.to_owned(), path));
            }
        }
    }
    found.sort();
    found
}

/// The imports in `text`, a file of `module`, from files that are not above it.
fn upward(module: &str, text: &str) -> Vec<String> {
    let floor = |name: &str| FLOORS.iter().position(|floor| *floor == name);
    let own = floor(module);
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    code.match_indices("crate::")
        .map(|(at, word)| code[at + word.len()..].split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap())
        .filter(|import| *import != module && floor(import) >= own)
        .map(|import| format!("{module} imports {import}"))
        .collect()
}

#[test]
fn imports_go_up_the_page_only() {
    let mut wrong = Vec::new();
    for (module, path) in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        if module == "lib" || module == "guide" {
            continue;
        }
        assert!(FLOORS.contains(&&*module), "{module} has no place in the order");
        wrong.extend(upward(&module, &fs::read_to_string(&path).unwrap()));
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn an_import_from_below_is_found() {
    assert_eq!(upward("ledger", "use crate::pipeline::Pipeline;"), ["ledger imports pipeline"]);
    assert_eq!(upward("ledger", "use crate::name::Path; // crate::pipeline\n"), ["ledger imports pipeline"]);
    assert_eq!(upward("ledger", "use crate::name::Path;\n/// See crate::pipeline.\n"), Vec::<String>::new());
}

#[test]
fn no_file_is_longer_than_400_lines() {
    let long: Vec<String> = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
        .into_iter()
        .map(|(_, path)| (fs::read_to_string(&path).unwrap().lines().count(), path))
        .filter(|(lines, _)| *lines > 400)
        .map(|(lines, path)| format!("{} has {lines} lines", path.display()))
        .collect();
    assert_eq!(long, Vec::<String>::new());
}
