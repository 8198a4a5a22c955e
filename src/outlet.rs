//! Where a chain puts what comes out of it, a message at a time.

use crate::cycle::Cycle;
use crate::packet::{Items, Line, Mark, Message, Packet};

/// Where a chain puts what comes out of it.
pub(crate) struct Outlet<T> {
    line: Line<T>,
    /// How many messages may wait in it before nothing more is let go into it.
    room: usize,
    /// The same in items.
    space: usize,
    /// What comes out of the stages behind the last boundary.
    pub(crate) made: Vec<T>,
}

impl<T> Outlet<T> {
    pub(crate) fn new(room: usize) -> Self {
        Self { line: Line::default(), room, space: usize::MAX, made: Vec::new() }
    }

    /// Whether there is room for another message.
    pub(crate) fn is_open(&self) -> bool {
        self.line.len() < self.room && self.line.weight() < self.space
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.line.is_empty()
    }

    pub(crate) fn set_room(&mut self, room: usize) {
        self.room = room;
    }

    /// Bounds the items in it, too; only what one packet has become may go beyond that.
    pub(crate) fn set_space(&mut self, items: usize) {
        self.space = items;
    }

    /// Takes what was made of the packet in hand, unless that is parked at a boundary.
    pub(crate) fn take_in(&mut self, cx: &mut Cycle) {
        if cx.is_parked() {
            debug_assert!(self.made.is_empty(), "what is parked has not come out");
            return;
        }
        let slip = cx.put_down();
        let items = match self.made.len() {
            0 if !slip.is_missed() => return,
            1 => self.made.pop().into_iter().collect(),
            _ => Items::from_vec(std::mem::take(&mut self.made)),
        };
        self.line.push(Message::Packet(Packet { slip, items }));
    }

    /// Takes a packet that comes from the last boundary itself.
    pub(crate) fn pass(&mut self, packet: Packet<T>) {
        if !packet.items.is_empty() || packet.slip.is_missed() {
            self.line.push(Message::Packet(packet));
        }
    }

    pub(crate) fn mark(&mut self, mark: Mark) {
        self.line.push(Message::Mark(mark));
    }

    pub(crate) fn pop(&mut self) -> Option<Message<T>> {
        self.line.pop()
    }

    /// Takes all out.
    pub(crate) fn take_line(&mut self) -> Line<T> {
        std::mem::take(&mut self.line)
    }

    pub(crate) fn line_mut(&mut self) -> &mut Line<T> {
        &mut self.line
    }

    /// What waits in it.
    pub(crate) fn line(&self) -> &Line<T> {
        &self.line
    }
}
