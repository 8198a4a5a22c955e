//! The controller generator: a source that asks for its next target on every cycle.
//!
//! What to notice: the source never knows where an item will go. It pulls the next target from a queue with one element,
//! and whoever fills the queue decides. First with bare generators, where queue, look-up and priming are all ours; then
//! with a switch, where `Route::once` is the queue with one element and a wrong name is an error that says what to do.

use std::error::Error;
use std::sync::mpsc;

use coroute::trace::{Hop, TraceRow};
use coroute::{NoReply, Recording, Route, Source, Switch};
use genawaiter::GeneratorState::{Complete, Yielded};
use genawaiter::rc::{Co, Gen};

fn lines_of(target: &str, reply: i64) -> [String; 2] {
    [format!("source sending to {target}"), format!("{target} = {reply}")]
}

/// A target as a generator: it receives a number and replies with another.
fn target(function: fn(i64) -> i64) -> Gen<i64, i64, impl Future<Output = ()>> {
    let mut target = Gen::new(|co: Co<i64, i64>| async move {
        let mut reply = 0;
        loop {
            reply = function(co.yield_(reply).await);
        }
    });
    // A generator that has not begun would lose the first number it is sent.
    target.resume_with(0);
    target
}

/// With bare generators.
fn bare() -> Result<Vec<String>, Box<dyn Error>> {
    let (controller, queue) = mpsc::sync_channel(1);
    let mut targets = [("add", target(|x| x + 1)), ("prod", target(|x| x * 2))];
    let mut source = Gen::new(|co: Co<(&str, i64)>| async move {
        for item in [4, 8] {
            let Ok(next) = queue.try_recv() else { return };
            let Some((_, target)) = targets.iter_mut().find(|(name, _)| *name == next) else { return };
            if let Yielded(reply) = target.resume_with(item) {
                co.yield_((next, reply)).await;
            }
        }
    });
    let mut lines = Vec::new();
    for next in ["add", "prod"] {
        controller.send(next)?;
        match source.resume() {
            Yielded((target, reply)) => lines.extend(lines_of(target, reply)),
            Complete(()) => return Err("the source found no target".into()),
        }
    }
    Ok(lines)
}

/// With this crate.
fn with_coroute() -> Result<Vec<String>, Box<dyn Error>> {
    let switch = Switch::new("source").target("add", |x: i64| x + 1).target("prod", |x: i64| x * 2);
    let mut source = Source::new(switch.into_pipeline(), |mut out| async move {
        for item in [4, 8] {
            out.send(item).await?;
        }
        Ok::<(), NoReply<i64>>(())
    });
    let controller = source.controller();
    controller.record(Recording::items().last(1))?;
    let mut lines = Vec::new();
    for next in ["add", "prod"] {
        controller.route("source", Route::once(next))?;
        let reply = source.next().ok_or("the source has ended")??;
        // Not the name that was asked for, but the way that the item went.
        if let [TraceRow::Item { way, .. }] = controller.trace().rows()
            && let [Hop::Target { target, .. }] = way.hops()
        {
            lines.extend(lines_of(target.as_str(), reply));
        }
    }
    Ok(lines)
}

/// What the example prints.
pub(crate) fn output() -> Result<String, Box<dyn Error>> {
    let (bare, with_coroute) = (bare()?, with_coroute()?);
    assert_eq!(bare, with_coroute);
    Ok(with_coroute.join("\n") + "\n")
}

fn main() -> Result<(), Box<dyn Error>> {
    print!("{}", output()?);
    Ok(())
}
