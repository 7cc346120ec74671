//! Hashes what a run depends on besides scenario and seed: the sources of the crates that make it, and the
//! lock file. Two trees of one version are told apart by it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The crates that a run depends on (docs/architecture.md).
const CRATES: [&str; 11] = [
    "config",
    "explore",
    "guest",
    "internet",
    "kernel",
    "machine",
    "mta",
    "net",
    "simulation",
    "tcp",
    "winsock",
];

/// FNV-1a, 64 bits: this tells builds apart, and nobody has to be kept from forging one.
struct Hash(u64);

impl Hash {
    fn add(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        // The end of a file is part of the hash.
        self.0 = (self.0 ^ 0x100).wrapping_mul(0x0100_0000_01b3);
    }
}

fn main() -> io::Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crates = here.parent().unwrap_or(here);
    let mut hash = Hash(0xcbf2_9ce4_8422_2325);
    let mut found = 0;
    for name in CRATES {
        found += add_sources(&mut hash, &crates.join(name).join("src"), name)?;
    }
    if found == 0 {
        // A package outside of the workspace, whose directory has another name.
        add_sources(&mut hash, &here.join("src"), "explore")?;
    }
    let lock = crates.parent().map(|it| it.join("Cargo.lock"));
    if let Some(lock) = lock.filter(|it| it.is_file()) {
        println!("cargo:rerun-if-changed={}", lock.display());
        hash.add(&fs::read(lock)?);
    }
    println!("cargo:rustc-env=MTASIM_SOURCES={:016x}", hash.0);
    Ok(())
}

/// Adds all files below a directory in the order of their names; the number of them.
fn add_sources(hash: &mut Hash, directory: &Path, name: &str) -> io::Result<usize> {
    if !directory.is_dir() {
        return Ok(0);
    }
    println!("cargo:rerun-if-changed={}", directory.display());
    let mut files = Vec::new();
    list(directory, &mut files)?;
    files.sort();
    for file in &files {
        let within = file.strip_prefix(directory).unwrap_or(file);
        // The same on systems that separate names with a backslash.
        let within: Vec<_> = within.iter().map(|it| it.to_string_lossy()).collect();
        hash.add(format!("{name}/{}", within.join("/")).as_bytes());
        hash.add(&fs::read(file)?);
    }
    Ok(files.len())
}

fn list(directory: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}
