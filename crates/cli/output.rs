//! Files for the user.
//!
//! Owns that a file appears whole or not at all. It refuses to say what is in one.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// Writes a file under another name, then gives it its own; or says why it cannot be written.
pub(crate) fn write(
    path: &Path,
    content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), String> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
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
