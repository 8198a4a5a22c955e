//! What a script can say.

use crate::change::Change;
use crate::name::{Name, NameError, Path};
use crate::route::RouteView;

/// A statement of a [`Script`](crate::Script).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Statement {
    /// `at 1000 insert neg after add`: an edit in front of an item.
    At {
        /// The item's cycle: 0 for the first.
        cycle: u64,
        /// The edit; committed as one.
        changes: Vec<Change>,
    },
    /// `every 500 from 5000 to 9000 route model -> next v1 v2`: an edit in front of every so many items.
    Every {
        /// How many cycles are between two of them; at least 1.
        period: u64,
        /// The first cycle; as a rule the period itself.
        from: u64,
        /// The last cycle that there may be one at, itself included; none for no end.
        to: Option<u64>,
        /// The edit; committed as one.
        changes: Vec<Change>,
    },
    /// `when failed > 3 route sink -> spool`: an edit in front of the first item for which the ledger says so; once.
    When {
        /// What the ledger has to say.
        condition: Condition,
        /// The edit; committed as one.
        changes: Vec<Change>,
    },
    /// `expect at 9000 model -> v2`: what has to be so in front of an item, or at the end of the run.
    Expect {
        /// The item's cycle; none for the end.
        at: Option<u64>,
        /// What has to be so.
        what: Expectation,
    },
}

/// A comparison of a count with a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What is counted.
    pub count: Count,
    /// The stage that it is counted at; none for the whole pipeline.
    pub of: Option<Path>,
    /// How it is compared.
    pub is: Comparison,
    /// What with, in items (for [`Count::Revision`], in edits).
    pub number: u64,
}

/// What a [`Condition`] counts: the figures of a [`Ledger`](crate::Ledger), and the revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Count {
    /// Items that the pipeline took in; of the whole pipeline only.
    Accepted,
    /// Items that came out; of the whole pipeline only.
    Delivered,
    /// Items that were not passed on; for the whole pipeline, also those merged into others.
    Dropped,
    /// Items that went into the making of others; of a stage only.
    Merged,
    /// Items that could not be processed.
    Failed,
    /// Items that were made in addition to those taken.
    Split,
    /// Items that are held back inside.
    Held,
    /// Edits committed; of the whole pipeline only.
    Revision,
}

/// How a [`Condition`] compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `=`
    Equal,
    /// `!=`
    Other,
    /// `>=`
    AtLeast,
    /// `>`
    More,
}

impl Condition {
    /// A condition on a count of the whole pipeline; see also [`at`](Condition::at).
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::script::{Comparison, Condition, Count};
    ///
    /// let condition = Condition::new(Count::Failed, Comparison::More, 3);
    /// assert_eq!(condition.to_string(), "failed > 3");
    /// assert_eq!(condition.at("parse")?, "failed of parse > 3".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(count: Count, is: Comparison, number: u64) -> Self {
        Self { count, of: None, is, number }
    }

    /// The same, counted at a stage.
    ///
    /// # Errors
    ///
    /// [`NameError`] for a malformed path.
    pub fn at(self, stage: impl AsRef<str>) -> Result<Self, NameError> {
        Ok(Self { of: Some(Path::new(stage)?), ..self })
    }
}

impl Count {
    pub(crate) const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Delivered,
        Self::Dropped,
        Self::Merged,
        Self::Failed,
        Self::Split,
        Self::Held,
        Self::Revision,
    ];

    /// The word for it in a script.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Delivered => "delivered",
            Self::Dropped => "dropped",
            Self::Merged => "merged",
            Self::Failed => "failed",
            Self::Split => "split",
            Self::Held => "held",
            Self::Revision => "revision",
        }
    }

    /// Whether it is counted of the whole pipeline only.
    pub(crate) fn of_all_only(self) -> bool {
        matches!(self, Self::Accepted | Self::Delivered | Self::Revision)
    }
}

impl Comparison {
    pub(crate) const ALL: [Self; 6] = [Self::Less, Self::AtMost, Self::Equal, Self::Other, Self::AtLeast, Self::More];

    /// The sign for it in a script.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::AtMost => "<=",
            Self::Equal => "=",
            Self::Other => "!=",
            Self::AtLeast => ">=",
            Self::More => ">",
        }
    }
}

/// What a script can expect.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expectation {
    /// `model -> v2`: the switch has this route.
    Route {
        /// The switch.
        switch: Path,
        /// The route.
        route: RouteView,
    },
    /// `failed of parse = 0`: a count.
    Count(Condition),
    /// `stages add > neg`, `stages of inner add > neg`: a pipeline's stages, all of them, in order (taps included); `stages none` for no
    /// stage at all.
    Stages {
        /// The pipeline; none for the outermost.
        of: Option<Path>,
        /// Its stages.
        names: Vec<Name>,
    },
    /// `has model/v2`: there is something at this path.
    Has(Path),
    /// `no model/v2`: there is nothing at this path.
    No(Path),
    /// `paused`, or `running`.
    Paused(bool),
}
