//! A fan-out in the manner of Vector (`lib/vector-core/src/fanout.rs` there), rebuilt on the channels that all use here.
//!
//! A task sends each item to all of its lines and takes control messages in between. While a line is paused nothing is sent
//! at all; a send that still waits for room is detached when its line is paused or removed, and goes on by itself. Messages
//! are looked at when there is an item.

use std::task::Poll;

use futures::channel::mpsc;
use futures::executor::LocalSpawner;
use futures::future::{Either, LocalBoxFuture, pending, poll_fn, select};
use futures::stream::BoxStream;
use futures::task::LocalSpawnExt;
use futures::{FutureExt, SinkExt, StreamExt};

use crate::desk::Line;

/// A name of a line; it stays when the line is replaced.
pub(crate) type Id = usize;

pub(crate) enum Control {
    Add(Id, Line),
    Remove(Id),
    /// Nothing is sent before it is replaced.
    Pause(Id),
    Replace(Id, Line),
}

pub(crate) struct Fanout {
    lines: Vec<(Id, Option<Line>)>,
    control: mpsc::UnboundedReceiver<Control>,
    spawner: LocalSpawner,
}

/// Sends of one item that wait for room; each gives its line back.
type Sends = Vec<(Id, LocalBoxFuture<'static, Line>)>;

impl Fanout {
    pub(crate) fn new(control: mpsc::UnboundedReceiver<Control>, spawner: LocalSpawner) -> Self {
        Self { lines: Vec::new(), control, spawner }
    }

    pub(crate) async fn run(mut self, mut source: BoxStream<'static, u64>) {
        while let Some(item) = source.next().await {
            self.send(item).await;
        }
    }

    async fn send(&mut self, item: u64) {
        let mut sends = Sends::new();
        while let Ok(message) = self.control.try_recv() {
            self.apply(message, &mut sends);
        }
        while self.lines.iter().any(|(_, line)| line.is_none()) {
            let Some(message) = self.control.next().await else { return pending().await };
            self.apply(message, &mut sends);
        }
        for (id, line) in &mut self.lines {
            let mut line = line.take().expect("nothing is paused");
            sends.push((
                *id,
                Box::pin(async move {
                    line.feed(item).await.unwrap();
                    line
                }),
            ));
        }
        while !sends.is_empty() {
            let sent = poll_fn(|cx| {
                let sent = sends.iter_mut().enumerate().find_map(|(at, (_, send))| match send.as_mut().poll(cx) {
                    Poll::Ready(line) => Some((at, line)),
                    Poll::Pending => None,
                });
                sent.map_or(Poll::Pending, Poll::Ready)
            });
            match select(self.control.next(), sent).await {
                Either::Left((Some(message), _)) => self.apply(message, &mut sends),
                Either::Left((None, sent)) => {
                    let (at, line) = sent.await;
                    self.put_back(sends.swap_remove(at).0, line);
                }
                Either::Right(((at, line), _)) => self.put_back(sends.swap_remove(at).0, line),
            }
        }
    }

    fn put_back(&mut self, id: Id, line: Line) {
        if let Some((_, place)) = self.lines.iter_mut().find(|(other, _)| *other == id) {
            *place = Some(line);
        }
    }

    fn apply(&mut self, message: Control, sends: &mut Sends) {
        match message {
            Control::Add(id, line) => self.lines.push((id, Some(line))),
            Control::Replace(id, line) => self.put_back(id, line),
            Control::Remove(id) => {
                self.lines.retain(|(other, _)| *other != id);
                self.detach(id, sends);
            }
            Control::Pause(id) => {
                self.lines.iter_mut().filter(|(other, _)| *other == id).for_each(|(_, line)| *line = None);
                self.detach(id, sends);
            }
        }
    }

    /// Lets a send that waits for room go on by itself.
    fn detach(&self, id: Id, sends: &mut Sends) {
        if let Some(at) = sends.iter().position(|(other, _)| *other == id) {
            let (_, send) = sends.swap_remove(at);
            self.spawner.spawn_local(send.map(drop)).unwrap();
        }
    }
}
