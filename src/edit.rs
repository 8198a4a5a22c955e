//! Edits as data: what a transaction asks for, before anybody has looked whether it can be had.
//!
//! An [`Edit`] is filled by its methods, in the caller's thread, and committed by a [`Controller`](crate::Controller). It
//! can also be built alone, kept, sent to another thread and committed there. What a commit checks is in `commit.rs`.

mod asked;
mod crew;
mod refused;

use std::fmt;

use crate::change::{Change, line};
use crate::error::Refusal;
use crate::in_flight::InFlight;
use crate::model::Kind;
use crate::name::{Name, Path, Type};
use crate::part::{Part, remake};
use crate::route::Route;
use crate::stage::{Stage, inspect};

pub use refused::EditError;

pub(crate) use asked::{Asked, Handed, Hired, Label, Order, Place, Where};

/// Several changes that are committed together: all of them, or none.
///
/// Every method notes down one change and says at once if a name in it is malformed; everything else is checked when the
/// edit is committed, each change against the pipeline as the changes before it leave it.
///
/// # Examples
///
/// ```
/// use coroute::{Edit, Pipeline};
///
/// let mut edit = Edit::new();
/// edit.insert_after("add", "neg", |x: i64| -x)?.rename("add", "plus")?;
/// assert_eq!(edit.to_string(), "insert neg after add; rename add to plus");
///
/// let mut pipeline = Pipeline::new("sum").stage("add", |x: i64| x + 1);
/// pipeline.controller().commit(edit)?;
/// assert_eq!(pipeline.call(1)?, -2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Edit {
    pub(crate) changes: Vec<Asked>,
    pub(crate) rule: InFlight,
    /// Whether what it puts in has its threads.
    staffed: bool,
}

/// Makes a part; a malformed name is replaced in it, for it will be refused.
fn part<In: Send + 'static, S: Stage<In>>(name: &str, stage: S) -> (Part, Label, Option<Refusal>) {
    let label = Name::new(name);
    let (part, mistake) = Part::new::<In, S>(label.clone().unwrap_or_else(|_| Name::stand_in()), stage);
    let malformed = label.as_ref().err().cloned().map(Refusal::Name);
    (part, label, malformed.or(mistake))
}

/// The pipeline in a path of something to be put in, and the name for it.
fn apart(path: &str) -> (Option<Place>, &str) {
    path.rsplit_once('/').map_or((None, path), |(within, name)| (Some(Path::new(within)), name))
}

impl Edit {
    /// An edit that changes nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// How many changes were asked for.
    #[must_use]
    pub fn len(&self) -> usize {
        self.changes.len()
    }

    /// Whether no change was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The switch, where the edit does nothing but route one.
    pub(crate) fn routes_only(&self) -> Option<&Path> {
        match &self.changes[..] {
            [Asked::Route { switch: Ok(path), .. }] => Some(path),
            _ => None,
        }
    }

    /// The changes in words.
    pub(crate) fn words(&self) -> Vec<Change> {
        self.changes.iter().map(Asked::words).collect()
    }

    fn ask(&mut self, asked: Asked) -> Result<&mut Self, Refusal> {
        let malformed = asked.malformed();
        self.changes.push(asked);
        malformed.map_or(Ok(self), Err)
    }

    /// Routes a switch; see [`Controller::route`](crate::Controller::route).
    ///
    /// # Errors
    ///
    /// As every method here: [`Refusal::Name`], or [`Refusal::Build`] for a stage that was put together wrongly. The
    /// change is noted down all the same, so that the edit still holds all it was given; it cannot be committed.
    pub fn route(&mut self, switch: impl AsRef<str>, route: impl Into<Route>) -> Result<&mut Self, Refusal> {
        self.ask(Asked::Route { switch: Path::new(switch), route: Some(route.into()) })
    }

    fn insert<T, S>(&mut self, at: Where, name: &str, stage: S) -> Result<&mut Self, Refusal>
    where
        T: Send + 'static,
        S: Stage<T, Out = T>,
    {
        let (part, name, wrong) = part::<T, S>(name, stage);
        self.ask(Asked::Insert { at, part: Some(part), name, maker: None, wrong })
    }

