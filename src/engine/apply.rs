//! How edits are applied, between two cycles.

use std::sync::Arc;

use super::Engine;
use crate::control::Committed;
use crate::cycle::Harm;
use crate::error::Hold;
use crate::knot::AnyChain;
use crate::receipt::Cut;
use crate::trace::Recorder;

impl<In: Send + 'static, Out: Send + 'static> Engine<In, Out> {
    /// Takes over what was published since the last time.
    pub(super) fn take(&mut self) {
        let Self { edits, paused, log, .. } = self;
        let (error, seen) = self.shared.board.take(|control| {
            std::mem::swap(&mut control.waiting, edits);
            *paused = control.paused;
            *log = control.trace.clone();
            control.error.clone()
        });
        self.seen = seen;
        match &self.log {
            None => self.cx.trace = None,
            Some(log) if self.cx.trace.as_ref().is_some_and(|recorder| recorder.writes_to(log)) => {}
            Some(log) => self.cx.trace = Some(Box::new(Recorder::new(Arc::clone(log)))),
        }
        self.cx.items = 0;
        while let Some(edit) = self.edits.pop_front() {
            if self.cx.flowing { self.depart(edit) } else { self.apply(edit) }
        }
        self.cx.items = 1;
        self.place_broken();
        self.hold = error.map(Hold::Build);
    }

    /// Says where the stages are that have panicked; those that have left do not count any more.
    pub(super) fn place_broken(&mut self) {
        let Self { cx, current, shared, .. } = self;
        if let Some((id, path)) = cx.ended.as_deref_mut()
            && let Some(broken) = cx.broken.iter().rfind(|broken| broken.id == *id)
        {
            path.clone_from(&broken.path);
        }
        if cx.broken.is_empty() {
            return;
        }
        let control = shared.board.lock();
        let under_way = current.as_ref().is_some_and(|current| current.is_crossed()) || !control.waiting.is_empty();
        cx.broken.retain_mut(|broken| match control.plan.path_of(broken.id) {
            Some(path) => {
                broken.path = path;
                true
            }
            None => std::mem::replace(&mut broken.harm, Harm::Leaving) != Harm::Part && under_way,
        });
    }

    fn apply(&mut self, edit: Committed) {
        let Self { chain, cx, out, .. } = self;
        let before = out.len();
        let recorder = cx.trace.take();
        if !self.finished {
            for way in &edit.drains {
                chain.drain(way, out, cx);
            }
        }
        let mut taken = Vec::new();
        for (within, act) in edit.acts {
            chain.act(&within, act, &mut taken, cx);
        }
        cx.trace = recorder;
        let queued = out.len() - before;
        cx.close_idle(queued);
        cx.items = 0;
        self.queued += queued;
        cx.revision = edit.revision;
        if let (Some(recorder), Some(changes)) = (&mut cx.trace, edit.words) {
            recorder.edit(cx.number, edit.revision, changes, edit.places);
            // Here no item waits.
            recorder.settled(edit.revision);
        }
        let cut = Cut { last_old: cx.number.checked_sub(1), first_new: cx.number };
        let mut cells = edit.cells.into_iter();
        if let Some(cell) = cells.next() {
            cell.apply(cut, taken);
            self.shared.let_go(cell);
        }
        cells.for_each(|cell| cell.apply(cut, Vec::new()));
    }
}
