//! What an engine has in addition while tasks run it, and what it does with what comes out of the chain.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::chain::Chain;
use crate::cycle::Cycle;
use crate::error::{FlowError, Hold};
use crate::failure::Failure;
use crate::knot::Travels;
use crate::outlet::Outlet;
use crate::packet::{Mark, Message, Missing, Packet, Slip};

/// How many outputs are taken out of the chain at once, to wait to be handed out.
pub(super) const AHEAD: usize = 16;

/// What an engine has in addition while tasks run it.
pub(crate) struct Current<In, Out> {
    pub(super) travels: Travels,
    pub(super) outlet: Outlet<Out>,
    /// What is to be handed out, in order: outputs, and failures that nobody has dealt with.
    pub(super) news: VecDeque<Result<Out, FlowError>>,
    /// Whether there may be failures among that.
    pub(super) mixed: bool,
    /// An item that was not accepted yet.
    pub(crate) hand: Option<In>,
    /// Whether there was room for an item when all had gone on last, and none has come since.
    pub(super) open: bool,
    /// Whether outputs are not handed out, because there is nothing in them.
    pub(super) sinks: bool,
    /// Whether a thread runs the pipeline, which accepts items and hands outputs out many at a time.
    pub(super) spawned: bool,
    /// Whether the end of the stream was told, and whether it has come out.
    pub(crate) ending: bool,
    pub(crate) ended: bool,
    /// The number of the last flush that was asked for, and of the last that is through.
    pub(super) flush: (u64, u64),
    /// How many items were accepted when it was asked for, and what had been committed.
    pub(super) flushed_to: (u64, u64),
    /// What has been said of why no item will be accepted.
    pub(super) told: Option<Hold>,
    /// Grows whenever something has gone on, but for items that were accepted.
    pub(super) progress: u64,
}

impl<In: Send + 'static, Out: Send + 'static> Current<In, Out> {
    pub(super) fn new(sinks: bool) -> Self {
        Self {
            travels: Travels::default(),
            outlet: Outlet::new(1),
            news: VecDeque::new(),
            mixed: false,
            hand: None,
            open: false,
            sinks,
            spawned: false,
            ending: false,
            ended: false,
            flush: (0, 0),
            flushed_to: (0, 0),
            told: None,
            progress: 0,
        }
    }

    /// Takes what has come out of the chain; whether there was anything. The ledger is open.
    pub(super) fn collect(&mut self, chain: &mut Chain<In, Out>, cx: &mut Cycle) -> bool {
        if self.outlet.is_empty() {
            return false;
        }
        let before = (cx.number, cx.revision);
        while let Some(message) = self.outlet.pop() {
            self.progress += 1;
            match message {
                Message::Mark(Mark::Flush(number)) => self.flush.1 = number,
                Message::Mark(Mark::End) => {
                    self.ended = true;
                    cx.used_up = true;
                }
                Message::Mark(Mark::Edit(_) | Mark::Left(_) | Mark::Leave(_)) => {}
                Message::Packet(Packet { slip, items }) => {
                    let missing =
                        (slip.each && !slip.failures.is_empty()).then(|| Missing::of(slip.number, &slip.failures));
                    let failures = match cx.trace.is_some() || !slip.failures.is_empty() {
                        true => Self::settle(slip, &items, chain, cx),
                        false => Vec::new(),
                    };
                    if self.sinks {
                        cx.ledger.deliver(items.len() as u64);
                        self.failed(failures);
                    } else if !failures.is_empty() {
                        self.mix(items.into_vec(), failures, missing);
                    } else if items.spilled() {
                        self.news.extend(items.into_vec().into_iter().map(Ok));
                    } else {
                        self.news.extend(items.into_iter().map(Ok));
                    }
                }
            }
        }
        (cx.number, cx.revision) = before;
        true
    }

    /// Has the outputs of a packet handed out, with the failures in their places among them, or behind them where it is not
    /// known which items failed.
    #[cold]
    pub(super) fn mix(&mut self, outputs: Vec<Out>, mut failures: Vec<Failure>, missing: Option<Missing>) {
        let count = outputs.len();
        let place =
            |failure: &Failure| missing.as_ref().map_or(count, |missing| missing.ahead(failure.cycle())).min(count);
        if missing.is_some() {
            failures.sort_by_key(Failure::cycle);
        }
        let (mut outputs, mut done) = (outputs.into_iter(), 0);
        for failure in failures {
            let ahead = place(&failure);
            self.news.extend(outputs.by_ref().take(ahead - done).map(Ok));
            done = ahead;
            self.failed([failure]);
        }
        self.news.extend(outputs.map(Ok));
    }

    /// Has failures handed out that nobody has dealt with.
    pub(super) fn failed(&mut self, failures: impl IntoIterator<Item = Failure>) {
        let before = self.news.len();
        self.news.extend(failures.into_iter().map(|failure| Err(failure.into())));
        self.mixed |= self.news.len() > before;
    }

    /// Records a packet that has come out, and deals with its failures; those that are left.
    #[cold]
    pub(super) fn settle(slip: Slip, items: &[Out], chain: &mut Chain<In, Out>, cx: &mut Cycle) -> Vec<Failure> {
        let (number, revision) = (slip.number, slip.revision);
        cx.take_up(slip);
        if let Some(recorder) = &mut cx.trace {
            recorder.close_parked(number, revision, items);
        }
        cx.settle_again();
        let mut failures = cx.put_down().failures;
        let settled = catch_unwind(AssertUnwindSafe(|| chain.on_failure.settle(&mut failures, 0)));
        if let Err(panic) = settled {
            cx.panic.get_or_insert(panic);
        }
        failures
    }

    /// Whether an edit is on its way that has something to change further on.
    pub(super) fn is_crossed(&self) -> bool {
        self.travels.any_under_way()
    }

    /// Nothing stands against items any more that was said to.
    pub(super) fn mended(&mut self) {
        self.told = None;
    }

    /// Whether something has to be seen to before the next item.
    pub(super) fn waits(&self) -> bool {
        self.has_news() || self.hand.is_some() || self.ending || !self.travels.is_empty()
    }

    /// Whether nothing has to be seen to, as far as is known here.
    pub(super) fn is_calm(&self) -> bool {
        !self.waits() && self.flush.0 == self.flush.1
    }

    /// Whether something is there for whoever takes the outputs.
    pub(crate) fn has_news(&self) -> bool {
        !self.news.is_empty()
    }
}
