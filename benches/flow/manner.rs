//! Three manners of sending a flow elsewhere, and ours, between the same source and the same lines.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use coroute::{Controller, Receipt, Switch, sink};
use futures::channel::{mpsc, oneshot};
use futures::executor::LocalSpawner;
use futures::future::{Either, poll_fn, select};
use futures::stream::BoxStream;
use futures::task::LocalSpawnExt;
use futures::{SinkExt, StreamExt};

use crate::desk::Line;
use crate::fanout::{Control, Fanout};

const NAMES: [&str; 2] = ["a", "b"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// `controller.route("out", "b")`.
    Ours,
    /// The source is not asked any more, the old line drains, the new one takes its place.
    PauseDrainSwap,
    /// A fan-out's line is paused, the old one drains, the new one replaces it.
    FanoutReplace,
    /// A fan-out's line is removed and left to itself, the new one is added.
    FanoutDetach,
}

impl Manner {
    pub(crate) const ALL: [Self; 4] = [Self::Ours, Self::PauseDrainSwap, Self::FanoutReplace, Self::FanoutDetach];

    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::PauseDrainSwap => "pause, drain, swap",
            Self::FanoutReplace => "fan-out: pause, drain, replace",
            Self::FanoutDetach => "fan-out: remove, add",
        }
    }
}

/// Sends a flow to one of two lines.
pub(crate) struct Router {
    lines: [Line; 2],
    at: usize,
    handle: Handle,
    /// How many times the task that does it was polled.
    pub(crate) polls: Arc<AtomicU64>,
}

enum Handle {
    Ours(Controller, Option<Receipt>),
    Swap(mpsc::UnboundedSender<(usize, oneshot::Sender<()>)>),
    Replace(mpsc::UnboundedSender<Control>),
    Detach(mpsc::UnboundedSender<Control>),
}

impl Router {
    /// Starts to send what comes from `source` to the first line.
    pub(crate) fn start(
        manner: Manner,
        spawner: &LocalSpawner,
        source: BoxStream<'static, u64>,
        lines: [Line; 2],
    ) -> Self {
        let polls = Arc::new(AtomicU64::new(0));
        let spawn = |task: std::pin::Pin<Box<dyn Future<Output = ()>>>| {
            let (polls, mut task) = (Arc::clone(&polls), task);
            let counted = poll_fn(move |cx| {
                polls.fetch_add(1, Ordering::Relaxed);
                task.as_mut().poll(cx)
            });
            spawner.spawn_local(counted).unwrap();
        };
        let [a, b] = lines.clone();
        let handle = match manner {
            Manner::Ours => {
                let pipeline = Switch::new("out").target("a", sink(a)).target("b", sink(b)).route("a").into_pipeline();
                let controller = pipeline.controller();
                spawn(Box::pin(async move { source.map(Ok).forward(pipeline).await.unwrap() }));
                Handle::Ours(controller, None)
            }
            Manner::PauseDrainSwap => {
                let (control, controlled) = mpsc::unbounded();
                spawn(Box::pin(swap(source, controlled, [a, b])));
                Handle::Swap(control)
            }
            Manner::FanoutReplace | Manner::FanoutDetach => {
                let (control, controlled) = mpsc::unbounded();
                control.unbounded_send(Control::Add(0, a)).unwrap();
                spawn(Box::pin(Fanout::new(controlled, spawner.clone()).run(source)));
                if manner == Manner::FanoutReplace { Handle::Replace(control) } else { Handle::Detach(control) }
            }
        };
        Self { lines, at: 0, handle, polls }
    }

    /// Sends the flow to the other line. Ends when the call ends that one makes for it in this manner.
    pub(crate) async fn reroute(&mut self) {
        let old = self.at;
        self.at = 1 - old;
        match &mut self.handle {
            Handle::Ours(controller, receipt) => *receipt = Some(controller.route("out", NAMES[self.at]).unwrap()),
            Handle::Swap(control) => {
                let (done, swapped) = oneshot::channel();
                control.unbounded_send((self.at, done)).unwrap();
                swapped.await.unwrap();
            }
            Handle::Replace(control) => {
                control.unbounded_send(Control::Pause(0)).unwrap();
                self.lines[old].desk.drained().await;
                control.unbounded_send(Control::Replace(0, self.lines[self.at].clone())).unwrap();
            }
            Handle::Detach(control) => {
                control.unbounded_send(Control::Remove(old)).unwrap();
                control.unbounded_send(Control::Add(self.at, self.lines[self.at].clone())).unwrap();
            }
        }
    }

    /// Which item went the new way first, where it is told.
    pub(crate) fn first_new(&self) -> Option<u64> {
        match &self.handle {
            Handle::Ours(_, Some(receipt)) => receipt.cut().map(|cut| cut.first_new),
            _ => None,
        }
    }
}

/// Pause, drain, swap.
async fn swap(
    mut source: BoxStream<'static, u64>,
    mut control: mpsc::UnboundedReceiver<(usize, oneshot::Sender<()>)>,
    mut lines: [Line; 2],
) {
    let mut at = 0;
    loop {
        match select(control.next(), source.next()).await {
            Either::Left((Some((to, done)), _)) => {
                lines[at].desk.drained().await;
                at = to;
                // Nobody need wait for it.
                let _ = done.send(());
            }
            Either::Right((Some(item), _)) => lines[at].feed(item).await.unwrap(),
            _ => return,
        }
    }
}
