//! The operations by which a results directory changes.
//!
//! They are a trait, so that tests can record them, make each of them fail, and rebuild what a
//! crash after each of them leaves on a disk.

use std::fmt;
#[cfg(feature = "files")]
use std::fs::Permissions;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
#[cfg(feature = "files")]
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::plain_file;

/// Temporary files begin with this; the system adds random characters.
pub(crate) const TEMPORARY: &str = ".partial-";

/// Changes of files. What is written survives the end of the process at once, and a crash of the
/// machine once it is synchronised.
pub(crate) trait FileSystem: fmt::Debug + Send + Sync {
    /// Creates a directory and those above it, unless they are there.
    fn create_directory(&self, path: &Path) -> io::Result<()>;
    /// Writes a new file of an unguessable name; its path.
    fn create_temporary(&self, directory: &Path, bytes: &[u8]) -> io::Result<PathBuf>;
    /// Appends to a file, creating it if necessary.
    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Cuts a file.
    fn truncate(&self, path: &Path, length: u64) -> io::Result<()>;
    /// Moves the content of a file to the disk.
    fn sync_file(&self, path: &Path) -> io::Result<()>;
    /// Moves the names in a directory to the disk.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    /// Renames a file, replacing the one that has that name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Deletes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// The file system of this machine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Disk;

impl FileSystem for Disk {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    #[cfg(not(feature = "files"))]
    fn create_temporary(&self, _: &Path, _: &[u8]) -> io::Result<PathBuf> {
        let text = "this program was built without the feature `files` of mtasim";
        Err(io::Error::new(io::ErrorKind::Unsupported, text))
    }

    #[cfg(feature = "files")]
    fn create_temporary(&self, directory: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
        let mut file = tempfile::Builder::new()
            .prefix(TEMPORARY)
            // tempfile's default, 0600, suits secrets; the umask still applies to this.
            .permissions(Permissions::from_mode(0o666))
            .tempfile_in(directory)?;
        file.write_all(bytes)?;
        let (_, path) = file.keep()?;
        Ok(path)
    }

    fn append(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(bytes)
    }

    fn truncate(&self, path: &Path, length: u64) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.set_len(length)
    }

    fn sync_file(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }
}

/// Writes a file whole: after a crash or an error the path holds its old content or all of `bytes`.
pub(crate) fn replace(disk: &dyn FileSystem, path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A rename would replace a link or a pipe without a word.
    plain_file::check_replaceable(path)?;
    let directory = path.parent().expect("a file in a results directory");
    // A rename is atomic only within a file system, so the temporary file is in the same directory.
    let temporary = disk.create_temporary(directory, bytes)?;
    // Data first, then the rename, then the directory that records it: a crash in between leaves
    // the old file, never an empty one.
    let renamed = disk
        .sync_file(&temporary)
        .and_then(|()| disk.rename(&temporary, path));
    if let Err(error) = renamed {
        // The first error is the one to report.
        let _ = disk.remove(&temporary);
        return Err(error);
    }
    disk.sync_directory(directory)
}

/// Deletes temporary files that a killed process left in `directory`.
pub(crate) fn delete_leftovers(disk: &dyn FileSystem, directory: &Path) -> io::Result<()> {
    for entry in directory.read_dir()? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            disk.remove(&entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = directory.read_dir().expect("the directory can be read");
        entries
            .map(|it| it.expect("an entry").file_name().to_string_lossy().into())
            .collect()
    }

    #[test]
    fn a_failed_replacement_leaves_the_old_file_and_nothing_else() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.txt");
        replace(&Disk, &path, b"old").expect("it can be written");
        replace(&Disk, &path, b"new").expect("it can be written");
        assert_eq!(fs::read(&path).expect("it is there"), b"new");
        // A directory cannot be replaced by a file.
        let taken = directory.path().join("taken");
        fs::create_dir(&taken).expect("a directory");
        assert!(replace(&Disk, &taken, b"x").is_err());
        let mut names = names(directory.path());
        names.sort();
        assert_eq!(names, ["a.txt", "taken"]);
    }

    #[test]
    fn leftovers_of_a_killed_process_are_deleted() {
        let directory = tempfile::tempdir().expect("a directory");
        Disk.create_temporary(directory.path(), b"half")
            .expect("it can be written");
        fs::write(directory.path().join("seeds.jsonl"), "").expect("it can be written");
        delete_leftovers(&Disk, directory.path()).expect("it can be read");
        assert_eq!(names(directory.path()), ["seeds.jsonl"]);
    }
}
