//! A test kit for pipelines: a reference to compare with, checks of what must never break, and random scripts.
//!
//! It is there with the feature `testing`, for `[dev-dependencies]`:
//!
//! ```toml
//! [dev-dependencies]
//! coroute = { version = "0.1", features = ["testing"] }
//! proptest = "1"
//! ```
//!
//! [`check`] takes a pipeline of yours through a script and checks what the crate guarantees, and with it what your own
//! stages have to do for that (a [`Stage`](crate::Stage) that holds items back without saying so breaks the ledger).
//! [`scripts`] makes the scripts: of your names, your types, your targets, and of what your library can put in.
//!
//! ```
//! use coroute::testing::{Options, check, in_order, scripts};
//! use coroute::{Library, Pipeline, Switch, filter};
//! use proptest::prelude::*;
//!
//! fn pipeline() -> Pipeline<u64, u64> {
//!     let model = Switch::new("model").target("v1", |x: u64| x).target("v2", |x: u64| x).route("v1");
//!     Pipeline::new("orders").stage("parse", |x: u64| x).switch(model)
//! }
//!
//! fn library() -> Library {
//!     Library::new().stage("audit", || |x: u64| x).stage("odd", || filter(|x: &u64| x % 2 == 1))
//! }
//!
//! proptest! {
//!     # #![proptest_config(ProptestConfig { cases: 30, failure_persistence: None, ..ProptestConfig::default() })]
//!     # /*
//!     #[test]
//!     # */
//!     fn no_edit_loses_or_reorders_an_order(
//!         script in scripts(&pipeline().topology(), &library(), Options::new().illegal(20)),
//!     ) {
//!         let report = check(&mut pipeline(), &library(), &script, 0..50)?;
//!         in_order(report.outputs)?;
//!     }
//! }
//! # no_edit_loses_or_reorders_an_order();
//! ```
//!
//! What failed shrinks to the shortest script that fails, and the [`Violation`] says which guarantee is broken, at which
//! cycle, what was expected and what was found.
//!
//! | to check | take |
//! | --- | --- |
//! | everything, over a whole run | [`check`] |
//! | G1: each item went one way, through one revision | [`check_g1`], [`Reference::follow`] for a single row |
//! | G2: nothing is lost or comes twice, order is kept | [`check_g2`], [`in_order`] |
//! | G3: edits are whole, in order and in their places | [`check_g3`] |
//! | what an edit makes of a pipeline, or why it is illegal | [`Reference::commit`] |
//! | that a check of your own can fail | [`altered`] |
//!
//! See also: [`Recording`](crate::Recording), which makes the traces; [`Script`](crate::Script), [`Library`](crate::Library).

mod candidates;
mod check;
mod checks;
mod follow;
mod makers;
mod random;
mod reference;
mod report;
mod rules;
mod tree;
mod turns;
mod violation;
mod walk;

pub use check::check;
pub use checks::{Committed, altered, check_g1, check_g2, check_g3, in_order};
pub use random::{Options, changes, scripts};
pub use reference::Reference;
pub use report::Report;
pub use violation::{Illegal, Violation};
