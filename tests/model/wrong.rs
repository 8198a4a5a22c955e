//! Negative controls: engines that break a guarantee on purpose. They are the reference with one thing changed, and the
//! checker, with nothing to go by but what comes out, has to tell them from the reference itself.

use crate::engine::{Calls, Commit, Engine, Pending, Reference, Seen};
use crate::reference::pass;
use crate::spec::{Change, Plan};

/// What is wrong with an engine.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Fault {
    /// Nothing: the control of the control.
    None,
    /// The changes of one edit are applied one by one, an item between them.
    OneByOne,
    /// An edit is applied when the item is behind the first stage.
    MidItem,
}

pub(crate) struct Wrong {
    fault: Fault,
    inner: Reference,
    /// Edits that were accepted and are kept from the inner engine until their wrong time.
    late: Vec<Pending>,
}

impl Wrong {
    pub(crate) fn new(plan: &Plan, fault: Fault) -> Self {
        Self { fault, inner: Reference::new(plan, false), late: Vec::new() }
    }

    /// Before an item: what is to be applied now.
    fn before(&mut self) {
        let new = std::mem::take(&mut self.inner.pending);
        match self.fault {
            Fault::None => self.inner.pending = new,
            Fault::MidItem => self.late.extend(new),
            Fault::OneByOne => {
                let single = |edit: Pending| {
                    let Pending { changes, leaving, revision } = edit;
                    changes.into_iter().map(move |change| Pending {
                        changes: vec![change],
                        leaving: leaving.clone(),
                        revision,
                    })
                };
                self.late.extend(new.into_iter().flat_map(single));
                if !self.late.is_empty() {
                    self.inner.pending.push(self.late.remove(0));
                }
            }
        }
    }

    /// The item goes through the first stage, then the edits come, and then it goes through the others.
    fn torn(&mut self, item: i64) -> Seen {
        self.inner.pending.clear();
        let (out, panicked) = self.inner.cycle(&[item], |inner| {
            let first = inner.live.len().min(1);
            let made = pass(&mut inner.live[..first], vec![item], &mut inner.log);
            inner.pending = std::mem::take(&mut self.late);
            inner.take_edits();
            let first = inner.live.len().min(first);
            pass(&mut inner.live[first..], made, &mut inner.log)
        });
        self.inner.seen(out, panicked, Vec::new())
    }
}

impl Calls for Wrong {
    fn send(&mut self, item: i64, emit_panics: bool) -> Seen {
        self.before();
        if self.fault == Fault::MidItem && !self.late.is_empty() && self.inner.hold().is_none() {
            return self.torn(item);
        }
        self.inner.send(item, emit_panics)
    }

    fn call(&mut self, item: i64) -> Seen {
        self.send(item, false)
    }

    fn send_all(&mut self, items: &[i64]) -> Seen {
        self.before();
        self.inner.send_all(items)
    }

    fn send_batch(&mut self, items: &[i64]) -> Seen {
        self.before();
        self.inner.send_batch(items)
    }

    fn apply(&mut self) -> Seen {
        self.before();
        self.inner.apply()
    }

    fn finish(&mut self) -> Seen {
        self.before();
        self.inner.finish()
    }
}

impl Engine for Wrong {
    fn commit(&mut self, changes: &[Change]) -> Commit {
        self.inner.commit(changes)
    }
}
