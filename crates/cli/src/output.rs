//! Output files: the one way in which a command writes a file.
//!
//! A path is checked before the work, so that results of minutes are not lost to a mistyped path.
//! A file appears complete or not at all. What exists is replaced only with `--force`, an input
//! never; a device, or a pipe with a reader, is written to, never replaced.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Component, Path, PathBuf};

use crate::command_error::CommandError;
use crate::paths::{is_descriptor, shown};
use crate::terminal::Terminal;

/// Temporary files begin with this; the system adds random characters.
const TEMPORARY: &str = ".partial-";
/// Why a file that goes to standard output leaves no room for JSON.
pub(crate) const STANDARD_OUTPUT_TAKEN: &str =
    "--format json prints to standard output, and so would the file: give the file a name";
/// Read and write for all, before the umask. Tempfile's own default, 0600, suits secrets.
const MODE: u32 = 0o666;

/// What a command may do to a path.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules<'a> {
    /// Whether an existing file may be replaced.
    pub(crate) force: bool,
    /// The files that the command reads.
    pub(crate) inputs: &'a [&'a Path],
}

/// The outputs of one command. None of them may be another one, or be in place of a directory that another one needs.
#[derive(Debug)]
pub(crate) struct Outputs<'a> {
    rules: Rules<'a>,
    claimed: Vec<Claim>,
    /// Directories made for them, parents first.
    made: Vec<PathBuf>,
}

/// A path that a command will write.
#[derive(Debug)]
struct Claim {
    path: PathBuf,
    /// Without links and `..`.
    resolved: PathBuf,
    is_directory: bool,
}

/// A file to write, checked.
#[derive(Debug)]
pub(crate) struct OutputFile {
    /// As given by the user.
    path: PathBuf,
    kind: DestinationKind,
}

#[derive(Debug)]
enum DestinationKind {
    /// A file that is not there yet.
    New,
    /// The file to replace: the path with all symbolic links followed.
    Replace(PathBuf),
    /// A device.
    Device,
    /// A pipe, opened: its reader would see its end if nobody had it open between the check and the work's end.
    Pipe(File),
}

impl<'a> Outputs<'a> {
    pub(crate) const fn new(rules: Rules<'a>) -> Self {
        Self {
            rules,
            claimed: Vec::new(),
            made: Vec::new(),
        }
    }

    /// Checks that a file can be written to `path`, and makes the directory it is in.
    pub(crate) fn file(&mut self, path: &Path) -> Result<OutputFile, CommandError> {
        self.claim(path, false)?;
        let rules = self.rules;
        self.make(directory(path), || OutputFile::prepare(path, rules))
    }

    /// Makes a directory that the command writes to, and checks that files can be made in it.
    pub(crate) fn directory(&mut self, path: &Path) -> Result<(), CommandError> {
        self.claim(path, true)?;
        self.make(path, || prepare_directory(path))
    }

    /// Runs `prepare`, which makes a directory. A command that is refused leaves none behind: it could be in the
    /// way of the next one.
    fn make<T>(
        &mut self,
        directory: &Path,
        prepare: impl FnOnce() -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let above = directory.ancestors();
        let missing = above.take_while(|it| !it.as_os_str().is_empty() && !it.exists());
        let mut missing: Vec<PathBuf> = missing.map(Path::to_owned).collect();
        missing.reverse();
        self.made.extend(missing);
        prepare().inspect_err(|_| self.remove_made())
    }

    /// Removes the directories made so far, if nobody has written to them.
    fn remove_made(&mut self) {
        while let Some(directory) = self.made.pop() {
            let _ = fs::remove_dir(directory);
        }
    }

    /// Notes a path, without touching it.
    pub(crate) fn claim(&mut self, path: &Path, is_directory: bool) -> Result<(), CommandError> {
        self.check_claim(path, is_directory)
            .inspect_err(|_| self.remove_made())
    }

