//! The reference's switch: items that go the same way one after the other go there together.

use crate::reference::{Log, Node};
use crate::rule::{Choice, Rule};
use crate::spec::Policy;

/// A switch at work on the items of one cycle.
pub(crate) struct Switched<'a> {
    pub(crate) targets: &'a mut [Node],
    pub(crate) rule: &'a mut Rule,
    /// Items on their way to the route's target number `to`.
    pub(crate) run: Vec<i64>,
    pub(crate) to: usize,
    pub(crate) out: Vec<i64>,
}

impl Switched<'_> {
    fn target(&mut self, number: usize) -> &mut Node {
        let name = &self.rule.names[number];
        self.targets.iter_mut().find(|target| target.name == *name).expect("a route names targets only")
    }

    /// Sends the run off; says whether the batch goes on, as it does without a panic.
    fn dispatch(&mut self, log: &mut Log) -> bool {
        let (panics, run) = (log.panics, std::mem::take(&mut self.run));
        if !run.is_empty() {
            let made = self.target(self.to).take(run, log);
            self.out.extend(made);
        }
        log.panics == panics || log.turns_away
    }

    /// Gives when the switch itself panicked, if it did.
    pub(crate) fn take(&mut self, items: Vec<i64>, log: &mut Log) -> Option<u64> {
        for (at, item) in items.iter().copied().enumerate() {
            let unsent = items.len() - at;
            let fine = match self.rule.choose(item, log.cycle) {
                Choice::All => {
                    let copies = self.rule.names.len();
                    log.settle(1, copies, 0);
                    let sent = (0..copies).find(|number| {
                        (self.run, self.to) = (vec![item], *number);
                        !self.dispatch(log)
                    });
                    if let Some(sent) = sent {
                        log.totals.failed += (copies - 1 - sent) as i64;
                    }
                    sent.is_none()
                }
                Choice::Panics if log.turns_away => {
                    self.dispatch(log);
                    let broken = log.bang(1);
                    items[at + 1..].iter().for_each(|item| log.fail(*item));
                    return broken;
                }
                Choice::Panics => {
                    self.dispatch(log);
                    return log.bang(unsent);
                }
                Choice::Nowhere => {
                    let fine = self.dispatch(log);
                    if fine {
                        log.fail(item);
                    } else {
                        log.totals.failed += 1;
                    }
                    fine
                }
                Choice::To(_) if matches!(self.rule.policy, Policy::Failover(_)) => self.fail_over(item, log),
                Choice::To(number) => {
                    let fine = number == self.to || self.dispatch(log);
                    (self.to, self.run) = (number, [std::mem::take(&mut self.run), vec![item]].concat());
                    if !fine {
                        self.run.clear();
                        log.totals.failed += 1;
                    }
                    fine
                }
            };
            if !fine {
                log.totals.failed += (unsent - 1) as i64;
                return None;
            }
        }
        self.dispatch(log);
        None
    }

    fn fail_over(&mut self, mut item: i64, log: &mut Log) -> bool {
        loop {
            let Choice::To(number) = self.rule.choose(item, log.cycle) else {
                log.fail(item);
                return true;
            };
            let from = log.faults.len();
            (self.run, self.to) = (vec![item], number);
            let fine = self.dispatch(log);
            if log.faults.len() == from {
                self.rule.out[number] = None;
                return fine;
            }
            self.rule.out[number] = Some(log.cycle);
            let path: Vec<&str> = log.faults[from].path.split('/').skip(log.way.len()).collect();
            let first = log.faults.len() == from + 1 && self.target(number).begins_with(&path);
            if !first {
                return fine;
            }
            // The item is as it was; it did not fail but goes to the next target.
            item = log.faults.pop().expect("there is one").item;
            log.totals.failed -= 1;
        }
    }
}
