//! In which order names change hands.

use std::collections::{HashMap, HashSet};

use super::Found;
use crate::change::Change;
use crate::name::{Name, Path};

/// The names in a pipeline or switch while changes are made in it.
pub(super) struct Names {
    taken: HashSet<Name>,
    /// Names that are wanted in the end: none of them is used in the meantime.
    wanted: HashSet<Name>,
    /// What is called otherwise until the end, by the name that it will have.
    late: HashMap<Name, Name>,
    order: Vec<Name>,
}

impl Names {
    pub(super) fn new<'a>(taken: impl Iterator<Item = &'a Name>, wanted: impl Iterator<Item = &'a Name>) -> Self {
        Self {
            taken: taken.cloned().collect(),
            wanted: wanted.cloned().collect(),
            late: HashMap::new(),
            order: Vec::new(),
        }
    }

    pub(super) fn free(&mut self, name: &Name) {
        self.taken.remove(name);
    }

    /// The name that something has for now, which will be called `name`.
    pub(super) fn now(&self, name: &Name) -> Name {
        self.late.get(name).unwrap_or(name).clone()
    }

    /// Takes `name` for something new, or another if it is not free yet.
    pub(super) fn take(&mut self, name: &Name) -> Name {
        let now = if self.taken.contains(name) { self.other(name) } else { name.clone() };
        self.taken.insert(now.clone());
        if now != *name {
            self.until_the_end(name, &now);
        }
        now
    }

    fn until_the_end(&mut self, end: &Name, now: &Name) {
        self.late.insert(end.clone(), now.clone());
        self.order.push(end.clone());
    }

    fn other(&self, name: &Name) -> Name {
        let names = (1_u64..).filter_map(|number| Name::new(format!("{name}_{number}")).ok());
        let mut free = names.filter(|name| !self.taken.contains(name) && !self.wanted.contains(name));
        free.next().unwrap_or_else(|| name.clone())
    }

    /// Gives the nodes their new names, `from` and `to`, as far as those are free. Where they go round in a circle, or a name
    /// is held by something that leaves later, one is called otherwise for a while.
    pub(super) fn rename(&mut self, found: &mut Found, within: &Path, renames: Vec<(Name, Name)>) {
        let mut waiting: HashMap<Name, Name> = HashMap::new();
        for (from, to) in &renames {
            waiting.insert(to.clone(), from.clone());
        }
        for (from, to) in &renames {
            self.settle(found, within, &mut waiting, to);
            if waiting.remove(to).is_some() {
                let now = self.other(to);
                self.call(found, within, from, &now);
                self.until_the_end(to, &now);
                // Whoever waits for the name that has become free goes on.
                self.settle(found, within, &mut waiting, from);
            }
        }
    }

    /// Renames what is to be called `to`, if that is free, then what waits for the name that this leaves, and so on.
    fn settle(&mut self, found: &mut Found, within: &Path, waiting: &mut HashMap<Name, Name>, to: &Name) {
        let mut to = to.clone();
        while !self.taken.contains(&to)
            && let Some(from) = waiting.remove(&to)
        {
            self.call(found, within, &from, &to);
            to = from;
        }
    }

    fn call(&mut self, found: &mut Found, within: &Path, from: &Name, to: &Name) {
        self.taken.remove(from);
        self.taken.insert(to.clone());
        found.changes.push(Change::Rename { stage: within.join(from), to: to.clone() });
    }

    /// Gives their names to those that are called otherwise.
    pub(super) fn finish(mut self, found: &mut Found, within: &Path) {
        for end in std::mem::take(&mut self.order) {
            let now = self.now(&end);
            self.call(found, within, &now, &end);
        }
    }
}
