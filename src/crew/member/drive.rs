//! How a member goes on: what is back from its thread, what has come out at home, and what is sent on.

use std::collections::VecDeque;
use std::task::Context;

use super::{Back, Came, Member, Sent};
use crate::crew::post::Report;
use crate::cycle::{Cycle, Site};
use crate::knot::{Flow, Turn, Wait};
use crate::link::Work;
use crate::packet::{Mark, Message, Packet, Slip};

impl<A: Send + 'static, B: Send + 'static> Member<A, B> {
    /// Lets all go on as far as it can; what comes out is added to `came`.
    pub(in crate::crew) fn drive(
        &mut self,
        cx: &mut Cycle,
        site: &Site,
        turn: &mut Turn<'_, '_>,
        came: &mut VecDeque<Came<A, B>>,
    ) {
        loop {
            self.collect(Some(turn.task), came);
            if !self.home.is_lent() {
                came.extend(self.said.take().map(Came::Said));
                self.drive_home(cx, site, turn, came);
            }
            if !self.forward(cx, site, turn, came) {
                return;
            }
        }
    }

    /// Takes what is back from the thread; the task, if there is one, is woken when there is more.
    pub(super) fn collect(&mut self, mut task: Option<&mut Context<'_>>, came: &mut VecDeque<Came<A, B>>) {
        let mut quitting = false;
        loop {
            let Some(post) = &self.post else { return };
            // Nobody hears of a panic before it is known that the worker is gone, which it says at once.
            let report = match &mut task {
                _ if quitting => post.wait(),
                Some(task) => post.poll_report(task),
                None => post.report(),
            };
            let Some(report) = report else { return };
            if let Report::Packet(_, Some(remarks)) | Report::Partly(_, Some(remarks), _) = &report {
                quitting |= self.quits && remarks.panic.is_some();
            }
            match report {
                Report::Packet(packet, remarks) => {
                    let of = self.unsend(packet.slip.ticket);
                    came.push_back(Came::Packet(Back { packet, of, remarks, raw: true }));
                }
                Report::Partly(packet, remarks, items) => {
                    let of = self.unsend(packet.slip.ticket);
                    let begun = of - items.len().min(of);
                    let Slip { number, revision, each, ticket, .. } = packet.slip;
                    let trace = packet.slip.trace.as_ref().map(|trace| trace.part());
                    let number = number + if each { begun as u64 } else { 0 };
                    let rest =
                        Packet { slip: Slip { number, revision, each, ticket, trace, ..Slip::default() }, items };
                    let back = Back { packet, of: begun, remarks, raw: true };
                    came.push_back(Came::Partly(back, rest));
                }
                Report::Stray(packet) => {
                    self.unsend(packet.slip.ticket);
                    self.line.put_back(Message::Packet(packet));
                }
                Report::Home(room, false) => self.restore(room),
                Report::Home(room, true) => {
                    self.restore(room);
                    let packets = self.take_back();
                    self.post = None;
                    came.extend(self.said.take().map(Came::Said));
                    came.push_back(Came::Quit(packets));
                    return;
                }
            }
        }
    }

    /// Lets what is inside the chain go on, which is at home.
    fn drive_home(&mut self, cx: &mut Cycle, site: &Site, turn: &mut Turn<'_, '_>, came: &mut VecDeque<Came<A, B>>) {
        if self.home.flow().is_none() {
            return;
        }
        self.home.drive(cx, site, turn);
        loop {
            if let Some(revision) = self.home.head_edit() {
                self.home.pass_edit();
                came.push_back(Came::Mark(Mark::Edit(revision)));
            }
            match self.home.pop(cx, site, turn.travels) {
                Some(Message::Packet(packet)) => {
                    let of = self.unsend(packet.slip.ticket);
                    came.push_back(Came::Packet(Back::home(packet, of)));
                }
                Some(Message::Mark(mark)) => came.push_back(Came::Mark(mark)),
                None if self.home.head_edit().is_some() => {}
                None => return,
            }
        }
    }

    /// Sends on what waits; whether something went home that may go on there.
    fn forward(
        &mut self,
        cx: &mut Cycle,
        site: &Site,
        turn: &mut Turn<'_, '_>,
        came: &mut VecDeque<Came<A, B>>,
    ) -> bool {
        let mut home = false;
        if self.post.is_none() {
            // The worker has quit, and what waits goes to others.
            return home;
        }
        while let Some(message) = self.line.pop() {
            match message {
                Message::Packet(packet) => match self.send(packet, cx, site) {
                    Ok(()) => {}
                    Err(packet) if self.home.is_lent() || self.home.is_idle() => {
                        self.line.put_back(Message::Packet(packet));
                        let Some(post) = &self.post else { return home };
                        if self.recalled || !post.poll_room(turn.task) {
                            return home;
                        }
                    }
                    Err(packet) => {
                        self.take_in(packet, cx, site, came);
                        home = true;
                    }
                },
                Message::Mark(mark) if self.home.is_lent() => {
                    // A thread that does not answer has nothing any more that this would wait for.
                    if self.forsaken && (!matches!(mark, Mark::Edit(_)) || self.goes()) {
                        if let Mark::Edit(revision) = mark {
                            turn.travels.forgo(revision, site.id);
                        }
                        came.push_back(Came::Mark(mark));
                        continue;
                    }
                    self.line.put_back(Message::Mark(mark));
                    let Some(post) = &self.post else { return home };
                    if self.recalled {
                        return home;
                    }
                    self.recalled = post.recall();
                    if !self.recalled && !post.poll_room(turn.task) {
                        return home;
                    }
                }
                Message::Mark(mark) => {
                    self.home.mark(mark, cx, site, turn.travels);
                    home = true;
                }
            }
        }
        home
    }

    /// Whether it leaves, or all ends, with what waits.
    fn goes(&self) -> bool {
        self.line.find(Mark::ends).is_some()
    }

    /// Takes a packet in at home, behind what is still inside there.
    fn take_in(&mut self, packet: Packet<A>, cx: &mut Cycle, site: &Site, came: &mut VecDeque<Came<A, B>>) {
        let sent = Sent::of(&packet);
        let Packet { slip, items } = packet;
        let of = items.len();
        cx.take_up(slip);
        self.items.extend(items);
        self.home.many(&mut self.items, &mut self.made, cx, site);
        self.items.clear();
        if cx.is_parked() {
            return self.keep(sent);
        }
        let packet = Packet { slip: cx.put_down(), items: self.made.drain(..).collect() };
        came.push_back(Came::Packet(Back::home(packet, of)));
    }
}
