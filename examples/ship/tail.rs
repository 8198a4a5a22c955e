//! The tail of a file that grows.

use std::path::PathBuf;
use std::time::Duration;

use futures::channel::mpsc::UnboundedSender;
use tokio::fs::File;
use tokio::io::{self, AsyncBufReadExt, BufReader};
use tokio::time::sleep;

use super::window::Window;

/// A line of the file, with its number, which begins at 1.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) number: u64,
    /// As it travels: the number, a space, the line.
    frame: String,
}

impl Line {
    fn new(number: u64, text: &str) -> Self {
        Self { number, frame: format!("{number} {text}") }
    }
}

impl AsRef<str> for Line {
    fn as_ref(&self) -> &str {
        &self.frame
    }
}

/// Reads the file line by line, as it grows, until the writer has ended; each line goes into the window, then out.
///
/// Waits while the window is full, which bounds what may be sent to `out` and not be read yet.
pub(crate) async fn follow(
    path: PathBuf,
    writer_ended: impl Fn() -> bool,
    window: Window,
    out: UnboundedSender<Line>,
) -> io::Result<()> {
    let mut file = BufReader::new(File::open(path).await?);
    let (mut number, mut text) = (0, String::new());
    loop {
        // Asked before the read, so that nothing is written between a last read and a late answer.
        let ended = writer_ended();
        file.read_line(&mut text).await?;
        if text.ends_with('\n') {
            number += 1;
            let line = Line::new(number, text.trim_end());
            window.enter(line.clone()).await;
            // If nobody reads any more, the pipeline has failed, and says so itself.
            let _ = out.unbounded_send(line);
            text.clear();
        } else if ended {
            return Ok(());
        } else {
            // Half a line stays in `text`, and the other half is read to it.
            sleep(Duration::from_millis(5)).await;
        }
    }
}
