//! The checks of a run: in time linear in its length, from what items say of their own way, and from the receipts.

use std::collections::HashMap;

use super::build::{choose, when};
use super::edits::Rule;
use super::hop::Hop;
use super::item::{End, Leaf};
use super::model::{Fork, Kind, Node, Policy, Work, all, find, key};

/// What has happened in a run.
#[derive(Debug, Clone)]
pub(crate) struct History {
    /// What the pipeline was, by revision.
    pub(crate) models: Vec<Vec<Node>>,
    /// What made it so, from revision 1 on.
    pub(crate) edits: Vec<Edited>,
    /// What became of items, in the order in which that was known.
    pub(crate) leaves: Vec<Leaf>,
    /// Who sent what was accepted, by cycle.
    pub(crate) accepted: Vec<(usize, u64)>,
    /// How many items each sender has sent.
    pub(crate) sent: Vec<u64>,
    pub(crate) broken: Vec<u32>,
    pub(crate) split: u64,
    pub(crate) counted: Counted,
    /// Failures whose items could not be had.
    pub(crate) itemless: u64,
    /// On which cycles items failed, and which were theirs.
    pub(crate) cycles: Vec<(u64, Option<u64>)>,
    /// Whether order is kept everywhere.
    pub(crate) ordered: bool,
    /// Threads that have not gone.
    pub(crate) threads: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edited {
    /// The first item that it governs.
    pub(crate) cut: Option<u64>,
    pub(crate) retired: bool,
    pub(crate) rule: Option<Rule>,
}

/// What the ledger says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) accepted: u64,
    pub(crate) split: u64,
    pub(crate) delivered: u64,
    pub(crate) dropped: u64,
    pub(crate) failed: u64,
    pub(crate) inside: u64,
}

type Checked = Result<(), String>;

/// All of an item. Where it is split, each part has its share.
const WHOLE: u64 = 1 << 40;

impl History {
    /// The revision that governs an item, by the receipts.
    pub(crate) fn revision(&self, cycle: u64) -> usize {
        self.edits.iter().take_while(|edit| edit.cut.is_some_and(|cut| cut <= cycle)).count()
    }

    fn rules(&self) -> bool {
        self.edits.iter().any(|edit| edit.rule.is_some())
    }

    /// # Errors
    ///
    /// The first guarantee that is broken, and by what.
    pub(crate) fn check(&self) -> Checked {
        self.check_edits()?;
        self.check_sent()?;
        self.check_ways()?;
        self.check_order()?;
        self.check_ledger()?;
        self.check_cycles()?;
        match self.threads.is_empty() {
            true => Ok(()),
            false => Err(format!("G6: threads that have not gone: {:?}", self.threads)),
        }
    }

    fn check_edits(&self) -> Checked {
        let mut last = 0;
        for (at, edit) in self.edits.iter().enumerate() {
            match edit.cut {
                Some(cut) if cut >= last && edit.retired => last = cut,
                _ => return Err(format!("G9: revision {} is {edit:?}, after a cut of {last}", at + 1)),
            }
        }
        Ok(())
    }

    /// What each sender has sent was accepted in its order.
    fn check_sent(&self) -> Checked {
        let mut next = vec![0; self.sent.len()];
        for (cycle, (sender, number)) in self.accepted.iter().enumerate() {
            if std::mem::replace(&mut next[*sender], number + 1) != *number {
                return Err(format!("G2: sender {sender}'s item {number} was accepted as {cycle}, out of its turn"));
            }
        }
        let back = self.leaves.iter().filter(|leaf| leaf.end == End::Back).count() as u64;
        if back + next.iter().sum::<u64>() != self.sent.iter().sum::<u64>() {
            return Err(format!("G2: {:?} sent, {next:?} accepted, {back} came back", self.sent));
        }
        Ok(())
    }

