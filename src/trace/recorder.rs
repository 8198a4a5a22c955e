//! The data side of a recording: collects the way of the item in hand.
//!
//! # How a way is told again without its names
//!
//! Names are only needed for a way that was not seen before. So a way is collected as *marks*: numbers of stages and
//! targets, which are compared with the marks of the last item, and looked up by a hash of them if they are others. What is
//! found stands for the way's text, and nothing is allocated. Where nothing is found, the chain is asked where the stages
//! are. On the quick way no stage is told of a recording: the chain is walked after the item (`Link::way`) for the choices
//! that the switches made, and once more for the stages if that way is new.
//!
//! The marks mean one thing within one revision; every edit makes the recorder forget them.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, MutexGuard, PoisonError};

use super::known::Ways;
use super::log::{Log, SharedLog};
use super::recording::{Detail, Show, Values};
use super::{Hop, Loss, Lost, Reason, Run, TraceRow};
use crate::change::Change;
use crate::hash::mix;
use crate::name::{Name, NodeId, Path};

/// The most ways that are remembered while single items are recorded; those of runs are bounded by the budget.
const KNOWN: usize = 4096;

/// See the module's documentation.
pub(crate) struct Recorder {
    log: SharedLog,
    detail: Detail,
    every: u64,
    values: Option<Values>,
    /// Whether the item in hand is recorded.
    wanted: bool,
    /// Whether stages are marked, and not only what was chosen.
    named: bool,
    marks: Vec<u64>,
    /// A hash of the marks.
    sum: u64,
    tokens: Vec<Token>,
    losses: Vec<(NodeId, Loss)>,
    /// The stage at which an item that went the quick way ended; its path is not known at once.
    stopped: Option<NodeId>,
    /// Whether the walk has come to that stage.
    over: bool,
    reasons: Vec<Reason>,
    depth: usize,
    /// The depth at which the next stage is the target that was just named.
    target: Option<usize>,
    ways: Ways,
}

/// A step that is known by numbers only.
enum Token {
    Stage(NodeId),
    Target(NodeId, Name),
}

/// Where a stage is.
type Place<'a> = &'a dyn Fn(NodeId) -> Option<Path>;

/// The steps of `tokens`.
fn hops(tokens: &[Token], place: Place<'_>) -> Vec<Hop> {
    let path = |id| place(id).unwrap_or_default();
    let hop = |token: &Token| match token {
        Token::Stage(id) => Hop::Stage(path(*id)),
        Token::Target(switch, target) => Hop::Target { switch: path(*switch), target: target.clone() },
    };
    tokens.iter().map(hop).collect()
}

impl Recorder {
    pub(crate) fn new(log: SharedLog) -> Self {
        let mut shared = lock(&log);
        let (detail, every, values) = (shared.detail, shared.every, shared.values.take());
        drop(shared);
        Self {
            log,
            detail,
            every,
            values,
            wanted: false,
            named: false,
            marks: Vec::new(),
            sum: 0,
            tokens: Vec::new(),
            losses: Vec::new(),
            stopped: None,
            over: false,
            reasons: Vec::new(),
            depth: 0,
            target: None,
            ways: Ways::default(),
        }
    }

    pub(crate) fn writes_to(&self, log: &SharedLog) -> bool {
        Arc::ptr_eq(&self.log, log)
    }

    pub(crate) fn detail(&self) -> Detail {
        self.detail
    }

    /// Whether each item gets a row of its own.
    pub(crate) fn has_each(&self) -> bool {
        self.detail == Detail::Items && self.every == 1
    }

    /// Whether the item of `cycle` gets a row of its own, which it needs the general way for.
    pub(crate) fn is_whole(&self, cycle: u64) -> bool {
        self.detail == Detail::Items && cycle.is_multiple_of(self.every)
    }

    /// Begins with the item of `cycle`: on the general way, or on the `quick` one.
    #[inline]
    pub(crate) fn begin(&mut self, cycle: u64, quick: bool) {
        self.wanted = self.detail != Detail::Edits && (self.every == 1 || cycle.is_multiple_of(self.every));
        self.named = !quick;
        self.restart();
        self.losses.clear();
        self.reasons.clear();
        self.stopped = None;
    }

    #[inline]
    fn restart(&mut self) {
        self.marks.clear();
        self.sum = 0;
        self.tokens.clear();
        (self.depth, self.target, self.over) = (0, None, false);
    }

