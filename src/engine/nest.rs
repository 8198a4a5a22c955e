//! A pipeline that becomes a part of another, and one that was.

use super::Engine;
use crate::chain::Chain;
use crate::link::Recount;

impl<In: Send + 'static, Out: Send + 'static> Engine<In, Out> {
    /// The chain, and the outputs that were not handed out.
    pub(crate) fn into_chain(mut self) -> (Chain<In, Out>, Vec<Out>) {
        let mut late = std::mem::take(&mut self.out);
        late.append(&mut self.late);
        self.chain.recount(Recount::Forget, &mut self.cx);
        (self.chain, late)
    }

    /// Takes over a chain that was a part of another pipeline: gives its stages new counts, and counts what they hold.
    pub(crate) fn take_in(&mut self) {
        self.chain.recount(Recount::Renew, &mut self.cx);
        let renewed = std::mem::take(&mut self.cx.renewed);
        self.shared.board.lock().plan.renew(&renewed);
        self.cx.items = 0;
        self.chain.recount(Recount::Enter, &mut self.cx);
        self.cx.close_idle(0);
    }
}
