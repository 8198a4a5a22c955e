//! What an edit does to a switch.

use super::Fan;
use crate::chain::{act_inside, hand_over, retire};
use crate::cycle::Cycle;
use crate::knot::{Act, AnySwitch, Taken};
use crate::model::Step;
use crate::name::NodeId;

impl<A: Send + 'static, B: Send + 'static> AnySwitch for Fan<A, B> {
    fn act(&mut self, within: &[Step], act: Act, taken: &mut Taken, cx: &mut Cycle, id: NodeId) {
        if let Some((first, rest)) = within.split_first() {
            if let Step::Target(slot) = first
                && let Some(knot) = self.slot(*slot).and_then(|link| link.knot(0))
            {
                act_inside(knot, rest, act, taken, cx);
            }
            return;
        }
        self.stow();
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
            Act::Replace { at: Step::Target(slot), mut knot } => {
                if let Some(old) = self.detach(slot) {
                    retire(old, taken, cx);
                }
                knot.carry(true, cx);
                self.put(slot, knot);
            }
            Act::HandOver { at: Step::Target(slot), id, make } => {
                if let Some(old) = self.detach(slot) {
                    let new = hand_over(old, id, make, cx);
                    self.put(slot, new);
                }
            }
            Act::Rename { at: Step::Target(slot), to } => {
                if let Some(at) = self.routed.iter().position(|routed| *routed == slot) {
                    self.pick.names[at] = to.clone();
                }
                if let Some(knot) = self.slot(slot).and_then(|link| link.knot(0)) {
                    knot.site_mut().name = to;
                }
            }
            _ => debug_assert!(false, "an act for a chain was sent to a switch"),
        }
        self.lead();
    }
}
