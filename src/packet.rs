//! What waits at boundaries: packets, and the marks between them.
//!
//! A *packet* is what one accepted item has become so far, or a batch of them where that makes no difference: any number of items, with a slip that says which cycle and
//! revision they belong to, and what has befallen them. Its order among the packets never changes in a queue, and it goes
//! on to the end even when nothing is left in it, as long as somebody waits for it there: a meeting point, a trace, whoever
//! gets its failures. A *mark* stands between packets: everything in front of it came before an edit, a flush or the end.

use std::collections::VecDeque;

use smallvec::SmallVec;

use crate::failure::Failure;
use crate::name::Name;
use crate::trace::Parked;

/// What goes along with the items of a packet while it waits.
#[derive(Default)]
pub(crate) struct Slip {
    /// The cycle in which the item was accepted, or the first of them.
    pub(crate) number: u64,
    /// Whether each of the items that are in it was accepted in a cycle of its own, one after the other.
    ///
    /// Those that have failed are missing. Where it is not known any more which these were, it is `false`.
    pub(crate) each: bool,
    /// The revision that governs it.
    pub(crate) revision: u64,
    /// Where it is missed.
    pub(crate) ticket: Option<Ticket>,
    pub(crate) failures: Vec<Failure>,
    pub(crate) trace: Option<Box<Parked>>,
}

/// Which part of which entry a packet is, at the meeting point that it is on its way to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticket {
    pub(crate) entry: u64,
    pub(crate) part: u32,
    /// Whether it has come past a stage since.
    pub(crate) passed: bool,
}

impl Ticket {
    /// Those of the parts of `entry`, in order.
    pub(crate) fn all(entry: u64, passed: bool) -> impl Iterator<Item = Self> {
        (0..).map(move |part| Self { entry, part, passed })
    }
}

/// The same place, however far it has come.
impl PartialEq for Ticket {
    fn eq(&self, other: &Self) -> bool {
        (self.entry, self.part) == (other.entry, other.part)
    }
}

impl Slip {
    /// It has come past a stage.
    pub(crate) fn pass(&mut self) {
        if let Some(ticket) = &mut self.ticket {
            ticket.passed = true;
        }
    }

    /// The slips of the parts that the packet goes on in, of so many items each with that ticket, in their order. Where each item
    /// has a cycle of its own, that is known by its place.
    pub(crate) fn parts(&self, parts: impl Iterator<Item = (Ticket, usize)>) -> SmallVec<[Self; 1]> {
        let Self { mut number, revision, each, .. } = *self;
        let part = |(ticket, items)| {
            let trace = self.trace.as_ref().map(|trace| trace.part());
            let slip = Self { number, revision, each, ticket: Some(ticket), trace, ..Self::default() };
            number += if each { items as u64 } else { 0 };
            slip
        };
        parts.map(part).collect()
    }

    /// The slip of the first `items` of a packet whose items have a cycle each, and which no one misses; this one is that of the
    /// others.
    pub(crate) fn split_off(&mut self, items: usize) -> Self {
        let first = Self { failures: std::mem::take(&mut self.failures), ticket: None, trace: None, ..*self };
        self.number += items as u64;
        first
    }

    /// It comes out of a pipeline or switch that `name` is the name of, to where `level` others are around it.
    pub(crate) fn come_out(&mut self, level: u32, name: &Name) {
        if let Some(trace) = &mut self.trace {
            trace.leave();
        }
        self.failures.iter_mut().filter(|failure| failure.is_below(level)).for_each(|failure| failure.prefix(name));
    }

    /// Whether somebody waits for the packet even if nothing is in it.
    pub(crate) fn is_missed(&self) -> bool {
        self.ticket.is_some() || !self.failures.is_empty() || self.trace.is_some()
    }
}

/// Which cycles of a packet have failed, of items that were accepted one after the other, each in a cycle of its own.
pub(crate) struct Missing {
    first: u64,
    /// In order.
    cycles: Vec<u64>,
}

impl Missing {
    /// Of a packet whose items were accepted from cycle `first` on.
    pub(crate) fn of(first: u64, failures: &[Failure]) -> Self {
        let mut cycles: Vec<u64> = failures.iter().map(Failure::cycle).filter(|failed| *failed >= first).collect();
        cycles.sort_unstable();
        cycles.dedup();
        Self { first, cycles }
    }

    /// The cycle of item number `at` of those that have not failed.
    pub(crate) fn cycle_of(&self, at: usize) -> u64 {
        let cycle = self.first + at as u64;
        self.cycles.iter().fold(cycle, |cycle, failed| cycle + u64::from(*failed <= cycle))
    }

