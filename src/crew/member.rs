//! One of those that work for a stage: its chain, at home or lent to its thread, and what is on the way to it.

mod drive;
mod give_up;

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread::JoinHandle;

use super::post::{Parcel, Post, Report};
use super::room::{Remarks, Room};
use crate::chain::Nested;
use crate::cycle::{Cycle, Site};
use crate::knot::Wait;
use crate::link::{Status, Work};
use crate::packet::{Line, Mark, Packet, Slip, Ticket};
use crate::roster::Watch;
use crate::trace::SharedLog;

/// The most parcels that are on the way to a thread: what waits beyond that can be given to others.
const WINDOW: usize = 256;

/// See the module's documentation.
pub(crate) struct Member<A, B> {
    pub(super) home: Nested<A, B>,
    /// What waits to go in, in order.
    pub(super) line: Line<A>,
    post: Option<Post<A, B>>,
    /// The packets that are inside and not back, in order.
    inside: VecDeque<Sent>,
    /// How many items those are.
    weight: usize,
    /// Whether the chain was called home.
    recalled: bool,
    /// Whether what the thread had in hand was given up.
    forsaken: bool,
    /// Whether its thread quits where a stage panics.
    quits: bool,
    /// Whether there are boundaries inside.
    flows: bool,
    /// What may be done with the lent chain.
    status: Status,
    /// The recording that the lent chain collects ways for.
    log: Option<SharedLog>,
    /// Said when the chain came home at once.
    said: Option<Box<Remarks>>,
    made: Vec<B>,
    items: Vec<A>,
}

/// A packet that was sent inside.
struct Sent {
    ticket: Ticket,
    items: usize,
    number: u64,
    revision: u64,
    /// Whether each item has a cycle of its own.
    each: bool,
}

/// What comes out of a member.
pub(super) enum Came<A, B> {
    Packet(Back<B>),
    /// What has become of a packet until the worker quit, and the rest of it.
    Partly(Back<B>, Packet<A>),
    Mark(Mark),
    Said(Box<Remarks>),
    /// The worker has quit; that was on the way to it.
    Quit(Vec<Packet<A>>),
}

/// A packet that is back.
pub(super) struct Back<B> {
    pub(super) packet: Packet<B>,
    /// How many items it was made of.
    pub(super) of: usize,
    pub(super) remarks: Option<Box<Remarks>>,
    /// Whether it comes from a thread, so that its failures were not dealt with here.
    pub(super) raw: bool,
}

impl<A: Send + 'static, B: Send + 'static> Member<A, B> {
    pub(crate) fn new(home: Nested<A, B>) -> Self {
        Self {
            home,
            line: Line::default(),
            post: None,
            inside: VecDeque::new(),
            weight: 0,
            recalled: false,
            forsaken: false,
            quits: false,
            flows: false,
            status: Status::CLEAR,
            log: None,
            said: None,
            made: Vec::new(),
            items: Vec::new(),
        }
    }

    /// Starts its thread.
    pub(super) fn hire(&mut self, watch: Arc<Watch>, capacity: usize, quits: bool) -> io::Result<JoinHandle<()>> {
        let window = capacity.clamp(2, WINDOW);
        let (post, thread) = Post::hire(watch, window, quits)?;
        (self.post, self.quits) = (Some(post), quits);
        Ok(thread)
    }

    /// Lets its thread go, as soon as that has done with what it has in hand. Whether the chain is at home: one that was
    /// given up together with what the thread has in hand may never come.
    pub(super) fn dismiss(&mut self) -> bool {
        let home = self.come_home() || self.has_come_home();
        self.post = None;
        home
    }

    /// Whether a chain that was given up has come home all the same.
    fn has_come_home(&mut self) -> bool {
        let mut task = Context::from_waker(Waker::noop());
        while let Some(report) = self.post.as_ref().and_then(|post| post.poll_report(&mut task)) {
            if let Report::Home(room, _) = report {
                self.restore(room);
                return true;
            }
        }
        false
    }

    pub(super) fn is_staffed(&self) -> bool {
        self.post.is_some()
    }

    /// How many items are on the way to it, or in it.
    pub(super) fn load(&self) -> usize {
        self.line.weight() + self.weight
    }

    pub(super) fn is_idle(&mut self) -> bool {
        let waits = self.forsaken || self.said.is_some();
        !waits && self.line.is_empty() && self.inside.is_empty() && self.home.is_idle()
    }

