//! A chain while packets wait in it, and how an edit passes through it then.
//!
//! An edit comes to the front of the chain, or out of a boundary in it, with all old items ahead of it. From there it
//! governs the *stretch* up to the next stage that has something inside: what it changes there is changed at once. Then
//! its mark goes into that stage's queue; a stage that has something inside and leaves gets a gate (see `node/gate.rs`) for the
//! time being. An edit that moves stages of a chain with items inside waits in front of the chain until they are out, and
//! so does everything behind it: a stage cannot be at two places. So does one that moves a stage to a chain inside, or from
//! one, and what it changes in this chain is changed at once then.

use std::task::Context;

use super::stretch::Stretch;
use super::{Chain, act_inside};
use crate::cycle::Cycle;
use crate::knot::{Act, Eviction, Knot, Reach, Travels, Turn, Way};
use crate::name::{NodeId, Path};
use crate::outlet::Outlet;
use crate::packet::{Mark, Message, Packet};

/// How an edit moves stages of a chain.
enum Moves {
    Nothing,
    /// From one place in it to another.
    Within,
    /// From or to a chain inside of it; and whether anything inside is left by the same edit, and has to be flushed first.
    Across {
        leaves: bool,
    },
}

impl<A: Send + 'static, B: Send + 'static> Chain<A, B> {
    /// See [`Link::poll`](crate::link::Link::poll).
    pub(crate) fn poll(&mut self, out: &mut Outlet<B>, cx: &mut Cycle, turn: &mut Turn<'_, '_>) -> bool {
        let outside = std::mem::take(&mut cx.arrived);
        let ready = loop {
            let Some(link) = &mut self.link else { break false };
            let ready = link.poll(out, cx, turn);
            let passed = std::mem::take(&mut cx.arrived) && self.pass(out, cx, turn.travels);
            if !passed && !self.release(out, cx, turn.travels) {
                break ready && self.held.is_empty();
            }
        };
        cx.arrived = outside;
        ready
    }

    /// See [`Link::is_clear`](crate::link::Link::is_clear).
    pub(crate) fn is_clear(&mut self, task: &mut Context<'_>) -> bool {
        self.held.is_empty() && self.link.as_mut().is_some_and(|link| link.is_clear(task))
    }

    /// See [`Link::has_room`](crate::link::Link::has_room).
    pub(crate) fn has_room(&mut self) -> bool {
        self.held.is_empty() && self.link.as_mut().is_some_and(|link| link.has_room() != Some(false))
    }

    /// Takes all `items`, and the packet they are, through; or has them wait behind an edit that waits.
    pub(crate) fn take(&mut self, items: &mut Vec<A>, out: &mut Vec<B>, cx: &mut Cycle) {
        if self.held.is_empty() {
            return self.batch(items, out, cx);
        }
        let packet = Packet { slip: cx.put_down(), items: items.drain(..).collect() };
        self.held.push(Message::Packet(packet));
        cx.parked = true;
    }

    /// Sends a mark through.
    pub(crate) fn mark(&mut self, mark: Mark, out: &mut Outlet<B>, cx: &mut Cycle, travels: &mut Travels) {
        let waits = matches!(mark, Mark::Edit(revision) if self.has_to_be_empty(revision, travels));
        if waits || !self.held.is_empty() {
            return self.held.push(Message::Mark(mark));
        }
        match (mark, &mut self.link) {
            (Mark::Edit(revision), _) => self.travel(0, revision, out, cx, travels),
            (_, Some(link)) => link.mark(mark, out, cx, travels),
            (_, None) => {}
        }
    }

    /// See [`Wait::evict`](crate::knot::Wait::evict).
    pub(crate) fn evict(&mut self, eviction: &mut Eviction, cx: &mut Cycle) {
        let Some(link) = &mut self.link else { return };
        if self.held.find(|mark| eviction.ends_at(mark)).is_none() {
            return link.evict(eviction, cx);
        }
        // All that is inside holds it up.
        let reach = std::mem::replace(&mut eviction.reach, Reach::All);
        link.evict(eviction, cx);
        eviction.reach = reach;
    }