    /// Puts a stage in before another.
    ///
    /// # Errors
    ///
    /// See [`route`](Edit::route).
    pub fn insert_before<T, S>(
        &mut self,
        before: impl AsRef<str>,
        name: impl AsRef<str>,
        stage: S,
    ) -> Result<&mut Self, Refusal>
    where
        T: Send + 'static,
        S: Stage<T, Out = T>,
    {
        self.insert(Where::Before(Path::new(before)), name.as_ref(), stage)
    }

    /// Puts a stage in after another, and after the taps on it.
    ///
    /// # Errors
    ///
    /// See [`route`](Edit::route).
    pub fn insert_after<T, S>(
        &mut self,
        after: impl AsRef<str>,
        name: impl AsRef<str>,
        stage: S,
    ) -> Result<&mut Self, Refusal>
    where
        T: Send + 'static,
        S: Stage<T, Out = T>,
    {
        self.insert(Where::After(Path::new(after)), name.as_ref(), stage)
    }

    /// Puts a stage in front of all others; see [`Controller::push_front`](crate::Controller::push_front).
    ///
    /// # Errors
    ///
    /// See [`route`](Edit::route).
    pub fn push_front<T, S>(&mut self, name: impl AsRef<str>, stage: S) -> Result<&mut Self, Refusal>
    where
        T: Send + 'static,
        S: Stage<T, Out = T>,
    {
        let (within, name) = apart(name.as_ref());
        self.insert(Where::First(within), name, stage)
    }

    /// Puts a stage behind all others; see [`Controller::push_back`](crate::Controller::push_back).
    ///
    /// # Errors
    ///
    /// See [`route`](Edit::route).
    pub fn push_back<T, S>(&mut self, name: impl AsRef<str>, stage: S) -> Result<&mut Self, Refusal>
    where
        T: Send + 'static,
        S: Stage<T, Out = T>,
    {
        let (within, name) = apart(name.as_ref());
        self.insert(Where::Last(within), name, stage)
    }

    /// Takes a stage or a tap out; see [`Controller::remove`](crate::Controller::remove).
    ///
    /// # Errors
    ///
    /// See [`route`](Edit::route).
    pub fn remove(&mut self, at: impl AsRef<str>) -> Result<&mut Self, Refusal> {
        self.ask(Asked::Remove { at: Path::new(at) })
    }

    /// Puts another stage in the place of one; see [`Controller::replace`](crate::Controller::replace).
    ///
    /// # Errors
    ///
    /// See [`route`](Edit::route).
    pub fn replace<In, S>(&mut self, at: impl AsRef<str>, stage: S) -> Result<&mut Self, Refusal>
    where
        In: Send + 'static,
        S: Stage<In>,
    {
        let at = Path::new(at);
        let name = at.as_ref().ok().and_then(|path| path.names().last().cloned());
        let (part, wrong) = Part::new::<In, S>(name.unwrap_or_else(Name::stand_in), stage);
        self.ask(Asked::Replace { at, part: Some(part), maker: None, wrong })
    }

    /// Puts a stage in the place of one that is made of it; see
    /// [`Controller::replace_with`](crate::Controller::replace_with).
    ///
    /// # Errors
    ///
    /// See [`route`](Edit::route).
    pub fn replace_with<In, Old, New>(
        &mut self,
        at: impl AsRef<str>,
        make: impl FnOnce(Old) -> New + Send + 'static,
    ) -> Result<&mut Self, Refusal>
    where
        In: Send + 'static,
        Old: Stage<In>,
        New: Stage<In>,
    {
        let wrong = (!(Old::PLAIN && New::PLAIN)).then_some(Refusal::NotPlain);
        let part = Handed {
            input: Type::of::<In>(),
            output: Type::of::<New::Out>(),
            state: Type::of::<New>(),
            make: remake::<In, Old, New>(make),
        };
        self.ask(Asked::HandOver {
            at: Path::new(at),
            takes: Type::of::<Old>(),
            part: Some(part),
            entry: None,
            maker: None,
            wrong,
        })
    }

    /// Gives a stage, a target or a tap another name.
    ///
    /// # Errors
    ///
    /// See [`route`](Edit::route).
    pub fn rename(&mut self, at: impl AsRef<str>, to: impl AsRef<str>) -> Result<&mut Self, Refusal> {
        self.ask(Asked::Rename { at: Path::new(at), to: Name::new(to) })
    }

