//! Scripts as the tests write them.

use coroute::Script;

pub(crate) fn script(text: &str) -> Script {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}
