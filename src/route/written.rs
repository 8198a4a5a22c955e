//! A route as serde writes and reads it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::view::{PolicyKind, RouteView};
use crate::name::Name;

/// The parts of a [`RouteView`], not looked at yet.
#[derive(Serialize, Deserialize)]
#[serde(rename = "RouteView")]
pub(super) struct Written {
    policy: PolicyKind,
    #[serde(default)]
    targets: Vec<Name>,
    #[serde(default)]
    weights: Vec<u32>,
    #[serde(default)]
    retry: Option<u64>,
    #[serde(default)]
    by: Option<Name>,
}

/// Weights that do not go with the targets.
pub(super) struct Mismatch {
    policy: PolicyKind,
    targets: usize,
    weights: usize,
}

impl From<RouteView> for Written {
    fn from(route: RouteView) -> Self {
        let RouteView { policy, targets, weights, retry, by } = route;
        Self { policy, targets: targets.into_vec(), weights: weights.into_vec(), retry, by }
    }
}

impl TryFrom<Written> for RouteView {
    type Error = Mismatch;

    fn try_from(written: Written) -> Result<Self, Mismatch> {
        let Written { policy, targets, weights, retry, by } = written;
        let wanted = if policy == PolicyKind::Weighted { targets.len() } else { 0 };
        if weights.len() != wanted {
            return Err(Mismatch { policy, targets: targets.len(), weights: weights.len() });
        }
        Ok(Self { policy, targets: targets.into(), weights: weights.into(), retry, by })
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { policy, targets, weights } = self;
        match policy {
            PolicyKind::Weighted => {
                write!(f, "cannot read a weighted route: {weights} weights for {targets} targets; give each its weight")
            }
            _ => write!(f, "cannot read a route: {weights} weights; only a weighted one has weights"),
        }
    }
}