    #[inline]
    fn mark(&mut self, mark: u64) {
        self.marks.push(mark);
        self.sum = (self.sum.rotate_left(7) ^ mark).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    /// The item passes a stage.
    #[inline]
    pub(crate) fn stage(&mut self, id: NodeId) {
        // A target that is a single stage is shown once.
        if !self.wanted || self.target.take() == Some(self.depth) {
            return;
        }
        // On the quick way, where an item ended and what the switches chose say it all.
        if self.named {
            self.mark(id.number());
            self.tokens.push(Token::Stage(id));
        }
    }

    /// The item goes to the route's target number `at`.
    #[inline]
    pub(crate) fn target(&mut self, switch: NodeId, target: &Name, at: usize) {
        if !self.wanted {
            return;
        }
        self.target = Some(self.depth + 1);
        // Half of all marks are for targets, so that none is taken for a stage.
        self.mark(mix(switch.number()) ^ (at as u64) << 1 | 1 << 63);
        if self.named {
            self.tokens.push(Token::Target(switch, target.clone()));
        }
    }

    /// What follows is inside a switch or a pipeline.
    #[inline]
    pub(crate) fn enter(&mut self) {
        self.depth += 1;
    }

    #[inline]
    pub(crate) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        // A target without stages has passed; the next stage is no target.
        self.target = None;
    }

    /// Whether a walk ends at this stage.
    #[inline]
    pub(crate) fn ends_at(&mut self, id: NodeId) -> bool {
        self.over |= self.stopped == Some(id);
        self.over
    }

    /// Whether the item ended at this very stage.
    pub(crate) fn is_last(&self, id: NodeId) -> bool {
        self.stopped == Some(id)
    }

    /// Whether the walk has come to its end.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }

    /// Why the target just named was chosen.
    pub(crate) fn reason(&mut self, reason: impl FnOnce() -> Reason) {
        if self.asks_why() {
            let mut reason = reason();
            if let Reason::Failover { out } = &mut reason {
                out.iter_mut().for_each(|(_, _, why)| *why = in_a_line(std::mem::take(why)));
            }
            self.reasons.push(reason);
        }
    }

    /// Whether the reasons for the way of the item in hand are recorded.
    pub(crate) fn asks_why(&self) -> bool {
        self.wanted && self.detail == Detail::Items
    }

    /// The item in hand does not go on.
    #[cold]
    pub(crate) fn lost(&mut self, id: NodeId, how: Lost, error: Option<String>) {
        if !self.wanted {
            return;
        }
        self.stopped = Some(id);
        // Where the stage is, is looked up when the item has ended.
        self.losses.push((id, Loss { stage: Path::default(), how, error: error.map(in_a_line) }));
    }

    /// The last failed item was taken back and goes another way.
    pub(crate) fn take_back(&mut self) {
        self.losses.pop();
    }

