//! Files that appear whole or not at all.
//!
//! Owns writing beside the place and renaming into it. It refuses to leave half a file.

use std::fs;
use std::io;
use std::path::Path;

/// Writes a file, or says why it cannot be written.
pub(crate) fn write(path: &Path, content: &[u8]) -> Result<(), String> {
    let told = |error: io::Error| format!("cannot write {}: {error}", path.display());
    let Some(name) = path.file_name() else {
        return Err(format!("cannot write {}: it names no file", path.display()));
    };
    let partial = path.with_file_name(format!("{}.partial", name.to_string_lossy()));
    fs::write(&partial, content)
        .and_then(|()| fs::rename(&partial, path))
        .map_err(|error| {
            // Half a file is of no use; if it cannot be taken away, that is the lesser trouble.
            let _ = fs::remove_file(&partial);
            told(error)
        })
}
