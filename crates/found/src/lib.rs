//! Services on published crates, as guests. Each is written once and runs on several versions of its crate.

pub mod bb8;
pub mod deadpool;
pub mod line;
pub mod redis;

use std::io;

/// Handlers of a service. They ask at the same time, every 64 seconds.
pub const HANDLERS: u32 = 10;
/// Connections that a pool may have.
pub const MAX: u32 = 5;
/// What is owed after healing.
pub const GET: &str = "every get succeeds";
/// What must never happen.
pub const WRONG: &str = "an answer to another question";
/// What must never be exceeded.
pub const MORE: &str = "never more than five connections";
/// A bad line: one ping in eight is answered, outages last 30 s on average.
pub const POOL: &str = include_str!("../pool.toml");

/// Reports an answer to another question.
pub fn compare(question: &str, answer: io::Result<String>) {
    if let Ok(answer) = answer
        && answer != question
    {
        let detail = format!("asked {question}, answered {answer}");
        mtasim::guest::violated(WRONG, detail);
    }
}
