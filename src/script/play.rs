//! Playing: edits committed as items are accepted, and expectations looked at.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt;

use super::Statement;
use super::timeline::Timeline;
use crate::change::line;
use crate::controller::Controller;
use crate::edit::{Edit, EditError};
use crate::library::{Library, Making};

/// A script on its way through a run; made by [`Script::bind`](crate::Script::bind).
///
/// It knows the pipeline by its controller only. [`run`](Player::run) plays all of it on a pipeline in this thread,
/// [`run_spawned`](Player::run_spawned) on one that runs on a thread, [`through`](Player::through) on one that a task runs; any
/// other driver calls [`advance`](Player::advance) in front of every item, or only when something is
/// [due](Player::next_due), and [`end`](Player::end) when there are no more.
///
/// At a cycle the statements come in the order of the script. A count at a path is of all stages that were called so when
/// they were there: a replacement counts on. Statements that are due at the cycle behind the last item come at
/// the end.
///
/// # Examples
///
/// ```
/// use coroute::{Change, Library, PolicyKind, RouteView, Script, Switch};
///
/// let mut source = Switch::new("source").target("add", |x: i64| x + 1).target("prod", |x: i64| x * 2).into_pipeline();
/// let to = |target: &str| RouteView::new(PolicyKind::One, [target]);
/// let script = Script::new()
///     .at(0, [Change::route("source", to("add")?)?])
///     .at(1, [Change::route("source", to("prod")?)?]);
/// let mut player = script.bind(&Library::new(), &source.controller())?;
/// let mut out = Vec::new();
/// player.run(&mut source, [4, 8], |x| out.push(x)).unwrap();
/// assert_eq!(out, [5, 16]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Player {
    pub(super) controller: Controller,
    library: Library,
    statements: Vec<Statement>,
    lines: Vec<usize>,
    timeline: Timeline,
    /// The first cycle at which there is something to do; none is [`NEVER`].
    due: u64,
    /// What is due and not done yet.
    waiting: VecDeque<(u64, usize)>,
    /// The first cycle at which no count was looked at yet.
    fresh: u64,
    unmet: Vec<Unmet>,
    missed: Vec<Missed>,
    /// Edits that were refused while nobody could be told.
    refused: VecDeque<PlayError>,
}

const NEVER: u64 = u64::MAX;

/// Why a script did not go as written.
#[non_exhaustive]
pub enum PlayError {
    /// An edit was refused: somebody else has edited the pipeline since the script was bound.
    ///
    /// The player goes on behind it at the next call.
    Refused {
        /// The line of the script, from 1.
        line: usize,
        /// The cycle in front of which it was due.
        cycle: u64,
        /// Why, and the edit itself.
        error: EditError,
    },
    /// What was expected was not so. All the rest was done.
    Unmet(Vec<Unmet>),
}

/// An expectation that was not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// The line of the script, from 1.
    pub line: usize,
    /// The cycle; none for the end of the run.
    pub cycle: Option<u64>,
    /// What was expected.
    pub expected: String,
    /// What there was instead; none where the run ended before.
    pub found: Option<String>,
}

/// An edit that was not made, because the run ended before its cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// The line of the script, from 1.
    pub line: usize,
    /// The cycle.
    pub cycle: u64,
    /// The edit.
    pub edit: String,
}

impl Player {
    pub(super) fn new(
        controller: Controller,
        library: Library,
        statements: Vec<Statement>,
        lines: Vec<usize>,
        timeline: Timeline,
        accepted: u64,
    ) -> Self {
        let mut player = Self {
            controller,
            library,
            statements,
            lines,
            timeline,
            due: 0,
            waiting: VecDeque::new(),
            fresh: accepted,
            unmet: Vec::new(),
            missed: Vec::new(),
            refused: VecDeque::new(),
        };
        player.look_ahead();
        player
    }