    /// Whether something has to be done before it can leave.
    pub(super) fn lingers(&mut self) -> bool {
        !self.is_idle() || self.home.lingers() || (self.home.is_lent() && self.flows)
    }

    /// What may be done with the chain, as it is or as it was lent.
    pub(super) fn status(&self, site: &Site) -> Status {
        if self.home.is_lent() { self.status.clone() } else { self.home.status(site) }
    }

    /// Whether flushes concern it.
    pub(super) fn flows(&self) -> bool {
        if self.home.is_lent() { self.flows } else { self.home.flows() }
    }

    /// Calls the chain home if nothing is inside, which takes as long as the thread needs to wake up. Whether it is there.
    pub(super) fn come_home(&mut self) -> bool {
        let Some(post) = &self.post else { return !self.home.is_lent() };
        if !self.home.is_lent() {
            return true;
        }
        if !self.inside.is_empty() || self.forsaken {
            return false;
        }
        if !self.recalled && !post.recall() {
            return false;
        }
        self.recalled = true;
        match post.wait() {
            Some(Report::Home(room, _)) => {
                self.restore(room);
                true
            }
            _ => false,
        }
    }

    fn restore(&mut self, mut room: Box<Room<A, B>>) {
        debug_assert!(self.said.is_none(), "it comes home once");
        self.said = room.remarks();
        self.home.restore(room.chain);
        if let Some(post) = &self.post {
            post.watch.set_lent(false);
        }
        (self.recalled, self.forsaken) = (false, false);
    }

    /// Lends the chain to the thread; whether that has it, and can take a packet.
    fn lend(&mut self, traced: bool, cx: &Cycle, site: &Site) -> bool {
        let Some(post) = &self.post else { return false };
        if self.home.is_lent() {
            let knows = |log: &SharedLog| cx.trace.as_ref().is_some_and(|recorder| recorder.writes_to(log));
            // What is recorded needs a recorder there.
            if traced && !self.recalled && !self.log.as_ref().is_some_and(knows) {
                self.recalled = post.recall();
            }
            return !self.recalled;
        }
        if !self.home.is_idle() {
            return false;
        }
        self.flows = self.home.flows();
        self.status = self.home.status(site);
        self.log = cx.trace.as_ref().map(|recorder| recorder.log().clone());
        let depth = self.home.depth();
        let room = Box::new(Room::new(self.home.lend(), cx, depth));
        post.watch.set_lent(true);
        match post.send(Parcel::Room(room)) {
            Err(Parcel::Room(room)) => {
                post.watch.set_lent(false);
                self.home.restore(room.chain);
                false
            }
            _ => true,
        }
    }

    /// Sends a packet to the thread; it comes back where that does not work.
    pub(super) fn send(&mut self, packet: Packet<A>, cx: &Cycle, site: &Site) -> Result<(), Packet<A>> {
        if !self.lend(packet.slip.trace.is_some(), cx, site) {
            return Err(packet);
        }
        let Some(post) = &self.post else { return Err(packet) };
        let sent = Sent::of(&packet);
        match post.send(Parcel::Packet(packet)) {
            Err(Parcel::Packet(packet)) => Err(packet),
            _ => {
                self.keep(sent);
                Ok(())
            }
        }
    }

    fn keep(&mut self, sent: Option<Sent>) {
        if let Some(sent) = sent {
            self.weight += sent.items;
            self.inside.push_back(sent);
            self.show();
        }
    }

    /// A packet is not inside any more; how many items went into it.
    fn unsend(&mut self, ticket: Option<Ticket>) -> usize {
        let at = self.inside.iter().position(|sent| Some(sent.ticket) == ticket);
        let items = at.and_then(|at| self.inside.remove(at)).map_or(0, |sent| sent.items);
        self.weight -= items;
        self.show();
        items
    }

    /// Lets it be seen from outside how much waits.
    pub(super) fn show(&self) {
        if let Some(post) = &self.post {
            post.watch.set_queue(self.load());
        }
    }
}

impl<B> Back<B> {
    /// One whose failures were dealt with at home.
    pub(super) fn home(packet: Packet<B>, of: usize) -> Self {
        Self { packet, of, remarks: None, raw: false }
    }
}

impl Sent {
    fn of<T>(packet: &Packet<T>) -> Option<Self> {
        let Packet { slip, items } = packet;
        let Slip { number, revision, each, .. } = *slip;
        Some(Self { ticket: slip.ticket?, items: items.len(), number, revision, each })
    }
}
