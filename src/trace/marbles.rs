//! A trace as marbles: a character per cycle, a row per target.
//!
//! The form is that of the marble diagrams that reactive libraries document their operators with, and test them by.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use super::{Hop, Loss, Lost, Trace, TraceRow, Way};
use crate::change::{Change, line};
use crate::name::{Name, Path};

/// The most targets that have a row of their own.
const ROWS: usize = 40;

/// A trace as marbles: see [`Trace::marbles`].
///
/// Each column is a cycle, each row a target, each letter a way; the legend below says which. An edit stands at the first
/// item that it governs, as the last digit of the revision it makes (`+` for several). Where an item did not go on, there is
/// a mark in the rows `dropped`, `failed`, `held` and `merged`, and none in the row of a target that failed it; an item that
/// met no target and went on is in the row `through`. A column in which nothing was recorded is blank, and where there is
/// nothing for as long as a block, the block is left out. A target that was renamed has a row for each name.
///
/// # Examples
///
/// ```
/// use coroute::{Recording, Switch};
///
/// let model = Switch::new("model").target("v1", |x: i64| x).target("v2", |x: i64| -x).route("v1");
/// let mut model = model.into_pipeline();
/// let controller = model.controller();
/// controller.record(Recording::items())?;
/// model.send_all(0..7, |_| ())?;
/// controller.route("model", "v2")?;
/// model.send_all(7..15, |_| ())?;
/// assert_eq!(
///     format!("\n{}", controller.trace().marbles()),
///     "
/// cycle  0         10
/// edit   .......1.......
/// v1     aaaaaaa........
/// v2     .......bbbbbbbb
///
/// a   model[v1]
/// b   model[v2]
/// r1  cycle 7: route model -> v2
/// "
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marbles {
    trace: Trace,
    per: u64,
    width: usize,
}

impl Trace {
    /// The trace as marbles. It needs rows of single items, which are made by
    /// [`Recording::items`](crate::Recording::items).
    #[must_use]
    pub fn marbles(&self) -> Marbles {
        Marbles { trace: self.clone(), per: self.every.max(1), width: 100 }
    }
}

impl Marbles {
    /// The same with so many cycles in each column; `*` stands for several ways in one. 0 is taken as 1.
    #[must_use]
    pub fn per(self, cycles: u64) -> Self {
        Self { per: cycles.max(1), ..self }
    }

    /// The same with so many columns beside each other, instead of 100, before the rows begin anew. 0 is taken as 1.
    #[must_use]
    pub fn width(self, columns: usize) -> Self {
        Self { width: columns.max(1), ..self }
    }
}

/// A row: what is in which column.
#[derive(Default)]
struct Row {
    label: String,
    marks: BTreeMap<u64, char>,
}

impl Row {
    fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), marks: BTreeMap::new() }
    }

    /// Two marks in one column become `both`.
    fn set(&mut self, column: u64, mark: char, both: char) {
        self.marks.entry(column).and_modify(|known| *known = if *known == mark { mark } else { both }).or_insert(mark);
    }
}

/// A row of items that did not go on, and the stages where they did not.
struct Fates {
    how: Lost,
    mark: char,
    row: Row,
    stages: Vec<Path>,
}

impl Fates {
    fn all() -> Vec<Self> {
        let fates = [
            (Lost::Dropped, "dropped", 'x'),
            (Lost::Failed, "failed", '!'),
            (Lost::Held, "held", 'h'),
            (Lost::Merged, "merged", 'm'),
        ];
        let fates = fates.into_iter();
        fates.map(|(how, label, mark)| Self { how, mark, row: Row::new(label), stages: Vec::new() }).collect()
    }
}

/// The drawing, before it is cut to its width.
#[derive(Default)]
struct Board {
    start: u64,
    end: u64,
    edits: Row,
    targets: Vec<Row>,
    /// For each target of the trace, its row.
    places: HashMap<(Path, Name), usize>,
    /// Items that went on, and met no target.
    through: Row,
    lost: Vec<Fates>,
    /// The columns in which something was recorded.
    recorded: BTreeSet<u64>,
    letters: HashMap<Way, char>,
    /// The letters and the ways that they stand for, in the order of appearance.
    ways: Vec<(String, String)>,
    made: Vec<(String, String)>,
}

/// The letter of a way, by its number.
fn letter(number: usize) -> char {
    let letters = ('a'..='z').chain('A'..='Z');
    letters.into_iter().nth(number).unwrap_or('*')
}

impl Marbles {
    fn labels(&self) -> Vec<String> {
        let targets = &self.trace.targets;
        let mut named: HashMap<&Name, usize> = HashMap::new();
        targets.iter().for_each(|(_, target)| *named.entry(target).or_default() += 1);
        let label = |(switch, target): &(Path, Name)| match named[target] {
            1 => target.to_string(),
            _ => switch.join(target).to_string(),
        };
        targets.iter().map(label).collect()
    }

    fn draw(&self) -> Board {
        let rows = self.trace.rows.iter().filter(|row| !matches!(row, TraceRow::Run(_)));
        let cycles = || rows.clone().map(TraceRow::cycle);
        let start = cycles().min().unwrap_or(0);
        let start = start - start % self.per;
        let column = |cycle: u64| (cycle - start) / self.per;
        let end = cycles().max().map_or(0, |last| column(last).saturating_add(1));
        let mut targets: Vec<Row> = self.labels().into_iter().map(Row::new).collect();
        let more = targets.len().saturating_sub(ROWS);
        if more > 0 {
            targets.truncate(ROWS);
            targets.push(Row::new(format!("{more} more")));
        }
        let places =
            self.trace.targets.iter().cloned().enumerate().map(|(at, target)| (target, at.min(ROWS))).collect();
        let (edits, through, lost) = (Row::new("edit"), Row::new("through"), Fates::all());
        let mut board = Board { start, end, edits, targets, places, through, lost, ..Board::default() };
        for row in rows {
            let at = column(row.cycle());
            match row {
                TraceRow::Edit { cycle, revision, changes } => board.edit(at, *cycle, *revision, changes),
                TraceRow::Item { way, losses, .. } => board.item(at, way, losses),
                TraceRow::Run(_) => {}
            }
        }
        board
    }
}

