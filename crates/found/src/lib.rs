//! Services on published crates, as guests. Each is written once and runs on several versions of its crate.

pub mod bb8;
pub mod deadpool;
pub mod echo;
pub mod mobc;
pub mod qp;
pub mod redis;

use std::io;
use std::time::Duration;

/// Handlers of a service. They ask at the same time, every 64 seconds.
pub const HANDLERS: u32 = 10;
/// How often handlers ask.
pub const EVERY: Duration = Duration::from_secs(64);
/// Connections that a pool may have.
pub const MAX: u32 = 5;
/// Connections of a pool in which most handlers wait.
pub const FEW: u32 = 2;
/// What is owed after healing.
pub const GET: &str = "every get succeeds";
/// What must never happen.
pub const WRONG: &str = "an answer to another question";
/// What must never be exceeded.
pub const MORE: &str = "never more than five connections";
/// What a pool must not count.
pub const COUNTED: &str = "more connections counted than there are";
/// What a pool must not count either.
pub const WAITING: &str = "handlers counted that do not wait";
/// A bad line: one ping in eight is answered, outages last 30 s on average.
pub const POOL: &str = include_str!("../pool.toml");

/// Reports an answer to another question.
pub fn compare(question: &str, answer: io::Result<String>) {
    if let Ok(answer) = answer
        && answer != question
    {
        let detail = format!("asked {question}, answered {answer}");
        guest::violated(WRONG, detail);
    }
}
