//! Standard output for results, standard error for everything else, with colour where supported: verdicts,
//! errors, diagnostics and help.
//!
//! Without `--color`, NO_COLOR, CLICOLOR_FORCE, CLICOLOR and TERM decide (no-color.org,
//! bixense.com/clicolors), as `anstream` reads them, for each of the two streams.
//!
//! All text for a terminal goes through here, and so through [`config::untrusted_text`].

use std::io::{self, ErrorKind, Stderr, Stdout, Write};

use anstream::{AutoStream, ColorChoice};
use config::untrusted_text;

use crate::arguments::Color;

/// Bold red, as of an error of a diagnostic.
const RED: &str = "\u{1b}[1m\u{1b}[91m";
const GREEN: &str = "\u{1b}[1m\u{1b}[92m";
const YELLOW: &str = "\u{1b}[1m\u{1b}[93m";
const PLAIN: &str = "\u{1b}[0m";

/// Words that begin a line with a verdict.
const VERDICTS: [(&str, &str); 3] = [("PASS", GREEN), ("FAIL", RED), ("UNDECIDED", YELLOW)];

/// The text with a colour for each verdict at the beginning of a line.
fn verdicts(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        let found = VERDICTS.iter().find(|(word, _)| {
            let rest = line.strip_prefix(word);
            rest.is_some_and(|it| it.is_empty() || it.starts_with([':', '\n']))
        });
        match found {
            Some((word, colour)) => format!("{colour}{word}{PLAIN}{}", &line[word.len()..]),
            None => line.to_owned(),
        }
    });
    lines.collect()
}

/// The two output streams. They are not locked: a worker thread that panics must be able to print.
pub(crate) struct Terminal {
    output: OutputStream<Stdout>,
    messages: OutputStream<Stderr>,
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

    /// Writes text to standard output, with the verdicts in colour.
    pub(crate) fn print(&mut self, text: &str) -> io::Result<()> {
        self.output
            .write(&verdicts(&untrusted_text::terminal(text)))
    }

    /// Writes a script to standard output, byte for byte.
    pub(crate) fn print_script(&mut self, script: &str) -> io::Result<()> {
        self.output.write(script)
    }

    /// Writes JSON to standard output.
    pub(crate) fn print_json(&mut self, json: &str) -> io::Result<()> {
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
    pub(crate) fn note(&mut self, text: &str) -> io::Result<()> {
        self.messages.write(&untrusted_text::coloured(text))
    }

    /// Writes `mtasim: MESSAGE` to standard error.
    pub(crate) fn error(&mut self, message: &str) {
        // If standard error is closed there is nowhere left to report that.
        let _ = self.messages.write(&format!(
            "{RED}mtasim:{PLAIN} {}\n",
            untrusted_text::terminal(message)
        ));
    }

    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.output.flush()?;
        self.messages.flush()
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

#[cfg(test)]
mod tests {
    use super::verdicts;

    #[test]
    fn a_verdict_is_coloured_where_it_begins_a_line() {
        let text = "a title\nFAIL: not\n  FAIL: no\nPASSED\nPASS\n";
        let shown = "a title\n\u{1b}[1m\u{1b}[91mFAIL\u{1b}[0m: not\n  FAIL: no\nPASSED\n\
                     \u{1b}[1m\u{1b}[92mPASS\u{1b}[0m\n";
        assert_eq!(verdicts(text), shown);
    }
}
