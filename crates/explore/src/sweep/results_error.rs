//! Why a results directory cannot be used.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why a results directory cannot be used.
#[derive(Debug, Error)]
pub enum ResultsError {
    /// An input or output error.
    #[error("{path}: {1}", path = .0.display())]
    Io(PathBuf, io::Error),
    /// A file holds something unexpected.
    #[error("{path}: {1}", path = .0.display())]
    Foreign(PathBuf, String),
    /// Another sweep writes to it.
    #[error(
        "{path}: {1} is writing to it; wait for it, or give each its own directory (--shard and \
         merge share the work)",
        path = .0.display()
    )]
    Locked(PathBuf, String),
}

impl ResultsError {
    pub(crate) fn io(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |error| Self::Io(path.to_owned(), error)
    }
}
