//! A stage whose work takes time: a future for each item, so many at a time.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::{FuturesUnordered, StreamExt};
use smallvec::SmallVec;

use super::task::{Done, Entry, Lost, Place, Tag};
use crate::cycle::{Cycle, Site};
use crate::knot::{Eviction, Flow, HowFar, Travels, Turn, Wait};
use crate::link::{Recount, Status, Work};
use crate::packet::{Items, Mark, Message, Packet};

/// The futures of a stage, and the packets that they are for, in order.
pub(crate) struct Tasks<A, B, M, F> {
    /// Begins with an item: makes the future that gives what becomes of it.
    begin: M,
    running: FuturesUnordered<Pin<Box<F>>>,
    /// Those for packets in front of a mark, by the number of its entry, oldest first: they can be given up without those
    /// behind it; see [`Wait::evict`].
    older: Vec<(u64, FuturesUnordered<Pin<Box<F>>>)>,
    limit: usize,
    ordered: bool,
    clone: Option<fn(&A) -> A>,
    line: VecDeque<Entry<A, B>>,
    /// The number of the first entry.
    first: u64,
    /// Packets that have items which are not begun: entries in order.
    waiting: VecDeque<u64>,
    weight: usize,
}

impl<A, B, M, F> Tasks<A, B, M, F>
where
    A: Send + 'static,
    B: Send + 'static,
    M: FnMut(A, Tag) -> F + Send + 'static,
    F: Future<Output = Done<A, B>> + Send + 'static,
{
    pub(crate) fn new(begin: M, limit: usize, ordered: bool, clone: Option<fn(&A) -> A>) -> Self {
        Self {
            begin,
            running: FuturesUnordered::new(),
            older: Vec::new(),
            limit,
            ordered,
            clone,
            line: VecDeque::new(),
            first: 0,
            waiting: VecDeque::new(),
            weight: 0,
        }
    }

    fn entry(&mut self, number: u64) -> Option<&mut Entry<A, B>> {
        let at = number.checked_sub(self.first)?;
        self.line.get_mut(usize::try_from(at).ok()?)
    }

    fn is_full(&self) -> bool {
        self.running.len() + self.older.iter().map(|(_, running)| running.len()).sum::<usize>() >= self.limit
    }

    /// Begins with items as long as the limit allows.
    fn begin(&mut self, cx: &mut Cycle, site: &Site, task: &mut Context<'_>) {
        while let Some(number) = self.waiting.front().copied()
            && !self.is_full()
        {
            let clone = self.clone;
            let next = match self.entry(number) {
                Some(Entry::Packet { places, .. }) => {
                    places.iter_mut().enumerate().find(|(_, place)| matches!(place, Place::Waiting(_)))
                }
                _ => None,
            };
            let Some((at, place)) = next else {
                self.waiting.pop_front();
                continue;
            };
            let Place::Waiting(item) = std::mem::replace(place, Place::Begun(None)) else { continue };
            let tag = Tag { entry: number, at };
            let begun = catch_unwind(AssertUnwindSafe(|| {
                let kept = clone.map(|clone| clone(&item));
                (kept, Box::pin((self.begin)(item, tag)))
            }));
            match begun {
                Ok((kept, mut future)) => {
                    if let Some(Entry::Packet { places, .. }) = self.entry(number) {
                        places[at] = Place::Begun(kept);
                    }
                    // One that has its result at once needs no waker of its own.
                    match future.as_mut().poll(task) {
                        Poll::Ready(done) => self.done(done, cx, site),
                        Poll::Pending => match self.older.iter().find(|(mark, _)| number < *mark) {
                            Some((_, running)) => running.push(future),
                            None => self.running.push(future),
                        },
                    }
                }
                Err(panic) => self.done((tag, Err(Lost::Panicked(panic))), cx, site),
            }
        }
    }

    /// What became of an item, of those that are ready.
    fn next_done(&mut self, task: &mut Context<'_>) -> Option<Done<A, B>> {
        let older = self.older.iter_mut().map(|(_, running)| running);
        let mut groups = older.chain([&mut self.running]).filter(|running| !running.is_empty());
        groups.find_map(|running| match running.poll_next_unpin(task) {
            Poll::Ready(done) => done,
            Poll::Pending => None,
        })
    }

    /// Puts what became of an item into its place.
    fn done(&mut self, (tag, result): Done<A, B>, cx: &mut Cycle, site: &Site) {
        let Some(Entry::Packet { slip, places, missing }) = self.entry(tag.entry) else { return };
        let Some(place) = places.get_mut(tag.at) else { return };
        *missing -= 1;
        let lost = match result {
            Ok(made) => {
                *place = Place::Made(made);
                return;
            }
            Err(lost) => lost,
        };
        let kept = match std::mem::replace(place, Place::Lost) {
            Place::Begun(kept) => kept,
            _ => None,
        };
        cx.within(slip, |cx| {
            let (error, item) = match lost {
                Lost::Failed(error, item) => (error, item.or(kept)),
                Lost::Panicked(panic) => {
                    cx.broke(site);
                    cx.panic.get_or_insert(panic);
                    ("the stage panicked on it".into(), kept)
                }
            };
            cx.settle(site, 0, 1, -1);
            match item {
                Some(item) => cx.faults.add(item, error),
                None => cx.faults.add((), error),
            }
            cx.settle(site, 1, 0, 0);
        });
    }

    /// The entry that comes out next: the first, or the first whole one in front of a mark.
    fn due(&self) -> Option<usize> {
        let whole = |entry: &Entry<A, B>| matches!(entry, Entry::Packet { missing: 0, .. } | Entry::Mark(_));
        if self.ordered {
            return self.line.front().filter(|entry| whole(entry)).map(|_| 0);
        }
        let mark = self.line.iter().position(|entry| matches!(entry, Entry::Mark(_)));
        let packets = self.line.iter().take(mark.unwrap_or(usize::MAX));
        let first = packets.clone().position(whole);
        first.or(mark.filter(|mark| *mark == 0 || packets.clone().all(|entry| matches!(entry, Entry::Gone))))
    }

    /// Takes out the entry in that place.
    fn remove(&mut self, at: usize) -> Option<Entry<A, B>> {
        if self.ordered {
            self.first += 1;
            return self.line.pop_front();
        }
        let entry = std::mem::replace(self.line.get_mut(at)?, Entry::Gone);
        while matches!(self.line.front(), Some(Entry::Gone)) {
            self.line.pop_front();
            self.first += 1;
        }
        Some(entry)
    }
}

