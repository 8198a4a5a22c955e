//! The two smallest pipelines: functions in a row, and a source that is told where to send.

use std::error::Error;
use std::io::Read;

use coroute::{Library, Pipeline, Recording, Switch};

use super::scene::{Items, Notes, Scene, lines};

fn add(x: i64) -> i64 {
    x.saturating_add(1)
}

fn prod(x: i64) -> i64 {
    x.saturating_mul(2)
}

fn power(x: i64) -> i64 {
    x.saturating_pow(3)
}

fn neg(x: i64) -> i64 {
    x.saturating_neg()
}

/// Numbers through three functions in a row.
pub(crate) fn sum(input: impl Read + 'static) -> Scene<i64, i64> {
    scene(Pipeline::new("sum").stage("add", add).stage("prod", prod).stage("power", power), input)
}

/// Numbers to one of two functions, or to none yet.
pub(crate) fn source(input: impl Read + 'static) -> Scene<i64, i64> {
    scene(Switch::new("source").target("add", add).target("prod", prod).into_pipeline(), input)
}

fn scene(pipeline: Pipeline<i64, i64>, input: impl Read + 'static) -> Scene<i64, i64> {
    let library = Library::new()
        .stage("add", || add)
        .stage("prod", || prod)
        .stage("power", || power)
        .stage("neg", || neg)
        .predicate("even", |x: &i64| x % 2 == 0);
    let recording = Recording::items().debug::<i64>();
    Scene { pipeline, library, items: numbers(input), recording, notes: Notes::default() }
}

/// A number a line; empty lines count for nothing.
fn numbers(input: impl Read + 'static) -> Items<i64> {
    let wanted = lines(input).filter(|line| !line.as_ref().is_ok_and(|(_, line)| line.trim().is_empty()));
    Box::new(wanted.map(|line| -> Result<i64, Box<dyn Error>> {
        let (number, line) = line?;
        Ok(line.trim().parse().map_err(|error| format!("line {number} of the input is {line:?}: {error}"))?)
    }))
}
