//! Standard output for results, standard error for everything else, with colour where supported: verdicts,
//! errors, diagnostics and help.
//!
//! Without `--color`, NO_COLOR, CLICOLOR_FORCE, CLICOLOR and TERM decide (no-color.org,
//! bixense.com/clicolors), as `anstream` reads them, for each of the two streams.
//!
//! All text for a terminal goes through here, and so through [`config::untrusted_text`].

mod colours;

use std::io::{self, ErrorKind, Stderr, Stdout, Write};
use std::sync::atomic::{AtomicBool, Ordering};

use anstream::{AutoStream, ColorChoice};
use config::untrusted_text;
use explore::repro::capsule::PROGRAM_BUILD;
use serde_json::{Value as Json, json};

use crate::arguments::Color;
use colours::{PLAIN, RED, coloured};

/// The two output streams. They are not locked: a worker thread that panics must be able to print.
pub(crate) struct Terminal {
    output: OutputStream<Stdout>,
    messages: OutputStream<Stderr>,
}

/// Whether a result, or a part of one, is on standard output.
static HAS_PRINTED: AtomicBool = AtomicBool::new(false);

/// Whether a result, or a part of one, is on standard output. Asked after a panic, too, when the terminal of the command
/// is gone.
pub(crate) fn has_printed() -> bool {
    HAS_PRINTED.load(Ordering::Relaxed)
}

/// A stream whose reader may leave.
struct OutputStream<S: anstream::stream::RawStream> {
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
            output: OutputStream::new(AutoStream::new(io::stdout(), choice)),
            messages: OutputStream::new(AutoStream::new(io::stderr(), choice)),
        }
    }

    /// Writes text to standard output, with verdicts and findings in colour.
    pub(crate) fn print(&mut self, text: &str) -> io::Result<()> {
        HAS_PRINTED.store(true, Ordering::Relaxed);
        self.output
            .write(&coloured(&untrusted_text::terminal(text)))
    }

    /// Writes a script to standard output, byte for byte.
    pub(crate) fn print_script(&mut self, script: &str) -> io::Result<()> {
        self.output.write(script)
    }

    /// Writes an object to standard output, on a line of its own. It names the build if it does not yet.
    pub(crate) fn print_object(&mut self, mut object: Json) -> io::Result<()> {
        if object.get("mtasim").is_none() {
            object["mtasim"] = json!(PROGRAM_BUILD);
        }
        self.print_json(&format!("{object}\n"))
    }

    /// Writes JSON to standard output.
    pub(crate) fn print_json(&mut self, json: &str) -> io::Result<()> {
        HAS_PRINTED.store(true, Ordering::Relaxed);
        self.output.write(&untrusted_text::json(json))
    }

    /// Writes a page to standard output, byte for byte.
    pub(crate) fn print_page(&mut self, page: &str) -> io::Result<()> {
        self.output.write(page)
    }

    /// Writes coloured help to standard output.
    pub(crate) fn print_coloured(&mut self, text: &str) -> io::Result<()> {
        self.output.write(&untrusted_text::coloured(text))
    }

    /// Writes to standard error. Colour is removed where the stream does not support it.
    pub(crate) fn note(&mut self, text: &str) {
        // A full or closed standard error changes no exit code: there is nowhere left to say so, and the result is not
        // there.
        let _ = self.messages.write(&untrusted_text::coloured(text));
    }

    /// Writes `mtasim: MESSAGE` to standard error.
    pub(crate) fn error(&mut self, message: &str) {
        self.note(&format!(
            "{RED}mtasim:{PLAIN} {}\n",
            untrusted_text::terminal(message)
        ));
    }

    /// Flushes standard output. Standard error has no buffer.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}

impl<S: anstream::stream::RawStream + anstream::stream::AsLockedWrite> OutputStream<S> {
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
