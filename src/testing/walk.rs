//! One way through a topology: is it a path, stage by stage?
//!
//! A walk goes along the stages and takes up the steps of the way one by one. It knows how many items come along: exactly,
//! where every stage has given one item for one or has a loss for it; or between two bounds.

use super::follow::{Item, may_be_a_panic};
use super::tree::{Fork, Kind, Node};
use super::turns::{End, Group, Visit};
use crate::name::{Name, Path};
use crate::route::PolicyKind;
use crate::trace::{Hop, Loss, Lost};

/// What was expected on the way, and what there is.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) expected: String,
    pub(super) found: String,
}

/// How many items come along, at the least and at the most.
#[derive(Debug, Clone, Copy)]
struct Count {
    least: usize,
    most: Option<usize>,
}

impl Count {
    fn exactly(items: usize) -> Self {
        Self { least: items, most: Some(items) }
    }

    fn known(self) -> Option<usize> {
        self.most.filter(|most| *most == self.least)
    }

    fn and(self, other: Self) -> Self {
        let most = self.most.zip(other.most).map(|(one, other)| one + other);
        Self { least: self.least + other.least, most }
    }
}

pub(super) struct Walker<'a> {
    hops: &'a [Hop],
    losses: &'a [Loss],
    /// What all items that went this way gave, and how many they were.
    outputs: u64,
    items: usize,
    /// Whether every stage gives one item for one, or loses it.
    exact: bool,
    hop: usize,
    /// The first loss that has not been met; on exact walks only.
    loss: usize,
    /// Where the walk is: names and positions.
    names: Vec<Name>,
    place: Vec<usize>,
    visits: Vec<Visit>,
}

type Walk = Result<Count, Wrong>;

impl<'a> Walker<'a> {
    pub(super) fn new(item: &Item<'a>, exact: bool) -> Self {
        Self {
            hops: item.way,
            losses: item.losses,
            outputs: item.outputs,
            items: usize::try_from(item.items).unwrap_or(usize::MAX),
            exact,
            hop: 0,
            loss: 0,
            names: Vec::new(),
            place: Vec::new(),
            visits: Vec::new(),
        }
    }

    /// Walks to the end; gives what the switches did, in order.
    pub(super) fn walk(mut self, root: &Node) -> Result<Vec<Visit>, Wrong> {
        let left = self.row(root.inside(), Count::exactly(1))?;
        if self.hop < self.hops.len() {
            return Err(self.wrong("the end of the way".to_owned()));
        }
        let outputs = usize::try_from(self.outputs).unwrap_or(usize::MAX);
        let (least, most) =
            (left.least.saturating_mul(self.items), left.most.map(|most| most.saturating_mul(self.items)));
        if outputs < least || most.is_some_and(|most| outputs > most) {
            let expected =
                most.filter(|most| *most == least).map_or("another number of".to_owned(), |most| most.to_string());
            return Err(Wrong { expected: format!("{expected} outputs"), found: self.outputs.to_string() });
        }
        if self.exact && self.loss < self.losses.len() {
            let found = self.losses[self.loss].to_string();
            return Err(Wrong { expected: "no more losses".to_owned(), found });
        }
        Ok(self.visits)
    }

    fn wrong(&self, expected: String) -> Wrong {
        let found = self.hops.get(self.hop).map_or_else(|| "the end of the way".to_owned(), ToString::to_string);
        Wrong { expected, found }
    }

    fn is_here(&self, path: &Path) -> bool {
        path.names() == self.names
    }

    fn here(&self) -> String {
        self.names.iter().map(Name::as_str).collect::<Vec<_>>().join("/")
    }

    fn enter(&mut self, at: usize, node: &Node) {
        self.names.push(node.name.clone());
        self.place.push(at);
    }

    fn leave(&mut self) {
        self.names.pop();
        self.place.pop();
    }

    /// The stages of a pipeline.
    fn row(&mut self, nodes: &[Node], mut items: Count) -> Walk {
        for (at, node) in nodes.iter().enumerate() {
            if items.most == Some(0) {
                return Ok(items);
            }
            if items.least == 0 {
                match self.goes_on(&nodes[at..], at) {
                    Some(false) => return Ok(Count::exactly(0)),
                    Some(true) => items.least = 1,
                    None => {}
                }
            }
            self.enter(at, node);
            let left = self.node(node, items, false);
            self.leave();
            items = left?;
        }
        Ok(items)
    }

