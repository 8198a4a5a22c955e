//! What an edit does to a switch.

use super::Fan;
use crate::chain::{act_inside, hand_over, lift_inside, put_inside, retire};
use crate::cycle::Cycle;
use crate::knot::{Act, AnySwitch, Knot, Spot, Taken};
use crate::name::NodeId;

impl<A: Send + 'static, B: Send + 'static> AnySwitch for Fan<A, B> {
    fn act(&mut self, within: &[Spot], act: Act, taken: &mut Taken, cx: &mut Cycle, id: NodeId) {
        if let Some((first, rest)) = within.split_first() {
            if let Some(slot) = first.slot
                && let Some(knot) = self.slot(slot).and_then(|link| link.first())
            {
                act_inside(knot, rest, act, taken, cx);
                self.look(slot);
            }
            return;
        }
        self.change(act, taken, cx, id);
    }

    fn lift(&mut self, within: &[Spot], id: NodeId) -> Option<Box<dyn Knot>> {
        let (Spot { slot: Some(slot), .. }, rest) = within.split_first()? else { return None };
        let lifted = lift_inside(self.slot(*slot)?.first()?, rest, id);
        self.look(*slot);
        lifted
    }

    fn put(&mut self, within: &[Spot], before: Option<NodeId>, stage: Box<dyn Knot>) {
        if let Some((Spot { slot: Some(slot), .. }, rest)) = within.split_first()
            && let Some(knot) = self.slot(*slot).and_then(|link| link.first())
        {
            put_inside(knot, rest, before, stage);
            self.look(*slot);
        }
    }
}

impl<A: Send + 'static, B: Send + 'static> Fan<A, B> {
    /// Makes a change of the switch itself. Out of line: switches are edited inside switches, and this needs room.
    #[inline(never)]
    fn change(&mut self, act: Act, taken: &mut Taken, cx: &mut Cycle, id: NodeId) {
        self.stow();
        let changed = match &act {
            Act::Attach { slot, .. } | Act::Detach { slot } => Some(*slot),
            Act::Replace { at, .. } | Act::HandOver { at, .. } | Act::Workers { at, .. } => at.slot,
            _ => None,
        };
        match act {
            Act::Route { route, slots } => {
                self.route(route, slots);
                // What panicked at the switch itself was the old policy.
                cx.broken.retain(|broken| broken.id != id);
            }
            Act::Attach { slot, mut knot } => {
                knot.carry(true, cx);
                self.attach(slot, knot);
            }
            Act::Detach { slot } => {
                self.order.retain(|known| *known != slot);
                if let Some(old) = self.detach(slot) {
                    retire(old, taken, cx);
                }
            }
            Act::Replace { at: Spot { slot: Some(slot), .. }, mut knot } => {
                if let Some(old) = self.detach(slot) {
                    retire(old, taken, cx);
                }
                knot.carry(true, cx);
                self.put(slot, knot);
            }
            Act::HandOver { at: Spot { slot: Some(slot), .. }, id, make } => {
                if let Some(old) = self.detach(slot) {
                    let new = hand_over(old, id, make, cx);
                    self.put(slot, new);
                }
            }
            Act::Rename { at: Spot { slot: Some(slot), .. }, to } => {
                if let Some(at) = self.routed.iter().position(|routed| *routed == slot) {
                    self.pick.names[at] = to.clone();
                }
                if let Some(knot) = self.slot(slot).and_then(|link| link.first()) {
                    knot.rename(to);
                }
            }
            Act::Workers { at: Spot { slot: Some(slot), .. }, count, made } => {
                if let Some(knot) = self.slot(slot).and_then(|link| link.first()) {
                    knot.workers(count, made, taken, cx);
                }
            }
            _ => debug_assert!(false, "an act for a chain was sent to a switch"),
        }
        self.lead();
        changed.into_iter().for_each(|slot| self.look(slot));
    }
}
