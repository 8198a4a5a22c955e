//! A switch in the model: its targets by slot, by name and in order, and the routes that fit it.

use std::collections::HashMap;

use smallvec::SmallVec;

use super::{Entry, Fork, Target};
use crate::error::Refusal;
use crate::name::{Name, Path, Type};
use crate::route::{PolicyKind, RouteView};

impl Fork {
    pub(crate) fn new(route: RouteView, cloned: bool) -> Self {
        Self { slots: Vec::new(), free: Vec::new(), by_name: HashMap::new(), route, cloned, next: 0, depth: 0 }
    }

    /// The targets in the order in which they were attached.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = &Target> {
        let mut targets: Vec<&Target> = self.slots.iter().flatten().collect();
        targets.sort_unstable_by_key(|target| target.order);
        targets.into_iter()
    }

    /// That there is no target of that path.
    pub(crate) fn unknown(&self, path: Path) -> Refusal {
        Refusal::unknown(path, self.by_name.len(), self.in_order().map(|target| &target.entry.name))
    }

    pub(crate) fn free_slot(&self) -> u32 {
        let end = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        self.free.last().copied().unwrap_or(end)
    }

    pub(crate) fn target(&self, name: &Name) -> Option<&Entry> {
        let slot = *self.by_name.get(name)?;
        self.slots.get(slot as usize)?.as_ref().map(|target| &target.entry)
    }

    pub(crate) fn attach(&mut self, slot: u32, target: Target) {
        let at = slot as usize;
        if self.slots.len() <= at {
            self.slots.resize_with(at + 1, || None);
        }
        if self.free.last() == Some(&slot) {
            self.free.pop();
        } else {
            self.free.retain(|free| *free != slot);
        }
        self.next = self.next.max(target.order + 1);
        self.depth = self.depth.max(target.entry.depth());
        self.by_name.insert(target.entry.name.clone(), slot);
        if let Some(place) = self.slots.get_mut(at) {
            *place = Some(target);
        }
    }

    pub(super) fn detach(&mut self, slot: u32) -> Option<Target> {
        let target = self.slots.get_mut(slot as usize)?.take()?;
        self.by_name.remove(&target.entry.name);
        self.free.push(slot);
        Some(target)
    }

    /// Whether `route` fits this switch, whose items are of type `item`.
    pub(crate) fn check(
        &self,
        route: &RouteView,
        looks_at: Option<Type>,
        item: Type,
        at: &Path,
    ) -> Result<(), Refusal> {
        for name in &route.targets {
            if !self.by_name.contains_key(name) {
                return Err(self.unknown(at.join(name)));
            }
        }
        if route.policy == PolicyKind::All && route.targets.len() > 1 && !self.cloned {
            return Err(Refusal::NotCloned { item });
        }
        match looks_at {
            Some(looks_at) if looks_at != item => Err(Refusal::LooksAt { looks_at, item }),
            _ => Ok(()),
        }
    }

    pub(crate) fn slots_of(&self, route: &RouteView) -> SmallVec<[u32; 4]> {
        route.targets.iter().filter_map(|name| self.by_name.get(name).copied()).collect()
    }
}