    /// Whether the way goes on with the first of these that it would show, of which the first is at position `from`.
    fn goes_on(&mut self, nodes: &[Node], from: usize) -> Option<bool> {
        nodes.iter().enumerate().find_map(|(at, node)| {
            self.enter(from + at, node);
            let begins = self.begins(node);
            self.leave();
            begins
        })
    }

    /// Whether the way goes on with this node; not known where it has no stage to show.
    fn begins(&mut self, node: &Node) -> Option<bool> {
        match (&node.kind, self.hops.get(self.hop)) {
            (Kind::Pipeline(nodes), _) => self.goes_on(nodes, 0),
            (Kind::Stage | Kind::Tap, Some(Hop::Stage(path))) => Some(self.is_here(path)),
            (Kind::Switch(_), Some(Hop::Target { switch, .. })) if self.is_here(switch) => Some(true),
            (Kind::Switch(_), _) => Some(self.losses.iter().any(|loss| self.is_here(&loss.stage))),
            _ => Some(false),
        }
    }

    /// A stage, or whatever it is; it was `shown` already if it is a target.
    fn node(&mut self, node: &Node, items: Count, shown: bool) -> Walk {
        match &node.kind {
            Kind::Pipeline(nodes) => self.row(nodes, items),
            Kind::Switch(fork) => self.switch(fork, items),
            Kind::Stage | Kind::Tap => {
                if !shown {
                    let Some(Hop::Stage(path)) = self.hops.get(self.hop) else {
                        return Err(self.wrong(self.here()));
                    };
                    if !self.is_here(path) {
                        return Err(self.wrong(self.here()));
                    }
                    self.hop += 1;
                }
                self.lose(items)
            }
        }
    }

    /// What is left of the items behind a stage.
    fn lose(&mut self, items: Count) -> Walk {
        if !self.exact {
            let least = usize::from(items.least > 0 && !self.losses.iter().any(|loss| self.is_here(&loss.stage)));
            return Ok(Count { least, most: None });
        }
        let here = self.losses[self.loss..].iter().take_while(|loss| self.is_here(&loss.stage)).count();
        let count = items.most.unwrap_or(0);
        let lost = here.min(count);
        self.loss += lost;
        Ok(Count::exactly(count - lost))
    }

    /// Takes up the step to a target of this switch, if it comes next: its place in the route, and in the switch.
    fn target(&mut self, fork: &Fork) -> Result<Option<(usize, usize)>, Wrong> {
        let Some(Hop::Target { switch, target }) = self.hops.get(self.hop) else { return Ok(None) };
        if !self.is_here(switch) {
            return Ok(None);
        }
        let in_route = fork.route.targets().iter().position(|name| name == target);
        let in_switch = fork.targets.iter().position(|node| node.name == *target);
        let Some(found) = in_route.zip(in_switch) else {
            let targets: Vec<&str> = fork.route.targets().iter().map(Name::as_str).collect();
            let targets = if targets.is_empty() { "none".to_owned() } else { targets.join(" or ") };
            return Err(self.wrong(format!("{} to choose {targets}", self.here())));
        };
        self.hop += 1;
        Ok(Some(found))
    }

    fn switch(&mut self, fork: &Fork, items: Count) -> Walk {
        let number = self.visits.len();
        self.visits.push(Visit { place: self.place.clone(), items: items.known(), ..Visit::default() });
        let mut groups: Vec<Group> = Vec::new();
        let mut left = Count::exactly(0);
        let (policy, width) = (fork.route.policy(), fork.route.targets().len());
        // How many items a group has, where that can be told.
        let each = match (items.known(), policy) {
            (Some(1), _) | (Some(_), PolicyKind::All) => Count::exactly(1),
            (Some(count), policy) if width == 1 && policy != PolicyKind::Failover => Count::exactly(count),
            _ if self.exact => return self.give_up(),
            _ => Count { least: 1, most: None },
        };
        while let Some((in_route, in_switch)) = self.target(fork)? {
            let node = &fork.targets[in_switch];
            let failures = self.failures_at(node);
            self.enter(in_switch, node);
            let over = policy == PolicyKind::Failover && self.is_taken_back(node);
            let gone = match (over, items.known()) {
                (false, _) => self.node(node, each, true),
                (true, Some(1)) => Ok(Count::exactly(0)),
                // It may as well be the next item that went to the next target.
                (true, _) => Ok(Count { least: 0, most: None }),
            };
            self.leave();
            left = left.and(gone?);
            let end = match over {
                true => End::TakenBack,
                false if failures > 0 => End::Failed,
                false => End::Well,
            };
            groups.push(Group { target: in_route, end });
        }
        let stranded = self.losses.iter().filter(|loss| self.is_here(&loss.stage)).count();
        if self.exact && stranded > 0 {
            let is_next = self.losses.get(self.loss).is_some_and(|loss| self.is_here(&loss.stage));
            if items.known() != Some(1) || !is_next {
                return self.give_up();
            }
            self.loss += 1;
        }
        self.right_number(fork, &groups, items, stranded)?;
        self.visits[number].groups = groups;
        self.visits[number].stranded = stranded > 0;
        if stranded > 0 && !self.exact {
            left.least = 0;
        }
        Ok(left)
    }

