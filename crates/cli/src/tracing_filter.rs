//! Tracing to standard error, filtered by `--log` or `MTASIM_LOG`.
//!
//! Lines carry no wall-clock time: events have the virtual time as a field.

use std::io::{self, Write};

use config::untrusted_text;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

/// The filter if there is no `--log`.
const VARIABLE: &str = "MTASIM_LOG";

/// Installs the subscriber. Without a filter nothing is traced.
pub(crate) fn init(filter: Option<&str>) -> Result<(), String> {
    let filter = match filter {
        Some(text) => EnvFilter::builder()
            .parse(text)
            .map_err(|error| format!("--log {}: {error}", untrusted_text::line(text)))?,
        None => match EnvFilter::try_from_env(VARIABLE) {
            Ok(filter) => filter,
            // Unset, or invalid: a stray variable must not stop a run.
            Err(_) => return Ok(()),
        },
    };
    fmt()
        .with_env_filter(filter)
        .without_time()
        .with_ansi(false)
        .with_writer(|| LineWriter)
        // A line that nobody can read must not end the command.
        .log_internal_errors(false)
        .try_init()
        .map_err(|error| format!("cannot start tracing: {error}"))
}

/// Standard error, to which each event goes as one line: its fields may have text from outside.
struct LineWriter;

impl Write for LineWriter {
    /// The formatter writes an event with its line end at once.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let line = untrusted_text::line(text.trim_end_matches('\n'));
        io::stderr().write_all(format!("{line}\n").as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
