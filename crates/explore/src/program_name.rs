//! The name of the program whose commands are printed.
//!
//! A reader repeats a run with the program that made it, which is `mtasim` or a program of their own.

use std::sync::OnceLock;

static PROGRAM: OnceLock<ProgramName> = OnceLock::new();

struct ProgramName {
    name: String,
    /// What chooses its system under test, such as ` --arm patched`; empty for the first.
    arm: String,
}

/// Names the program, and the arm that it runs unless that is its first. Only the first call of a process
/// counts.
pub fn set(name: &str, arm: Option<&str>) {
    PROGRAM.get_or_init(|| ProgramName {
        name: name.to_owned(),
        arm: arm.map_or(String::new(), |arm| format!(" --arm {arm}")),
    });
}

/// The name of the program.
#[must_use]
pub fn name() -> &'static str {
    PROGRAM.get().map_or("mtasim", |it| it.name.as_str())
}

/// A command of the program, such as `replay FILE`, as a reader types it.
#[must_use]
pub fn command(arguments: &str) -> String {
    let arm = PROGRAM.get().map_or("", |it| it.arm.as_str());
    format!("{} {arguments}{arm}", name())
}
