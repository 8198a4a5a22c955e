//! The way of one item, with all that it became, through the pipeline of its revision.

use std::collections::HashMap;

use super::build::when;
use super::check::History;
use super::edits::Rule;
use super::item::{End, Leaf};
use super::model::{Fork, Kind, Node, Policy, find};
use super::places::{Rest, comes_to, missing, untagged};

/// Follows items, and counts what came of them.
pub(crate) struct Walk<'a> {
    history: &'a History,
    pub(crate) dropped: u64,
    pub(crate) failed: u64,
    /// Taken by a sink, or come out.
    pub(crate) through: u64,
    /// Dropped where nobody saw it: by a rule for what is in flight, with a future, with the pipeline.
    pub(crate) unseen: u64,
    /// Clones that nobody saw either: copies for several targets, or kept by a stage.
    pub(crate) maybe: u64,
    /// To which target the items with a key went, under a route.
    keys: HashMap<(u32, u64), usize>,
    number: u64,
    revision: usize,
    /// How many of the outputs of the item under way have been met.
    outputs: Vec<usize>,
}

type Walked = Result<(), String>;

impl<'a> Walk<'a> {
    pub(crate) fn new(history: &'a History) -> Self {
        let (keys, outputs) = (HashMap::new(), Vec::new());
        Self { history, dropped: 0, failed: 0, through: 0, unseen: 0, maybe: 0, keys, number: 0, revision: 0, outputs }
    }

