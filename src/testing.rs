//! The test kit.
mod candidates;
mod check;
mod checks;
mod follow;
mod makers;
mod random;
mod reference;
mod rules;
mod tree;
mod turns;
mod violation;
mod walk;
pub use check::{Report, check};
pub use checks::{Committed, altered, check_g1, check_g2, check_g3, in_order};
pub use random::{Options, changes, scripts};
pub use reference::Reference;
pub use violation::{Illegal, Violation};
