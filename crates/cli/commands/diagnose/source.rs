//! A file to be diagnosed.
//!
//! Owns opening it and looking at its beginning. It refuses to hold more of it than that.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use diagnose::Kind;

/// Bytes in which a log must show what it is; a start cut in the middle is not longer.
const HEAD: u64 = 64 * 1_024;

pub(super) struct Source {
    /// As the user named it.
    pub(super) name: String,
    pub(super) kind: Option<Kind>,
    pub(super) reader: Box<dyn Read>,
}

impl Source {
    /// Opens a file; `-` is standard input.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut rest: Box<dyn Read> = if path.as_os_str() == "-" {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path)?)
        };
        let mut head = Vec::new();
        rest.by_ref().take(HEAD).read_to_end(&mut head)?;
        Ok(Self {
            name: path.display().to_string(),
            kind: Kind::of(&head),
            reader: Box::new(io::Cursor::new(head).chain(rest)),
        })
    }

    /// The computer: `mtasim run --out` begins the names of its logs with it.
    pub(super) fn host(&self) -> &str {
        let file = self.name.rsplit(['/', '\\']).next().unwrap_or_default();
        file.split('.').next().unwrap_or_default()
    }
}
