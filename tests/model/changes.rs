//! Edits on the reference: what is refused and why, and what a change does to the vectors of stages.

use coroute::{Name, Path, Refusal, Type};

use crate::build::{Bunch, Count};
use crate::reference::{Kind, Log, Node};
use crate::rule::Rule;
use crate::spec::{At, Change, Heir, Policy, RouteSpec, Spec, Text, Ty};

impl Node {
    /// Whatever is inside gets the ids after `id`.
    pub(crate) fn new(name: &str, spec: &Spec, ty: Ty, id: &mut u64) -> Self {
        let own = *id;
        *id += 1;
        let other = if ty == Ty::Int { Ty::Text } else { Ty::Int };
        let types = (ty, if *spec == Spec::Turn { other } else { ty });
        let mut inside =
            |specs: &[(String, Spec)]| specs.iter().map(|(name, spec)| Self::new(name, spec, ty, id)).collect();
        let kind = match spec {
            Spec::Pipe(on_fail, stages) | Spec::Thread(_, on_fail, stages) => Kind::Pipe(*on_fail, inside(stages)),
            Spec::Switch { cloned, targets, route } => {
                Kind::Switch { cloned: *cloned, targets: inside(targets), rule: Rule::new(route) }
            }
            spec => Kind::Stage(spec.clone()),
        };
        let on_thread = matches!(spec, Spec::Thread(..));
        Self { name: name.to_owned(), id: own, types, kind, on_thread, broken: None }
    }

    pub(crate) fn is(&self) -> &'static str {
        match self.kind {
            Kind::Stage(Spec::Crew { .. }) => "workers",
            Kind::Pipe(..) if self.on_thread => "thread",
            Kind::Stage(_) => "stage",
            Kind::Tap => "tap",
            Kind::Pipe(..) => "pipeline",
            Kind::Switch { .. } => "switch",
        }
    }

    /// The ids of all stages in it that have nothing inside.
    pub(crate) fn stages(&self) -> Vec<u64> {
        match &self.kind {
            Kind::Pipe(..) | Kind::Switch { .. } => self.inside().iter().flat_map(Self::stages).collect(),
            Kind::Stage(_) | Kind::Tap => vec![self.id],
        }
    }

    fn inside_mut(&mut self) -> &mut Vec<Self> {
        match &mut self.kind {
            Kind::Pipe(_, nodes) | Kind::Switch { targets: nodes, .. } => nodes,
            Kind::Stage(_) | Kind::Tap => unreachable!("nothing is inside"),
        }
    }

    /// The type of the stage itself, where it has a name.
    fn state(&self) -> Type {
        match (&self.kind, self.types.0) {
            (Kind::Stage(Spec::Count { .. } | Spec::Tomb), _) => Type::of::<Count>(),
            (Kind::Stage(Spec::Bunch { .. }), Ty::Int) => Type::of::<Bunch<i64>>(),
            (Kind::Stage(Spec::Bunch { .. }), Ty::Text) => Type::of::<Bunch<Text>>(),
            _ => Type::of::<()>(),
        }
    }
}

/// Nothing at `path`; the first eight of those in `row` are told.
fn unknown(path: Path, row: &[Node]) -> Refusal {
    let known = row.iter().take(8).map(|node| Name::new(&node.name).expect("it was accepted")).collect();
    Refusal::Unknown { path, known, more: row.len().saturating_sub(8) }
}

/// Where a stage is: the positions from the outermost pipeline inwards.
struct Found {
    way: Vec<usize>,
    is_target: bool,
}

impl Found {
    fn position(&self) -> Result<(Vec<usize>, usize), Refusal> {
        let (at, within) = self.way.split_last().expect("a path has a name");
        if self.is_target { Err(Refusal::IsTarget) } else { Ok((within.to_vec(), *at)) }
    }
}

/// The outermost pipeline's stages, while an edit is made.
pub(crate) struct Tree<'a> {
    pub(crate) nodes: &'a mut Vec<Node>,
    pub(crate) log: &'a mut Log,
    /// What has left, with the path it had.
    pub(crate) left: Vec<(String, Node)>,
}

