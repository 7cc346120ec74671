//! Paths in messages, in JSON and in commands.

use std::path::Path;

use config::untrusted_text;

/// Names of open file descriptors.
const DESCRIPTORS: [&str; 4] = ["/dev/stdout", "/dev/stderr", "/dev/fd", "/proc/self/fd"];
/// Standard input, as a shell may name it.
const STANDARD_INPUT: &str = "/dev/stdin";

/// The path for people: in one line, whatever characters it has.
pub(crate) fn shown(path: &Path) -> String {
    untrusted_text::line(&name(path)).into_owned()
}

/// The path for JSON, and for commands in which [`shell::quote`](crate::shell::quote) takes care of its characters.
pub(crate) fn name(path: &Path) -> String {
    path.display().to_string()
}

/// Whether the path names an open file descriptor of this process.
pub(crate) fn is_descriptor(path: &Path) -> bool {
    path == Path::new(STANDARD_INPUT) || DESCRIPTORS.iter().any(|it| path.starts_with(it))
}