    /// Whether nothing is inside.
    pub(crate) fn is_idle(&mut self) -> bool {
        self.held.is_empty() && self.is_empty()
    }

    /// Whether nothing is in its stages.
    fn is_empty(&mut self) -> bool {
        self.none(|knot| knot.wait().is_some_and(|(wait, _)| !wait.is_idle()))
    }

    /// Whether something is inside, or not flushed.
    pub(crate) fn lingers(&mut self) -> bool {
        !self.held.is_empty() || !self.none(lingers)
    }

    /// See [`Wait::passes`](crate::knot::Wait::passes).
    pub(crate) fn passes(&mut self) -> bool {
        self.none(|knot| knot.wait().is_some_and(|(wait, _)| !wait.passes()))
    }

    /// The first stage that is a boundary, or has one inside.
    pub(crate) fn boundary(&mut self) -> Option<Path> {
        let mut found = None;
        self.none(|knot| {
            found = knot.wait().map(|(_, site)| site.name.clone().into());
            found.is_some()
        });
        found
    }

    /// How many items the boundaries in it take.
    pub(crate) fn capacity(&mut self) -> usize {
        let mut capacity = 0;
        self.none(|knot| {
            capacity += knot.wait().map_or(0, |(wait, _)| wait.capacity());
            false
        });
        capacity
    }

    /// See [`Wait::grain`](crate::knot::Wait::grain).
    pub(crate) fn grain(&mut self) -> usize {
        let mut grain = usize::MAX;
        self.none(|knot| {
            grain = grain.min(knot.wait().map_or(usize::MAX, |(wait, _)| wait.grain()));
            false
        });
        grain
    }

    /// See [`Wait::loosen`](crate::knot::Wait::loosen).
    pub(crate) fn loosen(&mut self, loose: bool) {
        let last = self.length().saturating_sub(1);
        let mut at = 0;
        self.none(|knot| {
            if let Some((wait, _)) = knot.wait() {
                wait.loosen(loose && at == last);
            }
            at += 1;
            false
        });
    }

    fn knot(&mut self, at: usize) -> Option<&mut dyn Knot> {
        self.link.as_mut()?.nth(&mut { at })
    }

    /// Whether `is` so of none of its stages.
    pub(super) fn none(&mut self, mut is: impl FnMut(&mut dyn Knot) -> bool) -> bool {
        let mut at = 0;
        while let Some(knot) = self.knot(at) {
            if is(knot) {
                return false;
            }
            at += 1;
        }
        true
    }

    fn length(&mut self) -> usize {
        let mut length = 0;
        self.none(|_| {
            length += 1;
            false
        });
        length
    }

    /// Whether the edit moves stages of this chain, and something in the stages stands against it.
    fn has_to_be_empty(&mut self, revision: u64, travels: &mut Travels) -> bool {
        match self.moves(revision, travels) {
            Moves::Nothing => false,
            Moves::Within | Moves::Across { leaves: false } => !self.is_empty(),
            Moves::Across { leaves: true } => !self.is_empty() || !self.none(lingers),
        }
    }

    /// See [`Travels::due`]. Where stages are moved, which is done in an empty chain and at once, all give what they hold
    /// at once too.
    fn due(&self, revision: u64, travels: &mut Travels) -> Vec<NodeId> {
        match self.moves(revision, travels) {
            Moves::Nothing => travels.due(revision),
            Moves::Within | Moves::Across { .. } => Vec::new(),
        }
    }

