//! What a check finds wrong, and why the reference refuses an edit.

use std::error::Error;
use std::fmt;

/// A guarantee that was not kept: which, at which cycle, what should have been and what was.
///
/// # Examples
///
/// ```
/// use coroute::testing::in_order;
///
/// assert_eq!(in_order([0, 1, 3]), Ok(()));
/// let violation = in_order([0, 2, 1]).unwrap_err();
/// assert_eq!(violation.guarantee(), "G2");
/// assert_eq!(violation.to_string(), "G2 is broken: expected a number above 2 as output 2, found 1");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    guarantee: &'static str,
    cycle: Option<u64>,
    expected: String,
    found: String,
}

impl Violation {
    pub(super) fn new(guarantee: &'static str, cycle: Option<u64>, expected: String, found: String) -> Self {
        Self { guarantee, cycle, expected, found }
    }

    /// The guarantee: `G0` to `G3`.
    #[must_use]
    pub fn guarantee(&self) -> &str {
        self.guarantee
    }

    /// The cycle at which it shows, where there is one.
    #[must_use]
    pub fn cycle(&self) -> Option<u64> {
        self.cycle
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { guarantee, cycle, expected, found } = self;
        write!(f, "{guarantee} is broken")?;
        cycle.map_or(Ok(()), |cycle| write!(f, " at cycle {cycle}"))?;
        // Whole topologies are shown below each other.
        let gap = |text: &str| if text.starts_with('\n') { "" } else { " " };
        write!(f, ": expected{}{expected}, found{}{found}", gap(expected), gap(found))
    }
}

impl Error for Violation {}

/// Why a [`Reference`](super::Reference) refuses an edit: the change, and the rule that is against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Illegal {
    change: usize,
    asked: String,
    why: String,
}

impl Illegal {
    pub(super) fn new(change: usize, asked: String, why: String) -> Self {
        Self { change, asked, why }
    }

    /// Which change is refused: 0 for the first.
    #[must_use]
    pub fn change(&self) -> usize {
        self.change
    }
}

impl fmt::Display for Illegal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.asked, self.why)
    }
}

impl Error for Illegal {}
