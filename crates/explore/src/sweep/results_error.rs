//! Why a results directory cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use config::untrusted_text;
use thiserror::Error;

/// Why a results directory cannot be used.
#[derive(Debug, Error)]
pub enum ResultsError {
    /// An input or output error.
    #[error("{path}: {1}", path = shown(.0))]
    Io(PathBuf, io::Error),
    /// A file holds something unexpected. The text may quote it.
    #[error("{path}: {what}", path = shown(.0), what = untrusted_text::line(.1))]
    Foreign(PathBuf, String),
    /// Another sweep writes to it.
    #[error(
        "{path}: {1} is writing to it; wait for it, or give each its own directory (--shard and \
         merge share the work)",
        path = shown(.0)
    )]
    Locked(PathBuf, String),
}

impl ResultsError {
    pub(crate) fn io(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |error| Self::Io(path.to_owned(), error)
    }
}

/// A path in a message, in one line whatever characters it has.
pub(crate) fn shown(path: &Path) -> String {
    untrusted_text::line(&path.display().to_string()).into_owned()
}
