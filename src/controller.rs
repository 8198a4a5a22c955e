//! The handle on a running pipeline.

mod sight;

use std::sync::Arc;

use crate::commit::Halt;
use crate::control::Shared;
use crate::edit::{Edit, EditError};
use crate::error::Refusal;
use crate::receipt::Receipt;
use crate::route::Route;
use crate::stage::Stage;

/// The handle on a running pipeline: every change goes through it, from any thread, at any time, also from inside a stage
/// or a source's body while it runs.
///
/// A change is checked in the caller's thread, against the pipeline as it will be when all edits before it are applied;
/// once committed it cannot fail. It takes effect at the pipeline's next cycle: an edit that was committed before an item
/// is accepted governs that item. No method waits for an item; all of them take one lock for a short time, which the
/// pipeline itself takes only when there is an edit to apply.
///
/// Places are written as paths: `parse`, or `checkout/v2/parse` for a stage of a pipeline `v2` that is a target of the
/// switch `checkout`.
///
/// Controllers are cheap to clone. Dropping them all changes nothing; when the pipeline is gone, edits are refused with
/// [`Refusal::Gone`], and the topology, ledger and trace can still be read.
///
/// # Examples
///
/// ```
/// use coroute::Pipeline;
///
/// let mut pipeline = Pipeline::new("sum")
///     .stage("add", |x: i64| x + 1)
///     .stage("prod", |x: i64| x * 2)
///     .stage("power", |x: i64| x.pow(3));
/// assert_eq!(pipeline.call(1)?, 64);
///
/// let controller = pipeline.controller();
/// controller.insert_after("add", "neg", |x: i64| -x)?;
/// controller.remove("prod")?;
/// assert_eq!(pipeline.call(1)?, -8);
///
/// let receipt = controller.edit(|e| {
///     e.remove("neg")?;
///     e.replace("power", |x: i64| x.pow(2))
/// })?;
/// assert_eq!(pipeline.call(1)?, 4);
/// assert_eq!(receipt.revision(), 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Controller {
    shared: Arc<Shared>,
}

