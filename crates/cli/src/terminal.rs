//! Standard output for results, standard error for everything else, with colour where supported.
//!
//! All text for a terminal goes through here, and so through [`config::foreign`].

use std::io::{self, ErrorKind, Stderr, Stdout, Write};

use anstream::{AutoStream, ColorChoice};
use config::foreign;

use crate::arguments::Color;

/// The two output streams. They are not locked: a worker thread that panics must be able to print.
pub(crate) struct Terminal {
    output: Stream<Stdout>,
    messages: Stream<Stderr>,
}

/// A stream whose reader may leave.
struct Stream<S: anstream::stream::RawStream> {
    stream: AutoStream<S>,
    /// The reader closed the pipe, as `head` does.
    has_no_reader: bool,
}

impl Terminal {
    pub(crate) fn new(color: Color) -> Self {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Self {
            output: Stream::new(AutoStream::new(io::stdout(), choice)),
            messages: Stream::new(AutoStream::new(io::stderr(), choice)),
        }
    }

    /// Writes text to standard output.
    pub(crate) fn print(&mut self, text: &str) -> io::Result<()> {
        self.output.write(&foreign::terminal(text))
    }

    /// Writes JSON to standard output.
    pub(crate) fn print_json(&mut self, json: &str) -> io::Result<()> {
        self.output.write(&foreign::json(json))
    }

    /// Writes a page to standard output, byte for byte.
    pub(crate) fn print_page(&mut self, page: &str) -> io::Result<()> {
        self.output.write(page)
    }

    /// Writes coloured help to standard output.
    pub(crate) fn print_coloured(&mut self, text: &str) -> io::Result<()> {
        self.output.write(&foreign::coloured(text))
    }

    /// Writes to standard error. Colour is removed where the stream does not support it.
    pub(crate) fn note(&mut self, text: &str) -> io::Result<()> {
        self.messages.write(&foreign::coloured(text))
    }

    /// Writes `mtasim: MESSAGE` to standard error.
    pub(crate) fn error(&mut self, message: &str) {
        // If standard error is closed there is nowhere left to report that.
        let _ = self
            .messages
            .write(&format!("mtasim: {}\n", foreign::terminal(message)));
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.output.flush()?;
        self.messages.flush()
    }
}

impl<S: anstream::stream::RawStream + anstream::stream::AsLockedWrite> Stream<S> {
    const fn new(stream: AutoStream<S>) -> Self {
        Self {
            stream,
            has_no_reader: false,
        }
    }

    /// Writes text. Once the reader has left, text is dropped: the command goes on to its verdict,
    /// so that its exit code does not depend on who reads.
    fn write(&mut self, text: &str) -> io::Result<()> {
        if self.has_no_reader {
            return Ok(());
        }
        let written = self.stream.write_all(text.as_bytes());
        self.unless_left(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.stream.flush();
        self.unless_left(flushed)
    }

    fn unless_left(&mut self, result: io::Result<()>) -> io::Result<()> {
        match result {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.has_no_reader = true;
                Ok(())
            }
            other => other,
        }
    }
}
