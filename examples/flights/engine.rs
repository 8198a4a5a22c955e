//! The engines that the job runs on: what differs between them, and all that does.

use std::error::Error;
use std::str::FromStr;

use coroute::{Controller, Ledger, Pipeline, Receipt, Running};
use futures::SinkExt;

use super::line::Line;

/// Which engine the job runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Which {
    #[default]
    Local,
    Async,
    Threads,
}

impl FromStr for Which {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "local" => Ok(Self::Local),
            "async" => Ok(Self::Async),
            "threads" => Ok(Self::Threads),
            _ => Err(format!("there is no engine {name:?}; there is local, async and threads")),
        }
    }
}

/// A pipeline that runs.
pub(crate) enum Engine {
    /// In this thread, item by item.
    Local(Pipeline<Line, ()>),
    /// In the task that sends; a pipeline that ends in sinks is a `Sink`.
    Async(Pipeline<Line, ()>),
    /// On threads of its own.
    Threads(Running<Line, ()>),
}

impl Engine {
    pub(crate) fn start(which: Which, pipeline: Pipeline<Line, ()>) -> Result<Self, Box<dyn Error>> {
        Ok(match which {
            Which::Local => Self::Local(pipeline),
            Which::Async => Self::Async(pipeline),
            Which::Threads => Self::Threads(pipeline.spawn()?),
        })
    }

    pub(crate) fn controller(&self) -> Controller {
        match self {
            Self::Local(pipeline) | Self::Async(pipeline) => pipeline.controller(),
            Self::Threads(running) => running.controller(),
        }
    }

    pub(crate) async fn send(&mut self, line: Line) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Local(pipeline) => pipeline.send(line, |()| ())?,
            Self::Async(pipeline) => pipeline.feed(line).await?,
            Self::Threads(running) => running.send_async(line).await?,
        }
        Ok(())
    }

    /// Waits until all that was sent is accepted: then an edit comes where it is meant to, wherever the items are.
    pub(crate) async fn settle(&mut self) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Local(_) | Self::Async(_) => Ok(()),
            Self::Threads(running) => Ok(running.settle_async().await?),
        }
    }

    /// Waits until all that was sent has come to its end, so that figures can be read.
    pub(crate) async fn flush(&mut self) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Local(_) => Ok(()),
            Self::Async(pipeline) => Ok(pipeline.flush().await?),
            Self::Threads(running) => Ok(running.flush_async().await?),
        }
    }

    /// Waits until an edit is applied, and what it has taken out can be had. The next item would do as much.
    pub(crate) async fn apply(&mut self, receipt: &Receipt) -> Result<(), Box<dyn Error>> {
        match self {
            Self::Local(pipeline) => pipeline.apply(),
            Self::Async(pipeline) => pipeline.flush().await?,
            Self::Threads(_) => drop(receipt.retired().await),
        }
        Ok(())
    }

    /// Tells the end of the stream and waits until it has come through; the counts then.
    pub(crate) async fn finish(self) -> Result<Ledger, Box<dyn Error>> {
        match self {
            Self::Local(mut pipeline) => {
                pipeline.finish(|()| ())?;
                Ok(pipeline.ledger())
            }
            Self::Async(mut pipeline) => {
                pipeline.close().await?;
                Ok(pipeline.ledger())
            }
            Self::Threads(running) => Ok(running.finish()?.ledger),
        }
    }
}