    /// Whether and how the edit moves stages of this chain, or inside of it.
    fn moves(&self, revision: u64, travels: &mut Travels) -> Moves {
        let owner = self.owner;
        let acts = travels.of(revision).map_or(&[][..], |travel| &travel.acts);
        let here = |(way, act): &&(Way, Act)| act.moves() && way.last().map(|spot| spot.id) == owner;
        let is_inside = |way: &Way| owner.is_none_or(|owner| way.iter().any(|spot| spot.id == owner));
        let mut moves = acts.iter().filter(here).map(|(_, act)| matches!(act, Act::Transfer { .. }));
        match moves.next() {
            None => Moves::Nothing,
            Some(across) if across || moves.any(|across| across) => {
                Moves::Across { leaves: acts.iter().any(|(way, act)| act.leaves() && is_inside(way)) }
            }
            Some(_) => Moves::Within,
        }
    }

    /// Has all sinks flushed that are not; whether that is news to one.
    pub(super) fn flush(&mut self) -> bool {
        let mut any = false;
        self.none(|knot| {
            any |= knot.wait().is_some_and(|(wait, _)| wait.flush());
            false
        });
        any
    }

    /// Lets edits on from the heads of queues, last first; and takes gates away that are not needed any more.
    fn pass(&mut self, out: &mut Outlet<B>, cx: &mut Cycle, travels: &mut Travels) -> bool {
        let mut passed = false;
        for at in (0..self.length()).rev() {
            while let Some(revision) = self.head_edit(at) {
                passed = true;
                self.travel(at + 1, revision, out, cx, travels);
            }
            if self.knot(at).and_then(|knot| knot.wait()).is_some_and(|(wait, _)| wait.is_spent()) {
                passed = true;
                travels.settled = true;
                let mut parts = self.disassemble();
                if let Some(now) = parts.remove(at).ungated() {
                    parts.insert(at, now);
                }
                self.assemble(parts);
            }
        }
        passed
    }

    /// Takes the mark of an edit from the head of the queue of stage number `at`.
    fn head_edit(&mut self, at: usize) -> Option<u64> {
        let (wait, _) = self.knot(at)?.wait()?;
        let revision = wait.head_edit()?;
        wait.pass_edit();
        Some(revision)
    }

    /// Goes on with what waits in front of the chain, when that is empty.
    fn release(&mut self, out: &mut Outlet<B>, cx: &mut Cycle, travels: &mut Travels) -> bool {
        if self.held.is_empty() || !self.is_empty() {
            return false;
        }
        if self.held.head_edit().is_some_and(|revision| self.has_to_be_empty(revision, travels)) {
            return self.flush();
        }
        let mut held = std::mem::take(&mut self.held);
        if let Some(Message::Mark(Mark::Edit(revision))) = held.pop() {
            self.travel(0, revision, out, cx, travels);
        }
        while let Some(message) = held.pop() {
            match message {
                Message::Mark(mark) => self.mark(mark, out, cx, travels),
                Message::Packet(packet) => {
                    let mut items: Vec<A> = cx.go_on_with(packet).into_vec();
                    self.take(&mut items, &mut out.made, cx);
                    out.take_in(cx);
                }
            }
        }
        true
    }

    /// The edit of `revision` comes to the stretch that begins with stage number `from`.
    fn travel(&mut self, from: usize, revision: u64, out: &mut Outlet<B>, cx: &mut Cycle, travels: &mut Travels) {
        if travels.is_under_way(revision) {
            travels.take_up(revision, cx);
            self.drain_stretch(from, revision, out, cx, travels);
            if self.has_to_be_empty(revision, travels) {
                // What was given just now is inside.
                return self.held.push(Message::Mark(Mark::Edit(revision)));
            }
            self.edit_stretch(from, revision, cx, travels);
            travels.settle(revision);
        }
        // The rest of it is further on, behind what is still inside. A switch around it waits for the mark in any case.
        let mut at = from;
        while self.owner.is_some() || travels.is_under_way(revision) {
            let Some(knot) = self.knot(at) else { return out.mark(Mark::Edit(revision)) };
            if edit_inside(knot, revision, cx, travels) {
                return;
            }
            at += 1;
        }
    }

