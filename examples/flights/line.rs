//! The lines of a file, not looked at yet.

use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};

use csv::{ByteRecord, ReaderBuilder};

/// The lines of a file that are not empty, in order.
pub(crate) struct Lines<R> {
    reader: BufReader<R>,
    /// How many lines were read, empty ones included.
    read: u64,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { reader: BufReader::new(input), read: 0 }
    }

    pub(crate) fn next(&mut self) -> io::Result<Option<Line>> {
        loop {
            let mut bytes = Vec::new();
            if self.reader.read_until(b'\n', &mut bytes)? == 0 {
                return Ok(None);
            }
            self.read += 1;
            bytes.truncate(bytes.trim_ascii_end().len());
            if !bytes.is_empty() {
                return Ok(Some(Line { number: self.read, bytes }));
            }
        }
    }

    /// Reads the first line, which names the columns; those `wanted` have to be among them.
    pub(crate) fn header(&mut self, wanted: &[&str]) -> Result<ByteRecord, Box<dyn Error>> {
        let Some(mut line) = self.next()? else {
            return Err(
                format!("the input is empty; its first line has to name the columns {}", wanted.join(", ")).into()
            );
        };
        // A byte order mark is no part of the first name.
        if line.bytes.starts_with("\u{feff}".as_bytes()) {
            line.bytes.drain(.."\u{feff}".len());
        }
        let header = line.fields()?;
        let is_there = |name: &str| header.iter().any(|field| field == name.as_bytes());
        let missing: Vec<_> = wanted.iter().copied().filter(|name| !is_there(name)).collect();
        if missing.is_empty() {
            return Ok(header);
        }
        Err(format!("columns are missing: {}; the first line is {line}", missing.join(", ")).into())
    }
}

/// A line of the file.
pub(crate) struct Line {
    /// 1 for the first.
    pub(crate) number: u64,
    bytes: Vec<u8>,
}

impl Line {
    /// The line, cut at its commas.
    ///
    /// A line with quotation marks has a csv reader of its own, so that one that is not closed spoils no other line.
    pub(crate) fn fields(&self) -> csv::Result<ByteRecord> {
        if !self.bytes.contains(&b'"') {
            return Ok(self.bytes.split(|byte| *byte == b',').collect());
        }
        let mut fields = ByteRecord::new();
        let mut reader = ReaderBuilder::new().has_headers(false).from_reader(&*self.bytes);
        reader.read_byte_record(&mut fields)?;
        Ok(fields)
    }
}

impl fmt::Display for Line {
    /// The text, if it is not too long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 160;
        let text = String::from_utf8_lossy(&self.bytes);
        let mut chars = text.chars();
        chars.by_ref().take(LONGEST).try_for_each(|c| write!(f, "{}", if c.is_control() { ' ' } else { c }))?;
        f.write_str(if chars.next().is_some() { " ..." } else { "" })
    }
}
