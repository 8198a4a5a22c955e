//! Items that only wait.

use std::any::Any;

use crate::cycle::{Cycle, Site};
use crate::knot::{Eviction, Flow, HowFar, Travels, Turn, Wait};
use crate::link::{Recount, Status, Work};
use crate::packet::{Line, Mark, Message, Packet};

/// A queue between two stages. In this thread alone, items pass it at once.
pub(crate) struct Buffer<T> {
    line: Line<T>,
    capacity: usize,
}

impl<T> Buffer<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { line: Line::default(), capacity }
    }
}

impl<T: Send + 'static> Work<T, T> for Buffer<T> {
    fn one(&mut self, item: T, _: &mut Cycle, _: &Site) -> Option<T> {
        Some(item)
    }

    fn many(&mut self, items: &mut Vec<T>, out: &mut Vec<T>, cx: &mut Cycle, site: &Site) {
        if !cx.flowing {
            return out.append(items);
        }
        cx.let_wait(site, items.len());
        self.line.push(Message::Packet(Packet { slip: cx.put_down(), items: items.drain(..).collect() }));
        cx.parked = true;
    }

    fn finish(&mut self, _: &mut Vec<T>, _: &mut Cycle, _: &Site) {}

    fn status(&self, _: &Site) -> Status {
        Status { parks: true, ..Status::CLEAR }
    }

    fn held(&self) -> i64 {
        self.line.items() as i64
    }

    fn recount(&mut self, how: Recount, cx: &mut Cycle, site: &Site) {
        if how == Recount::Leave {
            cx.settle(site, 0, 0, -Work::held(self));
        }
    }

    fn into_stage(self) -> Box<dyn Any + Send> {
        Box::new(())
    }

    fn flow(&mut self) -> Option<&mut dyn Flow<T>> {
        Some(self)
    }
}

impl<T: Send + 'static> Wait for Buffer<T> {
    fn is_idle(&mut self) -> bool {
        self.line.is_empty()
    }

    fn has_room(&mut self) -> bool {
        self.line.weight() < self.capacity
    }

    fn capacity(&mut self) -> usize {
        self.capacity
    }

    fn mark(&mut self, mark: Mark, _: &mut Cycle, _: &Site, _: &mut Travels) {
        self.line.push(Message::Mark(mark));
    }

    fn head_edit(&self) -> Option<u64> {
        self.line.head_edit()
    }

    fn pass_edit(&mut self) {
        self.line.pop();
    }

    fn is_weightless(&self) -> bool {
        self.line.is_weightless()
    }

    fn evict(&mut self, eviction: &mut Eviction, cx: &mut Cycle, site: &Site) {
        let before = self.line.items();
        eviction.empty_line(&mut self.line, HowFar::Waiting, cx, site);
        let out = before - self.line.items();
        cx.settle(site, 0, out, -(out as i64));
    }
}

impl<T: Send + 'static> Flow<T> for Buffer<T> {
    fn drive(&mut self, _: &mut Cycle, _: &Site, _: &mut Turn<'_, '_>) {}

    fn pop(&mut self, cx: &mut Cycle, site: &Site, _: &mut Travels) -> Option<Message<T>> {
        if self.head_edit().is_some() {
            return None;
        }
        let message = self.line.pop()?;
        if let Message::Packet(packet) = &message {
            cx.settle(site, 0, packet.items.len(), -(packet.items.len() as i64));
        }
        Some(message)
    }
}
