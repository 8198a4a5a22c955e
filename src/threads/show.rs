//! Threads as text.

use std::fmt;

use super::{Blocked, Doing, Fill, Party, ThreadRow, Threads};
use crate::name::Path;

impl fmt::Display for Threads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return writeln!(f, "no threads");
        }
        let head = ["thread", "stage", "queue", "does"].map(str::to_owned);
        let exit = self.exit.map(|exit| [String::new(), "exit".to_owned(), exit.to_string(), String::new()]);
        let lines: Vec<[String; 4]> = [head].into_iter().chain(self.rows.iter().map(line)).chain(exit).collect();
        let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
        let [thread, stage, queue] = [0, 1, 2].map(width);
        for [first, second, third, last] in &lines {
            let line = format!("{first:<thread$}  {second:<stage$}  {third:<queue$}  {last}");
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}

fn line(row: &ThreadRow) -> [String; 4] {
    let gone = if row.gone { " (gone)" } else { "" };
    [row.thread.clone(), format!("{}{gone}", row.stage), row.queue.to_string(), row.does.to_string()]
}

impl fmt::Display for Fill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.items, self.capacity)
    }
}

impl fmt::Display for Doing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => f.write_str("idle"),
            Self::Working { first, last } if first == last => write!(f, "working on cycle {first}"),
            Self::Working { first, last } => write!(f, "working on cycles {first} to {last}"),
            Self::Waiting { on: None } => f.write_str("waits"),
            Self::Waiting { on: Some(on) } => write!(f, "waits for {on}"),
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Senders => f.write_str("the senders"),
            Self::Pipeline(name) => name.fmt(f),
            Self::Stage(path) => path.fmt(f),
            Self::Receiver => f.write_str("the receiver"),
            Self::Editor => f.write_str("an edit"),
        }
    }
}

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, by, cycle } = self;
        let wait = if *who == Party::Senders { "wait" } else { "waits" };
        write!(f, "{who} {wait} for {by}")?;
        cycle.map_or(Ok(()), |cycle| write!(f, ", which works on cycle {cycle}"))
    }
}

impl Threads {
    /// The pipeline's own thread, for a drawing of the pipeline.
    pub(crate) fn of_pipeline(&self) -> String {
        let (Some(row), Some(exit)) = (self.rows.first(), self.exit) else { return String::new() };
        let ThreadRow { thread, queue, does, .. } = row;
        format!("thread {thread:?}, door {queue}, exit {exit}, {does}")
    }

    /// The threads of a stage, for a drawing of it; empty where it has none.
    pub(crate) fn of_stage(&self, stage: &Path) -> String {
        let rows =
            || self.rows.iter().skip(usize::from(self.exit.is_some())).filter(|row| row.stage == *stage && !row.gone);
        let Some(inside) = self.stages.iter().find(|row| row.stage == *stage) else { return String::new() };
        let inside = inside.inside;
        if let Some(row) = rows().next().filter(|row| row.worker.is_none()) {
            return format!("thread {:?}, queue {inside}, {}", row.thread, row.does);
        }
        let working = rows().filter_map(|row| match row.does {
            Doing::Working { first, .. } => Some(first),
            _ => None,
        });
        let waiting = rows().find(|row| matches!(row.does, Doing::Waiting { .. }));
        let (count, first) = (working.clone().count(), working.min());
        let does = match (first, waiting) {
            (Some(first), _) => format!("{count} of {} working, from cycle {first}", rows().count()),
            (None, Some(row)) => row.does.to_string(),
            (None, None) => Doing::Idle.to_string(),
        };
        format!("queue {inside}, {does}")
    }
}
