//! The fan-out that one builds first, and that has the bugs.
//!
//! A pump takes an item, copies it to a queue for each sink, then obeys the orders that have come meanwhile. A sink is
//! exchanged in three steps, as Vector does it: it is paused, which makes the pump wait; it drains; the new one takes its place.

use std::collections::BTreeMap;

use futures::channel::{mpsc, oneshot};
use futures::future::LocalBoxFuture;
use futures::stream::Fuse;
use futures::{FutureExt, SinkExt, StreamExt};

use super::FanOut;
use super::sim::executor::Sim;
use super::sim::spring::Spring;
use super::sim::tide::Tide;

/// The bugs are here.
pub(crate) struct Naive {
    orders: mpsc::UnboundedSender<Order>,
}

type Queue = mpsc::UnboundedSender<u32>;

enum Order {
    Add(&'static str, Tide<u32>),
    /// The sink that stands in its place comes when the old one has drained.
    Pause(&'static str, Tide<u32>),
}

struct Pump {
    /// `None` while it is paused.
    queues: BTreeMap<&'static str, Option<Queue>>,
    workers: mpsc::UnboundedSender<Worker>,
    reload: Option<(&'static str, Tide<u32>, oneshot::Receiver<()>)>,
    drained: BTreeMap<&'static str, oneshot::Receiver<()>>,
}

/// What carries items from a queue to its sink.
type Worker = LocalBoxFuture<'static, ()>;

impl Pump {
    fn obey(&mut self, order: Order) {
        match order {
            Order::Add(name, sink) => {
                assert!(!self.queues.contains_key(name), "adding {name:?} twice");
                self.open(name, sink);
            }
            Order::Pause(name, by) => {
                assert!(self.queues.insert(name, None).is_some(), "pausing {name:?}, which is not there");
                self.reload = self.drained.remove(name).map(|drained| (name, by, drained));
            }
        }
    }

    fn open(&mut self, name: &'static str, mut sink: Tide<u32>) {
        let (queue, mut items) = mpsc::unbounded();
        let (done, drained) = oneshot::channel();
        let worker = async move {
            while let Some(item) = items.next().await {
                sink.send(item).await.expect("no sink here fails");
            }
            sink.close().await.expect("no sink here fails");
            let _ = done.send(());
        };
        self.workers.unbounded_send(worker.boxed_local()).expect("the workshop lives as long as the pump");
        self.queues.insert(name, Some(queue));
        self.drained.insert(name, drained);
    }

    fn send(&self, item: u32) {
        for queue in self.queues.values().flatten() {
            queue.unbounded_send(item).expect("a worker ends with its queue");
        }
    }
}

impl FanOut for Naive {
    fn start(sim: &mut Sim, mut items: Spring<u32>, sinks: Vec<(&'static str, Tide<u32>)>) -> Self {
        let (workers, work) = mpsc::unbounded();
        sim.spawn("workers", work.for_each_concurrent(None, |worker: Worker| worker));
        let (orders, mut inbox) = mpsc::unbounded();
        let mut pump = Pump { queues: BTreeMap::new(), workers, reload: None, drained: BTreeMap::new() };
        sinks.into_iter().for_each(|(name, sink)| pump.open(name, sink));
        sim.spawn("pump", async move {
            while let Some(item) = items.next().await {
                pump.send(item);
                while let Ok(order) = inbox.try_recv() {
                    pump.obey(order);
                    if let Some((name, by, drained)) = pump.reload.take() {
                        drained.await.expect("a worker says when it is done");
                        pump.open(name, by);
                    }
                }
            }
        });
        Self { orders }
    }

    fn add(&self, name: &'static str, sink: Tide<u32>) -> Result<(), String> {
        self.orders.unbounded_send(Order::Add(name, sink)).map_err(|error| error.to_string())
    }

    fn replace(&self, name: &'static str, by: Tide<u32>) -> Result<(), String> {
        self.orders.unbounded_send(Order::Pause(name, by)).map_err(|error| error.to_string())
    }

    type Carrier = Tide<u32>;

    fn carrier(sink: Tide<u32>) -> Self::Carrier {
        sink
    }

    fn carry<'a>(sink: &'a mut Tide<u32>, items: &'a mut Fuse<Spring<u32>>) -> LocalBoxFuture<'a, ()> {
        let carry = async {
            while let Some(item) = items.next().await {
                sink.feed(item).await.expect("no sink here fails");
            }
            sink.flush().await.expect("no sink here fails");
        };
        carry.boxed_local()
    }
}