    /// The `leaves` of an item are all that had to come of it, and nothing else.
    pub(crate) fn item(&mut self, number: u64, revision: usize, leaves: &[&'a Leaf]) -> Walked {
        (self.number, self.revision) = (number, revision);
        self.outputs.clear();
        let counts = self.counts();
        let walked = self.chain(&self.history.models[revision], &Rest::Nothing, leaves, 0);
        if walked.is_err() && self.resends() {
            self.set_counts(counts);
            return self.resent(revision, leaves);
        }
        walked?;
        match self.history.ordered && !self.outputs.is_sorted() {
            true => Err("G2: its outputs are not in order".to_owned()),
            false => Ok(()),
        }
    }

    /// An item that an edit sends again, or has itself overtake, goes by stages of several revisions: of which no more is
    /// asked than that there were such stages, and that all of it is accounted for.
    fn resent(&mut self, revision: usize, leaves: &[&'a Leaf]) -> Walked {
        let since = &self.history.models[revision..];
        let known = |uid: u32| since.iter().any(|model| find(model, uid).is_some());
        for leaf in leaves {
            if let Some(hop) = leaf.hops.iter().find(|hop| !known(hop.uid)) {
                return Err(format!("G1: {leaf:?} was in stage {}, which had left before", hop.uid));
            }
            match leaf.end {
                End::Out | End::Sunk => self.through += 1,
                End::Dropped => self.dropped += 1,
                End::Failed(_) => self.failed += 1,
                End::Unseen { .. } => self.maybe += 1,
            }
        }
        Ok(())
    }

    fn counts(&self) -> [u64; 5] {
        [self.dropped, self.failed, self.through, self.unseen, self.maybe]
    }

    fn set_counts(&mut self, counts: [u64; 5]) {
        [self.dropped, self.failed, self.through, self.unseen, self.maybe] = counts;
    }

    fn chain(&mut self, nodes: &[Node], rest: &Rest<'_>, leaves: &[&'a Leaf], depth: usize) -> Walked {
        let Some((node, behind)) = nodes.split_first() else {
            return match rest {
                Rest::Nodes(nodes, rest) => self.chain(nodes, rest, leaves, depth),
                Rest::Nothing => self.end(leaves, depth),
            };
        };
        let deeper: Vec<&Leaf> = leaves.iter().copied().filter(|leaf| leaf.hops.len() > depth).collect();
        let ended: Vec<&Leaf> = leaves.iter().copied().filter(|leaf| leaf.hops.len() == depth).collect();
        if deeper.is_empty() && ended.iter().filter(|leaf| !leaf.is_unseen()).count() < 2 {
            return self.stops(nodes, rest, &ended);
        }
        match &node.kind {
            Kind::Buffer(_) => return self.chain(behind, rest, leaves, depth),
            Kind::Pipe(inside) => return self.chain(inside, &Rest::Nodes(behind, rest), leaves, depth),
            Kind::Switch(fork) => return self.switch(node, fork, &Rest::Nodes(behind, rest), &deeper, &ended, depth),
            _ => {}
        }
        if let Some(leaf) = ended.iter().find(|leaf| !leaf.is_unseen()) {
            return Err(format!("G2: {leaf:?} is one too many"));
        }
        if let Some(leaf) = deeper.iter().find(|leaf| leaf.hops[depth].uid != node.uid) {
            return Err(format!("G1: {leaf:?} was in stage {}, not in {}", leaf.hops[depth].uid, node.uid));
        }
        let (uid, hops) = (node.uid, &deeper[0].hops[..depth]);
        let copies = match &node.kind {
            Kind::Filter if Node::drops(uid, self.number, hops) => 0,
            Kind::Flat => Node::copies(uid, self.number, hops),
            Kind::Try if Node::fails(uid, self.number, hops) => return Err(format!("stage {uid} lets it pass")),
            Kind::Async(work) if work.fails && Node::fails(uid, self.number, hops) => {
                return Err(format!("stage {uid} lets it pass"));
            }
            Kind::Sink(_) => {
                self.through += 1;
                return self.last(&deeper, depth, &End::Sunk);
            }
            _ => 1,
        };
        if copies == 0 {
            self.dropped += 1;
            return self.last(&deeper, depth, &End::Dropped);
        }
        for copy in 0..copies {
            let part: Vec<&Leaf> = deeper.iter().copied().filter(|leaf| leaf.hops[depth].copy == copy).collect();
            if part.is_empty() {
                return Err(format!("G2: output {copy} of stage {uid} is lost"));
            }
            self.chain(behind, rest, &part, depth + 1)?;
        }
        match deeper.iter().find(|leaf| leaf.hops[depth].copy >= copies) {
            Some(leaf) => Err(format!("stage {uid} gives no {leaf:?}")),
            None => Ok(()),
        }
    }

    /// It ends in the stage that its last hop is.
    fn last(&self, leaves: &[&'a Leaf], depth: usize, end: &End) -> Walked {
        match leaves {
            [leaf] if leaf.hops.len() == depth + 1 && leaf.end == *end => Ok(()),
            _ => Err(format!("G2: it ends here, and is {leaves:?}")),
        }
    }

    /// It is through.
    fn end(&mut self, leaves: &[&'a Leaf], depth: usize) -> Walked {
        if let Some(leaf) = leaves.iter().find(|leaf| leaf.hops.len() > depth) {
            return Err(format!("G1: {leaf:?} goes on behind the end"));
        }
        let seen: Vec<&&Leaf> = leaves.iter().filter(|leaf| !leaf.is_unseen()).collect();
        match seen[..] {
            [leaf] if leaf.end == End::Out => {
                self.through += 1;
                let at = self.history.leaves.as_ptr();
                self.outputs.push(std::ptr::from_ref::<Leaf>(leaf).addr() - at.addr());
                Ok(())
            }
            // It was done, and waited for what was behind.
            [leaf] if matches!(&leaf.end, End::Failed(why) if why.starts_with("the edit left the item behind: it was done")) =>
            {
                self.failed += 1;
                Ok(())
            }
            // Done, and stuck at the deadline of an edit that it held up, or that left the place.
            [leaf] if leaf.is_stuck() && self.rules(|rule| rule != Rule::Drop) => {
                self.failed += 1;
                Ok(())
            }
            [] if !leaves.is_empty() => {
                self.unseen += 1;
                Ok(())
            }
            _ => Err(format!("G2: it comes out as {leaves:?}")),
        }
    }

    /// It ends in front of `nodes`.
    fn stops(&mut self, nodes: &[Node], rest: &Rest<'_>, ended: &[&'a Leaf]) -> Walked {
        let seen: Vec<&&Leaf> = ended.iter().filter(|leaf| !leaf.is_unseen()).collect();
        self.maybe += ended.len().saturating_sub(1) as u64;
        match seen[..] {
            [leaf] => match &leaf.end {
                End::Failed(why) => {
                    self.failed += 1;
                    self.fails(why, nodes, rest, leaf)
                }
                End::Out if untagged(nodes, rest) => self.end(ended, leaf.hops.len()),
                _ => Err(format!("G1: {leaf:?} was not in stage {}", nodes[0].uid)),
            },
            [] if !ended.is_empty() => {
                self.unseen += 1;
                Ok(())
            }
            [] => Err("G2: it is lost".to_owned()),
            _ => Err(format!("G2: it ends as {ended:?}")),
        }
    }

    /// Whether a failure in front of `nodes` could be.
    fn fails(&self, why: &str, nodes: &[Node], rest: &Rest<'_>, leaf: &Leaf) -> Walked {
        if let Some(uid) = why.strip_prefix("planned ") {
            let uid = uid.parse().unwrap();
            if !Node::fails(uid, self.number, &leaf.hops) {
                return Err(format!("stage {uid} does not fail it"));
            }
            let anywhere = self.resends();
            return match anywhere || comes_to(nodes, rest, uid) {
                true => Ok(()),
                false => Err(format!("G1: it failed in stage {uid}, to which it does not come")),
            };
        }
        let could = if why.starts_with("the edit left the item behind") {
            self.rules(|rule| rule != Rule::Drop)
        } else {
            why.starts_with("not done within")
                || why.starts_with("no target takes the item")
                || why.ends_with("failed, as planned")
        };
        if could { Ok(()) } else { Err(format!("it failed: {why}")) }
    }

    /// Whether an edit after the item had such a rule.
    fn rules(&self, is: impl Fn(Rule) -> bool) -> bool {
        self.history.edits[self.revision..].iter().any(|edit| edit.rule.is_some_and(&is))
    }

    fn resends(&self) -> bool {
        self.rules(|rule| rule == Rule::Resend)
    }

    fn switch(
        &mut self,
        node: &Node,
        fork: &Fork,
        rest: &Rest<'_>,
        deeper: &[&'a Leaf],
        ended: &[&'a Leaf],
        depth: usize,
    ) -> Walked {
        let counts = self.counts();
        let own = self.choice(fork, rest, deeper, ended, depth);
        if own.is_ok() || !self.resends() {
            return own;
        }
        // An item that was sent again goes by a later route of this switch.
        let history = self.history;
        for model in &history.models[self.revision + 1..] {
            self.set_counts(counts);
            if let Some(Node { kind: Kind::Switch(later), .. }) = find(model, node.uid)
                && self.choice(later, rest, deeper, ended, depth).is_ok()
            {
                return Ok(());
            }
        }
        own
    }

    fn choice(
        &mut self,
        fork: &Fork,
        rest: &Rest<'_>,
        deeper: &[&'a Leaf],
        ended: &[&'a Leaf],
        depth: usize,
    ) -> Walked {
        let targets: Vec<&Node> =
            fork.way.targets.iter().filter_map(|name| fork.targets.iter().find(|node| node.name == *name)).collect();
        let of = |target: &Node| -> Vec<&'a Leaf> {
            deeper.iter().copied().filter(|leaf| target.has(leaf.hops[depth].uid)).collect()
        };
        if fork.way.policy != Policy::All {
            let leads = |target: &&Node| match deeper.first() {
                Some(leaf) => target.has(leaf.hops[depth].uid),
                None => ended.iter().any(|leaf| leaf.stopped(target) == 0),
            };
            // Several that did not come to a stage are copies, for the targets of a switch inside of one.
            let splits = |target: &&Node| deeper.is_empty() && target.splits();
            let led: Vec<&Node> = match targets.iter().copied().find(leads) {
                Some(target) => vec![target],
                None => targets.into_iter().filter(splits).collect(),
            };
            let leaves: Vec<&Leaf> = deeper.iter().chain(ended).copied().collect();
            let (counts, keys, outputs) = (self.counts(), self.keys.clone(), self.outputs.len());
            let mut walked = Err(format!("G1: {deeper:?} {ended:?} are not on the route {:?}", fork.way));
            for target in led {
                self.set_counts(counts);
                self.keys.clone_from(&keys);
                self.outputs.truncate(outputs);
                let way = self.chooses(fork, target);
                walked = way.and_then(|()| self.chain(std::slice::from_ref(target), rest, &leaves, depth));
                if walked.is_ok() {
                    break;
                }
            }
            return walked;
        }
        let (mut ended, mut parts, mut known) = (ended.to_vec(), Vec::new(), 0);
        for target in targets {
            let mut part = of(target);
            known += part.len();
            for _ in 0..missing(std::slice::from_ref(target), &part, depth) {
                let Some(at) = (0..ended.len()).min_by_key(|at| ended[*at].stopped(target)) else {
                    return Err(format!("G2: a copy for target {} is lost", target.uid));
                };
                part.push(ended.remove(at));
            }
            parts.push((target, part));
        }
        // Where there are such switches in the targets, more copies may have ended in front of a stage.
        for leaf in std::mem::take(&mut ended) {
            let all = |node: &Node| matches!(&node.kind, Kind::Switch(fork) if fork.way.policy == Policy::All);
            let fits = |(target, _): &&mut (&Node, Vec<&Leaf>)| all(target) || target.inside().iter().any(all);
            match parts.iter_mut().filter(fits).min_by_key(|(target, _)| leaf.stopped(target)) {
                Some((_, part)) if !leaf.is_unseen() => part.push(leaf),
                fitting => {
                    // It may be one that a stage has kept.
                    self.maybe += u64::from(fitting.is_some());
                    ended.push(leaf);
                }
            }
        }
        for (target, part) in parts {
            self.chain(std::slice::from_ref(target), rest, &part, depth)?;
        }
        match known == deeper.len() && ended.iter().all(|leaf| leaf.is_unseen()) {
            true => Ok(()),
            false => Err(format!("G1: more came of it than the copies for {:?}", fork.way)),
        }
    }

    /// The policy may choose that target.
    fn chooses(&mut self, fork: &Fork, target: &Node) -> Walked {
        let way = &fork.way;
        let could = match way.policy {
            Policy::When => way.targets[usize::from(!when(way.id, self.number))] == target.name,
            Policy::ByKey => {
                let at = way.targets.iter().position(|name| *name == target.name).unwrap();
                *self.keys.entry((way.id, self.number % 3)).or_insert(at) == at
            }
            _ => true,
        };
        if could { Ok(()) } else { Err(format!("the route {way:?} does not choose {}", target.uid)) }
    }
}