impl<A, B, M, F> Work<A, B> for Tasks<A, B, M, F>
where
    A: Send + 'static,
    B: Send + 'static,
    M: FnMut(A, Tag) -> F + Send + 'static,
    F: Future<Output = Done<A, B>> + Send + 'static,
{
    fn one(&mut self, _: A, _: &mut Cycle, _: &Site) -> Option<B> {
        // Never called: it is not single.
        None
    }

    fn many(&mut self, items: &mut Vec<A>, _: &mut Vec<B>, cx: &mut Cycle, site: &Site) {
        let number = self.first + self.line.len() as u64;
        cx.let_wait(site, items.len());
        self.weight += items.len().max(1);
        if !items.is_empty() {
            self.waiting.push_back(number);
        }
        let places: SmallVec<_> = match items.len() {
            1 => items.pop().map(Place::Waiting).into_iter().collect(),
            _ => items.drain(..).map(Place::Waiting).collect(),
        };
        self.line.push_back(Entry::Packet { slip: cx.put_down(), missing: places.len(), places });
        cx.parked = true;
    }

    fn finish(&mut self, _: &mut Vec<B>, _: &mut Cycle, _: &Site) {}

    fn status(&self, site: &Site) -> Status {
        Status::waits(site.name.clone().into())
    }

    fn held(&self) -> i64 {
        let places = self.line.iter().map(|entry| match entry {
            Entry::Packet { places, .. } => places.iter().filter(|place| !matches!(place, Place::Lost)).count(),
            Entry::Mark(_) | Entry::Gone => 0,
        });
        places.sum::<usize>() as i64
    }

    fn recount(&mut self, how: Recount, cx: &mut Cycle, site: &Site) {
        if how == Recount::Leave {
            cx.settle(site, 0, 0, -Work::held(self));
        }
    }

    fn into_stage(self) -> Box<dyn Any + Send> {
        Box::new(())
    }

    fn flow(&mut self) -> Option<&mut dyn Flow<B>> {
        Some(self)
    }
}

