//! Many items, how outputs are handed out, and the end of the stream.

use std::vec::Drain;

use super::{Engine, NEVER};
use crate::cycle::Cycle;
use crate::error::{FinishError, Held, Hold, Rest, SendAllError, SendError};

/// The most items of a batch.
pub(super) const BATCH: usize = 256;

impl<In: Send + 'static, Out: Send + 'static> Engine<In, Out> {
    pub(crate) fn send_batch(&mut self, items: &mut Vec<In>, out: &mut Vec<Out>) -> Result<(), SendError<In>> {
        while !items.is_empty() {
            if let Err(why) = self.ready_here() {
                let item = items.remove(0);
                return Err(SendError::Held(Held { item, why }));
            }
            if !self.steady {
                return self.send_each(items, out);
            }
            let before = out.len();
            out.append(&mut self.out);
            self.batch(items, out, before);
            self.after();
            self.unwind();
            self.outcome()?;
        }
        Ok(())
    }

    /// Sends `items` one by one; whatever happens, those not sent stay.
    fn send_each(&mut self, items: &mut Vec<In>, out: &mut Vec<Out>) -> Result<(), SendError<In>> {
        struct Backwards<'a, In>(&'a mut Vec<In>);
        impl<In> Drop for Backwards<'_, In> {
            fn drop(&mut self) {
                self.0.reverse();
            }
        }
        items.reverse();
        let items = Backwards(items);
        while let Some(item) = items.0.pop() {
            self.send(item, |output| out.push(output))?;
        }
        Ok(())
    }

    pub(crate) fn send_all<I: Iterator<Item = In>>(
        &mut self,
        mut items: I,
        mut emit: impl FnMut(Out),
    ) -> Result<(), SendAllError<I>> {
        let _ = self.ready();
        loop {
            let most = if self.steady { BATCH } else { 1 };
            let mut batch = std::mem::take(&mut self.inbox);
            batch.extend(items.by_ref().take(most));
            if batch.is_empty() {
                self.inbox = batch;
                return Ok(());
            }
            let stop =
                |error, batch: Vec<In>, items| Err(SendAllError { error, rest: Rest::new(batch.into_iter(), items) });
            // What was committed up to here governs the batch.
            if let Err(why) = self.ready_here() {
                let item = batch.remove(0);
                return stop(SendError::Held(Held { item, why }), batch, items);
            }
            if self.told && batch.len() == 1 && !self.is_whole() {
                // It takes the quick way, as in `send`.
                self.inbox = batch;
                let Some(item) = self.inbox.pop() else { return Ok(()) };
                if let Err(error) = self.send_told(item, &mut emit) {
                    return stop(error, Vec::new(), items);
                }
                continue;
            }
            if self.steady || batch.len() == 1 {
                self.inbox = batch;
                self.turn();
                self.hand_out(&mut emit);
                if let Err(error) = self.outcome() {
                    return stop(error, Vec::new(), items);
                }
                continue;
            }
            // What was published while the batch was filled has made it necessary to go one by one.
            let mut pulled = batch.into_iter();
            while let Some(item) = pulled.next() {
                if let Err(error) = self.send(item, &mut emit) {
                    return Err(SendAllError { error, rest: Rest::new(pulled, items) });
                }
            }
        }
    }

    /// Gives the outputs to `emit`, in order. Where it panics, the rest waits for the next call.
    pub(crate) fn hand_out(&mut self, mut emit: impl FnMut(Out)) {
        struct Handing<'a, Out> {
            outputs: Drain<'a, Out>,
            late: &'a mut Vec<Out>,
            queued: &'a mut usize,
            quick: &'a mut u64,
            cx: &'a mut Cycle,
        }
        impl<Out> Drop for Handing<'_, Out> {
            fn drop(&mut self) {
                if std::thread::panicking() {
                    // The caller gets one panic, and this is the one; it must not be followed by another later.
                    self.cx.panic = None;
                }
                if self.outputs.len() > 0 {
                    self.late.extend(&mut self.outputs);
                    *self.queued = self.late.len();
                    *self.quick = NEVER;
                    self.cx.undeliver(self.late.len());
                }
            }
        }
        let Self { out, late, queued, quick, cx, .. } = self;
        let mut handing = Handing { outputs: out.drain(..), late, queued, quick, cx };
        handing.outputs.by_ref().for_each(&mut emit);
        drop(handing);
        self.unwind();
    }

    pub(crate) fn finish(&mut self, emit: impl FnMut(Out)) -> Result<(), FinishError> {
        match self.ready_here() {
            Err(Hold::Finished) => {
                self.cx.items = 0;
                self.cx.close(self.out.len(), self.queued);
                self.queued = 0;
                self.hand_out(emit);
                return self.finished_with();
            }
            Err(why @ (Hold::Poisoned { .. } | Hold::Away { .. } | Hold::Build(_) | Hold::Waits { .. })) => {
                return Err(FinishError::Held(why));
            }
            _ => {}
        }
        self.cx.items = 0;
        let recorder = self.cx.trace.take();
        self.chain.finish(&mut self.out, &mut self.cx);
        self.cx.trace = recorder;
        self.cx.close(self.out.len(), self.queued);
        self.queued = 0;
        self.finished = true;
        self.cx.used_up = true;
        self.after();
        self.hand_out(emit);
        self.finished_with()
    }

    fn finished_with(&mut self) -> Result<(), FinishError> {
        match self.outcome::<()>() {
            Err(SendError::Failed(failures)) => Err(FinishError::Failed(failures)),
            _ => Ok(()),
        }
    }
}
