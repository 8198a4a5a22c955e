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
        for slot in &self.routed {
            let mut target = Status::CLEAR;
            let stowed = || self.slots.get(*slot as usize)?.as_ref();
            if let Some(link) = self.live.as_ref().or_else(stowed) {
                link.status(&mut target);
            }
            blocked.extend(target.blocked.take());
            status.and(target);
        }
        let all = self.pick.is(PolicyKind::All);
        let changes = [PolicyKind::Once, PolicyKind::Failover, PolicyKind::Generator];
        let changes = changes.iter().any(|kind| self.pick.is(*kind));
        status.steady &= !changes && blocked.is_empty();
        status.fixed &= self.pick.is(PolicyKind::One);
        status.single &= !changes && (!all || self.routed.len() < 2);
        status.alike &= self.is_alike();
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

    /// Whether items that go through any of the targets together do as they would one by one, also those that no route leads to.
    fn is_alike(&self) -> bool {
        let mut targets = self.slots.iter().flatten().chain(&self.live);
        self.slots.len() <= FEW
            && targets.all(|target| {
                let mut status = Status::CLEAR;
                target.status(&mut status);
                status.steady && status.single && status.exact && status.alike && status.blocked.is_none()
            })
    }
}