impl<A, B, M, F> Wait for Tasks<A, B, M, F>
where
    A: Send + 'static,
    B: Send + 'static,
    M: FnMut(A, Tag) -> F + Send + 'static,
    F: Future<Output = Done<A, B>> + Send + 'static,
{
    fn is_idle(&mut self) -> bool {
        self.line.is_empty()
    }

    fn has_room(&mut self) -> bool {
        self.weight < self.limit
    }

    fn capacity(&mut self) -> usize {
        self.limit
    }

    fn mark(&mut self, mark: Mark, _: &mut Cycle, _: &Site, _: &mut Travels) {
        if mark != Mark::End && !(self.running.is_empty() && self.waiting.is_empty()) {
            let number = self.first + self.line.len() as u64;
            self.older.push((number, std::mem::take(&mut self.running)));
        }
        self.line.push_back(Entry::Mark(mark));
    }

    fn head_edit(&self) -> Option<u64> {
        match self.line.get(self.due()?)? {
            Entry::Mark(Mark::Edit(revision)) => Some(*revision),
            _ => None,
        }
    }

    fn pass_edit(&mut self) {
        if let Some(due) = self.due() {
            self.remove(due);
        }
    }

    fn is_weightless(&self) -> bool {
        match self.due().and_then(|due| self.line.get(due)) {
            Some(Entry::Packet { places, .. }) => places.iter().all(|place| matches!(place, Place::Lost)),
            due => due.is_some(),
        }
    }

    fn evict(&mut self, eviction: &mut Eviction, cx: &mut Cycle, site: &Site) {
        let ends = |entry: &Entry<A, B>| match entry {
            Entry::Mark(mark) => Some(*mark).filter(|mark| eviction.ends_at(*mark)),
            _ => None,
        };
        let end = self.line.iter().position(|entry| ends(entry).is_some());
        if !eviction.takes(end.and_then(|at| ends(&self.line[at]))) {
            return;
        }
        match end {
            None => {
                self.running = FuturesUnordered::new();
                self.older.clear();
            }
            Some(end) => {
                let end = self.first + end as u64;
                self.older.retain(|(mark, _)| *mark > end);
            }
        }
        for entry in self.line.iter_mut().take(end.unwrap_or(usize::MAX)) {
            let Entry::Packet { slip, places, missing } = entry else { continue };
            *missing = 0;
            for place in places {
                if matches!(place, Place::Lost) || (matches!(place, Place::Made(_)) && !eviction.done) {
                    continue;
                }
                let place = std::mem::replace(place, Place::Lost);
                cx.within(slip, |cx| {
                    cx.settle(site, 0, 1, -1);
                    match place {
                        Place::Waiting(item) => eviction.give_up(Some(item), HowFar::Waiting, cx, site),
                        Place::Begun(kept) => eviction.give_up(kept, HowFar::Begun, cx, site),
                        Place::Made(made) => eviction.give_up(Some(made), HowFar::Done, cx, site),
                        Place::Lost => {}
                    }
                });
            }
        }
    }
}

impl<A, B, M, F> Flow<B> for Tasks<A, B, M, F>
where
    A: Send + 'static,
    B: Send + 'static,
    M: FnMut(A, Tag) -> F + Send + 'static,
    F: Future<Output = Done<A, B>> + Send + 'static,
{
    fn drive(&mut self, cx: &mut Cycle, site: &Site, turn: &mut Turn<'_, '_>) {
        loop {
            self.begin(cx, site, turn.task);
            match self.next_done(turn.task) {
                Some(done) => self.done(done, cx, site),
                None => break,
            }
        }
        if !self.older.is_empty() {
            let waiting = self.waiting.front().copied().unwrap_or(u64::MAX);
            self.older.retain(|(mark, running)| !running.is_empty() || waiting < *mark);
        }
    }

    fn pop(&mut self, cx: &mut Cycle, site: &Site, _: &mut Travels) -> Option<Message<B>> {
        let due = self.due()?;
        if matches!(self.line.get(due)?, Entry::Mark(Mark::Edit(_))) {
            return None;
        }
        match self.remove(due)? {
            Entry::Gone => None,
            Entry::Mark(mark) => Some(Message::Mark(mark)),
            Entry::Packet { slip, places, .. } => {
                self.weight -= places.len().max(1);
                let made = |place| match place {
                    Place::Made(made) => Some(made),
                    _ => None,
                };
                let mut places = places;
                let items: Items<B> = match places.len() {
                    1 => places.pop().and_then(made).into_iter().collect(),
                    _ => places.into_iter().filter_map(made).collect(),
                };
                cx.settle(site, 0, items.len(), -(items.len() as i64));
                Some(Message::Packet(Packet { slip, items }))
            }
        }
    }
}