    /// The stages of the stretch that leave by the edit give what they hold back; so does one that stands behind a gate at
    /// its end.
    fn drain_stretch(
        &mut self,
        from: usize,
        revision: u64,
        out: &mut Outlet<B>,
        cx: &mut Cycle,
        travels: &mut Travels,
    ) {
        let due = self.due(revision, travels);
        // What moves does so in a chain that is empty: there is no end to the stretch.
        let whole = !matches!(self.moves(revision, travels), Moves::Nothing);
        let mut at = from;
        while let Some((id, false)) = self.knot(at).map(|knot| (knot.site().id, !whole && takes_mark(knot, &due))) {
            at += 1;
            for rest in travels.drains(revision, id) {
                if let Some(link) = &mut self.link {
                    link.drain(id, &rest, &mut out.made, cx);
                }
                out.take_in(cx);
            }
        }
        if let Some((wait, _)) = self.knot(at).and_then(|knot| knot.wait()) {
            wait.drain(revision, cx, travels);
        }
    }

    /// Makes the changes that concern the stretch.
    fn edit_stretch(&mut self, from: usize, revision: u64, cx: &mut Cycle, travels: &mut Travels) {
        let due = self.due(revision, travels);
        // What moves does so in a chain that is empty: there is no end to the stretch.
        let whole = !matches!(self.moves(revision, travels), Moves::Nothing);
        let Some(travel) = travels.of(revision) else { return };
        let (acts, drains) = (std::mem::take(&mut travel.acts), std::mem::take(&mut travel.drains));
        let taken = std::mem::take(&mut travel.taken);
        let parts = self.disassemble();
        let (later, gone, fresh) = (Vec::new(), Vec::new(), Vec::new());
        let mut stretch = Stretch { parts, from, whole, revision, due, taken, later, gone, fresh };
        for (way, act) in acts {
            let left = match way.last().map(|spot| spot.id) == self.owner {
                true => stretch.edit(act, cx, travels),
                false => stretch.edit_inside(&way, act, cx),
            };
            stretch.later.extend(left.map(|act| (way, act)));
        }
        let Stretch { parts, taken, later, gone, .. } = stretch;
        self.assemble(parts);
        if let Some(travel) = travels.of(revision) {
            travel.acts = later;
            // What leaves with items inside gives what it holds when they are out.
            travel.drains = drains.into_iter().filter(|way| !way.iter().any(|spot| gone.contains(&spot.id))).collect();
            travel.taken = taken;
        }
    }
}

/// The edit of `revision` comes to a stage. Where it only can as a mark, that goes in behind that; else its changes
/// inside are made at once. Whether the mark is in there.
pub(crate) fn edit_inside(knot: &mut dyn Knot, revision: u64, cx: &mut Cycle, travels: &mut Travels) -> bool {
    if takes_mark(knot, &travels.due(revision))
        && let Some((wait, site)) = knot.wait()
    {
        wait.mark(Mark::Edit(revision), cx, site, travels);
        return true;
    }
    let id = knot.site().id;
    let Some(travel) = travels.of(revision) else { return false };
    let depth = |way: &Way| way.iter().position(|spot| spot.id == id);
    let (due, later) = std::mem::take(&mut travel.acts).into_iter().partition(|(way, _)| depth(way).is_some());
    travel.acts = later;
    let due: Vec<(Way, Act)> = due;
    for (way, act) in due {
        if let Some(depth) = depth(&way) {
            act_inside(knot, &way[depth + 1..], act, &mut travel.taken, cx);
        }
    }
    travels.settle(revision);
    false
}

/// Whether an edit only can come to it as a mark: something is inside of it, or not flushed. Or one of those that are `due`
/// to give what they hold is inside, and another boundary there, in which that would wait.
pub(crate) fn takes_mark(knot: &mut dyn Knot, due: &[NodeId]) -> bool {
    let id = knot.site().id;
    let Some((wait, _)) = knot.wait() else { return false };
    wait.lingers() || (due.contains(&id) && (knot.chain().is_some() || knot.switch().is_some()))
}

/// Whether something is inside of it, or not flushed.
fn lingers(knot: &mut dyn Knot) -> bool {
    knot.wait().is_some_and(|(wait, _)| wait.lingers())
}
