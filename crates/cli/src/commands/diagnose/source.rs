//! A file to be diagnosed.
//!
//! Owns opening it and looking at its beginning. It refuses to hold more of it than that.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use diagnose::Kind;

/// Bytes in which a log must show what it is; a start cut in the middle is not longer.
const HEAD: u64 = 64 * 1_024;

/// How names of these logs end; the host may stand before them.
const WINSOCK_LOG: &str = "Winsock.log";
const EVENT_LOGS: [&str; 3] = ["events.txt", "EV0.LOG", "ev0.log"];

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

    /// Where the event log of the same computer may lie: the MTA keeps its logs in one folder
    /// (Q163321), and so does `mtasim run --out`.
    pub(super) fn beside(&self) -> Vec<PathBuf> {
        let path = Path::new(&self.name);
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let length = file.len().saturating_sub(WINSOCK_LOG.len());
        match file.get(length..) {
            Some(end) if end.eq_ignore_ascii_case(WINSOCK_LOG) => {}
            _ => return Vec::new(),
        }
        let named = |end: &str| path.with_file_name(format!("{}{end}", &file[..length]));
        EVENT_LOGS.map(named).into()
    }

    /// The computer: `mtasim run --out` begins the names of its logs with it.
    pub(super) fn host(&self) -> &str {
        let file = self.name.rsplit(['/', '\\']).next().unwrap_or_default();
        file.split('.').next().unwrap_or_default()
    }
}
