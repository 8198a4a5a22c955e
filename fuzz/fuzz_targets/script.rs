//! Any text is a script or has mistakes; a script is the same after it was written down and read back.

#![no_main]

use coroute::{Change, RouteView, Script};
use coroute::script::{Expectation, Statement};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<Script>() {
        Ok(script) => {
            let shown = script.to_string();
            let again: Script = shown.parse().expect("what a script prints is a script");
            assert_eq!(again, script, "{shown}");
            assert_eq!(again.to_string(), shown);
        }
        Err(error) => {
            assert!(!error.mistakes().is_empty());
            for mistake in error.mistakes() {
                assert!(error.text().get(mistake.span()).is_some(), "{mistake:?}");
            }
            assert!(!error.to_string().is_empty());
        }
    }
    fn stable<T: std::str::FromStr + std::fmt::Display + PartialEq + std::fmt::Debug>(text: &str) {
        let Ok(value) = text.parse::<T>() else { return };
        let shown = value.to_string();
        assert_eq!(shown.parse::<T>().ok(), Some(value), "{shown}");
    }
    stable::<Statement>(text);
    stable::<Change>(text);
    stable::<RouteView>(text);
    stable::<Expectation>(text);
});
