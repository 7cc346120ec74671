//! Starts the program as users do.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Runs the program from the root of the project. What it prints with `--format json` is validated
/// against the schemas.
#[track_caller]
pub(crate) fn mtasim(arguments: &[&str]) -> Output {
    let output = start(arguments);
    crate::json_contract::check(arguments, &output.stdout);
    output
}

fn start(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mtasim"))
        .args(arguments)
        .env_remove("NO_COLOR")
        .env_remove("MTASIM_LOG")
        .current_dir(crate::ROOT)
        .output()
        .expect("the program starts")
}

pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("output is UTF-8")
}

#[track_caller]
pub(crate) fn code(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
}

/// A path as an argument.
pub(crate) fn argument(path: &Path) -> &str {
    path.to_str().expect("the path is UTF-8")
}

/// A scenario of a test, in a file of this folder.
pub(crate) fn scenario_file(folder: &TempDir, name: &str, scenario: &str) -> String {
    let path = folder.path().join(name);
    fs::write(&path, scenario).expect("a file");
    argument(&path).to_owned()
}
