//! Pipelines whose route can be changed while items flow.
//!
//! A running pipeline is asked to send its items elsewhere, take a stage in, let one go, split, tap or drain, and nobody
//! wants to stop it for that, nor to find out afterwards which items met half of the old and half of the new. Here the
//! route is read on every cycle, and a change takes effect between two items.
//!
//! ```
//! use coroute::{Pipeline, Switch};
//!
//! let model = Switch::new("model").target("v1", |x: i64| x * 2).target("v2", |x: i64| x * 3).route("v1");
//! let mut pipeline = Pipeline::new("p").stage("add", |x: i64| x + 1).stage("model", model);
//! let controller = pipeline.controller(); // for any thread
//! assert_eq!(pipeline.call(1)?, 4);
//! controller.route("model", "v2")?;
//! controller.insert_after("add", "neg", |x: i64| -x)?;
//! assert_eq!(pipeline.call(1)?, -6);
//! assert_eq!(controller.ledger().delivered(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What never happens: an item is lost, comes out twice or out of order; it is processed half by one revision and half by
//! another; an edit is seen in part; an edit that was committed fails later; a refused edit changes anything.
//!
//! # Which part do I want?
//!
//! | to | take |
//! | --- | --- |
//! | chain functions and change the chain while it runs | [`Pipeline`] |
//! | send items to one or several of many targets | [`Switch`], with a [`Route`] |
//! | make changes, from anywhere | [`Controller`]; several at once: [`Edit`] |
//! | know when a change took effect, and have back what it took out | [`Receipt`] |
//! | put a pipeline between streams and sinks | [`ThroughExt::through`], [`Pipeline::drive`], [`Pipeline::flow`]; see the [guide](guide::tasks) |
//! | run a pipeline on a thread of its own | [`Pipeline::spawn`], [`Pipeline::run`] |
//! | have items wait: work that takes time, queues, sinks | [`async_stage`], [`try_async_stage`], [`buffer`], [`sink`], [`shared`] |
//! | leave what is stalled | [`InFlight`] |
//! | produce items in a coroutine that is answered | [`Source`] |
//! | write a stage as a coroutine | [`body`] |
//! | write a stage with a name and a state | [`Stage`] |
//! | drop, unfold, observe, fail | [`filter`], [`filter_map`], [`flat_map`], [`inspect`], [`try_stage`] |
//! | decide about failures | [`OnFailure`] |
//! | write edits down against cycles, check and play them | [`Script`], with a [`Library`] and a [`Player`] |
//! | see what there is, what happened, and where it went | [`Topology`] and its [drawings](topology::Drawing), [`Ledger`], [`Trace`] |
//!
//! # Features
//!
//! | feature | what it brings |
//! | --- | --- |
//! | `miette` | [`ScriptError`]s as reports with frames and colours |
//! | `serde` | all that can be seen, written and read in the formats of others |
//! | `tower` | `tower_stage`: a `tower::Service` as a stage |
//! | `testing` | `coroute::testing`: a reference, checks of the guarantees and random scripts, for tests of your own pipelines |
//!
//! The [`guide`] says what happens when, where the limits are, why it is as it is, and what it costs.

mod board;
mod boundary;
mod chain;
mod change;
mod commit;
mod control;
mod controller;
mod coroutine;
mod crew;
mod cycle;
mod edit;
mod engine;
mod error;
mod failure;
mod fan;
pub mod guide;
mod hash;
mod in_flight;
mod join;
mod knot;
mod lane;
mod ledger;
mod library;
mod link;
mod meet;
mod model;
mod name;
mod node;
mod outlet;
mod packet;
mod parker;
mod part;
mod pick;
mod pipeline;
mod receipt;
mod roster;
mod route;
mod running;
pub mod script;
mod shared;
mod sinks;
mod source;
mod stage;
mod staged;
mod stream;
mod switch;
#[cfg(feature = "testing")]
pub mod testing;
pub mod threads;
pub mod topology;
pub mod trace;
mod waiting;

pub use change::{Change, Made, Position};
pub use controller::Controller;
pub use coroutine::{Body, Io, Outlet, Turn, body};
pub use edit::{Edit, EditError};
pub use error::{
    BodyError, BuildError, CallError, Closed, FinishError, FlowError, FlushError, Held, Hold, NoReply, NotSpawned,
    Panic, Refusal, Rest, SendAllError, SendError, SourceError, Stopped, TakeError, TryRecvError, TrySendError, Unsent,
    UnsentAll,
};
pub use failure::{Failure, OnFailure};
pub use in_flight::InFlight;
pub use ledger::{Ledger, Row};
pub use library::Library;
pub use name::{Name, NameError, Path, Type};
pub use pipeline::{Pipeline, Remains, ThreadStage, WorkersStage, thread, workers};
pub use receipt::{Applied, Cut, Receipt, Retired};
pub use route::{PolicyKind, Route, RouteView};
pub use running::{Ends, Finished, Handle, JoinError, Outputs, Receiver, Running, Sender, SpawnError};
pub use script::{PlayError, Player, RunError, Script, ScriptError};
pub use shared::{Shared, SharedEnded, shared};
pub use sinks::{SinkStage, sink};
pub use source::{Replies, Source, Step};
pub use stage::{
    BoxError, Filter, FilterMap, FlatMap, Inspect, Output, Stage, TryStage, filter, filter_map, flat_map, inspect,
    try_stage,
};
pub use stream::{Drive, Flow, Through, ThroughExt};
pub use switch::Switch;
pub use threads::Threads;
pub use topology::Topology;
pub use trace::{RecordError, Recording, Trace};
pub use waiting::{AsyncStage, Queue, TimedOut, TryAsyncStage, async_stage, buffer, try_async_stage};
#[cfg(feature = "tower")]
pub use waiting::{ServiceStage, tower_stage};

/// The README's examples are tested with the documentation's.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
