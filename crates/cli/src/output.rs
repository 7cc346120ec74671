//! Output files, written atomically: a file appears complete or not at all.

use std::io::{self, BufWriter, Write};
use std::path::Path;

use tempfile::Builder;

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
    replace(path, content).map_err(|error| Failure::cannot_write(path, &error))
}

fn replace(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    // A rename replaces the target only within one file system, so the temporary file lies beside
    // it.
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = Builder::new();
    builder.prefix(".mtasim-").suffix(".partial");
    // tempfile creates files for their owner alone; results have the permissions of any new file.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut file = BufWriter::new(builder.tempfile_in(directory)?);
    content(&mut file)?;
    let file = file.into_inner()?;
    file.as_file().sync_data()?;
    file.persist(path)?;
    Ok(())
}
