//! An open log, with its kind detected from its first bytes.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use diagnose::LogKind;

/// Bytes in which the kind of a log must show.
const HEAD: u64 = 64 * 1_024;

/// File names of the logs; a host name may precede them.
const WINSOCK_LOG: &str = "Winsock.log";
const EVENT_LOGS: [&str; 3] = ["events.txt", "EV0.LOG", "ev0.log"];

pub(super) struct Source {
    /// The path as given on the command line.
    pub(super) name: String,
    pub(super) kind: Option<LogKind>,
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
            kind: LogKind::of(&head),
            reader: Box::new(io::Cursor::new(head).chain(rest)),
        })
    }

    /// Where the event log of the same computer may be: the MTA (Q163321) and `mtasim run --out`
    /// write both logs to one directory.
    pub(super) fn companion_paths(&self) -> Vec<PathBuf> {
        let path = Path::new(&self.name);
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let length = file.len().saturating_sub(WINSOCK_LOG.len());
        match file.get(length..) {
            Some(end) if end.eq_ignore_ascii_case(WINSOCK_LOG) => {}
            _ => return Vec::new(),
        }
        let sibling = |end: &str| path.with_file_name(format!("{}{end}", &file[..length]));
        EVENT_LOGS.map(sibling).into()
    }

    /// The computer, which `mtasim run --out` puts before the first dot of the file name.
    pub(super) fn host(&self) -> &str {
        let file = self.name.rsplit(['/', '\\']).next().unwrap_or_default();
        file.split('.').next().unwrap_or_default()
    }
}
