//! The meeting point behind a switch: the order gate.
//!
//! Every packet that goes into the switch has an *entry* here, in order, and each part of it that went to a target has a
//! ticket for its place in the entry. So what comes out of the targets is put in order again, whichever is quicker; the mark
//! of an edit has an entry of its own, between the old packets and the new. A sequence number at the source alone would not
//! do: it does not know that its predecessor went to another sink.

mod give_up;

use std::collections::{BTreeMap, VecDeque};

use smallvec::SmallVec;

use crate::failure::Failure;
use crate::packet::{Items, Mark, Message, Packet, Slip, Ticket};

/// See the module's documentation.
pub(crate) struct Meeting<B> {
    entries: BTreeMap<u64, Entry<B>>,
    next: u64,
    /// Whole packets, where they need not wait for others.
    whole: VecDeque<u64>,
    /// The weight of these.
    done: usize,
    order: Order,
    /// The weight of all packets.
    weight: usize,
    /// Whether marks stay, but for those of edits, because something has no entry here and has to come out before them.
    holds: bool,
    /// Whether what comes out has come past a switch, and not only past a stage that several work for.
    leaves: bool,
}

/// In which order things come out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Order {
    /// As they went in.
    Kept,
    /// As they are ready, but not past an edit.
    Free,
    /// As they are ready: nothing comes behind.
    Loose,
}

enum Entry<B> {
    Packet {
        slip: Slip,
        parts: SmallVec<[Part<B>; 1]>,
        missing: usize,
        weight: usize,
    },
    /// With the slots in their order then, and packets that were set free, each with its slot's place among them.
    Mark {
        mark: Mark,
        missing: usize,
        slots: Vec<u32>,
        extras: Vec<(usize, Packet<B>)>,
    },
}

/// A part of a packet: its number in tickets, and what has come out.
struct Part<B> {
    number: u32,
    packet: Option<Packet<B>>,
}

impl<B> Part<B> {
    fn new(number: usize) -> Self {
        Self { number: number as u32, packet: None }
    }
}

/// Where the part of that number is. They are in the order of their numbers, unless one was split.
fn place<B>(parts: &[Part<B>], number: u32) -> Option<usize> {
    match parts.get(number as usize) {
        Some(part) if part.number == number => Some(number as usize),
        _ => parts.iter().position(|part| part.number == number),
    }
}

impl<B> Entry<B> {
    fn is_whole(&self) -> bool {
        matches!(self, Self::Packet { missing: 0, .. } | Self::Mark { missing: 0, .. })
    }

    fn is_flush(&self) -> bool {
        matches!(self, Self::Mark { mark, .. } if mark.is_flush())
    }

    fn is_mark(&self) -> bool {
        matches!(self, Self::Mark { .. })
    }
}

impl<B> Meeting<B> {
    pub(crate) fn new() -> Self {
        Self {
            entries: BTreeMap::new(),
            next: 0,
            whole: VecDeque::new(),
            done: 0,
            order: Order::Kept,
            weight: 0,
            holds: false,
            leaves: true,
        }
    }

    /// One behind those that work for one stage.
    pub(crate) fn of_a_stage() -> Self {
        Self { leaves: false, ..Self::new() }
    }

    /// How many entries wait here for others, or to go on; or their weight, if that is more.
    pub(crate) fn waiting(&self) -> usize {
        match self.order {
            Order::Kept => self.entries.len().max(self.weight),
            Order::Free | Order::Loose => self.whole.len().max(self.done),
        }
    }

    /// The number of the next entry.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Says whether something has no entry and has to come out before the next mark that is not of an edit.
    pub(crate) fn hold_marks(&mut self, holds: bool) {
        self.holds = holds;
    }

    pub(crate) fn set_order(&mut self, order: Order) {
        if self.order == order {
            return;
        }
        self.order = order;
        let whole = self.entries.iter().filter(|(_, entry)| entry.is_whole() && !entry.is_mark());
        self.whole = whole.map(|(number, _)| *number).collect();
        self.done = self.whole.iter().map(|number| self.weight_of(*number)).sum();
    }

    /// The weight of all packets that have an entry.
    pub(crate) fn weight(&self) -> usize {
        self.weight
    }

    /// An entry for a packet of that weight, which goes on in so many parts.
    pub(crate) fn begin(&mut self, slip: Slip, parts: usize, weight: usize) -> u64 {
        let number = self.next;
        self.next += 1;
        let entry = Entry::Packet { slip, parts: (0..parts).map(Part::new).collect(), missing: parts, weight };
        self.weight += weight;
        self.entries.insert(number, entry);
        if parts == 0 {
            self.made_whole(number);
        }
        number
    }

