//! Calls the script example as its `main` does.

use std::fs;
use std::path::{Path, PathBuf};

use super::script;

/// What a call of the example printed, and the code it ended with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: u8,
}

pub(crate) fn call(args: &[&str]) -> Ran {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = script::run(args, &mut out, &mut err);
    Ran { out: String::from_utf8(out).unwrap(), err: String::from_utf8(err).unwrap(), code }
}

/// The path of a script that is shipped.
pub(crate) fn path(name: &str) -> String {
    format!("examples/scripts/{name}.route")
}

/// A file that is gone when the test ends.
pub(crate) struct Temporary(PathBuf);

impl Temporary {
    pub(crate) fn new(name: &str, text: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&path, text).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// What is printed when this script is played, with `SCRIPT` for its path.
    pub(crate) fn play(&self, args: &[&str]) -> Ran {
        let ran = call(&[&[self.path()], args].concat());
        let [out, err] = [ran.out, ran.err].map(|text| text.replace(self.path(), "SCRIPT"));
        Ran { out, err, ..ran }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}
