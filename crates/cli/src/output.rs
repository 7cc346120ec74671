//! Output files: the one way in which a command writes a file.
//!
//! A path is checked before the work, so that results of minutes are not lost to a mistyped path.
//! A file appears complete or not at all. What exists is replaced only with `--force`, an input
//! never; a device or a pipe is written to, never replaced.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::command_error::CommandError;
use crate::terminal::Terminal;

/// Temporary files begin with this; the system adds random characters.
const TEMPORARY: &str = ".partial-";
/// Names of open file descriptors.
const DESCRIPTORS: [&str; 4] = ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self/fd"];
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
    /// A device or a pipe.
    Stream,
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
            DestinationKind::Stream => return Ok(Self { path, kind }),
        };
        // What is tried here fails now rather than after the work. Nothing is left behind.
        let prepared = make_directory(directory(file));
        prepared.map_err(|error| CommandError::cannot_write(&path, &error))?;
        Ok(Self { path, kind })
    }

    /// Checks two paths of one command, which must differ.
    pub(crate) fn prepare_two(
        one: Option<&Path>,
        other: Option<&Path>,
        rules: Rules<'_>,
    ) -> Result<[Option<Self>; 2], CommandError> {
        if let (Some(one), Some(other)) = (one, other)
            && resolved(one) == resolved(other)
        {
            return Err(CommandError::usage(format_args!(
                "{} is given for two outputs",
                one.display()
            )));
        }
        let prepare = |path: Option<&Path>| path.map(|it| Self::prepare(it, rules)).transpose();
        Ok([prepare(one)?, prepare(other)?])
    }

    /// The path as given by the user.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the file and says so.
    pub(crate) fn write(
        &self,
        content: &[u8],
        terminal: &mut Terminal,
    ) -> Result<(), CommandError> {
        self.write_with(terminal, |out| out.write_all(content))
    }

    /// Writes what `content` produces and says so.
    pub(crate) fn write_with(
        &self,
        terminal: &mut Terminal,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CommandError> {
        self.write_quietly(content)?;
        terminal.note(&format!("wrote {}\n", self.path.display()))?;
        Ok(())
    }

    /// Writes what `content` produces.
    pub(crate) fn write_quietly(
        &self,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CommandError> {
        tracing::debug!(path = %self.path.display(), "write");
        let written = match &self.kind {
            DestinationKind::Stream => stream(&self.path, content),
            DestinationKind::New => whole_file(&self.path, None, content),
            DestinationKind::Replace(file) => fs::metadata(file)
                .and_then(|old| whole_file(file, Some(old.permissions()), content)),
        };
        written.map_err(|error| CommandError::cannot_write(&self.path, &error))
    }
}

/// What to do about something that is there.
fn existing(
    path: &Path,
    found: &Metadata,
    rules: Rules<'_>,
) -> Result<DestinationKind, CommandError> {
    let refused =
        |what: &str| CommandError::io(format_args!("cannot write {}: {what}", path.display()));
    // Of the target: `fs::metadata` follows links, and so does the user who made one.
    let kind = found.file_type();
    // An open file descriptor of this process may be a plain file that the shell is writing to.
    let is_descriptor = DESCRIPTORS.iter().any(|it| path.starts_with(it));
    if kind.is_char_device() || kind.is_fifo() || is_descriptor {
        return Ok(DestinationKind::Stream);
    }
    if kind.is_dir() {
        return Err(refused("it is a directory"));
    }
    if !kind.is_file() {
        return Err(refused("it is not a plain file"));
    }
    // By device and inode: the same file can have several paths.
    let is_input = |input: &&&Path| {
        fs::metadata(input).is_ok_and(|it| (it.dev(), it.ino()) == (found.dev(), found.ino()))
    };
    if rules.inputs.iter().any(|it| is_input(&it)) {
        return Err(refused("it is an input of this command"));
    }
    if !rules.force {
        return Err(CommandError::io(format_args!(
            "{} exists; use --force to replace it",
            path.display()
        )));
    }
    let file = fs::canonicalize(path).map_err(|error| CommandError::cannot_write(path, &error))?;
    Ok(DestinationKind::Replace(file))
}

fn new(path: &Path) -> Result<DestinationKind, CommandError> {
    // A dangling link says where the file should be, but perhaps not by the user's will.
    if path.is_symlink() {
        return Err(CommandError::io(format_args!(
            "cannot write {}: it is a symbolic link to nothing",
            path.display()
        )));
    }
    if path.file_name().is_none() || path.as_os_str().as_encoded_bytes().ends_with(b"/") {
        return Err(CommandError::io(format_args!(
            "cannot write {}: it is not the name of a file",
            path.display()
        )));
    }
    Ok(DestinationKind::New)
}

/// The path of a file that may not exist, without links in its directory.
fn resolved(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| {
        let directory = directory(path);
        let real = fs::canonicalize(directory).unwrap_or_else(|_| directory.to_owned());
        real.join(path.file_name().unwrap_or_default())
    })
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

/// Writes to a device or a pipe. What ends at once, such as `/dev/null`, is never replaced.
fn stream(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(OpenOptions::new().append(true).open(path)?);
    content(&mut out)?;
    out.flush()
}

#[cfg(test)]
mod tests;
