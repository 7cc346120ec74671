//! The error type of all commands: what to print, and the exit code.

use std::io;
use std::path::Path;

use config::file::Diagnostics;
use serde_json::{Value as Json, json};

use crate::exit_code;
use crate::paths::shown;
use crate::terminal::Terminal;

/// A command that cannot produce its result.
pub(crate) enum CommandError {
    /// A one-line message with its exit code.
    Message(u8, String),
    /// An invalid scenario file.
    Scenario(Diagnostics),
    /// Standard output cannot be written.
    Terminal(io::Error),
}

impl CommandError {
    pub(crate) fn usage(message: impl ToString) -> Self {
        Self::Message(exit_code::USAGE, message.to_string())
    }

    pub(crate) fn io(message: impl ToString) -> Self {
        Self::Message(exit_code::IO, message.to_string())
    }

    pub(crate) fn cannot_read(path: &Path, error: &io::Error) -> Self {
        let path = shown(path);
        if error.kind() == io::ErrorKind::IsADirectory {
            return Self::io(format_args!(
                "cannot read {path}: it is a directory; name a file"
            ));
        }
        Self::io(format_args!("cannot read {path}: {error}"))
    }

    pub(crate) fn cannot_write(path: &Path, error: &io::Error) -> Self {
        Self::io(format_args!("cannot write {}: {error}", shown(path)))
    }

    /// The error as one object, for a command that would have printed JSON.
    pub(crate) fn object(&self) -> Json {
        let (code, message, diagnostics) = match self {
            Self::Message(code, message) => (*code, message.clone(), json!([])),
            Self::Scenario(found) => {
                let text = found.to_human(false);
                // All mistakes are in `diagnostics`; a message is one line.
                let first = text.lines().next().unwrap_or_default();
                let diagnostics = found.to_json()["diagnostics"].take();
                (exit_code::USAGE, first.to_owned(), diagnostics)
            }
            Self::Terminal(error) => (exit_code::IO, format!("cannot write: {error}"), json!([])),
        };
        json!({
            "schema_version": 1,
            "verdict": "error",
            "exit_code": code,
            "message": message,
            "diagnostics": diagnostics,
        })
    }

    /// Prints the error; the exit code.
    pub(crate) fn report(self, terminal: &mut Terminal) -> u8 {
        match self {
            Self::Message(code, message) => {
                terminal.error(&message);
                code
            }
            Self::Scenario(diagnostics) => {
                terminal.note(&diagnostics.to_human(true));
                exit_code::USAGE
            }
            Self::Terminal(error) => {
                terminal.error(&format!("cannot write: {error}"));
                exit_code::IO
            }
        }
    }
}

impl From<Diagnostics> for CommandError {
    fn from(diagnostics: Diagnostics) -> Self {
        Self::Scenario(diagnostics)
    }
}

/// An I/O error without a path is one of standard output.
impl From<io::Error> for CommandError {
    fn from(error: io::Error) -> Self {
        Self::Terminal(error)
    }
}