    fn made_whole(&mut self, number: u64) {
        if self.order != Order::Kept {
            self.whole.push_back(number);
            self.done += self.weight_of(number);
        }
    }

    fn weight_of(&self, number: u64) -> usize {
        match self.entries.get(&number) {
            Some(Entry::Packet { weight, .. }) => *weight,
            _ => 0,
        }
    }

    /// Whether that part of a packet is still waited for.
    pub(crate) fn misses(&self, ticket: Ticket) -> bool {
        match self.entries.get(&ticket.entry) {
            Some(Entry::Packet { parts, missing, .. }) => {
                *missing > 0 && place(parts, ticket.part).is_some_and(|at| parts[at].packet.is_none())
            }
            _ => false,
        }
    }

    /// A part of a packet has come out. It is given back if nobody misses it any more.
    pub(crate) fn fill(&mut self, ticket: Ticket, packet: Packet<B>) -> Result<(), Packet<B>> {
        let Some(Entry::Packet { parts, missing, .. }) = self.entries.get_mut(&ticket.entry) else {
            return Err(packet);
        };
        match place(parts, ticket.part).map(|at| &mut parts[at].packet) {
            Some(part @ None) if *missing > 0 => {
                *part = Some(packet);
                *missing -= 1;
                if *missing == 0 {
                    self.made_whole(ticket.entry);
                }
                Ok(())
            }
            _ => Err(packet),
        }
    }

    /// What a part of a packet has become so far has come out; what goes another way has so many tickets for places behind it.
    pub(crate) fn split(
        &mut self,
        ticket: Ticket,
        packet: Packet<B>,
        more: usize,
    ) -> Result<SmallVec<[Ticket; 1]>, Packet<B>> {
        let mut tickets = SmallVec::new();
        if let Some(Entry::Packet { parts, missing, .. }) = self.entries.get_mut(&ticket.entry)
            && *missing > 0
            && let Some(at) = place(parts, ticket.part)
        {
            *missing += more;
            for behind in 0..more {
                let part = Part::new(parts.len());
                tickets.push(Ticket { part: part.number, passed: false, ..ticket });
                parts.insert(at + 1 + behind, part);
            }
        }
        self.fill(ticket, packet).map(|()| tickets)
    }

    /// A mark that is being sent into targets. It does not come out before [`sent`](Self::sent) was called.
    pub(crate) fn mark(&mut self, mark: Mark, slots: Vec<u32>) -> u64 {
        let number = self.next;
        self.next += 1;
        self.entries.insert(number, Entry::Mark { mark, missing: 1, slots, extras: Vec::new() });
        number
    }

    /// The mark of `entry` is in another target, or has to wait for one that leaves.
    pub(crate) fn expect(&mut self, entry: u64) {
        if let Some(Entry::Mark { missing, .. }) = self.entries.get_mut(&entry) {
            *missing += 1;
        }
    }

    /// The mark of `entry` is in all targets that it goes into.
    pub(crate) fn sent(&mut self, entry: u64) {
        if let Some(Entry::Mark { missing, .. }) = self.entries.get_mut(&entry) {
            *missing -= 1;
        }
    }

    /// A mark has come out of a target.
    pub(crate) fn mark_out(&mut self, out: Mark) {
        let entry = self.entries.values_mut().find_map(|entry| match entry {
            Entry::Mark { mark, missing, .. } if *mark == out && *missing > 0 => Some(missing),
            _ => None,
        });
        if let Some(missing) = entry {
            *missing -= 1;
        }
    }

    /// A packet that no item became: it was set free by a mark in the target of that slot, and belongs in front of it, in the
    /// order of the targets.
    pub(crate) fn extra(&mut self, slot: u32, packet: Packet<B>) {
        let (of, holds) = (packet.slip.revision, self.holds);
        let entry = self.entries.values_mut().find_map(|entry| match entry {
            Entry::Mark { mark: Mark::Edit(revision), .. } if *revision <= of => None,
            Entry::Mark { mark, missing, slots, extras }
                if *missing > 0 || (holds && !matches!(mark, Mark::Edit(_))) =>
            {
                Some((slots, extras))
            }
            _ => None,
        });
        if let Some((slots, extras)) = entry {
            let place = slots.iter().position(|known| *known == slot).unwrap_or(slots.len());
            let at = extras.partition_point(|(of, _)| *of <= place);
            return extras.insert(at, (place, packet));
        }
        let number = self.begin(packet.slip, 1, packet.items.len());
        let items = Packet { slip: Slip::default(), items: packet.items };
        // The entry was made for it.
        let _ = self.fill(Ticket { entry: number, part: 0, passed: false }, items);
    }

