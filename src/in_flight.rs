//! What becomes of the items that are inside what an edit leaves.
//!
//! A rule is part of an edit and goes with it to the data side, which polls the deadline: there is no timer in the crate.
//!
//! See also: [`Edit::in_flight`](crate::Edit::in_flight), which takes one.

use std::fmt;
use std::pin::Pin;

/// What becomes of items that are still inside what an edit leaves, when a deadline comes before they have drained: inside a
/// target that a route leaves, or a stage that is removed, replaced or detached.
///
/// Without a rule, and with [`drain`](InFlight::drain), they are waited for however long they take: those that come behind
/// them wait where the old and the new way meet, for order is kept. With a deadline, what is left when it comes is given
/// up, by one of three rules, and [`Receipt::retired`](crate::Receipt::retired) comes true then at the latest; but for an edit
/// *inside* of a thread that blocks, which waits for that thread.
///
/// | rule | what is left when the deadline comes | delivered |
/// | --- | --- | --- |
/// | [`drain`](InFlight::drain) | is waited for | once |
/// | [`fail_after`](InFlight::fail_after) | goes to the failure handler | at most once |
/// | [`resend_after`](InFlight::resend_after) | goes again, by the new route of a switch, or fails if there is none | at least once if it can |
/// | [`drop_after`](InFlight::drop_after) | is counted as dropped | at most once |
///
/// The deadline is a future, of any timer's: `tokio::time::sleep(..)`, or a channel that somebody closes. It is polled by the
/// task that runs the pipeline, from when the edit is applied, and dropped when all has drained before. An item is in one
/// place when the deadline comes: it has left, and is not touched by the rule, or it has not, and nothing of it comes out by
/// the old way any more.
///
/// A pipeline that is called ([`send`](crate::Pipeline::send) and its like) has nothing in flight between two cycles, which is
/// where edits are applied; there the rule has no effect, and its deadline is dropped unpolled.
///
/// # Examples
///
/// ```
/// use coroute::{InFlight, Pipeline, Switch};
///
/// let model = Switch::new("model").target("v1", |x: i64| x * 2).target("v2", |x: i64| x * 3).route("v1");
/// let mut pipeline = Pipeline::new("p").stage("model", model);
/// let overdue = std::future::pending(); // say, `tokio::time::sleep(Duration::from_secs(5))`
/// let receipt = pipeline.controller().edit(|e| {
///     e.route("model", "v2")?;
///     e.in_flight(InFlight::fail_after(overdue))
/// })?;
/// assert_eq!(pipeline.call(1)?, 3);
/// assert!(receipt.is_retired(), "a pipeline that is called has nothing in flight between two cycles");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
#[must_use = "a rule does nothing unless it is given to an edit"]
pub struct InFlight(Option<(Late, Deadline)>);

/// What becomes of what is left when the deadline comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Late {
    Fail,
    Resend,
    Drop,
}

/// When it comes.
pub(crate) type Deadline = Pin<Box<dyn Future<Output = ()> + Send>>;

impl InFlight {
    /// Items in flight are waited for, however long they take. This is the rule of an edit that names none.
    pub fn drain() -> Self {
        Self::default()
    }

    /// Items that are left when `deadline` comes fail: each goes to the pipeline's failure handler
    /// ([`OnFailure`](crate::OnFailure)), with the item where it can be had. An item that waits in a buffer can be had; one
    /// that an async stage has begun can be had if that stage keeps clones.
    pub fn fail_after(deadline: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some((Late::Fail, Box::pin(deadline))))
    }

    /// Items that are left when `deadline` comes go again, by the new route: those that no stage of the left branch has
    /// begun, and those begun of which an async stage keeps clones. The others fail, as by
    /// [`fail_after`](InFlight::fail_after).
    ///
    /// What the old way had done with an item that it had begun is not undone: *at least once*. In a sink they come behind
    /// newer items that have gone there meanwhile; where branches meet, the order gate puts them back in their place. Items
    /// that wait in front of what the edit changes, and hold it up, were accepted before it: they fail.
    pub fn resend_after(deadline: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some((Late::Resend, Box::pin(deadline))))
    }

    /// Items that are left when `deadline` comes are let go, and counted as dropped.
    pub fn drop_after(deadline: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(Some((Late::Drop, Box::pin(deadline))))
    }

    /// The deadline, where there is one, and what becomes of what is left then.
    pub(crate) fn into_deadline(self) -> Option<(Late, Deadline)> {
        self.0
    }
}

impl fmt::Debug for InFlight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            None => "InFlight::drain",
            Some((Late::Fail, _)) => "InFlight::fail_after",
            Some((Late::Resend, _)) => "InFlight::resend_after",
            Some((Late::Drop, _)) => "InFlight::drop_after",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::{Context, Waker};

    #[test]
    fn a_rule_keeps_its_deadline_and_what_comes_then() {
        assert!(InFlight::drain().into_deadline().is_none());
        assert!(InFlight::default().into_deadline().is_none());
        let ways = [
            (InFlight::fail_after(std::future::ready(())), Late::Fail, "InFlight::fail_after"),
            (InFlight::resend_after(std::future::ready(())), Late::Resend, "InFlight::resend_after"),
            (InFlight::drop_after(std::future::ready(())), Late::Drop, "InFlight::drop_after"),
        ];
        for (rule, wanted, name) in ways {
            assert_eq!(format!("{rule:?}"), name);
            let (late, mut deadline) = rule.into_deadline().unwrap();
            assert_eq!(late, wanted);
            assert!(deadline.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready(), "it is the one given");
        }
    }
}
