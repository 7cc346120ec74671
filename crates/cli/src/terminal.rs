//! Standard output for results, standard error for everything else, with colour where supported.

use std::io::{self, Stderr, Stdout, Write};

use anstream::{AutoStream, ColorChoice};

use crate::arguments::Color;

/// The two output streams. They are not locked: a worker thread that panics must be able to print.
pub(crate) struct Terminal {
    output: AutoStream<Stdout>,
    messages: AutoStream<Stderr>,
}

impl Terminal {
    pub(crate) fn new(color: Color) -> Self {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Self {
            output: AutoStream::new(io::stdout(), choice),
            messages: AutoStream::new(io::stderr(), choice),
        }
    }

    /// Writes to standard output.
    pub(crate) fn print(&mut self, text: &str) -> io::Result<()> {
        self.output.write_all(text.as_bytes())
    }

    /// Writes to standard error. Colour is removed where the stream does not support it.
    pub(crate) fn note(&mut self, text: &str) -> io::Result<()> {
        self.messages.write_all(text.as_bytes())
    }

    /// Writes `mtasim: MESSAGE` to standard error.
    pub(crate) fn error(&mut self, message: &str) {
        // If standard error is closed there is nowhere left to report that.
        let _ = writeln!(self.messages, "mtasim: {message}");
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.output.flush()?;
        self.messages.flush()
    }
}
