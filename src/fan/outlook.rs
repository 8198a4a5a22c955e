//! What the engine may do with items for a switch: by where it leads now, and by where else it might be routed.

use super::Fan;
use crate::cycle::Site;
use crate::link::Status;
use crate::name::Path;
use crate::route::PolicyKind;

/// Of more targets than that it is not looked at whether they are alike.
const FEW: usize = 32;

impl<A: Send + 'static, B: Send + 'static> Fan<A, B> {
    /// What the engine may do where items come here.
    pub(super) fn outlook(&self, site: &Site) -> Status {
        let mut status = Status::CLEAR;
        let mut blocked = Vec::new();
        // Each target is asked once: it may have switches inside.
        let mut alike = self.slots.len() <= FEW;
        for slot in &self.routed {
            let mut target = Status::CLEAR;
            let stowed = || self.slots.get(*slot as usize)?.as_ref();
            if let Some(link) = self.live.as_ref().or_else(stowed) {
                link.status(&mut target);
            }
            alike &= target.goes_together();
            blocked.extend(target.blocked.take());
            status.and(target);
        }
        status.alike = alike && self.others_go_together();
        let all = self.pick.is(PolicyKind::All);
        let changes = [PolicyKind::Once, PolicyKind::Failover, PolicyKind::Generator];
        let changes = changes.iter().any(|kind| self.pick.is(*kind));
        status.steady &= !changes && blocked.is_empty();
        status.fixed &= self.pick.is(PolicyKind::One);
        status.single &= !changes && (!all || self.routed.len() < 2);
        status.parks |= self.branching.as_ref().is_some_and(|branching| !branching.meet.is_empty());
        let shut = if all { !blocked.is_empty() } else { blocked.len() == self.routed.len() };
        if self.spent.is_some() || self.pick.is(PolicyKind::None) {
            status.blocked = Some(site.name.clone().into());
        } else if shut {
            status.blocked = blocked.into_iter().next().map(|mut path: Path| {
                path.prefix(&site.name);
                path
            });
        }
        status
    }

    /// Whether items that go through any of the targets together to which no route leads do as they would one by one.
    fn others_go_together(&self) -> bool {
        let others = self.slots.iter().enumerate().filter(|(slot, _)| !self.routed.contains(&(*slot as u32)));
        others.filter_map(|(_, target)| target.as_ref()).all(|target| {
            let mut status = Status::CLEAR;
            target.status(&mut status);
            status.goes_together()
        })
    }
}
