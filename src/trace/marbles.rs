//! A trace as marbles: a character per cycle, a row per target.
//!
//! The form is that of the marble diagrams that reactive libraries document their operators with, and test them by.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::{Hop, Lost, Trace, TraceRow, Way};
use crate::change::line;
use crate::name::{Name, Path};

/// The most targets that have a row of their own.
const ROWS: usize = 40;

/// A trace as marbles: see [`Trace::marbles`].
///
/// Each column is a cycle, each row a target, each letter a way; the legend below says which. An edit stands at the first
/// item that it governs, as the last digit of the revision it makes (`+` for several). Where an item did not go on, there is
/// a mark in the rows `dropped`, `failed`, `held` and `merged`. A column in which nothing was recorded is blank.
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

/// The drawing, before it is cut to its width.
#[derive(Default)]
struct Board {
    start: u64,
    end: u64,
    edits: Row,
    targets: Vec<Row>,
    through: Row,
    lost: Vec<Row>,
    /// The columns in which something was recorded.
    recorded: BTreeMap<u64, ()>,
    legend: Vec<(String, String)>,
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
        let end = cycles().max().map_or(0, |last| column(last) + 1);
        let mut board = Board { start, end, edits: Row::new("edit"), through: Row::new("through"), ..Board::default() };
        board.targets = self.labels().into_iter().map(Row::new).collect();
        let places: HashMap<(&Path, &Name), usize> =
            self.trace.targets.iter().enumerate().map(|(at, (switch, target))| ((switch, target), at)).collect();
        let more = board.targets.len().saturating_sub(ROWS);
        if more > 0 {
            board.targets.truncate(ROWS);
            board.targets.push(Row::new(format!("{more} more")));
        }
        let mut letters: HashMap<&Way, char> = HashMap::new();
        let (mut ways, mut edits) = (Vec::new(), Vec::new());
        let kinds = [(Lost::Dropped, "dropped", 'x'), (Lost::Failed, "failed", '!'), (Lost::Held, "held", 'h')];
        let kinds = kinds.into_iter().chain([(Lost::Merged, "merged", 'm')]);
        let mut lost: Vec<(Lost, char, Row, Vec<&Path>)> =
            kinds.map(|(how, label, mark)| (how, mark, Row::new(label), Vec::new())).collect();
        for row in rows {
            let at = column(row.cycle());
            match row {
                TraceRow::Edit { cycle, revision, changes } => {
                    let digit = char::from_digit((revision % 10) as u32, 10).unwrap_or('+');
                    let together = board.edits.marks.contains_key(&at);
                    board.edits.set(at, if together { '+' } else { digit }, '+');
                    edits.push((format!("r{revision}"), format!("cycle {cycle}: {}", line(changes))));
                }
                TraceRow::Item { way, losses, .. } => {
                    board.recorded.insert(at, ());
                    let number = letters.len();
                    let mark = *letters.entry(way).or_insert_with(|| {
                        ways.push((letter(number).to_string(), way.to_string()));
                        letter(number)
                    });
                    let mut went = false;
                    for hop in way.hops() {
                        if let Hop::Target { switch, target } = hop
                            && let Some(place) = places.get(&(switch, target))
                        {
                            board.targets[(*place).min(ROWS)].set(at, mark, '*');
                            went = true;
                        }
                    }
                    if !went {
                        board.through.set(at, mark, '*');
                    }
                    for loss in losses {
                        for (_, mark, row, stages) in lost.iter_mut().filter(|(how, ..)| *how == loss.how) {
                            row.set(at, *mark, *mark);
                            if !stages.contains(&&loss.stage) {
                                stages.push(&loss.stage);
                            }
                        }
                    }
                }
                TraceRow::Run(_) => {}
            }
        }
        board.legend = ways;
        for (_, mark, row, stages) in lost.into_iter().filter(|(_, _, row, _)| !row.marks.is_empty()) {
            let stages: Vec<String> = stages.iter().map(ToString::to_string).collect();
            board.legend.push((mark.to_string(), format!("{} at {}", row.label, stages.join(", "))));
            board.lost.push(row);
        }
        board.legend.append(&mut edits);
        board
    }
}

impl Board {
    /// The rows that are printed: that of the edits, and those with anything in them.
    fn rows(&self) -> impl Iterator<Item = &Row> {
        let rows = self.targets.iter().chain([&self.through]).chain(&self.lost);
        [&self.edits].into_iter().chain(rows.filter(|row| !row.marks.is_empty()))
    }

    /// The columns from `from` to `to`.
    fn block(&self, f: &mut fmt::Formatter<'_>, from: u64, to: u64, per: u64, label: usize) -> fmt::Result {
        let mut ruler = String::new();
        for column in (from..to).step_by(10) {
            let number = (self.start + column * per).to_string();
            let room = usize::try_from(10.min(to - column)).unwrap_or(10);
            // A number that would run into the next one is left out.
            let fits = number.len() < 10 || room < 10;
            ruler += &format!("{:<room$}", if fits { number } else { String::new() });
        }
        writeln!(f, "{:<label$}  {}", "cycle", ruler.trim_end())?;
        for row in self.rows() {
            let marks = (from..to).map(|column| match row.marks.get(&column) {
                Some(mark) => *mark,
                None if self.recorded.contains_key(&column) => '.',
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
        let mut from = 0;
        while from < board.end {
            let to = board.end.min(from + self.width as u64);
            board.block(f, from, to, self.per, label)?;
            writeln!(f)?;
            from = to;
        }
        let sign = board.legend.iter().map(|(sign, _)| sign.len()).max().unwrap_or(0);
        board.legend.iter().try_for_each(|(sign_, text)| writeln!(f, "{sign_:<sign$}  {text}"))?;
        f.write_str(&after)
    }
}
