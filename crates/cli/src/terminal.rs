//! Where output goes.
//!
//! Owns the two streams: results on standard output, talk on standard error. It refuses colour
//! where the user, the environment or the stream does not take it.

use std::io::{self, Stderr, Stdout, Write};

use anstream::{AutoStream, ColorChoice};

use crate::arguments::Color;

/// The two output streams. They are not kept locked, or a worker thread that panics could not
/// say so.
pub(crate) struct Terminal {
    results: AutoStream<Stdout>,
    talk: AutoStream<Stderr>,
}

impl Terminal {
    pub(crate) fn new(color: Color) -> Self {
        let choice = match color {
            Color::Auto => ColorChoice::Auto,
            Color::Always => ColorChoice::Always,
            Color::Never => ColorChoice::Never,
        };
        Self {
            results: AutoStream::new(io::stdout(), choice),
            talk: AutoStream::new(io::stderr(), choice),
        }
    }

    /// Writes text to standard output.
    pub(crate) fn print(&mut self, text: &str) -> io::Result<()> {
        self.results.write_all(text.as_bytes())
    }

    /// Writes text to standard error; colour in it is taken off where it does not belong.
    pub(crate) fn note(&mut self, text: &str) -> io::Result<()> {
        self.talk.write_all(text.as_bytes())
    }

    /// Says that something outside failed. If even that fails, nobody is listening.
    pub(crate) fn error(&mut self, message: &str) {
        let _ = writeln!(self.talk, "mtasim: {message}");
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.results.flush()?;
        self.talk.flush()
    }
}
