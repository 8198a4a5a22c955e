//! A target of the switch: a queue, and a connection to a receiver.

use std::future::ready;
use std::net::SocketAddr;

use coroute::Pipeline;
use futures::{SinkExt, StreamExt};
use tokio::io;
use tokio::net::TcpSocket;
use tokio_util::codec::{FramedRead, FramedWrite, LinesCodec, LinesCodecError};

use super::tail::Line;
use super::window::{Connection, Window};

/// Small, so that a receiver that stops reading is noticed soon.
pub(crate) const SOCKET_BUFFER: u32 = 16 * 1024;

/// The name of a connection in its target.
pub(crate) fn stage_name(number: Connection) -> String {
    format!("tcp-{number}")
}

/// Connects to a receiver. What it acknowledges leaves the window; what the connection takes is noted there.
pub(crate) async fn connect(to: SocketAddr, number: Connection, window: &Window) -> io::Result<Pipeline<Line, ()>> {
    let socket = TcpSocket::new_v4()?;
    socket.set_send_buffer_size(SOCKET_BUFFER)?;
    socket.set_nodelay(true)?;
    let (read, write) = socket.connect(to).await?.into_split();

    let acknowledged = window.clone();
    tokio::spawn(async move {
        let mut numbers = FramedRead::new(read, LinesCodec::new());
        // Until the connection breaks. Who sends notices as well, and reports it.
        while let Some(Ok(number)) = numbers.next().await {
            if let Ok(number) = number.parse() {
                acknowledged.acknowledge(number);
            }
        }
    });

    let taken = window.clone();
    let mut frames = FramedWrite::new(write, LinesCodec::new());
    // Each line is written before the next is taken; so what comes after the connection broke is refused, and comes back.
    frames.set_backpressure_boundary(1);
    let connection = frames.with(move |line: Line| {
        taken.take(line.number, number);
        ready(Ok::<_, LinesCodecError>(line))
    });
    Ok(Pipeline::new("link").buffer("queue", 64).sink(stage_name(number), connection))
}