impl Controller {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Commits several changes together: all of them, or none.
    ///
    /// `fill` runs before anything is locked; it may use any controller, and nothing has happened if it fails.
    ///
    /// # Errors
    ///
    /// [`EditError`] names the change that was refused and why, and holds the whole edit; the pipeline is as it was.
    pub fn edit(
        &self,
        fill: impl for<'e> FnOnce(&'e mut Edit) -> Result<&'e mut Edit, Refusal>,
    ) -> Result<Receipt, EditError> {
        let mut edit = Edit::new();
        match fill(&mut edit).map(|_| ()) {
            Ok(()) => self.commit(edit),
            Err(refusal) => {
                let last = edit.len().saturating_sub(1);
                Err(EditError::new(refusal, last, edit))
            }
        }
    }

    /// Commits an edit that was built before.
    ///
    /// # Errors
    ///
    /// See [`edit`](Controller::edit).
    pub fn commit(&self, mut edit: Edit) -> Result<Receipt, EditError> {
        loop {
            let mut retired = Vec::new();
            let result = self.shared.board.publish(|control| {
                retired = control.sweep();
                control.commit(&mut edit)
            });
            drop(retired);
            let refused = match result {
                Ok((receipt, _)) => return Ok(receipt),
                // They are made while others can commit; where one has changed what is wanted, it is looked at again.
                Err(Halt::Lacks(order, change)) => match edit.hire(change, *order) {
                    Ok(()) => continue,
                    Err(refusal) => (refusal, change),
                },
                Err(Halt::Unstaffed(roster)) => match edit.staff(&roster) {
                    Ok(()) => continue,
                    Err(refused) => refused,
                },
                Err(Halt::Refused(refusal, change)) => (refusal, change),
            };
            edit.dismiss();
            return Err(EditError::new(refused.0, refused.1, edit));
        }
    }

    /// Routes a switch: to one target by its name, or by any other [`Route`].
    ///
    /// Takes less than a microsecond, however many targets the switch has.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unknown`] for a switch or target that does not exist, [`Refusal::NotASwitch`], and what a [`Route`] can
    /// be refused for.
    pub fn route(&self, switch: impl AsRef<str>, route: impl Into<Route>) -> Result<Receipt, EditError> {
        self.edit(|edit| edit.route(switch, route))
    }

    /// Puts a stage in before another.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unknown`], [`Refusal::Duplicate`] for a name that is taken in that pipeline, [`Refusal::Mismatch`] where
    /// the stage does not take and give the type that comes along there, [`Refusal::TooDeep`].
    pub fn insert_before<T, S>(
        &self,
        before: impl AsRef<str>,
        name: impl AsRef<str>,
        stage: S,
    ) -> Result<Receipt, EditError>
    where
        T: Send + 'static,
        S: Stage<T, Out = T>,
    {
        self.edit(|edit| edit.insert_before(before, name, stage))
    }

    /// Puts a stage in after another, and after the taps on it.
    ///
    /// # Errors
    ///
    /// See [`insert_before`](Controller::insert_before).
    pub fn insert_after<T, S>(
        &self,
        after: impl AsRef<str>,
        name: impl AsRef<str>,
        stage: S,
    ) -> Result<Receipt, EditError>
    where
        T: Send + 'static,
        S: Stage<T, Out = T>,
    {
        self.edit(|edit| edit.insert_after(after, name, stage))
    }

    /// Puts a stage in front of all others; with a path as `name`, such as `inner/first`, of those in that pipeline.
    ///
    /// # Errors
    ///
    /// See [`insert_before`](Controller::insert_before); [`Refusal::NotAPipeline`].
    pub fn push_front<T, S>(&self, name: impl AsRef<str>, stage: S) -> Result<Receipt, EditError>
    where
        T: Send + 'static,
        S: Stage<T, Out = T>,
    {
        self.edit(|edit| edit.push_front(name, stage))
    }

    /// Puts a stage behind all others; with a path as `name`, such as `inner/last`, of those in that pipeline.
    ///
    /// # Errors
    ///
    /// See [`insert_before`](Controller::insert_before); [`Refusal::NotAPipeline`].
    pub fn push_back<T, S>(&self, name: impl AsRef<str>, stage: S) -> Result<Receipt, EditError>
    where
        T: Send + 'static,
        S: Stage<T, Out = T>,
    {
        self.edit(|edit| edit.push_back(name, stage))
    }

    /// Takes a stage or a tap out. What a stage holds back goes on first, through the stages behind it as they were; the
    /// stage itself is in the receipt when the edit has been applied; if nobody has the receipt any more, it is dropped at a
    /// controller's next commit, or with the pipeline: not on the pipeline's thread in the middle of the stream.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unknown`]; [`Refusal::Turns`] for a stage that gives another type than it takes; [`Refusal::IsTarget`].
    pub fn remove(&self, stage: impl AsRef<str>) -> Result<Receipt, EditError> {
        self.edit(|edit| edit.remove(stage))
    }

    /// Puts another stage, of the same types, in the place of one; or another target in a target's. What the old stage
    /// holds back goes on first; the old stage itself is in the receipt.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unknown`], [`Refusal::Mismatch`], [`Refusal::TooDeep`].
    pub fn replace<In, S>(&self, stage: impl AsRef<str>, by: S) -> Result<Receipt, EditError>
    where
        In: Send + 'static,
        S: Stage<In>,
    {
        self.edit(|edit| edit.replace(stage, by))
    }

    /// Puts a stage in the place of one that it is made of, with its state and with what it holds back.
    ///
    /// `make` runs when the edit is applied, on the pipeline's thread. A panic in it poisons the pipeline: the next item
    /// comes back as [`Hold::Poisoned`](crate::Hold::Poisoned), until the stage is replaced or removed.
    ///
    /// The item type often has to be named: `replace_with::<i64, Old, New>(..)`.
    ///
    /// # Errors
    ///
    /// As [`replace`](Controller::replace), and [`Refusal::HandOver`] where the stage is not an `Old`.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Output, Pipeline, Stage};
    ///
    /// struct Total { sum: i64, step: i64 }
    ///
    /// impl Stage<i64> for Total {
    ///     type Out = i64;
    ///     fn process(&mut self, item: i64, out: &mut Output<'_, i64>) {
    ///         self.sum += item * self.step;
    ///         out.emit(self.sum);
    ///     }
    /// }
    ///
    /// let mut pipeline = Pipeline::new("p").stage("total", Total { sum: 0, step: 1 });
    /// assert_eq!(pipeline.call(5)?, 5);
    /// pipeline.controller().replace_with("total", |old: Total| Total { step: 10, ..old })?;
    /// assert_eq!(pipeline.call(5)?, 55);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn replace_with<In, Old, New>(
        &self,
        stage: impl AsRef<str>,
        make: impl FnOnce(Old) -> New + Send + 'static,
    ) -> Result<Receipt, EditError>
    where
        In: Send + 'static,
        Old: Stage<In>,
        New: Stage<In>,
    {
        self.edit(|edit| edit.replace_with(stage, make))
    }

    /// Gives a stage, a target or a tap another name.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unknown`], [`Refusal::Duplicate`].
    pub fn rename(&self, stage: impl AsRef<str>, to: impl AsRef<str>) -> Result<Receipt, EditError> {
        self.edit(|edit| edit.rename(stage, to))
    }

    /// Moves a stage, with the taps on it, before another: of its own pipeline, or of any other that is inside the outermost.
    ///
    /// It goes as it is, with what it holds back and with its counts in the ledger; nothing comes out of it for that, and
    /// nothing is in the receipt. While items are inside of the innermost pipeline that both places are in, the edit waits in
    /// front of that until they are out, and so do the items behind it.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unknown`], [`Refusal::Fixed`], [`Refusal::Mismatch`]; [`Refusal::IsTarget`] for a target of a switch, or a
    /// place beside one; [`Refusal::Duplicate`] where the other pipeline has a stage of that name, or of a tap's;
    /// [`Refusal::IntoItself`]; [`Refusal::TooDeep`].
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Pipeline;
    ///
    /// let inner = Pipeline::new("inner").stage("double", |x: i64| x * 2);
    /// let mut pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1).stage("inner", inner);
    /// pipeline.controller().move_after("add", "inner/double")?;
    /// assert_eq!(pipeline.topology().get("inner/add").unwrap().name(), "add");
    /// assert_eq!(pipeline.call(5)?, 11);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn move_before(&self, stage: impl AsRef<str>, before: impl AsRef<str>) -> Result<Receipt, EditError> {
        self.edit(|edit| edit.move_before(stage, before))
    }

    /// Moves a stage, with the taps on it, after another and the taps on that; see [`move_before`](Controller::move_before).
    ///
    /// # Errors
    ///
    /// See [`move_before`](Controller::move_before).
    pub fn move_after(&self, stage: impl AsRef<str>, after: impl AsRef<str>) -> Result<Receipt, EditError> {
        self.edit(|edit| edit.move_after(stage, after))
    }

    /// Gives a stage another number of workers.
    ///
    /// New workers are made in the caller's thread. An item is with the workers that there are when it comes to the stage;
    /// one of those that leave ends when it has done what it has.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unknown`], [`Refusal::NotWorkers`]; [`Refusal::NoRoom`] for no workers at all; [`Refusal::NoThread`] while
    /// the pipeline runs on threads and the system gives no more of them.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::Pipeline;
    ///
    /// let pipeline = Pipeline::new("p").stage("double", |x: i64| x * 2);
    /// let refused = pipeline.controller().workers("double", 4).unwrap_err();
    /// assert_eq!(
    ///     refused.to_string(),
    ///     "cannot give \"double\" 4 workers: \"double\" is a stage; replace it by one that is made with `workers`"
    /// );
    /// ```
    pub fn workers(&self, stage: impl AsRef<str>, count: usize) -> Result<Receipt, EditError> {
        self.edit(|edit| edit.workers(stage, count))
    }

    /// Attaches a target to a switch. It gets no item until the switch is routed to it.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unknown`], [`Refusal::NotASwitch`], [`Refusal::Duplicate`], [`Refusal::Mismatch`], [`Refusal::TooDeep`].
    pub fn attach<In, S>(
        &self,
        switch: impl AsRef<str>,
        target: impl AsRef<str>,
        stage: S,
    ) -> Result<Receipt, EditError>
    where
        In: Send + 'static,
        S: Stage<In>,
    {
        self.edit(|edit| edit.attach(switch, target, stage))
    }

    /// Takes a target off a switch. What it holds back goes on first; the target itself is in the receipt.
    ///
    /// # Errors
    ///
    /// [`Refusal::Unknown`], [`Refusal::NotASwitch`]; [`Refusal::StillRouted`] while the route names the target.
    pub fn detach(&self, switch: impl AsRef<str>, target: impl AsRef<str>) -> Result<Receipt, EditError> {
        self.edit(|edit| edit.detach(switch, target))
    }

    /// Lets `look` see everything that `stage` gives on, before any other stage does.
    ///
    /// The tap keeps its place when stages around it come, go or are replaced: whatever is inserted after `stage` comes
    /// behind the tap, and when `stage` moves the tap moves along. It goes by [`remove`](Controller::remove).
    ///
    /// # Errors
    ///
    /// See [`insert_before`](Controller::insert_before); [`Refusal::IsTarget`] for a target.
    pub fn tap<T: Send + 'static>(
        &self,
        stage: impl AsRef<str>,
        name: impl AsRef<str>,
        look: impl FnMut(&T) + Send + 'static,
    ) -> Result<Receipt, EditError> {
        self.edit(|edit| edit.tap(stage, name, look))
    }

    /// Lets the pipeline hold its items back: they come back to the caller as [`Hold::Paused`](crate::Hold::Paused).
    ///
    /// # Errors
    ///
    /// None of its own.
    pub fn pause(&self) -> Result<Receipt, EditError> {
        self.edit(Edit::pause)
    }

    /// Lets a paused pipeline go on.
    ///
    /// # Errors
    ///
    /// None of its own.
    pub fn resume(&self) -> Result<Receipt, EditError> {
        self.edit(Edit::resume)
    }
}
