//! Which `when`s cannot come before others.
//!
//! At each cycle the `when`s are looked at in the order of the text, and a count is the same for all of them. So where one
//! that stands behind another on the same count holds, and the other's condition follows from its own, the other was
//! there before it, or has come at the same cycle in front of it.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use super::{Comparison, Condition, Count, Statement};
use crate::change::Change;
use crate::name::Path;

/// How many `when`s on one count are looked at in front of another: ordering more of them would only be more exact.
const NEAR: usize = 100;

/// With more `when`s than this none is ordered: a chain of so many states would take too long to go along.
const MOST: usize = 256;

/// What is counted, and where.
type Counted<'a> = (&'a str, Option<&'a Path>);

/// The numbers for which a condition holds.
type Range = RangeInclusive<u64>;

/// For each statement the `when`s that have come before it can; what follows from these by theirs is left out.
pub(super) fn order(statements: &[Statement]) -> Vec<Vec<usize>> {
    let mut like: HashMap<Counted<'_>, Vec<(usize, Range)>> = HashMap::new();
    let mut order = vec![Vec::new(); statements.len()];
    if statements.iter().filter(|statement| matches!(statement, Statement::When { .. })).count() > MOST {
        return order;
    }
    for (at, statement) in statements.iter().enumerate() {
        let when = as_range(statement);
        if let Some((key, range)) = &when {
            let before = like.get(key).into_iter().flat_map(|before| before.iter().rev().take(NEAR));
            let mut least: Vec<&(usize, Range)> = Vec::new();
            for other in before.filter(|(_, other)| follows(range, other)) {
                if !least.iter().any(|(_, nearer)| follows(nearer, &other.1)) {
                    least.push(other);
                }
            }
            order[at] = least.into_iter().map(|(before, _)| *before).collect();
        }
        // The count at a path is another one when something else comes to be there.
        if statement.changes().iter().any(|change| matches!(change, Change::Rename { .. } | Change::Move { .. })) {
            like.retain(|(_, of), _| of.is_none());
        }
        if let Some((key, range)) = when {
            like.entry(key).or_default().push((at, range));
        }
    }
    order
}

/// What a `when` counts and the numbers for which it holds, where no edit changes the count between two looks at a cycle.
fn as_range(statement: &Statement) -> Option<(Counted<'_>, Range)> {
    let Statement::When { condition: Condition { count, of, is, number }, .. } = statement else { return None };
    if matches!(count, Count::Accepted | Count::Held | Count::Revision) {
        return None;
    }
    let range = match is {
        Comparison::Less => 0..=number.checked_sub(1)?,
        Comparison::AtMost => 0..=*number,
        Comparison::Equal => *number..=*number,
        Comparison::Other if *number == 0 => 1..=u64::MAX,
        Comparison::Other => return None,
        Comparison::AtLeast => *number..=u64::MAX,
        Comparison::More => number.checked_add(1)?..=u64::MAX,
    };
    Some(((count.word(), of.as_ref()), range))
}

/// Whether what is in `one` is in `other`.
fn follows(one: &Range, other: &Range) -> bool {
    other.contains(one.start()) && other.contains(one.end())
}