    /// Moves a stage, with the taps on it, before another; see [`Controller::move_before`](crate::Controller::move_before).
    ///
    /// # Errors
    ///
    /// See [`route`](Edit::route).
    pub fn move_before(&mut self, at: impl AsRef<str>, before: impl AsRef<str>) -> Result<&mut Self, Refusal> {
        self.ask(Asked::Move { at: Path::new(at), to: Where::Before(Path::new(before)) })
    }

    /// Moves a stage, with the taps on it, after another and the taps on that.
    ///
    /// # Errors
    ///
    /// See [`route`](Edit::route).
    pub fn move_after(&mut self, at: impl AsRef<str>, after: impl AsRef<str>) -> Result<&mut Self, Refusal> {
        self.ask(Asked::Move { at: Path::new(at), to: Where::After(Path::new(after)) })
    }

    /// Attaches a target to a switch.
    ///
    /// # Errors
    ///
    /// See [`route`](Edit::route).
    pub fn attach<In, S>(
        &mut self,
        switch: impl AsRef<str>,
        target: impl AsRef<str>,
        stage: S,
    ) -> Result<&mut Self, Refusal>
    where
        In: Send + 'static,
        S: Stage<In>,
    {
        let (part, name, wrong) = part::<In, S>(target.as_ref(), stage);
        self.ask(Asked::Attach { switch: Path::new(switch), part: Some(part), name, maker: None, wrong })
    }

    /// Takes a target off a switch; the route must not name it any more.
    ///
    /// # Errors
    ///
    /// See [`route`](Edit::route).
    pub fn detach(&mut self, switch: impl AsRef<str>, target: impl AsRef<str>) -> Result<&mut Self, Refusal> {
        self.ask(Asked::Detach { switch: Path::new(switch), target: Name::new(target) })
    }

    /// Lets `look` see everything that the stage `at` gives on; see [`Controller::tap`](crate::Controller::tap).
    ///
    /// # Errors
    ///
    /// See [`route`](Edit::route).
    pub fn tap<T: Send + 'static>(
        &mut self,
        at: impl AsRef<str>,
        name: impl AsRef<str>,
        look: impl FnMut(&T) + Send + 'static,
    ) -> Result<&mut Self, Refusal> {
        let (mut part, name, wrong) = part::<T, _>(name.as_ref(), inspect(look));
        part.entry.iter_mut().for_each(|entry| entry.kind = Kind::Tap);
        self.ask(Asked::Tap { at: Path::new(at), part: Some(part), name, maker: None, wrong })
    }

    /// Gives a stage another number of workers; see [`Controller::workers`](crate::Controller::workers).
    ///
    /// # Errors
    ///
    /// See [`route`](Edit::route); [`Refusal::NoRoom`] for none.
    pub fn workers(&mut self, at: impl AsRef<str>, count: usize) -> Result<&mut Self, Refusal> {
        self.ask(Asked::Workers { at: Path::new(at), count, made: None })
    }

    /// Lets the pipeline hold its items back.
    ///
    /// # Errors
    ///
    /// None; the signature is that of the other methods.
    pub fn pause(&mut self) -> Result<&mut Self, Refusal> {
        self.ask(Asked::Pause)
    }

    /// Lets the pipeline go on.
    ///
    /// # Errors
    ///
    /// None; the signature is that of the other methods.
    pub fn resume(&mut self) -> Result<&mut Self, Refusal> {
        self.ask(Asked::Resume)
    }

    /// Says what becomes of items that are still inside what this edit leaves; without it they are waited for. The last call
    /// counts. It is no change of its own: it is not shown, and comes back with an edit that was refused.
    ///
    /// # Errors
    ///
    /// None; the signature is that of the other methods.
    ///
    /// # Examples
    ///
    /// See [`InFlight`].
    pub fn in_flight(&mut self, rule: InFlight) -> Result<&mut Self, Refusal> {
        self.rule = rule;
        Ok(self)
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&line(&self.words()))
    }
}

impl fmt::Debug for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Edit({self})")
    }
}
