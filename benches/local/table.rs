//! The table of what was measured.

use crate::measure::Times;

/// What is wanted of a row.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    /// At most so many times the peer.
    Times(f64),
    /// At most so many nanoseconds more than the peer.
    More(f64),
    /// At most so many nanoseconds.
    Below(f64),
    /// At least this part of the peer's throughput.
    Keeps(f64),
    /// For information.
    None,
}

impl Target {
    fn is_met(self, ours: f64, peer: f64) -> Option<bool> {
        match self {
            Self::Times(most) => Some(ours <= most * peer),
            Self::More(most) => Some(ours - peer <= most),
            Self::Below(most) => Some(ours <= most),
            Self::Keeps(least) => Some(peer / ours >= least),
            Self::None => None,
        }
    }

    fn words(self, ours: f64, peer: f64) -> String {
        match self {
            Self::Times(most) => format!("<= {most:.2}"),
            Self::More(most) => format!("+{:.1} ns, <= +{most:.0} ns", ours - peer),
            Self::Below(most) => format!("<= {most:.0} ns"),
            Self::Keeps(least) => format!("keeps {:.0} %, >= {:.0} %", 100.0 * peer / ours, 100.0 * least),
            Self::None => String::new(),
        }
    }
}

/// The rows that are asked for, printed as they come.
pub(crate) struct Table {
    filter: Option<String>,
    missed: usize,
}

impl Table {
    /// A table of the rows whose titles contain `filter`.
    pub(crate) fn new(filter: Option<String>) -> Self {
        println!("| what | ours, ns (min / median) | peer, ns (min / median) | ratio | target | met |");
        println!("| --- | --- | --- | --- | --- | --- |");
        Self { filter, missed: 0 }
    }

    /// Whether the row is asked for. What it needs is only built then.
    pub(crate) fn wants(&self, what: &str) -> bool {
        self.filter.as_ref().is_none_or(|filter| what.contains(filter.as_str()))
    }

    pub(crate) fn row(&mut self, what: &str, (ours, peer): (Times, Times), target: Target) {
        let met = target.is_met(ours.median, peer.median);
        self.missed += usize::from(met == Some(false));
        let words = target.words(ours.median, peer.median);
        let ratio = ours.median / peer.median;
        println!("| {what} | {} | {} | {ratio:.2} | {words} | {} |", show(ours), show(peer), verdict(met));
    }

    /// A row without a peer.
    pub(crate) fn lone(&mut self, what: &str, ours: Times, target: Target) {
        let met = target.is_met(ours.median, f64::NAN);
        self.missed += usize::from(met == Some(false));
        println!("| {what} | {} | | | {} | {} |", show(ours), target.words(ours.median, f64::NAN), verdict(met));
    }

    pub(crate) fn end(self) {
        println!("\n{} targets missed", self.missed);
    }
}

fn show(times: Times) -> String {
    format!("{:.2} / {:.2}", times.min, times.median)
}

fn verdict(met: Option<bool>) -> &'static str {
    match met {
        Some(true) => "yes",
        Some(false) => "**no**",
        None => "",
    }
}