    /// The entry that comes out next, if one does. A flush that is not through holds nothing up.
    fn due(&self) -> Option<u64> {
        let packet = self.entries.iter().find(|(_, entry)| !entry.is_mark()).map_or(u64::MAX, |(number, _)| *number);
        let through = |number: u64, entry: &Entry<B>| match entry {
            Entry::Mark { mark: Mark::Edit(_), .. } => {
                entry.is_whole() && (self.order != Order::Free || number < packet)
            }
            Entry::Mark { extras, .. } => entry.is_whole() && number < packet && !(self.holds && extras.is_empty()),
            Entry::Packet { .. } => entry.is_whole(),
        };
        let stands = |(number, entry): &(&u64, &Entry<B>)| !entry.is_flush() || through(**number, entry);
        if self.order == Order::Kept {
            let (first, entry) = self.entries.iter().find(stands)?;
            return through(*first, entry).then_some(*first);
        }
        let mark = self.entries.iter().filter(|(_, entry)| entry.is_mark()).find(stands);
        match mark {
            Some((number, entry)) if through(*number, entry) => Some(*number),
            mark => {
                let mark = mark.map_or(u64::MAX, |(number, _)| *number);
                self.whole.iter().copied().find(|number| self.order == Order::Loose || *number < mark)
            }
        }
    }

    /// The revision of the edit whose mark comes out next.
    pub(crate) fn head_edit(&self) -> Option<u64> {
        match self.entries.get(&self.due()?)? {
            Entry::Mark { mark: Mark::Edit(revision), extras, .. } if extras.is_empty() => Some(*revision),
            _ => None,
        }
    }

    /// Whether what comes out next has nothing in it.
    pub(crate) fn is_weightless(&self) -> bool {
        match self.due().and_then(|due| self.entries.get(&due)) {
            Some(Entry::Packet { parts, .. }) => {
                parts.iter().filter_map(|part| part.packet.as_ref()).all(|part| part.items.is_empty())
            }
            Some(Entry::Mark { extras, .. }) => extras.is_empty(),
            None => false,
        }
    }

    /// Takes out what comes next, the mark of an edit included.
    pub(crate) fn pop(&mut self) -> Option<Message<B>> {
        let due = self.due()?;
        if let Some(Entry::Mark { extras, .. }) = self.entries.get_mut(&due)
            && !extras.is_empty()
        {
            return Some(Message::Packet(extras.remove(0).1));
        }
        let entry = self.entries.remove(&due)?;
        self.whole.retain(|number| *number != due);
        match entry {
            Entry::Mark { mark, .. } => Some(Message::Mark(mark)),
            Entry::Packet { slip, parts, weight, .. } => {
                self.weight -= weight;
                if self.order != Order::Kept {
                    self.done -= weight;
                }
                Some(Message::Packet(joined(slip, parts, self.leaves)))
            }
        }
    }

    /// Takes out the packet of `entry`, if that comes out next.
    pub(crate) fn pop_alone(&mut self, entry: u64) -> Option<Packet<B>> {
        if self.due() != Some(entry) {
            return None;
        }
        match self.pop() {
            Some(Message::Packet(packet)) => Some(packet),
            _ => None,
        }
    }
}

/// A packet of its parts, in the order in which they went to the targets.
fn joined<B>(mut slip: Slip, parts: SmallVec<[Part<B>; 1]>, leaves: bool) -> Packet<B> {
    let mut items = Items::new();
    for mut part in parts.into_iter().filter_map(|part| part.packet) {
        if leaves {
            part.slip.failures.iter_mut().for_each(Failure::come_out);
        }
        slip.each &= part.slip.each || part.slip.failures.is_empty();
        slip.failures.extend(part.slip.failures);
        if let (Some(whole), Some(part)) = (&mut slip.trace, part.slip.trace) {
            whole.append(part);
        }
        if items.is_empty() {
            items = part.items;
        } else if !part.items.is_empty() {
            let mut all = items.into_vec();
            all.append(&mut part.items.into_vec());
            items = Items::from_vec(all);
        }
    }
    Packet { slip, items }
}
