//! The lock of a results directory: one sweep at a time writes to it.
//!
//! The lock is advisory and the system's own (flock), so it ends with the process that holds it,
//! however it ends.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::plain_file;

pub(super) const LOCK: &str = "sweep.lock";
/// Bytes of a lock file that are shown.
const OWNER_MAX: u64 = 200;

/// Held by the process that writes to a results directory. The file is deleted with it.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    path: PathBuf,
    _file: File,
}

/// Why there is no lock.
#[derive(Debug)]
pub(crate) enum LockError {
    /// Another process holds it: which one, as it says itself.
    Held(String),
    /// The lock file cannot be made or locked.
    Io(PathBuf, io::Error),
}

impl DirectoryLock {
    /// Takes the lock of a directory, without waiting.
    pub(crate) fn take(directory: &Path) -> Result<Self, LockError> {
        let path = directory.join(LOCK);
        let io = |error| LockError::Io(path.clone(), error);
        loop {
            // A link would be followed, and its target emptied.
            plain_file::check_replaceable(&path).map_err(io)?;
            let mut file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .read(true)
                .write(true)
                .open(&path)
                .map_err(io)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => return Err(LockError::Held(owner(&file))),
                Err(TryLockError::Error(error)) => return Err(io(error)),
            }
            // The last owner may have deleted the file between opening and locking: then this lock
            // is of a file that nobody else will find.
            if is_at(&file, &path).map_err(io)? {
                let written = file
                    .set_len(0)
                    .and_then(|()| writeln!(file, "{}", this_process()));
                written.map_err(io)?;
                return Ok(Self { path, _file: file });
            }
        }
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // If it cannot be deleted it stays: the next owner takes it over.
        let _ = fs::remove_file(&self.path);
    }
}

/// Whether `path` still names this file.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let own = file.metadata()?;
    match fs::symlink_metadata(path) {
        Ok(found) => Ok((found.dev(), found.ino()) == (own.dev(), own.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// What the owner wrote about itself.
fn owner(file: &File) -> String {
    let mut text = String::new();
    let read = file.take(OWNER_MAX).read_to_string(&mut text);
    match (read, text.trim()) {
        (Ok(_), owner) if !owner.is_empty() => owner.to_owned(),
        _ => "another process".to_owned(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "tells a user which process holds a directory; no run sees it"
)]
fn this_process() -> String {
    let host = fs::read_to_string("/proc/sys/kernel/hostname");
    let host = host.unwrap_or_else(|_| "an unknown host".to_owned());
    format!("process {} on {}", std::process::id(), host.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_holds_it_and_gets_it_afterwards() {
        let directory = tempfile::tempdir().expect("a directory");
        let first = DirectoryLock::take(directory.path()).expect("it is free");
        match DirectoryLock::take(directory.path()) {
            Err(LockError::Held(owner)) => {
                assert!(
                    owner.starts_with("process ") && owner.contains(" on "),
                    "{owner}"
                );
            }
            other => panic!("{other:?}"),
        }
        drop(first);
        assert!(!directory.path().join(LOCK).exists());
        let target = directory.path().join("target");
        fs::write(&target, "mine").expect("a file");
        std::os::unix::fs::symlink(&target, directory.path().join(LOCK)).expect("a link");
        assert!(matches!(
            DirectoryLock::take(directory.path()),
            Err(LockError::Io(..))
        ));
        assert_eq!(fs::read(&target).expect("a file"), b"mine");
        fs::remove_file(directory.path().join(LOCK)).expect("a link");
        // The file of a killed process, which holds no lock any more.
        fs::write(directory.path().join(LOCK), "process 1 on elsewhere\n").expect("a file");
        DirectoryLock::take(directory.path()).expect("it is free");
    }
}
