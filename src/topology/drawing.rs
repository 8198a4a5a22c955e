//! A topology in one of the forms in which it is drawn.

use std::collections::{HashMap, HashSet};
use std::fmt;

use super::{Topology, dot, mermaid, tree};
use crate::ledger::{Ledger, Row};
use crate::name::Path;
use crate::threads::Threads;
use crate::trace::{Hop, Trace};

/// A [`Topology`] as text: a tree, or the source of a picture.
///
/// Its `Display` is stable: names in the pipeline's order, no addresses, no clocks. What the lines and shapes mean is in
/// [the guide](crate::guide::drawing).
///
/// # Examples
///
/// ```
/// use coroute::{Pipeline, filter};
///
/// let mut odd = Pipeline::new("odd").stage("keep", filter(|x: &i64| x % 2 == 1));
/// odd.send_all(0..5, |_| ())?;
/// let (topology, ledger) = (odd.topology(), odd.ledger());
/// assert_eq!(
///     format!("\n{}", topology.tree().counts(&ledger)),
///     "
/// odd      i64 -> i64  revision 0  accepted 5, delivered 2, dropped 3
/// └─ keep  i64 -> i64              dropped 3
/// "
/// );
/// assert_eq!(
///     format!("\n{}", topology.mermaid()),
///     r#"
/// ---
/// title: "odd, revision 0"
/// ---
/// flowchart LR
///     __in(["i64"])
///     keep["keep<br>i64 -> i64"]
///     __out(["i64"])
///     __in --> keep
///     keep --> __out
/// "#
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Drawing<'a> {
    topology: &'a Topology,
    form: Form,
    ledger: Option<&'a Ledger>,
    trace: Option<&'a Trace>,
    threads: Option<&'a Threads>,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Tree,
    Mermaid,
    Dot,
}

impl<'a> Drawing<'a> {
    pub(super) fn tree(topology: &'a Topology) -> Self {
        Self { topology, form: Form::Tree, ledger: None, trace: None, threads: None }
    }

    pub(super) fn mermaid(topology: &'a Topology) -> Self {
        Self { topology, form: Form::Mermaid, ledger: None, trace: None, threads: None }
    }

    pub(super) fn dot(topology: &'a Topology) -> Self {
        Self { topology, form: Form::Dot, ledger: None, trace: None, threads: None }
    }

    /// The same with the ledger's counts, where they are not zero.
    ///
    /// A ledger counts what did not go its regular way: dropped, failed, split, held. How many items came to a stage or a target
    /// it does not know, for that would cost every item; see [`taken`](Drawing::taken). Counts of stages that have left the
    /// pipeline are in those of the whole only.
    #[must_use]
    pub fn counts(self, ledger: &'a Ledger) -> Self {
        Self { ledger: Some(ledger), ..self }
    }

    /// The same with how many items came to each stage and target, as far as the trace has recorded them. An item that became
    /// several on its way counts once.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Recording, Route, Switch};
    ///
    /// let model = Switch::new("model").target("v1", |x: i64| x).target("v2", |x: i64| -x);
    /// let mut model = model.route(Route::weighted([("v1", 95), ("v2", 5)])).into_pipeline();
    /// let controller = model.controller();
    /// controller.record(Recording::runs())?;
    /// model.send_all(0..1000, |_| ())?;
    /// assert_eq!(
    ///     format!("\n{}", controller.topology().tree().taken(&controller.trace())),
    ///     "
    /// model     i64 -> i64  revision 0
    /// └─ model  i64 -> i64  route v1:95 v2:5
    ///    ├─ v1  i64 -> i64  live              took 950
    ///    └─ v2  i64 -> i64  live              took 50
    /// "
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn taken(self, trace: &'a Trace) -> Self {
        Self { trace: Some(trace), ..self }
    }

    /// The same with the threads at the stages that they work for: how full each queue is, and what they do.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Pipeline;
    ///
    /// let pipeline = Pipeline::new("p").thread("t", |t| t.stage("add", |x: i64| x + 1)).workers("w", 2, || |x: i64| x);
    /// let running = pipeline.spawn()?;
    /// assert_eq!(
    ///     format!("\n{}", running.topology().tree().threads(&running.threads())),
    ///     "
    /// p          i64 -> i64  revision 0             thread \"p\", door 0/1024, exit 0/1024, idle
    /// ├─ t       i64 -> i64  thread, queue 1024     thread \"t\", queue 0/1024, idle
    /// │  └─ add  i64 -> i64
    /// └─ w       i64 -> i64  2 workers, queue 1024  queue 0/1024, idle
    /// "
    /// );
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn threads(self, threads: &'a Threads) -> Self {
        Self { threads: Some(threads), ..self }
    }
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = Counts::new(self.ledger, self.trace, self.threads);
        match self.form {
            Form::Tree => tree::write(f, self.topology, &counts),
            Form::Mermaid => mermaid::write(f, self.topology, &counts),
            Form::Dot => dot::write(f, self.topology, &counts),
        }
    }
}

/// The counts of a ledger and of a trace, by path.
pub(super) struct Counts<'a> {
    whole: Option<&'a Ledger>,
    rows: HashMap<&'a Path, &'a Row>,
    took: HashMap<Path, u64>,
    threads: Option<&'a Threads>,
}

/// How many items came to each place.
fn taken(trace: &Trace) -> HashMap<Path, u64> {
    let mut took = HashMap::new();
    for row in trace.rows() {
        let Some(way) = row.way() else { continue };
        // An item that became several may have come to one place more than once.
        let places: HashSet<Path> = way.hops().iter().map(Hop::place).collect();
        places.into_iter().for_each(|place| *took.entry(place).or_default() += row.weight());
    }
    took
}

impl<'a> Counts<'a> {
    fn new(whole: Option<&'a Ledger>, trace: Option<&Trace>, threads: Option<&'a Threads>) -> Self {
        let rows = whole.into_iter().flat_map(Ledger::rows).filter(|row| !row.gone);
        let rows = rows.map(|row| (&row.stage, row)).collect();
        Self { whole, rows, took: trace.map(taken).unwrap_or_default(), threads }
    }

    /// Those of the whole pipeline; empty where nobody asked for them.
    pub(super) fn whole(&self) -> String {
        let threads = self.threads.map(Threads::of_pipeline).filter(|threads| !threads.is_empty());
        let Some(ledger) = self.whole else { return threads.unwrap_or_default() };
        let flow = format!("accepted {}, delivered {}", ledger.accepted(), ledger.delivered());
        let rest = [
            ("split", ledger.split()),
            ("dropped", ledger.dropped()),
            ("failed", ledger.failed()),
            ("in flight", ledger.in_flight()),
        ];
        words(threads.into_iter().chain([flow]), rest)
    }

    /// Those of the stage at `path`; empty where all are zero.
    pub(super) fn of(&self, path: &Path) -> String {
        let threads = self.threads.map(|threads| threads.of_stage(path)).filter(|threads| !threads.is_empty());
        let took = self.took.get(path).map(|count| format!("took {count}"));
        let first = threads.into_iter().chain(took);
        let Some(row) = self.rows.get(path) else { return words(first, []) };
        words(
            first,
            [
                ("dropped", row.dropped),
                ("merged", row.merged),
                ("failed", row.failed),
                ("split", row.split),
                ("held", row.held),
            ],
        )
    }
}

fn words<const N: usize>(first: impl Iterator<Item = String>, counts: [(&str, u64); N]) -> String {
    let counts = counts.into_iter().filter(|(_, count)| *count > 0).map(|(word, count)| format!("{word} {count}"));
    first.chain(counts).collect::<Vec<_>>().join(", ")
}
