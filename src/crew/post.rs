//! A thread that runs a chain which is lent to it.
//!
//! It is a task of its own: it sleeps until a parcel comes, or something inside the chain wakes it. Parcels are in order, and
//! so is what comes back, so that a chain that is called home has done with all packets that were sent before. The
//! pipeline does not wait for it: it sends when there is room, and looks in for what is back when it is woken.
//!
//! What it runs lies between the two, under a lock that the thread has for as long as it takes parcels and runs stages. So when
//! all inside is given up, the chain can be had from a thread that only waits for what is inside (see [`Post::seize`]).

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::task::{Context, Poll, Waker};
use std::thread::{self, Builder, JoinHandle};
use std::time::{Duration, Instant};
use std::{io, iter};

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

/// What a thread runs, where the pipeline can get at it.
struct Seat<A, B> {
    room: Option<Box<Room<A, B>>>,
    /// Wakes the thread.
    waker: Option<Waker>,
}

/// The chain that a thread had, and the parcels that it has not taken.
type Seized<A, B> = (Box<Room<A, B>>, Vec<Parcel<A, B>>);

/// How long the pipeline waits, at the most, for a thread to be through with its stages; where one blocks, that is in vain.
const PATIENCE: Duration = Duration::from_millis(20);

/// The pipeline's end of a thread.
pub(super) struct Post<A, B> {
    feed: Feed<Parcel<A, B>>,
    drain: Drain<Report<A, B>>,
    /// What the thread has in hand.
    pub(super) desk: Arc<Desk<A, B>>,
    seat: Arc<Mutex<Seat<A, B>>>,
    pub(super) watch: Arc<Watch>,
}

impl<A: Send + 'static, B: Send + 'static> Post<A, B> {
    /// Starts a thread, which `quits` where a stage panics. It ends when the post is dropped, and it has done with what it
    /// has in hand.
    pub(super) fn hire(watch: Arc<Watch>, window: usize, quits: bool) -> io::Result<(Self, JoinHandle<()>)> {
        // A chain that is sent, and called home, has room beside the packets.
        let ((feed, parcels), (reports, drain)) = (lane(window + 2), lane(window + 2));
        let (seen, desk) = (Arc::clone(&watch), Arc::new(Desk::new()));
        let seat = Arc::new(Mutex::new(Seat { room: None, waker: None }));
        let (own, place) = (Arc::clone(&desk), Arc::clone(&seat));
        let thread = Builder::new().name(watch.thread.clone()).spawn(move || {
            let mut worker = Worker {
                parcels,
                reports,
                seat: place,
                done: VecDeque::new(),
                quits,
                over: false,
                desk: own,
                watch: seen,
            };
            block_on(poll_fn(|task| worker.poll(task)));
        })?;
        Ok((Self { feed, drain, desk, seat, watch }, thread))
    }

    /// Sends a parcel; it comes back when there is no room.
    pub(super) fn send(&self, parcel: Parcel<A, B>) -> Result<(), Parcel<A, B>> {
        self.feed.push(parcel).map_err(given_back)
    }

    /// Calls the chain home, if there is room for a parcel.
    pub(super) fn recall(&self) -> bool {
        let sent = self.send(Parcel::Recall).is_ok();
        self.watch.set_recalled(sent);
        sent
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

    /// What is back.
    pub(super) fn report(&self) -> Option<Report<A, B>> {
        self.drain.pop()
    }

    /// What is back, or will be.
    pub(super) fn wait(&self) -> Option<Report<A, B>> {
        block_on(poll_fn(|task| self.drain.poll_pop(task)))
    }

    /// The parcels that the thread has not taken, in order.
    pub(super) fn take_back(&self) -> Vec<Parcel<A, B>> {
        iter::from_fn(|| self.feed.take_back()).collect()
    }

    /// What the thread runs, unless it is in a stage and stays there; and the parcels that it has not taken then. After that it
    /// waits for another chain.
    pub(super) fn seize(&self) -> Option<Seized<A, B>> {
        let began = Instant::now();
        loop {
            let mut seat = match self.seat.try_lock() {
                Ok(seat) => seat,
                Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
                Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                    thread::yield_now();
                    continue;
                }
                Err(TryLockError::WouldBlock) => return None,
            };
            let room = seat.room.take()?;
            let parcels = self.take_back();
            // It may wait for something inside of that, and not for parcels.
            let waker = seat.waker.take();
            drop(seat);
            waker.into_iter().for_each(Waker::wake);
            return Some((room, parcels));
        }
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
    seat: Arc<Mutex<Seat<A, B>>>,
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
        let seat = Arc::clone(&self.seat);
        let mut seat = seat.lock().unwrap_or_else(PoisonError::into_inner);
        let Seat { room, waker } = &mut *seat;
        match waker {
            Some(waker) => waker.clone_from(task.waker()),
            none => *none = Some(task.waker().clone()),
        }
        loop {
            if let Some(room) = room {
                room.poll(task);
                self.collect(room);
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
            if room.as_mut().is_some_and(|room| !room.has_room()) {
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
            self.take(parcel, room);
        }
    }

    fn take(&mut self, parcel: Parcel<A, B>, place: &mut Option<Box<Room<A, B>>>) {
        match (parcel, &mut *place) {
            (Parcel::Room(mut room), _) => {
                room.watch(&self.watch);
                *place = Some(room);
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
                    return self.go_home(place);
                }
                self.collect(room);
            }
            (Parcel::Recall, Some(_)) => self.go_home(place),
            (Parcel::Packet(packet), None) => self.done.push_back(Report::Stray(packet)),
            (Parcel::Recall, None) => {}
        }
    }

    fn go_home(&mut self, place: &mut Option<Box<Room<A, B>>>) {
        let Some(mut room) = place.take() else { return };
        self.collect(&mut room);
        self.done.push_back(Report::Home(room, self.over));
    }

    /// Makes reports of what has come out.
    fn collect(&mut self, room: &mut Room<A, B>) {
        while let Some(packet) = room.pop() {
            let remarks = room.remarks();
            self.done.push_back(Report::Packet(packet, remarks));
        }
    }
}
