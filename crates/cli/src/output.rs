//! Output files, written atomically: a file appears complete or not at all.

use std::io::{self, Write};
use std::path::Path;

use explore::atomic_file;

use crate::failure::Failure;

/// Writes `content` to `path`, replacing an existing file.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), Failure> {
    write_with(path, |out| out.write_all(content))
}

/// Writes what `content` produces to `path`, replacing an existing file.
pub(crate) fn write_with(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    atomic_file::write_with(path, |file| content(file))
        .map_err(|error| Failure::cannot_write(path, &error))
}
