//! The other end: a server that stores lines, acknowledges each by its number, and goes wrong once.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::io;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::sleep;
use tokio_util::codec::{Framed, LinesCodec};

use super::link::SOCKET_BUFFER;

/// How a receiver goes wrong when it has stored a line and not acknowledged it yet.
pub(crate) enum Fault {
    /// It is killed, so that its connections are reset, and started again a moment later.
    Dies,
    /// It does not read on, and leaves the connection open.
    StopsReading,
}

/// What a receiver has stored, by the number of the line: it outlives its restart, as a disk would.
pub(crate) type Store = BTreeMap<u64, Stored>;

pub(crate) struct Stored {
    pub(crate) line: String,
    /// How often it came. The first is kept.
    pub(crate) times: u64,
}

/// A server, in a task of its own.
pub(crate) struct Receiver {
    pub(crate) name: &'static str,
    pub(crate) address: SocketAddr,
    store: Arc<Mutex<Store>>,
}

impl Receiver {
    /// Starts it on a port that is free. It goes wrong when it has stored so many lines.
    pub(crate) async fn start(name: &'static str, fault: Fault, after: usize) -> io::Result<Self> {
        let listener = listen((Ipv4Addr::LOCALHOST, 0).into())?;
        let address = listener.local_addr()?;
        let store = Arc::default();
        tokio::spawn(serve(listener, address, Arc::clone(&store), fault, after));
        Ok(Self { name, address, store })
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Store> {
        look(&self.store)
    }
}

fn listen(on: SocketAddr) -> io::Result<TcpListener> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_recv_buffer_size(SOCKET_BUFFER)?;
    socket.bind(on)?;
    socket.listen(8)
}

async fn serve(
    mut listener: TcpListener,
    address: SocketAddr,
    store: Arc<Mutex<Store>>,
    fault: Fault,
    after: usize,
) -> io::Result<()> {
    let (mut limit, mut unread) = (Some(after), None);
    loop {
        let (connection, _) = listener.accept().await?;
        connection.set_nodelay(true)?;
        let Some(connection) = receive(connection, &store, limit).await else { continue };
        limit = None;
        match fault {
            Fault::Dies => {
                connection.set_zero_linger()?;
                drop((connection, listener));
                sleep(Duration::from_millis(100)).await;
                listener = listen(address)?;
            }
            Fault::StopsReading => drop(unread.replace(connection)),
        }
    }
}

/// Stores and acknowledges until the connection ends; gives it back when the store has come to the limit.
async fn receive(connection: TcpStream, store: &Mutex<Store>, limit: Option<usize>) -> Option<TcpStream> {
    let mut peer = Framed::new(connection, LinesCodec::new());
    while let Some(Ok(frame)) = peer.next().await {
        let (number, line) = frame.split_once(' ')?;
        let stored = {
            let mut store = look(store);
            store.entry(number.parse().ok()?).or_insert_with(|| Stored { line: line.into(), times: 0 }).times += 1;
            store.len()
        };
        if limit == Some(stored) {
            return Some(peer.into_inner());
        }
        peer.send(number).await.ok()?;
    }
    None
}

fn look(store: &Mutex<Store>) -> MutexGuard<'_, Store> {
    store.lock().unwrap_or_else(PoisonError::into_inner)
}
