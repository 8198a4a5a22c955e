//! A world for tests of asynchronous code in which a seed decides everything: which ready task runs next, who is polled
//! for no reason, how long a sink or a stream lets others wait. A seed that fails once fails each time.
//!
//! One thread, no real time, nothing is awaited by the clock on the wall. Build a [`Sim`](executor::Sim), spawn tasks, `run` until
//! nothing can run any more; the tasks that then sleep do so for ever, which is how a lost wake-up shows.
//!
//! Why our own. What is looked for are lost wake-ups, and each ready-made simulator hides some or ends at the first:
//! `shuttle` and `madsim` panic when nobody can run, so that a sink that stands still on purpose cannot be looked at and
//! resumed; neither polls without a reason, nor lets the wakers of earlier polls die. `shuttle` has no time, and a stack per
//! task. `madsim` moves time on with each poll, brings tokio, and wants the whole build under its own `cfg`. `turmoil` is
//! about networks: its tasks run on tokio in tokio's order, and a seed chooses among messages, not among tasks.
//!
//! | file | what is there |
//! | --- | --- |
//! | `executor` | `Sim`: tasks, and the choice of who runs |
//! | `awake` | who is ready, and the wakers |
//! | `clock` | `Clock`, `Sleep`: time that jumps from sleeper to sleeper |
//! | `seed` | `Rng`, and `seeds`, which runs a check with one seed after the other |
//! | `wait` | `Wait`, `pause`, `Yield`: futures that wait as they are told |
//! | `cancel` | `Cancel`: a future that is dropped half-way |
//! | `tide` | `Tide`: a sink that takes, waits, stands still or fails by a plan; `Gauge` looks at it from outside |
//! | `spring` | `Spring`: a stream that waits by a plan |
//!
//! Each test crate takes it in as `mod sim;`, with `#[allow(dead_code)]` if it leaves parts unused. All parts are used, and tested,
//! in `sim_itself.rs`.

mod awake;
pub(crate) mod cancel;
pub(crate) mod clock;
pub(crate) mod executor;
pub(crate) mod seed;
pub(crate) mod spring;
pub(crate) mod tide;
pub(crate) mod wait;
