//! Reads the numbered lines of a file: LF, CRLF or CR, with or without a byte order mark, in UTF-16 or in any
//! encoding that contains ASCII.
//!
//! Only ASCII matters for the diagnosis, so other bytes are passed on unchanged and no code page is
//! needed. Memory does not depend on the size of the file.

use std::io::{self, Read};

/// The longest line in bytes; the rest of a longer one is skipped. No log has such a line.
pub const LINE_MAX: usize = 4_096;

/// The size of the buffer in bytes, many times a line.
const BUFFER: usize = 256 * 1_024;

/// The encoding of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// An ANSI code page or UTF-8: bytes below 128 are ASCII.
    Bytes,
    /// UTF-16, little-endian; NT calls it Unicode.
    Utf16Le,
    /// UTF-16, big-endian.
    Utf16Be,
}

/// A line of a file, without its line end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The line number, from 1.
    pub number: u64,
    /// The text. In UTF-16 files, characters above 255 are replaced by `?`.
    pub bytes: &'a [u8],
    /// Whether the line end is present. The last line of a file that is still being written has none.
    pub is_ended: bool,
}

impl Line<'_> {
    /// Whether it has nothing to read: spaces, the end mark of DOS, or zeros of a file that was not
    /// closed.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        let is_nothing = |it: &u8| it.is_ascii_whitespace() || matches!(it, 0 | 0x1a);
        self.bytes.iter().all(is_nothing)
    }
}

/// Whether people or programs write such a line around a log: a remark in angle brackets, a tag of HTML, a
/// comment behind a number sign, or a rule of dashes.
#[must_use]
pub fn is_remark(bytes: &[u8]) -> bool {
    let bytes = bytes.trim_ascii();
    let is_tags = bytes.starts_with(b"<") && bytes.ends_with(b">");
    let is_rule = bytes.iter().all(|it| b"-=_*~+|: ".contains(it));
    is_tags || is_rule || bytes.starts_with(b"#")
}

/// Reads a file line by line.
#[derive(Debug)]
pub struct Lines<R> {
    source: R,
    encoding: Option<Encoding>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// The first byte of a UTF-16 unit whose second byte has not been read yet.
    half: Option<u8>,
    number: u64,
    is_over: bool,
    /// Whether the rest of a line that is too long is being skipped.
    is_skipping: bool,
}

impl<R: Read> Lines<R> {
    /// A reader at the start of a file.
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

    /// The next line; `None` at the end of the file.
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
                return Ok(Some(self.line_at(from, length, true)));
            }
            // No line end in the buffer: skip, cut, end, or read more.
            let length = self.end - self.start;
            if self.is_skipping {
                self.start = self.end;
            } else if length > LINE_MAX {
                let from = self.start;
                self.start = self.end;
                self.is_skipping = true;
                return Ok(Some(self.line_at(from, length, true)));
            }
            if self.is_over {
                let from = self.start;
                self.start = self.end;
                let is_nothing = length == 0 || self.is_skipping;
                return Ok((!is_nothing).then(|| self.line_at(from, length, false)));
            }
            self.fill()?;
        }
    }

    fn line_at(&mut self, from: usize, length: usize, is_ended: bool) -> Line<'_> {
        self.number += 1;
        let bytes = &self.buffer[from..from + length.min(LINE_MAX)];
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        Line {
            number: self.number,
            bytes: bytes.strip_suffix(b"\r").unwrap_or(bytes),
            is_ended,
        }
    }

    /// Moves the rest to the front of the buffer and reads more behind it.
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
            // Three bytes identify the encoding; a pipe may deliver them one by one.
            while to < 3 && !self.is_over {
                let read = read_some(&mut self.source, &mut self.buffer[to..])?;
                self.is_over = read == 0;
                to += read;
            }
            let (encoding, mark) = detect(&self.buffer[..to]);
            self.encoding = Some(encoding);
            self.start = mark;
            self.end = mark;
        }
        match self.encoding {
            Some(Encoding::Utf16Le) => self.narrow(to, 0),
            Some(Encoding::Utf16Be) => self.narrow(to, 1),
            Some(Encoding::Bytes) | None => self.end = to,
        }
        self.end_lines_at_bare_returns();
        Ok(())
    }

    /// A CR without LF ends a line, as on the first Macintosh. One at the end of the buffer is
    /// decided when more is read.
    fn end_lines_at_bare_returns(&mut self) {
        let mut at = self.start;
        while let Some(length) = memchr::memchr(b'\r', &self.buffer[at..self.end]) {
            let found = at + length;
            at = found + 1;
            if at < self.end && self.buffer[at] != b'\n' {
                self.buffer[found] = b'\n';
            }
        }
    }

    /// Replaces every UTF-16 unit from `end` to `to` by one byte, in place.
    fn narrow(&mut self, to: usize, low: usize) {
        let (mut at, mut put) = (self.end, self.end);
        while at + 2 <= to {
            let (high, low) = (self.buffer[at + 1 - low], self.buffer[at + low]);
            // In place, because a unit becomes shorter: `put` never overtakes `at`.
            at += 2;
            // Files that were appended to each other have a byte order mark between them.
            if (high, low) == (0xfe, 0xff) {
                continue;
            }
            self.buffer[put] = if high == 0 { low } else { b'?' };
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

/// The encoding, and the length of the byte order mark. An excerpt from a UTF-16 file has no mark, but
/// every other byte of ASCII text is zero.
fn detect(bytes: &[u8]) -> (Encoding, usize) {
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
