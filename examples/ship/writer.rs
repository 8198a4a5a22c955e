//! Who writes the file: rows of a month of flights, now a few bytes, now hundreds of lines at once, and half a line as well.

use std::path::PathBuf;
use std::time::Duration;

use tokio::fs::OpenOptions;
use tokio::io::{self, AsyncWriteExt};
use tokio::time::sleep;

/// So many rows of the month that is shipped with the examples, which begins again when it is over.
pub(crate) fn rows(count: u64) -> impl Iterator<Item = &'static str> {
    let flights = include_str!("../data/flights-2013-01.csv");
    (0..count).zip(flights.lines().skip(1).cycle()).map(|(_, row)| row)
}

/// Appends the rows to the file.
pub(crate) async fn write(path: PathBuf, count: u64, mut seed: u64) -> io::Result<()> {
    let text: String = rows(count).flat_map(|row| [row, "\n"]).collect();
    let mut file = OpenOptions::new().append(true).open(path).await?;
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Up to 64 KiB, by powers of two, so that most are much smaller.
        let piece = 1 + (seed >> 48 >> (seed >> 44 & 15)) as usize;
        let (piece, later) = rest.split_at(piece.min(rest.len()));
        file.write_all(piece).await?;
        file.flush().await?;
        rest = later;
        sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
