//! The guide: what the crate promises, how it is meant, and what it costs.

#[doc = include_str!("guide/semantics.md")]
pub mod semantics {}

#[doc = include_str!("guide/tasks.md")]
pub mod tasks {}

#[doc = include_str!("guide/threads.md")]
pub mod threads {}

#[doc = include_str!("guide/drawing.md")]
pub mod drawing {}

#[doc = include_str!("guide/testing.md")]
pub mod testing {}

#[doc = include_str!("guide/limits.md")]
pub mod limits {}

#[doc = include_str!("guide/why.md")]
pub mod why {}

#[doc = include_str!("guide/speed.md")]
#[doc = include_str!("guide/speed_tasks.md")]
#[doc = include_str!("guide/throughput.svg")]
#[doc = include_str!("guide/speed_threads.md")]
pub mod speed {}

#[doc = include_str!("guide/scripts.md")]
pub mod scripts {}