    /// Does what is due in front of the item number `accepted`, the number of items accepted so far. Where nothing is, it
    /// costs a comparison.
    ///
    /// What was due in front of an earlier item, and has not been done, is done first. An expectation that is not met is
    /// kept for [`end`](Player::end).
    ///
    /// # Errors
    ///
    /// [`PlayError::Refused`] for the first edit that was refused. The next call goes on behind it.
    ///
    /// # Examples
    ///
    /// ```
    /// use coroute::{Change, Library, Pipeline, Script};
    ///
    /// let mut pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1).stage("neg", |x: i64| -x);
    /// let mut player = Script::new().at(2, [Change::remove("neg")?]).bind(&Library::new(), &pipeline.controller())?;
    /// let mut out = Vec::new();
    /// for item in 0..3 {
    ///     player.advance(pipeline.ledger().accepted())?;
    ///     out.push(pipeline.call(item)?);
    /// }
    /// player.end()?;
    /// assert_eq!(out, [-1, -2, 3]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[inline]
    pub fn advance(&mut self, accepted: u64) -> Result<(), PlayError> {
        if accepted < self.due { Ok(()) } else { self.catch_up(accepted) }
    }

    /// The number of the next item in front of which something is due: items before it can be sent without a call of
    /// [`advance`](Player::advance). While a `when` waits it is the next item; `None` when all is done.
    #[must_use]
    pub fn next_due(&self) -> Option<u64> {
        (self.due != NEVER).then_some(self.due)
    }

    /// The edits that were not made because the run ended before; known after [`end`](Player::end). A `when` that was not
    /// due is none of them.
    #[must_use]
    pub fn missed(&self) -> &[Missed] {
        &self.missed
    }

    /// Does what is due at the end: behind the last item, and what is expected without a cycle.
    ///
    /// # Errors
    ///
    /// [`PlayError::Refused`] as from [`advance`](Player::advance); the next call goes on. [`PlayError::Unmet`] has all
    /// expectations of the run that were not met, those that it did not reach included.
    pub fn end(&mut self) -> Result<(), PlayError> {
        let accepted = self.controller.totals().accepted();
        if let Some(refused) = self.refused.pop_front() {
            return Err(refused);
        }
        self.advance(accepted)?;
        for statement in std::mem::take(&mut self.timeline.end) {
            self.weigh(statement, None, accepted);
        }
        let everies = self.timeline.everies().iter().map(|every| (every.next, every.statement));
        let mut rest: Vec<(u64, usize)> = self.timeline.rest().chain(everies).collect();
        rest.sort_unstable();
        for (cycle, statement) in rest {
            let line = self.lines[statement];
            match &self.statements[statement] {
                Statement::Expect { what, .. } => {
                    let expected = what.to_string();
                    self.unmet.push(Unmet { line, cycle: Some(cycle), expected, found: None });
                }
                Statement::At { changes, .. } => {
                    self.missed.push(Missed { line, cycle, edit: self::line(changes) });
                }
                Statement::Every { from, changes, .. } if cycle == *from => {
                    self.missed.push(Missed { line, cycle, edit: self::line(changes) });
                }
                _ => {}
            }
        }
        self.timeline = Timeline::new(&[], 0);
        self.due = NEVER;
        let mut unmet = std::mem::take(&mut self.unmet);
        unmet.sort_by_key(|unmet| unmet.line);
        if unmet.is_empty() { Ok(()) } else { Err(PlayError::Unmet(unmet)) }
    }

    /// What will be looked at and done in front of the item number `accepted`, but for repetitions.
    pub(super) fn due_by(&self, accepted: u64) -> impl Iterator<Item = &Statement> {
        let points = self.timeline.rest().take_while(move |(cycle, _)| *cycle <= accepted).map(|(_, at)| at);
        let waiting = self.waiting.iter().map(|(_, at)| *at);
        waiting.chain(points).chain(self.timeline.whens.iter().copied()).filter_map(|at| self.statements.get(at))
    }

