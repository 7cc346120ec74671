//! Files that appear whole or not at all.
//!
//! Owns writing beside the place and renaming into it. It refuses to leave half a file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Writes a file, or says why it cannot be written.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), String> {
    stream(path, |out| out.write_all(content))
}

/// Writes a file piece by piece, or says why it cannot be written.
pub(crate) fn stream(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), String> {
    let Some(name) = path.file_name() else {
        return Err(format!("cannot write {}: it names no file", path.display()));
    };
    let partial = path.with_file_name(format!("{}.partial", name.to_string_lossy()));
    let written = File::create(&partial).and_then(|file| {
        let mut out = BufWriter::new(file);
        content(&mut out)?;
        out.flush()?;
        fs::rename(&partial, path)
    });
    written.map_err(|error| {
        // Half a file is of no use; if it cannot be taken away, that is the lesser trouble.
        let _ = fs::remove_file(&partial);
        format!("cannot write {}: {error}", path.display())
    })
}
