//! A log, with its kind detected from its first bytes. It can be read more than once.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use diagnose::{DateSurvey, EventLog, Lines, LogKind, line};

use super::packed;
use crate::command_error::CommandError;
use crate::paths::shown;

/// Bytes at the start and at the end in which the kind of a log must show. An even number, for UTF-16.
const SAMPLE: u64 = 64 * 1_024;

/// Bytes of a pipe or a device that are kept, since it can be read only once. Files have no limit.
const PIPE_MAX: u64 = 256 * 1_024 * 1_024;

/// File names of the logs; a host name may precede them.
const WINSOCK_LOG: &str = "Winsock.log";
const EVENT_LOG: &str = "events.txt";
/// EV0.LOG is the newest; when it is full, it becomes EV1.LOG, and so on (Q163325).
const EV_LOGS: u32 = 10;

pub(super) struct LogSource {
    /// The path as given on the command line.
    pub(super) name: String,
    pub(super) kind: Option<LogKind>,
    content: Content,
}

enum Content {
    File(PathBuf),
    /// What came from a pipe, which can be read only once.
    Memory(Vec<u8>),
}

impl LogSource {
    /// Opens a file; `-` is standard input.
    pub(super) fn open(path: &Path) -> Result<Self, CommandError> {
        tracing::debug!(path = %path.display(), "read");
        let source = Self::read(path).map_err(|error| cannot_open(path, &error))?;
        let head = source.head();
        let head = head.map_err(|error| CommandError::cannot_read(path, &error))?;
        let is_no_log = source.kind.is_none();
        let of_text = || packed::what_text_to_do(&source.name, &head).filter(|_| is_no_log);
        match packed::what_to_do(&source.name, &head).or_else(of_text) {
            Some(cure) => Err(CommandError::usage(cure)),
            None => Ok(source),
        }
    }

    fn read(path: &Path) -> io::Result<Self> {
        let content = if path.as_os_str() == "-" {
            Content::Memory(piped(io::stdin())?)
        } else if fs::metadata(path)?.is_file() {
            Content::File(path.to_owned())
        } else {
            Content::Memory(piped(File::open(path)?)?)
        };
        let mut source = Self {
            name: path.display().to_string(),
            kind: None,
            content,
        };
        source.kind = LogKind::of(&source.head()?);
        // A Winsock.log may follow its events in one file.
        if source.kind == Some(LogKind::Events)
            && LogKind::of(&source.tail()?) == Some(LogKind::Winsock)
        {
            source.kind = Some(LogKind::Winsock);
        }
        Ok(source)
    }

    /// Whether events are seen at its start or at its end.
    pub(super) fn has_events(&self) -> io::Result<bool> {
        Ok(has_events(&self.head()?) || has_events(&self.tail()?))
    }