    /// It cannot be told how the items were shared out: the walk is to be tried again, less exactly.
    fn give_up(&self) -> Walk {
        Err(self.wrong(format!("{} to be passed by one item", self.here())))
    }

    fn failures_at(&self, target: &Node) -> usize {
        let inside = |loss: &&Loss| {
            let rest = loss.stage.names().strip_prefix(&self.names[..]);
            loss.how == Lost::Failed && rest.and_then(<[Name]>::first) == Some(&target.name)
        };
        self.losses.iter().filter(inside).count()
    }

    /// Whether the switch has chosen as often as its policy does.
    fn right_number(&self, fork: &Fork, groups: &[Group], items: Count, stranded: usize) -> Result<(), Wrong> {
        let route = &fork.route;
        let count = groups.len();
        let all: Vec<usize> = (0..route.targets().len()).collect();
        // Items in a row for one target go there together, unless one between them finds no target.
        let again = groups.windows(2).any(|two| two[0].target == two[1].target) && stranded == 0;
        let right = match route.policy() {
            PolicyKind::None => count == 0 && stranded > 0,
            PolicyKind::All => {
                let cut_short = self.losses.iter().any(may_be_a_panic);
                let in_turn = groups.iter().zip(all.iter().cycle()).all(|(group, at)| group.target == *at);
                let rounds = items.known().is_none_or(|items| count == items * all.len());
                in_turn && (cut_short || (count > 0 && count.is_multiple_of(all.len()) && rounds))
            }
            PolicyKind::Failover => {
                let ended = groups.iter().filter(|group| group.end != End::TakenBack).count() + stranded;
                items.known() != Some(1) || ended == 1
            }
            _ if again => false,
            _ => match items.known() {
                Some(1) => count + stranded.min(1) == 1,
                Some(items) => count <= items && count + stranded > 0,
                None => count + stranded > 0,
            },
        };
        if right {
            return Ok(());
        }
        let expected = format!("{} to choose by {route}", self.here());
        let names = groups.iter().filter_map(|group| route.targets().get(group.target));
        let names: Vec<&str> = names.map(Name::as_str).collect();
        if names.is_empty() {
            return Err(self.wrong(expected));
        }
        Err(Wrong { expected, found: names.join(" ") })
    }

    /// Whether the item failed at the first stage of this target and was taken back, and went to another target or was
    /// stranded. Takes up what it passed there.
    fn is_taken_back(&mut self, target: &Node) -> bool {
        let switch = &self.names[..self.names.len() - 1];
        let of = |hop: &'a Hop| match hop {
            Hop::Stage(path) | Hop::Target { switch: path, .. } => path.names(),
        };
        let inside = self.hops[self.hop..].iter().take_while(|hop| of(hop).starts_with(&self.names)).count();
        let next = self.hops.get(self.hop + inside);
        let over = matches!(next, Some(hop @ Hop::Target { .. }) if of(hop) == switch);
        let stranded = self.losses.iter().any(|loss| loss.stage.names() == switch);
        let at_first = match first(target) {
            Kind::Switch(_) => true,
            Kind::Stage | Kind::Tap => inside <= 1,
            Kind::Pipeline(_) => false,
        };
        let back = at_first && (over || stranded);
        if back {
            self.hop += inside;
            self.pass_over(target);
        }
        back
    }
}

impl Walker<'_> {
    /// Nobody knows what the switches in this node did, which is where the walk is.
    fn pass_over(&mut self, node: &Node) {
        if node.is_switch() {
            self.visits.push(Visit { place: self.place.clone(), unseen: true, ..Visit::default() });
        }
        for (at, inside) in node.inside().iter().enumerate() {
            self.enter(at, inside);
            self.pass_over(inside);
            self.leave();
        }
    }
}

/// What gets an item first in it; a pipeline only where that has no stages.
fn first(node: &Node) -> &Kind {
    match &node.kind {
        Kind::Pipeline(nodes) => nodes.first().map_or(&node.kind, first),
        kind => kind,
    }
}
