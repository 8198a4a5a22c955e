//! Pipelines inside pipelines, and out of them again.

use std::sync::Arc;

use super::Pipeline;
use crate::board::Board;
use crate::chain::{Chain, Nested};
use crate::control::{Control, Shared};
use crate::cycle::Cycle;
use crate::engine::Engine;
use crate::error::{Hold, Refusal, SendError, TakeError};
use crate::join::join;
use crate::ledger::LedgerCell;
use crate::model::{Kind, Plan};
use crate::name::Type;
use crate::node::Node;
use crate::part::Made;
use crate::receipt::Receipt;
use crate::stage::{Output, Stage, Unpacked};
use crate::switch::Switch;

impl<In: Send + 'static, Out: Send + 'static> Pipeline<In, Out> {
    /// What the pipeline is made of, to be a part of another: its plan, its chain, the outputs that were not handed out, and why it
    /// cannot be one, if so.
    pub(super) fn disassemble(mut self) -> (Plan, Chain<In, Out>, Vec<Out>, Option<Refusal>) {
        // Edits that were committed to it alone are applied before it becomes a part of something else.
        let unfit = match self.engine.ready() {
            Err(why @ (Hold::Poisoned { .. } | Hold::Away { .. } | Hold::Paused | Hold::Finished)) => {
                Some(Refusal::Unfit(why))
            }
            _ => None,
        };
        let mut control = self.engine.shared.board.lock();
        control.adopted = true;
        let stand_in = Plan {
            name: control.plan.name.clone(),
            input: control.plan.input,
            output: control.plan.output,
            entries: Vec::new(),
            thread: control.plan.thread,
        };
        let plan = std::mem::replace(&mut control.plan, stand_in);
        let error = control.error.clone().map(Refusal::from).or(unfit);
        drop(control);
        let (chain, late) = self.engine.into_chain();
        (plan, chain, late, error)
    }

    fn into_made(self) -> Made {
        let (plan, chain, late, error) = self.disassemble();
        Made {
            kind: Kind::Pipeline(Box::new(plan)),
            make: Box::new(move |site| {
                let nested = Nested::new(chain, late, &site);
                Box::new(Node::new(site, nested))
            }),
            error,
        }
    }
}

impl<In: Send + 'static, Out: Send + 'static> Switch<In, Out> {
    /// The pipeline of nothing but this switch, with the switch's name.
    pub fn into_pipeline(self) -> Pipeline<In, Out> {
        let name = self.name().to_owned();
        Pipeline::new(&name).stage(name, self)
    }
}

impl<In: Send + 'static, Out: Send + 'static> Stage<In> for Pipeline<In, Out> {
    type Out = Out;

    const PLAIN: bool = false;

    /// Sends the item; a pipeline that becomes a part of another is unpacked instead, and this is not called.
    fn process(&mut self, item: In, out: &mut Output<'_, Out>) {
        let sent = self.send(item, |made| out.emit(made));
        match sent {
            Ok(()) => {}
            Err(SendError::Held(held)) => out.fail(held.item, held.why.to_string()),
            Err(SendError::Failed(failures)) => {
                failures.into_iter().for_each(|failure| out.fail((), failure.to_string()));
            }
        }
    }

    fn unpack(self) -> Unpacked<Self> {
        Unpacked::Made(Box::new(self.into_made()))
    }
}

impl Receipt {
    /// Hands over, as a pipeline, what the edit took out, by the path it had: a pipeline as it was, anything else (a closure,
    /// a switch) as the only stage of a new one.
    ///
    /// It is a pipeline of its own then, with a new controller, revision 0 and a new ledger.
    ///
    /// # Errors
    ///
    /// See [`take`](Receipt::take).
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Pipeline;
    ///
    /// let mut calls = 0;
    /// let mut pipeline = Pipeline::new("p").stage("count", move |x: i64| { calls += 1; x + calls });
    /// assert_eq!(pipeline.call(10)?, 11);
    /// let receipt = pipeline.controller().remove("count")?;
    /// pipeline.apply();
    /// let mut count = receipt.take_pipeline::<i64, i64>("count")?;
    /// assert_eq!(count.call(10)?, 12);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn take_pipeline<In: Send + 'static, Out: Send + 'static>(
        &self,
        path: impl AsRef<str>,
    ) -> Result<Pipeline<In, Out>, TakeError> {
        let path = path.as_ref();
        let (mut knot, entry) = self.take_knot::<In, Out>(path, Type::of::<Pipeline<In, Out>>())?;
        let (chain, plan) = match entry.kind {
            Kind::Pipeline(mut plan) => {
                plan.name = entry.name;
                plan.thread = None;
                plan.thread = None;
                let chain = knot.into_stage().downcast::<Chain<In, Out>>();
                (*chain.map_err(|_| TakeError::Unknown { path: path.to_owned() })?, *plan)
            }
            _ => {
                *knot.joiner() = Some(join::<In, In, Out>);
                let mut chain = Chain::<In, In>::new().reopen(&mut Vec::new());
                chain.assemble(vec![knot]);
                let (name, input, output) = (entry.name.clone(), entry.input, entry.output);
                (chain, Plan { name, input, output, entries: vec![entry], thread: None })
            }
        };
        let ledger = Arc::new(LedgerCell::default());
        let cx = Cycle::new(Arc::clone(&ledger));
        let shared = Arc::new(Shared { board: Board::new(Control::new(plan)), ledger });
        let mut engine = Engine::new(chain, cx, shared);
        engine.take_in();
        Ok(Pipeline { engine })
    }
}
