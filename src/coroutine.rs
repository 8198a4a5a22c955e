//! Coroutine bodies on `genawaiter`, with errors where it would panic.
//!
//! Three shapes, all of them `async` blocks that are resumed by hand and never by an executor:
//!
//! | shape | handle | runs on | a resume costs |
//! | --- | --- | --- | --- |
//! | [`body`]: a stage that receives and emits | [`Io`] | any thread (`genawaiter::sync`) | once per item, or per batch |
//! | the body of a [`Source`](crate::Source) | [`Outlet`] | its own thread (`genawaiter::rc`) | once per cycle |
//! | the controller of a switch, [`Route::generator`](crate::Route::generator) | [`Turn`] | any thread (`sync`) | once per cycle |
//!
//! What a bare generator does not forgive comes out as a [`BodyError`] here. The handles are not the generator's own: a
//! value waits in a slot of ours, the body is polled exactly once per resume, and a poll that neither yields nor returns
//! is told apart from both. Every handle's method takes `&mut self` and is lazy, so two sends at once do not compile.

mod asking;
mod body;
mod turn;

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use genawaiter::GeneratorState;

use crate::error::BodyError;

pub(crate) use asking::Asking;
pub use asking::Outlet;
pub use body::{Body, Io, body};
pub(crate) use turn::Naming;
pub use turn::Turn;

/// How a resume ended: the body yielded, returned, or waits for something else.
type Resume<R> = Poll<GeneratorState<(), R>>;

/// Polls a resume, once.
#[inline]
fn poll_once<F: Future>(resume: F) -> Poll<F::Output> {
    pin!(resume).poll(&mut Context::from_waker(Waker::noop()))
}

/// Where a body is; set before each resume, so that a panic leaves `Running` behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Running,
    Done,
}

impl State {
    /// Marks the body as running.
    fn enter(&mut self) -> Result<(), BodyError> {
        *self = self.entered()?;
        Ok(())
    }

    /// The state of a body that is resumed in this one.
    fn entered(self) -> Result<Self, BodyError> {
        match self {
            Self::Idle => Ok(Self::Running),
            Self::Running => Err(BodyError::Panicked),
            Self::Done => Err(BodyError::Returned),
        }
    }
}
