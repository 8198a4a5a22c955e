//! A thread that runs a chain which is lent to it.
//!
//! It is a task of its own: it sleeps until a parcel comes, or something inside the chain wakes it. Parcels are in order, and
//! so is what comes back, so that a chain that is called home has done with all packets that were sent before. The
//! pipeline does not wait for it: it sends when there is room, and looks in for what is back when it is woken.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::Builder;

use super::desk::Desk;
use super::room::{Remarks, Room};
use crate::lane::{Drain, Feed, Full, lane};
use crate::packet::{Items, Packet};
use crate::parker::block_on;
use crate::roster::{Does, Watch};

/// What is sent to a thread.
pub(super) enum Parcel<A, B> {
    /// The chain, ahead of the packets for it.
    Room(Box<Room<A, B>>),
    Packet(Packet<A>),
    /// The chain is to come home.
    Recall,
}

/// What comes back.
pub(super) enum Report<A, B> {
    Packet(Packet<B>, Option<Box<Remarks>>),
    /// What has become of a packet until the worker quit, and what it has not begun with; the chain follows.
    Partly(Packet<B>, Option<Box<Remarks>>, Items<A>),
    /// One that the thread has come to behind a chain which the pipeline had taken back.
    Stray(Packet<A>),
    /// The chain comes home; whether the worker has quit.
    Home(Box<Room<A, B>>, bool),
}

/// The pipeline's end of a thread.
pub(super) struct Post<A, B> {
    feed: Feed<Parcel<A, B>>,
    drain: Drain<Report<A, B>>,
    /// What the thread has in hand.
    pub(super) desk: Arc<Desk<A, B>>,
    pub(super) watch: Arc<Watch>,
}

impl<A: Send + 'static, B: Send + 'static> Post<A, B> {
    /// Starts a thread, which `quits` where a stage panics. It ends when the post is dropped, and it has done with what it
    /// has in hand.
    pub(super) fn hire(watch: Arc<Watch>, window: usize, quits: bool) -> io::Result<Self> {
        // A chain that is sent, and called home, has room beside the packets.
        let ((feed, parcels), (reports, drain)) = (lane(window + 2), lane(window + 2));
        let (seen, desk) = (Arc::clone(&watch), Arc::new(Desk::new()));
        let own = Arc::clone(&desk);
        Builder::new().name(watch.thread.clone()).spawn(move || {
            let mut worker = Worker {
                parcels,
                reports,
                room: None,
                done: VecDeque::new(),
                quits,
                over: false,
                desk: own,
                watch: seen,
            };
            block_on(poll_fn(|task| worker.poll(task)));
        })?;
        Ok(Self { feed, drain, desk, watch })
    }

    /// Sends a parcel; it comes back when there is no room.
    pub(super) fn send(&self, parcel: Parcel<A, B>) -> Result<(), Parcel<A, B>> {
        self.feed.push(parcel).map_err(given_back)
    }

    /// Has the task woken when there is room for a parcel.
    pub(super) fn poll_room(&self, task: &mut Context<'_>) -> bool {
        matches!(self.feed.poll_room(task), Poll::Ready(true))
    }

    /// What is back; else the task is woken when something is.
    pub(super) fn poll_report(&self, task: &mut Context<'_>) -> Option<Report<A, B>> {
        match self.drain.poll_pop(task) {
            Poll::Ready(report) => report,
            Poll::Pending => None,
        }
    }

    /// What is back, or will be.
    pub(super) fn wait(&self) -> Option<Report<A, B>> {
        block_on(poll_fn(|task| self.drain.poll_pop(task)))
    }

    /// The oldest parcel that the thread has not taken.
    pub(super) fn take_back(&self) -> Option<Parcel<A, B>> {
        self.feed.take_back()
    }
}

/// What a lane did not take.
fn given_back<T>(refused: Full<T>) -> T {
    let (Full::Full(value) | Full::Closed(value)) = refused;
    value
}

impl<A, B> Drop for Post<A, B> {
    fn drop(&mut self) {
        self.watch.let_go();
    }
}

/// The thread's end.
struct Worker<A, B> {
    parcels: Drain<Parcel<A, B>>,
    reports: Feed<Report<A, B>>,
    room: Option<Box<Room<A, B>>>,
    /// Reports that there was no room for.
    done: VecDeque<Report<A, B>>,
    quits: bool,
    /// Whether a stage has panicked, and the thread ends for that.
    over: bool,
    desk: Arc<Desk<A, B>>,
    watch: Arc<Watch>,
}

impl<A: Send + 'static, B: Send + 'static> Worker<A, B> {
    /// Ready when the pipeline has gone.
    fn poll(&mut self, task: &mut Context<'_>) -> Poll<()> {
        loop {
            if let Some(room) = &mut self.room {
                room.poll(task);
                self.collect();
            }
            while let Some(report) = self.done.pop_front() {
                let Err(refused) = self.reports.push(report) else { continue };
                self.done.push_front(given_back(refused));
                match self.reports.poll_room(task) {
                    Poll::Ready(true) => {}
                    Poll::Ready(false) => return Poll::Ready(()),
                    Poll::Pending => {
                        self.watch.say(Does::Waits);
                        return Poll::Pending;
                    }
                }
            }
            if self.over {
                return Poll::Ready(());
            }
            if self.room.as_mut().is_some_and(|room| !room.has_room()) {
                self.watch.say(Does::Waits);
                return Poll::Pending;
            }
            let parcel = match self.parcels.pop() {
                Some(parcel) => parcel,
                None => {
                    self.watch.say(Does::Nothing);
                    match self.parcels.poll_pop(task) {
                        Poll::Ready(Some(parcel)) => parcel,
                        Poll::Ready(None) => return Poll::Ready(()),
                        Poll::Pending => return Poll::Pending,
                    }
                }
            };
            self.take(parcel);
        }
    }

    fn take(&mut self, parcel: Parcel<A, B>) {
        match (parcel, &mut self.room) {
            (Parcel::Room(mut room), _) => {
                room.watch(&self.watch);
                self.room = Some(room);
            }
            (Parcel::Packet(packet), Some(room)) => {
                let cycles = if packet.slip.each { packet.items.len() } else { 1 };
                self.watch.say(Does::Works(packet.slip.number, cycles));
                let rest = room.take(packet, self.quits, &self.desk);
                // Whoever gets what comes out sees a thread that has done.
                self.watch.say(Does::Nothing);
                if let Some(rest) = rest {
                    self.over = true;
                    if !rest.is_empty()
                        && let Some(packet) = room.pop()
                    {
                        let remarks = room.remarks();
                        self.done.push_back(Report::Partly(packet, remarks, rest));
                    }
                    return self.go_home();
                }
                self.collect();
            }
            (Parcel::Recall, Some(_)) => self.go_home(),
            (Parcel::Packet(packet), None) => self.done.push_back(Report::Stray(packet)),
            (Parcel::Recall, None) => {}
        }
    }

    fn go_home(&mut self) {
        self.collect();
        let over = self.over;
        self.done.extend(self.room.take().map(|room| Report::Home(room, over)));
    }

    /// Makes reports of what has come out.
    fn collect(&mut self) {
        let Some(room) = &mut self.room else { return };
        while let Some(packet) = room.pop() {
            let remarks = room.remarks();
            self.done.push_back(Report::Packet(packet, remarks));
        }
    }
}
