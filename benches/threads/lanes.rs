//! One hop from a thread to the next: the queue that a pipeline's own thread and a stage's have between them, beside channels
//! used plainly.
//!
//! Packets go through it, so a batch is a `Vec` on both sides. It is filled and emptied as the engine does it: polled, by a
//! thread that sleeps when it has to wait. Whatever the batch, 1024 items may wait.

use std::future::poll_fn;
use std::hint::black_box;
use std::thread;

use crate::contest::{Side, side};
use crate::hop::{ROOM, Receives, Sends};
use crate::lane::{Drain, Feed, Full, lane};
use crate::parker::block_on;

pub(crate) fn sides(batch: usize) -> Vec<Side> {
    if batch == 1 {
        return vec![
            side("ours", move |items| hop(items, lane(ROOM), |x| x, |x| x)),
            side("crossbeam", move |items| hop(items, crossbeam_channel::bounded(ROOM), |x| x, |x| x)),
            side("kanal", move |items| hop(items, kanal::bounded(ROOM), |x| x, |x| x)),
            side("crossfire", move |items| hop(items, crossfire::spsc::bounded_blocking(ROOM), |x| x, |x| x)),
        ];
    }
    let (room, size) = (ROOM / batch, batch as u64);
    let fill = move |x: u64| (x * size..(x + 1) * size).collect::<Vec<u64>>();
    let add = |batch: Vec<u64>| batch.into_iter().fold(0, |sum, x| sum ^ x);
    vec![
        side("ours", move |items| hop(items / size, lane(room), fill, add)),
        side("crossbeam", move |items| hop(items / size, crossbeam_channel::bounded(room), fill, add)),
        side("kanal", move |items| hop(items / size, kanal::bounded(room), fill, add)),
        side("crossfire", move |items| hop(items / size, crossfire::spsc::bounded_blocking(room), fill, add)),
    ]
}

/// Gives what `make` makes of each number to this thread, which adds up what `add` says of it.
fn hop<T, S: Sends<T>, R: Receives<T>>(
    count: u64,
    (sender, receiver): (S, R),
    make: impl Fn(u64) -> T + Send + 'static,
    add: impl Fn(T) -> u64,
) {
    let sending = thread::spawn(move || (0..count).for_each(|x| sender.give(make(x))));
    let (mut sum, mut came) = (0, 0);
    while let Some(next) = receiver.take() {
        sum ^= add(next);
        came += 1;
    }
    sending.join().unwrap();
    assert_eq!(came, count);
    black_box(sum);
}

impl<T: Send + 'static> Sends<T> for Feed<T> {
    fn give(&self, mut value: T) {
        while let Err(refused) = self.push(value) {
            let Full::Full(back) = refused else { panic!("it is open") };
            value = back;
            block_on(poll_fn(|task| self.poll_room(task)));
        }
    }
}

impl<T: Send + 'static> Receives<T> for Drain<T> {
    fn take(&self) -> Option<T> {
        self.pop().or_else(|| block_on(poll_fn(|task| self.poll_pop(task))))
    }
}
