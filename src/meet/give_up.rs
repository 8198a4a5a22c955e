//! What a meeting point does not wait for any longer.

use super::{Entry, Meeting, Order};
use crate::cycle::{Cycle, Site};
use crate::knot::{Eviction, HowFar, Reach};
use crate::packet::{Mark, Packet};

impl<B> Meeting<B> {
    /// The first mark that `is` it, and its entry.
    pub(crate) fn find(&self, is: impl Fn(Mark) -> bool) -> Option<(u64, Mark)> {
        self.entries.iter().find_map(|(number, entry)| match entry {
            Entry::Mark { mark, .. } if is(*mark) => Some((*number, *mark)),
            _ => None,
        })
    }

    /// Gives up what has come out of the targets and waits here, as far as it has to be.
    pub(crate) fn evict(&mut self, eviction: &mut Eviction, cx: &mut Cycle, site: &Site)
    where
        B: Send + 'static,
    {
        if eviction.reach == Reach::Outside {
            // What waits here for its turn is in nothing that was left.
            return;
        }
        let mark = |entry: &Entry<B>| match entry {
            Entry::Mark { mark, .. } => Some(*mark).filter(|mark| eviction.ends_at(*mark)),
            Entry::Packet { .. } => None,
        };
        let end = self.entries.iter().find_map(|(number, entry)| Some((*number, mark(entry)?)));
        if !eviction.takes(end.map(|(_, mark)| mark)) || !eviction.done {
            return;
        }
        for (_, entry) in self.entries.range_mut(..end.map_or(u64::MAX, |(number, _)| number)) {
            let packets: Vec<&mut Packet<B>> = match entry {
                Entry::Packet { parts, .. } => parts.iter_mut().filter_map(|part| part.packet.as_mut()).collect(),
                Entry::Mark { extras, .. } => extras.iter_mut().map(|(_, packet)| packet).collect(),
            };
            packets.into_iter().for_each(|packet| eviction.empty(packet, HowFar::Done, cx, site));
        }
    }

    /// The first entry, if it holds up others that are whole.
    pub(crate) fn holds_up(&self) -> Option<u64> {
        let (first, entry) = self.entries.first_key_value()?;
        let held_up = self.order == Order::Kept && !entry.is_whole() && !entry.is_mark();
        (held_up && self.entries.values().skip(1).any(|entry| entry.is_whole())).then_some(*first)
    }

    /// Waits no longer for the parts of an entry that are missing; how many those are.
    pub(crate) fn give_up(&mut self, entry: u64) -> usize {
        let Some(Entry::Packet { missing, .. }) = self.entries.get_mut(&entry) else { return 0 };
        let given_up = std::mem::take(missing);
        self.made_whole(entry);
        given_up
    }
}
