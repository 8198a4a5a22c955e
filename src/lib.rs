//! Pipelines whose route can be changed while items flow.

mod board;
mod chain;
mod commit;
mod control;
mod controller;
mod coroutine;
mod cycle;
mod edit;
mod engine;
mod error;
mod failure;
mod fan;
mod hash;
mod knot;
mod ledger;
mod link;
mod model;
mod name;
mod node;
mod part;
mod pick;
mod pipeline;
mod receipt;
mod route;
mod source;
mod stage;
mod switch;
mod topology;
mod trace;

pub use controller::Controller;
pub use coroutine::{Body, Io, Outlet, Turn, body};
pub use edit::{Edit, EditError};
pub use error::{
    BodyError, BuildError, CallError, Held, Hold, NoReply, Refusal, Rest, SendAllError, SendError, SourceError,
    TakeError,
};
pub use failure::{Failure, OnFailure};
pub use ledger::{Ledger, Row};
pub use name::{Name, NameError, Path, Type};
pub use pipeline::Pipeline;
pub use receipt::{Applied, Cut, Receipt};
pub use route::{PolicyKind, Route, RouteView};
pub use source::{Source, Step};
pub use stage::{
    BoxError, Filter, FilterMap, FlatMap, Inspect, Output, Stage, TryStage, filter, filter_map, flat_map, inspect,
    try_stage,
};
pub use switch::Switch;
pub use topology::{NodeKind, Topology, TopologyNode};
pub use trace::{Hop, Trace, TraceRow};
