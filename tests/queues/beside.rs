//! What the queue at a spawned pipeline's end imports of the crate, as far as it does.

pub(crate) mod error {
    /// Why nothing goes in any more.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub(crate) enum Closed {
        NoReceiver,
        Aborted,
    }
}

pub(crate) mod roster {
    /// Tells how full something is.
    pub(crate) trait Gauge: Send + Sync {
        fn fill(&self) -> (usize, usize);
    }
}
