//! The checks of a run: in time linear in its length, from what items say of their own way, and from the receipts.

use std::collections::{BTreeMap, HashMap};

use super::edits::Rule;
use super::item::{End, Leaf};
use super::model::{Node, all};
use super::walk::Walk;

/// What has happened in a run.
#[derive(Debug, Clone)]
pub(crate) struct History {
    /// What the pipeline was, by revision.
    pub(crate) models: Vec<Vec<Node>>,
    /// What made it so, from revision 1 on.
    pub(crate) edits: Vec<Edited>,
    /// What became of items, in the order in which that was known.
    pub(crate) leaves: Vec<Leaf>,
    /// For each stage the items that it began with, in order.
    pub(crate) visits: HashMap<u32, Vec<u64>>,
    /// The cycles of failures whose items could not be had.
    pub(crate) itemless: Vec<u64>,
    /// What was seen to be wrong at once.
    pub(crate) wrong: Vec<String>,
    pub(crate) accepted: u64,
    pub(crate) gone: u64,
    pub(crate) failed: u64,
    pub(crate) delivered: u64,
    /// Whether the plan said that order is kept everywhere.
    pub(crate) ordered: bool,
    /// Whether the pipeline was dropped, with all that was inside.
    pub(crate) dropped: bool,
    /// The pipeline and its edits, in words.
    pub(crate) told: String,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Edited {
    /// The first item that it governs.
    pub(crate) cut: Option<u64>,
    pub(crate) rule: Option<Rule>,
    /// Items accepted when the commit returned.
    pub(crate) accepted: u64,
    /// Whether it was committed from inside the pipeline.
    pub(crate) inside: bool,
}

impl History {
    /// The revision that governs an item, by the receipts.
    pub(crate) fn revision(&self, number: u64) -> usize {
        self.edits.iter().take_while(|edit| edit.cut.is_some_and(|cut| cut <= number)).count()
    }

    /// # Errors
    ///
    /// The first guarantee that is broken, and by what.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.check_cuts()?;
        self.check_ways()?;
        self.check_order()?;
        match self.wrong.first() {
            Some(wrong) => Err(wrong.clone()),
            None => Ok(()),
        }
    }

    /// Cuts follow one another, and an edit governs all that was accepted after its commit returned, and nothing before.
    fn check_cuts(&self) -> Result<(), String> {
        let mut last = 0;
        for (at, edit) in self.edits.iter().enumerate() {
            let Some(cut) = edit.cut else { continue };
            let accepted = edit.accepted..=edit.accepted + u64::from(edit.inside);
            if !accepted.contains(&cut) {
                return Err(format!("G4: revision {} from item {cut}, {} accepted at commit", at + 1, edit.accepted));
            }
            if cut < last || self.edits[..at].iter().any(|before| before.cut.is_none()) {
                return Err(format!("G3: revision {} has the cut {cut}, after one of {last}", at + 1));
            }
            last = cut;
        }
        Ok(())
    }

    /// Every item has gone one way, that of its revision, and all of it is accounted for.
    fn check_ways(&self) -> Result<(), String> {
        let mut items: BTreeMap<u64, Vec<&Leaf>> = (0..self.accepted).map(|number| (number, Vec::new())).collect();
        for leaf in &self.leaves {
            match items.get_mut(&leaf.number) {
                Some(leaves) => leaves.push(leaf),
                None if leaf.hops.is_empty() && matches!(leaf.end, End::Unseen { .. }) => {}
                None => return Err(format!("G2: {leaf:?} was never accepted")),
            }
        }
        let mut walk = Walk::new(self);
        for (number, leaves) in items {
            let revision = self.revision(number);
            walk.item(number, revision, &leaves).map_err(|why| {
                let leaves: String = leaves.iter().map(|leaf| format!("\n  {leaf:?}")).collect();
                format!("item {number}, revision {revision}: {why}{leaves}")
            })?;
        }
        let Walk { dropped, failed, through, unseen, maybe, .. } = walk;
        let (counted, known) = (self.gone + self.failed + self.delivered, dropped + failed + unseen + through);
        if !(known..=known + maybe).contains(&counted) || (self.delivered != through && !self.dropped) {
            return Err(format!(
                "G2: the ledger has {} delivered, {} dropped, {} failed; there are {through} through, {dropped} dropped, \
                 {failed} failed, {unseen} unseen",
                self.delivered, self.gone, self.failed
            ));
        }
        // Failures may have been inside.
        let known = walk.failed + self.itemless.len() as u64;
        if self.failed < known || (self.failed > known && !self.dropped) {
            return Err(format!(
                "G2: {} failed, of which {} and {} are known",
                self.failed,
                walk.failed,
                self.itemless.len()
            ));
        }
        Ok(())
    }

    /// Outputs, and what each stage was given, are in order, unless the plan has reasons why not.
    fn check_order(&self) -> Result<(), String> {
        if !self.ordered {
            return Ok(());
        }
        let out: Vec<u64> = self.leaves.iter().filter(|leaf| leaf.end == End::Out).map(|leaf| leaf.number).collect();
        in_order(&out).map_err(|why| format!("G2: outputs {why}"))?;
        let again = self.edits.iter().any(|edit| edit.rule == Some(Rule::Resend));
        let over = self.models.iter().any(|model| all(model).iter().any(|node| node.is_failover()));
        if again || over {
            return Ok(());
        }
        let mut visits: Vec<_> = self.visits.iter().collect();
        visits.sort();
        visits.into_iter().try_for_each(|(uid, numbers)| {
            in_order(numbers).map_err(|why| format!("G2: the items of stage {uid} {why}"))
        })
    }
}

fn in_order(numbers: &[u64]) -> Result<(), String> {
    match numbers.windows(2).find(|pair| pair[0] > pair[1]) {
        Some(pair) => Err(format!("are out of order: {} after {}", pair[1], pair[0])),
        None => Ok(()),
    }
}