    /// Reads it from its start.
    pub(super) fn reader(&self) -> io::Result<Box<dyn Read + '_>> {
        Ok(match &self.content {
            Content::File(path) => Box::new(File::open(path)?),
            Content::Memory(bytes) => Box::new(bytes.as_slice()),
        })
    }

    fn head(&self) -> io::Result<Vec<u8>> {
        whole(self.reader()?.take(SAMPLE))
    }

    fn tail(&self) -> io::Result<Vec<u8>> {
        match &self.content {
            Content::File(path) => {
                let mut file = File::open(path)?;
                let length = file.metadata()?.len();
                // A UTF-16 character has two bytes.
                file.seek(SeekFrom::Start(length.saturating_sub(SAMPLE) & !1))?;
                whole(file)
            }
            Content::Memory(bytes) => {
                let from = bytes.len().saturating_sub(SAMPLE as usize) & !1;
                Ok(bytes[from..].to_vec())
            }
        }
    }

    /// The stamps of a Winsock.log that can be read with the month or the day first. Nothing is read
    /// beyond the head if that has none.
    pub(super) fn survey(&self) -> io::Result<DateSurvey> {
        let head = survey(self.head()?.as_slice())?;
        match head.is_needed() {
            true => survey(self.reader()?),
            false => Ok(head),
        }
    }

    /// Where the event logs of the same computer may be, oldest first: the MTA (Q163321) and
    /// `mtasim run --out` write both logs to one directory.
    pub(super) fn companion_paths(&self) -> Vec<PathBuf> {
        let path = Path::new(&self.name);
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let length = file.len().saturating_sub(WINSOCK_LOG.len());
        match file.get(length..) {
            Some(end) if end.eq_ignore_ascii_case(WINSOCK_LOG) => {}
            _ => return Vec::new(),
        }
        // Windows does not distinguish the case of file names, and copies of them may have any.
        let parent = match path.parent() {
            Some(parent) if parent != Path::new("") => parent,
            _ => Path::new("."),
        };
        let listed = fs::read_dir(parent).into_iter().flatten().flatten();
        let mut names: Vec<PathBuf> = listed.map(|it| PathBuf::from(it.file_name())).collect();
        names.sort();
        let sibling = |end: &str| {
            let wanted = format!("{}{end}", &file[..length]);
            let found = names.iter().find(|it| {
                let name = it.to_str();
                name.is_some_and(|it| it.eq_ignore_ascii_case(&wanted))
            });
            found.map(|it| path.with_file_name(it))
        };
        // What `mtasim run --out` writes has the entries of the EV files too, with those of the system.
        if let Some(events) = sibling(EVENT_LOG) {
            return vec![events];
        }
        let numbers = (0..EV_LOGS).rev();
        numbers
            .filter_map(|number| sibling(&format!("EV{number}.LOG")))
            .collect()
    }

    /// The computer, which `mtasim run --out` puts before the first dot of the file name.
    pub(super) fn host(&self) -> &str {
        let file = self.file_name();
        file.split('.').next().unwrap_or_default()
    }

    /// The computer that the name of `PARIS.Winsock.log` gives.
    pub(super) fn computer(&self) -> Option<&str> {
        let (host, rest) = self.file_name().split_once('.')?;
        rest.eq_ignore_ascii_case(WINSOCK_LOG).then_some(host)
    }

    /// The number in the name of a part of the MTA's text event log, `EV1.LOG`: the larger, the older.
    pub(super) fn age(&self) -> Option<u32> {
        let (_, number) = self.part()?;
        number.parse().ok()
    }

    /// What the names of all parts of one log have in common.
    pub(super) fn family(&self) -> &str {
        self.part().map_or(self.host(), |it| it.0)
    }

    /// The computer in `PARIS.EV1.LOG` (nothing in `EV1.LOG`), and the digits after `EV`. Other names that end
    /// like this are chosen by people, and say nothing about parts.
    fn part(&self) -> Option<(&str, &str)> {
        let (name, extension) = self.file_name().rsplit_once('.')?;
        let (computer, stem) = name.rsplit_once('.').unwrap_or(("", name));
        let (letters, digits) = stem.split_at_checked(2)?;
        let is_number = !digits.is_empty() && digits.bytes().all(|it| it.is_ascii_digit());
        let is_part = letters.eq_ignore_ascii_case("EV") && extension.eq_ignore_ascii_case("LOG");
        (is_part && is_number).then_some((computer, digits))
    }

    fn file_name(&self) -> &str {
        self.name.rsplit(['/', '\\']).next().unwrap_or_default()
    }
}

/// The error for a file that cannot be opened, and its cure.
fn cannot_open(path: &Path, error: &io::Error) -> CommandError {
    if error.kind() == io::ErrorKind::NotFound {
        return CommandError::io(format_args!(
            "cannot read {}: {error}; check the name of the file, `-` reads standard input",
            shown(path)
        ));
    }
    CommandError::cannot_read(path, error)
}

fn has_events(text: &[u8]) -> bool {
    let (mut lines, mut events) = (Lines::new(text), EventLog::default());
    while let Ok(Some(line)) = lines.next_line() {
        if line::parse(line.bytes, line.is_ended).is_none() && events.on_line(line) {
            return true;
        }
    }
    false
}

fn whole(mut reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads what can be read only once, up to [`PIPE_MAX`] bytes: a device such as `/dev/zero` never ends.
fn piped(reader: impl Read) -> io::Result<Vec<u8>> {
    let bytes = whole(reader.take(PIPE_MAX + 1))?;
    if bytes.len() as u64 > PIPE_MAX {
        let cause =
            "more than 256 MiB from a pipe or a device: save the log to a file and give its name";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, cause));
    }
    Ok(bytes)
}

fn survey(reader: impl Read) -> io::Result<DateSurvey> {
    let (mut lines, mut survey) = (Lines::new(reader), DateSurvey::default());
    while let Some(line) = lines.next_line()? {
        let stamp = line::parse(line.bytes, line.is_ended).and_then(|it| it.at);
        stamp.into_iter().for_each(|it| survey.add(it));
    }
    Ok(survey)
}