    /// Whether something is due in front of the next item.
    pub(super) fn is_due(&self) -> bool {
        self.controller.totals().accepted() >= self.due
    }

    /// Does what is due in front of the next item, and keeps what is refused for [`end`](Player::end).
    pub(super) fn advance_all(&mut self) {
        let accepted = self.controller.totals().accepted();
        while let Err(refused) = self.advance(accepted) {
            self.refused.push_back(refused);
        }
    }

    #[cold]
    fn catch_up(&mut self, accepted: u64) -> Result<(), PlayError> {
        // Also when it is left early, so that the next call goes on.
        self.due = 0;
        loop {
            while let Some((cycle, statement)) = self.waiting.pop_front() {
                self.perform(statement, cycle)?;
            }
            let next = self.timeline.next().filter(|next| *next <= accepted);
            let looks = self.fresh <= accepted && !self.timeline.whens.is_empty();
            let cycle = match next {
                Some(next) => next,
                None if looks => accepted,
                None => break,
            };
            let mut due = self.timeline.take(cycle);
            if cycle == accepted && looks {
                due.extend(&self.timeline.whens);
                due.sort_unstable();
                self.fresh = accepted + 1;
            }
            self.waiting.extend(due.into_iter().map(|statement| (cycle, statement)));
        }
        self.look_ahead();
        Ok(())
    }

    fn look_ahead(&mut self) {
        let counts = if self.timeline.whens.is_empty() { NEVER } else { self.fresh };
        self.due = self.timeline.next().map_or(counts, |next| next.min(counts));
    }

    fn perform(&mut self, statement: usize, cycle: u64) -> Result<(), PlayError> {
        if let Some(at) = self.timeline.whens.iter().position(|when| *when == statement) {
            let Statement::When { condition, .. } = &self.statements[statement] else { return Ok(()) };
            if !condition.holds(&self.controller, cycle) {
                return Ok(());
            }
            self.timeline.whens.remove(at);
        }
        if let Statement::Expect { .. } = &self.statements[statement] {
            self.weigh(statement, Some(cycle), cycle);
            return Ok(());
        }
        let changes = self.statements[statement].changes();
        // Binding has made sure that the library has all that the script names.
        let edit = self.library.edit(changes, &mut Making::Real).unwrap_or_else(|_| Edit::new());
        match self.controller.commit(edit) {
            Ok(_) => Ok(()),
            Err(error) => Err(PlayError::Refused { line: self.lines[statement], cycle, error }),
        }
    }

    fn weigh(&mut self, statement: usize, cycle: Option<u64>, accepted: u64) {
        let Statement::Expect { what, .. } = &self.statements[statement] else { return };
        if let Some(found) = what.unmet(&self.controller, accepted) {
            let (line, expected) = (self.lines[statement], what.to_string());
            self.unmet.push(Unmet { line, cycle, expected, found: Some(found) });
        }
    }
}

impl fmt::Display for Unmet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cycle {
            Some(cycle) => write!(f, "line {}, cycle {cycle}: ", self.line)?,
            None => write!(f, "line {}, at the end: ", self.line)?,
        }
        match &self.found {
            Some(found) => write!(f, "expected {}, found {found}", self.expected),
            None => write!(f, "expected {}, and the run ended before", self.expected),
        }
    }
}

impl fmt::Display for Missed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, cycle {}: {}, and the run ended before", self.line, self.cycle, self.edit)
    }
}

impl fmt::Display for PlayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { line, cycle, error } => write!(f, "line {line}, cycle {cycle}: {error}"),
            Self::Unmet(unmet) => {
                let lines: Vec<String> = unmet.iter().map(ToString::to_string).collect();
                f.write_str(&lines.join("\n"))
            }
        }
    }
}

impl fmt::Debug for PlayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlayError({self})")
    }
}

impl Error for PlayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused { error, .. } => Some(error),
            Self::Unmet(_) => None,
        }
    }
}