    fn check_claim(&mut self, path: &Path, is_directory: bool) -> Result<(), CommandError> {
        let claim = Claim {
            path: path.to_owned(),
            resolved: resolved(path),
            is_directory,
        };
        let mut others = self.claimed.iter();
        if let Some(other) = others.find(|other| other.excludes(&claim)) {
            let (one, other) = (shown(path), shown(&other.path));
            return Err(CommandError::usage(match one == other {
                true => format!("{one} is given for two outputs; name another file"),
                false => {
                    format!("{one} and {other} are two outputs in one place; name another file")
                }
            }));
        }
        self.claimed.push(claim);
        Ok(())
    }
}

impl Claim {
    /// Whether both cannot be written.
    fn excludes(&self, other: &Self) -> bool {
        let (one, two) = (&self.resolved, &other.resolved);
        // A file may be in a directory, and a directory in a directory, but nothing in a file.
        one == two
            || (one.starts_with(two) && !other.is_directory)
            || (two.starts_with(one) && !self.is_directory)
    }
}

impl OutputFile {
    /// Checks that a file can be written to `path`, and makes the directory it is in.
    pub(crate) fn prepare(path: &Path, rules: Rules<'_>) -> Result<Self, CommandError> {
        let path = path.to_owned();
        let kind = match fs::metadata(&path) {
            Ok(found) => existing(&path, &found, rules)?,
            Err(error) if error.kind() == ErrorKind::NotFound => new(&path)?,
            Err(error) => return Err(CommandError::cannot_write(&path, &error)),
        };
        let file = match &kind {
            DestinationKind::New => &path,
            DestinationKind::Replace(file) => file,
            DestinationKind::Device | DestinationKind::Pipe(_) => return Ok(Self { path, kind }),
        };
        // What is tried here fails now rather than after the work. Nothing is left behind.
        let prepared = make_directory(directory(file));
        prepared.map_err(|error| CommandError::cannot_write(&path, &error))?;
        Ok(Self { path, kind })
    }

    /// The path as given by the user.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the file and says so.
    pub(crate) fn write(self, content: &[u8], terminal: &mut Terminal) -> Result<(), CommandError> {
        self.write_with(terminal, |out| out.write_all(content))
    }

