//! Opens files that must be plain. To open a pipe would wait until somebody else opens its other end, and a
//! device may have no end.

use std::fs::{self, File, FileType, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

/// Opens a plain file to read it, and never waits. A symbolic link is followed.
///
/// # Errors
/// If it cannot be opened, or is a pipe, a device, a socket or a directory.
pub fn open(path: &Path) -> io::Result<File> {
    // Before it is opened: to open a device may already do something.
    check(&fs::metadata(path)?)?;
    let mut options = OpenOptions::new();
    let file = options
        .read(true)
        // Something else may have the name by now. A pipe opens at once with this; it changes nothing for a plain
        // file (open(2)).
        .custom_flags(libc::O_NONBLOCK)
        .open(path)?;
    check(&file.metadata()?)?;
    Ok(file)
}

/// Checks that a file may be written or replaced under this name: a plain file is there, or nothing.
///
/// # Errors
/// If something else is there, also a symbolic link: what it leads to is not ours to replace, and to replace the
/// link would separate the two.
pub fn check_replaceable(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(found) => check(&found),
        // Below a file there is nothing either; to make the directory fails, with its own name.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Checks that a directory may be made under this name: one is there, or nothing.
///
/// # Errors
/// If something else is there, also a symbolic link, as for [`check_replaceable`].
pub fn check_directory(path: &Path) -> io::Result<()> {
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found.file_type(),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if found.is_dir() {
        return Ok(());
    }
    let name = name_of(found).unwrap_or("a plain file");
    let text = format!("it is {name}, and a directory is needed here; move it away");
    Err(io::Error::new(ErrorKind::NotADirectory, text))
}

fn check(found: &Metadata) -> io::Result<()> {
    let Some(name) = name_of(found.file_type()) else {
        return Ok(());
    };
    let kind = match found.is_dir() {
        true => ErrorKind::IsADirectory,
        false => ErrorKind::InvalidInput,
    };
    let text = format!("it is {name}, and a plain file is needed here; move it away");
    Err(io::Error::new(kind, text))
}

/// What something is that is no plain file.
fn name_of(kind: FileType) -> Option<&'static str> {
    let name = if kind.is_file() {
        return None;
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_symlink() {
        "a symbolic link"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;
    use std::process::Command;

    #[test]
    fn only_plain_files_are_opened_and_nothing_waits() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = |name: &str| folder.path().join(name);
        fs::write(path("plain"), "x").expect("a file");
        symlink(path("plain"), path("link")).expect("a link");
        let made = Command::new("mkfifo").arg(path("pipe")).status();
        assert!(made.expect("mkfifo is there").success());
        let _listener = UnixListener::bind(path("socket")).expect("a socket");
        for name in ["plain", "link"] {
            assert!(open(&path(name)).is_ok(), "{name}");
        }
        let said = |path: &Path| open(path).expect_err("it is refused").to_string();
        for (path, kind) in [
            (path("pipe"), "a pipe"),
            (path("socket"), "a socket"),
            (folder.path().to_owned(), "a directory"),
            ("/dev/zero".into(), "a device"),
        ] {
            let expected = format!("it is {kind}, and a plain file is needed here; move it away");
            assert_eq!(said(&path), expected);
            let found = check_replaceable(&path).expect_err("it is refused");
            assert_eq!(found.to_string(), expected);
        }
        let missing = open(&path("nothing")).expect_err("nothing is there");
        assert_eq!(missing.kind(), ErrorKind::NotFound);
        for name in ["plain", "nothing"] {
            assert!(check_replaceable(&path(name)).is_ok(), "{name}");
        }
        assert!(check_replaceable(&path("link")).is_err());
        for name in ["plain", "link", "pipe", "socket"] {
            let said = check_directory(&path(name))
                .expect_err("it is refused")
                .to_string();
            let expected = "and a directory is needed here; move it away";
            assert!(said.ends_with(expected), "{name}: {said}");
        }
        for path in [folder.path(), &path("nothing")] {
            assert!(check_directory(path).is_ok(), "{}", path.display());
        }
    }
}