    /// Ends an item that went the general way.
    pub(crate) fn close<Out: 'static>(&mut self, cycle: u64, revision: u64, outputs: &[Out], place: Place<'_>) {
        if !self.wanted {
            return;
        }
        self.sum_up();
        let at = self.ways.find(self.sum, &self.marks).unwrap_or_else(|| self.learn(false, place));
        if self.detail == Detail::Runs {
            return self.tally(at, revision, (cycle, cycle, 1), outputs.len() as u64);
        }
        let values = self.values.as_mut().map_or(Vec::new(), |values| shown(values, outputs));
        let placed = |(id, loss)| Loss { stage: place(id).unwrap_or_default(), ..loss };
        let losses = self.losses.drain(..).map(placed).collect();
        let reasons = std::mem::take(&mut self.reasons);
        let (way, outputs) = (self.ways.way(at), outputs.len() as u64);
        lock(&self.log).push(TraceRow::Item { cycle, revision, way, outputs, values, losses, reasons });
    }

    /// Ends a batch of items that went the same way, and came out as one each: but for the last of them, if a stage panicked.
    pub(crate) fn close_batch(&mut self, cycles: Range<u64>, revision: u64, outputs: u64, place: Place<'_>) {
        if self.detail != Detail::Runs {
            return;
        }
        let through = cycles.start + outputs;
        let stretch = |recorder: &mut Self, cycles: Range<u64>, outputs: u64| {
            let first = cycles.start.next_multiple_of(recorder.every);
            if first < cycles.end {
                let at =
                    recorder.ways.find(recorder.sum, &recorder.marks).unwrap_or_else(|| recorder.learn(true, place));
                let items = (cycles.end - 1 - first) / recorder.every + 1;
                let last = first + (items - 1) * recorder.every;
                recorder.tally(at, revision, (first, last, items), outputs * items);
            }
        };
        let losses = std::mem::take(&mut self.losses);
        stretch(self, cycles.start..through, 1);
        if through < cycles.end {
            self.losses = losses;
            self.sum_up();
            stretch(self, through..cycles.end, 0);
        }
    }

    /// Ends an item that went the quick way; `walk` tells the way, as often as it is called. It need not be told where the
    /// route is `fixed`.
    #[inline]
    pub(crate) fn close_quick(
        &mut self,
        cycle: u64,
        revision: u64,
        outputs: u64,
        fixed: bool,
        walk: impl Fn(&mut Self),
        place: impl Fn(NodeId) -> Option<Path>,
    ) {
        if !self.wanted {
            return;
        }
        if !fixed {
            walk(self);
        }
        self.sum_up();
        let at = match self.ways.find(self.sum, &self.marks) {
            Some(known) => known,
            None => self.tell(walk, &place),
        };
        self.tally(at, revision, (cycle, cycle, 1), outputs);
    }

    /// Walks once more, for the stages.
    #[cold]
    fn tell(&mut self, walk: impl Fn(&mut Self), place: Place<'_>) -> usize {
        let (marks, sum) = (std::mem::take(&mut self.marks), self.sum);
        self.restart();
        self.named = true;
        walk(self);
        self.named = false;
        (self.marks, self.sum) = (marks, sum);
        self.learn(false, place)
    }

    /// Remembers the way of the item in hand; or that of items of which all came out or all ended at one place, if they are
    /// `alike`.
    #[cold]
    fn learn(&mut self, alike: bool, place: Place<'_>) -> usize {
        if self.detail == Detail::Items && self.ways.len() >= KNOWN {
            self.ways.forget();
        }
        let mut hops = hops(&self.tokens, place);
        let placed =
            |(id, loss): &(NodeId, Loss)| Loss { stage: place(*id).unwrap_or_default(), how: loss.how, error: None };
        let losses: Vec<Loss> = self.losses.iter().map(placed).collect();
        if let ([Loss { stage, .. }], true) = (&losses[..], alike) {
            // Others of the batch have gone on.
            let at = hops.iter().position(|hop| hop.place() == *stage);
            hops.truncate(at.map_or(hops.len(), |at| at + 1));
        }
        self.ways.learn(self.sum, &self.marks, hops.into(), losses)
    }

    /// What was lost, and how, is a part of the way.
    #[inline]
    fn sum_up(&mut self) {
        for at in 0..self.losses.len() {
            let (id, loss) = &self.losses[at];
            let mark = mix(id.number()).rotate_left(1) ^ loss.how as u64;
            self.mark(mark);
        }
    }

    /// Adds items, which are the `first` cycle to the `last`, to the run of their way.
    #[inline]
    fn tally(&mut self, at: usize, revision: u64, (first, last, items): (u64, u64, u64), outputs: u64) {
        if let Some(tally) = self.ways.tally(at) {
            return tally.add(last, items, outputs);
        }
        let (way, losses) = self.ways.whole(at);
        let run = Run { revision, first, last, items, outputs, way, losses };
        let tally = lock(&self.log).begin(run);
        if tally.is_none() {
            // There is no room for it, and there would be none for what is remembered of it.
            self.ways.unlearn(at, self.sum);
        }
        self.ways.keep(at, tally);
    }

    /// An edit was applied, in front of the item of `cycle`.
    pub(crate) fn edit(&mut self, cycle: u64, revision: u64, changes: Vec<Change>) {
        self.ways.forget();
        lock(&self.log).push(TraceRow::Edit { cycle, revision, changes });
    }
}

fn lock(log: &SharedLog) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The text without anything that would end its line or hide a part of it.
fn in_a_line(text: String) -> String {
    if !text.contains(char::is_control) {
        return text;
    }
    text.chars().flat_map(|c| if c.is_control() { c.escape_debug().collect() } else { vec![c] }).collect()
}

fn shown<Out: 'static>(values: &mut Values, outputs: &[Out]) -> Vec<String> {
    let Some(show) = values.show.downcast_mut::<Show<Out>>() else { return Vec::new() };
    let mut text = |output: &Out| {
        catch_unwind(AssertUnwindSafe(|| show(output))).map_or_else(|_| "(panicked)".to_owned(), in_a_line)
    };
    outputs.iter().map(&mut text).collect()
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder").field("detail", &self.detail).finish_non_exhaustive()
    }
}