    /// How many that have not failed are ahead of that cycle.
    pub(crate) fn ahead(&self, cycle: u64) -> usize {
        let failed = self.cycles.partition_point(|failed| *failed < cycle);
        (cycle.saturating_sub(self.first) as usize).saturating_sub(failed)
    }
}

/// The items of a packet; most have one.
pub(crate) type Items<T> = SmallVec<[T; 1]>;

pub(crate) struct Packet<T> {
    pub(crate) slip: Slip,
    pub(crate) items: Items<T>,
}

/// What stands between packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// From here on another revision governs. It goes through a chain by the chain's own hand, which edits what it passes.
    Edit(u64),
    /// What is in front has been handed to every sink on the way and flushed there; the flush that was asked for has that
    /// number.
    Flush(u64),
    /// The same, in a target that the edit of that revision routed its switch away from.
    Left(u64),
    /// The last of what leaves the pipeline by the edit of that revision: stages give what they hold, sinks are flushed.
    Leave(u64),
    /// The end of the stream: stages give what they hold, sinks are closed.
    End,
}

impl Mark {
    /// Whether stages give what they hold back when it passes.
    pub(crate) fn ends(self) -> bool {
        matches!(self, Self::Leave(_) | Self::End)
    }

    /// Whether sinks are flushed when it passes, and nothing else.
    pub(crate) fn is_flush(self) -> bool {
        matches!(self, Self::Flush(_) | Self::Left(_))
    }
}

/// What travels in a queue.
pub(crate) enum Message<T> {
    Packet(Packet<T>),
    Mark(Mark),
}

/// A queue of messages, weighed in items; a packet with nothing in it weighs one.
pub(crate) struct Line<T> {
    messages: VecDeque<Message<T>>,
    weight: usize,
}

impl<T> Default for Line<T> {
    fn default() -> Self {
        Self { messages: VecDeque::new(), weight: 0 }
    }
}

impl<T> Line<T> {
    fn weigh(message: &Message<T>) -> usize {
        match message {
            Message::Packet(packet) => packet.items.len().max(1),
            Message::Mark(_) => 0,
        }
    }

    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// How many items are in it.
    pub(crate) fn items(&self) -> usize {
        let packets = self.messages.iter().map(|message| match message {
            Message::Packet(packet) => packet.items.len(),
            Message::Mark(_) => 0,
        });
        packets.sum()
    }

    pub(crate) fn push(&mut self, message: Message<T>) {
        self.weight += Self::weigh(&message);
        self.messages.push_back(message);
    }

    /// Puts back what was taken out last.
    pub(crate) fn put_back(&mut self, message: Message<T>) {
        self.weight += Self::weigh(&message);
        self.messages.push_front(message);
    }

    pub(crate) fn pop(&mut self) -> Option<Message<T>> {
        let message = self.messages.pop_front()?;
        self.weight -= Self::weigh(&message);
        Some(message)
    }

    pub(crate) fn head(&self) -> Option<&Message<T>> {
        self.messages.front()
    }

    /// All of it, in order.
    pub(crate) fn into_iter(self) -> impl Iterator<Item = Message<T>> {
        self.messages.into_iter()
    }

    /// The revision of the edit whose mark is at the head.
    pub(crate) fn head_edit(&self) -> Option<u64> {
        match self.head() {
            Some(Message::Mark(Mark::Edit(revision))) => Some(*revision),
            _ => None,
        }
    }

    /// Whether the next to come out needs no room where it goes: a mark, or a packet with nothing in it.
    pub(crate) fn is_weightless(&self) -> bool {
        match self.head() {
            Some(Message::Packet(packet)) => packet.items.is_empty(),
            Some(Message::Mark(_)) => true,
            None => false,
        }
    }

    /// The first mark that `is` it.
    pub(crate) fn find(&self, is: impl Fn(Mark) -> bool) -> Option<Mark> {
        self.messages.iter().find_map(|message| match message {
            Message::Mark(mark) => Some(*mark).filter(|mark| is(*mark)),
            Message::Packet(_) => None,
        })
    }

    /// The packets in front of a mark, or all.
    pub(crate) fn before(&mut self, end: Option<Mark>) -> impl Iterator<Item = &mut Packet<T>> {
        let inside = move |message: &&mut Message<T>| !matches!(message, Message::Mark(mark) if Some(*mark) == end);
        self.messages.iter_mut().take_while(inside).filter_map(|message| match message {
            Message::Packet(packet) => Some(packet),
            Message::Mark(_) => None,
        })
    }

    /// Weighs anew, after packets were changed where they are.
    pub(crate) fn reweigh(&mut self) {
        self.weight = self.messages.iter().map(Self::weigh).sum();
    }
}
