//! Writes a file atomically: after a crash or an error the path holds either its old content or the
//! whole new content.

use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Temporary files begin with this; the system adds random characters.
const TEMPORARY: &str = ".partial-";

/// Writes `bytes` to `path`, replacing a file that is there.
///
/// # Errors
/// If the file cannot be written; then `path` is unchanged.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with(path, |file| file.write_all(bytes))
}

/// Writes to `path` what `content` writes, replacing a file that is there.
///
/// # Errors
/// If the file cannot be written, or `content` fails; then `path` is unchanged.
pub fn write_with(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    // A rename is atomic only within a file system, so the temporary file is in the same directory.
    let (file, temporary) = tempfile::Builder::new()
        .prefix(TEMPORARY)
        // tempfile's default, 0600, suits secrets; the umask still applies to this.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory)?
        .into_parts();
    let mut buffer = BufWriter::new(file);
    content(&mut buffer)?;
    let file = buffer.into_inner()?;
    // Data first, then the rename, then the directory that records it: a crash in between leaves
    // the old file, never an empty one.
    file.sync_all()?;
    temporary.persist(path)?;
    File::open(directory)?.sync_all()
}

/// Deletes temporary files that a killed process left in `directory`.
///
/// # Errors
/// If the directory cannot be read or a file cannot be deleted.
pub(crate) fn delete_leftovers(directory: &Path) -> io::Result<()> {
    for entry in directory.read_dir()? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(TEMPORARY) {
            std::fs::remove_file(entry.path())?;
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
    fn a_failed_write_leaves_the_old_file_and_nothing_else() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("a.txt");
        write(&path, b"old").expect("it can be written");
        let failed = write_with(&path, |file| {
            file.write_all(b"half")?;
            Err(io::Error::other("disk full"))
        });
        assert!(failed.is_err());
        assert_eq!(std::fs::read(&path).expect("it is there"), b"old");
        assert_eq!(names(directory.path()), ["a.txt"]);
    }

    #[test]
    fn leftovers_of_a_killed_process_are_deleted() {
        let directory = tempfile::tempdir().expect("a directory");
        std::fs::write(directory.path().join(".partial-x1"), "half").expect("it can be written");
        std::fs::write(directory.path().join("seeds.jsonl"), "").expect("it can be written");
        delete_leftovers(directory.path()).expect("it can be read");
        assert_eq!(names(directory.path()), ["seeds.jsonl"]);
    }

    #[test]
    fn a_written_file_has_ordinary_permissions() {
        let directory = tempfile::tempdir().expect("a directory");
        let [ours, usual] = ["ours", "usual"].map(|it| directory.path().join(it));
        write(&ours, b"").expect("it can be written");
        std::fs::write(&usual, b"").expect("it can be written");
        let mode = |path: &Path| path.metadata().expect("it is there").permissions().mode();
        assert_eq!(mode(&ours), mode(&usual));
    }
}