impl Board {
    fn edit(&mut self, at: u64, cycle: u64, revision: u64, changes: &[Change]) {
        let digit = char::from_digit((revision % 10) as u32, 10).unwrap_or('+');
        let together = self.edits.marks.contains_key(&at);
        self.edits.set(at, if together { '+' } else { digit }, '+');
        self.made.push((format!("r{revision}"), format!("cycle {cycle}: {}", line(changes))));
    }

    fn item(&mut self, at: u64, way: &Way, losses: &[Loss]) {
        self.recorded.insert(at);
        for loss in losses {
            for fates in self.lost.iter_mut().filter(|fates| fates.how == loss.how) {
                fates.row.set(at, fates.mark, fates.mark);
                if !fates.stages.contains(&loss.stage) {
                    fates.stages.push(loss.stage.clone());
                }
            }
        }
        // A target that failed the item has not got it, as far as one can see.
        let failed = |switch: &Path, target: &Name| {
            let target = switch.join(target);
            let is_inside = |loss: &Loss| loss.how == Lost::Failed && loss.stage.names().starts_with(target.names());
            losses.iter().any(is_inside)
        };
        let target = |hop: &Hop| match hop {
            Hop::Target { switch, target } if !failed(switch, target) => {
                self.places.get(&(switch.clone(), target.clone())).copied()
            }
            _ => None,
        };
        let met: Vec<usize> = way.hops().iter().filter_map(target).collect();
        // Of an item that met no target and did not go on, the row of its fate says enough.
        if met.is_empty() && !losses.is_empty() {
            return;
        }
        let number = self.letters.len();
        let mark = *self.letters.entry(way.clone()).or_insert_with(|| {
            self.ways.push((letter(number).to_string(), way.to_string()));
            letter(number)
        });
        if met.is_empty() {
            self.through.set(at, mark, '*');
        }
        met.into_iter().for_each(|target| self.targets[target].set(at, mark, '*'));
    }

    fn legend(&self) -> impl Iterator<Item = (String, String)> {
        let fates = self.lost.iter().filter(|fates| !fates.row.marks.is_empty()).map(|fates| {
            let stages: Vec<String> = fates.stages.iter().map(ToString::to_string).collect();
            (fates.mark.to_string(), format!("{} at {}", fates.row.label, stages.join(", ")))
        });
        self.ways.iter().cloned().chain(fates).chain(self.made.iter().cloned())
    }

    /// The first column from `from` on that has something in it.
    fn next_from(&self, from: u64) -> u64 {
        let edit = self.edits.marks.range(from..).next().map(|(column, _)| *column);
        let item = self.recorded.range(from..).next().copied();
        edit.into_iter().chain(item).min().unwrap_or(self.end)
    }

    /// The rows that are printed: that of the edits, and those with anything in them.
    fn rows(&self) -> impl Iterator<Item = &Row> {
        let rows = self.targets.iter().chain([&self.through]).chain(self.lost.iter().map(|fates| &fates.row));
        [&self.edits].into_iter().chain(rows.filter(|row| !row.marks.is_empty()))
    }

    /// The columns from `from` to `to`.
    fn block(&self, f: &mut fmt::Formatter<'_>, from: u64, to: u64, per: u64, label: usize) -> fmt::Result {
        let mut ruler = String::new();
        for column in (from..to).step_by(10) {
            let number = (self.start.saturating_add(column.saturating_mul(per))).to_string();
            let room = usize::try_from(10.min(to - column)).unwrap_or(10);
            // A number that would run into the next one is left out.
            let fits = number.len() < 10 || room < 10;
            ruler += &format!("{:<room$}", if fits { number } else { String::new() });
        }
        writeln!(f, "{:<label$}  {}", "cycle", ruler.trim_end())?;
        for row in self.rows() {
            let marks = (from..to).map(|column| match row.marks.get(&column) {
                Some(mark) => *mark,
                None if self.recorded.contains(&column) => '.',
                None => ' ',
            });
            let line = format!("{:<label$}  {}", row.label, marks.collect::<String>());
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

impl fmt::Display for Marbles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (before, after) = self.trace.gaps();
        f.write_str(&before)?;
        let board = self.draw();
        if self.per > 1 {
            writeln!(f, "({} cycles a column)", self.per)?;
        }
        let label = board.rows().map(|row| row.label.chars().count()).fold("cycle".len(), usize::max);
        if board.end == 0 {
            f.write_str("(no rows of single items, and no edits; record with `Recording::items()`)\n")?;
        }
        let mut from = 0;
        while from < board.end {
            // Far from any row there is nothing to draw.
            let next = board.next_from(from);
            let skipped = (next - from) / self.width as u64;
            if skipped > 0 {
                from += skipped * self.width as u64;
                let cycles = skipped.saturating_mul(self.width as u64).saturating_mul(self.per);
                writeln!(f, "({cycles} cycles without a row)\n")?;
            }
            let to = board.end.min(from.saturating_add(self.width as u64));
            board.block(f, from, to, self.per, label)?;
            writeln!(f)?;
            from = to;
        }
        let width = board.legend().map(|(sign, _)| sign.len()).max().unwrap_or(0);
        board.legend().try_for_each(|(sign, text)| writeln!(f, "{sign:<width$}  {text}"))?;
        f.write_str(&after)
    }
}
