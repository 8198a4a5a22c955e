//! Workers that are not wanted any more.

use super::Crew;
use super::member::{Back, Came, Member};
use crate::cycle::{Cycle, Harm, Site};
use crate::link::{Recount, Work};
use crate::packet::Packet;

impl<A: Send + 'static, B: Send + 'static> Crew<A, B> {
    /// They are dealt to no more, and go when they have done with what they have.
    pub(super) fn leave(&mut self, leaving: Vec<Member<A, B>>, cx: &mut Cycle, site: &Site) {
        self.leaving.extend(leaving);
        if !cx.flowing || !self.staffed {
            let mut late = Vec::new();
            for mut member in std::mem::take(&mut self.leaving) {
                flush(&mut member, &mut late, cx, site);
            }
            cx.settle(site, 0, 0, late.len() as i64);
            if let Some(first) = self.members.first_mut() {
                first.home.add_late(late);
            }
        }
    }

    /// Lets those go that have done; what their stages hold back comes out.
    pub(super) fn let_go(&mut self, cx: &mut Cycle, site: &Site) {
        let mut at = 0;
        while let Some(member) = self.leaving.get_mut(at) {
            if !(member.is_idle() && member.come_home()) {
                at += 1;
                continue;
            }
            let mut member = self.leaving.remove(at);
            let mut made = Vec::new();
            let (number, revision) = (cx.number, cx.revision);
            cx.put_nothing(number, revision);
            flush(&mut member, &mut made, cx, site);
            let packet = Packet { slip: cx.put_down(), items: made.into_iter().collect() };
            if !packet.items.is_empty() || packet.slip.is_missed() {
                self.came.push_back(Came::Packet(Back::home(packet, 0)));
            }
        }
    }
}

/// What its stage holds back comes out.
fn flush<A, B>(member: &mut Member<A, B>, out: &mut Vec<B>, cx: &mut Cycle, site: &Site)
where
    A: Send + 'static,
    B: Send + 'static,
{
    member.dismiss();
    let broken = cx.broken.len();
    member.home.finish(out, cx, site);
    // The others go on.
    cx.broken.iter_mut().skip(broken).for_each(|broken| broken.harm = Harm::Part);
    member.home.recount(Recount::Leave, cx, site);
}
