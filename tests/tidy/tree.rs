//! The text files of the repository, without build artifacts.

use std::fs;
use std::path::{Path, PathBuf};

/// Directories of builds, fuzzing and version control.
const NOT_OURS: [&str; 6] = [
    ".git",
    "target",
    "out",
    "corpus",
    "artifacts",
    "node_modules",
];

/// More files than this would mean that data was left in the tree.
const FILES_MAX: usize = 10_000;

/// A file of the tree.
pub(super) struct File {
    /// Its path from the root, with `/` between folders.
    pub(super) path: String,
    /// Its content.
    pub(super) text: String,
}

/// The root of the tree.
pub(super) fn root() -> &'static Path {
    Path::new(crate::ROOT)
}

/// Every text file of the tree, in the order of paths.
pub(super) fn files() -> Vec<File> {
    let mut paths = Vec::new();
    let mut folders = vec![root().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the tree can be read") {
            let entry = entry.expect("a folder of the tree can be read");
            let kind = entry.file_type().expect("an entry has a type");
            if NOT_OURS.iter().any(|name| entry.file_name() == *name) {
                continue;
            }
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                paths.push(entry.path());
            }
        }
        assert!(paths.len() < FILES_MAX, "more files than a source tree has");
    }
    paths.sort();
    paths.iter().filter_map(read).collect()
}

/// The files of a kind, such as `rs`, below a folder.
pub(super) fn files_of(folder: &str, extension: &str) -> Vec<File> {
    let ending = format!(".{extension}");
    let is_meant = |file: &File| file.path.starts_with(folder) && file.path.ends_with(&ending);
    files().into_iter().filter(is_meant).collect()
}

/// Files that are not text are not checked.
fn read(path: &PathBuf) -> Option<File> {
    let text = String::from_utf8(fs::read(path).ok()?).ok()?;
    let path = path.strip_prefix(root()).expect("it was found below");
    let path = path.to_str().expect("paths of the tree are UTF-8");
    Some(File {
        path: path.replace('\\', "/"),
        text,
    })
}