    /// Every item has gone one way, that of its revision, and all of it is accounted for.
    fn check_ways(&self) -> Checked {
        let mut shares = vec![0; self.accepted.len()];
        let mut revisions = Revisions { edits: &self.edits, at: 0 };
        let (mut leaves, mut keys) = (self.leaves.iter().collect::<Vec<_>>(), HashMap::new());
        leaves.sort_by_key(|leaf| leaf.cycle);
        for leaf in leaves {
            let Some(cycle) = leaf.cycle else {
                match leaf.end {
                    End::Back => continue,
                    _ => return Err(format!("G2: {leaf:?} was never accepted")),
                }
            };
            let revision = revisions.of(cycle);
            let late = self.edits[revision..].iter().filter_map(|edit| edit.rule);
            let mut walk = Walk { history: self, leaf, cycle, late: late.collect(), share: WHOLE, keys: &mut keys };
            if !walk.follow(&self.models[revision], &Rest::Nothing, 0) && !walk.again(revision) {
                return Err(format!(
                    "G1: under revision {revision} {leaf:?} cannot be, with {:#?}",
                    self.models[revision]
                ));
            }
            shares[cycle as usize] += walk.share();
        }
        match shares.iter().position(|share| *share != WHOLE) {
            None => Ok(()),
            Some(cycle) => {
                let leaves: Vec<&Leaf> = self.leaves.iter().filter(|leaf| leaf.cycle == Some(cycle as u64)).collect();
                Err(format!("G2: of item {cycle} there is {} of {WHOLE}: {leaves:#?}", shares[cycle]))
            }
        }
    }

    /// Outputs are in order.
    fn check_order(&self) -> Checked {
        let mut last: Option<(u64, Vec<u8>)> = None;
        for leaf in self.leaves.iter().filter(|leaf| leaf.end == End::Out) {
            let place = (leaf.cycle.unwrap_or(0), leaf.hops.iter().map(|hop| hop.copy).collect::<Vec<u8>>());
            if let Some(last) = &last {
                let resent = self.edits.iter().any(|edit| edit.rule == Some(Rule::Resend)) && place.0 == last.0;
                if self.ordered && place < *last && !resent {
                    return Err(format!("G2: item {place:?} comes out behind {last:?}"));
                }
            }
            last = Some(place);
        }
        Ok(())
    }

    /// Failures name the items' cycles. Of several that travel together, and of which a stage has let some go or failed some, only the first
    /// one's is known; see `g6_items_of_a_batch_fail_on_their_own_cycles_behind_a_filter` in `threads_found4.rs`.
    fn check_cycles(&self) -> Checked {
        let counts = |node: &&Node| node.work().is_some_and(|work| work != Work::Plain);
        let loose = self.models.iter().any(|model| all(model).iter().any(counts));
        let good = |(said, own): &(u64, Option<u64>)| *own == Some(*said) || (loose && *own > Some(*said));
        match self.cycles.iter().find(|cycles| !good(cycles)) {
            None => Ok(()),
            Some((said, own)) => Err(format!("G6: an item of cycle {own:?} failed on cycle {said}")),
        }
    }

    fn check_ledger(&self) -> Checked {
        let Counted { accepted, split, delivered, dropped, failed, inside } = self.counted;
        let count = |is: fn(&End) -> bool| self.leaves.iter().filter(|leaf| is(&leaf.end)).count() as u64;
        let out = count(|end| *end == End::Out);
        let back = count(|end| matches!(end, End::Failed(_)));
        let broke = count(|end| matches!(end, End::Broke(_)));
        let gone = count(|end| matches!(end, End::Dropped(_)));
        let exact = !self.rules();
        let good = accepted == self.accepted.len() as u64
            && delivered == out
            && inside == 0
            && accepted + split == delivered + dropped + failed
            && (!exact || (dropped == gone && split == self.split && failed == back + broke))
            && failed >= back + self.itemless;
        match good {
            true => Ok(()),
            false => Err(format!(
                "G2: {} accepted, {} more by splits, {out} out, {gone} dropped, {back} failed, {broke} broke and {} without the \
                 item; the ledger has {:?}",
                self.accepted.len(),
                self.split,
                self.itemless,
                self.counted
            )),
        }
    }
}

/// The revisions of items that come in order, or nearly.
struct Revisions<'a> {
    edits: &'a [Edited],
    at: usize,
}

impl Revisions<'_> {
    fn of(&mut self, cycle: u64) -> usize {
        let governs = |edit: &Edited| edit.cut.is_some_and(|cut| cut <= cycle);
        while self.at < self.edits.len() && governs(&self.edits[self.at]) {
            self.at += 1;
        }
        while self.at > 0 && !governs(&self.edits[self.at - 1]) {
            self.at -= 1;
        }
        self.at
    }
}

/// What comes behind a chain.
enum Rest<'a> {
    Nothing,
    Nodes(&'a [Node], &'a Rest<'a>),
}

/// Follows an item through the pipeline of its revision.
struct Walk<'a> {
    history: &'a History,
    leaf: &'a Leaf,
    cycle: u64,
    /// The rules for what is in flight of the edits behind it.
    late: Vec<Rule>,
    share: u64,
    /// To which target the items with a key went, under a route.
    keys: &'a mut HashMap<(u32, u64), usize>,
}

