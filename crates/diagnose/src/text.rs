//! From the bytes of a file to numbered lines.
//!
//! Owns encodings and line ends: CRLF or LF, a byte order mark, UTF-16, a last line that was cut
//! off. It refuses to hold more than one buffer of the file, and to know a code page: whatever a
//! log says that matters here is ASCII, so bytes above it are passed on as they are.

use std::io::{self, Read};

/// A longer line is none of a log's: it is cut here, and the rest of it skipped.
pub const LINE_MAX: usize = 4_096;

/// Bytes read at once; more than a line, less than what one would notice.
const BUFFER: usize = 256 * 1_024;

/// How characters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// One byte or several, ASCII below 128: an ANSI code page, or UTF-8.
    Bytes,
    /// Two bytes, the low one first: what NT calls Unicode.
    Utf16Le,
    /// Two bytes, the high one first.
    Utf16Be,
}

/// A line as it stands in the file, without its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number, from 1.
    pub number: u64,
    /// Its characters; one of UTF-16 that is no byte is `?`.
    pub bytes: &'a [u8],
    /// Whether its end was there: the last line of a file that is still being written has none.
    pub is_ended: bool,
}

/// Reads a file line by line, in memory that does not depend on its length.
#[derive(Debug)]
pub struct Lines<R> {
    source: R,
    encoding: Option<Encoding>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The first half of a UTF-16 unit that a read had cut in two.
    half: Option<u8>,
    number: u64,
    is_over: bool,
    /// Within a line that is too long, whose beginning was handed out.
    is_skipping: bool,
}

impl<R: Read> Lines<R> {
    /// At the start of a file.
    #[must_use]
    pub fn new(source: R) -> Self {
        Self {
            source,
            encoding: None,
            buffer: vec![0; BUFFER],
            start: 0,
            end: 0,
            half: None,
            number: 0,
            is_over: false,
            is_skipping: false,
        }
    }

    /// The next line, or none at the end of the file.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        loop {
            let found = memchr::memchr(b'\n', &self.buffer[self.start..self.end]);
            if let Some(length) = found {
                let from = self.start;
                self.start += length + 1;
                if std::mem::take(&mut self.is_skipping) {
                    continue;
                }
                return Ok(Some(self.hand_out(from, length, true)));
            }
            let length = self.end - self.start;
            if self.is_skipping {
                self.start = self.end;
            } else if length > LINE_MAX {
                let from = self.start;
                self.start = self.end;
                self.is_skipping = true;
                return Ok(Some(self.hand_out(from, length, true)));
            }
            if self.is_over {
                let from = self.start;
                self.start = self.end;
                let is_nothing = length == 0 || self.is_skipping;
                return Ok((!is_nothing).then(|| self.hand_out(from, length, false)));
            }
            self.fill()?;
        }
    }

    fn hand_out(&mut self, from: usize, length: usize, is_ended: bool) -> Line<'_> {
        self.number += 1;
        let bytes = &self.buffer[from..from + length.min(LINE_MAX)];
        Line {
            number: self.number,
            bytes: bytes.strip_suffix(b"\r").unwrap_or(bytes),
            is_ended,
        }
    }

    /// Moves what is left to the front of the buffer and reads on behind it.
    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.start..self.end, 0);
        self.end -= self.start;
        self.start = 0;
        assert!(self.end <= LINE_MAX, "a longer line would have been cut");
        let mut from = self.end;
        if let Some(half) = self.half.take() {
            self.buffer[from] = half;
            from += 1;
        }
        let read = read_some(&mut self.source, &mut self.buffer[from..])?;
        self.is_over = read == 0;
        let mut to = from + read;
        if self.encoding.is_none() {
            // Three bytes tell an encoding; a pipe may give them one by one.
            while to < 3 && !self.is_over {
                let read = read_some(&mut self.source, &mut self.buffer[to..])?;
                self.is_over = read == 0;
                to += read;
            }
            let (encoding, mark) = recognise(&self.buffer[..to]);
            self.encoding = Some(encoding);
            self.start = mark;
            self.end = mark;
        }
        match self.encoding {
            Some(Encoding::Utf16Le) => self.narrow(to, 0),
            Some(Encoding::Utf16Be) => self.narrow(to, 1),
            Some(Encoding::Bytes) | None => self.end = to,
        }
        Ok(())
    }

    /// Makes one byte of every UTF-16 unit from `end` to `to`, in place.
    fn narrow(&mut self, to: usize, low: usize) {
        let (mut at, mut put) = (self.end, self.end);
        while at + 2 <= to {
            let (high, low) = (self.buffer[at + 1 - low], self.buffer[at + low]);
            self.buffer[put] = if high == 0 { low } else { b'?' };
            at += 2;
            put += 1;
        }
        self.half = (at < to).then(|| self.buffer[at]);
        self.end = put;
    }
}

fn read_some(source: &mut impl Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// The encoding, and the length of the byte order mark. A log cut out of the middle of a UTF-16
/// file has no mark, but every other byte of ASCII is zero there.
fn recognise(bytes: &[u8]) -> (Encoding, usize) {
    match bytes {
        [0xff, 0xfe, ..] => (Encoding::Utf16Le, 2),
        [0xfe, 0xff, ..] => (Encoding::Utf16Be, 2),
        [0xef, 0xbb, 0xbf, ..] => (Encoding::Bytes, 3),
        [1..=0x7f, 0, ..] => (Encoding::Utf16Le, 0),
        [0, 1..=0x7f, ..] => (Encoding::Utf16Be, 0),
        _ => (Encoding::Bytes, 0),
    }
}

#[cfg(test)]
mod tests;