impl Tree<'_> {
    fn find(&self, path: &str) -> Result<Found, Refusal> {
        let path = Path::new(path)?;
        let mut found = Found { way: Vec::new(), is_target: false };
        let mut row: &[Node] = self.nodes;
        for (depth, name) in path.names().iter().enumerate() {
            let Some(at) = row.iter().position(|node| node.name == name.as_str()) else {
                let names = path.names()[..=depth].iter().map(Name::as_str).collect::<Vec<_>>();
                return Err(unknown(Path::new(names.join("/"))?, row));
            };
            found.is_target = found.way.last().is_some() && matches!(self.node(&found.way).kind, Kind::Switch { .. });
            found.way.push(at);
            row = row[at].inside();
        }
        Ok(found)
    }

    fn row(&mut self, within: &[usize]) -> &mut Vec<Node> {
        within.iter().fold(&mut *self.nodes, |row, at| row[*at].inside_mut())
    }

    fn node(&self, way: &[usize]) -> &Node {
        let (last, within) = way.split_last().expect("a way has a step");
        &within.iter().fold(&self.nodes[..], |row, at| row[*at].inside())[*last]
    }

    fn node_mut(&mut self, way: &[usize]) -> &mut Node {
        let (last, within) = way.split_last().expect("a way has a step");
        &mut self.row(within)[*last]
    }

    /// The type that comes along at a position.
    fn carried(&mut self, within: &[usize], at: usize) -> Ty {
        let input = if within.is_empty() { Ty::Int } else { self.node(within).types.0 };
        self.row(within)[..at].last().map_or(input, |before| before.types.1)
    }

    /// The position behind a stage and the taps on it.
    fn behind(&mut self, within: &[usize], at: usize) -> usize {
        let row = self.row(within);
        at + 1 + row[at + 1..].iter().take_while(|node| matches!(node.kind, Kind::Tap)).count()
    }

    fn between(&mut self, at: &At) -> Result<(Vec<usize>, usize), Refusal> {
        match at {
            At::First(None) => Ok((Vec::new(), 0)),
            At::Last(None) => Ok((Vec::new(), self.nodes.len())),
            At::First(Some(path)) | At::Last(Some(path)) => {
                let way = self.find(path)?.way;
                let node = self.node(&way);
                match &node.kind {
                    Kind::Pipe(_, nodes) if matches!(at, At::Last(_)) => Ok((way, nodes.len())),
                    Kind::Pipe(..) => Ok((way, 0)),
                    _ => Err(Refusal::NotAPipeline { path: Path::new(path)?, is: node.is() }),
                }
            }
            At::Before(path) => self.find(path)?.position(),
            At::After(path) => {
                let (within, at) = self.find(path)?.position()?;
                let behind = self.behind(&within, at);
                Ok((within, behind))
            }
        }
    }

    fn is_free(&mut self, within: &[usize], name: &str) -> Result<(), Refusal> {
        match self.row(within).iter().any(|node| node.name == name) {
            true => Err(Refusal::Duplicate { name: Name::new(name)? }),
            false => Ok(()),
        }
    }

    fn leaves(&mut self, path: &str, node: Node) {
        self.log.settle(0, 0, -node.held());
        self.left.push((path.to_owned(), node));
    }

    fn insert(&mut self, within: &[usize], at: usize, node: Node) -> Result<(), Refusal> {
        self.is_free(within, &node.name)?;
        let carried = self.carried(within, at);
        fits((carried, carried), node.types)?;
        self.log.settle(0, 0, node.held());
        self.row(within).insert(at, node);
        Ok(())
    }

    fn switch(&self, path: &str) -> Result<Vec<usize>, Refusal> {
        let found = self.find(path)?;
        let node = self.node(&found.way);
        match node.kind {
            Kind::Switch { .. } => Ok(found.way),
            _ => Err(Refusal::NotASwitch { path: Path::new(path)?, is: node.is() }),
        }
    }

    /// Makes one change. Where it is refused the tree is to be thrown away.
    pub(crate) fn make(&mut self, change: &Change) -> Result<(), Refusal> {
        match change {
            Change::Pause | Change::Resume => {}
            Change::Insert { at, name, spec, ty, id } => {
                if let At::First(Some(path)) | At::Last(Some(path)) | At::Before(path) | At::After(path) = at {
                    Path::new(path)?;
                }
                Name::new(name)?;
                let (within, at) = self.between(at)?;
                self.insert(&within, at, Node::new(name, spec, *ty, &mut id.clone()))?;
            }
            Change::Tap { at, name, ty, id } => {
                Path::new(at)?;
                Name::new(name)?;
                let (within, at) = self.between(&At::After(at.clone()))?;
                let (types, kind) = ((*ty, *ty), Kind::Tap);
                let tap = Node { name: name.clone(), id: *id, types, kind, on_thread: false, broken: None };
                self.insert(&within, at, tap)?;
            }
            Change::Remove { at: path } => {
                let (within, at) = self.find(path)?.position()?;
                turns(&self.row(&within)[at])?;
                let node = self.row(&within).remove(at);
                self.leaves(path, node);
            }
            Change::Move { at, to } => self.shift(at, to)?,
            Change::Replace { at: path, spec, ty, id } => {
                let found = self.find(path)?;
                let name = self.node(&found.way).name.clone();
                let node = Node::new(&name, spec, *ty, &mut id.clone());
                fits(self.node(&found.way).types, node.types)?;
                self.log.settle(0, 0, node.held());
                let old = std::mem::replace(self.node_mut(&found.way), node);
                self.leaves(path, old);
            }
            Change::HandOver { at, heir, ty } => self.hand_over(at, *heir, *ty)?,
            Change::Rename { at, to } => {
                Path::new(at)?;
                Name::new(to)?;
                let found = self.find(at)?;
                let within = &found.way[..found.way.len() - 1];
                self.is_free(within, to)?;
                let old = std::mem::replace(&mut self.node_mut(&found.way).name, to.clone());
                if found.is_target
                    && let Kind::Switch { rule, .. } = &mut self.node_mut(within).kind
                {
                    rule.names.iter_mut().filter(|name| **name == old).for_each(|name| name.clone_from(to));
                }
            }
            Change::Attach { switch, name, spec, ty, id } => {
                Path::new(switch)?;
                Name::new(name)?;
                let way = self.switch(switch)?;
                self.is_free(&way, name)?;
                let node = Node::new(name, spec, *ty, &mut id.clone());
                fits(self.node(&way).types, node.types)?;
                self.log.settle(0, 0, node.held());
                self.row(&way).push(node);
            }
            Change::Detach { switch, target } => {
                Path::new(switch)?;
                let name = Name::new(target)?;
                let way = self.switch(switch)?;
                let row = self.row(&way);
                let Some(at) = row.iter().position(|node| node.name == *target) else {
                    return Err(unknown(Path::new(switch)?.join(&name), row));
                };
                if let Kind::Switch { rule, .. } = &self.node(&way).kind
                    && rule.names.contains(target)
                {
                    return Err(Refusal::StillRouted);
                }
                let node = self.row(&way).remove(at);
                self.leaves(&format!("{switch}/{target}"), node);
            }
            Change::Workers { at, count: number } => {
                Path::new(at)?;
                if *number == 0 {
                    return Err(Refusal::NoRoom { what: "the number of workers" });
                }
                let way = self.find(at)?.way;
                let node = self.node_mut(&way);
                match &mut node.kind {
                    Kind::Stage(Spec::Crew { count, .. }) => *count = *number,
                    _ => return Err(Refusal::NotWorkers { path: Path::new(at)?, is: node.is() }),
                }
            }
            Change::Route { switch, route } => {
                Path::new(switch)?;
                route.names().iter().try_for_each(|name| Name::new(name).map(|_| ()))?;
                let way = self.switch(switch)?;
                self.check_route(switch, &way, route)?;
                let node = self.node_mut(&way);
                // What can panic in a switch itself is its policy.
                node.broken = None;
                if let Kind::Switch { rule, .. } = &mut node.kind {
                    *rule = Rule::new(route);
                }
            }
        }
        Ok(())
    }

    fn shift(&mut self, path: &str, to: &At) -> Result<(), Refusal> {
        if let At::Before(to) | At::After(to) = to {
            Path::new(path)?;
            Path::new(to)?;
        }
        let (within, from) = self.find(path)?.position()?;
        let (mut to_within, to) = self.between(to)?;
        let into = to_within.starts_with(&within).then(|| to_within.get(within.len()).copied()).flatten();
        if into == Some(from) {
            return Err(Refusal::IntoItself);
        }
        let (takes, gives) = self.row(&within)[from].types;
        if takes != gives {
            return Err(Refusal::Fixed { types: (takes.of(), gives.of()) });
        }
        let (carried, types) = (self.carried(&to_within, to), self.row(&within)[from].types);
        fits((carried, carried), types)?;
        let is_tap = matches!(self.row(&within)[from].kind, Kind::Tap);
        let end = if is_tap { from + 1 } else { self.behind(&within, from) };
        if to_within != within {
            let moved: Vec<Node> = self.row(&within).drain(from..end).collect();
            if into.is_some_and(|at| at > from) {
                to_within[within.len()] -= moved.len();
            }
            moved.iter().try_for_each(|node| self.is_free(&to_within, &node.name))?;
            self.row(&to_within).splice(to..to, moved);
            return Ok(());
        }
        // A stage moves with its taps; between itself and them is where it is.
        if to < from || to > end {
            let row = self.row(&within);
            let moved: Vec<Node> = row.drain(from..end).collect();
            let to = if to > end { to - moved.len() } else { to };
            row.splice(to..to, moved);
        }
        Ok(())
    }

    fn hand_over(&mut self, path: &str, heir: Heir, ty: Ty) -> Result<(), Refusal> {
        let way = self.find(path)?.way;
        let takes = match (heir, ty) {
            (Heir::Count(_) | Heir::Panics, _) => Type::of::<Count>(),
            (Heir::Bunch(_), Ty::Int) => Type::of::<Bunch<i64>>(),
            (Heir::Bunch(_), Ty::Text) => Type::of::<Bunch<Text>>(),
        };
        let found = self.node(&way).state();
        if found != takes {
            return Err(Refusal::HandOver { takes, found });
        }
        fits(self.node(&way).types, (ty, ty))?;
        let panics = self.log.panics + 1;
        let node = self.node_mut(&way);
        node.broken = None;
        match (heir, &mut node.kind) {
            (Heir::Count(new), Kind::Stage(Spec::Count { step, .. })) => *step = new,
            (Heir::Bunch(new), Kind::Stage(Spec::Bunch { size, .. })) => *size = new,
            (_, kind) => {
                *kind = Kind::Stage(Spec::Tomb);
                node.broken = Some(panics);
                self.log.panics = panics;
            }
        }
        Ok(())
    }

    fn check_route(&self, path: &str, way: &[usize], route: &RouteSpec) -> Result<(), Refusal> {
        let Kind::Switch { targets, cloned, .. } = &self.node(way).kind else { return Ok(()) };
        let (names, item) = (route.names(), self.node(way).types.0);
        if names.is_empty() && route.policy != Policy::None {
            return Err(Refusal::NoTargets);
        }
        if let Some(twice) = (1..names.len()).find(|at| names[..*at].contains(&names[*at])) {
            return Err(Refusal::Twice { name: Name::new(&names[twice])? });
        }
        if let Policy::Weighted(weights) = &route.policy
            && !(1..=u64::from(u32::MAX)).contains(&weights.iter().map(|weight| u64::from(*weight)).sum())
        {
            return Err(Refusal::Weights);
        }
        if let Some(nobody) = names.iter().find(|name| targets.iter().all(|target| target.name != **name)) {
            return Err(unknown(Path::new(path)?.join(&Name::new(nobody)?), targets));
        }
        if route.policy == Policy::All && names.len() > 1 && !cloned {
            return Err(Refusal::NotCloned { item: item.of() });
        }
        let looks = matches!(route.policy, Policy::ByKey | Policy::When(_) | Policy::Choose);
        if looks && route.looks_at != item {
            return Err(Refusal::LooksAt { looks_at: route.looks_at.of(), item: item.of() });
        }
        Ok(())
    }
}

fn turns(node: &Node) -> Result<(), Refusal> {
    let (takes, gives) = node.types;
    if takes == gives { Ok(()) } else { Err(Refusal::Turns { types: (takes.of(), gives.of()) }) }
}

fn fits(wanted: (Ty, Ty), found: (Ty, Ty)) -> Result<(), Refusal> {
    let types = |(takes, gives): (Ty, Ty)| (takes.of(), gives.of());
    if wanted == found { Ok(()) } else { Err(Refusal::Mismatch { wanted: types(wanted), found: types(found) }) }
}
