//! Stages that move from one chain to another.
//!
//! It is done in the innermost chain that both are inside of, taken apart, with nothing inside: so a stage is never at two
//! places, and no item meets it twice or not at all.

use crate::knot::{Knot, Spot};
use crate::name::NodeId;

/// The stage `id` moves from the chain that the first way leads to from among these parts, to the one that the second does.
pub(super) fn transfer(
    parts: &mut Vec<Box<dyn Knot>>,
    id: NodeId,
    (from, to): (&[Spot], &[Spot]),
    before: Option<NodeId>,
) -> Option<()> {
    let knot = lift_from(parts, from, id)?;
    put_into(parts, to, before, knot);
    Some(())
}

/// See [`AnyChain::lift`](crate::knot::AnyChain::lift), of a chain that is taken apart.
pub(super) fn lift_from(parts: &mut Vec<Box<dyn Knot>>, within: &[Spot], id: NodeId) -> Option<Box<dyn Knot>> {
    match within.split_first() {
        Some((first, rest)) => lift_inside(&mut **find(parts, first.id)?, rest, id),
        None => {
            let at = parts.iter().position(|part| part.site().id == id)?;
            Some(parts.remove(at))
        }
    }
}

/// See [`AnyChain::put`](crate::knot::AnyChain::put), of a chain that is taken apart.
pub(super) fn put_into(parts: &mut Vec<Box<dyn Knot>>, within: &[Spot], before: Option<NodeId>, knot: Box<dyn Knot>) {
    match within.split_first() {
        Some((first, rest)) => {
            let part = find(parts, first.id);
            debug_assert!(part.is_some(), "a stage was sent to a chain that is not there");
            if let Some(part) = part {
                put_inside(&mut **part, rest, before, knot);
            }
        }
        None => {
            let place = before.map(|before| parts.iter().position(|part| part.site().id == before));
            debug_assert!(place != Some(None), "a stage was sent to a place that is not there");
            parts.insert(place.flatten().unwrap_or(parts.len()), knot);
        }
    }
}

/// Takes the stage `id` out of a chain somewhere inside `knot`.
pub(crate) fn lift_inside(knot: &mut dyn Knot, within: &[Spot], id: NodeId) -> Option<Box<dyn Knot>> {
    if let Some(switch) = knot.switch() {
        return switch.lift(within, id);
    }
    knot.chain()?.lift(within, id)
}

/// Puts a stage into a chain somewhere inside `knot`.
pub(crate) fn put_inside(knot: &mut dyn Knot, within: &[Spot], before: Option<NodeId>, stage: Box<dyn Knot>) {
    if let Some(switch) = knot.switch() {
        switch.put(within, before, stage);
    } else if let Some(chain) = knot.chain() {
        chain.put(within, before, stage);
    }
}

fn find(parts: &mut [Box<dyn Knot>], id: NodeId) -> Option<&mut Box<dyn Knot>> {
    parts.iter_mut().find(|part| part.site().id == id)
}