impl Walk<'_> {
    fn follow(&mut self, nodes: &[Node], rest: &Rest<'_>, at: usize) -> bool {
        let Some((node, behind)) = nodes.split_first() else {
            return match rest {
                Rest::Nodes(nodes, rest) => self.follow(nodes, rest, at),
                Rest::Nothing => at == self.leaf.hops.len() && (self.leaf.end == End::Out || self.is_late()),
            };
        };
        let hops = &self.leaf.hops;
        if at == hops.len() && (self.is_late() || self.ends(node)) {
            return true;
        }
        match &node.kind {
            Kind::Buffer(_) => self.follow(behind, rest, at),
            Kind::Pipe(inside) | Kind::Thread(_, inside) => self.follow(inside, &Rest::Nodes(behind, rest), at),
            Kind::Switch(fork) => self.switch(fork, &Rest::Nodes(behind, rest), at),
            _ => {
                let Some(hop) = hops.get(at) else { return false };
                let copies = self.copies(node, at);
                hop.uid == node.uid && hop.copy < copies && self.follow(behind, rest, at + 1)
            }
        }
    }

    fn copies(&self, node: &Node, at: usize) -> u8 {
        let work = node.work().expect("it is a stage");
        work.copies(node.uid, self.cycle, &self.leaf.hops[..at])
    }

    /// Whether it may end in front of that stage by what the stage does.
    fn ends(&self, node: &Node) -> bool {
        let Some(work) = node.work() else { return false };
        let passes = self.copies(node, self.leaf.hops.len()) > 0;
        match &self.leaf.end {
            End::Dropped(uid) => *uid == node.uid && !passes && matches!(work, Work::Filter | Work::Copies),
            End::Broke(uid) => *uid == node.uid && !passes && work == Work::Fuse,
            End::Failed(why) if why.starts_with("planned") => {
                work == Work::Picky && !passes && *why == format!("planned {}", node.uid)
            }
            End::Failed(why) => why.contains("has panicked") && self.history.broken.contains(&node.uid),
            _ => false,
        }
    }

    /// Whether it may have ended by a rule, wherever it was.
    fn is_late(&self) -> bool {
        match &self.leaf.end {
            End::Failed(why) => self.late.iter().any(|rule| *rule != Rule::Drop) && why.contains("left"),
            End::Unseen => !self.late.is_empty(),
            _ => false,
        }
    }

    fn switch(&mut self, fork: &Fork, rest: &Rest<'_>, at: usize) -> bool {
        let way = &fork.way;
        let chosen: Vec<u32> = match way.policy {
            Policy::One | Policy::RoundRobin | Policy::Weighted => way.targets.clone(),
            Policy::When => vec![way.targets[usize::from(!when(way.id, self.cycle))]],
            Policy::Choose => vec![way.targets[choose(way.id, self.cycle, way.targets.len())]],
            Policy::ByKey => match self.keys.get(&(way.id, key(self.cycle))) {
                Some(known) => vec![way.targets[*known]],
                None => way.targets.clone(),
            },
        };
        let led = chosen.into_iter().find(|uid| {
            let target = fork.targets.iter().find(|target| target.uid == *uid);
            target.is_some_and(|target| self.follow(std::slice::from_ref(target), rest, at))
        });
        if let (Some(uid), Policy::ByKey) = (led, way.policy)
            && self
                .leaf
                .hops
                .get(at)
                .is_some_and(|hop| fork.targets.iter().any(|node| node.uid == uid && node.has(hop.uid)))
        {
            let at = way.targets.iter().position(|target| *target == uid).expect("it was led there");
            self.keys.insert((way.id, key(self.cycle)), at);
        }
        led.is_some()
    }

    /// An item that an edit sends again goes by stages of several revisions: of these no more is asked than that there were
    /// such stages.
    fn again(&self, revision: usize) -> bool {
        let since = &self.history.models[revision..];
        let known = |uid: u32| since.iter().any(|model| find(model, uid).is_some());
        self.late.contains(&Rule::Resend) && self.leaf.hops.iter().all(|hop| known(hop.uid))
    }

    /// How much of its item it is. What a stage made of it is known of the stage.
    fn share(&self) -> u64 {
        let mut share = self.share;
        for (at, Hop { uid, .. }) in self.leaf.hops.iter().enumerate() {
            let node = self.history.models.iter().find_map(|model| find(model, *uid));
            share /= node.map_or(1, |node| u64::from(self.copies(node, at).max(1)));
        }
        share
    }
}