    /// Writes what `content` produces and says so.
    pub(crate) fn write_with(
        self,
        terminal: &mut Terminal,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CommandError> {
        let path = shown(&self.path);
        self.write_quietly(content)?;
        terminal.note(&format!("wrote {path}\n"));
        Ok(())
    }

    /// Writes what `content` produces.
    pub(crate) fn write_quietly(
        self,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CommandError> {
        tracing::debug!(path = %self.path.display(), "write");
        let Self { path, kind } = self;
        let written = match kind {
            DestinationKind::Device => stream(appending(&path), content),
            DestinationKind::Pipe(probe) => {
                // Opened again, to wait where the reader is slower. `probe` ends afterwards: without it, this would
                // wait for a reader to come.
                let opened = appending(&path);
                drop(probe);
                stream(opened, content)
            }
            DestinationKind::New => whole_file(&path, None, content),
            DestinationKind::Replace(file) => fs::metadata(&file)
                .and_then(|old| whole_file(&file, Some(old.permissions()), content)),
        };
        written.map_err(|error| CommandError::cannot_write(&path, &error))
    }
}

/// What to do about something that is there.
fn existing(
    path: &Path,
    found: &Metadata,
    rules: Rules<'_>,
) -> Result<DestinationKind, CommandError> {
    let refused =
        |what: &str| CommandError::io(format_args!("cannot write {}: {what}", shown(path)));
    // Of the target: `fs::metadata` follows links, and so does the user who made one.
    let kind = found.file_type();
    // An open file descriptor of this process may be a plain file that the shell is writing to.
    if kind.is_fifo() {
        return probe(path).map(DestinationKind::Pipe).map_err(|error| {
            match error.raw_os_error() {
                Some(libc::ENXIO) => refused(
                    "it is a pipe that nobody reads; start its reader first, or name a file",
                ),
                _ => CommandError::cannot_write(path, &error),
            }
        });
    }
    if kind.is_char_device() || is_descriptor(path) {
        return Ok(DestinationKind::Device);
    }
    if kind.is_dir() {
        return Err(refused("it is a directory"));
    }
    if !kind.is_file() {
        return Err(refused("it is not a plain file"));
    }
    // By device and inode: the same file can have several paths.
    let is_input = |input: &&&Path| {
        // What the shell redirects to standard input is a file, too.
        let input = match input.as_os_str() == "-" {
            true => Path::new("/dev/stdin"),
            false => **input,
        };
        fs::metadata(input).is_ok_and(|it| (it.dev(), it.ino()) == (found.dev(), found.ino()))
    };
    if rules.inputs.iter().any(|it| is_input(&it)) {
        return Err(refused("it is an input of this command"));
    }
    if !rules.force {
        return Err(CommandError::io(format_args!(
            "{} exists; use --force to replace it",
            shown(path)
        )));
    }
    let file = fs::canonicalize(path).map_err(|error| CommandError::cannot_write(path, &error))?;
    Ok(DestinationKind::Replace(file))
}

fn new(path: &Path) -> Result<DestinationKind, CommandError> {
    // A dangling link says where the file should be, but perhaps not by the user's will.
    if path.is_symlink() {
        return Err(CommandError::io(format_args!(
            "cannot write {}: it is a symbolic link to nothing; name a file, or remove the link",
            shown(path)
        )));
    }
    if path.file_name().is_none() || path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(CommandError::io(format_args!(
            "cannot write {}: it is not the name of a file",
            shown(path)
        )));
    }
    Ok(DestinationKind::New)
}

/// The path of a file that may not exist, absolute and without links and `..`.
fn resolved(path: &Path) -> PathBuf {
    if let Ok(real) = fs::canonicalize(path) {
        return real;
    }
    // What does not exist is no link, so that `..` behind it leads back to where it would be.
    match (path.parent(), path.components().next_back()) {
        (Some(_), Some(Component::ParentDir)) => {
            let mut above = resolved(directory(path));
            above.pop();
            above
        }
        (Some(_), Some(last)) => resolved(directory(path)).join(last),
        (None, _) | (_, None) => path.to_owned(),
    }
}

/// Makes a directory, and checks that files can be made in it.
pub(crate) fn prepare_directory(path: &Path) -> Result<(), CommandError> {
    make_directory(path).map_err(|error| CommandError::cannot_write(path, &error))
}

fn make_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    // A directory can exist and refuse files, by its permissions or a full disk. Trying is the only sure test.
    temporary(path).map(drop)
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn temporary(directory: &Path) -> io::Result<tempfile::NamedTempFile> {
    tempfile::Builder::new()
        .prefix(TEMPORARY)
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(directory)
        .map_err(without_path)
}

/// The error of the system: tempfile appends the path of its file, which the user does not know.
fn without_path(error: io::Error) -> io::Error {
    match error.to_string().split_once(" at path ") {
        Some((system, _)) => io::Error::new(error.kind(), system.to_owned()),
        None => error,
    }
}

/// Writes a file whole: after a crash or an error the path holds what it held before, or the whole
/// new content. `replaced` has the permissions of the file that may be replaced.
fn whole_file(
    path: &Path,
    replaced: Option<Permissions>,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let directory = directory(path);
    // A rename is atomic only within a file system, so the temporary file is in the same directory.
    let (file, temporary) = temporary(directory)?.into_parts();
    let mut buffer = BufWriter::new(file);
    content(&mut buffer)?;
    let file = buffer.into_inner()?;
    if let Some(permissions) = &replaced {
        file.set_permissions(permissions.clone())?;
    }
    // Data first, then the rename, then the directory that records it: a crash in between leaves
    // the old file, never an empty one.
    file.sync_all()?;
    match replaced {
        Some(_) => temporary.persist(path)?,
        // Another process may have made the file since it was checked.
        None => temporary.persist_noclobber(path)?,
    }
    File::open(directory)?.sync_all()
}

/// Opens a pipe that somebody reads, without waiting for a reader (open(2): ENXIO if there is none).
fn probe(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options
        .append(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path)
}

fn appending(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).open(path)
}

/// Writes to a device or a pipe. What ends at once, such as `/dev/null`, is never replaced.
fn stream(
    opened: io::Result<File>,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut out = BufWriter::new(opened?);
    content(&mut out)?;
    out.flush()
}

#[cfg(test)]
mod tests;
