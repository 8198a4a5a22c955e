//! The fan-out as a pipeline.

use std::sync::Mutex;

use coroute::{Controller, Pipeline, Route, Switch};
use futures::FutureExt;
use futures::future::LocalBoxFuture;
use futures::stream::Fuse;

use super::FanOut;
use super::sim::executor::Sim;
use super::sim::spring::Spring;
use super::sim::tide::Tide;

pub(crate) struct Ours {
    controller: Controller,
    names: Mutex<Vec<&'static str>>,
}

/// A target: a short queue of its own, behind which a sink that stands still holds up the others.
fn target(sink: Tide<u32>) -> Pipeline<u32, ()> {
    Pipeline::new("target").buffer("queue", 2).sink("sink", sink)
}

fn fan(sinks: Vec<(&'static str, Tide<u32>)>) -> Pipeline<u32, ()> {
    let names: Vec<_> = sinks.iter().map(|(name, _)| *name).collect();
    let route = if names.is_empty() { Route::none() } else { Route::all(names) };
    let fan = Switch::new("fan").cloned();
    sinks.into_iter().fold(fan, |fan, (name, sink)| fan.target(name, target(sink))).route(route).into_pipeline()
}

impl FanOut for Ours {
    fn start(sim: &mut Sim, items: Spring<u32>, sinks: Vec<(&'static str, Tide<u32>)>) -> Self {
        let names = Mutex::new(sinks.iter().map(|(name, _)| *name).collect());
        let mut pipeline = fan(sinks);
        let controller = pipeline.controller();
        sim.spawn("pipeline", async move {
            let ledger = pipeline.drive(items).await.unwrap();
            assert!(ledger.is_balanced(), "{ledger}");
        });
        Self { controller, names }
    }

    fn add(&self, name: &'static str, sink: Tide<u32>) -> Result<(), String> {
        let mut names = self.names.lock().unwrap();
        let all = names.iter().copied().chain([name]);
        let edit = self.controller.edit(|edit| {
            edit.attach("fan", name, target(sink))?;
            edit.route("fan", Route::all(all))
        });
        edit.map_err(|error| error.to_string())?;
        names.push(name);
        Ok(())
    }

    fn replace(&self, name: &'static str, by: Tide<u32>) -> Result<(), String> {
        let edit = self.controller.replace(format!("fan/{name}"), target(by));
        edit.map(|_| ()).map_err(|error| error.to_string())
    }

    type Carrier = Pipeline<u32, ()>;

    fn carrier(sink: Tide<u32>) -> Self::Carrier {
        fan(vec![("sink", sink)])
    }

    fn carry<'a>(carrier: &'a mut Self::Carrier, items: &'a mut Fuse<Spring<u32>>) -> LocalBoxFuture<'a, ()> {
        carrier.drive(items).map(|ledger| drop(ledger.unwrap())).boxed_local()
    }
}
